"""What is known of needs, plans and referrals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.services import share
from backend.services.models import Plan, PlanItem, Referral
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text
from workflows.steps.service_plan_referral import offered_entries


def needs(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found so far, where it comes from, and what is on file."""
    plan = _plan(data)
    facts = {"plan_source": plan.source, "service_needs": list(plan.needs), "level": plan.level}
    return {"values": {"assessment": "needs", "needs": list(plan.needs)}, "facts": facts}


def compose_plan(context: Context, data: Mapping[str, Any]) -> Known:
    """The catalogue, what needs and the table suggest ticked; why the supervisor returned an earlier plan."""
    plan = _plan(data)
    advised = dict(zip(data.get("services") or [], data.get("service_reasons") or [], strict=False))
    rows = offered_entries(plan, advised, context.today)
    before = [item.package.code if item.package else item.entry.code for item in _items(plan)]
    ticked = before or [row["entry"] for row in rows if row["reasons"]]
    facts: dict[str, Any] = {"service_needs": list(plan.needs), "level": plan.level, "evidence": plan.evidence}
    facts |= {"returned_because": plan.returned, "catalogue": rows}
    return {"values": {"services": list(dict.fromkeys(ticked))}, "facts": facts}


def plan_told(context: Context, data: Mapping[str, Any]) -> Known:
    """The plan as composed: for the supervisor who signs it and the village worker who asks the family."""
    plan = _plan(data)
    facts = {
        "service_needs": list(plan.needs),
        "level": plan.level,
        "evidence": plan.evidence,
        "plan_items": [item.entry.title for item in _items(plan)],
        "composed_by": plan.composed_label,
    }
    return {"values": {"asked_on": context.today.isoformat()}, "facts": facts}


def plan_effect(context: Context, data: Mapping[str, Any]) -> Known:
    """What was promised, and what came of it."""
    plan = _plan(data)
    came = {item.entry.title: str(item.get_state_display()) for item in _items(plan)}
    return {"facts": {"service_needs": list(plan.needs), "came_of_it": came}}


def referral_told(context: Context, data: Mapping[str, Any]) -> Known:
    """What a department decides by and works with: no name. What it may know is opened on the referral's own page."""
    row = prepared.found(Referral, data["referral"], follow=("item__entry", "item__plan__family__unit__parent"))
    facts = {"referral_number": row.number, "department": row.department, **share.told_before(row.item, context.today)}
    if row.state == Referral.State.SENT:
        facts["answer_until"] = text(row.answer_by)
    today = context.today.isoformat()
    return {"values": {"quantity": row.item.quantity, "delivered_on": today}, "facts": facts}


def own_item(context: Context, data: Mapping[str, Any]) -> Known:
    """What the village worker brings, and where."""
    item = _item_of(data)
    family = item.plan.family
    facts = {**_of_item(item), "address": family.live_address}
    today = context.today.isoformat()
    return {"values": {"quantity": item.quantity, "delivered_on": today}, "facts": facts}


def given_item(context: Context, data: Mapping[str, Any]) -> Known:
    """What is said to have been given, for whoever asks the family; or why nobody can."""
    item = _item_of(data)
    last = item.referrals.order_by("-id").first()
    facts = {**_of_item(item), "delivered_on": text(item.delivered_on), "delivered_quantity": item.delivered_quantity}
    facts |= {"evidence": item.evidence, "recorded_by": item.delivered_label}
    if last is not None and last.state == Referral.State.DECLINED:
        facts |= {"decline_code": last.reason, "answered_by": last.answered_label}
    return {"values": {"told_on": context.today.isoformat()}, "facts": facts}


def _of_item(item: PlanItem) -> dict[str, Any]:
    entry = item.entry
    told = {"service": entry.name, "service_en": entry.name_en, "quantity": item.quantity, "measure": entry.measure}
    return {**told, "frequency": entry.frequency, "department": item.department}


def _items(plan: Plan) -> list[PlanItem]:
    return list(plan.items.select_related("entry", "package").order_by("id"))


def _item_of(data: Mapping[str, Any]) -> PlanItem:
    return prepared.found(PlanItem, data["item"], follow=("entry", "plan__family"))


def _plan(data: Mapping[str, Any]) -> Plan:
    return prepared.found(Plan, data["plan"], follow=("case",))


FORM_VALUES: FormValues = {
    ("service_plan_referral", "assess_needs"): needs,
    ("service_plan_referral", "compose_plan"): compose_plan,
    ("service_plan_referral", "confirm_plan"): plan_told,
    ("service_plan_referral", "ask_family"): plan_told,
    ("service_plan_referral", "review_effect"): plan_effect,
    ("referral", "answer_referral"): referral_told,
    ("referral", "deliver_by_department"): referral_told,
    ("referral", "deliver_item"): own_item,
    ("referral", "confirm_with_family"): given_item,
    ("referral", "tell_family"): given_item,
}
