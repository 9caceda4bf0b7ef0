"""Indicators (domain.md 2h): what each counts, in one sentence, by one query for a whole subtree.

A rate is hits of rows; a number is rows, or a sum over them. `open` says by which families a figure can be opened: only
where the list itself tells no more than the figure (who has a doctor's contract is nobody's business). The figures of a
unit are those of its whole subtree; units are told in the order of their codes and never ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.benefits.models import Gift
from backend.cases.models import Family
from backend.coordination.models import MonthlyReport
from backend.core.small_numbers import Pair
from backend.org.models import Unit
from backend.payments.models import Payable
from backend.reporting import measures
from backend.reporting.month import PLACES
from backend.reporting.months import Period
from backend.services.models import PlanItem
from backend.visits.models import Visit

Rows: TypeAlias = Callable[[str, Period, datetime], QuerySet[Any]]
Pairs: TypeAlias = dict[str, Pair]
"""Path of a place → its figure."""

GROUPS: Mapping[str, str | Promise] = {
    "policy": _("Policies and benefits"),
    "care": _("Care for families"),
    "quality": _("Quality of the work"),
    "service": _("Activities and services"),
}


@dataclass(frozen=True)
class Part:
    """Further rows that an indicator counts, of another table."""

    rows: Rows
    at: str
    hit: Q | None
    open: str = ""


@dataclass(frozen=True)
class Indicator:
    """One indicator and how it is counted."""

    name: str
    label: str | Promise
    text: str | Promise
    """What is counted of what, in one sentence."""
    source: str
    """Rows of the documents and of domain.md that ask for it."""
    group: str
    rows: Rows
    at: str
    """Column with the path of the place where a row counts."""
    hit: Q | None = None
    """Which rows hit; None: a number, not a rate."""
    open: str = ""
    """Column with the family of a row; empty: the figure cannot be opened."""
    amount: str = ""
    """Column that is summed instead of counting rows."""
    unit: Literal["percent", "number", "yuan", "points"] = "number"
    also: tuple[Part, ...] = ()
    """What is counted beside `rows`, by one statement each."""
    page: str = ""
    """Address of the page where the rows stand, of a figure that has no families to open."""
    small_to: str = "case.read"
    """Action that opens its small numbers; empty: they are told to nobody, for they were counted without names."""
    is_scored: bool = True
    """False: told, but never given a weight: whoever scores it would press families to agree (finding 7)."""

    @property
    def nothing(self) -> Pair:
        """The figure of a place without rows: a rate of nothing, or the number 0."""
        return Pair(0, None if self.hit is None else 0)

    def pairs(self, path: str, period: Period, now: datetime) -> Pairs:
        """The figures of the places in the subtree of this path: one statement, and one for each further part."""
        found: Pairs = {}
        for part in self._parts:
            for place, pair in self._pairs_of(part, path, period, now):
                found[place] = found.get(place, self.nothing) + pair
        return found

    def families(self, path: str, period: Period, now: datetime, *, hit: bool | None) -> QuerySet[Family]:
        """The families behind the figure: all, those that hit, or those that did not. None for one that is closed."""
        behind = Q(pk__in=[])
        for part in self._parts:
            if part.open:
                rows = part.rows(path, period, now)
                if hit is not None and part.hit is not None:
                    rows = rows.filter(part.hit) if hit else rows.exclude(part.hit)
                behind |= Q(pk__in=rows.order_by().values(part.open))
        return Family.objects.filter(behind)

    @property
    def _parts(self) -> tuple[Part, ...]:
        return (Part(self.rows, self.at, self.hit, self.open), *self.also)

    def _pairs_of(self, part: Part, path: str, period: Period, now: datetime) -> Iterable[tuple[str, Pair]]:
        rows = part.rows(path, period, now).values(at_place=F(part.at)).order_by()
        if part.hit is not None:
            counted = rows.annotate(total=Count("pk"), hits=Count("pk", filter=part.hit))
            return [(row["at_place"], Pair(row["hits"], row["total"])) for row in counted]
        summed = rows.annotate(hits=Sum(self.amount) if self.amount else Count("pk"))
        return [(row["at_place"], Pair(int(row["hits"] or 0))) for row in summed]


def by_place(indicator: Indicator, pairs: Pairs, unit: Unit, places: Iterable[Unit]) -> list[tuple[Unit, Pair]]:
    """The figures of the units below this one; what belongs to itself stands last, if anything does."""
    left, rows = dict(pairs), []
    for place in places:
        under = [path for path in left if path.startswith(place.path)]
        rows.append((place, sum((left.pop(path) for path in under), indicator.nothing)))
    return [*rows, (unit, sum(left.values(), indicator.nothing))] if left or not rows else rows


def places_below(unit: Unit) -> list[Unit]:
    """The units of the next level, in the order of their codes."""
    return list(Unit.objects.filter(parent=unit, kind__in=PLACES).order_by("path"))


def value(pair: Pair) -> float | None:
    """The rate in per cent, or the number; None when there was nothing to count of."""
    if pair.of is None:
        return float(pair.hits)
    return round(100 * pair.hits / pair.of, 1) if pair.of else None


INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "landing_rate", _("policies landed"),
        _(
            "What families are entitled to and got, of what was due in the period: services and benefits of agreed "
            "plans, subsidies to be paid, gifts of a festival. What a family gave back or declined is left out."
        ),
        "2h; G18, G19, G20, P15", "policy", measures.entitled_items, "plan__case__unit_path",
        hit=Q(state=PlanItem.State.DELIVERED), open="plan__family_id", unit="percent",
        also=(
            Part(measures.due_subsidies, "unit_path", Q(state=Payable.State.PAID), "person__family_id"),
            Part(measures.due_gifts, "unit_path", Q(state=Gift.State.DELIVERED), "family_id"),
        ),
    ),
    Indicator(
        "payment_rate",
        _("paid as owed"),
        _(
            "Amounts received, of those owed that were to be paid in the period. "
            "What is held or owed no longer is left out."
        ),
        "2h; S64",
        "policy",
        measures.due_payments,
        "unit_path",
        hit=Q(state=Payable.State.PAID),
        open="person__family_id",
        unit="percent",
    ),
    Indicator(
        "gifts_brought", _("gifts brought"),
        _("Gifts of festivals that reached a family in the period, each counted once."),
        "2h; G23", "policy", measures.gifts_brought, "unit_path", open="family_id",
    ),
    Indicator(
        "money_brought", _("money brought"),
        _("Yuan given with gifts of festivals that reached a family in the period."),
        "2h; G23", "policy", measures.gifts_brought, "unit_path", amount="money", unit="yuan",
    ),
    Indicator(
        "visit_rate", _("visits made"),
        _(
            "Visits at which somebody was met, of those due in the period that are over. Refused visits are "
            "left out; unplanned ones do not raise it."
        ),
        "2h; S43", "care", measures.due_visits, "case__unit_path",
        hit=Q(state=Visit.State.DONE) | Q(replaced_by__isnull=False), open="family_id", unit="percent",
    ),
    Indicator(
        "contact_coverage", _("two contacts"),
        _(
            "Special families with a contact of the township and one of the village on the last day, of all "
            "special families that do not refuse contact."
        ),
        "2h; S01, S07; W10", "care", measures.contacted_families, "unit__path",
        hit=Q(posts=2), open="pk", unit="percent",
    ),
    Indicator(
        "doctor_coverage", _("family doctor"),
        _(
            "Special families with a family doctor's contract in force on the last day, of all special "
            "families that do not refuse contact."
        ),
        "2h; S01, S07; W10", "care", measures.doctored_families, "unit__path",
        hit=Q(has_doctor=True), unit="percent", small_to="health.read",
    ),
    Indicator(
        "green_channel", _("green channel"),
        _(
            "Special families for whom the green channel was opened until the last day, of all special "
            "families that do not refuse contact."
        ),
        "2h; S01, S07", "care", measures.green_families, "unit__path",
        hit=Q(has_green=True), unit="percent", small_to="health.read",
    ),
    Indicator(
        "offers", _("helpers asked"),
        _(
            "Helpers asked in the period whether they would help a family. Asking counts by itself: nobody "
            "can be assigned."
        ),
        "finding 7; J20, J26", "care", measures.offers, "case__unit_path", open="case__family_id", is_scored=False,
    ),
    Indicator(
        "consented_pairs", _("pairings agreed to"),
        _(
            "Pairings of the period to which family and helper both said yes. It is a number, never a rate: "
            "whoever refuses lowers nothing."
        ),
        "finding 7; J20, J26", "care", measures.consented_pairs, "case__unit_path", open="family_id", is_scored=False,
    ),
    Indicator(
        "linked_help", _("linked villages and households helped"),
        _(
            "Households that a leader or a department is linked with or answers for, and that were visited by them in "
            "the period, of all such households. Those that want no contact are left out."
        ),
        "G2; S13, J23, W20", "care", measures.linked_households, "case__unit_path",
        hit=Q(was_visited=True), open="family_id", unit="percent",
    ),
    Indicator(
        "report_timeliness", _("monthly reports in time"),
        _("Monthly reports of member units that came to the office in time, of those due in the period."),
        "2h; Q22, P14", "quality", measures.due_reports, "unit__path",
        hit=Q(handed_in_at__lte=F("due_at")), unit="percent", page="/monthly-reports/",
    ),
    Indicator(
        "report_acceptance", _("monthly reports accepted at once"),
        _(
            "Monthly reports that the office accepted without returning them once, of those due in the period that "
            "were decided on or never came."
        ),
        "2h; Q22, P14, D28", "quality", measures.decided_reports, "unit__path",
        hit=Q(state=MonthlyReport.State.ACCEPTED, rounds=0), unit="percent", page="/monthly-reports/",
    ),
    Indicator(
        "association_work", _("association's work"),
        _("Activities of the period that were held and accounted for, a point each."),
        "2h; S65; W1, W27", "service", measures.held_activities, "unit__path", unit="points",
        page="/activities/",
    ),
    Indicator(
        "preconception_checks", _("checks before a pregnancy"),
        _("Free checks used in the months that are over, counted without names; the target is a number for the year."),
        "2h; W12, S5", "service", measures.preconception_checks, "site__path", amount="number",
        small_to="", page="/health/counts/",
    ),
    Indicator(
        "people_at_talks", _("people at talks"),
        _("People at health talks in the months that are over, counted without names."),
        "2h; S6, G28", "service", measures.people_at_talks, "site__path", amount="number",
        small_to="", page="/health/counts/",
    ),
)  # fmt: skip
"""Those counted from the domain's own tables; what samples and grades tell is added by backend.assessment."""
