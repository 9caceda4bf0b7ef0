"""Steps of emergencies (P04): help first; whoever may be the cause is not told; nobody's approval stands before a
report that the law demands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.cases import families
from backend.core.errors import FieldProblem, Invalid
from backend.emergencies import clocks, discoveries, duties, incidents
from backend.emergencies.discoveries import Discovery
from backend.emergencies.models import DutySpell, Incident
from backend.helpers import register, suspensions
from backend.helpers.models import Helper, Pairing
from backend.org.access import SYSTEM
from backend.org.working_days import is_working_day
from backend.reminders import outbox
from workflows.chronicle import decision, record_instance
from workflows.engine.decisions import decide
from workflows.engine.runner import Call
from workflows.models import WorkItem
from workflows.steps.context import Context, Step, of
from workflows.tables import table_of

SUSPENDED = "safety"
"""Why contact is suspended (code list suspension_reason)."""
HIGHEST_TIER = "A"
OFFICERS = frozenset({"arrive", "report"})
"""Clocks whose end the officers on duty hear; of the others the supervisor."""
CAN_WAIT = frozenset({"review"})
"""A clock whose end nobody is woken for."""
CLOCKS: Mapping[str, str] = {
    "tell_not_arrived": "arrive",
    "tell_not_reported": "report",
    "tell_not_briefed": "brief",
    "tell_not_reviewed": "review",
}
"""Node → the clock that ran out."""
NOT_YET = "not_yet"


class NotSettled(Invalid):
    """What is laid before the reviewer again has ended."""

    code = "not_settled"
    message = _("Please say how it ended: it goes back to the review.")


class SayOfHelper(Invalid):
    """A suspended helper is not forgotten."""

    code = "say_of_helper"
    message = _("The helper is suspended because of this: please say what becomes of it.")


def report_facts(call: Call) -> Mapping[str, Any]:
    """What decision D09 looks at."""
    return _report_facts(_incident(call))


def triage_facts(call: Call) -> Mapping[str, Any]:
    """What decision D08 looks at."""
    return _triage_facts(_incident(call), report=call.data["report"])


def open_emergency(call: Call) -> Mapping[str, Any]:
    """The clocks; the first officer on duty hears of it, and a helper under suspicion meets nobody from now on (E9)."""
    context, row = of(call), _incident(call)
    advised = ("level", "level_reason", "report", "report_to", "sealed", "tell_kin")
    incidents.open_incident(incident=row, advised={name: call.data[name] for name in advised}, now=context.now)
    _tell(row, DutySpell.Post.FIRST, "in_app_and_phone", context)
    if row.suspect_helper is not None:
        _suspend(row, row.suspect_helper, context)
    times = ("acknowledge_by", "arrive_by", "report_by", "brief_by")
    told = {name: getattr(row, name).isoformat() for name in times}
    told |= {"office": str(row.office_id), "place": str(row.place_id), "climb_at": told["acknowledge_by"]}
    return {**told, "reported_already": row.reported_at is not None, "closed_to": str(_about(row) or "")}


def escalation_facts(call: Call) -> Mapping[str, Any]:
    """What decision D20 looks at."""
    context, row = of(call), _incident(call)
    return {
        "acknowledged": row.acknowledged_at is not None,
        "told_last": row.told_last,
        "deputy_on_list": bool(duties.on_duty(row.office, DutySpell.Post.DEPUTY, context.today)),
        "working_day": is_working_day(context.today),
    }


def tell_next_on_duty(call: Call) -> Mapping[str, Any] | None:
    """One rung further; what was told before stays theirs too."""
    context, row, data = of(call), _incident(call), call.data
    if data["next_on_duty"] == "nobody":
        return None
    _tell(row, str(data["next_on_duty"]), str(data["channel"]), context)
    return {"climb_at": clocks.after(str(data["wait"]), path=row.office.path, now=context.now).isoformat()}


def record_acknowledgement(call: Call) -> Mapping[str, Any]:
    """Somebody has it and sends whoever is near; or says that it is nothing. What is known by now is judged first, so
    that nothing of it is told to kin or to the history of the case. Raises NoSuspect."""
    context, row, answers = of(call), _incident(call), call.answers
    judged = _judge_again(call, row)
    if answers["acknowledgement"] == incidents.FALSE_ALARM:
        incidents.note_false_alarm(incident=row, reason=str(answers["reason"]))
    elif answers["acknowledgement"] == incidents.MERGED:
        incidents.merge(incident=row, other=_named(str(answers["same_as"])))
    kin = str(answers.get("kin") or "")
    incidents.acknowledge(incident=row, kin=kin, actor=context.actor, now=context.now)
    outbox.withdraw(row, now=context.now)
    if answers["acknowledgement"] == incidents.ON_IT:
        _send_there(row, context)
    return judged


def record_arrival(call: Call) -> Mapping[str, Any]:
    """Somebody was there; what was found is judged. Raises NoSuspect."""
    context, row, answers = of(call), _incident(call), call.answers
    judged = _judge_again(call, row)
    at, found = datetime.fromisoformat(answers["arrived_at"]), str(answers.get("found") or "")
    incidents.arrive(incident=row, at=at, found=found, actor=context.actor, now=context.now)
    if answers["arrival"] == incidents.FALSE_ALARM:
        incidents.note_false_alarm(incident=row, reason=str(answers["reason"]))
    return judged


def record_measures(call: Call) -> Mapping[str, Any]:
    """What was done, and when the person is seen again."""
    context, row, answers = of(call), _incident(call), call.answers
    incidents.take_measures(
        incident=row, measures=answers["measures"], text=str(answers["actions"]), settled=str(answers["settled"]),
        actor=context.actor, now=context.now,
    )  # fmt: skip
    if answers.get("raise_tier") and row.about_family is not None:
        family = row.about_family
        families.classify(
            family=family, categories=family.categories, tier=HIGHEST_TIER, actor=context.actor, now=context.now,
            reason=_told_as(row), is_event=True,
        )  # fmt: skip
    return _next_week(row, context)


def record_follow_up(call: Call) -> Mapping[str, Any]:
    """How the person is a week later; or what the reviewer missed. Raises NotSettled."""
    context, row, answers = of(call), _incident(call), call.answers
    if call.node_id == "add_what_is_missing" and answers["settled"] == NOT_YET:
        raise NotSettled([FieldProblem("/settled", NotSettled.code, NotSettled.message)])
    incidents.follow_up(
        incident=row, at=datetime.fromisoformat(answers["seen_at"]), text=str(answers["actions"]),
        settled=str(answers["settled"]), actor=context.actor, now=context.now,
    )  # fmt: skip
    return _next_week(row, context)


def record_report(call: Call) -> None:
    """The officer on duty has told the police, for the finder could not."""
    context, row, answers = of(call), _incident(call), call.answers
    at = datetime.fromisoformat(answers["reported_at"])
    incidents.record_report(incident=row, at=at, receipt=str(answers["receipt"]), actor=context.actor, now=context.now)


def record_brief(call: Call) -> None:
    """The written brief of the first day."""
    context, answers = of(call), call.answers
    incidents.brief(
        incident=_incident(call), text=str(answers["brief"]), sent_to=answers["sent_to"],
        actor=context.actor, now=context.now,
    )  # fmt: skip


def tell_late(call: Call) -> None:
    """A clock has run out: the officers on duty hear it at once, or the supervisor; history and the page say so."""
    context, row, clock = of(call), _incident(call), CLOCKS[call.node_id]
    if not incidents.note_late(incident=row, clock=clock, now=context.now):
        return
    if clock in OFFICERS:
        officers = duties.told_so_far(row.office, row.told_last, context.today)
        whom = {str(officer.pk): outbox.one_user(officer) for officer in officers}
    else:
        whom = {"supervisor": outbox.role_at("supervisor", row.office)}
    for name, to in whom.items():
        _intend("emergency.late", row, to, f"{clock}:{name}", context, urgent=clock not in CAN_WAIT)


def start_review(call: Call) -> Mapping[str, Any]:
    """The clock of the review."""
    return {"review_by": incidents.start_review(incident=_incident(call), now=of(call).now).isoformat()}


def record_review(call: Call) -> None:
    """The word of somebody who did none of it. Raises SayOfHelper, ReportFirst."""
    context, row, answers = of(call), _incident(call), call.answers
    may_close = answers["review_result"] == "close"
    if may_close and row.helper_was and not answers.get("helper"):
        raise SayOfHelper([FieldProblem("/helper", SayOfHelper.code, SayOfHelper.message)])
    if may_close and row.suspect_helper is not None and row.helper_was:
        _settle_helper(row, row.suspect_helper, str(answers["helper"]), context)
    opinion = str(answers["opinion"])
    incidents.review(incident=row, may_close=may_close, opinion=opinion, actor=context.actor, now=context.now)


def close_emergency(call: Call) -> None:
    """Nothing is left to do."""
    context = of(call)
    incidents.close(incident=_incident(call), actor=context.actor, now=context.now)


def close_false_alarm(call: Call) -> None:
    """It was none: whoever was suspended because of it goes on."""
    context, row = of(call), _incident(call)
    if row.suspect_helper is not None and row.helper_was:
        _settle_helper(row, row.suspect_helper, "goes_on", context)
    incidents.close(incident=row, actor=context.actor, now=context.now)


def close_merged(call: Call) -> None:
    """Another report of the same goes on in its place."""
    context = of(call)
    incidents.close(incident=_incident(call), actor=context.actor, now=context.now)


# --- parts


def _named(id: str) -> Incident | None:
    try:
        return Incident.objects.filter(pk=UUID(id)).first()
    except ValueError:
        return None


def _report_facts(row: Incident) -> Mapping[str, Any]:
    facts = {"minor": row.minor, "incapable": row.incapable, "violence": row.violence, "suspect": row.suspect}
    return {**facts, "situations": len(row.situations)}


def _triage_facts(row: Incident, *, report: bool) -> Mapping[str, Any]:
    facts = {"kind": row.kind, "unconscious": row.unconscious, "fire_gas": row.fire_gas, "minor": row.minor}
    return {**facts, "report": report, "alone": row.alone, "in_hospital": row.in_hospital}


def _judge_again(call: Call, row: Incident) -> Mapping[str, Any]:
    """What is found after the first words changes what the law demands, upward only (D08, D09, E9): the police is told
    at once, and a helper who is suspected only now meets nobody from now on. The tables are those of this version."""
    context, due_before = of(call), row.report_due
    discovery = Discovery.told_in(call.answers)
    if not discoveries.add(incident=row, discovery=discovery, day=context.today):
        return {"report_found": False}
    if row.suspect_helper is not None and not row.helper_was:
        _suspend(row, row.suspect_helper, context)
        _close_items_to(_about(row), context)
    duty = _decided("mandatory_report", _report_facts(row), context)
    urgency = _decided("emergency_triage", _triage_facts(row, report=row.report_due or duty["report"]), context)
    if incidents.raise_urgency(incident=row, advised={**duty, **urgency}, now=context.now):
        for officer in duties.told_so_far(row.office, row.told_last, context.today):
            _intend("emergency.raised", row, outbox.one_user(officer), f"{call.node_id}:{officer.pk}", context)
    return {
        "report_found": row.report_due and not due_before and row.reported_at is None,
        "report_by": row.report_by.isoformat(),
        "arrive_by": row.arrive_by.isoformat(),
        "closed_to": str(_about(row) or ""),
    }


def _decided(table: str, facts: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    """Asked outside of the diagram, told to history like what the diagram asks."""
    made = decide(table_of(context.instance.process_id, table), facts)
    record_instance(context.instance, "decision.made", SYSTEM, context.now, data=decision(made))
    return made.outputs


def _close_items_to(user: UUID | None, context: Context) -> None:
    """What is open of this run is closed to whom it may be about, who has it no longer."""
    if user is None:
        return
    for item in WorkItem.objects.filter(instance=context.instance, state=WorkItem.State.OPEN):
        item.closed_to, item.excluded = user, sorted({*item.excluded, str(user)})
        item.assignee_id = None if item.assignee_id == user else item.assignee_id
        item.version += 1
        item.save(update_fields=["closed_to", "excluded", "assignee", "version"])


def _tell(row: Incident, post: str, channel: str, context: Context) -> None:
    """Whoever is on duty in that post; at the end of the list everybody once more."""
    if post == "everybody":
        officers = duties.everybody(row.office, context.today)
    else:
        officers = duties.on_duty(row.office, post, context.today)
    incidents.tell_officers(incident=row, post=post, officers=officers, channel=channel, now=context.now)
    kind = "emergency.reported" if post == DutySpell.Post.FIRST else "emergency.escalated"
    for officer in officers:
        _intend(kind, row, outbox.one_user(officer), f"{post}:{officer.pk}", context)


def _send_there(row: Incident, context: Context) -> None:
    """The village worker, or, where the village is not known, the office; at night too, unless it can be planned."""
    role = "caseworker" if row.place_id == row.office_id else "village"
    urgent = row.level != Incident.Level.PLANNED
    _intend("emergency.go_there", row, outbox.role_at(role, row.place), role, context, urgent=urgent)


def _intend(kind: str, row: Incident, to: outbox.To, key: str, context: Context, *, urgent: bool = True) -> None:
    """A number and no more, for whoever it may be about hears nothing of it."""
    outbox.intend(
        kind, to=to, key=f"{kind}:{row.pk}:{key}", now=context.now, about=row, label=row.number, label_en=row.number,
        page=f"/emergencies/{row.pk}/", closed_to=_about(row), urgent=urgent,
    )  # fmt: skip


def _about(row: Incident) -> UUID | None:
    """The user whom it may be about, who neither sees nor hears anything of it."""
    return row.suspect_helper.user_id if row.suspect_helper is not None else None


def _next_week(row: Incident, context: Context) -> Mapping[str, Any]:
    return {"follow_at": clocks.after("follow_up_days", path=row.office.path, now=context.now).isoformat()}


def _suspend(row: Incident, helper: Helper, context: Context) -> None:
    """No contact with any family; history tells no reason that would name the family."""
    if helper.status == Helper.Status.ENDED:
        return
    incidents.helper_suspended(incident=row, before=helper.status)
    told, now = _told_as(row), context.now
    register.set_status(helper=helper, status=Helper.Status.SUSPENDED, reason=told, actor=SYSTEM, now=now)
    for spell in Pairing.objects.on(context.today).filter(helper=helper):
        if not spell.suspensions.filter(to_date__isnull=True, reason=SUSPENDED).exists():
            suspensions.suspend_pairing(pairing=spell, reason=SUSPENDED, actor=SYSTEM, now=now, note=told)


def _settle_helper(row: Incident, helper: Helper, what: str, context: Context) -> None:
    """The helper's service ends, stays suspended, or goes on when no other open emergency suspends the helper (E9)."""
    if helper.status == Helper.Status.ENDED or what == "stays":
        return
    if what == "ends":
        register.end_helper(
            helper=helper, reason="complaint", ended_on=context.today, actor=context.actor, now=context.now
        )
        return
    if incidents.leave_suspended(incident=row, helper=helper):
        return
    told, now = _told_as(row), context.now
    register.set_status(helper=helper, status=row.helper_was, reason=told, actor=SYSTEM, now=now)
    for spell in Pairing.objects.on(context.today).filter(helper=helper):
        held = set(spell.suspensions.filter(to_date__isnull=True).values_list("reason", flat=True))
        if SUSPENDED in held and held <= {SUSPENDED, "check_expired"}:
            suspensions.lift_suspension(pairing=spell, reason="cleared", actor=SYSTEM, now=now, note=told)


