"""What the matching needs to know, read from the register: families that look for somebody, and helpers. As many
statements for a county as for one family."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from backend.cases.models import Case, Person, Programme
from backend.helpers.models import Helper, HelperKind, Offer, Pairing, Succession
from backend.helpers.pairings import may_help, months_later
from backend.helpers.places import promised_places, taken_places
from backend.helpers.scoring import Applicant, Place
from backend.helpers.weighting import weights_for
from backend.org import codes

SKILLS = Path(__file__).parent / "data" / "skills.json"
"""Need → words of the register's skills that meet it; an office's own needs are met by their own names."""
COUNTY_LEVELS = 3
ADULT = 18


def place_of(case: Case, day: date, *, asked: Collection[UUID] = ()) -> Place:
    """What the case's family looks for."""
    return places_of(Case.objects.filter(pk=case.pk), day, asked={case.pk: asked})[0]


def places_of(
    cases: QuerySet[Case],
    day: date,
    *,
    asked: Mapping[UUID, Collection[UUID]] | None = None,
    leaving: Collection[UUID] = (),
) -> list[Place]:
    """What the families of these cases look for.

    `asked`: by case the helpers who were asked already. `leaving`: spells whose seats a successor would take over,
    beside those for which one is sought already.
    A family has had nobody since its case was opened, or since the last spell of the case ended.
    """
    columns = (
        "pk", "family_id", "unit_path", "programme_id", "opened_at", "family__languages", "family__needs",
        "family__wanted_sex", "family__risk_tier", "family__live_address", "family__hukou_address",
        "family__categories", "family__declared_categories",
    )  # fmt: skip
    rows = list(cases.order_by("pk").values_list(*columns))
    families = cases.order_by().values("family_id")
    kinds, programmes = HelperKind.objects.in_bulk(), Programme.objects.in_bulk()
    weigh = _once(lambda code, path: weights_for(code, path=path, day=day))
    others = _once(lambda known: frozenset(code for code, kind in kinds.items() if not may_help(kind, known)))
    minors, certificates, spells = _with_minors(families, day), _certificates(families), _spells(families)
    places = []
    for pk, family, path, programme_id, opened_at, languages, needs, sex, tier, lives, registered, *categories in rows:
        mine, programme = spells.get(family, []), programmes[programme_id]
        now_with = frozenset(spell.helper for spell in mine if spell.is_on(day))
        places.append(
            Place(
                id=pk,
                path=path,
                kinds=frozenset(programme.helper_kinds),
                day=day,
                other_categories=others(frozenset().union(*categories)),
                full_seats=_full_seats(kinds, mine, day, leaving),
                languages=frozenset(languages),
                needs=frozenset(needs),
                wanted_sex=sex,
                certificates=frozenset(certificates.get(family, ())),
                addresses=frozenset(address for address in (lives, registered) if address),
                has_minor=family in minors,
                asked=frozenset((asked or {}).get(pk, ())),
                paired=now_with,
                previous=frozenset(spell.helper for spell in mine) - now_with,
                tier=tier,
                since=max(
                    [timezone.localdate(opened_at), *(spell.end for spell in mine if spell.case == pk and spell.end)]
                ),
                weights=weigh(programme.code, path),
            )
        )
    return places


def applicants_among(helpers: QuerySet[Helper], day: date) -> list[Applicant]:
    """These helpers as the matching sees them, with what they are loaded with on that day."""
    columns = (
        "pk", "kind_id", "unit__path", "max_families", "status", "from_date", "to_date", "trained_on", "insured_until",
        "check_until", "languages", "skills", "sex", "certificate_index", "address",
    )  # fmt: skip
    rows = list(helpers.order_by("pk").values_list(*columns))
    ids = helpers.order_by().values_list("pk", flat=True)
    taken, promised = taken_places(ids, day), promised_places(ids)
    kinds = HelperKind.objects.in_bulk()
    read = _Reading(day)
    return [read.applicant(kinds[row[1]], row, taken.get(row[0], 0) + promised.get(row[0], 0)) for row in rows]


def applicants_for(case: Case, day: date) -> list[Applicant]:
    """Every helper of the case's county whom the programme may ask."""
    return applicants_among(helpers_around(case.unit_path, case.programme.helper_kinds), day)


def helpers_around(path: str, kinds: Iterable[str] | None = None) -> QuerySet[Helper]:
    """The helpers of the county in which the path lies (of these kinds), those whose service has ended apart."""
    county = "".join(f"{part}." for part in path.rstrip(".").split(".")[:COUNTY_LEVELS])
    rows = Helper.objects.filter(unit__path__startswith=county).exclude(status=Helper.Status.ENDED)
    return rows if kinds is None else rows.filter(kind__in=list(kinds))


