"""What reminders are about: work items by how late they are (table D20), visits that come near. And what they need to
know when they are sent: whether it still matters, and how a helper can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from backend.cases.models import Family, Person
from backend.helpers.models import Helper
from backend.org import parameters
from backend.org.access import upwards
from backend.org.models import Membership
from backend.org.roles import INDEPENDENT
from backend.org.working_days import add_working_days, is_working_day
from backend.reminders.models import Reminder
from backend.reminders.outbox import To, intend_all, one_helper, one_user, reminder_for, role_at
from backend.reminders.recipients import HelperFound
from backend.visits.models import Visit
from workflows import ladder
from workflows.models import WorkItem

KEY = "reminder.ladder"
DEFAULTS: Mapping[str, int] = {"soon_days": 2, "late_days": 1, "supervisor_days": 3, "leading_days": 7}
"""Where the parameter is not set (domain.md 3.0, common timers)."""
SOONEST = timedelta(days=7)
"""The parameter's largest `soon_days`."""
LONGEST = timedelta(days=60)
"""What is longer overdue has been told to everybody there is."""
LATEST = timedelta(hours=6)
"""The ladder is walked every hour: what is due for so long has been told."""
CHUNK = 1000
OUTSIDE = frozenset({"helper", "liaison"})
"""Nobody of the office has their work in the inbox: the village worker hears of it."""
HIGH_RISK = frozenset({"A"})
"""Tiers whose days are counted as they come, holidays included."""
DANGEROUS = frozenset({"emergency_response"})
"""Processes whose work is counted so whoever it is about: most emergencies hang on no family (domain.md 3.0)."""


# --- what the outbox asks


class Book:
    """See backend.reminders.recipients.Book."""

    def needless(self, reminders: Sequence[Reminder]) -> Mapping[UUID, str]:
        """Work that was done, visits that were made, what stands still, people who died, families who are gone (E2):
        nothing is sent."""
        about: dict[str, set[UUID]] = {}
        for row in reminders:
            if row.about_id:
                about.setdefault(row.about_kind, set()).add(row.about_id)
        left = {kind: _which(rows, about.get(kind)) for kind, (rows, _why) in _still().items()}
        gone = (Family.Status.CLOSED, Family.Status.MOVED)
        there = _which(Family.objects.exclude(status__in=gone), {row.family_id for row in reminders if row.family_id})
        why: dict[UUID, str] = {}
        for row in reminders:
            if row.about_kind in left and row.about_id not in left[row.about_kind]:
                why[row.pk] = _still()[row.about_kind][1]
            if row.family_id and row.family_id not in there and row.about_kind != "work_item":
                why[row.pk] = Reminder.Why.GONE
        return why

    def helpers(self, ids: Iterable[UUID]) -> Mapping[UUID, HelperFound]:
        """Their account when it is active, and their number."""
        wanted = set(ids)
        if not wanted:
            return {}
        rows = Helper.objects.exclude(status=Helper.Status.ENDED).select_related("user").filter(pk__in=wanted)
        return {
            row.pk: HelperFound(row.user_id if row.user and row.user.is_active else None, row.phone) for row in rows
        }


def _still() -> dict[str, tuple[Any, str]]:
    """By kind of thing: those about which something may still be said, and why nothing is said of the others."""
    return {
        "work_item": (WorkItem.objects.filter(state=WorkItem.State.OPEN, paused_at=None), Reminder.Why.DONE),
        "visit": (Visit.objects.filter(state=Visit.State.PLANNED, paused_at=None), Reminder.Why.DONE),
        "person": (Person.objects.filter(died_on__isnull=True), Reminder.Why.GONE),
    }


