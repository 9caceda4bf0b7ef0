"""A visit of which only the day was written down, by whoever went beside the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import FieldProblem
from backend.visits import visits
from workflows.engine.runner import Call
from workflows.steps.context import case_of, of

NOON = time(12)


def record_day(
    call: Call, *, result: str, channel: str, note: str = "", needs: Sequence[str] = (), mental: str = ""
) -> None:
    """Record the visit of the day that was answered as `visited_on`. Raises BadRecord when it lies too far away."""
    case, context = case_of(call), of(call)
    visited_on = date.fromisoformat(call.answers["visited_on"])
    rules = visits.rules_for(case.unit_path, context.today)
    if not context.today - timedelta(days=rules.blocked_days) < visited_on <= context.today:
        raise visits.BadRecord([FieldProblem("/visited_on", "wrong_day", _("The visit lies too far back or ahead."))])
    noon = timezone.make_aware(datetime.combine(visited_on, NOON))
    found = {
        "visit_result": result,
        "started_at": min(noon, context.now).isoformat(),
        "channel": channel,
        "needs": list(needs),
        "note": note,
        **({"mental": mental} if mental else {}),
        # Only the day is asked: that is reason enough for a record of the day before yesterday. The note is no reason:
        # history quotes reasons, and what is noted of a family stays sealed with the visit.
        "late_reason": str(_("entered with the day only")),
    }
    visits.record_contact(case=case, answers=found, actor=context.actor, now=context.now)
