"""The leading group: its member units and papers, their monthly reports, bulletins, meetings and what they decide."""

from backend.coordination.models.bulletin import Bulletin
from backend.coordination.models.group import Duty, GroupDocument, Link, Member
from backend.coordination.models.meeting import AgendaItem, GroupTask, Meeting
from backend.coordination.models.report import MonthlyReport, Submission, Supplement, SupportDecision

__all__ = [
    "AgendaItem",
    "Bulletin",
    "Duty",
    "GroupDocument",
    "GroupTask",
    "Link",
    "Meeting",
    "Member",
    "MonthlyReport",
    "Submission",
    "Supplement",
    "SupportDecision",
]
