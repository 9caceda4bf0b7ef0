"""What is known of a complaint, an objection, a request about data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.rights.models import Grievance
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def grievance(context: Context, data: Mapping[str, Any]) -> Known:
    """What was said, by whom, about whom; how the answer is to be given. Nobody whom it is about gets here."""
    row = _grievance(data)
    facts: dict[str, Any] = {
        "grievance_number": row.number,
        "grievance_kind": row.kind,
        "grievance_text": row.text,
        "about_family": f"{row.about_family.label} · {row.about_family.unit.name}",
        "about_helper": row.about_helper.name if row.about_helper else "",
        "about_officer": row.about_user.name if row.about_user else "",
        "purpose": row.purpose,
        "complainant": row.complainant,
        "complainant_contact": row.contact,
        "reply_by": row.reply_by,
        "answer_until": text(row.due_at),
        "returned_because": row.returned,
    }
    return {"values": {"identity": row.identity} if row.identity else {}, "facts": facts}


def proposed_answer(context: Context, data: Mapping[str, Any]) -> Known:
    """The request, and how it is to be answered."""
    row = _grievance(data)
    answered = {
        "finding": row.decision,
        "answer": row.answer,
        "kept_by_law": row.kept_by_law,
        "restrict": row.restricted,
        "answered_by": row.decided_label,
    }
    return {"facts": {**grievance(context, data)["facts"], **answered}}


def grievance_reply(context: Context, data: Mapping[str, Any]) -> Known:
    """What to tell the person, in the way the person chose."""
    row = _grievance(data)
    facts = {**grievance(context, data)["facts"], "answer": row.answer, "kept_by_law": row.kept_by_law}
    values = {"replied_on": context.today.isoformat(), "replied_by": row.reply_by}
    return {"values": values, "facts": facts}


def _grievance(data: Mapping[str, Any]) -> Grievance:
    rows = Grievance.objects.select_related("about_family__unit", "about_helper", "about_user")
    return rows.get(pk=data["grievance"])


FORM_VALUES: FormValues = {
    ("grievance", "investigate"): grievance,
    ("grievance", "investigate_independently"): grievance,
    ("grievance", "handle_request"): grievance,
    ("grievance", "confirm_request"): proposed_answer,
    ("grievance", "reply_to_person"): grievance_reply,
    ("grievance", "reply_independently"): grievance_reply,
}
