"""Back pay: a standard changed, and months were paid by the old one (domain.md E15). Looked at, then confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.org.access import in_subtree
from backend.subsidies import back_pay
from backend.subsidies.amounts import Judge
from backend.subsidies.back_pay import Difference
from backend.subsidies.models import Entitlement, EntitlementQuerySet
from workflows import subsidy_tables
from workflows.models import NotDeployed


class BackPayQuerySerializer(serializers.Serializer[Any]):
    """From which month on, of which kind."""

    since = Day()
    kind = serializers.CharField(max_length=30, help_text="A code of the list subsidy_kind.")


class ShortfallSerializer(serializers.Serializer[Difference]):
    """What changes for one person: yuan a year before and after, and what is short for months drawn up already."""

    entitlement = serializers.CharField(source="entitlement.number")
    person = serializers.CharField(source="entitlement.person.name")
    family = FamilyOfItem(source="entitlement.person.family")
    before = serializers.DecimalField(max_digits=12, decimal_places=2)
    after = serializers.DecimalField(max_digits=12, decimal_places=2)
    from_date = serializers.DateField(allow_null=True, help_text="First day of the new rate; none: it holds already.")
    period = serializers.CharField(help_text="Months that are paid after; empty when none was drawn up.")
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    basis = serializers.CharField()


class BackPaySerializer(serializers.Serializer[Any]):
    """Who is short of what; `total` is the sum, `before` and `after` are yuan a year of all of them."""

    since = serializers.DateField()
    kind = serializers.CharField()
    count = serializers.IntegerField()
    total = serializers.DecimalField(max_digits=14, decimal_places=2)
    before = serializers.DecimalField(max_digits=14, decimal_places=2)
    after = serializers.DecimalField(max_digits=14, decimal_places=2)
    differences = ShortfallSerializer(many=True)


class BackPays(Resource):
    """Differences between what was drawn up and what the standards give now; none is paid before somebody confirms."""

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
        since, kind = asked.validated_data["since"], asked.validated_data["kind"]
        found = back_pay.differences(self._entitled(kind, "back_pay.read"), since=since, judge=_judge())
        return Response(self._shown(found, since=since, kind=kind))

    @extend_schema(summary="Owe the differences", request=BackPayQuerySerializer, responses={201: BackPaySerializer})
    def create(self, request: Request) -> Response:
        """New rates begin and the differences are owed, confirmed by whoever calls; twice is once. The answer tells
        what was changed now."""
        asked = self.given(BackPayQuerySerializer)
        found = back_pay.draw_up(
            self._entitled(asked["kind"], "back_pay.write"), since=asked["since"], judge=_judge(),
            actor=self.actor("back_pay.write"), now=self.now,
        )  # fmt: skip
        return Response(self._shown(found, **asked), status=201)

    def _shown(self, found: Sequence[Difference], *, since: date, kind: str) -> dict[str, Any]:
        told = {
            "since": since,
            "kind": kind,
            "count": len(found),
            "total": back_pay.total(found),
            "before": sum(each.before for each in found),
            "after": sum(each.after for each in found),
            "differences": found,
        }
        return dict(BackPaySerializer(told, context=self.get_serializer_context()).data)

    def _entitled(self, kind: str, action: str) -> EntitlementQuerySet:
        near = in_subtree(self.user, action, "person__family__unit__path")
        return Entitlement.objects.filter(near, kind=kind)


def _judge() -> Judge | None:
    """Decision D14; where applications are not set up, rates stay as they are."""
    try:
        return subsidy_tables.judge()
    except NotDeployed:
        return None