def _told_as(row: Incident) -> str:
    """By what other histories mention it: none leads to one of which no case may tell (未保法 11, E9)."""
    return "" if row.is_delicate else row.number


def _incident(call: Call) -> Incident:
    rows = Incident.objects.select_related("office", "place", "about_family__unit", "suspect_helper__unit")
    return rows.get(pk=call.data["emergency"])


STEPS: Mapping[str, Step] = {
    "emergency_response.report_facts": report_facts,
    "emergency_response.triage_facts": triage_facts,
    "emergency_response.open_emergency": open_emergency,
    "emergency_response.escalation_facts": escalation_facts,
    "emergency_response.tell_next_on_duty": tell_next_on_duty,
    "emergency_response.record_acknowledgement": record_acknowledgement,
    "emergency_response.record_arrival": record_arrival,
    "emergency_response.record_measures": record_measures,
    "emergency_response.record_follow_up": record_follow_up,
    "emergency_response.record_report": record_report,
    "emergency_response.record_brief": record_brief,
    "emergency_response.tell_late": tell_late,
    "emergency_response.start_review": start_review,
    "emergency_response.record_review": record_review,
    "emergency_response.close_emergency": close_emergency,
    "emergency_response.close_false_alarm": close_false_alarm,
    "emergency_response.close_merged": close_merged,
}
