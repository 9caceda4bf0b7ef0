"""Steps of one item of a plan (P05, E24): given by the village, or by a department that is asked, answers and learns
no more than it needs; the family confirms, or is told within five days that nobody can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.services import items, referrals
from backend.services.models import PlanItem, Referral
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

GIRLS_AND_MOTHERS = frozenset({"girl", "two_girls", "single_mother"})


def route_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D11."""
    item = _item(call)
    _remember(call, item)
    categories = item.plan.family.known_categories
    return {"duty": item.entry.department, "girl_or_mother": bool(categories & GIRLS_AND_MOTHERS)}


def send_referral(call: Call) -> dict[str, Any]:
    """The department that D11 names is asked."""
    context = of(call)
    sent = referrals.send_referral(item=_item(call), route=call.data, actor=context.actor, now=context.now)
    return _asked(sent)


def record_answer(call: Call) -> None:
    """Accepted, or declined with a reason."""
    context, referral, answers = of(call), _referral(call), call.answers
    if answers["answer"] == "decline":
        reason, note = str(answers["decline_code"]), str(answers.get("note") or "")
        referrals.decline(referral=referral, reason=reason, note=note, actor=context.actor, now=context.now)
        return
    referral.note = str(answers.get("note") or "")
    referral.save(update_fields=["note"])


def open_package(call: Call) -> dict[str, Any]:
    """What the department has to know is opened to it."""
    context, referral = of(call), _referral(call)
    by = referrals.accept(referral=referral, note=referral.note, actor=context.actor, now=context.now)
    return {"deliver_by": by.isoformat()}


def note_answer_late(call: Call) -> None:
    """No answer in five working days."""
    context = of(call)
    referrals.note_late(referral=_referral(call), actor=context.actor, now=context.now)


def reroute(call: Call) -> dict[str, Any]:
    """Another department, once; or nobody is left."""
    context = of(call)
    days = int(call.data["answer_days"])
    other = referrals.reroute(referral=_referral(call), actor=context.actor, now=context.now, answer_days=days)
    return {"rerouted": False} if other is None else {"rerouted": True, **_asked(other)}


def begin_own(call: Call) -> dict[str, Any]:
    """The village worker gives it."""
    item = _item(call)
    _remember(call, item)
    return {"deliver_by": items.begin_item(item=item, now=of(call).now).isoformat()}


def record_delivery(call: Call) -> None:
    """What was given, and what shows it."""
    context, item = of(call), _item(call)
    items.record_delivery(item=item, found=call.answers, actor=context.actor, now=context.now)
    referral = _referral_of(call)
    if referral is not None:
        given = call.answers["delivery"] != "impossible"
        referrals.finish(referral=referral, delivered=given, now=context.now)


def note_item_late(call: Call) -> None:
    """It should have been given by now."""
    context = of(call)
    items.note_late(item=_item(call), actor=context.actor, now=context.now)


def record_receipt(call: Call) -> None:
    """What the family says about it."""
    context, answers = of(call), call.answers
    items.record_receipt(
        item=_item(call),
        received=str(answers["received"]),
        by=str(answers["received_by"]),
        partly=call.data.get("delivery") == "partly",
        actor=context.actor,
        now=context.now,
    )


def put_on_meeting(call: Call) -> dict[str, Any]:
    """Nobody can: the leading group's list, and the family hears it within five days."""
    context = of(call)
    by = items.list_for_meeting(item=_item(call), actor=context.actor, now=context.now)
    return {"tell_by": by.isoformat()}


def record_told(call: Call) -> None:
    """The family was told."""
    context = of(call)
    told_on = date.fromisoformat(str(call.answers["told_on"]))
    items.record_told(item=_item(call), told_on=told_on, actor=context.actor, now=context.now)


def note_told_late(call: Call) -> None:
    """Five days are over, and the family has not been told: the supervisor hears it."""
    context = of(call)
    items.note_told_late(item=_item(call), actor=context.actor, now=context.now)


def wind_up(call: Call) -> None:
    """The plan is over."""
    context, referral = of(call), _referral_of(call)
    if referral is not None:
        referrals.withdraw(referral=referral, actor=context.actor, now=context.now)


def _asked(referral: Referral) -> dict[str, Any]:
    return {
        "referral": str(referral.pk),
        "department_unit": str(referral.unit_id) if referral.unit_id else None,
        "answer_by": referral.answer_by.isoformat(),
    }


def _remember(call: Call, item: PlanItem) -> None:
    """Which instance gives it: what the plan takes back when it ends."""
    item.instance_id = of(call).instance_id
    item.save(update_fields=["instance_id"])


def _item(call: Call) -> PlanItem:
    rows = PlanItem.objects.select_related("entry", "plan__case__unit__parent", "plan__family__unit__parent")
    return rows.get(pk=call.data["item"])


def _referral(call: Call) -> Referral:
    rows = Referral.objects.select_related(
        "case__unit__parent", "item__entry", "item__plan__case__unit__parent", "item__plan__family__unit__parent"
    )
    return rows.get(pk=call.data["referral"])


def _referral_of(call: Call) -> Referral | None:
    """The last referral of the item; None for what the village gives itself."""
    return _referral(call) if call.data.get("referral") else None


STEPS: Mapping[str, Step] = {
    "referral.route_facts": route_facts,
    "referral.send_referral": send_referral,
    "referral.record_answer": record_answer,
    "referral.open_package": open_package,
    "referral.note_answer_late": note_answer_late,
    "referral.reroute": reroute,
    "referral.begin_own": begin_own,
    "referral.record_delivery": record_delivery,
    "referral.note_item_late": note_item_late,
    "referral.record_receipt": record_receipt,
    "referral.put_on_meeting": put_on_meeting,
    "referral.record_told": record_told,
    "referral.note_told_late": note_told_late,
    "referral.wind_up": wind_up,
}
