"""Steps of the family case: the umbrella that starts the phases, hears what happens and ends.

Phases run as instances of their own and are reached only by jobs: two instances are never locked together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from backend.cases import cases, families
from backend.cases.models import Case, Family, Review
from backend.core.jobs import enqueue
from backend.helpers import offers, pairings
from backend.helpers.models import Offer, Pairing
from backend.org.access import Actor
from backend.visits import visits
from workflows.engine.runner import Call
from workflows.models import Instance
from workflows.steps import contacts, searches
from workflows.steps.context import Context, Step, case_of, code, of, tell

PHASES: Mapping[str, str] = {
    "household_intake": "survey",
    "pairing": "pairing",
    "care_visit": "care",
    "yearly_review": "review",
}
"""Process of a phase → what the case's phase is called meanwhile."""
MESSAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "tell_helper_ended": ("helper_ended", ("helper", "reason", "ended_on")),
    "tell_refused": ("family_refused", ("level", "reason")),
    "stop_moved": ("family_moved", ("to", "moved_on")),
    "stop_died": ("family_died", ("died_on",)),
    "stop_closed": ("case_closed", ("reason",)),
}
"""Node → the message it passes on, and what belongs to it."""
SPELL_ENDS: Mapping[str, str] = {
    "moved": "family_moved",
    "died": "family_died",
    "refused": "family_refused",
    "family_refused": "family_refused",
}
"""Why a case ends or pauses → why its spells end (code list helper_end_reason), when it is more than that."""
BESIDE = "succession"
"""The process beside the phases that hears of helpers."""
ENDING_WITH_CASE = (BESIDE, "service_plan_referral")
"""Processes beside the phases that end with them."""
MORNING = time(9)
ALL = "all"
"""Level of a refusal: no visits any more, by nobody (E5)."""
SUDDENLY_GONE = "gone"
"""Code of helper_end_reason: died, arrested, vanished. Which of these is nobody's business here."""


def open_case(call: Call) -> None:
    """The case is open, also when the process begins anew."""
    case, context = case_of(call), of(call)
    if case.state == Case.State.PAUSED:
        cases.resume_case(case=case, actor=context.actor, now=context.now)


def start_intake(call: Call) -> dict[str, Any]:
    """Queue the survey."""
    return _begin("household_intake", call)


def start_pairing(call: Call) -> dict[str, Any]:
    """Queue the search for a helper, unless the family wants nobody. One that began beside the case goes on as its
    phase; where a successor has agreed meanwhile, nothing is left to search."""
    case, context = case_of(call), of(call)
    if _wants_nobody(call, case):
        return _report_refused("pairing", context)
    if pairings.current_pairing(case, context.today) is not None:
        searches.report_found(context)
        return {"phase": "pairing"}
    _pass_on("spell_over", {}, context, only=BESIDE)
    if not searches.take_over(context, case):
        return _begin("pairing", call)
    cases.enter_phase(case=case, phase=PHASES["pairing"], actor=context.actor, now=context.now)
    return {"phase": "pairing"}


def start_care(call: Call) -> dict[str, Any]:
    """Queue the visits."""
    return _start("care_visit", call)


def start_review(call: Call) -> dict[str, Any]:
    """Queue the yearly review."""
    return _start("yearly_review", call)


def _start(process: str, call: Call) -> dict[str, Any]:
    """Queue a phase, unless the family has said meanwhile that it wants nobody."""
    if _wants_nobody(call, case_of(call)):
        return _report_refused(process, of(call))
    return _begin(process, call)


def _begin(process: str, call: Call) -> dict[str, Any]:
    case, context = case_of(call), of(call)
    cases.enter_phase(case=case, phase=PHASES[process], actor=context.actor, now=context.now)
    enqueue(
        "processes.start",
        lock=f"case:{case.pk}",
        process=process,
        case_id=str(case.pk),
        parent_id=str(context.instance_id),
        actor=context.actor.as_json(),
    )
    return {"phase": process}


def _wants_nobody(call: Call, case: Case) -> bool:
    """Whether this case was told that the family wants no visits any more, and nobody has heard otherwise since (E5).

    The family's word alone does not tell: in another programme it may have said no to that one.
    """
    return call.data.get("level") == ALL and case.family.willingness == Family.Willingness.REFUSED


def _report_refused(process: str, context: Context) -> dict[str, Any]:
    """Tell the instance itself that the phase is over before it began: the family refused."""
    _tell_itself("phase_ended", {"phase_outcome": "family_refused", "phase": process}, context)
    return {"phase": process}


def record_interim_visit(call: Call) -> None:
    """The village worker's visit while nobody is paired (P02: interim visits)."""
    answers = call.answers
    contacts.record_day(
        call,
        result=answers["met"],
        channel=answers["channel"],
        note=answers.get("note", ""),
        needs=answers.get("needs", []),
    )


