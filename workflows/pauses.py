"""A family's pause with all that stands still: work items, timers, planned visits; and what moves later when it ends.

What stands still is told by the diagrams (`pausable`): nothing that is about danger, a right or the law's time. An item
is then not overdue, nobody is reminded of it, it climbs no ladder; a timer fires later. At the end each falls due as
many working days later as the pause covered of its time. Timers are moved when their run is next restored: the rows
say from when to when it stood still, and wake it.

However many families: a constant number of statements. Locks are taken as everywhere: instances first, in the order of
their ids, then work items and the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case as Switch
from django.db.models import DateTimeField, DurationField, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, TruncDate
from django.utils import timezone

from backend.audit.history import collect
from backend.cases import pauses
from backend.cases.models import Case, Family, Pause, PauseQuerySet
from backend.org.access import SYSTEM, Actor
from backend.org.working_days import MOMENT, covered, later_by
from backend.visits.pauses import call_instead, pause_visits, resume_visits
from workflows import store
from workflows.models import Instance, WorkItem, WorkItemQuerySet
from workflows.visitors import plan_anew


def begin_pause(
    *,
    family: Family,
    reason: str,
    actor: Actor,
    now: datetime,
    from_date: date | None = None,
    expected_on: date | None = None,
) -> Pause:
    """The family's time stands still from a day on. Raises Busy, and what backend.cases.pauses.begin_pauses raises."""
    days = {"from_date": from_date, "expected_on": expected_on}
    [pause] = _begin([family], reason=reason, actor=actor, now=now, **days)
    return pause


def begin_many(
    *,
    families: QuerySet[Family],
    reason: str,
    actor: Actor,
    now: datetime,
    from_date: date | None = None,
    expected_on: date | None = None,
) -> int:
    """The same for many families at once; those that are paused already or gone stay as they are. Returns how many."""
    there = families.filter(merged_into__isnull=True).exclude(status=Family.Status.CLOSED)
    rows = there.exclude(pk__in=Pause.objects.running().values("family")).select_related("unit")
    days = {"from_date": from_date, "expected_on": expected_on}
    return len(_begin(list(rows), reason=reason, actor=actor, now=now, **days))


def end_pause(
    *, pause: Pause, actor: Actor, now: datetime, ended_on: date | None = None, version: int | None = None
) -> Pause:
    """The family is back: everything goes on from a day on (default: today).

    Raises Busy, PauseOver, WrongPauseDays, StaleVersion.
    """
    today = timezone.localdate(now)
    ended = _end(Pause.objects.filter(pk=pause.pk), ended_on or today, actor, now, version)
    if not ended:
        raise pauses.PauseOver
    return ended[0]


def end_many(*, families: QuerySet[Family], reason: str, actor: Actor, now: datetime) -> int:
    """End the running pauses of these families that have this reason, today. Returns how many."""
    chosen = Pause.objects.filter(family__in=families, reason=reason)
    return len(_end(chosen, timezone.localdate(now), actor, now))


def turn(now: datetime) -> int:
    """The day has turned: pauses whose end was known have ended on that day. Returns how many.

    A machine that was off ends them late, and yet on their day.
    """
    today, count = timezone.localdate(now), 0
    days = Pause.objects.over(today).values_list("expected_on", flat=True)
    for day in sorted({day for day in days if day is not None}):
        count += len(_end(Pause.objects.filter(expected_on=day), day, SYSTEM, now))
    return count


# --- parts -----------------------------------------------------------------------------------------------------------


def _begin(
    families: Sequence[Family],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
    from_date: date | None,
    expected_on: date | None,
) -> list[Pause]:
    with collect():
        locked = _locked([family.pk for family in families])
        made = pauses.begin_pauses(
            families=families, reason=reason, from_date=from_date, expected_on=expected_on, actor=actor, now=now
        )
        since = _morning(from_date or timezone.localdate(now))
        _stand_still(locked, reason, since)
        ids = [family.pk for family in families]
        if reason == pauses.AWAY:
            call_instead(ids)
            plan_anew(ids)
        else:
            pause_visits(ids, since)
    return made


def _end(chosen: PauseQuerySet, ended_on: date, actor: Actor, now: datetime, version: int | None = None) -> list[Pause]:
    with collect():
        ids = list(chosen.filter(ended_on__isnull=True).values_list("family", flat=True))
        locked = _locked(ids)
        held = pauses.locked(chosen.filter(family__in=ids), version)
        pauses.end_pauses(pauses=held, ended_on=ended_on, actor=actor, now=now)
        _go_on(locked, ended_on, now)
        resume_visits(ids, ended_on)
        plan_anew([pause.family_id for pause in held if pause.reason == pauses.AWAY])
    return held


def _locked(families: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """The running instances of these families' cases, their rows locked: instance → version of its process.

    Raises Busy when somebody works on one of them for longer than the lock timeout.
    """
    cases = Case.objects.filter(family__in=families).values("pk")
    rows = Instance.objects.select_for_update().filter(case__in=cases, state=Instance.State.RUNNING)
    with store.waiting():
        return dict(rows.order_by("pk").values_list("pk", "process_id"))


def _stand_still(locked: Mapping[UUID, UUID], reason: str, since: datetime) -> None:
    """Instances that may stand still for this reason, and those of their open items that do."""
    steps = store.pausable_steps(set(locked.values()), reason)
    ids = [instance for instance, process in locked.items() if process in steps]
    moment = Greatest(F("created_at"), Value(since))
    Instance.objects.filter(pk__in=ids, paused_at__isnull=True).update(paused_at=moment)
    standing = Q(pk__in=[])
    for process, names in set(steps.values()):
        standing |= Q(process=process, step__in=names)
    _open_items(ids).filter(standing, paused_at__isnull=True).update(paused_at=moment)


def _go_on(locked: Mapping[UUID, UUID], ended_on: date, now: datetime) -> None:
    """Items fall due as many working days later as the pause covered. Instances are woken and move their timers."""
    paused = _open_items(locked).filter(paused_at__isnull=False)
    rows = paused.annotate(due_on=TruncDate(F("due_at") - Value(MOMENT)), paused_on=TruncDate("paused_at"))
    moved: list[When] = []
    for due, since in set(rows.values_list("due_on", "paused_on")):
        same = Q(due_on=due, paused_on=since)
        moved.append(When(same, then=Value(later_by(due, covered(since, ended_on)))))
    by = Switch(*moved, default=Value(timedelta()), output_field=DurationField())
    rows.update(due_at=F("due_at") + by, paused_at=None)
    Instance.objects.filter(pk__in=list(locked), paused_at__isnull=False).update(
        stood_still=Func(F("stood_still"), _span(_morning(ended_on)), function="array_cat"), paused_at=None, wake_at=now
    )


def _span(end: datetime) -> Func:
    """Since when an instance has stood still, and until when."""
    times = ArrayField(DateTimeField())
    return Func(F("paused_at"), Value(end), template="ARRAY[%(expressions)s]", output_field=times)


def _open_items(instances: Iterable[UUID]) -> WorkItemQuerySet:
    return WorkItem.objects.filter(instance__in=list(instances), state=WorkItem.State.OPEN)


def _morning(day: date) -> datetime:
    """The beginning of the local day."""
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())
