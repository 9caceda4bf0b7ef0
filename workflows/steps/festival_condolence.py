"""Steps of a festival's condolence: planned, approved, listed by decision D21, locked, brought, its accounts closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backend.benefits import condolences, gifts, stock
from backend.benefits.condolences import GROUPS, Plan
from backend.benefits.gifts import Judge, Verdict
from backend.benefits.models import Condolence
from backend.core.jobs import enqueue
from backend.reminders.outbox import intend, role_at
from workflows.engine.decisions import decide
from workflows.engine.runner import Call
from workflows.models import Process
from workflows.steps import condolence_goods
from workflows.steps.context import Step, of
from workflows.tables import table_of

TABLE = "condolence"
_BETWEEN = re.compile(r"[、，,;；]")


def judge_of(process: Process) -> Judge:
    """Decision D21 as this version of the process has it."""
    table = table_of(process.pk, TABLE)

    def judge(facts: Mapping[str, Any]) -> Verdict:
        made = decide(table, facts)
        found = made.outputs
        return Verdict(
            exclusion=found["exclusion"],
            group=found["group"],
            manner=found["manner"],
            visitor=found["visitor"],
            rule=made.rules[0],
            table_version=made.version,
        )

    return judge


def record_plan(call: Call) -> None:
    """Groups, standards, goods and budget."""
    context, answers = of(call), call.answers
    goods = [part.strip() for part in _BETWEEN.split(str(answers.get("goods") or "")) if part.strip()]
    planned = Plan(
        budget=int(answers["budget"]),
        standards={group: int(answers[group]) for group in GROUPS},
        goods=list(dict.fromkeys(goods)),
    )
    condolences.plan(condolence=_condolence(call), plan=planned, actor=context.actor, now=context.now)


def record_approval(call: Call) -> None:
    """Signed, returned, or not held this year."""
    context, row, reason = of(call), _condolence(call), str(call.answers.get("reason") or "")
    if call.answers["approval"] == "approve":
        condolences.approve(condolence=row, actor=context.actor, now=context.now)
    elif call.answers["approval"] == "drop":
        condolences.drop(condolence=row, reason=reason, actor=context.actor, now=context.now)
    else:
        condolences.return_plan(condolence=row, reason=reason, actor=context.actor, now=context.now)


def draft_list(call: Call) -> None:
    """Decision D21, family by family."""
    context = of(call)
    judge = judge_of(context.instance.process)
    gifts.draft_list(condolence=_condolence(call), judge=judge, actor=context.actor, now=context.now)


def submit_list(call: Call) -> None:
    """Checked village by village; who died, moved or refused in the meantime is taken off."""
    gifts.leave_out_gone(condolence=_condolence(call), now=of(call).now)


def tell_late(call: Call) -> None:
    """The list should be locked by now."""
    context, row = of(call), _condolence(call)
    condolences.tell_late(condolence=row, actor=context.actor, now=context.now)
    for role in ("caseworker", "supervisor"):
        intend(
            "condolence.list_late",
            to=role_at(role, row.unit),
            key=f"condolence.list_late:{row.pk}:{role}",
            about=row,
            page=f"/condolences/{row.pk}/",
            now=context.now,
        )


def record_lock(call: Call) -> None:
    """The supervisor signs the list, or returns it."""
    context, row = of(call), _condolence(call)
    if call.answers["list_lock"] == "lock":
        gifts.leave_out_gone(condolence=row, now=context.now)
        condolences.lock(condolence=row, actor=context.actor, now=context.now)
    else:
        condolences.return_list(
            condolence=row, reason=str(call.answers.get("reason") or ""), actor=context.actor, now=context.now
        )


def start_deliveries(call: Call) -> None:
    """Everybody has a time and the goods are there: each village gets its work item."""
    context, row = of(call), _condolence(call)
    gifts.leave_out_gone(condolence=row, now=context.now)
    waiting = list(condolences.open_gifts(row).order_by("planned_at", "id"))
    condolences.check_ready(row, waiting)
    stock.take(row, waiting)
    condolences.start_delivering(condolence=row, actor=context.actor, now=context.now)
    enqueue("condolences.start_villages", lock=f"condolence:{row.pk}", condolence_id=str(row.pk))


def submit_accounts(call: Call) -> None:
    """Nothing is open any more."""
    condolences.check_settled(_condolence(call))


def record_accounts(call: Call) -> None:
    """The supervisor confirms the totals, or returns them."""
    context, row = of(call), _condolence(call)
    if call.answers["accounts"] == "confirm":
        condolences.close(condolence=row, actor=context.actor, now=context.now)
        condolence_goods.settle(condolence=row, actor=context.actor, now=context.now)
    else:
        condolences.return_accounts(
            condolence=row, reason=str(call.answers.get("reason") or ""), actor=context.actor, now=context.now
        )


def _condolence(call: Call) -> Condolence:
    rows = Condolence.objects.select_for_update(of=("self",)).select_related("unit")
    return rows.get(pk=call.data["condolence"])


STEPS: Mapping[str, Step] = {
    "festival_condolence.record_plan": record_plan,
    "festival_condolence.record_approval": record_approval,
    "festival_condolence.draft_list": draft_list,
    "festival_condolence.submit_list": submit_list,
    "festival_condolence.tell_late": tell_late,
    "festival_condolence.record_lock": record_lock,
    "festival_condolence.start_deliveries": start_deliveries,
    "festival_condolence.submit_accounts": submit_accounts,
    "festival_condolence.record_accounts": record_accounts,
}
