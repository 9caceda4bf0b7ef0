"""Who hears it: found out when it is sent, not when it was intended. People change posts, and go on leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from backend.org.access import upwards
from backend.org.models import Deputy, Membership, Unit, User
from backend.org.roles import ADMINISTRATORS
from backend.reminders.models import Choice, Reminder


@dataclass(frozen=True)
class Person:
    """Somebody to be told: a user, or a helper without an account."""

    user_id: UUID | None
    helper_id: UUID | None = None
    email: str = ""
    phone: str = ""
    language: str = ""


@dataclass(frozen=True)
class HelperFound:
    """How a helper can be told: the account, or a telephone number."""

    user_id: UUID | None
    phone: str


class Book(Protocol):
    """What only those know who know families, helpers and work: handed in by whoever sends."""

    def needless(self, reminders: Sequence[Reminder]) -> Mapping[UUID, str]:
        """Reminders that need not be sent any more, with why (a code of Reminder.Why)."""

    def helpers(self, ids: Iterable[UUID]) -> Mapping[UUID, HelperFound]:
        """Helpers who still serve."""


def resolve(reminders: Sequence[Reminder], book: Book, day: date) -> dict[UUID, list[Person]]:
    """Who is to be told each of these, that day: five statements, however many they are."""
    helpers = book.helpers({row.helper_id for row in reminders if row.helper_id})
    holders = _holders(reminders, day)
    wanted = {row.pk: _named(row, holders, helpers) for row in reminders}
    deputies = _deputies({pk for named in wanted.values() for pk in named}, day)
    present = {
        row.pk: {there for pk in wanted[row.pk] for there in _there(pk, row, deputies)} - {row.closed_to}
        for row in reminders
    }
    known = User.objects.in_bulk({pk for people in present.values() for pk in people})
    told = {}
    for row in reminders:
        users = [known[pk] for pk in sorted(present[row.pk], key=str) if pk in known and known[pk].is_active]
        found = helpers.get(row.helper_id) if row.helper_id else None
        phone = found.phone if found else ""
        people = [Person(user.pk, email=user.email, phone=phone, language=user.language) for user in users]
        if found is not None and found.user_id is None and row.helper_id:
            people = [Person(None, row.helper_id, phone=found.phone)]
        told[row.pk] = people
    return told


def choices_of(people: Iterable[Person]) -> dict[UUID, list[Choice]]:
    """By user or helper: the channels that the person wants beside what is shown here."""
    every = list(people)
    users = {person.user_id for person in every if person.user_id}
    helpers = {person.helper_id for person in every if person.helper_id}
    found: dict[UUID, list[Choice]] = {}
    rows = Choice.objects.filter(user__in=users) | Choice.objects.filter(helper_id__in=helpers)
    for choice in rows.order_by("channel"):
        found.setdefault(choice.user_id or choice.helper_id, []).append(choice)  # type: ignore[arg-type]
    return found


def _named(
    row: Reminder, holders: Mapping[tuple[str, UUID], set[UUID]], helpers: Mapping[UUID, HelperFound]
) -> set[UUID]:
    """The users meant, whether they are there or not."""
    if row.user_id:
        return {row.user_id}
    if row.helper_id:
        found = helpers.get(row.helper_id)
        return {found.user_id} if found and found.user_id else set()
    return holders.get((row.role, row.unit_id), set()) if row.unit_id else set()


def _holders(reminders: Iterable[Reminder], day: date) -> dict[tuple[str, UUID], set[UUID]]:
    """By role and unit: who holds it there that day; with nobody there, at the nearest unit above where somebody does.

    Administrators have one post for the whole installation: all of them, wherever.
    """
    asked = {(row.role, row.unit_id) for row in reminders if row.unit_id}
    paths = dict(Unit.objects.filter(pk__in={unit for _role, unit in asked}).values_list("pk", "path"))
    above = {path for place in paths.values() for path in upwards(place)}
    roles = {role for role, _unit in asked}
    held = Membership.objects.on(day).filter(role__in=roles, user__is_active=True)
    rows = held.filter(role__in=ADMINISTRATORS) | held.filter(unit__path__in=above)
    by_place: dict[tuple[str, str], set[UUID]] = {}
    for role, path, user in rows.values_list("role", "unit__path", "user"):
        by_place.setdefault((role, "" if role in ADMINISTRATORS else path), set()).add(user)
    return {(role, unit): _nearest(role, paths[unit], by_place) for role, unit in asked if unit in paths}


def _nearest(role: str, path: str, by_place: Mapping[tuple[str, str], set[UUID]]) -> set[UUID]:
    nearest = [*reversed(upwards(path)), ""]
    return next((by_place[role, place] for place in nearest if (role, place) in by_place), set())


def _deputies(users: Iterable[UUID], day: date) -> dict[UUID, set[UUID]]:
    """Who stands in that day, for those who are away."""
    found: dict[UUID, set[UUID]] = {}
    rows = Deputy.objects.on(day).filter(absent__in=users, deputy__is_active=True)
    for absent, deputy in rows.values_list("absent", "deputy"):
        found.setdefault(absent, set()).add(deputy)
    return found


def _there(user: UUID, row: Reminder, deputies: Mapping[UUID, set[UUID]]) -> set[UUID]:
    """The user, or whoever stands in; an administrator's duty is personal."""
    return {user} if row.role in ADMINISTRATORS else deputies.get(user, {user})
