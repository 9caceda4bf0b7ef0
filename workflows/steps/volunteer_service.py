"""Steps of volunteer service: screened, prepared, active, papers renewed in time, gone (P11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from backend.activities import volunteers
from backend.activities.models import Volunteer
from workflows.engine.runner import Call
from workflows.steps.context import Context, Step, of


def record_screening(call: Call) -> None:
    """Taken on and entered in the register of helpers, or not; nobody is made to serve (志愿服务条例 25)."""
    context, row = of(call), _volunteer(call)
    if call.answers["screening"] == "refuse":
        reason = str(call.answers["end_reason"])
        volunteers.refuse(volunteer=row, reason=reason, actor=context.actor, now=context.now)
    else:
        volunteers.take_on(volunteer=row, actor=context.actor, now=context.now)


def record_preparation(call: Call) -> Mapping[str, Any]:
    """Training, insurance and background check into the register; whether everything needed is in force."""
    return {"ready": call.answers["preparation"] == "done" and _prepared(call)}


def activate(call: Call) -> Mapping[str, Any]:
    """The helper is available from now on."""
    context = of(call)
    row = volunteers.activate(volunteer=_volunteer(call), actor=context.actor, now=context.now)
    return _next_look(row, context)


def note_papers(call: Call) -> Mapping[str, Any]:
    """The papers end in some days: somebody has to look at them."""
    context, row = of(call), _volunteer(call)
    volunteers.remind(volunteer=row, actor=context.actor, now=context.now)
    return {"expires_at": _morning(volunteers.papers_end(row, context.today)).isoformat()}


def record_renewal(call: Call) -> Mapping[str, Any]:
    """New dates in the register; whether everything is in force again, and when to look at it next."""
    context = of(call)
    if call.answers["renewal"] != "renewed" or not _prepared(call):
        return {"ready": False}
    row = _volunteer(call)
    volunteers.renew(volunteer=row, actor=context.actor, now=context.now)
    return {"ready": True, **_next_look(row, context)}


def let_lapse(call: Call) -> None:
    """Not renewed in time: not available until it is."""
    context = of(call)
    volunteers.lapse(volunteer=_volunteer(call), actor=context.actor, now=context.now)


def end_service(call: Call) -> None:
    """They go, without a question."""
    context = of(call)
    reason = "gave_up" if call.data.get("preparation") == "gives_up" else "own_wish"
    volunteers.leave(volunteer=_volunteer(call), reason=reason, actor=context.actor, now=context.now)


# --- parts


def _prepared(call: Call) -> bool:
    context, answers = of(call), call.answers
    row = volunteers.prepare(
        volunteer=_volunteer(call),
        modules=answers.get("modules") or (),
        insured_until=_day(answers.get("insured_until")),
        checked_on=_day(answers.get("checked_on")),
        actor=context.actor,
        now=context.now,
    )
    return not volunteers.missing(row, context.today)


def _next_look(row: Volunteer, context: Context) -> Mapping[str, Any]:
    return {"look_at": _morning(volunteers.warn_on(row, context.today)).isoformat()}


def _morning(day: date) -> datetime:
    """Eight o'clock that day: nobody is woken at midnight."""
    return datetime.combine(day, time(8), tzinfo=timezone.get_default_timezone())


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _volunteer(call: Call) -> Volunteer:
    rows = Volunteer.objects.select_related("unit", "kind", "helper__unit", "helper__kind")
    return rows.get(pk=call.data["volunteer"])


STEPS: Mapping[str, Step] = {
    "volunteer_service.record_screening": record_screening,
    "volunteer_service.record_preparation": record_preparation,
    "volunteer_service.activate": activate,
    "volunteer_service.note_papers": note_papers,
    "volunteer_service.record_renewal": record_renewal,
    "volunteer_service.let_lapse": let_lapse,
    "volunteer_service.end_service": end_service,
}
