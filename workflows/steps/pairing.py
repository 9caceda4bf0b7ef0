"""Steps of pairing (P02): shortlist, offer, both consents, first meeting, agreement, gate, spell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.cases import cases, families, reviews
from backend.cases.models import Case, Family
from backend.core.errors import FieldProblem, Invalid, NotFound
from backend.helpers import accounts, candidates, gates, offers, pairings, proposals, register
from backend.helpers.models import Helper, Offer
from backend.helpers.waiting import WAITING_PHASE
from backend.org.working_days import end_of_day
from workflows.engine.runner import Call
from workflows.steps import searches
from workflows.steps.context import Step, case_of, number, of, tell

PAIR_DAYS = 30
"""P02: paired within 30 days from the decision. Parameter `pairing.days`."""
ANSWER_DAYS = 7
"""P02: an offer stands for 7 days. Parameter `pairing.answer_days`."""
INSURED_DAYS = 365


class NotOnTheList(Invalid):
    """Somebody from outside the shortlist is asked only with a reason."""

    code = "not_on_shortlist"
    message = _("This helper is not on the shortlist: tick that you choose otherwise, and say why.")


class WrongDays(Invalid):
    """The agreement's days contradict each other."""

    code = "wrong_days"
    message = _("The end lies before the beginning.")


def open_pairing(call: Call) -> dict[str, Any]:
    """The search begins: 30 days, in a campaign year not after the programme's day (15 April). Who is named is asked
    first."""
    case, context = case_of(call), of(call)
    if searches.leaving(call) is None:
        cases.enter_phase(case=case, phase="pairing", actor=context.actor, now=context.now)
    by = context.now + timedelta(days=number(call, "pairing.days", PAIR_DAYS))
    campaign = _campaign_day(case, context.today)
    if campaign is not None and context.today <= campaign < by.date():
        by = end_of_day(campaign)
    return {"pair_by": by.isoformat(), "helper": _ask_named(call)}


def _ask_named(call: Call) -> str | None:
    """An offer to the helper whom process data names; None when nobody is, or who is may not be asked any more."""
    named = Helper.objects.filter(pk=call.data["first"]).first() if call.data.get("first") else None
    if named is None:
        return None
    try:
        _offer_to(call, named)
    except (offers.NotFitting, offers.AlreadyAsked):
        return None
    return str(named.pk)


def rank_helpers(call: Call) -> dict[str, Any]:
    """A new shortlist, without those who were asked in this run."""
    case, context = case_of(call), of(call)
    asked = candidates.asked_in(context.instance_id)
    ranking = proposals.make_shortlist(case=case, asked=asked, actor=context.actor, now=context.now)
    return {"candidates": len(ranking.best)}


def pick_helper(call: Call) -> dict[str, Any]:
    """The caseworker's choice becomes an offer; the ranking only advised."""
    case, answers = case_of(call), call.answers
    if answers["pick_result"] != "pick":
        return {"helper": None}
    helper = Helper.objects.filter(pk=str(answers["helper"])).select_related("kind", "unit").first()
    if helper is None:
        raise NotFound([FieldProblem("/helper", NotFound.code, NotFound.message)])
    listed = proposals.shortlist(case).filter(helper=helper).exists()
    reason = str(answers.get("reason") or "")
    if not listed and not (answers.get("override") and reason.strip()):
        raise NotOnTheList([FieldProblem("/helper", NotOnTheList.code, NotOnTheList.message)])
    _offer_to(call, helper, reason)
    return {"helper": str(helper.pk)}


def _offer_to(call: Call, helper: Helper, reason: str = "") -> None:
    context = of(call)
    offers.make_offer(
        case=case_of(call),
        helper=helper,
        answer_until=context.now + timedelta(days=number(call, "pairing.answer_days", ANSWER_DAYS)),
        reason=reason,
        instance_id=context.instance_id,
        actor=context.actor,
        now=context.now,
    )


def send_offer(call: Call) -> dict[str, Any]:
    """To whom the offer goes, and until when it stands."""
    offer = _newest_offer(call)
    helper, until = offer.helper, offer.answer_until or call.now + timedelta(days=ANSWER_DAYS)
    user = accounts.account_of(helper, of(call).today)
    return {
        "offer": str(offer.pk),
        "offer_to": str(offer.via),
        "partner_unit": str(helper.partner_unit_id) if offer.via == Offer.Via.UNIT else None,
        "helper_user": str(user) if user else None,
        "offer_until": until.isoformat(),
    }


