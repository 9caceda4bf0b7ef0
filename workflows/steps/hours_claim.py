"""Steps of one claim of hours: placed by table D24, verified by somebody else, stars by table D25 (F23)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.activities import hours, stars
from backend.activities.models import HourClaim
from backend.core import prepared
from backend.org.access import SYSTEM
from backend.org.models import Unit, User
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

DECIDED_AT_ONCE = frozenset({"auto", "reject"})


def facts(call: Call) -> Mapping[str, Any]:
    """What decision D24 looks at."""
    return hours.facts(_claim(call))


def place_claim(call: Call) -> Mapping[str, Any]:
    """Counted or refused at once, or given to somebody who knows the place: the unit's liaison, the village, the
    association."""
    context, claim = of(call), _claim(call)
    route, reason = str(call.data["route"]), str(call.data["route_reason"])
    due_at = hours.place(claim=claim, route=route, reason=reason, actor=SYSTEM, now=context.now)
    told = {"due_at": due_at.isoformat(), "result": claim.state}
    if route in DECIDED_AT_ONCE:
        return {**told, "verifier": "nobody"}
    return {**told, **_leader(claim, route, context.today)}


def record_verification(call: Call) -> Mapping[str, Any]:
    """All of them, some, or none."""
    context, claim, answers = of(call), _claim(call), call.answers
    halves = {"all": claim.claimed, "none": 0}.get(str(answers["verification"]))
    hours.verify(
        claim=claim,
        half_hours=round(float(answers["hours"]) * 2) if halves is None else halves,
        reason=str(answers.get("reason") or ""),
        actor=context.actor,
        now=context.now,
    )
    return {"result": claim.state}


def tell_overdue(call: Call) -> None:
    """Nobody verified it in time."""
    context = of(call)
    hours.remind(claim=_claim(call), actor=context.actor, now=context.now)


def star_facts(call: Call) -> Mapping[str, Any]:
    """What decision D25 looks at."""
    return stars.facts(_claim(call).helper, of(call).today)


def award_stars(call: Call) -> None:
    """The stars that the table gives, when they are more than before."""
    context, helper = of(call), _claim(call).helper
    if not call.data["stars"]:
        return
    earned = HourClaim.objects.filter(helper=helper).half_hours()
    stars.award(helper=helper, stars=int(call.data["stars"]), half_hours=earned, actor=SYSTEM, now=context.now)


def _leader(claim: HourClaim, route: str, day: date) -> Mapping[str, Any]:
    """Who confirms: the liaison of the unit that sent the volunteer, else the village where it was, else the office.

    The office also where that post is vacant, or held by nobody but the volunteer and whoever claimed the hours: many
    a village has one worker, who may not confirm her own.
    """
    if route == "leader":
        partner, place = claim.helper.partner_unit, claim.place or claim.unit
        if partner is not None and _somebody_else(claim, "liaison", partner, day):
            return {"verifier": "unit", "partner": str(partner.pk)}
        if place.kind == Unit.Kind.VILLAGE and _somebody_else(claim, "village", place, day):
            return {"verifier": "village", "village": str(place.pk)}
    return {"verifier": "association"}


def _somebody_else(claim: HourClaim, role: str, unit: Unit, day: date) -> bool:
    """Whether the role is held there by anybody who neither served nor claimed."""
    themselves = [pk for pk in (claim.claimed_by_id, claim.helper.user_id) if pk]
    there = unit.successor or unit  # where the work item goes (E16)
    return User.objects.holding(role, there.path, day).exclude(pk__in=themselves).exists()


def _claim(call: Call) -> HourClaim:
    held = of(call).held
    if "claim" not in held:
        held["claim"] = prepared.found(
            HourClaim, call.data["claim"], follow=("helper__unit", "helper__partner_unit", "unit", "place")
        )
    claim: HourClaim = held["claim"]
    return claim


STEPS: Mapping[str, Step] = {
    "hours_claim.facts": facts,
    "hours_claim.place_claim": place_claim,
    "hours_claim.record_verification": record_verification,
    "hours_claim.tell_overdue": tell_overdue,
    "hours_claim.star_facts": star_facts,
    "hours_claim.award_stars": award_stars,
}