def look_at_end(call: Call) -> dict[str, Any]:
    """Why the last spell ended: of a helper who is suddenly gone the family hears in person, and first (E33)."""
    spell = Pairing.objects.asked().filter(case=case_of(call), to_date__isnull=False).order_by("to_date", "id").last()
    return {"suddenly": spell is not None and spell.end_reason == SUDDENLY_GONE}


def record_told(call: Call) -> None:
    """Somebody whom the family knows was there; what was noted is kept with the visit."""
    answers = call.answers
    needs = ["comfort"] if answers.get("wants_counselling") else []
    contacts.record_day(
        call, result="met", channel="home", note=answers.get("note", ""), needs=needs, mental=answers["mental"]
    )
    tell(call, "family.told_in_person")


def report_gap(call: Call) -> None:
    """Fourteen days without a helper: the supervisor is told."""
    tell(call, "case.gap_reported")


def suspend_case(call: Call) -> dict[str, Any]:
    """Nobody is bothered any more; asked again after six months, not sooner (E5)."""
    case, context = case_of(call), of(call)
    _stop_beside(context)
    outcome = str(call.data.get("phase_outcome") or "")
    if outcome in {"refused", "family_refused"}:
        _refuse(case, Family.Willingness.REFUSED, context)
    wind_up(case=case, reason=outcome or "paused", actor=context.actor, now=context.now)
    cases.pause_case(case=case, reason=outcome, actor=context.actor, now=context.now)
    day = families.ask_again_on(case.family) or context.today + timedelta(days=families.ASK_AGAIN_DAYS)
    return {"ask_again_at": timezone.make_aware(datetime.combine(day, MORNING)).isoformat()}


def record_ask_again(call: Call) -> dict[str, Any]:
    """What the family says after half a year."""
    case, context = case_of(call), of(call)
    willing = call.answers["willing"] == "willing"
    wants = Family.Willingness.AGREED if willing else Family.Willingness.REFUSED
    _refuse(case, wants, context)
    tell(call, "family.asked_again", {"willing": call.answers["willing"], "method": call.answers["method"]})
    filed = Review.objects.filter(case__family=case.family_id, subject="filing", decision="confirm").exists()
    return {"filed": filed, "level": None}


def resume_case(call: Call) -> None:
    """The family wants to: the case goes on."""
    case, context = case_of(call), of(call)
    cases.resume_case(case=case, actor=context.actor, now=context.now)


def close_case(call: Call) -> None:
    """The case ends; the node tells why."""
    case, context, data = case_of(call), of(call), call.data
    _stop_beside(context)
    if call.node_id == "close_moved":
        _move_away(case, data, context)
    if call.node_id == "close_died":
        families.close_file(family=case.family, why="died", actor=context.actor, now=context.now)
    wind_up_case(case=case, reason=_close_reason(call), actor=context.actor, now=context.now)


def _close_reason(call: Call) -> str:
    data = call.data
    reasons = {"close_moved": "moved", "close_died": "died", "close_by_office": code(call, "reason", default="other")}
    if call.node_id in reasons:
        return reasons[call.node_id]
    if call.node_id == "close_ended" and data.get("willing") == "never":
        return "refused"
    return str(data.get("phase_outcome") or "ended")


