"""The leading group's months and meetings begin here: reports asked for, bulletins, meetings, their tasks (P14)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from backend.audit.history import collect
from backend.coordination import bulletins, meetings, reports, tasks
from backend.coordination.bulletins import BulletinHeld
from backend.coordination.clocks import clock_of, first_working_day, month_before, morning_after
from backend.coordination.models import Bulletin, GroupTask, Meeting, Member, MonthlyReport
from backend.coordination.reports import ReportHeld
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from workflows import services


def turn(now: datetime) -> tuple[int, int]:
    """Every morning: reports of the month before from its first working day on, bulletins when the day of listing has
    come. How many of each were begun; twice is harmless."""
    return ask_members(now), start_bulletins(now)


def ask_members(now: datetime) -> int:
    """Ask every member unit for the month that is over, once."""
    today = timezone.localdate(now)
    if today < first_working_day(today):
        return 0
    month = month_before(today)
    held = MonthlyReport.objects.filter(unit=OuterRef("unit"), month=month)
    rows = Member.objects.on(today).filter(~Exists(held), from_date__lte=today.replace(day=1))
    rows = rows.select_related("unit", "office").order_by("unit__path")
    return sum(_asked(member, month, now) for member in rows)


def _asked(member: Member, month: date, now: datetime) -> bool:
    with suppress(ReportHeld), transaction.atomic():
        ask(member=member, month=month, actor=SYSTEM, now=now)
        return True
    return False


def ask(*, member: Member, month: date, actor: Actor, now: datetime) -> MonthlyReport:
    """One member unit's report of a month, and the process that conducts it. Raises ReportHeld."""
    with collect():
        clock = clock_of(month, asked_on=timezone.localdate(now), path=member.office.path)
        row = reports.open_report(member=member, month=month, clock=clock, actor=actor, now=now)
        data = {
            "report": str(row.pk),
            "unit": str(row.unit_id),
            "office": str(row.office_id),
            "reference": str(row)[:40],
            "remind_at": clock.remind_at.isoformat(),
            "due_at": clock.due_at.isoformat(),
            "late_at": clock.late_at.isoformat(),
            "close_at": clock.close_at.isoformat(),
        }
        services.start(process="monthly_report", case=None, data=data, actor=actor, now=now)
    return row


def start_bulletins(now: datetime) -> int:
    """Begin the bulletin of each month whose day of listing has come."""
    told = Bulletin.objects.filter(office=OuterRef("office"), month=OuterRef("month"))
    due = MonthlyReport.objects.filter(~Exists(told)).values("office", "month").annotate(last=Max("listed_at"))
    count = 0
    for row in due.filter(last__lte=now).order_by("office", "month"):
        with suppress(BulletinHeld), transaction.atomic():
            start_bulletin(office=Unit.objects.get(pk=row["office"]), month=row["month"], actor=SYSTEM, now=now)
            count += 1
    return count


def start_bulletin(*, office: Unit, month: date, actor: Actor, now: datetime) -> Bulletin:
    """A month's bulletin and its process. Raises BulletinHeld, NothingToTell."""
    with collect():
        row = bulletins.open_bulletin(office=office, month=month, actor=actor, now=now)
        data = {"bulletin": str(row.pk), "office": str(office.pk), "reference": str(row)[:40]}
        services.start(process="bulletin", case=None, data=data, actor=actor, now=now)
    return row


def start_meeting(
    *, office: Unit, kind: str, title: str, held_at: datetime, actor: Actor, now: datetime, place: str = ""
) -> Meeting:
    """A meeting and its process; what waits for one is on its agenda at once. Raises NotAhead."""
    with collect():
        row = meetings.plan_meeting(
            office=office, kind=kind, title=title, held_at=held_at, place=place, actor=actor, now=now
        )
        data = {
            "meeting": str(row.pk),
            "office": str(office.pk),
            "reference": row.title[:40],
            "held_at": held_at.isoformat(),
            "minutes_by": row.minutes_by.isoformat(),
            "late_at": morning_after(row.minutes_by).isoformat(),
        }
        services.start(process="meeting", case=None, data=data, actor=actor, now=now)
    return row


def start_tasks(*, meeting_id: UUID, now: datetime) -> int:
    """The resolutions of confirmed minutes become work; how many."""
    rows = GroupTask.objects.filter(meeting=meeting_id, state=GroupTask.State.PROPOSED)
    found = list(rows.select_related("unit", "meeting").order_by("created_at", "id"))
    for task in found:
        with collect():
            tasks.begin(task=task, actor=SYSTEM, now=now)
            data = {
                "task": str(task.pk),
                "unit": str(task.unit_id),
                "office": str(task.meeting.office_id),
                "reference": task.meeting.title[:40],
                "due_at": task.due_at.isoformat(),
            }
            services.start(process="meeting_task", case=None, data=data, actor=SYSTEM, now=now)
    return len(found)
