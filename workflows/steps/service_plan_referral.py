"""Steps of a service plan (P05): needs, advice, choice, signature, the family's word, delivery, effect.

Each item runs as an instance of its own (process `referral`); here only whether all of them are settled is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from backend.cases import surveys
from backend.cases.classification import category_facts
from backend.core import prepared
from backend.core.jobs import enqueue
from backend.org import codes
from backend.org.access import SYSTEM
from backend.services import catalogue, plans
from backend.services.cards import held_cards
from backend.services.departments import LIST as DEPARTMENTS
from backend.services.models import Entry, Plan, PlanItem
from workflows.engine.runner import Call
from workflows.models import Instance
from workflows.steps.context import Context, Step, case_of, of

ITEM = "referral"
MORNING = time(9)
ELDERS = frozenset({"empty_nest", "seasonal_empty_nest", "left_behind_elder"})
GIRLS_AND_MOTHERS = frozenset({"girl", "two_girls", "single_mother"})


def record_assessment(call: Call) -> None:
    """What the family needs, or that it needs nothing."""
    context = of(call)
    plan = _plan(call)
    if plan.instance_id is None:
        plan.instance_id = context.instance_id
    plans.record_assessment(plan=plan, found=call.answers, actor=context.actor, now=context.now)


def composition_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D10."""
    case, context = case_of(call), of(call)
    family = case.family
    answers = surveys.latest_answers(family)
    known = category_facts(family, family.persons.all(), answers, context.today)
    categories = family.known_categories
    people = family.persons.filter(died_on__isnull=True).values_list("self_care", flat=True)
    return {
        "special": family.is_special,
        "hardship": "hardship" in categories,
        "elder_alone": bool(categories & ELDERS),
        "oldest_age": known["oldest_age"] or 0,
        "self_care": max((care for care in people if care), default=1),
        "child_left": "left_behind_child" in categories,
        "woman_left": "left_behind_woman" in categories,
        "girl_or_mother": bool(categories & GIRLS_AND_MOTHERS),
        "moved_in": family.residence == "moved_in" or "migrant" in categories,
        "tier": family.risk_tier,
        "card": "held" if held_cards(family, context.today) else "none",
    }


def record_plan(call: Call) -> None:
    """The caseworker's choice."""
    context = of(call)
    plans.propose(
        plan=_plan(call),
        chosen=list(call.answers["services"]),
        advised=sorted(set(call.data.get("services") or [])),
        actor=context.actor,
        now=context.now,
    )


def record_confirmation(call: Call) -> None:
    """The supervisor signs, or returns it."""
    context, plan = of(call), _plan(call)
    if call.answers["confirmation"] == "return":
        plans.return_plan(plan=plan, reason=str(call.answers["reason"]), actor=context.actor, now=context.now)
    else:
        plans.confirm(plan=plan, actor=context.actor, now=context.now)


def record_consent(call: Call) -> None:
    """The family agrees to the plan or declines it, and says whether departments may hear its name."""
    context, answers = of(call), call.answers
    plans.record_family_answer(
        plan=_plan(call),
        agrees=answers["consent"] == "agree",
        may_share=bool(answers.get("may_share")),
        asked_on=date.fromisoformat(str(answers["asked_on"])),
        actor=context.actor,
        now=context.now,
    )


def begin_delivery(call: Call) -> dict[str, Any]:
    """Cards are issued; an instance of its own is queued for every item."""
    context, plan = of(call), _plan(call)
    for item in plans.begin(plan=plan, actor=context.actor, now=context.now):
        _begin_item(item, context)
    assert plan.review_on is not None, "a plan under way has its day of review"
    review = timezone.make_aware(datetime.combine(plan.review_on, MORNING))
    return {"settled": plans.is_settled(plan), "review_at": review.isoformat()}


def hear_item(call: Call) -> dict[str, Any]:
    """An item has ended: is anything left?"""
    return {"settled": plans.is_settled(_plan(call))}