def record_unit_answer(call: Call) -> None:
    """The liaison accepts or declines for the helper, or passes the question on."""
    context, answers = of(call), call.answers
    offer = _offer(call)
    if answers["answer"] == "ask_helper":
        offers.keep(offer=offer, key="unit_answer", answers=answers)
        return
    offers.answer_offer(
        offer=offer,
        accept=answers["answer"] == "accept",
        note=str(answers.get("note") or ""),
        alias=str(answers.get("alias") or ""),
        decline_reason=str(answers.get("decline_reason") or ""),
        actor=context.actor,
        now=context.now,
    )


def record_helper_answer(call: Call) -> None:
    """The helper's own yes or no, typed or said to the village worker."""
    context, answers = of(call), call.answers
    offers.answer_offer(
        offer=_offer(call),
        accept=answers["answer"] == "accept",
        note=str(answers.get("note") or ""),
        decline_reason=str(answers.get("decline_reason") or ""),
        actor=context.actor,
        now=context.now,
    )


def close_offer(call: Call) -> None:
    """The offer led to nothing; why is nobody's fault."""
    case, context = case_of(call), of(call)
    offer = _offer(call)
    lapsed = offer.answer_until is not None and offer.answer_until <= context.now
    if offer.state == Offer.State.OPEN and lapsed:
        offers.lapse_offer(offer=offer, actor=context.actor, now=context.now)
        return
    offers.withdraw_offers(case=case, helper=offer.helper_id, actor=context.actor, now=context.now)


def record_family_answer(call: Call) -> None:
    """What the family says to this helper."""
    context, answers = of(call), call.answers
    offers.record_family_answer(
        offer=_offer(call),
        answer=str(answers["family_answer"]),
        answers=answers,
        actor=context.actor,
        now=context.now,
    )


def remind_family(call: Call) -> None:
    """Fourteen days without the family's answer: the village worker is reminded."""
    tell(call, "case.family_reminded")


def gate_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D05."""
    return gates.gate_facts(_offer(call), of(call).today)


def record_fix(call: Call) -> None:
    """What was missing has been done: the helper's entry says so, and the gate is asked again."""
    context, answers = of(call), call.answers
    offer = _offer(call)
    offers.keep(offer=offer, key="fix", answers=answers)
    if answers["fix_result"] != "fixed":
        return
    done = set(answers.get("done") or [])
    changes: dict[str, Any] = {}
    if "training" in done:
        changes["trained_on"] = context.today
    if "background_check" in done:
        changes["checked_on"] = context.today
    if "insurance" in done:
        changes["insured_until"] = context.today + timedelta(days=INSURED_DAYS)
    if changes:
        register.update_helper(
            helper=offer.helper, changes=changes, actor=context.actor, now=context.now, reason="pairing gate"
        )


def record_first_meeting(call: Call) -> None:
    """Helper and family have met, in the village worker's company; or one of them would rather not."""
    offers.keep(offer=_offer(call), key="first_meeting", answers=call.answers)


def record_agreement(call: Call) -> None:
    """The signed agreement (F06), until a spell takes it over."""
    answers = call.answers
    if answers.get("planned_end") and str(answers["planned_end"]) <= str(answers["start_date"]):
        raise WrongDays([FieldProblem("/planned_end", WrongDays.code, WrongDays.message)])
    offers.keep(offer=_offer(call), key="agreement", answers=answers)


def report_delay(call: Call) -> None:
    """Not paired in time: the supervisor is told."""
    tell(call, "case.pairing_delayed", {"pair_by": call.data.get("pair_by")})


def confirm_pairing(call: Call) -> None:
    """The supervisor's word on the agreement."""
    case, context, answers = case_of(call), of(call), call.answers
    reviews.record_review(
        case=case,
        subject="pairing",
        decision=str(answers["confirm_result"]),
        reason_code=str(answers.get("return_reason") or ""),
        reason=str(answers.get("note") or ""),
        facts={"gate": call.data.get("gate"), "gate_reason": call.data.get("gate_reason"), "offer": call.data["offer"]},
        actor=context.actor,
        now=context.now,
    )


