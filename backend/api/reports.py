"""Reports: a unit's month in numbers. Nothing in them tells of a person."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.mergers import areas
from backend.api.errors import parameter_error
from backend.api.fields import UnitRef
from backend.api.resource import Resource
from backend.org import codes
from backend.org.access import in_subtree
from backend.org.models import Unit, UnitQuerySet
from backend.reporting import month as reporting
from backend.reporting.definitions import DEFINITIONS, GROUPS
from backend.reporting.months import Month
from workflows.month import work

REASONS = {"closed": "close_reason", "unpaired": "helper_end_reason"}
"""Numbers that are told by reason as well → the code list of their reasons."""


class ReasonCountSerializer(serializers.Serializer[Any]):
    """How many for this reason."""

    code = serializers.CharField()
    name = serializers.CharField()
    number = serializers.IntegerField()


class NumbersSerializer(serializers.Serializer[Any]):
    """The numbers; `definitions` says what each counts."""

    visit_rate = serializers.FloatField(allow_null=True, help_text="Null: there was nothing to visit.")
    closed_by = ReasonCountSerializer(many=True)
    unpaired_by = ReasonCountSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """A whole number for every definition but the rate."""
        numbers = {each.name: serializers.IntegerField() for each in DEFINITIONS if each.name != "visit_rate"}
        return {**numbers, **super().get_fields()}


class UnitNumbersSerializer(NumbersSerializer):
    """A unit below, or what belongs to the unit itself."""

    unit = UnitRef()


class NumberDefinitionSerializer(serializers.Serializer[Any]):
    """What a number counts."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    group = serializers.CharField()
    group_label = serializers.CharField()
    text = serializers.CharField()


@extend_schema_serializer(many=False)
class MonthSerializer(serializers.Serializer[Any]):
    """A unit's month. `until`: the moment that "at the end" means; before the month's end it lasts still."""

    unit = UnitRef()
    month = serializers.CharField()
    first = serializers.DateField()
    next_first = serializers.DateField()
    until = serializers.DateTimeField()
    is_over = serializers.BooleanField()
    rows = UnitNumbersSerializer(many=True)
    total = NumbersSerializer()
    definitions = NumberDefinitionSerializer(many=True)


class Reports(Resource):
    """Numbers of places where the caller reads what happened."""

    model = Unit
    serializer_class = MonthSerializer
    pagination_class = None
    required_actions = {"month": "event.read"}

    def get_queryset(self) -> UnitQuerySet:
        """Units in the subtrees where the caller reads history."""
        if getattr(self, "swagger_fake_view", False):
            return Unit.objects.none()
        return Unit.objects.filter(in_subtree(self.user, "event.read", "path"), kind__in=reporting.PLACES)

    @extend_schema(
        summary="A unit's month in numbers",
        responses=MonthSerializer,
        filters=False,
        parameters=[
            OpenApiParameter("unit", str, description="Id or code. Default: where the caller works."),
            OpenApiParameter("month", str, description="Such as 2026-03. Default: this month."),
        ],
    )
    def month(self, request: Request) -> Response:
        """Per unit below and in all: families, cases, helpers, visits, red flags, work; and what each number means."""
        if unknown := set(request.query_params) - {"unit", "month"}:
            raise parameter_error(min(unknown)[:40], "unknown_parameter", _("There is no such parameter."))
        unit, month = self._unit(), self._month()
        rows = [row for area in areas(unit) for row in self._rows(area, month, apart=area.pk != unit.pk)]
        total = sum((numbers for _place, numbers in rows), Counter[str]())
        told = {
            "unit": unit,
            "month": str(month),
            "first": month.first,
            "next_first": month.next_first,
            "until": month.until(self.now),
            "is_over": month.ends_at <= self.now,
            "rows": [{"unit": place, **_numbers(numbers)} for place, numbers in rows],
            "total": _numbers(total),
            "definitions": [{**vars(each), "group_label": GROUPS[each.group]} for each in DEFINITIONS],
        }
        return Response(MonthSerializer(told).data)

    def _rows(self, unit: Unit, month: Month, *, apart: bool) -> list[tuple[Unit, Counter[str]]]:
        """The numbers by unit below it; of an area of a unit that was merged (E16) in one row, itself."""
        found = reporting.counts(unit.path, month, self.now)
        reporting.add(found, work(unit.path, month, self.now))
        return [(unit, sum(found.values(), Counter[str]()))] if apart else reporting.by_unit(found, unit)

    def _unit(self) -> Unit:
        """The unit asked for, else the caller's topmost. Raises Http404."""
        asked, units = self.request.query_params.get("unit", "")[:40], self.get_queryset()
        found = units.filter(**_named(asked)) if asked else units
        unit = found.order_by("path").first()
        if unit is None:
            raise Http404
        return unit

    def _month(self) -> Month:
        """The month asked for, else this one. Raises InvalidParameters."""
        today = timezone.localdate(self.now)
        asked = self.request.query_params.get("month", "")
        try:
            return Month.named(asked, today=today) if asked else Month.of(today)
        except ValueError:
            message = _("Name a month as year and month, such as 2026-03, not later than this one.")
            raise parameter_error("month", "no_month", message) from None


def _named(text: str) -> dict[str, Any]:
    try:
        return {"pk": uuid.UUID(text)}
    except ValueError:
        return {"code": text}


def _numbers(counted: Counter[str]) -> dict[str, Any]:
    numbers: dict[str, Any] = {each.name: counted[each.name] for each in DEFINITIONS}
    numbers["visit_rate"] = reporting.visit_rate(counted)
    for name, codes_of in REASONS.items():
        reasons = sorted((key.partition(":")[2], value) for key, value in counted.items() if key.startswith(f"{name}:"))
        numbers[f"{name}_by"] = [
            {"code": code, "name": codes.name(codes_of, code), "number": number} for code, number in reasons
        ]
    return numbers
