"""Service plans (P05): what can be given, what a family was promised and what came of it.

A plan is begun here and read; it is assessed, composed, signed, agreed and looked at as work items (process
`service_plan_referral`), its items are given as work items of their own (process `referral`).
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, VisibleField, short_texts
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.services.models import Entry, Plan, PlanItem
from workflows.service_plans import start_plan


class EntryFilters(Filters):
    """What the catalogue is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=Entry.Kind.choices)
    department = django_filters.CharFilter(max_length=40)
    need = django_filters.CharFilter(max_length=40)


class EntrySerializer(RowSerializer[Entry]):
    """What can be given. `name` in the caller's language; `printed_name` is all that a card or package says."""

    name = serializers.CharField(source="title")

    class Meta:
        model = Entry
        fields = (
            "id", "kind", "code", "name", "printed_name", "need", "measure", "frequency", "quantity", "department",
            "days", "months", "contents", "shares", "path", "from_date", "to_date", "source",
        )  # fmt: skip


@extend_schema_view(list=extend_schema(summary="The catalogue"), retrieve=extend_schema(summary="One entry"))
class ServiceCatalogue(Resource):
    """Services, cards and packages: whose duty each is, how often, how much, and from when to when it holds."""

    model = Entry
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    orderings = {"order": "order"}
    ordering = "order"
    required_actions = {"list": "plan.read", "retrieve": "plan.read"}


class EntryRef(serializers.Serializer[Entry]):
    """An entry as plans and cards mention it."""

    code = serializers.CharField()
    name = serializers.CharField(source="title")
    kind = serializers.CharField()


class PlanItemSerializer(RowSerializer[PlanItem]):
    """One thing of a plan."""

    entry = EntryRef()
    package = EntryRef(allow_null=True)
    measure = serializers.CharField(source="entry.measure")
    frequency = serializers.CharField(source="entry.frequency")
    delivered_by = serializers.CharField(source="delivered_label")

    class Meta:
        model = PlanItem
        fields = (
            "id", "entry", "package", "quantity", "measure", "frequency", "department", "state", "due_at",
            "delivered_on", "delivered_quantity", "evidence", "delivered_by", "received", "received_by", "listed_at",
            "told_on",
        )  # fmt: skip


class PlanFilters(Filters):
    """What the list of plans is narrowed by."""

    family = django_filters.UUIDFilter()
    case = django_filters.UUIDFilter()
    state = django_filters.ChoiceFilter(choices=Plan.State.choices)
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: of families there and below it.")
    listed = YesNo(method="by_listed", label="On the list of the leading group's next meeting.")

    def by_listed(self, queryset: QuerySet[Plan], name: str, value: bool) -> QuerySet[Plan]:
        """Needs that nobody could meet."""
        return queryset.filter(listed_at__isnull=not value)


class PlanSerializer(RowSerializer[Plan]):
    """A family's plan. `items` stand only in the answer about one plan."""

    family = FamilyOfItem()
    case = CaseRef()
    opened_at = serializers.DateTimeField(source="created_at")
    composed_by = serializers.CharField(source="composed_label")
    confirmed_by = serializers.CharField(source="confirmed_label")

    class Meta:
        model = Plan
        fields = (
            "id", "number", "family", "case", "source", "needs", "level", "state", "opened_at", "composed_by",
            "confirmed_by", "returned", "asked_on", "may_share", "review_on", "effect", "result", "listed_at",
            "closed_at", "version",
        )  # fmt: skip


class WholePlanSerializer(PlanSerializer):
    """The same with what shows the needs, what was found at the end, and the items."""

    items = serializers.SerializerMethodField()

    class Meta(PlanSerializer.Meta):
        fields = (*PlanSerializer.Meta.fields, "evidence", "effect_note", "items")  # type: ignore[assignment]

    @extend_schema_field(PlanItemSerializer(many=True))
    def get_items(self, plan: Plan) -> list[dict[str, Any]]:
        """In the order of the plan."""
        rows = plan.items.select_related("entry", "package").order_by("id")
        return list(PlanItemSerializer(rows, many=True).data)


class BeginSerializer(serializers.Serializer[Any]):
    """For which case, and what is needed."""

    case = VisibleField(Case)
    needs = short_texts(40, help_text="Codes of the list service_need.", allow_empty=False)


BEGIN = OpenApiExample(
    "plan", value={"case": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "needs": ["health", "legal"]}, request_only=True
)


@extend_schema_view(
    list=extend_schema(summary="Service plans"),
    retrieve=extend_schema(summary="One plan with its items", responses=WholePlanSerializer),
)
class ServicePlans(Resource):
    """What families need and are given."""

    model = Plan
    serializer_class = PlanSerializer
    filterset_class = PlanFilters
    related = ("family__unit", "case__unit")
    orderings = {"opened_at": "created_at", "review_on": "review_on"}
    ordering = "-opened_at"
    required_actions = {"list": "plan.read", "retrieve": "plan.read", "create": "plan.write"}

    def get_serializer_class(self) -> type[PlanSerializer]:
        """One plan comes with its items."""
        return PlanSerializer if self.action == "list" else WholePlanSerializer

    @extend_schema(
        summary="Begin a plan", request=BeginSerializer, responses={201: WholePlanSerializer}, examples=[BEGIN]
    )
    def create(self, request: Request) -> Response:
        """The caseworker finds it in the inbox; a plan that is open takes the needs in."""
        given = self.given(BeginSerializer)
        case: Case = Case.objects.select_related("programme", "unit", "family").get(pk=given["case"].pk)
        if not may(self.user, "plan.write", path=case.unit_path):
            raise NotAllowed
        plan = start_plan(case=case, needs=given["needs"], actor=self.actor("plan.write", case.unit_path), now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=plan.pk)), status=201)
