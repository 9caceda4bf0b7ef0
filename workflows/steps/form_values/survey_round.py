"""How far a village's yearly survey is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.census import rounds
from backend.census.models import SurveyRound
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known


def survey_progress(context: Context, data: Mapping[str, Any]) -> Known:
    """How far a village's yearly survey has come, in numbers."""
    round = SurveyRound.objects.get(pk=data["round"])
    progress = rounds.progress_of(round)
    facts = {
        "survey_listed": progress.listed,
        "survey_done": progress.done,
        "survey_percent": f"{progress.percent} %",
        "survey_threshold": f"{round.threshold} %",
        "survey_closes_on": round.closes_on.isoformat(),
        "survey_measure": round.measure,
    }
    return {"facts": facts}


FORM_VALUES: FormValues = {
    ("survey_round", "survey_families"): survey_progress,
    ("survey_round", "look_at_village"): survey_progress,
    ("survey_round", "give_reasons"): survey_progress,
}
