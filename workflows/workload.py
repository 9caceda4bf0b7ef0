"""How much work each person of an office has, and who could take somebody's items over. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Case, CharField, Count, Min, Q, Value, When

from backend.org.access import in_subtree
from backend.org.models import Deputy, Membership, User
from backend.org.roles import ACTIONS, INDEPENDENT, OFFICE
from workflows import integrity
from workflows.models import WorkItem, WorkItemQuerySet, past_due

ELSEWHERE = frozenset({"helper", "liaison"}) | INDEPENDENT
"""Roles whose items nobody in the office can be given: they belong to one helper, one partner unit, or auditors."""
SOON = timedelta(days=7)
"""What is due within this time will press next."""


@dataclass
class Load:
    """A person with the work they have. Counts are of open items that they took or were given."""

    user: User
    memberships: list[Membership] = field(default_factory=list)
    open: int = 0
    overdue: int = 0
    soon: int = 0
    late_since: datetime | None = None
    deputies: list[Deputy] = field(default_factory=list)
    """Who stands in for the person today: the person is absent."""

    @property
    def roles(self) -> list[str]:
        """Roles held today; none: the person left, and what they still have has to be handed on."""
        return sorted({membership.role for membership in self.memberships})


@dataclass
class Taker(Load):
    """A person who could take over some items."""

    able: list[UUID] = field(default_factory=list)
    excluded: list[UUID] = field(default_factory=list)
    """Items that would be theirs by role and place, but for the four-eyes rule."""


Kind = TypeVar("Kind", bound=Load)


def office_items(user: User) -> WorkItemQuerySet:
    """Open items that the user may hand from one person to another."""
    items = WorkItem.objects.overseen_by(user, "work_item.assign").filter(state=WorkItem.State.OPEN)
    return items.exclude(role__in=ELSEWHERE)


def loads(*, user: User, items: WorkItemQuerySet, path: str, now: datetime, day: date) -> list[Load]:
    """Everybody who works at this path and below or has items there, those with the most overdue work first."""
    people = _office(user, day, path, Load)
    counts = _counts(items, now)
    strangers = User.objects.in_bulk([pk for pk in counts if pk and pk not in people])
    people |= {pk: Load(user=person) for pk, person in strangers.items()}
    _fill(people.values(), counts)
    _tell_absences(people, day)
    return sorted(people.values(), key=lambda load: (-load.overdue, -load.open, load.user.name))


def unclaimed(items: WorkItemQuerySet, now: datetime) -> dict[str, Any]:
    """The same counts of what nobody has taken."""
    return items.filter(assignee__isnull=True).aggregate(**_tally(now))


def unattended(items: WorkItemQuerySet, day: date) -> list[dict[str, Any]]:
    """People with work for which nobody is there that day: {user, open, why}, those with the most first.

    `why`: a code of integrity.WORDS.
    """
    whens = [When(condition, then=Value(code)) for code, condition in integrity.unattended(day).items()]
    told = items.filter(assignee__isnull=False).annotate(why=Case(*whens, output_field=CharField()))
    rows = told.exclude(why=None).values("assignee", "assignee__name", "why").annotate(open=Count("pk"))
    return [
        {"user": {"id": row["assignee"], "name": row["assignee__name"]}, "open": row["open"], "why": row["why"]}
        for row in rows.order_by("-open", "assignee__name")
    ]


def takers(*, user: User, chosen: WorkItemQuerySet, now: datetime, day: date) -> list[Taker]:
    """Colleagues who could take at least one of these items, those who could take the most and have the least first.

    What they would get and what the four-eyes rule keeps from them is the answer that `services.delegate` will give.
    """
    rows = list(chosen.only("pk", "role", "unit_path", "excluded", "assignee_id"))
    people = _office(user, day, "", Taker)
    for taker in people.values():
        for row in rows:
            if row.assignee_id != taker.user.pk and any(_fits(row, each) for each in taker.memberships):
                (taker.excluded if str(taker.user.pk) in row.excluded else taker.able).append(row.pk)
    found = {pk: taker for pk, taker in people.items() if taker.able or taker.excluded}
    _fill(found.values(), _counts(office_items(user).filter(assignee__in=found), now))
    _tell_absences(found, day)
    return sorted(found.values(), key=lambda each: (-len(each.able), bool(each.deputies), each.open, each.user.name))


def _office(user: User, day: date, path: str, kind: type[Kind]) -> dict[UUID, Kind]:
    """Who works that day, at this path and below, in a role that does work items, where the user may assign them."""
    held = Membership.objects.on(day).filter(in_subtree(user, "work_item.assign", "unit__path"), role__in=OFFICE)
    rows = held.filter(unit__path__startswith=path, user__is_active=True).select_related("user", "unit")
    people: dict[UUID, Kind] = {}
    for membership in rows.order_by("unit__path", "pk"):
        people.setdefault(membership.user_id, kind(user=membership.user)).memberships.append(membership)
    return people


def _fits(row: WorkItem, membership: Membership) -> bool:
    """Whether the item is the membership's to do (workflows.authority.grant_for asks the same of a user's grants)."""
    return (
        row.role == membership.role
        and row.unit_path.startswith(membership.unit.path)
        and "work_item.complete" in ACTIONS[membership.role]
    )


def _counts(items: WorkItemQuerySet, now: datetime) -> dict[UUID | None, Mapping[str, Any]]:
    rows = items.filter(assignee__isnull=False).values("assignee").annotate(**_tally(now)).order_by()
    return {row["assignee"]: row for row in rows}


def _fill(people: Iterable[Load], counts: Mapping[UUID | None, Mapping[str, Any]]) -> None:
    for load in people:
        found = counts.get(load.user.pk)
        if found:
            load.open, load.overdue, load.soon = found["open"], found["overdue"], found["soon"]
            load.late_since = found["late_since"]


def _tell_absences(people: Mapping[UUID, Load], day: date) -> None:
    for deputy in Deputy.objects.on(day).filter(absent__in=people).select_related("deputy").order_by("from_date"):
        people[deputy.absent_id].deputies.append(deputy)


def _tally(now: datetime) -> dict[str, Any]:
    late = past_due(now)
    return {
        "open": Count("pk"),
        "overdue": Count("pk", filter=late),
        "soon": Count("pk", filter=Q(due_at__gte=now, due_at__lt=now + SOON, paused_at__isnull=True)),
        "late_since": Min("due_at", filter=late),
    }
