"""Dates, thresholds, targets and weights of an assessment: parameters of its place (domain.md section 7, 12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from backend.org import parameters
from backend.org.working_days import end_of_day

DATES: Mapping[str, str] = {
    "begin": "01-05", "agree": "01-31", "inspect_from": "06-15", "inspect": "07-31", "score_from": "11-25",
    "score": "12-10", "result": "01-20",
}  # fmt: skip
"""P15, where no parameter `assessment.dates` is set; the result's day lies in the year after."""
RULES: Mapping[str, int] = {
    "landing_threshold": 50, "excellent_from": 90, "pass_from": 60, "bonus_most": 5, "appeal_working_days": 5,
    "visits_sampled": 10, "files_sampled": 10,
}  # fmt: skip


def rules(path: str, day: date) -> Mapping[str, int]:
    """Thresholds and counts in force at a place that day."""
    return {**RULES, **_given("assessment.rules", path, day)}


def targets(path: str, day: date) -> Mapping[str, Any]:
    """Indicator → target, as a new agreement takes it over."""
    return _given("assessment.targets", path, day)


def weights(path: str, day: date) -> Mapping[str, int]:
    """Indicator → weight; 0: told but not scored here."""
    return _given("assessment.weights", path, day)


def date_of(name: str, *, path: str, year: int, day: date) -> date:
    """A day of the cycle of a year. 29 February is the 28th in other years."""
    text = {**DATES, **_given("assessment.dates", path, day)}[name]
    month, of_month = int(text[:2]), int(text[3:])
    return date(year + (name == "result"), month, min(of_month, 28) if month == 2 else of_month)


def moment_of(name: str, *, path: str, year: int, day: date) -> datetime:
    """The end of that day."""
    return end_of_day(date_of(name, path=path, year=year, day=day))


def _given(key: str, path: str, day: date) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parameters.value(key, path=path, day=day, default={})
    return found
