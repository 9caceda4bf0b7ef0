"""Steps of health services: agreed to, decided, vouched for, answered with yes or no, closed or forgotten.

What a person answers stays in the domain's rows; the process data holds ids, days and what gateways ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backend.cases.models import Family
from backend.health import rota
from backend.health import services as health
from backend.health.models import HealthService
from backend.health.rules import rules
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

SPECIAL = frozenset({"bereaved", "disabled_child"})
"""Categories of a special family (2a)."""
ADVICE = ("advice", "voucher", "green")
"""What the table D18 leaves in the process data."""


def record_consent(call: Call) -> Mapping[str, Any]:
    """What the person agreed to; or nothing at all."""
    agreed = call.answers["consent"] == "agreed"
    if agreed:
        health.agree(service=_service(call), answers=call.answers, actor=of(call).actor, now=of(call).now)
    return {"agreed": agreed}


def eligibility_facts(call: Call) -> Mapping[str, Any]:
    """What decision D18 looks at."""
    context, row = of(call), _service(call)
    today = context.today
    special = row.person is not None and _is_special(row.person.family)
    every = rules(row.unit_path, today)["round_years"]
    town = Unit.objects.get(pk=call.data["office"])
    return {
        "kind": row.kind,
        "residence_months": row.residence_months,
        "planning": row.planning,
        "had_before": row.had_before,
        "special": special,
        "turn": row.kind == HealthService.Kind.WOMENS_CHECK and rota.has_turn(row.place, town, today.year, every=every),
    }


def record_decision(call: Call) -> Mapping[str, Any]:
    """A named person signs; the table only advises."""
    granted = call.answers["decision"] == "grant"
    health.decide(
        service=_service(call),
        granted=granted,
        advised={key: call.data[key] for key in ADVICE},
        override=str(call.answers.get("override_reason") or ""),
        actor=of(call).actor,
        now=of(call).now,
    )
    return {"granted": granted}


def open_service(call: Call) -> Mapping[str, Any]:
    """The voucher, and by when the hospital names a time."""
    context, row = of(call), _service(call)
    way = USUAL[row.kind] if call.data["voucher"] == "none" else str(call.data["voucher"])
    health.issue(service=row, voucher=way, green=int(call.data["green"]), actor=context.actor, now=context.now)
    days = rules(row.unit_path, context.today)["appointment_days"]
    assert row.expires_at is not None
    return {
        "way": way,
        "hospital": str(row.hospital_id or ""),
        "company": row.company,
        "expires_at": row.expires_at.isoformat(),
        "appointment_due": end_of_day(context.today + timedelta(days=days)).isoformat(),
    }


def record_appointment(call: Call) -> Mapping[str, Any]:
    """The hospital's time."""
    moment = datetime.fromisoformat(str(call.answers["appointment_at"]))
    report_due = health.appoint(service=_service(call), moment=moment, actor=of(call).actor, now=of(call).now)
    return {"report_due": report_due.isoformat()}


def record_company(call: Call) -> Mapping[str, Any]:
    """Who keeps company; asked for once."""
    by = str(call.answers["company_by"])
    health.accompany(service=_service(call), by=by, actor=of(call).actor, now=of(call).now)
    return {"company": False}


def record_attendance(call: Call) -> Mapping[str, Any]:
    """Three times yes or no."""
    row = _service(call)
    health.attend(service=row, answers=call.answers, actor=of(call).actor, now=of(call).now)
    return {"attended": row.attended, "returned": row.returned, "follow_up": row.follow_up}


def record_return(call: Call) -> Mapping[str, Any]:
    """The result has reached the person."""
    answers = {"attended": True, **call.answers}
    health.attend(service=_service(call), answers=answers, actor=of(call).actor, now=of(call).now)
    return {"follow_up": bool(call.answers["follow_up"])}


def record_counselling(call: Call) -> None:
    """Had, or not wanted."""
    answer = str(call.answers["counselling"])
    health.counsel(service=_service(call), answer=answer, actor=of(call).actor, now=of(call).now)


def plan_review(call: Call) -> Mapping[str, Any]:
    """When a plan is looked at again."""
    return {"review_at": health.next_review(_service(call), of(call).now).isoformat()}


def record_review(call: Call) -> Mapping[str, Any]:
    """Goes on or not; how it turned out is not asked."""
    discount = bool(call.answers["discount"])
    health.review(service=_service(call), discount=discount, actor=of(call).actor, now=of(call).now)
    return {"review": call.answers["review"]}


def record_supply(call: Call) -> Mapping[str, Any]:
    """Handed out, and when again; or no more."""
    row, context = _service(call), of(call)
    more = call.answers["supply"] == "given" and health.hand_out(
        service=row, bottles=int(call.answers["bottles"]), actor=context.actor, now=context.now
    )
    return {"more": more, "next_at": health.next_supply(row, context.now).isoformat()}


def record_entry(call: Call) -> None:
    """A number, or a contract."""
    health.enter(service=_service(call), answers=call.answers, actor=of(call).actor, now=of(call).now)


def void_voucher(call: Call) -> None:
    """Run out unused."""
    health.expire(service=_service(call), actor=of(call).actor, now=of(call).now)


def close_service(call: Call) -> Mapping[str, Any]:
    """Nothing is left to do."""
    return {"ended": health.close(service=_service(call), actor=of(call).actor, now=of(call).now)}


def forget(call: Call) -> None:
    """Declined: no name, no kind."""
    health.forget(service=_service(call), actor=of(call).actor, now=of(call).now)


# --- parts

USUAL: Mapping[str, str] = {
    HealthService.Kind.PRE_CONCEPTION: "check",
    HealthService.Kind.WOMENS_CHECK: "check",
    HealthService.Kind.INFERTILITY: "plan",
    HealthService.Kind.HOSPITAL_VISIT: "card",
    HealthService.Kind.FOLIC_ACID: "supply",
    HealthService.Kind.CHILD_FILE: "entry",
    HealthService.Kind.DOCTOR_CONTRACT: "entry",
}
"""The voucher of a service that somebody grants although the table advises against it."""


def _service(call: Call) -> HealthService:
    rows = HealthService.objects.select_related("place__parent", "person__family")
    return rows.get(pk=call.data["service"])


def _is_special(family: Family) -> bool:
    return bool(SPECIAL & {*family.categories, *family.declared_categories})


STEPS: Mapping[str, Step] = {
    f"health_service.{step.__name__}": step
    for step in (
        record_consent, eligibility_facts, record_decision, open_service, record_appointment, record_company,
        record_attendance, record_return, record_counselling, plan_review, record_review, record_supply, record_entry,
        void_voucher, close_service, forget,
    )
}  # fmt: skip