def record_effect(call: Call) -> None:
    """Whether the needs are met."""
    context, answers = of(call), call.answers
    plans.record_effect(
        plan=_plan(call),
        effect=str(answers["effect"]),
        note=str(answers["note"]),
        actor=context.actor,
        now=context.now,
    )


def close_plan(call: Call) -> None:
    """Needs are met, wholly or in part; what is still open is taken back."""
    result = {"close_met": "delivered", "close_partly": "partly"}[call.node_id]
    _close(call, result)


def put_on_meeting(call: Call) -> None:
    """Unmet: the leading group coordinates."""
    context = of(call)
    plans.list_for_meeting(plan=_plan(call), actor=context.actor, now=context.now)
    _close(call, "impossible")


def renew_plan(call: Call) -> dict[str, Any]:
    """Half a year is over: the next plan begins with the same needs."""
    context, old = of(call), _plan(call)
    _close(call, "renewed")
    plan, _new = plans.open_plan(
        case=case_of(call), source=Plan.Source.REVIEW, needs=old.needs, actor=context.actor, now=context.now
    )
    return {"plan": str(plan.pk)}


def wind_up(call: Call) -> None:
    """The case is over, or the family wants nothing: nobody is left waiting. Cards stay with the family."""
    _close(call, call.node_id.replace("wind_up_", "stopped_"))


def _close(call: Call, result: str) -> None:
    context, plan = of(call), _plan(call)
    running = plan.items.exclude(instance_id=None).values_list("instance_id", flat=True)
    open_runs = Instance.objects.filter(pk__in=list(running), state=Instance.State.RUNNING)
    for instance_id in open_runs.values_list("pk", flat=True):
        _withdraw(instance_id, context)
    plans.close_plan(plan=plan, result=result, actor=context.actor, now=context.now)


def _begin_item(item: PlanItem, context: Context) -> None:
    enqueue(
        "processes.start",
        lock=f"case:{item.case_id}",
        process=ITEM,
        case_id=str(item.case_id),
        parent_id=str(context.instance_id),
        data={"item": str(item.pk), "own": not item.department},
        actor=SYSTEM.as_json(),
    )


def _withdraw(instance_id: Any, context: Context) -> None:
    enqueue(
        "processes.message",
        lock=f"instance:{instance_id}",
        instance_id=str(instance_id),
        name="item_withdrawn",
        data={},
        actor=context.actor.as_json(),
    )


def offered_entries(plan: Plan, advised: Mapping[str, str], today: date) -> list[dict[str, Any]]:
    """What can be chosen for a plan: what the needs and the table suggest first, with the reason; then the rest."""
    rows = []
    for entry in catalogue.in_force(path=plan.unit_path, day=today).values():
        reasons = [advised[entry.code]] if entry.code in advised else []
        if entry.need and entry.need in plan.needs:
            reasons.append("asked_for")
        rows.append({"entry": entry.code, "name": entry.title, "unit": _giver(entry), "reasons": reasons})
    return sorted(rows, key=lambda row: not row["reasons"])


def _giver(entry: Entry) -> str:
    return codes.name(DEPARTMENTS, entry.department) if entry.department else ""


def _plan(call: Call) -> Plan:
    return prepared.found(Plan, call.data["plan"], follow=("case__unit__parent", "family__unit__parent"))


STEPS: Mapping[str, Step] = {
    "service_plan_referral.record_assessment": record_assessment,
    "service_plan_referral.composition_facts": composition_facts,
    "service_plan_referral.record_plan": record_plan,
    "service_plan_referral.record_confirmation": record_confirmation,
    "service_plan_referral.record_consent": record_consent,
    "service_plan_referral.begin_delivery": begin_delivery,
    "service_plan_referral.hear_item": hear_item,
    "service_plan_referral.record_effect": record_effect,
    "service_plan_referral.close_plan": close_plan,
    "service_plan_referral.put_on_meeting": put_on_meeting,
    "service_plan_referral.renew_plan": renew_plan,
    "service_plan_referral.wind_up": wind_up,
}
