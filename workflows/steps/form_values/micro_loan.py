"""What is known of a loan: for each step no more than it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.funds import loan_fund, loans
from backend.funds.models import Loan
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def request(context: Context, data: Mapping[str, Any]) -> Known:
    """Who asks for how much, and what for."""
    return {"facts": _asked(_loan(data))}


def decision(context: Context, data: Mapping[str, Any]) -> Known:
    """All that was found, what D23 advises as the form's values, and what the fund holds."""
    loan = _loan(data)
    facts = {
        **_asked(loan),
        "trained_on": loan.trained_on,
        "existing_debt": int(loan.existing_debt or 0),
        "recommended_by": loan.recommended_label,
        "guarantor_kind": loan.guarantor_kind,
        "guarantor_name": loan.guarantor,
        "village_rating": loan.village_rating,
        "votes_for": loan.votes_for,
        "votes_against": loan.votes_against,
        "recused": loan.recused,
        "guaranteed_by": loan.guaranteed_label,
        "loan_advice": loan.advice,
        "advice_reason": loan.advice_reason,
        "loan_advised": str(loan.advised),
        "loan_advised_months": loan.advised_months,
        "fund_holds": str(loan_fund.holds(loans.fund_unit(loan))),
    }
    if loan.advice == "refuse":
        return {"facts": facts}
    advised = {"principal": int(loan.advised or 0), "term_months": loan.advised_months}
    return {"facts": facts, "values": advised}


def contract(context: Context, data: Mapping[str, Any]) -> Known:
    """What was agreed to."""
    loan = _loan(data)
    return {"facts": {**_asked(loan), **_agreed(loan)}}


def running(context: Context, data: Mapping[str, Any]) -> Known:
    """What is still owed, and the last words of whoever proposed another plan."""
    loan = _loan(data)
    facts = {**_asked(loan), **_agreed(loan), "loan_outstanding": str(loans.outstanding(loan))}
    return {"facts": facts}


def restructuring(context: Context, data: Mapping[str, Any]) -> Known:
    """The proposal, for whoever decides on it."""
    loan = _loan(data)
    told = {
        "proposed_first_due_on": loan.proposed_first_due_on,
        "proposed_count": loan.proposed_count,
        "proposal_reason": loan.proposal_reason,
    }
    return {"facts": {**running(context, data)["facts"], **told}}


def _asked(loan: Loan) -> dict[str, Any]:
    return {
        "loan_number": loan.number,
        "borrower": loan.borrower.name,
        "village": loan.unit.name,
        "loan_project": loan.project,
        "loan_purpose": loan.purpose,
        "loan_asked": str(loan.asked),
    }


def _agreed(loan: Loan) -> dict[str, Any]:
    return {"loan_principal": str(loan.principal), "term_months": loan.months, "instalments": loan.count}


def _loan(data: Mapping[str, Any]) -> Loan:
    return prepared.found(Loan, data["loan"], follow=("unit__parent", "borrower"))


FORM_VALUES: FormValues = {
    ("micro_loan", "recommend_loan"): request,
    ("micro_loan", "guarantee_loan"): request,
    ("micro_loan", "decide_loan"): decision,
    ("micro_loan", "sign_contract"): contract,
    ("micro_loan", "check_use"): running,
    ("micro_loan", "talk_with_borrower"): running,
    ("micro_loan", "propose_restructuring"): running,
    ("micro_loan", "decide_restructuring"): restructuring,
}
