"""Steps of a meeting of the leading group (Q3, Q24): agenda, minutes within three working days, tasks."""

from __future__ import annotations

from collections.abc import Mapping

from backend.coordination import meetings
from backend.coordination.models import Meeting
from backend.core.jobs import enqueue
from backend.reminders.outbox import intend, role_at
from backend.services.models import PlanItem
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

UNSETTLED = (PlanItem.State.DECLINED, PlanItem.State.IMPOSSIBLE)


def collect_agenda(call: Call) -> None:
    """What waits for a meeting: reports without progress or asking for help, items that two departments declined."""
    meeting = _meeting(call)
    listed = PlanItem.objects.filter(listed_at__isnull=False, state__in=UNSETTLED)
    here = listed.filter(plan__case__unit_path__startswith=meeting.office.path).order_by("listed_at", "id")
    meetings.collect(meeting=meeting, impossible=here.values_list("pk", flat=True), now=of(call).now)


def record_agenda(call: Call) -> None:
    """It is held, or not."""
    context, meeting = of(call), _meeting(call)
    if call.answers["agenda"] == "call":
        meetings.call(meeting=meeting, actor=context.actor, now=context.now)
    else:
        reason = str(call.answers.get("reason") or "")
        meetings.cancel(meeting=meeting, reason=reason, actor=context.actor, now=context.now)


def record_minutes(call: Call) -> None:
    """Minutes for the chair, once every item has a result."""
    context, answers = of(call), call.answers
    meetings.write_minutes(
        meeting=_meeting(call),
        present=str(answers["present"]),
        minutes=str(answers["minutes"]),
        actor=context.actor,
        now=context.now,
    )


def record_confirmation(call: Call) -> None:
    """The chair confirms them, or returns them."""
    context, meeting = of(call), _meeting(call)
    if call.answers["confirmation"] == "confirm":
        title = f"{meeting.title}纪要"
        meetings.confirm(meeting=meeting, title=title, actor=context.actor, now=context.now)
    else:
        reason = str(call.answers.get("reason") or "")
        meetings.return_minutes(meeting=meeting, reason=reason, actor=context.actor, now=context.now)


def start_tasks(call: Call) -> None:
    """Each resolution becomes its unit's work: by a job, for no two instances are locked together."""
    meeting = _meeting(call)
    enqueue("coordination.start_tasks", lock=f"meeting:{meeting.pk}", meeting_id=str(meeting.pk))


def tell_late(call: Call) -> None:
    """Three working days without minutes: the chair and the office hear it, and the county, which reads no minutes."""
    context, meeting = of(call), _meeting(call)
    if meetings.note_late(meeting=meeting, actor=context.actor, now=context.now):
        for role in ("head", "leading_group", "county"):
            key = f"meeting.minutes_late:{meeting.pk}:{role}"
            intend(
                "meeting.minutes_late", to=role_at(role, meeting.office), key=key,
                about=meeting, label=meeting.title, page="" if role == "county" else f"/meetings/{meeting.pk}/",
                now=context.now,
            )  # fmt: skip


def _meeting(call: Call) -> Meeting:
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("office")
    return rows.get(pk=call.data["meeting"])


STEPS: Mapping[str, Step] = {
    "meeting.collect_agenda": collect_agenda,
    "meeting.record_agenda": record_agenda,
    "meeting.record_minutes": record_minutes,
    "meeting.record_confirmation": record_confirmation,
    "meeting.start_tasks": start_tasks,
    "meeting.tell_late": tell_late,
}
