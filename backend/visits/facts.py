"""What decision tables and reviews need to know about visits (D06 visit period, D07 red flags, the yearly review)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from backend.cases.models import Case
from backend.cases.pauses import AWAY, reason_of
from backend.cases.surveys import answers_of
from backend.helpers.models import Pairing
from backend.org import parameters
from backend.visits.models import Visit
from backend.visits.visits import unanswered

CADENCES = {"weekly": 7, "fortnightly": 14, "monthly": 30, "quarterly": 90}
"""What an agreement (F06) may say."""
CALL_DAYS = 30
"""Who is away is called so often. Parameter `visit.call_days`."""
USUAL_TIER = "C"


def period_facts(case: Case, pairing: Pairing | None, day: date) -> dict[str, Any]:
    """The inputs of table D06. The season is parameter `visit.season`: festival or extreme_weather for some days."""
    family = case.family
    willingness = "agreed" if family.willingness == "unknown" else str(family.willingness)
    cadence = strictest_cadence(case, pairing, day)
    if willingness == "agreed" and AWAY in {family.residence, reason_of(family.pk)}:
        # Out for work while the household stays: a call each month instead of visits (E1).
        days = int(parameters.value("visit.call_days", path=case.unit_path, day=day, default=CALL_DAYS))
        willingness, cadence = "phone", min(cadence or days, days)
    return {
        "tier": family.risk_tier or USUAL_TIER,
        "season": str(parameters.value("visit.season", path=case.unit_path, day=day, default="normal")),
        "willingness": willingness,
        "cadence_days": cadence,
    }


def strictest_cadence(case: Case, pairing: Pairing | None, day: date) -> int:
    """The shortest time that any of the family's helpers wants between two contacts: a visit serves all programmes
    (E6). 0: as the risk tier says."""
    spells = list(Pairing.objects.on(day).filter(family=case.family_id).select_related("kind"))
    wanted = [cadence_days(each) for each in [*spells, pairing]]
    return min((days for days in wanted if days), default=0)


def cadence_days(pairing: Pairing | None) -> int:
    """How often the agreement, else the kind of helper, wants a contact; 0: as the risk tier says."""
    if pairing is None:
        return 0
    return CADENCES.get(str(pairing.agreement.get("cadence", "")), pairing.kind.cadence_days)


def visit_facts(visit: Visit | None) -> dict[str, Any]:
    """The inputs of table D07, out of the record; what was not asked is unknown. Without a visit nothing is known."""
    answers = answers_of(visit.answers) if visit else {}
    worries = answers.get("worries") or []
    return {
        "physical": answers.get("physical") or "unknown",
        "mental": answers.get("mental") or "unknown",
        "hazards": len(answers.get("hazards") or []),
        "gas_or_fire": "gas_or_fire" in worries,
        "kin_support": answers.get("kin_support") or "unknown",
        "abuse_signs": "abuse_signs" in worries,
        "minor_alone": "minor_alone" in worries,
        "needs": len(answers.get("needs") or []),
        "money_or_gifts": bool(answers.get("money_or_gifts")),
        "unanswered": unanswered(visit.family) if visit else 0,
    }


def year_facts(case: Case, *, since: datetime, now: datetime) -> dict[str, Any]:
    """What a yearly review looks at: visits done, late, missed, red flags, days without a helper, tier."""
    visits = Visit.objects.filter(family=case.family_id, created_at__gte=since)
    counts = visits.aggregate(
        done=Count("pk", filter=Q(state=Visit.State.DONE)),
        late=Count("pk", filter=Q(is_late=True)),
        not_met=Count("pk", filter=Q(state=Visit.State.NOT_MET)),
        missed=Count("pk", filter=Q(missed_at__isnull=False)),
        extra=Count("pk", filter=Q(is_extra=True, state=Visit.State.DONE)),
        last=Max("started_at", filter=Q(state=Visit.State.DONE)),
    )
    flags: dict[str, int] = {}
    for found in visits.exclude(red_flags=[]).values_list("red_flags", flat=True):
        for flag in found:
            flags[flag] = flags.get(flag, 0) + 1
    last = counts.pop("last")
    return {
        **counts,
        "last_met": timezone.localdate(last).isoformat() if last else None,
        "flags": flags,
        "days_without_helper": gap_days(case, since=timezone.localdate(since), until=timezone.localdate(now)),
        "tier": case.family.risk_tier,
    }


def gap_days(case: Case, *, since: date, until: date) -> int:
    """Days between two days (the second excluded) on which nobody was with the family; statutory contacts apart."""
    spells = Pairing.objects.asked().filter(family=case.family_id, from_date__lt=until).order_by("from_date")
    covered, reached = 0, since
    for begin, end in spells.values_list("from_date", "to_date"):
        first, last = max(begin, reached), min(end or until, until)
        if last > first:
            covered += (last - first).days
            reached = last
    return (until - since).days - covered
