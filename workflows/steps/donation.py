"""Steps of a donation (P10 A): held against the terms, received, put in order by D22, brought, told of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from backend.funds import allocations, donations, use_reports
from backend.funds.aid import Judge, Verdict
from backend.funds.models import Donation
from workflows.engine.decisions import decide
from workflows.engine.runner import Call
from workflows.models import Process
from workflows.steps.context import Step, of
from workflows.tables import table_of

TABLE = "aid_allocation"


def judge_of(process: Process) -> Judge:
    """Decision D22 as this version of the process `donation` has it; study aid asks the newest."""
    table = table_of(process.pk, TABLE)

    def judge(facts: Mapping[str, Any]) -> Verdict:
        made = decide(table, facts)
        found = made.outputs
        return Verdict(found["aid_class"], found["aid_reason"], made.rules[0], made.version)

    return judge


def record_check(call: Call) -> None:
    """What was found of the terms; a connection of donor and house stays sealed."""
    answers = call.answers
    donations.note_relation(
        donation=_donation(call), related=bool(answers["related"]), relation=str(answers.get("relation") or "")
    )


def terms_facts(call: Call) -> Mapping[str, Any]:
    """What table `donation_terms` looks at."""
    return {name: call.data[name] for name in ("lawful", "tobacco", "linked", "demand", "related")}


def note_terms(call: Call) -> None:
    """Accepted, refused, or the donor is told first what is not done."""
    context, data = of(call), call.data
    donations.judge(
        donation=_donation(call), terms=str(data["terms"]), refusal=str(data["refusal"]), actor=context.actor,
        now=context.now,
    )  # fmt: skip


def record_demand(call: Call) -> None:
    """The donor goes on without names and photographs, or withdraws (E23)."""
    context, row = of(call), _donation(call)
    act = donations.promise if call.answers["goes_on"] == "yes" else donations.drop
    act(donation=row, actor=context.actor, now=context.now)


def record_receipt(call: Call) -> Mapping[str, Any]:
    """It came, or never will."""
    context, row, answers = of(call), _donation(call), call.answers
    if answers["arrived"] == "no":
        donations.drop(donation=row, actor=context.actor, now=context.now)
        return {"direct": False}
    amount = Decimal(str(answers["amount"])) if answers.get("amount") else None
    donations.receive(
        donation=row, received_on=date.fromisoformat(str(answers["received_on"])), amount=amount,
        quantity=answers.get("quantity"), actor=context.actor, now=context.now,
    )  # fmt: skip
    return {"direct": row.purpose in donations.DIRECT}


def keep_in_fund(call: Call) -> None:
    """It waits in its fund, in the shop or the store room."""
    context = of(call)
    donations.keep_in_fund(donation=_donation(call), actor=context.actor, now=context.now)


def check_proposal(call: Call) -> None:
    """Somebody stands on the list, and the donor has answered whatever they were asked."""
    allocations.check_named(_donation(call))


def rank_families(call: Call) -> None:
    """Decision D22 and the lot."""
    context = of(call)
    judge = judge_of(context.instance.process)
    allocations.rank(donation=_donation(call), judge=judge, actor=context.actor, now=context.now)


def record_allocation(call: Call) -> None:
    """The supervisor signs, or returns it."""
    context, row = of(call), _donation(call)
    if call.answers["allocation"] == "confirm":
        allocations.confirm(donation=row, actor=context.actor, now=context.now)
    else:
        reason = str(call.answers.get("reason") or "")
        allocations.send_back(donation=row, reason=reason, actor=context.actor, now=context.now)


def settle_delivery(call: Call) -> None:
    """Every family has a result."""
    allocations.settle(_donation(call))


def record_told(call: Call) -> None:
    """The donor heard how it was used."""
    context, answers = of(call), call.answers
    donations.record_told(
        donation=_donation(call), told_on=date.fromisoformat(str(answers["told_on"])),
        channel=str(answers["channel"]), actor=context.actor, now=context.now,
    )  # fmt: skip


def publish_use(call: Call) -> None:
    """Everybody may read the totals."""
    context, row = of(call), _donation(call)
    use_reports.publish_end(donation=row, actor=context.actor, now=context.now)
    donations.finish(donation=row, actor=context.actor, now=context.now)


def give_back(call: Call) -> None:
    """The donor withdrew: what came goes back."""
    context = of(call)
    donations.give_back(donation=_donation(call), actor=context.actor, now=context.now)


def _donation(call: Call) -> Donation:
    return donations.locked(call.data["donation"])


STEPS: Mapping[str, Step] = {
    "donation.record_check": record_check,
    "donation.terms_facts": terms_facts,
    "donation.note_terms": note_terms,
    "donation.record_demand": record_demand,
    "donation.record_receipt": record_receipt,
    "donation.keep_in_fund": keep_in_fund,
    "donation.check_proposal": check_proposal,
    "donation.rank_families": rank_families,
    "donation.record_allocation": record_allocation,
    "donation.settle_delivery": settle_delivery,
    "donation.record_told": record_told,
    "donation.publish_use": publish_use,
    "donation.give_back": give_back,
}
