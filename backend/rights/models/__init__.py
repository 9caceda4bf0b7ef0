"""Requests and complaints, and tickets to what is closed."""

from backend.rights.models.grievances import Grievance, GrievanceQuerySet, overdue
from backend.rights.models.tickets import AccessTicket, AccessTicketQuerySet, AccessUse

__all__ = [
    "AccessTicket",
    "AccessTicketQuerySet",
    "AccessUse",
    "Grievance",
    "GrievanceQuerySet",
    "overdue",
]