def wind_up_case(*, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """End what is still under way in a case and close it; what is closed already stays as it is."""
    wind_up(case=case, reason=reason, actor=actor, now=now)
    if case.state in cases.LIVE:
        cases.close_case(case=case, reason=reason, actor=actor, now=now)


def wind_up(*, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """Nothing of the case is under way any more: offers taken back, plans cancelled, spells ended."""
    offers.withdraw_offers(case=case, actor=actor, now=now, reason=reason)
    visits.cancel_visits(case=case, reason=reason, actor=actor, now=now)
    pairings.end_pairings_of(case=case, reason=SPELL_ENDS.get(reason, "case_closed"), actor=actor, now=now)


def tell_phase(call: Call) -> dict[str, Any] | None:
    """Pass a message on to the phase that runs, when it concerns that phase; the phase ends and reports.

    A refusal may mean less than all: by telephone only is noted and nothing is interrupted; "not this helper" is the
    end of this helper.
    """
    case, context = case_of(call), of(call)
    name, data = _message(call)
    if name == "family_refused":
        return _hear_refusal(case, data, context)
    if name == "helper_ended" and str(_present_helper(case, context.now)) != str(data.get("helper")):
        _pass_on(name, data, context, only=BESIDE)
        return None
    _pass_on(name, data, context)
    return None


def _hear_refusal(case: Case, data: dict[str, Any], context: Context) -> dict[str, Any]:
    """Do what the refusal's level says. What is returned: whether this case is to leave the family in peace."""
    if data.get("level") == "phone_only":
        _refuse(case, Family.Willingness.PHONE, context)
        return {"level": None}
    if data.get("level") == "helper":
        helper = _present_helper(case, context.now)
        if helper is not None:
            _pass_on("helper_ended", {"helper": str(helper), "reason": "family_wish"}, context)
        return {"level": None}
    _refuse(case, Family.Willingness.REFUSED, context)
    _pass_on("family_refused", data, context)
    if not _running(context).filter(process__key__in=PHASES).exists():
        _stop_waiting(case, data, context)
    return {"level": ALL}


def _stop_waiting(case: Case, data: Mapping[str, Any], context: Context) -> None:
    """The family refuses while no phase runs: nobody is there to hear it but the case itself.

    A case that waits for a helper, or for somebody to tell the family of a loss, waits no longer. A phase that is
    queued hears it as soon as it runs: the job has the lock of the one that begins it, and comes after it.
    """
    _tell_itself("nobody_wanted", {"phase_outcome": "family_refused"}, context)
    # Cases begun before `nobody_wanted` was in the diagram leave the waiting list this way: the search that would
    # follow does not begin (see start_pairing). Where the first message was heard, nobody waits for the second.
    _tell_itself("helper_available", {}, context)
    enqueue(
        "processes.message_phase",
        lock=f"case:{case.pk}",
        parent_id=str(context.instance_id),
        name="family_refused",
        data=dict(data),
        actor=context.actor.as_json(),
    )


def stop_phase(call: Call) -> None:
    """Pass on what ends everything; the phase ends itself."""
    name, data = _message(call)
    _pass_on(name, data, of(call))


def _message(call: Call) -> tuple[str, dict[str, Any]]:
    name, keys = MESSAGES[call.node_id]
    return name, {key: call.data[key] for key in keys if call.data.get(key) is not None}


def _stop_beside(context: Context) -> None:
    """What runs beside the phases ends with them."""
    for process in ENDING_WITH_CASE:
        _pass_on("case_closed", {}, context, only=process)


def _pass_on(name: str, data: Mapping[str, Any], context: Context, *, only: str = "") -> None:
    """Queue the message for the phase that runs and for what runs beside it; `only`: for this process."""
    running = _running(context)
    if only:
        running = running.filter(process__key=only)
    for instance_id in running.values_list("pk", flat=True):
        _send(instance_id, name, data, context)


def _running(context: Context) -> QuerySet[Instance]:
    return Instance.objects.filter(parent_id=context.instance_id, state=Instance.State.RUNNING)


def _tell_itself(name: str, data: Mapping[str, Any], context: Context) -> None:
    _send(context.instance_id, name, data, context)


def _send(instance_id: UUID, name: str, data: Mapping[str, Any], context: Context) -> None:
    enqueue(
        "processes.message",
        lock=f"instance:{instance_id}",
        instance_id=str(instance_id),
        name=name,
        data=dict(data),
        actor=context.actor.as_json(),
    )


def _present_helper(case: Case, now: datetime) -> UUID | None:
    """Who is with the family, else who is asked while somebody is searched, else who was last with it."""
    present = pairings.current_pairing(case, timezone.localdate(now))
    if present is not None:
        return present.helper_id
    if case.phase == PHASES["pairing"]:
        awaited = Offer.objects.filter(case=case, state__in=offers.AWAITING, pairing__isnull=True)
        asked = awaited.order_by("id").last()
        if asked is not None:
            return asked.helper_id
    spell = Pairing.objects.asked().filter(case=case).order_by("from_date", "id").last()
    return spell.helper_id if spell else None


def _refuse(case: Case, willingness: Family.Willingness, context: Context) -> None:
    families.set_willingness(family=case.family, willingness=willingness, actor=context.actor, now=context.now)


def _move_away(case: Case, data: Mapping[str, Any], context: Context) -> None:
    moved_on = date.fromisoformat(data["moved_on"]) if data.get("moved_on") else context.today
    families.move_away(
        family=case.family, to=str(data.get("to") or "unknown"), moved_on=moved_on, actor=context.actor, now=context.now
    )


STEPS: Mapping[str, Step] = {
    "family_case.open_case": open_case,
    "family_case.start_intake": start_intake,
    "family_case.start_pairing": start_pairing,
    "family_case.start_care": start_care,
    "family_case.start_review": start_review,
    "family_case.record_interim_visit": record_interim_visit,
    "family_case.look_at_end": look_at_end,
    "family_case.record_told": record_told,
    "family_case.report_gap": report_gap,
    "family_case.suspend_case": suspend_case,
    "family_case.record_ask_again": record_ask_again,
    "family_case.resume_case": resume_case,
    "family_case.close_case": close_case,
    "family_case.tell_phase": tell_phase,
    "family_case.stop_phase": stop_phase,
}
