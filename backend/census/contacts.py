"""Whom a bereaved family knows: the only one who asks it anything in a survey (S34; 国卫办家庭发〔2016〕33号)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from backend.cases.models import Family, Survey
from backend.helpers.models import Pairing
from backend.org.models import Membership

ASKING = "village"
"""The role in which surveys are made."""


def of_families(families: Sequence[Family], day: date) -> Mapping[UUID, UUID]:
    """Family → the user who asks it: its statutory contact of the village, else whoever surveyed it last. Only somebody
    who works for the village on that day; families that have nobody are missing."""
    ids = [family.pk for family in families]
    wanted = [*_statutory(ids, day), *_enumerators(ids)]
    at_work = _at_work({user for _family, user in wanted}, day)
    places = {family.pk: family.unit.path for family in families}
    found: dict[UUID, UUID] = {}
    for family, user in wanted:
        if family not in found and any(places[family].startswith(path) for path in at_work.get(user, ())):
            found[family] = user
    return found


def works_for(user: UUID, path: str, day: date) -> bool:
    """Whether the user works for the village with this path on that day."""
    return any(path.startswith(place) for place in _at_work({user}, day).get(user, ()))


def _statutory(families: Iterable[UUID], day: date) -> Iterable[tuple[UUID, UUID]]:
    spells = Pairing.objects.on(day).filter(family__in=families, kind__statutory=True, helper__user__isnull=False)
    return spells.order_by("from_date", "id").values_list("family_id", "helper__user_id")


def _enumerators(families: Iterable[UUID]) -> Iterable[tuple[UUID, UUID]]:
    before = Survey.objects.filter(family__in=families, result="surveyed", enumerator__isnull=False)
    return before.order_by("-surveyed_on", "-id").values_list("family_id", "enumerator_id")


def _at_work(users: Iterable[UUID], day: date) -> Mapping[UUID, list[str]]:
    """User → the places where they make surveys."""
    held = Membership.objects.on(day).filter(user__in=users, role=ASKING, user__is_active=True)
    found: dict[UUID, list[str]] = {}
    for user, path in held.values_list("user_id", "unit__path"):
        found.setdefault(user, []).append(path)
    return found
