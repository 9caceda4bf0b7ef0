"""Steps of an exit (P07, D16): held, checked, proposed, confirmed by the county, explained in person, appealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.core.jobs import enqueue
from backend.org.working_days import end_of_day
from backend.reminders.outbox import intend, role_at
from backend.subsidies import exits
from backend.subsidies.models import Exit, Recovery
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def hold_payments(call: Call) -> None:
    """Where somebody is reported dead, or papers forged, nothing is paid before it was looked into."""
    row, context = _exit(call), of(call)
    if row.reason in exits.AT_ONCE:
        exits.hold(row=row, actor=context.actor, now=context.now)


def record_check(call: Call) -> None:
    """What the caseworker found. Raises BadChange, OwnPerson."""
    context, answers = of(call), call.answers
    exits.record_check(
        row=_exit(call),
        founded=answers["founded"] == "yes",
        evidence=str(answers["evidence"]),
        reason=str(answers.get("reason") or ""),
        happened_on=_day(answers.get("happened_on")),
        reported_on=_day(answers.get("reported_on")),
        actor=context.actor,
        now=context.now,
    )


def report_late(call: Call) -> None:
    """Ten days without a result: payments wait, and the supervisor hears of it (P07)."""
    row, context = _exit(call), of(call)
    exits.hold(row=row, actor=context.actor, now=context.now)
    intend(
        "subsidy_exit.late",
        to=role_at("supervisor", row.unit),
        key=f"subsidy_exit.late:{row.pk}",
        about=row,
        label=row.number,
        page=f"/subsidy-exits/{row.pk}/",
        now=context.now,
    )


def exit_facts(call: Call) -> Mapping[str, Any]:
    """What decision D16 looks at."""
    row = _exit(call)
    return {"reason": row.reason, "death_stop": exits.death_stop(row, of(call).now)}


def propose_exit(call: Call) -> None:
    """Days and yuan, laid before the county."""
    context, data = of(call), call.data
    exits.propose(
        row=_exit(call),
        stop_from=str(data["stop_from"]),
        collect_back=str(data["collect_back"]),
        exit_reason=str(data["exit_reason"]),
        actor=context.actor,
        now=context.now,
    )


def record_decision(call: Call) -> None:
    """The county's word. Raises OwnPerson."""
    context, answers = of(call), call.answers
    exits.decide(
        row=_exit(call),
        decision=str(answers["decision"]),
        collect=answers.get("collect") == "yes",
        reason=str(answers["reason"]),
        actor=context.actor,
        now=context.now,
    )


def release_payments(call: Call) -> None:
    """Nothing changes."""
    context = of(call)
    exits.release(row=_exit(call), actor=context.actor, now=context.now)


def stop_payments(call: Call) -> None:
    """The entitlement ends."""
    context = of(call)
    exits.stop(row=_exit(call), actor=context.actor, now=context.now)


def record_explained(call: Call) -> Mapping[str, Any]:
    """Told in person; from now on one can appeal, and what was overpaid is looked into."""
    context, answers, row = of(call), call.answers, _exit(call)
    until = exits.explain(
        row=row,
        explained_on=date.fromisoformat(str(answers["explained_on"])),
        told=str(answers["told"]),
        manner=str(answers["manner"]),
        words=str(answers.get("words") or ""),
        actor=context.actor,
        now=context.now,
    )
    if row.collect:  # looked at anew: the bank may have paid since the county decided
        enqueue("recoveries.begin", lock=f"exit:{row.pk}", exit_id=str(row.pk), actor=context.actor.as_json())
    # An appeal that comes on the last day still has its time to be looked into.
    return {"appeal_until": end_of_day(until).isoformat(), "appeal_by": end_of_day(until).isoformat()}


def record_appeal(call: Call) -> None:
    """The written answer. Raises OwnPerson."""
    context, answers = of(call), call.answers
    upheld, reason = answers["appeal"] == "upheld", str(answers["reason"])
    exits.settle_appeal(row=_exit(call), upheld=upheld, reason=reason, actor=context.actor, now=context.now)


def restore_entitlement(call: Call) -> None:
    """As if it had never ended; nothing is asked back any more."""
    context, row = of(call), _exit(call)
    exits.restore(row=row, actor=context.actor, now=context.now)
    for recovery in Recovery.objects.filter(exit=row):
        enqueue(
            "recoveries.call_off",
            lock=f"recovery:{recovery.pk}",
            recovery_id=str(recovery.pk),
            actor=context.actor.as_json(),
        )


def archive_exit(call: Call) -> None:
    """The exit stands."""
    context = of(call)
    exits.archive(row=_exit(call), actor=context.actor, now=context.now)


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _exit(call: Call) -> Exit:
    rows = Exit.objects.select_related("unit", "entitlement__person__family", "entitlement__application")
    return rows.get(pk=call.data["exit"])


STEPS: Mapping[str, Step] = {
    "subsidy_exit.hold_payments": hold_payments,
    "subsidy_exit.record_check": record_check,
    "subsidy_exit.report_late": report_late,
    "subsidy_exit.exit_facts": exit_facts,
    "subsidy_exit.propose_exit": propose_exit,
    "subsidy_exit.record_decision": record_decision,
    "subsidy_exit.release_payments": release_payments,
    "subsidy_exit.stop_payments": stop_payments,
    "subsidy_exit.record_explained": record_explained,
    "subsidy_exit.record_appeal": record_appeal,
    "subsidy_exit.restore_entitlement": restore_entitlement,
    "subsidy_exit.archive_exit": archive_exit,
}
