"""The year's festivals, campaign days and turning points, and where years begin: nothing about anybody."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.filters import Filters
from backend.api.permissions import LOGGED_IN
from backend.api.resource import Resource
from backend.org import calendar
from backend.org.access import grants
from backend.org.models import CodeEntry
from backend.org.working_days import is_working_day

EARLIEST, LATEST = 2000, 2099
YEARS = {"calendar.programme_year": "programme_year", "calendar.school_year": "school_year"}
"""Parameter → how the row is called."""


class CalendarDaySerializer(serializers.Serializer[Any]):
    """A day. `kind`: a code of the list calendar_kind."""

    day = serializers.DateField()
    code = serializers.CharField()
    name = serializers.CharField(allow_blank=True, help_text="Empty for programme_year and school_year.")
    kind = serializers.CharField()
    is_working_day = serializers.BooleanField()


@extend_schema_serializer(many=False)
class CalendarYearSerializer(serializers.Serializer[Any]):
    """A year's days in their order."""

    year = serializers.IntegerField()
    days = CalendarDaySerializer(many=True)


class YearFilters(Filters):
    """Which year."""

    year = django_filters.NumberFilter(method="unchanged", min_value=EARLIEST, max_value=LATEST)

    def unchanged(self, queryset: Any, name: str, value: Any) -> Any:
        """The year chooses no rows of a table."""
        return queryset


class Calendar(Resource):
    """The office's calendar."""

    model = CodeEntry
    serializer_class = CalendarYearSerializer
    filterset_class = YearFilters
    pagination_class = None
    required_actions = {"list": LOGGED_IN}

    def get_queryset(self) -> Any:
        """Words are everybody's."""
        return CodeEntry.objects.none()

    @extend_schema(
        summary="A year's calendar",
        operation_id="calendar_retrieve",
        parameters=[OpenApiParameter("year", OpenApiTypes.INT, description="Default: this year.")],
        responses={200: CalendarYearSerializer},
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Festivals by lunar and solar calendar, campaign days, deadlines, and where this place's years begin."""
        self.filter_queryset(self.get_queryset())
        year = int(request.query_params.get("year") or timezone.localdate(self.now).year)
        days = [
            {"day": each.day, "code": each.code, "name": each.name(), "kind": each.kind}
            for each in calendar.days_of(year)
        ]
        days += [
            {"day": begins, "code": code, "name": "", "kind": "year"}
            for key, code in YEARS.items()
            if (begins := self._begins(key, year)).year == year
        ]
        days.sort(key=lambda row: str(row["day"]))
        rows = [{**row, "is_working_day": is_working_day(row["day"])} for row in days]  # type: ignore[arg-type]
        return Response(CalendarYearSerializer({"year": year, "days": rows}).data)

    def _begins(self, key: str, year: int) -> date:
        held = grants(self.user)
        return calendar.year_of(key, date(year, 12, 31), path=held[0].path if held else "")[1]
