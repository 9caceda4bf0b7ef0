"""What is known of a change, an exit and what was overpaid, for whoever looks into it or decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.core import prepared
from backend.subsidies.models import AnnualReview, Exit, Recovery
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def review(context: Context, data: Mapping[str, Any]) -> Known:
    """How far a village's review is."""
    row: Any = AnnualReview.objects.counted().get(pk=data["review"])  # with the counts
    facts = {
        "review_listed": row.listed,
        "review_done": row.done,
        "review_changes": row.changes,
        "review_closes_on": text(row.closes_on),
    }
    return {"facts": facts}


def reported(context: Context, data: Mapping[str, Any]) -> Known:
    """What was reported of whom; the day and the reason fill the form."""
    row = _exit(data)
    values = {"reason": row.reason, "happened_on": text(row.happened_on)}
    return {"values": values, "facts": _told(row)}


def proposed(context: Context, data: Mapping[str, Any]) -> Known:
    """What decision D16 proposes, and the evidence."""
    row = _exit(data)
    facts = {
        **_told(row),
        "evidence": row.evidence,
        "exit_checked_by": row.checked_label,
        "exit_stop": row.stop_from,
        "exit_stop_on": text(row.stop_on),
        "exit_collect": row.collect_back,
        "exit_overpaid": str(row.overpaid),
    }
    return {"facts": facts}


def confirmed(context: Context, data: Mapping[str, Any]) -> Known:
    """What is to be explained at the door: no more than stands in the notice."""
    row = _exit(data)
    facts = {**_told(row), "exit_stop_on": text(row.stop_on), "exit_decision_reason": row.decision_reason}
    return {"facts": facts}


def appealed(context: Context, data: Mapping[str, Any]) -> Known:
    """The appeal in their words, and all that was found."""
    row = _exit(data)
    told = {"appeal_words": row.appeal, "exit_decision_reason": row.decision_reason}
    return {"facts": {**proposed(context, data)["facts"], **told}}


def recovery(context: Context, data: Mapping[str, Any]) -> Known:
    """The figures, and how far it has come."""
    row = _recovery(data)
    facts = {
        "exit_person": row.exit.entitlement.person.name,
        "exit_number": row.exit.number,
        "recovery_amount": str(row.amount),
        "recovery_received": str(row.received),
        "recovery_left": str(row.left),
        "recovery_months": len(row.months),
        "recovery_due": text(row.next_due()) if row.plan else None,
    }
    return {"facts": {name: value for name, value in facts.items() if value is not None}}


def decision(context: Context, data: Mapping[str, Any]) -> Known:
    """What was heard, and what decision D17 proposes; their wish fills the form."""
    row = _recovery(data)
    told = {
        "recovery_known": row.known,
        "recovery_words": row.answer_words,
        "recovery_way": row.proposal,
        "recovery_proposal_reason": row.proposal_reason,
    }
    values = {"decision": row.proposal} | ({"months": row.months_asked} if row.months_asked else {})
    facts = {**recovery(context, data)["facts"], **{name: said for name, said in told.items() if said}}
    return {"values": values, "facts": facts}


def arrears(context: Context, data: Mapping[str, Any]) -> Known:
    """As for the decision, without proposing it again."""
    return {"facts": decision(context, data)["facts"]}


def objection(context: Context, data: Mapping[str, Any]) -> Known:
    """The objection in their words, and all that was found."""
    row = _recovery(data)
    told = {"appeal_words": row.objection, "exit_decision_reason": row.decision_reason}
    return {"facts": {**arrears(context, data)["facts"], **told}}


def _told(row: Exit) -> dict[str, Any]:
    return {
        "exit_number": row.number,
        "exit_person": row.entitlement.person.name,
        "entitlement": row.entitlement.number,
        "subsidy_kind": row.entitlement.kind,
        "subsidy_change": row.reason,
        "exit_happened_on": text(row.happened_on),
        "exit_reported_by": row.reported_label,
    }


def _exit(data: Mapping[str, Any]) -> Exit:
    return prepared.found(Exit, data["exit"], follow=("entitlement__person",))


def _recovery(data: Mapping[str, Any]) -> Recovery:
    return prepared.found(Recovery, data["recovery"], follow=("exit__entitlement__person",))


FORM_VALUES: FormValues = {
    ("subsidy_annual_review", "check_alive"): review,
    ("subsidy_annual_review", "decide_unchecked"): review,
    ("subsidy_annual_review", "look_through"): review,
    ("subsidy_annual_review", "confirm_review"): review,
    ("subsidy_exit", "check_report"): reported,
    ("subsidy_exit", "confirm_exit"): proposed,
    ("subsidy_exit", "explain_exit"): confirmed,
    ("subsidy_exit", "decide_appeal"): appealed,
    ("recovery", "classify_cause"): recovery,
    ("recovery", "serve_notice"): recovery,
    ("recovery", "hear_person"): recovery,
    ("recovery", "decide_recovery"): decision,
    ("recovery", "receive_instalment"): recovery,
    ("recovery", "look_at_arrears"): arrears,
    ("recovery", "decide_appeal"): objection,
}
