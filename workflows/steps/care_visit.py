"""Steps of care visits (P03): period, plan, record, missed visits, red flags and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from backend.audit.history import record
from backend.cases import families
from backend.cases.models import Case, Family
from backend.core.jobs import enqueue
from backend.emergencies import found
from backend.helpers import pairings
from backend.helpers.accounts import account_of
from backend.helpers.models import Helper, Pairing
from backend.helpers.stand_ins import visitor_on
from backend.visits import cadence, facts, visitors, visits
from backend.visits.models import Visit
from workflows.engine.runner import Call
from workflows.steps import visit_outcomes
from workflows.steps.context import HEARD_BY, Context, Step, case_of, code, let_hear, number, of, tell

REASONS: Mapping[str, str] = {
    "wind_up_refused": "family_refused",
    "wind_up_moved": "family_moved",
    "wind_up_died": "family_died",
    "wind_up_closed": "case_closed",
}
"""Node → why the spell ends (code list helper_end_reason)."""
REVIEW_LEAD_DAYS = 30
"""The yearly review begins so long before its day at the earliest. Parameter `review.lead_days`."""


def period_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D06."""
    case, context = case_of(call), of(call)
    context.held["pairing"] = pairings.current_pairing(case, context.today)
    return facts.period_facts(case, context.held["pairing"], context.today)


def plan_next(call: Call) -> dict[str, Any]:
    """Plan the next visit by the period found. None when the year with this helper is over first: then the review is
    waited for."""
    case, context, data = case_of(call), of(call), call.data
    _keep_flags(call)
    pairing: Pairing | None = context.held.get("pairing") or pairings.current_pairing(case, context.today)
    review_on = _review_day(pairing, context.today)
    period = int(data.get("period_days") or 0)
    rules = visits.rules_for(case.unit_path, context.today)
    day = _no_later(_next_day(case, pairing, period, context, rules), call) if period else None
    if day is None or day >= review_on:
        return _until_review(review_on - timedelta(days=number(call, "review.lead_days", REVIEW_LEAD_DAYS)), context)
    window = cadence.window(day, wait_days=(day - context.today).days, rules=rules)
    opens = max(context.today, timezone.localdate(window.opens_at))
    visitor = visitor_on(pairing, opens) if pairing else None
    visit = visits.plan_visit(
        case=case,
        pairing=pairing,
        helper=visitor,
        window=window,
        channel=str(data.get("channel") or "home"),
        instance_id=context.instance_id,
        is_paused=context.instance.paused_at is not None,
        actor=context.actor,
        now=context.now,
    )
    report = cadence.report_at(window.due_at, tier=case.family.risk_tier, rules=rules)
    return {
        **_plan(over=False, opens=window.opens_at, missed=window.due_at, report=report),
        "visit": str(visit.pk),
        "helper_user": _account(visitor, context.today),
    }


def find_visitor(call: Call) -> dict[str, Any]:
    """Who goes, now that the time has come: the helper, or a stand-in while the helper is away."""
    context = of(call)
    if not call.data.get("visit"):  # nothing was planned: the family wants no visits, or the review comes first
        return {}
    visit = _visit(call)
    visitor = visitors.find_visitor(visit=visit, actor=context.actor, now=context.now)
    return {"helper_user": _account(visitor, context.today), **_deadlines(visit, context)}


def take_back(call: Call) -> dict[str, Any]:
    """What the plan went by has changed (the family went away or is back, its tier, its wish, the season), or something
    has happened: it is planned anew, and no later than it was."""
    case, context = case_of(call), of(call)
    planned_for = _visit(call).planned_for if call.data.get("visit") else None
    visits.cancel_visits(case=case, reason="plans_changed", actor=context.actor, now=context.now)
    return {"no_later": planned_for.isoformat() if planned_for else None}


def record_visit(call: Call) -> dict[str, Any]:
    """The record typed into the work item, by the helper or by the village worker who went instead."""
    context = of(call)
    recorded = visits.record_visit(
        visit_id=UUID(call.data["visit"]),
        answers=call.answers,
        answering=context.instance_id,
        actor=context.actor,
        now=context.now,
    )
    context.held["visit"] = recorded.visit
    return {"record_state": recorded.record_state, "call_back": recorded.call_back, "looked_into": False}


