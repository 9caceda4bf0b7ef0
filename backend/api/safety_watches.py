"""Refusals by somebody whose capacity is in doubt (E27): begun here; heard, decided, looked after and reviewed as work
items (process `safety_watch`). What was said and seen stands in no answer here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, RowSerializer, StrictSerializer, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case
from backend.core.errors import NotAllowed
from backend.emergencies.models import SafetyCheck, SafetyWatch
from backend.org.access import may
from workflows.safety_watches import doubt_refusal


class WatchFilters(Filters):
    """What the list is narrowed by."""

    open = YesNo(field_name="ended_at", lookup_expr="isnull", label="true: not ended.")
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: families there and below it.")


class SafetyCheckSerializer(RowSerializer[SafetyCheck]):
    """One look: when, by whom, safe or not."""

    by = serializers.CharField(source="label")

    class Meta:
        model = SafetyCheck
        fields = ("at", "by", "found")


class SafetyWatchSerializer(RowSerializer[SafetyWatch]):
    """How far it is. `named`: who decided and reviews it every month."""

    case = CaseRef()
    family = FamilyOfItem(source="case.family")
    begun_by = serializers.CharField(source="begun_label")
    named = PersonRef(allow_null=True)
    begun_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = SafetyWatch
        fields = (
            "id", "case", "family", "state", "begun_at", "begun_by", "named", "review_on", "outcome", "ended_at",
            "version",
        )  # fmt: skip


class SafetyWatchDetailSerializer(SafetyWatchSerializer):
    """With the looks so far, the newest first."""

    checks = serializers.SerializerMethodField()

    class Meta(SafetyWatchSerializer.Meta):
        fields = (*SafetyWatchSerializer.Meta.fields, "checks")  # type: ignore[assignment]

    @extend_schema_field(SafetyCheckSerializer(many=True))
    def get_checks(self, row: SafetyWatch) -> list[dict[str, Any]]:
        """The last year's."""
        rows = row.checks.order_by("-at")[:60]
        return [dict(each) for each in SafetyCheckSerializer(rows, many=True, context=self.context).data]


class DoubtSerializer(StrictSerializer):
    """Whose refusal, and what makes one doubt it."""

    case = VisibleField(Case)
    because = serializers.CharField(max_length=400, help_text="What was seen, no diagnosis.")


DOUBT = OpenApiExample(
    "doubt",
    value={"case": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "because": "不认得来人，说不清在拒绝什么"},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Refusals in doubt"),
    retrieve=extend_schema(summary="One refusal in doubt", responses=SafetyWatchDetailSerializer),
)
class SafetyWatches(Resource):
    """Refusals in doubt, and what became of them."""

    model = SafetyWatch
    serializer_class = SafetyWatchSerializer
    filterset_class = WatchFilters
    related = ("case__family", "named")
    orderings = {"begun_at": "created_at"}
    ordering = "-begun_at"
    required_actions = {
        "list": "safety_watch.read",
        "retrieve": "safety_watch.read",
        "create": "safety_watch.write",
    }

    def get_serializer_class(self) -> Any:
        """One with its looks."""
        return SafetyWatchSerializer if self.action == "list" else SafetyWatchDetailSerializer

    @extend_schema(
        summary="Doubt a refusal", request=DoubtSerializer, responses={201: SafetyWatchDetailSerializer},
        examples=[DOUBT],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Relatives and two witnesses are heard first; until a supervisor has decided, the refusal counts."""
        given = self.given(DoubtSerializer)
        case: Case = given["case"]
        if not may(self.user, "safety_watch.write", path=case.unit_path):
            raise NotAllowed
        by = self.actor("safety_watch.write", case.unit_path)
        row = doubt_refusal(case=case, because=given["because"], actor=by, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)
