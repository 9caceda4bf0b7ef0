"""The indicator board: each indicator of a unit and of the units below it, with its definition and target.

Whoever may open the cases of the unit sees every figure and the families behind it. Everybody else is told only months
that are over, and no small number, nor one that could be worked out by subtraction (E32;
backend.core.small_numbers). Figures of health are told in the same way to whoever may not read health (P08: a case says
nothing of it), and those that were counted without names to everybody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.resource import Resource
from backend.assessment import figures
from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Line
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.core.small_numbers import SMALLEST, Pair, shown
from backend.org import parameters
from backend.org.access import in_subtree, may
from backend.org.models import Unit, UnitQuerySet
from backend.reporting.indicators import GROUPS, Indicator, by_place, places_below, value
from backend.reporting.month import PLACES
from backend.reporting.months import Month, Period, period_named
from backend.reporting.policies import policies

HITS = {"": None, "yes": True, "no": False}
PARAMETERS = [
    OpenApiParameter("unit", str, description="Id or code. Default: where the caller works."),
    OpenApiParameter("period", str, description="A month (2026-03) or a year (2026). Default: this or the last month."),
]


class FigureSerializer(serializers.Serializer[Any]):
    """A figure. `hidden`: too small to be shown, or it would give away one that is."""

    hits = serializers.IntegerField(allow_null=True)
    of = serializers.IntegerField(allow_null=True, help_text="Null for numbers that are no rates.")
    value = serializers.FloatField(allow_null=True, help_text="Per cent or the number; null: nothing to count of.")
    hidden = serializers.BooleanField()


class UnitFigureSerializer(FigureSerializer):
    """The figure of a unit below, or of what belongs to the unit itself."""

    unit = UnitRef()


class MonthFigureSerializer(FigureSerializer):
    """The figure of a month as it was last told."""

    month = serializers.IntegerField()


class IndicatorSerializer(serializers.Serializer[Any]):
    """An indicator with its figures."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    group = serializers.CharField()
    group_label = serializers.CharField()
    measure = serializers.ChoiceField(choices=("percent", "number", "yuan", "points"))
    target = serializers.FloatField(allow_null=True)
    page = serializers.CharField(help_text="Where the rows of a figure without families stand; empty: nowhere.")
    opens = serializers.BooleanField(help_text="The caller may list the families behind it.")
    total = FigureSerializer()
    rows = UnitFigureSerializer(many=True)
    months = MonthFigureSerializer(many=True)


@extend_schema_serializer(many=False)
class BoardSerializer(serializers.Serializer[Any]):
    """A unit's indicators in a period. `shared`: the caller may not open the cases, so small numbers are not shown."""

    unit = UnitRef()
    period = serializers.CharField()
    first = serializers.DateField()
    next_first = serializers.DateField()
    is_over = serializers.BooleanField()
    shared = serializers.BooleanField()
    indicators = IndicatorSerializer(many=True)


class PolicySerializer(serializers.Serializer[Any]):
    """A policy of the list benefit_policy. `landed`: what arrived of what was due of it in the period."""

    code = serializers.CharField()
    name = serializers.CharField()
    project = serializers.CharField(help_text="growth, wealth, health, elder: the four projects.")
    department = serializers.CharField()
    since = serializers.DateField()
    basis = serializers.CharField()
    process = serializers.CharField(help_text="The process by which a family gets it.")
    service = serializers.CharField(help_text="The catalogue's entry; empty for what is asked for by itself.")
    documents = serializers.ListField(child=serializers.CharField())
    landed = FigureSerializer()


class SupplementedFigureSerializer(serializers.Serializer[Any]):
    """A figure that was corrected: as told before and as told since."""

    month = serializers.IntegerField()
    indicator = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    number = serializers.IntegerField(help_text="1: the first supplement to it.")
    before = FigureSerializer()
    now = FigureSerializer()
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


@extend_schema_serializer(many=False)
class SupplementsSerializer(serializers.Serializer[Any]):
    """A year of a unit: months that were reported, and what was corrected since."""

    unit = UnitRef()
    year = serializers.IntegerField()
    reported = serializers.ListField(child=serializers.IntegerField())
    supplements = SupplementedFigureSerializer(many=True)


class SupplementFiguresSerializer(serializers.Serializer[Any]):
    """Whose figures of which month (any day of it), and why they were not right."""

    unit = VisibleField(Unit)
    month = Day()
    reason = Reason()


class FamilyOfFigureSerializer(RowSerializer[Family]):
    """A family behind a figure."""

    unit = UnitRef()

    class Meta:
        model = Family
        fields = ("id", "number", "label", "unit")


