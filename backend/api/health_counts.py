"""Anonymous counters of health services: entered by site, told by the month where nobody can be made out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import Day, StrictSerializer, UnitRef, VisibleField
from backend.api.resource import Resource
from backend.core.errors import NotAllowed
from backend.health import counts, rota
from backend.health.models import HealthService
from backend.health.rules import rules
from backend.org import codes
from backend.org.access import in_subtree, may
from backend.org.models import Unit
from backend.reporting.months import Month
from workflows.store import unit_for

ONE_DAY = timedelta(days=1)


class CountedSerializer(StrictSerializer):
    """How often something was used at a site."""

    site = VisibleField(Unit, help_text="The village or township where it was.")
    day = Day(help_text="Any day of the month.")
    what = serializers.CharField(max_length=20, help_text="A code of the list health_count.")
    number = serializers.IntegerField(min_value=-999, max_value=9999, help_text="A negative one takes back.")


class SiteCountSerializer(serializers.Serializer[Any]):
    """A site's figure."""

    site = serializers.CharField()
    number = serializers.IntegerField(allow_null=True, help_text="null: not told.")


class KindCountSerializer(serializers.Serializer[Any]):
    """One kind of count in the month."""

    what = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    total = serializers.IntegerField(allow_null=True, help_text="null: fewer than the smallest figure that is told.")
    sites = SiteCountSerializer(many=True)


@extend_schema_serializer(many=False)
class MonthCountsSerializer(serializers.Serializer[Any]):
    """What may be told of a township's month, and whose turn it is for the check."""

    unit = UnitRef()
    month = serializers.CharField()
    is_closed = serializers.BooleanField(help_text="Figures are told once the month is closed.")
    smallest = serializers.IntegerField(help_text="Nothing below it is told.")
    results = KindCountSerializer(many=True)
    invited = UnitRef(many=True, help_text="Villages that have their turn for the women's check in that year.")


class HealthCounts(Resource):
    """Anonymous counters."""

    model = Unit
    serializer_class = MonthCountsSerializer
    required_actions = {"list": "health_count.read", "create": "health_count.write"}

    @extend_schema(
        summary="Anonymous figures of a month",
        responses=MonthCountsSerializer,
        filters=False,
        parameters=[
            OpenApiParameter("unit", str, description="Id of a township. Default: the own one."),
            OpenApiParameter("month", str, description="Such as 2026-03. Default: the last one."),
        ],
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Of one township and one month: sums over townships or months would give away what is not told."""
        if unknown := set(request.query_params) - {"unit", "month"}:
            raise parameter_error(min(unknown)[:40], "unknown_parameter", _("There is no such parameter."))
        town, month = self._town(), self._month()
        numbers = rules(town.path, timezone.localdate(self.now))
        told = {
            "unit": town,
            "month": f"{month:%Y-%m}",
            "is_closed": counts.is_closed(month, office=town, now=self.now),
            "smallest": numbers["smallest_count"],
            "results": [_figure(each) for each in counts.figures(office=town, month=month, now=self.now)],
            "invited": rota.villages_invited(town, month.year, every=numbers["round_years"]),
        }
        return Response(MonthCountsSerializer(told).data)

    @extend_schema(summary="Enter an anonymous count", request=CountedSerializer, responses={204: None})
    def create(self, request: Request) -> Response:
        """Added to the month's counter; the sum is not answered."""
        given = self.given(CountedSerializer)
        site: Unit = given["site"]
        if site.kind not in {Unit.Kind.VILLAGE, Unit.Kind.TOWN} or not may(
            self.user, "health_count.write", path=site.path
        ):
            raise NotAllowed
        office = unit_for("caseworker", site)
        actor = self.actor("health_count.write", site.path)
        counts.add_count(office=office, actor=actor, now=self.now, **given)
        return Response(status=204)

    def _town(self) -> Unit:
        """The township asked for, else the first one where the caller reads figures. Raises InvalidParameters."""
        readable = self.get_queryset().filter(in_subtree(self.user, "health_count.read", "path"), kind=Unit.Kind.TOWN)
        asked = self.request.query_params.get("unit", "")
        try:
            found = readable.filter(pk=UUID(asked)) if asked else readable
        except ValueError:
            found = readable.none()
        town: Unit | None = found.order_by("path").first()
        if town is None:
            raise parameter_error("unit", "no_township", _("Figures are told by township."))
        return town

    def _month(self) -> date:
        """The month asked for, else the last one. Raises InvalidParameters."""
        today = timezone.localdate(self.now)
        asked = self.request.query_params.get("month", "")
        try:
            return Month.named(asked, today=today).first if asked else (today.replace(day=1) - ONE_DAY).replace(day=1)
        except ValueError:
            message = _("Name a month as year and month, such as 2026-03, not later than this one.")
            raise parameter_error("month", "no_month", message) from None


def _figure(figure: counts.Figure) -> dict[str, Any]:
    kind = "health_kind" if figure.what in HealthService.Kind.values else counts.LIST
    sites = [{"site": name, "number": number} for name, number in figure.sites.items()]
    return {"what": figure.what, "label": codes.name(kind, figure.what), "total": figure.total, "sites": sites}