def applicant(helper: Helper, kind: HelperKind, load: int, day: date) -> Applicant:
    """A helper as the matching sees one."""
    row = (
        helper.pk, kind.code, helper.unit.path, helper.max_families, helper.status, helper.from_date, helper.to_date,
        helper.trained_on, helper.insured_until, helper.check_until, helper.languages, helper.skills, helper.sex,
        helper.certificate_index, helper.address,
    )  # fmt: skip
    return _Reading(day).applicant(kind, row, load)


def asked_in(instance_id: UUID) -> set[UUID]:
    """The helpers who were asked in this run of the process."""
    return set(Offer.objects.filter(instance_id=instance_id).values_list("helper", flat=True))


class _Reading:
    """Rows of helpers on one day; what many of them share is worked out once."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.meets = _once(needs_met)

    def applicant(self, kind: HelperKind, row: tuple[Any, ...], load: int) -> Applicant:
        (
            pk, _, path, max_families, status, from_date, to_date, trained_on, insured_until, check_until, languages,
            skills, sex, certificate, address,
        ) = row  # fmt: skip
        gates = kind.gates
        return Applicant(
            id=pk,
            kind=kind.code,
            path=path,
            places=kind.max_families if max_families is None else max_families,
            load=load,
            is_active=status == Helper.Status.ACTIVE,
            from_date=from_date,
            to_date=to_date,
            min_months=int(gates.get("min_months_left", 0)),
            minors=kind.minors,
            ready=(trained_on is not None or not gates.get("training"))
            and (not gates.get("insurance") or (insured_until is not None and insured_until >= self.day)),
            checked=not gates.get("background_check") or (check_until is not None and check_until > self.day),
            languages=frozenset(languages),
            skills=self.meets(tuple(skills)),
            sex=sex,
            certificate=bytes(certificate) if certificate else None,
            address=address,
        )


def needs_met(skills: tuple[str, ...]) -> frozenset[str]:
    """The needs that somebody with these skills can meet: as the data file says, or of the same name."""
    named = {need for need, entry in codes.entries("need").items() if need in skills or entry.label in skills}
    return frozenset(named | {need for need, words in _skills().items() if set(words) & set(skills)})


@cache
def _skills() -> Mapping[str, list[str]]:
    known: Mapping[str, list[str]] = json.loads(SKILLS.read_text("utf-8"))
    return known


def _with_minors(families: QuerySet[Any], day: date) -> set[UUID]:
    """The families in which somebody under age lives."""
    grown_up = months_later(day, -12 * ADULT)
    return set(_living(families).filter(birth_date__gt=grown_up).values_list("family_id", flat=True))


def _certificates(families: QuerySet[Any]) -> dict[UUID, list[bytes]]:
    """By family the members' certificates, as blind indexes: those that some helper has as well."""
    known = Helper.objects.filter(certificate_index__isnull=False).values("certificate_index")
    found: dict[UUID, list[bytes]] = defaultdict(list)
    rows = _living(families).filter(certificate_index__in=known).values_list("family_id", "certificate_index")
    for family, certificate in rows:
        found[family].append(bytes(certificate or b""))
    return found


def _living(families: QuerySet[Any]) -> QuerySet[Person]:
    return Person.objects.filter(Q(died_on__isnull=True) & ~Q(status="left"), family__in=families)


class _Spell(NamedTuple):
    """A pairing as the matching needs it."""

    id: UUID
    case: UUID
    helper: UUID
    kind: str
    begin: date
    end: date | None
    handed_over_on: date | None
    is_followed: bool
    """Whether a successor is being sought, who takes the seat over."""

    def is_on(self, day: date) -> bool:
        """Whether it is in force on that day."""
        return self.begin <= day and (self.end is None or self.end > day)

    def is_seated(self, day: date) -> bool:
        """Whether it holds a seat that day or later, for which nobody is sought."""
        return not self.is_followed and all(end is None or end > day for end in (self.end, self.handed_over_on))


def _spells(families: QuerySet[Any]) -> dict[UUID, list[_Spell]]:
    """The spells of each family."""
    found: dict[UUID, list[_Spell]] = defaultdict(list)
    running = Succession.objects.filter(pairing=OuterRef("pk"), state=Succession.State.RUNNING)
    rows = Pairing.objects.filter(family__in=families).annotate(is_followed=Exists(running)).order_by("pk")
    columns = ("pk", "case_id", "helper_id", "kind_id", "from_date", "to_date", "handed_over_on", "is_followed")
    for family, *spell in rows.values_list("family_id", *columns):
        found[family].append(_Spell(*spell))
    return found


def _full_seats(
    kinds: Mapping[str, HelperKind], spells: list[_Spell], day: date, leaving: Collection[UUID]
) -> frozenset[str]:
    """Kinds of helper of which the family has as many as it may have at once."""
    held = Counter(spell.kind for spell in spells if spell.is_seated(day) and spell.id not in leaving)
    return frozenset(kind for kind, number in held.items() if number >= kinds[kind].per_family)


def _once(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, asked once for the same arguments."""
    return cache(work)