def activate(call: Call) -> None:
    """The spell begins; once for each offer, however often this is called."""
    case, context = case_of(call), of(call)
    offer = _offer(call)
    if hasattr(offer, "pairing"):
        return
    agreement = offers.terms(offer).get("agreement", {})
    start = _as_date(agreement.get("start_date")) or context.today
    months = pairings.months_later(start, offer.helper.kind.months)
    before = searches.leaving(call)
    end = _as_date(agreement.get("planned_end")) or min(months, offer.helper.to_date or months)
    pairings.start_pairing(
        case=case,
        helper=offer.helper,
        from_date=start,
        planned_end=end if end > start else None,
        agreement=agreement,
        accompanied=call.data.get("gate") == "accompany" or bool(offer.helper.kind.gates.get("two_people")),
        offer=offer,
        takes_over=before,
        reason="chosen" if before is None else "successor",
        actor=context.actor,
        now=context.now,
    )


def put_on_waiting_list(call: Call) -> None:
    """Nobody could be found: the village worker visits meanwhile, and a free helper is announced to the case. While the
    one who leaves still visits, the case waits for nobody."""
    case, context = case_of(call), of(call)
    if searches.leaving(call) is not None:
        return
    cases.enter_phase(case=case, phase=WAITING_PHASE, actor=context.actor, now=context.now)


def record_refusal(call: Call) -> None:
    """The family wants no helper (E5): what it is entitled to stays as it is. A successor refused is another matter as
    long as the present helper comes."""
    if searches.leaving(call) is None:
        _refuse(call)


def _refuse(call: Call) -> None:
    case, context = case_of(call), of(call)
    families.set_willingness(
        family=case.family, willingness=Family.Willingness.REFUSED, actor=context.actor, now=context.now
    )


def wind_up(call: Call) -> None:
    """Something ended the search: offers are taken back, nobody is left waiting for an answer."""
    case, context = case_of(call), of(call)
    offers.withdraw_offers(
        case=case, actor=context.actor, now=context.now, reason=call.node_id.removeprefix("wind_up_")
    )
    if call.node_id == "wind_up_refused":
        _refuse(call)


def _offer(call: Call) -> Offer:
    """The offer that process data names."""
    return Offer.objects.select_related("case__family__unit", "case__programme", "helper__kind", "helper__unit").get(
        pk=call.data["offer"]
    )


def _newest_offer(call: Call) -> Offer:
    """The offer just made for the helper whom process data names."""
    rows = Offer.objects.filter(instance_id=of(call).instance_id, helper=call.data["helper"], state=Offer.State.OPEN)
    offer = rows.select_related("helper").order_by("-id").first()
    if offer is None:
        raise NotFound
    return offer


def _campaign_day(case: Case, today: date) -> date | None:
    """The day of this year by which a campaign's pairings are to be found (seed J20), when the programme names one."""
    day = case.programme.data.get("campaign_day")
    return date.fromisoformat(f"{today.year}-{day}") if day else None


def _as_date(value: Any) -> date | None:
    if not value:
        return None
    return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))


STEPS: Mapping[str, Step] = {
    "pairing.open_pairing": open_pairing,
    "pairing.rank_helpers": rank_helpers,
    "pairing.pick_helper": pick_helper,
    "pairing.send_offer": send_offer,
    "pairing.record_unit_answer": record_unit_answer,
    "pairing.record_helper_answer": record_helper_answer,
    "pairing.close_offer": close_offer,
    "pairing.record_family_answer": record_family_answer,
    "pairing.remind_family": remind_family,
    "pairing.gate_facts": gate_facts,
    "pairing.record_fix": record_fix,
    "pairing.record_first_meeting": record_first_meeting,
    "pairing.record_agreement": record_agreement,
    "pairing.report_delay": report_delay,
    "pairing.confirm_pairing": confirm_pairing,
    "pairing.activate": activate,
    "pairing.put_on_waiting_list": put_on_waiting_list,
    "pairing.record_refusal": record_refusal,
    "pairing.wind_up": wind_up,
}
