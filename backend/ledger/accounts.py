"""Accounts are there when they are asked for: the same kind, unit, code and holder always give the same one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from backend.ledger.models import Account
from backend.org.models import Unit

PORTION = 500
"""Accounts made or found by one statement."""


class Place(NamedTuple):
    """What tells an account from all others."""

    kind: str
    unit_id: UUID
    code: str
    holder: UUID | None = None


def account(*, kind: str, unit: Unit, code: str, holder: UUID | None = None) -> Account:
    """The account, opened when it is not there yet. Raises ValueError for a kind that is none."""
    place = Place(kind, unit.pk, code, holder)
    found = accounts([place])[place]
    found.unit = unit
    return found


def accounts(places: Collection[Place]) -> Mapping[Place, Account]:
    """Many of them at once; two that open the same one at the same moment get the same."""
    wanted = list(dict.fromkeys(places))
    for place in wanted:
        Account.Kind(place.kind)
    found: dict[Place, Account] = {}
    for start in range(0, len(wanted), PORTION):
        found |= _found(wanted[start : start + PORTION])
    return found


def _found(wanted: list[Place]) -> dict[Place, Account]:
    found = _known(wanted)
    if missing := [place for place in wanted if place not in found]:
        made = [Account(kind=each.kind, unit_id=each.unit_id, code=each.code, holder=each.holder) for each in missing]
        Account.objects.bulk_create(made, ignore_conflicts=True)
        found |= _known(missing)
    return found


def _known(wanted: list[Place]) -> dict[Place, Account]:
    holders = {place.holder for place in wanted}
    held = Q(holder__in=holders - {None}) | (Q(holder__isnull=True) if None in holders else Q(pk__in=[]))
    rows = Account.objects.filter(
        held, unit__in={place.unit_id for place in wanted}, kind__in={place.kind for place in wanted}
    ).filter(code__in={place.code for place in wanted})
    return {Place(row.kind, row.unit_id, row.code, row.holder): row for row in rows}
