"""All indicators: those of backend.reporting, and those that samples, findings, call-backs and grades tell.

A family's refusal to answer a call-back counts for nothing (E5), and what is scored is problems found *and* solved
(2h: perverse incentives): an inspection that finds nothing raises no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backend.assessment.models import CallBack, PolicyGrade
from backend.inspection.models import Finding, Sample, SampleRow
from backend.reporting.indicators import INDICATORS as COUNTED
from backend.reporting.indicators import Indicator
from backend.reporting.months import Period

WRONG_RECORDS = ("record_missing", "record_wrong")
WRONG_DECISIONS = ("record_wrong", "rights", "money")
"""Kinds of finding that say that a confirmation was wrong."""


def looked_at(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Drawn rows that an auditor looked at in the period, with what was found about them."""
    rows = SampleRow.objects.filter(family__unit__path__startswith=path, looked_at__gte=period.begins_at)
    about = Finding.objects.filter(sample_row=OuterRef("pk"))
    return rows.filter(looked_at__lt=period.until(now)).annotate(
        has_finding=Exists(about),
        has_wrong_record=Exists(about.filter(kind__in=WRONG_RECORDS)),
        has_wrong_decision=Exists(about.filter(kind__in=WRONG_DECISIONS)),
    )


def files_looked_at(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Of samples of families on file."""
    return looked_at(path, period, now).filter(sample__population=Sample.Population.FAMILIES)


def cases_looked_at(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Of samples of open cases: somebody confirmed each of them."""
    return looked_at(path, period, now).filter(sample__population=Sample.Population.OPEN_CASES)


def findings(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Problems found whose day to be put right lies in the period, and those put right before it."""
    found = Finding.objects.filter(case__unit_path__startswith=path)
    over = Q(due_at__gte=period.begins_at, due_at__lt=period.until(now))
    solved = Q(closed_at__gte=period.begins_at, closed_at__lt=period.until(now))
    return found.filter(over | solved)


def answered_call_backs(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Call-backs of the period at which the family said whether it is content."""
    calls = CallBack.objects.filter(row__family__unit__path__startswith=path, satisfied__isnull=False)
    return calls.filter(created_at__gte=period.begins_at, created_at__lt=period.until(now))


def policy_grades(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Policies graded in assessments of the years that begin in the period, a hundredth each."""
    grades = PolicyGrade.objects.filter(assessment__unit__path__startswith=path)
    return grades.filter(assessment__year__gte=period.first.year, assessment__year__lt=period.next_first.year)


SAMPLED = (
    Indicator(
        "confirmation_accuracy", _("confirmations right"),
        _(
            "Drawn cases that were looked at in the period without a finding that something was confirmed "
            "wrongly, of all drawn cases looked at."
        ),
        "2h; S65", "quality", cases_looked_at, "family__unit__path",
        hit=Q(has_wrong_decision=False), open="family_id", unit="percent",
    ),
    Indicator(
        "file_pass_rate", _("files in order"),
        _("Drawn files that were looked at in the period without any finding, of all drawn files looked at."),
        "2h; S65", "quality", files_looked_at, "family__unit__path",
        hit=Q(has_finding=False), open="family_id", unit="percent",
    ),
    Indicator(
        "register_accuracy", _("register agrees with the facts"),
        _(
            "Drawn rows looked at in the period whose record was there and right, of all drawn rows looked "
            "at. Never births."
        ),
        "2h; S66", "quality", looked_at, "family__unit__path",
        hit=Q(has_wrong_record=False), open="family_id", unit="percent",
    ),
    Indicator(
        "problems_solved", _("problems solved"),
        _("Findings put right, of the findings that were due or put right in the period. Finding many lowers nothing."),
        "2h; W24, G4, G5", "quality", findings, "case__unit_path",
        hit=Q(closed_at__isnull=False), open="case__family_id", unit="percent",
    ),
    Indicator(
        "satisfaction", _("families content"),
        _(
            "Families that said at a call-back that they are content, of those that answered the question in "
            "the period."
        ),
        "2h; S17, S63, S64, S68", "quality", answered_call_backs, "row__family__unit__path",
        hit=Q(satisfied=True), unit="percent",
    ),
    Indicator(
        "policy_building", _("policies built up"),
        _("Sum of the grades of the assessed policies in hundredths: each 0, 25, 50, 75 or 100."),
        "2h; S68; G18", "policy", policy_grades, "assessment__unit__path", amount="hundredths", unit="points",
        page="/assessments/",
    ),
)  # fmt: skip

INDICATORS: Mapping[str, Indicator] = {each.name: each for each in (*COUNTED, *SAMPLED)}
"""By name, in the order in which they are told."""