def _which(rows: Any, ids: set[UUID] | None) -> set[UUID]:
    return set(rows.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


# --- work items


@dataclass(frozen=True)
class Item:
    """What the ladder reads of a work item."""

    id: UUID
    due_at: datetime
    role: str
    unit_id: UUID
    unit_path: str
    assignee_id: UUID | None
    closed_to: UUID | None
    case_id: UUID | None
    case_number: str
    family_id: UUID | None
    process: str
    title: str
    title_en: str
    tier: str | None
    village_id: UUID | None

    @property
    def high_risk(self) -> bool:
        """Its days are counted as they come, and no holiday keeps its messages back."""
        return self.tier in HIGH_RISK or self.process in DANGEROUS


COLUMNS = (
    "id", "due_at", "role", "unit_id", "unit_path", "assignee_id", "closed_to", "case_id", "case_number", "family_id",
    "process", "title", "title_en", "family__risk_tier", "family__unit_id",
)  # fmt: skip


def remind_items(now: datetime) -> int:
    """Whoever has to hear of a work item by now, once per rung; returns how many reminders were written.

    After days without power only the rung that an item has reached is told, not those it passed (E35). Three statements
    for every thousand items, whatever they need.
    """
    posts, count = _posts(now), 0
    for items in _chunks(now):
        rows = [row for item in items for row in _rungs(item, posts, now)]
        known = set(Reminder.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
        fresh = [row for row in rows if row.key not in known]
        intend_all(fresh)
        count += len(fresh)
    return count


def stage_of(due_at: datetime, *, high_risk: bool, path: str, now: datetime) -> str:
    """How far up the ladder an item has come (table D20): "", soon, due, late, escalated or leading."""
    today = timezone.localdate(now)
    days = {**DEFAULTS, **parameters.value(KEY, path=path, day=today, default=DEFAULTS)}
    if due_at >= now:
        return ladder.FIRST if due_at - timedelta(days=days["soon_days"]) <= now else ""
    due, timer = timezone.localdate(due_at), ladder.DUE

    def passed(count: int, *, calendar: bool) -> bool:
        last = due + timedelta(days=count) if calendar else add_working_days(due, count)
        return today >= last

    while True:
        rung = ladder.rung(timer=timer, high_risk=high_risk)
        if not rung.next_timer or not passed(days[rung.wait], calendar=rung.days == "calendar"):
            return timer
        timer = rung.next_timer


def _chunks(now: datetime) -> Iterator[list[Item]]:
    """Open items near their time or past it, in due order."""
    rows = WorkItem.objects.ready(now).filter(due_at__gt=now - LONGEST, due_at__lte=now + SOONEST)
    after: tuple[datetime, UUID] | None = None
    while True:
        page = rows
        if after is not None:
            page = rows.filter(Q(due_at__gt=after[0]) | Q(due_at=after[0], id__gt=after[1]))
        found = [Item(*values) for values in page.order_by("due_at", "id").values_list(*COLUMNS)[:CHUNK]]
        if found:
            yield found
        if len(found) < CHUNK:
            return
        after = (found[-1].due_at, found[-1].id)


def _rungs(item: Item, posts: Posts, now: datetime) -> Iterator[Reminder]:
    stage = stage_of(item.due_at, high_risk=item.high_risk, path=item.unit_path, now=now)
    if not stage or (item.process == "care_visit" and item.role == "helper" and stage in {"soon", "due"}):
        return  # a helper's visit is told as a visit
    rung = ladder.rung(
        timer=stage,
        high_risk=item.high_risk,
        holiday=posts.holiday,
        role_absent=posts.nobody_for(item),
        whose=_whose(item.role),
    )
    for name, to in _told(item, rung.next_role, posts).items():
        yield reminder_for(
            to,
            kind=f"work_item.{stage}",
            key=f"work_item:{item.id}:{stage}:{timezone.localdate(item.due_at):%Y%m%d}:{name}",
            about_kind="work_item",
            about_id=item.id,
            family_id=item.family_id,
            case_id=item.case_id,
            unit_path=item.unit_path,
            label=f"{item.title} {item.case_number}".strip(),
            label_en=f"{item.title_en} {item.case_number}".strip(),
            page=f"/work-items/{item.id}/",
            closed_to=item.closed_to,
            shown_only=rung.channel == "shown",
            decided_by=rung.decided_by,
            created_at=now,
        )


def _whose(role: str) -> str:
    if role in INDEPENDENT:
        return "independent"  # those who are inspected hear nothing of it
    return "outside" if role in OUTSIDE else "office"


def _told(item: Item, next_role: str, posts: Posts) -> dict[str, To]:
    """Who that is at this item's place, by a name for the key."""
    everybody = role_at(item.role, item.unit_id)
    own = one_user(item.assignee_id) if item.assignee_id else everybody
    village = role_at("village", item.village_id) if item.village_id else everybody
    if next_role in {"supervisor", "leading_group"}:
        above = _offices_above(item, posts)
        if not above:
            return {"own": everybody}
        return {"above": role_at("supervisor", above[0 if next_role == "supervisor" else min(1, len(above) - 1)])}
    beside = {"own_and_colleagues": everybody, "own_and_village": village}.get(next_role)
    if beside is not None:
        return {"own": own} if beside == own else {"own": own, "beside": beside}
    return {"own": {"own": own, "village": village, "colleagues": everybody}[next_role]}


def _offices_above(item: Item, posts: Posts) -> list[UUID]:
    """The units at and above the item's place where there is a supervisor; the own one does not watch over itself."""
    found = [posts.offices[path] for path in reversed(upwards(item.unit_path)) if path in posts.offices]
    return (found[1:] or found) if item.role == "supervisor" and found and found[0] == item.unit_id else found


@dataclass(frozen=True)
class Posts:
    """Who holds a post today, as far as the ladder asks. Whoever is away is there: a deputy hears it instead."""

    holiday: bool
    offices: Mapping[str, UUID]
    """The units that have a supervisor, by path."""
    held: frozenset[tuple[str, str]]
    """Role and path of the unit."""
    users: frozenset[UUID]

    def nobody_for(self, item: Item) -> bool:
        """Whether whoever has it has left, or nobody holds the role there or above."""
        if item.assignee_id is not None:
            return item.assignee_id not in self.users
        return not any((item.role, path) in self.held for path in upwards(item.unit_path))


def _posts(now: datetime) -> Posts:
    today = timezone.localdate(now)
    held = Membership.objects.on(today).filter(user__is_active=True)
    rows = list(held.values_list("role", "unit__path", "unit", "user"))
    return Posts(
        holiday=not is_working_day(today),
        offices={path: unit for role, path, unit, _user in rows if role == "supervisor"},
        held=frozenset((role, path) for role, path, _unit, _user in rows),
        users=frozenset(user for *_where, user in rows),
    )


def untold(now: datetime) -> int:
    """Open items due since hours of which nobody was told anything: the ladder was not walked."""
    due = WorkItem.objects.ready(now).filter(due_at__gt=now - SOONEST, due_at__lt=now - LATEST)
    return due.exclude(Exists(Reminder.objects.filter(about_id=OuterRef("pk")))).exclude(process="care_visit").count()


# --- visits


def remind_visits(now: datetime) -> int:
    """Helpers whose visits come near, once a visit; returns how many reminders were written."""
    rows = Visit.objects.filter(
        state=Visit.State.PLANNED,
        paused_at__isnull=True,
        helper__isnull=False,
        due_at__gt=now,
        due_at__lte=now + SOONEST,
    )
    columns = ("id", "due_at", "helper_id", "family_id", "case_id", "case__unit_path")
    found = []
    for visit, due_at, helper, family, case, path in rows.values_list(*columns):
        if stage_of(due_at, high_risk=False, path=path, now=now) == "soon":
            key = f"visit:{visit}:coming:{timezone.localdate(due_at):%Y%m%d}:{helper}"
            told = {"kind": "visit.coming", "key": key, "about_kind": "visit", "about_id": visit, "page": "/visits/"}
            where = {"family_id": family, "case_id": case, "unit_path": path}
            found.append(reminder_for(one_helper(helper), **told, **where, created_at=now))
    known = set(Reminder.objects.filter(key__in=[row.key for row in found]).values_list("key", flat=True))
    fresh = [row for row in found if row.key not in known]
    intend_all(fresh)
    return len(fresh)
