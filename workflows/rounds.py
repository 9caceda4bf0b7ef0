"""Comparing a round: the file held against the reports, and a work item for each difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from backend.audit.history import collect
from backend.cases.models import Family, Survey
from backend.core import prepared
from backend.helpers import rounds
from backend.helpers.coverage import GONE
from backend.helpers.differences import case_under_way, take_in
from backend.helpers.models import Difference, Helper, HelperKind, Pairing, ReportLine, Round
from backend.helpers.reconciliation import Claim, Comparison, Found, Load, Report, Rules, Spell, compare
from backend.org import parameters
from backend.org.access import Actor
from backend.visits.models import Visit
from workflows import services

AT_ONCE = 50
"""Differences per transaction; killed, the comparison begins anew and finds these again."""
SILENT_DAYS = 60
"""Where no parameter `reconciliation.silent_days` is set."""


def compare_round(*, round_id: UUID, run: int, actor: Actor, now: datetime) -> None:
    """Compare, and bring each new difference to an inbox, portion by portion. Done already: nothing happens."""
    round = prepared.found(Round, round_id, follow=("unit",))
    if (round.state, round.runs) != (Round.State.COMPARING, run):
        return
    comparison = comparison_of(round, now)
    found = comparison.differences
    Round.objects.filter(pk=round.pk).update(total=len(found), done=0)
    new = 0
    for start in range(0, len(found), AT_ONCE):
        with transaction.atomic(), collect():
            new += _take_in(round, found[start : start + AT_ONCE], actor, now)
            Round.objects.filter(pk=round.pk).update(done=min(start + AT_ONCE, len(found)))
    with transaction.atomic(), collect():
        _hand_out(round, actor, now)
        rounds.finish_comparing(round=round, helping=len(comparison.helping), found=new, actor=actor, now=now)


def comparison_of(round: Round, now: datetime) -> Comparison:
    """What differs today; writes nothing. So many statements, whatever the size."""
    rules = _rules(round, now)
    spells, claims = _spells(round, rules), [*_named(round), *_reported_others(round)]
    helpers = {spell.helper for spell in spells if spell.is_in_force(rules.day)}
    helpers |= {claim.helper for claim in claims if claim.helper}
    return compare(
        spells=spells,
        reports=[*_surveyed(round), *_reported(round)],
        claims=claims,
        rules=rules,
        loads=_loads(helpers, round, rules),
    )


def _rules(round: Round, now: datetime) -> Rules:
    today = timezone.localdate(now)
    silent = parameters.value("reconciliation.silent_days", path=round.unit_path, day=today, default=SILENT_DAYS)
    kinds = list(HelperKind.objects.all())
    return Rules(
        day=today,
        silent_days=int(silent),
        per_family={kind.code: kind.per_family for kind in kinds},
        statutory=frozenset(kind.code for kind in kinds if kind.statutory),
    )


def _spells(round: Round, rules: Rules) -> list[Spell]:
    there = Pairing.objects.filter(family__unit__path__startswith=round.unit_path)
    done = Visit.objects.filter(pairing__in=there.on(rules.day), state=Visit.State.DONE)
    visited = set(done.values_list("pairing_id", flat=True).distinct())
    rows = there.values_list("id", "family_id", "helper_id", "kind_id", "from_date", "to_date", "handed_over_on")
    return [
        Spell(id, family, helper, kind, begin, end, id in visited, over is None or over > rules.day)
        for id, family, helper, kind, begin, end, over in rows
    ]


def _surveyed(round: Round) -> Iterable[Report]:
    """The last survey of each family on the round's days that says what became of the helper."""
    rows = Survey.objects.filter(
        family__unit__path__startswith=round.unit_path,
        surveyed_on__range=(round.from_date, round.to_date),
        helper_reality__in=("helping", "interrupted", "never", "none"),
    ).order_by("surveyed_on", "id")
    last = dict(rows.values_list("family_id", "helper_reality"))
    return [Report(family, "survey", reality) for family, reality in last.items()]  # type: ignore[arg-type]


def _lines(round: Round) -> Iterable[ReportLine]:
    return ReportLine.objects.filter(report__round=round).select_related("report").order_by("id")


def _reported(round: Round) -> list[Report]:
    """What villages say of the spells on file."""
    return [
        Report(line.report.family_id, "village", line.reality, line.pairing_id, line.since)  # type: ignore[arg-type]
        for line in _lines(round)
        if line.pairing_id
    ]


def _reported_others(round: Round) -> list[Claim]:
    """Whom villages name beside them."""
    return [
        Claim(line.report.family_id, "village", line.helper_id, line.named, line.kind, line.since)
        for line in _lines(round)
        if not line.pairing_id
    ]


def _named(round: Round) -> list[Claim]:
    """Whom rosters of the round's days name (帮扶人编号)."""
    named = Family.objects.filter(
        unit__path__startswith=round.unit_path, helper_named_on__range=(round.from_date, round.to_date)
    ).exclude(Q(helper_number="") | Q(status__in=GONE))
    rows = list(named.values_list("id", "helper_number", "helper_kind"))
    numbers = {number for _id, number, _kind in rows}
    known = {
        number: (id, kind)
        for id, number, kind in Helper.objects.filter(number__in=numbers).values_list("id", "number", "kind_id")
    }
    claims: list[Claim] = []
    for family, number, kind in rows:
        helper, own = known.get(number, (None, kind))
        claims.append(Claim(family, "roster", helper, "" if helper else number, own))
    return claims


def _loads(helpers: set[UUID], round: Round, rules: Rules) -> dict[UUID, Load]:
    """How many families each helper may have, and how many there are beyond the round's."""
    elsewhere = Pairing.objects.on(rules.day).filter(helper__in=helpers)
    elsewhere = elsewhere.exclude(family__unit__path__startswith=round.unit_path).order_by()
    counted = {row["helper"]: row["n"] for row in elsewhere.values("helper").annotate(n=Count("family", distinct=True))}
    rows = Helper.objects.filter(pk__in=helpers).select_related("kind").defer("certificate", "phone")
    return {helper.pk: Load(helper.places, counted.get(helper.pk, 0)) for helper in rows}


def _take_in(round: Round, found: Sequence[Found], actor: Actor, now: datetime) -> int:
    """Keep a portion; how many of them are new."""
    wanted = Family.objects.filter(pk__in={each.family for each in found}).select_related("unit")
    families = {family.pk: family for family in wanted}
    new = 0
    for each in found:
        one = take_in(round=round, found=each, families=families, actor=actor, now=now)
        if one.round_id == round.pk and one.run == round.runs:
            new += 1
            _bring_to_inbox(one, actor, now)
    return new


def _hand_out(round: Round, actor: Actor, now: datetime) -> None:
    """What had no case when it was found and has one now comes to an inbox."""
    idle = Difference.objects.filter(round=round, instance_id=None, last_run=round.runs)
    for one in idle.exclude(state=Difference.State.SETTLED).select_related("family"):
        one.case = case_under_way(one.family)
        _bring_to_inbox(one, actor, now)


def _bring_to_inbox(difference: Difference, actor: Actor, now: datetime) -> None:
    """Begin the process that settles it, beside the case. Without a case it stays on the list."""
    if difference.case is None or difference.instance_id is not None:
        return
    instance = services.start(
        process="reconciliation", case=difference.case, data={"difference": str(difference.pk)}, actor=actor, now=now
    )
    difference.instance_id = instance.pk
    difference.save(update_fields=["case", "instance_id"])
