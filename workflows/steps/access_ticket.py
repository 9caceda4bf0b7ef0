"""Steps of a ticket to what is closed: judged by decision D32, decided by somebody responsible, used, looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backend.org.access import SYSTEM
from backend.rights import tickets
from backend.rights.models import AccessTicket
from backend.rights.offices import guardian_of_data
from workflows.engine.decisions import decide
from workflows.engine.runner import Call
from workflows.models import Process
from workflows.steps.context import Step, of
from workflows.tables import table_of

PROCESS = "access_ticket"
TABLE = "access"


def judge_of(process: Process) -> Callable[[Mapping[str, Any]], str]:
    """Decision D32 as this version of the process has it: facts → allow, masked, deny or ask."""
    table = table_of(process.pk, TABLE)

    def judge(facts: Mapping[str, Any]) -> str:
        return str(decide(table, facts).outputs["verdict"])

    return judge


def ticket_facts(ticket: AccessTicket | None, *, role: str, subject: str, now: datetime) -> Mapping[str, Any]:
    """What decision D32 looks at when somebody without the right wants to look. Refused or lapsed counts as none."""
    state = ticket.state(now) if ticket is not None else None
    standing = {
        AccessTicket.State.ASKED: "asked",
        AccessTicket.State.GRANTED: "granted",
        AccessTicket.State.OPEN: "granted",
        AccessTicket.State.OVER: "granted",
    }
    return {
        "role": role,
        "in_office": False,
        "subject": subject,
        "purpose": ticket.purpose if ticket is not None else "",
        "ticket": standing.get(state, "none") if state is not None else "none",
        "in_time": state == AccessTicket.State.OPEN,
    }


def facts(call: Call) -> Mapping[str, Any]:
    """What decision D32 looks at when a ticket is asked for: whoever sees it anyway asks for nothing."""
    row = _ticket(call)
    return {
        "role": row.role,
        "in_office": row.role in tickets.SEEING,
        "subject": row.subject,
        "purpose": row.purpose,
        "ticket": "none",
        "in_time": False,
    }


def rule_out(call: Call) -> None:
    """The table leaves nothing to decide."""
    tickets.rule_out(ticket=_ticket(call), reason=str(call.data["access_reason"]), actor=SYSTEM, now=of(call).now)


def record_decision(call: Call) -> Mapping[str, Any] | None:
    """Somebody responsible says yes, for how long, or no."""
    context, row, answers = of(call), _ticket(call), call.answers
    if answers["decision"] == "grant":
        hours = int(answers["hours"]) if answers.get("hours") else None
        tickets.grant(ticket=row, hours=hours, actor=context.actor, now=context.now)
        return {"ends_at": row.to_at.isoformat()}
    tickets.refuse(ticket=row, reason=str(answers["reason"]), actor=context.actor, now=context.now)
    return None


def lapse(call: Call) -> None:
    """Nobody decided in time."""
    tickets.lapse(ticket=_ticket(call), actor=SYSTEM, now=of(call).now)


def count_uses(call: Call) -> Mapping[str, Any]:
    """Whether it was used, and who looks at that: the data protection officer where there is one, else the office."""
    context, row = of(call), _ticket(call)
    if not row.uses.exists():
        return {"reviewer": "nobody"}
    desk = guardian_of_data(row.office, context.today)
    return {"reviewer": "dpo", "desk": str(desk.pk)} if desk is not None else {"reviewer": "supervisor"}


def record_review(call: Call) -> None:
    """Looked at by another person."""
    context = of(call)
    tickets.review(ticket=_ticket(call), found=call.answers, actor=context.actor, now=context.now)


def _ticket(call: Call) -> AccessTicket:
    rows = AccessTicket.objects.select_for_update(of=("self",))
    return rows.select_related("office__parent", "family__unit", "person").get(pk=call.data["ticket"])


STEPS: Mapping[str, Step] = {
    "access_ticket.facts": facts,
    "access_ticket.rule_out": rule_out,
    "access_ticket.record_decision": record_decision,
    "access_ticket.lapse": lapse,
    "access_ticket.count_uses": count_uses,
    "access_ticket.record_review": record_review,
}
