"""Who is there for a family on a day: its helper, a stand-in while the helper is away, else the village worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.core import prepared
from backend.helpers.candidates import applicant, place_of
from backend.helpers.models import Absence, Helper, Pairing, StandIn
from backend.helpers.models.pairings import stand_in_unfit
from backend.helpers.places import free_places
from backend.helpers.scoring import Place, is_relative

MOST = 20
"""So many helpers are offered for a family at most."""

OBSTACLES: Mapping[str, str | Promise] = {
    "is_absent": _("This is the helper who is away."),
    "other_kind": _("Only a helper of the same kind stands in."),
    "elsewhere": _("Only somebody of the same partner unit or township stands in."),
    "not_active": _("This helper is not active at present."),
    "outside_service": _("This helper's service does not cover all of these days."),
    "away_too": _("This helper is away on some of these days too."),
    "same_household": _("This helper belongs to the family's own household."),
    "not_for_minors": _("This kind of helper is not sent to families with minors."),
    "not_checked": _("This helper's background check does not cover all of these days."),
    "full": _("This helper has no free place on these days."),
}
"""Why a helper cannot stand in: code → words."""


class Presence:
    """Who is there for these pairings, on any day: absences and stand-ins read once, in three statements."""

    def __init__(self, pairings: Iterable[Pairing]) -> None:
        self._chosen = chosen = list(pairings)
        self._suspended: dict[date, set[UUID]] = {}
        self._unfit: dict[date, set[UUID]] = {}
        rows = list(
            StandIn.objects.lasting().filter(pairing__in=chosen).select_related("helper__kind").order_by("from_date")
        )
        self._stand_ins: dict[UUID, list[StandIn]] = {}
        for row in rows:
            self._stand_ins.setdefault(row.pairing_id, []).append(row)
        people = {pairing.helper_id for pairing in chosen} | {row.helper_id for row in rows if row.helper_id}
        self._away: dict[UUID, list[Absence]] = {}
        for absence in Absence.objects.valid().filter(helper__in=people):
            self._away.setdefault(absence.helper_id, []).append(absence)

    def visitor(self, pairing: Pairing, day: date) -> Helper | None:
        """The helper who is there for the family on that day; None: the village worker goes."""
        if self.is_there(pairing.helper, day) and not self._is_suspended(pairing, day):
            return pairing.helper
        rows = [row for row in self._stand_ins.get(pairing.pk, ()) if _covers(row, day)]
        for row in rows:
            if row.helper is not None and self.is_there(row.helper, day) and row.pk not in self._unfit_on(day):
                return row.helper
        return None

    def _unfit_on(self, day: date) -> set[UUID]:
        """Stand-ins who may not go to a family with minors that day; one statement for each day that is asked about."""
        if day not in self._unfit:
            known = [row.pk for rows in self._stand_ins.values() for row in rows]
            rows = StandIn.objects.filter(stand_in_unfit(day), pk__in=known)
            self._unfit[day] = set(rows.values_list("pk", flat=True))
        return self._unfit[day]

    def _is_suspended(self, pairing: Pairing, day: date) -> bool:
        """Whether the helper may not go to this family that day; one statement for each day that is asked about."""
        if day not in self._suspended:
            rows = Pairing.objects.filter(pk__in=[each.pk for each in self._chosen]).suspended(day)
            self._suspended[day] = set(rows.values_list("pk", flat=True))
        return pairing.pk in self._suspended[day]

    def is_there(self, helper: Helper, day: date) -> bool:
        """Active, in service, and not away on that day."""
        return _is_active(helper, day) and not any(_covers(absence, day) for absence in self._away.get(helper.pk, ()))


def visitor_on(pairing: Pairing, day: date) -> Helper | None:
    """The helper who is there for this family on that day; None: the village worker goes.

    Mostly it is the family's own: then one statement says so.
    """
    if _is_active(pairing.helper, day) and not _is_left_alone(day)(pairing.pk):
        return pairing.helper
    return Presence([pairing]).visitor(pairing, day)


@lru_cache(maxsize=64)
def _is_left_alone(day: date) -> Callable[[UUID], bool]:
    """Asked for every visit that is planned or made, mostly about the same few days."""
    return prepared.whether(Pairing.objects.left_alone(day))


@dataclass(frozen=True)
class Pool:
    """Helpers who could stand in, the one with the most room first, and how many each rule left out."""

    able: list[Helper]
    left_out: Mapping[str, int]


def pool(pairing: Pairing, from_date: date, to_date: date | None) -> Pool:
    """Who could be asked to stand in for this family's helper on these days.

    Only those of the same kind, and of the same partner unit or township, are looked at: others are strangers there.
    """
    near = Q(unit__path__startswith=_township(pairing.helper))
    if pairing.helper.partner_unit_id:
        near |= Q(partner_unit_id=pairing.helper.partner_unit_id)
    rows = Helper.objects.filter(near, kind=pairing.helper.kind_id).exclude(pk=pairing.helper_id)
    rows = rows.exclude(status=Helper.Status.ENDED).select_related("kind", "unit", "partner_unit")
    left_out: Counter[str] = Counter()
    place = place_of(pairing.case, from_date)
    able: list[tuple[bool, int, str, Helper]] = []
    for helper in rows.order_by("name", "pk")[: MOST * 5]:
        obstacle = obstacle_of(helper, pairing, from_date, to_date, place)
        if obstacle:
            left_out[obstacle] += 1
        else:
            comrade = helper.partner_unit_id is not None and helper.partner_unit_id == pairing.helper.partner_unit_id
            able.append((not comrade, -room(helper, from_date, to_date), helper.name, helper))
    return Pool([entry[3] for entry in sorted(able, key=lambda entry: entry[:3])[:MOST]], dict(left_out))


def obstacle_of(
    helper: Helper, pairing: Pairing, from_date: date, to_date: date | None, place: Place | None = None
) -> str:
    """The first rule that keeps this helper from standing in on these days (of OBSTACLES); empty when none does."""
    absent = pairing.helper
    comrades = helper.partner_unit_id is not None and helper.partner_unit_id == absent.partner_unit_id
    if helper.pk == absent.pk:
        return "is_absent"
    place = place or place_of(pairing.case, from_date)
    rules = {
        "other_kind": helper.kind_id != absent.kind_id,
        "elsewhere": not comrades and not helper.unit.path.startswith(_township(absent)),
        "not_active": helper.status != Helper.Status.ACTIVE,
        "outside_service": not _serves(helper, from_date, to_date),
        "away_too": Absence.objects.overlapping(from_date, to_date).filter(helper=helper).exists(),
        "same_household": is_relative(place, applicant(helper, helper.kind, 0, from_date)),
        "not_for_minors": place.has_minor and not helper.kind.minors,
        "not_checked": place.has_minor and not _is_checked(helper, to_date or from_date),
        "full": room(helper, from_date, to_date, but=pairing) <= 0,
    }
    return next((code for code, applies in rules.items() if applies), "")


def room(helper: Helper, from_date: date, to_date: date | None, but: Pairing | None = None) -> int:
    """Places that are free on all of these days: no spell, offer or other family stood in for takes them."""
    held = StandIn.objects.overlapping(from_date, to_date).filter(helper=helper)
    if but is not None:
        held = held.exclude(pairing=but)
    return free_places(helper, from_date) - held.values("pairing").distinct().count()


def _is_active(helper: Helper, day: date) -> bool:
    return helper.status == Helper.Status.ACTIVE and (helper.to_date is None or helper.to_date > day)


def _serves(helper: Helper, from_date: date, to_date: date | None) -> bool:
    begun = helper.from_date is None or helper.from_date <= from_date
    last = to_date or from_date
    return begun and (helper.to_date is None or (helper.to_date >= last and helper.to_date > from_date))


def _is_checked(helper: Helper, day: date) -> bool:
    """Whether the background check holds until that day (未成年人保护法 art. 62)."""
    return helper.check_until is not None and helper.check_until > day


def _covers(row: Absence | StandIn, day: date) -> bool:
    return row.from_date <= day and (row.to_date is None or row.to_date > day)


def _township(helper: Helper) -> str:
    """The path of the township in which the helper's entry is kept."""
    return "".join(f"{part}." for part in helper.unit.path.split(".")[:4])
