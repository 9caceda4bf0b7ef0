"""Back pay: a standard changed, and months were paid by the old one (domain.md E15). Looked at, then confirmed."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day
from backend.api.resource import Resource
from backend.org.access import in_subtree
from backend.subsidies import back_pay
from backend.subsidies.back_pay import Difference
from backend.subsidies.models import Entitlement, EntitlementQuerySet


class BackPayQuerySerializer(serializers.Serializer[Any]):
    """From which month on, of which kind."""

    since = Day()
    kind = serializers.CharField(max_length=30, help_text="A code of the list subsidy_kind.")


class ShortfallSerializer(serializers.Serializer[Difference]):
    """What one person is short of, in yuan."""

    entitlement = serializers.CharField(source="entitlement.number")
    person = serializers.CharField(source="entitlement.person.name")
    period = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    basis = serializers.CharField()


class BackPaySerializer(serializers.Serializer[Any]):
    """Who is short of what; `total` is the sum."""

    since = serializers.DateField()
    kind = serializers.CharField()
    count = serializers.IntegerField()
    total = serializers.DecimalField(max_digits=14, decimal_places=2)
    differences = ShortfallSerializer(many=True)


class BackPays(Resource):
    """Differences between what was drawn up and what the rates give now; none is paid before somebody confirms it."""

    model = Entitlement
    serializer_class = BackPaySerializer
    required_actions = {"list": "back_pay.read", "create": "back_pay.write"}

    @extend_schema(
        summary="Who was paid by an old standard", parameters=[BackPayQuerySerializer], responses=BackPaySerializer
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """As it stands now."""
        asked = BackPayQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(self._shown(**asked.validated_data))

    @extend_schema(summary="Owe the differences", request=BackPayQuerySerializer, responses={201: BackPaySerializer})
    def create(self, request: Request) -> Response:
        """Confirmed by whoever calls; twice is once. The answer tells what was owed now."""
        asked = self.given(BackPayQuerySerializer)
        shown = self._shown(**asked)
        found = back_pay.differences(self._entitled(asked["kind"], "back_pay.write"), since=asked["since"])
        back_pay.draw_up(found, actor=self.actor("back_pay.write"), now=self.now)
        return Response(shown, status=201)

    def _shown(self, *, since: date, kind: str) -> dict[str, Any]:
        found = back_pay.differences(self._entitled(kind, "back_pay.read"), since=since)
        told = {"since": since, "kind": kind, "count": len(found), "total": back_pay.total(found), "differences": found}
        return dict(BackPaySerializer(told).data)

    def _entitled(self, kind: str, action: str) -> EntitlementQuerySet:
        near = in_subtree(self.user, action, "person__family__unit__path")
        return Entitlement.objects.filter(near, kind=kind)
