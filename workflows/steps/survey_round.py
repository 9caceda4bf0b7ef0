"""Steps of a village's yearly survey (P01): families listed, progress looked at, reasons given, closed with figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.cases.families import asked_too_soon
from backend.census import rounds
from backend.census.models import SurveyRound, SurveyTarget
from backend.census.rounds import Unsettled
from backend.core import prepared
from backend.core.jobs import enqueue
from backend.reminders.outbox import intend, one_user
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def list_families(call: Call) -> None:
    """The families to be surveyed. Whom only somebody known may ask, is begun with that contact, who alone hears of
    it (S34): of a family that refused, on the day from which it may be asked again (E5)."""
    context, round = of(call), _round(call)
    rounds.list_families(round=round, now=context.now)
    known = round.targets.filter(by_contact=True, contact__isnull=False).select_related("family__unit")
    for target in known.defer("note", "family__emergency_phone", "family__notes"):
        if not asked_too_soon(target.family, context.today):
            tell_contact(target, context.now)
    enqueue("survey_rounds.ask_known", lock=f"survey_round:{round.pk}", round_id=str(round.pk))


def tell_contact(target: SurveyTarget, now: datetime) -> None:
    """Whom the family knows is to ask it; once, and without its name."""
    if target.contact_id is not None:
        intend(
            "survey_target.asked",
            to=one_user(target.contact_id),
            key=f"survey_target.asked:{target.pk}",
            unit_path=target.unit_path,
            page=f"/survey-rounds/{target.round_id}/",
            now=now,
        )


def finish(call: Call) -> None:
    """Every family has a result or a reason. Raises Unsettled."""
    _check_settled(call)


def count_progress(call: Call) -> Mapping[str, Any]:
    """Whether fewer families have a result than the threshold wants."""
    round = _round(call)
    rounds.leave_out_gone(round=round, now=of(call).now)
    return {"behind": rounds.progress_of(round).is_behind(round.threshold)}


def note_measure(call: Call) -> None:
    """What the supervisor orders for a village that is behind."""
    context, answers = of(call), call.answers
    rounds.note_measure(
        round=_round(call),
        measure=str(answers["measure"]),
        note=str(answers.get("note") or ""),
        actor=context.actor,
        now=context.now,
    )


def count_left(call: Call) -> Mapping[str, Any]:
    """How many families have neither a result nor a reason on the last day."""
    round = _round(call)
    rounds.leave_out_gone(round=round, now=of(call).now)
    return {"left": round.targets.filter(state=SurveyTarget.State.TODO).count()}


def check_reasons(call: Call) -> None:
    """For every family that was not reached somebody has said why. Raises Unsettled."""
    _check_settled(call)


def close_round(call: Call) -> Mapping[str, Any]:
    """The figures are frozen; how many families were not reached."""
    context = of(call)
    closed = rounds.close_round(round=_round(call), actor=context.actor, now=context.now)
    return {"missed": closed.figures["states"].get(SurveyTarget.State.NOT_REACHED, 0)}


def _check_settled(call: Call) -> None:
    round = _round(call)
    rounds.leave_out_gone(round=round, now=of(call).now)
    if left := round.targets.filter(state=SurveyTarget.State.TODO).count():
        raise Unsettled(params={"number": left})


def _round(call: Call) -> SurveyRound:
    return prepared.found(SurveyRound, call.data["round"], follow=("unit",))


STEPS: Mapping[str, Step] = {
    "survey_round.list_families": list_families,
    "survey_round.finish": finish,
    "survey_round.count_progress": count_progress,
    "survey_round.note_measure": note_measure,
    "survey_round.count_left": count_left,
    "survey_round.check_reasons": check_reasons,
    "survey_round.close_round": close_round,
}
