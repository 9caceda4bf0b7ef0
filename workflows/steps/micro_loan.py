"""Steps of a micro-loan: recommended, stood for, decided, signed, paid, looked after, repaid or given another plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from backend.funds import loans
from backend.funds.loans import Contract
from backend.funds.models import Loan
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_recommendation(call: Call) -> None:
    """What the village says, and what the family owes elsewhere."""
    context, answers, loan = of(call), call.answers, _loan(call)
    if answers["recommended"] == "no":
        _refuse(call, loan, "loan.not_recommended")
        return
    loans.recommend(
        loan=loan,
        trained_on=_day(answers.get("trained_on")) if answers["training_done"] else None,
        existing_debt=int(answers["existing_debt"]),
        actor=context.actor,
        now=context.now,
    )


def record_guarantee(call: Call) -> None:
    """Who stands for it, how the committee voted."""
    context, answers, loan = of(call), call.answers, _loan(call)
    if answers["guarantee"] == "no":
        _refuse(call, loan, "loan.not_guaranteed")
        return
    loans.guarantee(
        loan=loan,
        kind=str(answers["guarantor_kind"]),
        name=str(answers.get("guarantor_name") or ""),
        rating=str(answers["village_rating"]),
        votes={name: int(answers[key]) for name, key in VOTES.items()},
        actor=context.actor,
        now=context.now,
    )


def advice_facts(call: Call) -> Mapping[str, Any]:
    """What decision D23 looks at."""
    return loans.facts(_loan(call))


def note_advice(call: Call) -> None:
    """What D23 advises; it binds nobody."""
    context, data = of(call), call.data
    loans.advise(
        loan=_loan(call),
        advice=str(data["advice"]),
        reason=str(data["advice_reason"]),
        share=int(data["share"]),
        months=int(data["term_months"]),
        actor=context.actor,
        now=context.now,
    )


def record_decision(call: Call) -> None:
    """The county agrees to an amount, returns it to the village, or does not agree."""
    context, answers, loan = of(call), call.answers, _loan(call)
    reason = str(answers.get("reason") or "")
    loans.check_not_guarantor(loan, context.actor, context.now)
    if answers["loan_decision"] == "approve":
        loans.agree(
            loan=loan,
            principal=Decimal(int(answers["principal"])),
            months=int(answers["term_months"]),
            count=int(answers["instalments"]),
            reason=reason,
            actor=context.actor,
            now=context.now,
        )
    elif answers["loan_decision"] == "return":
        loans.send_back(loan=loan, reason=reason, actor=context.actor, now=context.now)
    else:
        _refuse(call, loan, "loan.refused")


def record_contract(call: Call) -> None:
    """Signed and handed to the payment desk, or not wanted any more."""
    context, answers, loan = of(call), call.answers, _loan(call)
    if answers["contract"] == "withdrawn":
        loans.withdraw(loan=loan, actor=context.actor, now=context.now)
        return
    contract = Contract(
        number=str(answers["contract_number"]),
        signed_on=date.fromisoformat(str(answers["signed_on"])),
        first_due_on=date.fromisoformat(str(answers["first_due_on"])),
        account_number=str(answers["account_number"]),
    )
    loans.sign(loan=loan, contract=contract, actor=context.actor, now=context.now)


def look_for_payment(call: Call) -> Mapping[str, Any]:
    """What became of the payment. `is_paid` is what the diagram's first version asks: there a loan that is not paid out
    any more goes on, too, and ends where nothing is owed."""
    context = of(call)
    payout = loans.look_for_payment(loan=_loan(call), actor=context.actor, now=context.now)
    return {"payout": payout, "is_paid": payout != "waiting"}


def plan_next(call: Call) -> Mapping[str, Any]:
    """When somebody looks at it next; settled when nothing is owed."""
    context = of(call)
    moment = loans.next_moment(_loan(call), context.now)
    return {"settled": moment is None, "next_at": (moment or context.now).isoformat()}


def look_at_loan(call: Call) -> Mapping[str, Any]:
    """What is due: a check, a quiet word, another plan, or nothing."""
    context = of(call)
    return {"due_kind": loans.look(loan=_loan(call), actor=context.actor, now=context.now)}


def record_check(call: Call) -> None:
    """What the money was seen used for."""
    context, answers = of(call), call.answers
    loans.check(
        loan=_loan(call),
        done_on=date.fromisoformat(str(answers["checked_on"])),
        use=str(answers["use"]),
        needs_help=bool(answers.get("needs_help")),
        note=str(answers.get("note") or ""),
        actor=context.actor,
        now=context.now,
    )


def record_talk(call: Call) -> None:
    """What the borrower said, alone with whoever asked."""
    context = of(call)
    loans.note_talk(loan=_loan(call), talk=str(call.answers["talk"]), actor=context.actor, now=context.now)


def record_proposal(call: Call) -> None:
    """Another plan, or giving it up."""
    context, answers = of(call), call.answers
    is_plan = answers["proposal"] != "write_off"
    loans.propose(
        loan=_loan(call),
        first_due_on=_day(answers.get("first_due_on")) if is_plan else None,
        count=int(answers["instalments"]) if is_plan else None,
        reason=str(answers["reason"]),
        actor=context.actor,
        now=context.now,
    )


def record_restructuring(call: Call) -> None:
    """The county agrees, or returns the proposal."""
    context, loan = of(call), _loan(call)
    loans.check_not_guarantor(loan, context.actor, context.now)
    if call.answers["restructuring"] == "approve":
        loans.restructure(loan=loan, actor=context.actor, now=context.now)


# --- parts

VOTES: Mapping[str, str] = {"for": "votes_for", "against": "votes_against", "recused": "recused"}


def _refuse(call: Call, loan: Loan, action: str) -> None:
    context, reason = of(call), str(call.answers.get("reason") or "")
    loans.refuse(loan=loan, action=action, reason=reason, actor=context.actor, now=context.now)


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _loan(call: Call) -> Loan:
    rows = Loan.objects.select_for_update(of=("self",)).select_related("unit__parent", "borrower__family__unit")
    return rows.get(pk=call.data["loan"])


STEPS: Mapping[str, Step] = {
    "micro_loan.record_recommendation": record_recommendation,
    "micro_loan.record_guarantee": record_guarantee,
    "micro_loan.advice_facts": advice_facts,
    "micro_loan.note_advice": note_advice,
    "micro_loan.record_decision": record_decision,
    "micro_loan.record_contract": record_contract,
    "micro_loan.look_for_payment": look_for_payment,
    "micro_loan.plan_next": plan_next,
    "micro_loan.look_at_loan": look_at_loan,
    "micro_loan.record_check": record_check,
    "micro_loan.record_talk": record_talk,
    "micro_loan.record_proposal": record_proposal,
    "micro_loan.record_restructuring": record_restructuring,
}
