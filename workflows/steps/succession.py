"""Steps of succession (P02 timers): a spell's end is known; who follows is sought and introduced before it comes.

It runs beside the case: visits go on meanwhile, and the case hears of the end only when it has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from backend.audit.history import record
from backend.core import prepared
from backend.core.jobs import enqueue
from backend.helpers import pairings, successions
from backend.helpers.models import Pairing, Succession
from backend.visits.models import Visit
from workflows.engine.runner import Call
from workflows.models import Instance
from workflows.steps import contacts, searches
from workflows.steps.context import Context, Step, case_of, number, of, tell

REPORT_DAYS = 30
"""Parameter `succession.report_days`."""
WANTS_NONE = frozenset({"refused", "family_refused"})
"""How a search ends when the family wants nobody new."""
MESSAGES: Mapping[str, str] = {
    "wind_up_refused": "family_refused",
    "wind_up_moved": "family_moved",
    "wind_up_died": "family_died",
    "wind_up_closed": "case_closed",
}
"""Node → the message that it passes on to the search."""


def begin(call: Call) -> dict[str, Any]:
    """The days before the end: the report, the farewell, the end itself."""
    context, row = of(call), _row(call)
    row.instance_id = context.instance_id
    row.save(update_fields=["instance_id"])
    end = timezone.make_aware(datetime.combine(row.ends_on, time.min))
    return {
        "report_at": (end - timedelta(days=number(call, "succession.report_days", REPORT_DAYS))).isoformat(),
        "visit_at": (
            end - timedelta(days=number(call, "succession.overlap_days", successions.OVERLAP_DAYS))
        ).isoformat(),
        "end_at": end.isoformat(),
        "agreed": successions.successor_of(row.pairing, context.today) is not None,
        "searching": False,
        "wants_none": False,
    }


def start_search(call: Call) -> dict[str, Any]:
    """Look for somebody beside the case, whoever is named first; nothing to do when somebody has agreed already."""
    if call.data["agreed"]:
        return {}
    row = _row(call)
    searches.begin(of(call), case_of(call), row.pairing_id, first=row.named_id)
    return {"searching": True}


def hear_search(call: Call) -> dict[str, Any]:
    """The search has ended: somebody agreed; nobody was found; or who was asked left, then it begins again."""
    outcome = str(call.data.get("phase_outcome") or "")
    again = outcome == "helper_ended"
    if again:
        searches.begin(of(call), case_of(call), _row(call).pairing_id)
    return {"agreed": outcome == "paired", "searching": again, "wants_none": outcome in WANTS_NONE}


def report_missing(call: Call) -> dict[str, Any]:
    """Nobody has agreed and the end comes near: the supervisor is told, and the search begins again."""
    row = _row(call)
    tell(call, "case.successor_missing", {"ends_on": row.ends_on.isoformat()})
    if call.data["searching"] or call.data["wants_none"]:
        return {}
    searches.begin(of(call), case_of(call), row.pairing_id)
    return {"searching": True}


def record_farewell(call: Call) -> None:
    """The family was told in person; who leaves and, when agreed, who comes were there."""
    context, row, answers = of(call), _row(call), call.answers
    contacts.record_day(call, result=answers["met"], channel="home", note=answers.get("note", ""))
    data = {"met": answers["met"], "present": list(answers["present"]), "helper_name": row.pairing.helper.name}
    family_id = row.pairing.family_id
    record(
        action="succession.farewell", object=row, family_id=family_id, actor=context.actor, now=context.now, data=data
    )


def end_spell(call: Call) -> dict[str, Any]:
    """The day has come: the spell ends, the case hears it, and visits that were planned go to whoever follows."""
    context, row = of(call), _row(call)
    successor = successions.successor_of(row.pairing, context.today)
    if successor is not None:
        _hand_over_visits(row.pairing, successor, context)
    refused = successor is None and call.data["wants_none"]
    _end(row, "family_refused" if refused else "helper_ended", context)
    _close(row, successor, context)
    return {"handed_over": successor is not None}


def end_early(call: Call) -> None:
    """The helper is gone already, and the case knows; a search that is under way goes on as the case's phase."""
    context, row = of(call), _row(call)
    _close(row, successions.successor_of(row.pairing, context.today), context)


