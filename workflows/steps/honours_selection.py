"""Steps of a nomination: reviewed, held against the rules, made public, objected to, awarded, told with consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.activities import honours
from backend.activities.models import Honour
from backend.rights.models import Grievance
from workflows.engine.runner import Call
from workflows.steps.context import Step, of

State = Honour.State


def record_self_check(call: Call) -> None:
    """What the community says of itself."""
    context, answers = of(call), call.answers
    findings = str(answers["self_findings"])
    honours.check_itself(
        honour=_honour(call), scores=_scores(call), findings=findings, actor=context.actor, now=context.now
    )


def record_site_check(call: Call) -> None:
    """What somebody else found there, and whether it is up to the standard."""
    context, answers = of(call), call.answers
    honours.check_on_site(
        honour=_honour(call),
        scores=_scores(call),
        findings=str(answers["site_findings"]),
        visited_on=date.fromisoformat(str(answers["visited_on"])),
        reason="" if answers["on_site"] == "yes" else _reason(call),
        actor=context.actor,
        now=context.now,
    )


def record_village_review(call: Call) -> None:
    """Votes, who stood aside, the result."""
    answers = call.answers
    told = {name: answers[name] for name in ("votes_for", "votes_against", "recused")}
    state = "" if answers["recommended"] == "yes" else State.NOT_RECOMMENDED
    _note(call, "honour.reviewed_in_village", state, reason=_reason(call), **told)


def record_replies(call: Call) -> None:
    """What the official replies say."""
    _note(call, "honour.records_checked", reply_number=str(call.answers.get("reply_number") or ""))


def eligibility_facts(call: Call) -> Mapping[str, Any]:
    """What decision D27 looks at: never how many children somebody has."""
    data = call.data
    return {
        "court_reply": data["court_reply"],
        "fraud_record": data["fraud_record"],
        "pending": _is_pending(_honour(call)),
    }


def note_eligibility(call: Call) -> None:
    """Whether it goes on, and why not."""
    states = {"hold": State.HELD, "no": State.DISQUALIFIED}
    state = states.get(str(call.data["eligibility"]), State.NOMINATED)
    _note(call, "honour.eligibility_noted", state, eligibility_reason=str(call.data["eligibility_reason"]))


def record_town_review(call: Call) -> None:
    """Score and opinion of somebody without interest in the candidate."""
    state = "" if call.answers["approved_by_town"] == "yes" else State.DEFERRED
    _note(call, "honour.reviewed", state, score=call.answers["score"], reason=_reason(call))


def publish(call: Call) -> Mapping[str, Any]:
    """Made public for the call's days."""
    context = of(call)
    until = honours.publish(honour=_honour(call), actor=context.actor, now=context.now)
    return {"publicity_until": until.isoformat()}


def record_objection(call: Call) -> None:
    """Whether it holds."""
    context, answers = of(call), call.answers
    upheld, evidence = answers["objection"] == "upheld", str(answers["evidence"])
    honours.settle(honour=_honour(call), upheld=upheld, evidence=evidence, actor=context.actor, now=context.now)


def take_down(call: Call) -> None:
    """Not public any more."""
    context = of(call)
    honours.take_down(honour=_honour(call), actor=context.actor, now=context.now)


def record_approval(call: Call) -> None:
    """Awarded for its term, or not this time."""
    context, row, minutes = of(call), _honour(call), str(call.answers["minutes"])
    if call.answers["award"] == "yes":
        honours.award(honour=row, minutes=minutes, actor=context.actor, now=context.now)
    else:
        _note(call, "honour.deferred", State.DEFERRED, minutes=minutes, reason=_reason(call))


def record_story(call: Call) -> None:
    """The words they have read and agreed to; none when they would rather not."""
    told = str(call.answers.get("text") or "") if call.answers["story"] == "yes" else ""
    _note(call, "honour.story_asked", story=told)


# --- parts


def _is_pending(row: Honour) -> bool:
    """Whether a complaint about the volunteer, or an objection about the family, is not answered yet."""
    found = Grievance.objects.open()
    if row.helper_id is not None:
        return found.filter(about_helper=row.helper_id).exists()
    if row.candidate_family_id is not None:
        return found.filter(about_family=row.candidate_family_id, kind=Grievance.Kind.OBJECTION).exists()
    return False


def _note(call: Call, action: str, state: str = "", **values: Any) -> None:
    context = of(call)
    honours.note(honour=_honour(call), action=action, state=state, actor=context.actor, now=context.now, **values)


def _scores(call: Call) -> Mapping[str, int]:
    return {theme: int(call.answers[theme]) for theme in honours.THEMES}


def _reason(call: Call) -> str:
    return str(call.answers.get("reason") or "")


def _honour(call: Call) -> Honour:
    rows = Honour.objects.select_related("unit", "call", "candidate_family", "helper")
    return rows.get(pk=call.data["honour"])


STEPS: Mapping[str, Step] = {
    "honours_selection.record_self_check": record_self_check,
    "honours_selection.record_site_check": record_site_check,
    "honours_selection.record_village_review": record_village_review,
    "honours_selection.record_replies": record_replies,
    "honours_selection.eligibility_facts": eligibility_facts,
    "honours_selection.note_eligibility": note_eligibility,
    "honours_selection.record_town_review": record_town_review,
    "honours_selection.publish": publish,
    "honours_selection.record_objection": record_objection,
    "honours_selection.take_down": take_down,
    "honours_selection.record_approval": record_approval,
    "honours_selection.record_story": record_story,
}
