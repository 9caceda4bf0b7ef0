"""What is known of a ticket that is decided on or looked at afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.activities.certificates import masked
from backend.cases.masks import closed_fields
from backend.cases.models import Person
from backend.core import prepared
from backend.org.roles import ACTIONS, ROLE_NAMES
from backend.rights.models import AccessTicket
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def access_asked(context: Context, data: Mapping[str, Any]) -> Known:
    """Who wants to look at what, what for and for how long."""
    row = _ticket(data)
    return {
        "facts": {
            "ticket_number": row.number,
            "asked_by": row.asked_label,
            "asker_role": str(ROLE_NAMES.get(row.role, row.role)),
            "about_family": f"{row.family.label} · {row.family.unit.name}",
            "about_person": _name(row.person, context) if row.person else "",
            "access_subject": row.subject,
            "access_purpose": row.purpose,
            "access_reason": row.reason,
            "access_hours": row.hours,
            "access_from": text(row.from_at),
        }
    }


def access_used(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, and what was looked at."""
    row = _ticket(data)
    uses = row.uses.select_related("person").order_by("used_at", "id")
    looks = [f"{timezone.localtime(use.used_at):%Y-%m-%d %H:%M} {_name(use.person, context)}" for use in uses]
    used = {"granted_by": row.decided_label, "access_until": text(row.to_at), "access_looks": looks}
    return {"facts": {**access_asked(context, data)["facts"], **used}}


def _name(person: Person, context: Context) -> str:
    """A child's is masked for who looks at the use without working with families, as in the list of persons."""
    cares = "person.care" in ACTIONS.get(context.actor.role, ())
    return masked(person.name) if "name" in closed_fields(person, cares=cares, day=context.today) else person.name


def _ticket(data: Mapping[str, Any]) -> AccessTicket:
    return prepared.found(AccessTicket, data["ticket"], follow=("family__unit", "person"))


FORM_VALUES: FormValues = {
    ("access_ticket", "decide_access"): access_asked,
    ("access_ticket", "review_use"): access_used,
    ("access_ticket", "review_in_office"): access_used,
}
