"""Where a request is looked into: at the township, or by auditors of the county and above, who do not work with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from backend.org.models import Membership, Unit, User

INDEPENDENT_LEVELS = ("county", "city", "province")


def office_for(handler: str, *, place: Unit, about: User | None, day: date) -> Unit:
    """The unit whose people in the role `handler` look into what happened at `place`.

    Auditors: the nearest unit from the county upwards that has one beside the person it is about; the county when
    none has. Everybody else works at the township.
    """
    if handler != "auditor":
        return _above(place, ("town",)) or place
    chain = [unit for unit in _upwards(place) if unit.kind in INDEPENDENT_LEVELS]
    held = Membership.objects.on(day).filter(role=handler, unit__in=chain, user__is_active=True)
    if about is not None:
        held = held.exclude(user=about)
    staffed = set(held.values_list("unit_id", flat=True))
    nearest = next((unit for unit in chain if unit.pk in staffed), None)
    return nearest or _above(place, INDEPENDENT_LEVELS) or place


def guardian_of_data(place: Unit, day: date) -> Unit | None:
    """The nearest unit upwards that has a data protection officer (个人信息保护负责人, PIPL art. 52); none: None."""
    chain = list(_upwards(place))
    held = Membership.objects.on(day).filter(role="dpo", unit__in=chain, user__is_active=True)
    staffed = set(held.values_list("unit_id", flat=True))
    return next((unit for unit in chain if unit.pk in staffed), None)


def _above(place: Unit, levels: tuple[str, ...]) -> Unit | None:
    return next((unit for unit in _upwards(place) if unit.kind in levels), None)


def _upwards(place: Unit) -> Iterator[Unit]:
    """The unit and those above it."""
    unit: Unit | None = place
    while unit is not None:
        yield unit
        unit = unit.parent