def plan_anew(call: Call) -> None:
    """Another day: a run of its own counts from it, and the search reports to that one."""
    case, context = case_of(call), of(call)
    enqueue(
        "processes.start",
        lock=f"case:{case.pk}",
        process="succession",
        case_id=str(case.pk),
        parent_id=str(context.parent_id) if context.parent_id else None,
        data={"succession": call.data["succession"]},
        actor=context.actor.as_json(),
    )


def hear_helper(call: Call) -> dict[str, Any]:
    """A helper leaves: the one who is to be followed, then this succession is over or its day has moved; or another."""
    context, row, data = of(call), _row(call), call.data
    if str(data.get("helper")) != str(row.pairing.helper_id):
        return _hear_other(call, row)
    ended_on = date.fromisoformat(data["ended_on"]) if data.get("ended_on") else context.today
    if ended_on <= context.today:
        _send(context.instance_id, "spell_over", {}, context)
    elif successions.move_day(succession=row, ends_on=ended_on, actor=context.actor, now=context.now):
        _send(context.instance_id, "end_moved", {}, context)
    return {}


def _hear_other(call: Call, row: Succession) -> dict[str, Any]:
    """Who was asked leaves, and the search hears it; who had agreed leaves, and it begins again."""
    context, data = of(call), call.data
    _pass_on("helper_ended", {key: data[key] for key in ("helper", "reason", "ended_on") if data.get(key)}, context)
    if not data["agreed"] or successions.successor_of(row.pairing, context.today) is not None:
        return {}
    searches.begin(context, case_of(call), row.pairing_id)
    return {"agreed": False, "searching": True}


def wind_up(call: Call) -> None:
    """The case is over, or the family wants nobody: the search stops, nobody is left waiting for an answer."""
    context, row = of(call), _row(call)
    _pass_on(MESSAGES[call.node_id], {}, context)
    state = Succession.State.STOPPED
    successions.close_succession(succession=row, state=state, actor=context.actor, now=context.now)


def _end(row: Succession, message: str, context: Context) -> None:
    """End the spell unless that was written down before, and tell the case."""
    spell = row.pairing
    if spell.to_date is None:
        pairings.end_pairing(
            pairing=spell, reason=row.reason, ended_on=row.ends_on, actor=context.actor, now=context.now
        )
    enqueue(
        "processes.message_case",
        lock=f"case:{row.case_id}",
        case_id=str(row.case_id),
        name=message,
        data={"helper": str(spell.helper_id), "reason": row.reason, "ended_on": row.ends_on.isoformat()},
        actor=context.actor.as_json(),
    )


def _close(row: Succession, successor: Pairing | None, context: Context) -> None:
    state = Succession.State.GAP if successor is None else Succession.State.HANDED_OVER
    successions.close_succession(succession=row, state=state, successor=successor, actor=context.actor, now=context.now)


def _hand_over_visits(spell: Pairing, successor: Pairing, context: Context) -> None:
    """What was planned for the one who leaves is the successor's. The work items that wait for it belong to another
    instance, the run of visits: they go along by a job of their own, as with every visit that changes hands."""
    Visit.objects.filter(pairing=spell, state=Visit.State.PLANNED).update(pairing=successor)
    enqueue(
        "processes.hand_visits",
        lock=f"case:{successor.case_id}",
        pairing_id=str(successor.pk),
        actor=context.actor.as_json(),
    )


def _pass_on(name: str, data: Mapping[str, Any], context: Context) -> None:
    """Queue a message for the search that reports to this run."""
    running = Instance.objects.filter(parent_id=context.instance_id, state=Instance.State.RUNNING)
    for instance_id in running.values_list("pk", flat=True):
        _send(instance_id, name, data, context)


def _send(instance_id: Any, name: str, data: Mapping[str, Any], context: Context) -> None:
    enqueue(
        "processes.message",
        lock=f"instance:{instance_id}",
        instance_id=str(instance_id),
        name=name,
        data=dict(data),
        actor=context.actor.as_json(),
    )


def _row(call: Call) -> Succession:
    return prepared.found(Succession, call.data["succession"], follow=("pairing__helper", "case"))


STEPS: Mapping[str, Step] = {
    "succession.begin": begin,
    "succession.start_search": start_search,
    "succession.hear_search": hear_search,
    "succession.report_missing": report_missing,
    "succession.record_farewell": record_farewell,
    "succession.end_spell": end_spell,
    "succession.end_early": end_early,
    "succession.plan_anew": plan_anew,
    "succession.hear_helper": hear_helper,
    "succession.wind_up": wind_up,
}
