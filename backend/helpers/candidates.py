"""The shortlist for a case: helpers of the county, ranked (see ranking) and kept until the next ranking."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Case
from backend.helpers.models import Candidate, Helper, HelperKind, Offer, Pairing
from backend.helpers.places import promised_places, taken_places
from backend.helpers.ranking import Applicant, Place, Ranking, rank
from backend.org import parameters
from backend.org.access import Actor

TOP = 3
"""Parameter `pairing.shortlist`: how many helpers a person chooses from (D04)."""
COUNTY_LEVELS = 3
ADULT = 18


def make_shortlist(*, case: Case, asked: Collection[UUID], actor: Actor, now: datetime) -> Ranking:
    """Rank the helpers of the county for this case and keep the best; those `asked` before are left out.

    History tells who came to stand on the list, and how many were left out by which rule.
    """
    today = timezone.localdate(now)
    top = int(parameters.value("pairing.shortlist", path=case.unit_path, day=today, default=TOP))
    ranking = rank(place_of(case, today, asked=asked), applicants_for(case, today), top=top)
    Candidate.objects.filter(case=case).delete()
    Candidate.objects.bulk_create(
        Candidate(
            case=case,
            helper_id=entry.id,
            place=number,
            score=entry.score,
            parts=dict(entry.parts),
            reasons=list(entry.reasons),
            created_at=now,
        )
        for number, entry in enumerate(ranking.best, start=1)
    )
    shown = [{"helper": str(entry.id), "score": entry.score} for entry in ranking.best]
    data = {"shortlist": shown, "excluded": dict(ranking.excluded)}
    record(action="helpers.ranked", object=case, actor=actor, now=now, data=data)
    return ranking


def place_of(case: Case, day: date, *, asked: Collection[UUID] = ()) -> Place:
    """What the case's family looks for."""
    family = case.family
    members = list(family.persons.filter(died_on__isnull=True).exclude(status="left"))
    spells = list(Pairing.objects.filter(family=family).values_list("helper", "from_date", "to_date"))
    now_with = {helper for helper, begin, end in spells if begin <= day and (end is None or end > day)}
    return Place(
        path=family.unit.path,
        kinds=frozenset(case.programme.helper_kinds),
        day=day,
        languages=frozenset(family.languages),
        certificates=frozenset(bytes(person.certificate_index) for person in members if person.certificate_index),
        addresses=frozenset(address for address in (family.live_address, family.hukou_address) if address),
        has_minor=any((person.age_on(day) or ADULT) < ADULT for person in members),
        asked=frozenset(asked),
        paired=frozenset(now_with),
        previous=frozenset({helper for helper, _, _ in spells} - now_with),
    )


def applicants_for(case: Case, day: date) -> Iterator[Applicant]:
    """Every helper of the case's county whom the programme may ask, and how loaded; four statements for all."""
    county = "".join(f"{part}." for part in case.unit_path.split(".")[:COUNTY_LEVELS])
    helpers = Helper.objects.filter(unit__path__startswith=county, kind__in=case.programme.helper_kinds)
    ids = helpers.exclude(status=Helper.Status.ENDED).values_list("pk", flat=True)
    taken, promised = taken_places(ids, day), promised_places(ids)
    kinds = {kind.code: kind for kind in HelperKind.objects.all()}
    for helper in helpers.select_related("unit").defer("certificate", "phone").iterator():
        yield applicant(helper, kinds[helper.kind_id], taken.get(helper.pk, 0) + promised.get(helper.pk, 0))


def applicant(helper: Helper, kind: HelperKind, load: int) -> Applicant:
    """A helper as the ranking sees one."""
    return Applicant(
        id=helper.pk,
        kind=kind.code,
        path=helper.unit.path,
        places=kind.max_families if helper.max_families is None else helper.max_families,
        load=load,
        is_active=helper.status == Helper.Status.ACTIVE,
        from_date=helper.from_date,
        to_date=helper.to_date,
        min_months=int(kind.gates.get("min_months_left", 0)),
        minors=kind.minors,
        languages=frozenset(helper.languages),
        certificate=bytes(helper.certificate_index) if helper.certificate_index else None,
        address=helper.address,
    )


def asked_in(instance_id: UUID) -> set[UUID]:
    """The helpers who were asked in this run of the process."""
    return set(Offer.objects.filter(instance_id=instance_id).values_list("helper", flat=True))