def note_missed(call: Call) -> dict[str, Any]:
    """The helper did not come in time: asked kindly; the village worker goes, the supervisor hears when nobody went."""
    context = of(call)
    visit = visits.miss_visit(visit=_visit(call), actor=context.actor, now=context.now)
    return {"report_at": _deadlines(visit, context)["report_at"]}


def report_missed(call: Call) -> None:
    """A missed visit was still not made: the supervisor is told."""
    _tell(call, "visit.missed_reported")


def decide_late_record(call: Call) -> None:
    """The supervisor's word on a record of more than 7 days (E20)."""
    context, answers = of(call), call.answers
    visits.decide_late_record(
        visit=_visit(call),
        allow=answers["late_decision"] == "allow",
        reason=str(answers["reason"]),
        actor=context.actor,
        now=context.now,
    )


def visit_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D07; nothing, where the run of another programme follows the same visit up (E6)."""
    return facts.visit_facts(None if call.data.get("looked_into") else _visit(call))


def raise_alarm(call: Call) -> None:
    """Something dangerous was seen: it becomes an emergency (P04) at once, once for each visit; nothing waits for
    approval, and the visits go on. The case is not told what it was, whatever it was: that it is left out would say
    that somebody may be the cause."""
    _keep_flags(call)
    _tell(call, "visit.alarm_raised")
    incident = found.raise_alarm(visit=_visit(call), reasons=call.data["flag_reasons"], now=of(call).now)
    enqueue("processes.begin", lock=f"emergency:{incident.pk}", noun="emergency", id=str(incident.pk))


def report_danger(call: Call) -> None:
    """What was dangerous in a record that waited for the supervisor has been reported when it came in: no second
    time when it is allowed."""
    if found.is_raised(_visit(call)):
        _keep_flags(call)
    else:
        raise_alarm(call)


def record_follow_up(call: Call) -> None:
    """What follows from needs, health, safety or boundary flags, and from what cannot wait."""
    _keep_flags(call)
    _follow_up(call, "follow_up", "follow_up_result")
    if call.answers["follow_up_result"] == "referred":
        visit_outcomes.pass_on(call, _visit(call))


def record_call_back(call: Call) -> None:
    """What the family says about the visit, asked by somebody who did not make it."""
    _follow_up(call, "call_back", "call_result")


def end_period(call: Call) -> None:
    """The year with this helper is over: the review follows."""
    _keep_flags(call)
    tell(call, "case.care_period_ended")


def wind_up(call: Call) -> None:
    """Something ended the visits: plans are cancelled, the spell ends with its reason, a handover note is due."""
    case, context = case_of(call), of(call)
    reason = REASONS.get(call.node_id) or code(call, "reason", default="left", among="helper_end_reason")
    visits.cancel_visits(case=case, reason=reason, actor=context.actor, now=context.now)
    if call.data.get("visit") and call.data.get("record_state") == "blocked":
        visits.have_decided(_visit(call))  # the record may still wait for the supervisor, and this run does not go on
    if call.node_id == "wind_up_helper":
        _end_spell_of(call, reason)
        return
    if call.node_id == "wind_up_refused":
        families.set_willingness(
            family=case.family, willingness=Family.Willingness.REFUSED, actor=context.actor, now=context.now
        )
    pairings.end_pairings_of(case=case, reason=reason, actor=context.actor, now=context.now)


def _end_spell_of(call: Call, reason: str) -> None:
    """End the spells of the helper whom the message names; they may have ended with the helper's service already."""
    case, context = case_of(call), of(call)
    ended_on = date.fromisoformat(call.data["ended_on"]) if call.data.get("ended_on") else context.today
    spells = Pairing.objects.from_day(ended_on).filter(case=case, helper=call.data["helper"])
    for spell in spells.filter(to_date__isnull=True):
        pairings.end_pairing(pairing=spell, reason=reason, ended_on=ended_on, actor=context.actor, now=context.now)


def _plan(*, over: bool, opens: datetime, missed: datetime, report: datetime) -> dict[str, Any]:
    return {
        "care_over": over,
        "no_later": None,
        "visit": None,
        "helper_user": None,
        "open_at": opens.isoformat(),
        "missed_at": missed.isoformat(),
        "report_at": report.isoformat(),
    }


