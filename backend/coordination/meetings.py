"""Meetings of the leading group (Q3, Q24): agenda, results, resolutions, minutes confirmed by the chair."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination import papers
from backend.coordination.clocks import minutes_by
from backend.coordination.models import (
    AgendaItem,
    GroupDocument,
    GroupTask,
    Meeting,
    Member,
    Submission,
    SupportDecision,
)
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day

State = Meeting.State
Kind = AgendaItem.Kind


class NotAhead(Invalid):
    """A meeting is called for a time to come."""

    code = "meeting_not_ahead"
    message = _("Please choose a time in the future.")


class AgendaClosed(Conflict):
    """The minutes are written, or the meeting is not held."""

    code = "agenda_closed"
    message = _("The minutes of this meeting are closed.")


class ResultsMissing(Conflict):
    """Each item of the agenda has a result before the minutes are handed in."""

    code = "results_missing"
    message = _("%(number)s items of the agenda have no result yet.")


class NotAnOwner(Invalid):
    """Tasks are given to member units."""

    code = "not_an_owner"
    message = _("This has to be a member unit of the group.")


class TooSoon(Invalid):
    """The day lies behind."""

    code = "task_day_over"
    message = _("Please choose a day after the meeting.")


def plan_meeting(
    *, office: Unit, kind: str, title: str, held_at: datetime, actor: Actor, now: datetime, place: str = ""
) -> Meeting:
    """A meeting to come. Raises NotAhead."""
    if held_at <= now:
        raise NotAhead([FieldProblem("/held_at", NotAhead.code, NotAhead.message)])
    row = Meeting.objects.create(
        office=office, kind=kind, title=title, place=place, held_at=held_at,
        minutes_by=minutes_by(held_at, office.path), called_label=actor.label, created_at=now,
    )  # fmt: skip
    record(action="meeting.planned", object=row, actor=actor, now=now, data={"held_at": held_at.isoformat()})
    return row


def collect(*, meeting: Meeting, impossible: Iterable[UUID], now: datetime) -> int:
    """Put on the agenda what waits for a meeting and is on none yet; returns how many.

    Units without progress, units that ask for help which no linked leader has given, and `impossible`: items of plans
    that two departments declined (E24), by their ids alone.
    """
    rows = [AgendaItem(meeting=meeting, created_at=now, **each) for each in _of_reports(meeting)]
    listed = set(_live_items().filter(plan_item_id__isnull=False).values_list("plan_item_id", flat=True))
    rows += [
        AgendaItem(meeting=meeting, kind=Kind.REFERRAL, plan_item_id=each, created_at=now)
        for each in impossible
        if each not in listed
    ]
    AgendaItem.objects.bulk_create(rows)
    return len(rows)


def _of_reports(meeting: Meeting) -> Iterable[dict[str, Any]]:
    """What accepted reports ask of the meeting: the words of the unit, and why."""
    wanting = Q(standing=Submission.Standing.NO_PROGRESS) | Q(asks=True)
    told = Submission.objects.filter(wanting, report__office=meeting.office, report__state="accepted", nil=False)
    told = told.filter(signed_at__isnull=False).select_related("report__unit").order_by("report__unit__path", "id")
    on_agenda = set(_live_items().filter(report__isnull=False).values_list("report_id", "kind"))
    answered = set(SupportDecision.objects.exclude(kind=SupportDecision.Kind.MEETING).values_list("report", flat=True))
    newest = {row.report_id: row for row in told.order_by("report_id", "round")}
    for row in sorted(newest.values(), key=lambda each: each.report.unit.path):
        found = {"report": row.report, "unit": row.report.unit}
        if row.standing == Submission.Standing.NO_PROGRESS and (row.report_id, Kind.NO_PROGRESS) not in on_agenda:
            yield {**found, "kind": Kind.NO_PROGRESS, "text": row.problems or row.progress}
        if row.asks and row.report_id not in answered and (row.report_id, Kind.SUPPORT) not in on_agenda:
            yield {**found, "kind": Kind.SUPPORT, "text": row.support}


def _live_items() -> Any:
    return AgendaItem.objects.exclude(meeting__state=State.CANCELLED)


def add_item(*, meeting: Meeting, text: str, actor: Actor, now: datetime, unit: Unit | None = None) -> AgendaItem:
    """Put something on the agenda by hand. Raises AgendaClosed."""
    check_open(meeting)
    row = AgendaItem.objects.create(meeting=meeting, kind=Kind.OWN, text=text, unit=unit, created_at=now)
    record(action="meeting.item_added", object=meeting, actor=actor, now=now)
    return row


def call(*, meeting: Meeting, actor: Actor, now: datetime) -> None:
    """The agenda stands: it is held."""
    _move(meeting, State.CALLED)
    record(action="meeting.called", object=meeting, actor=actor, now=now)


def cancel(*, meeting: Meeting, reason: str, actor: Actor, now: datetime) -> None:
    """It is not held; what was on its agenda comes to the next one."""
    _move(meeting, State.CANCELLED)
    record(action="meeting.cancelled", object=meeting, actor=actor, now=now, reason=reason)


def settle_item(*, item: AgendaItem, result: str, actor: Actor, now: datetime) -> None:
    """What came of an item of the agenda. Raises AgendaClosed."""
    check_open(item.meeting)
    item.result = result
    item.save(update_fields=["result"])
    record(action="meeting.item_settled", object=item.meeting, actor=actor, now=now)


def resolve(
    *,
    meeting: Meeting,
    unit: Unit,
    text: str,
    due_on: date,
    actor: Actor,
    now: datetime,
    item: AgendaItem | None = None,
) -> GroupTask:
    """A resolution: who does what by when. It becomes work when the chair confirms the minutes.

    Raises AgendaClosed, NotAnOwner, TooSoon.
    """
    check_open(meeting)
    today = timezone.localdate(now)
    if not Member.objects.on(today).filter(office=meeting.office, unit=unit).exists():
        raise NotAnOwner([FieldProblem("/unit", NotAnOwner.code, NotAnOwner.message)])
    if due_on < max(today, timezone.localdate(meeting.held_at)):
        raise TooSoon([FieldProblem("/due_on", TooSoon.code, TooSoon.message)])
    row = GroupTask.objects.create(
        meeting=meeting, agenda_item=item, unit=unit, text=text, due_on=due_on, due_at=end_of_day(due_on),
        created_at=now,
    )  # fmt: skip
    data = {"unit_name": unit.name, "due": due_on}
    record(action="meeting.resolved", object=meeting, actor=actor, now=now, data=data)
    return row


def write_minutes(*, meeting: Meeting, present: str, minutes: str, actor: Actor, now: datetime) -> None:
    """Minutes for the chair. Raises ResultsMissing."""
    open_items = meeting.agenda.filter(result="").count()
    if open_items:
        raise ResultsMissing(params={"number": open_items})
    meeting.present, meeting.minutes = present, minutes
    meeting.minuted_by_id, meeting.minuted_label, meeting.minuted_at = actor.user_id, actor.label, now
    _move(meeting, State.MINUTED)
    record(action="meeting.minuted", object=meeting, actor=actor, now=now)


def return_minutes(*, meeting: Meeting, reason: str, actor: Actor, now: datetime) -> None:
    """The chair wants them otherwise."""
    meeting.returned = reason
    _move(meeting, State.CALLED)
    record(action="meeting.minutes_returned", object=meeting, actor=actor, now=now)


def confirm(*, meeting: Meeting, title: str, actor: Actor, now: datetime) -> GroupDocument:
    """The chair confirms: the minutes get their document number."""
    meeting.confirmed_by_id, meeting.confirmed_label, meeting.returned = actor.user_id, actor.label, ""
    _move(meeting, State.CONFIRMED)
    paper = papers.issue(office=meeting.office, kind=GroupDocument.Kind.MINUTES, title=title, actor=actor, now=now)
    record(action="meeting.confirmed", object=meeting, actor=actor, now=now, data={"number": paper.number})
    return paper


def note_late(*, meeting: Meeting, actor: Actor, now: datetime) -> bool:
    """Three working days are over without minutes: the chair is told, once."""
    if meeting.late_told_at is not None:
        return False
    meeting.late_told_at = now
    _move(meeting, State(meeting.state))
    record(action="meeting.minutes_late", object=meeting, actor=actor, now=now)
    return True


def check_open(meeting: Meeting) -> None:
    """Agenda, results and resolutions can be written. Raises AgendaClosed."""
    if meeting.state not in {State.PLANNED, State.CALLED}:
        raise AgendaClosed


def _move(meeting: Meeting, state: Meeting.State) -> None:
    meeting.state, meeting.version = state, meeting.version + 1
    meeting.save()