class Indicators(Resource):
    """Indicators of places whose figures the caller reads."""

    model = Unit
    serializer_class = BoardSerializer
    required_actions = {
        "board": "indicator.read",
        "families": "indicator.read",
        "policies": "indicator.read",
        "supplements": "indicator.read",
        "supplement": "figure.supplement",
    }

    def get_queryset(self) -> Any:
        """Units in the subtrees whose figures the caller reads; for a drill-down the families that the caller sees."""
        if getattr(self, "swagger_fake_view", False):
            return Family.objects.none() if self.action == "families" else Unit.objects.none()
        if self.action == "families":
            return Family.objects.visible_to(self.user).select_related("unit")
        return self._units()

    @extend_schema(summary="A unit's indicators", responses=BoardSerializer, filters=False, parameters=PARAMETERS)
    def board(self, request: Request) -> Response:
        """Per indicator: the unit, the units below it, and the months of the year as they were told."""
        unit = self._unit()
        shared = not may(self.user, "case.read", path=unit.path)
        period = self._period(shared=shared)
        places, months = places_below(unit), figures.months(unit, period.first.year)
        targets = self._targets(unit, period.first.year)
        told = {
            "unit": unit,
            "period": str(period),
            "first": period.first,
            "next_first": period.next_first,
            "is_over": period.ends_at <= self.now,
            "shared": shared,
            "indicators": [
                {
                    **_described(each),
                    "target": targets.get(each.name),
                    "opens": bool(each.open) and not shared,
                    **self._figures(each, unit, places, period),
                    "months": self._months(each, months.get(each.name, {}), unit),
                }
                for each in INDICATORS.values()
            ],
        }
        return Response(BoardSerializer(told).data)

    @extend_schema(
        summary="The families behind a figure",
        responses=FamilyOfFigureSerializer(many=True),
        filters=False,
        parameters=[
            *PARAMETERS,
            OpenApiParameter("indicator", str, description="Its name. Default: visit_rate."),
            OpenApiParameter("hit", str, enum=["yes", "no"], description="Those that count, or those that do not."),
        ],
    )
    def families(self, request: Request) -> Response:
        """Those that the caller may see; none for a figure that stays closed."""
        indicator = INDICATORS.get(self.request.query_params.get("indicator", "visit_rate"))
        if indicator is None:
            raise Http404
        unit = self._unit()
        period = self._period(shared=not may(self.user, "case.read", path=unit.path))
        asked = self.request.query_params.get("hit", "")
        if asked not in HITS:
            raise parameter_error("hit", "bad_choice", _("Say yes or no."))
        behind = indicator.families(unit.path, period, self.now, hit=HITS[asked])
        page = self.paginate_queryset(self.get_queryset().filter(pk__in=behind.values("pk")))
        return self.get_paginated_response([FamilyOfFigureSerializer(row).data for row in page or ()])

    @extend_schema(
        summary="How far each policy landed",
        responses=PolicySerializer(many=True),
        filters=False,
        parameters=PARAMETERS,
    )
    def policies(self, request: Request) -> Response:
        """Policies that benefit families: since when, by whom, where a family meets each, what was due and arrived."""
        unit = self._unit()
        shared = not may(self.user, "case.read", path=unit.path)
        found = policies(unit, self._period(shared=shared), self.now)
        _whole, told = shown({each.code: each.landed for each in found}, self._smallest(unit))
        rows = [
            {**asdict(each), "landed": _figure(each.landed, is_told=not shared or each.code in told)} for each in found
        ]
        return Response(PolicySerializer(rows, many=True).data)

    @extend_schema(
        summary="Supplements to a year's figures", responses=SupplementsSerializer, filters=False,
        parameters=[PARAMETERS[0], OpenApiParameter("year", int, description="Default: this year.")],
    )  # fmt: skip
    def supplements(self, request: Request) -> Response:
        """Which months were reported, and what was corrected since, when, by whom and why."""
        unit, asked = self._unit(), self.request.query_params.get("year", "")
        today = timezone.localdate(self.now)
        if asked and not (asked.isascii() and asked.isdigit() and 2000 <= int(asked[:5]) <= today.year):
            raise parameter_error("year", "invalid", _("This is no year that has begun."))
        year = int(asked) if asked else today.year
        return Response(self._supplements(unit, year))

    @extend_schema(
        summary="Supplement a month's figures", request=SupplementFiguresSerializer,
        responses={201: SupplementsSerializer},
    )  # fmt: skip
    def supplement(self, request: Request) -> Response:
        """What was reported stays as it is; beside it stands from now on what each figure has become."""
        given = self.given(SupplementFiguresSerializer)
        unit: Unit = given["unit"]
        if not may(self.user, "figure.supplement", path=unit.path):
            raise NotAllowed
        month = Month.of(given["month"])
        actor = self.actor("figure.supplement", unit.path)
        figures.supplement(unit=unit, month=month, reason=given["reason"], actor=actor, now=self.now)
        return Response(self._supplements(unit, month.first.year), status=201)

    # --- parts

    def _supplements(self, unit: Unit, year: int) -> dict[str, Any]:
        """Small numbers stay hidden where they are not the caller's to know; so does what tells them."""
        smallest = self._smallest(unit)
        rows = []
        for each in figures.supplements(unit, year):
            moves = (each.now.hits - each.before.hits, (each.now.of or 0) - (each.before.of or 0))
            figures_and_moves = (each.now, each.before, *(Pair(abs(move)) for move in moves))
            guarded = self._guards(INDICATORS[each.row.indicator], unit)
            told = not guarded or not any(pair.is_small(smallest) for pair in figures_and_moves)
            rows.append(
                {
                    "month": each.row.month.month, "indicator": each.row.indicator,
                    "label": INDICATORS[each.row.indicator].label, "number": each.row.supplement,
                    "before": _figure(each.before, is_told=told), "now": _figure(each.now, is_told=told),
                    "reason": each.row.reason, "by": each.row.by_label, "at": each.row.created_at,
                }
            )  # fmt: skip
        reported = [day.month for day in figures.reported(unit, year)]
        told_all = {"unit": unit, "year": year, "reported": reported, "supplements": rows}
        return dict(SupplementsSerializer(told_all).data)

    def _units(self) -> UnitQuerySet:
        return Unit.objects.filter(in_subtree(self.user, "indicator.read", "path"), kind__in=PLACES)

    def _unit(self) -> Unit:
        """The unit asked for, else the caller's topmost. Raises Http404."""
        asked = self.request.query_params.get("unit", "")[:40]
        found = self._units().filter(**_named(asked)) if asked else self._units()
        unit = found.order_by("path").first()
        if unit is None:
            raise Http404
        return unit

    def _period(self, *, shared: bool) -> Period:
        """The period asked for. Raises InvalidParameters; for shared figures also for a year and for this month: what
        grows from day to day tells of single persons."""
        today = timezone.localdate(self.now)
        this = Month.of(today)
        last = Month.of(this.first - timedelta(days=1))
        asked = self.request.query_params.get("period", "")
        try:
            period = period_named(asked, today=today) if asked else last if shared else this
        except ValueError:
            message = _("Name a month (2026-03) or a year (2026), not later than this one.")
            raise parameter_error("period", "no_period", message) from None
        if shared and not (isinstance(period, Month) and period.ends_at <= self.now):
            message = _("Here only months that are over are told: sums that grow would tell of single families.")
            raise parameter_error("period", "not_told", message)
        return period

    def _guards(self, indicator: Indicator, unit: Unit) -> bool:
        """Whether small numbers of this indicator are kept from the caller."""
        cases = may(self.user, "case.read", path=unit.path)
        return not (cases and indicator.small_to and may(self.user, indicator.small_to, path=unit.path))

    def _figures(self, indicator: Indicator, unit: Unit, places: list[Unit], period: Period) -> dict[str, Any]:
        rows = by_place(indicator, indicator.pairs(unit.path, period, self.now), unit, places)
        whole, told = True, frozenset(str(place.pk) for place, _pair in rows)
        if self._guards(indicator, unit):
            whole, told = self._told({str(place.pk): pair for place, pair in rows}, unit, period)
        return {
            "total": _figure(sum((pair for _place, pair in rows), indicator.nothing), is_told=whole),
            "rows": [{"unit": place, **_figure(pair, is_told=str(place.pk) in told)} for place, pair in rows],
        }

    def _told(self, rows: Mapping[str, Pair], unit: Unit, period: Period) -> tuple[bool, frozenset[str]]:
        """Whether the total may be told, and the rows that may. Of a sum that grows, and of a year from which its told
        months could be taken, nothing."""
        if not (isinstance(period, Month) and period.ends_at <= self.now):
            return False, frozenset()
        return shown(rows, self._smallest(unit))

    def _months(self, indicator: Indicator, months: Mapping[int, Pair], unit: Unit) -> list[dict[str, Any]]:
        smallest, guarded = self._smallest(unit), self._guards(indicator, unit)
        return [
            {"month": month, **_figure(pair, is_told=not (guarded and pair.is_small(smallest)))}
            for month, pair in sorted(months.items())
        ]

    def _smallest(self, unit: Unit) -> int:
        day = timezone.localdate(self.now)
        return int(parameters.value("indicator.smallest", path=unit.path, day=day, default=SMALLEST))

    def _targets(self, unit: Unit, year: int) -> dict[str, float]:
        """The targets that the unit agreed to for the year."""
        lines = Line.objects.filter(assessment__unit=unit, assessment__year=year, assessment__signed_at__isnull=False)
        return {name: float(target) for name, target in lines.values_list("indicator", "target")}


def _described(each: Indicator) -> dict[str, Any]:
    return {
        "name": each.name, "label": each.label, "text": each.text, "source": each.source, "group": each.group,
        "group_label": GROUPS[each.group], "measure": each.unit, "page": each.page,
    }  # fmt: skip


def _figure(pair: Pair, *, is_told: bool) -> dict[str, Any]:
    if not is_told:
        return {"hits": None, "of": None, "value": None, "hidden": True}
    return {"hits": pair.hits, "of": pair.of, "value": value(pair), "hidden": False}


def _named(text: str) -> dict[str, Any]:
    try:
        return {"pk": uuid.UUID(text)}
    except ValueError:
        return {"code": text}