def _until_review(day: date, context: Context) -> dict[str, Any]:
    """Nothing is planned any more: the review begins on that day."""
    at = _morning(max(day, context.today))
    return _plan(over=context.today >= day, opens=at, missed=at, report=at)


def _next_day(case: Case, pairing: Pairing | None, period: int, context: Context, rules: cadence.Rules) -> date:
    """The day of the next visit: the family's last contact counts, whoever made it (E6)."""
    last = visits.last_contacts(case.family)
    attempts = [day for day in (_local(last.tried), last.missed) if day is not None]
    return cadence.next_day(
        start=pairing.from_date if pairing else timezone.localdate(case.opened_at),
        last_met=_local(last.met),
        last_tried=max(attempts, default=None),
        agreed=last.agreed,
        period_days=period,
        today=context.today,
        tier=case.family.risk_tier,
        rules=rules,
        event_on=_local(case.family.event_at) if last.before(case.family.event_at) else None,
    )


def _no_later(day: date, call: Call) -> date:
    """A visit that is planned anew is no later than the one taken back."""
    taken_back = call.data.get("no_later")
    return max(min(day, date.fromisoformat(taken_back)), of(call).today) if taken_back else day


def _review_day(pairing: Pairing | None, today: date) -> date:
    """The day of the yearly review; while nobody is paired none is due."""
    if pairing is None or pairing.review_on is None:
        return pairings.months_later(today, pairings.REVIEW_MONTHS)
    return pairing.review_on


def _deadlines(visit: Visit, context: Context) -> dict[str, str]:
    """By when the visit has to be made, and when the supervisor hears of it: a pause may have moved both."""
    rules = visits.rules_for(visit.case.unit_path, context.today)
    due = visit.due_at or context.now
    report = cadence.report_at(due, tier=visit.family.risk_tier, rules=rules)
    return {"missed_at": due.isoformat(), "report_at": report.isoformat()}


def _account(visitor: Helper | None, today: date) -> str | None:
    """The account of the helper who is to go; None when the village worker goes: nobody there, or no account."""
    user = account_of(visitor, today) if visitor else None
    return str(user) if user else None


def _visit(call: Call) -> Visit:
    held: Visit | None = of(call).held.get("visit")
    if held is not None and str(held.pk) == call.data["visit"]:
        return held
    return Visit.with_visitor(call.data["visit"])


def _keep_flags(call: Call) -> None:
    """What D07 found about the visit that process data names."""
    visit_id, flags = call.data.get("visit"), call.data.get("flags")
    if visit_id and flags:
        visits.note_flags(visit=_visit(call), flags=flags)


def _follow_up(call: Call, kind: str, result: str) -> None:
    context = of(call)
    visits.follow_up(
        visit=_visit(call),
        kind=kind,
        result=str(call.answers[result]),
        answers={name: said for name, said in call.answers.items() if name not in visit_outcomes.KEPT_APART},
        actor=context.actor,
        now=context.now,
    )


def _tell(call: Call, action: str) -> None:
    case, context = case_of(call), of(call)
    visit = _visit(call)
    record(action=action, object=visit, label=case.family.label, actor=context.actor, now=context.now)
    if action in HEARD_BY:
        let_hear(call, action)


def _morning(day: date) -> datetime:
    return datetime.combine(day, cadence.DAY_BEGINS, tzinfo=cadence.LOCAL)


def _local(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment else None


STEPS: Mapping[str, Step] = {
    "care_visit.period_facts": period_facts,
    "care_visit.plan_next": plan_next,
    "care_visit.find_visitor": find_visitor,
    "care_visit.take_back": take_back,
    "care_visit.record_visit": record_visit,
    "care_visit.note_missed": note_missed,
    "care_visit.report_missed": report_missed,
    "care_visit.decide_late_record": decide_late_record,
    "care_visit.visit_facts": visit_facts,
    "care_visit.raise_alarm": report_danger,
    "care_visit.record_follow_up": record_follow_up,
    "care_visit.record_call_back": record_call_back,
    "care_visit.end_period": end_period,
    "care_visit.wind_up": wind_up,
}
