"""Service plans (P05): what can be given, what a family was promised and what came of it.

A plan is begun here and read; it is assessed, composed, signed, agreed and looked at as work items (process
`service_plan_referral`), its items are given as work items of their own (process `referral`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.areas import Areas
from backend.api.fields import Day, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField, short_texts
from backend.api.filters import Filters, Subtree, YesNo, asked_day, seen_path
from backend.api.memberships import EndWithReasonSerializer
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case
from backend.core import prepared
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.org.models import Unit
from backend.services.catalogue import in_force
from backend.services.models import Entry, Plan, PlanItem
from backend.services.versions import Offer, add_version, end_version
from workflows.service_plans import start_plan


class EntryFilters(Filters):
    """What the catalogue is narrowed by."""

    code = django_filters.CharFilter(max_length=40)
    kind = django_filters.ChoiceFilter(choices=Entry.Kind.choices)
    department = django_filters.CharFilter(max_length=40)
    need = django_filters.CharFilter(max_length=40)


class EntrySerializer(RowSerializer[Entry]):
    """What can be given. `name` in the caller's language; `printed_name` is all that a card or package says. `unit`:
    for which area it is set (null: everywhere)."""

    name = serializers.CharField(source="title")
    name_zh = serializers.CharField(source="name")
    unit = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = (
            "id", "kind", "code", "name", "name_zh", "name_en", "printed_name", "need", "measure", "frequency",
            "quantity", "department", "days", "months", "contents", "shares", "path", "unit", "from_date", "to_date",
            "source",
        )  # fmt: skip

    @extend_schema_field(UnitRef(allow_null=True))
    def get_unit(self, row: Entry) -> dict[str, Any] | None:
        """The area by its unit."""
        found: dict[str, Any] | None = self.context["view"].area(row.path)
        return found


class PartSerializer(serializers.Serializer[Any]):
    """One service of a package."""

    entry = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=99)


class NewVersionSerializer(StrictSerializer):
    """What a unit gives under a code from a day on, in full. A code that nobody used yet is a new entry."""

    code = serializers.RegexField(r"^[a-z][a-z0-9_]{1,39}\Z")
    kind = serializers.ChoiceField(choices=Entry.Kind.choices)
    name = serializers.CharField(max_length=80)
    name_en = serializers.CharField(max_length=80)
    printed_name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    need = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    measure = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    frequency = serializers.CharField(max_length=20, required=False, default="once")
    quantity = serializers.IntegerField(min_value=1, max_value=9999, default=1)
    department = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    days = serializers.IntegerField(min_value=1, max_value=250, default=20, help_text="Working days.")
    months = serializers.IntegerField(min_value=0, max_value=120, default=0, help_text="How long a card is valid.")
    contents = PartSerializer(many=True, required=False, default=list, help_text="Of a package.")
    shares = short_texts(20, required=False, default=list)
    unit = VisibleField(Unit, help_text="Whose catalogue it is: the unit's and that of all below it.")
    from_date = Day()
    source = Reason(max_length=200, help_text="The decision that it comes from; it becomes part of the history.")  # type: ignore[assignment]


@extend_schema_view(list=extend_schema(summary="The catalogue"), retrieve=extend_schema(summary="One entry"))
class ServiceCatalogue(Areas, Resource):
    """Services, cards and packages: whose duty each is, how often, how much, and from when to when it holds."""

    model = Entry
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    orderings = {"order": "order"}
    ordering = "order"
    required_actions = {
        "list": "plan.read",
        "retrieve": "plan.read",
        "offered": "plan.read",
        "create": "catalogue.write",
        "end": "catalogue.write",
    }

    @extend_schema(summary="Set an entry anew", request=NewVersionSerializer, responses={201: EntrySerializer})
    def create(self, request: Request) -> Response:
        """From a day on, for the own area; what was offered before, and what plans were made of, stays."""
        given = self.given(NewVersionSerializer)
        unit, from_date, source = (given.pop(name) for name in ("unit", "from_date", "source"))
        if not may(self.user, "catalogue.write", path=unit.path):
            raise NotAllowed
        by = self.actor("catalogue.write", unit.path)
        made = add_version(offer=Offer(**given), unit=unit, from_date=from_date, source=source, actor=by, now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End an entry", request=EndWithReasonSerializer, responses=EntrySerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """The own area offers it until the day before; then what a wider area offers holds again."""
        row: Entry = self.get_object()
        by = self.actor("catalogue.write", row.path)
        return Response(
            self.represent(end_version(entry=row, **self.given(EndWithReasonSerializer), actor=by, now=self.now))
        )

    @extend_schema(
        summary="What is offered",
        responses=EntrySerializer(many=True),
        filters=False,
        parameters=[
            OpenApiParameter("unit", str, description="Id or code of a unit; default: what is set for everywhere."),
            OpenApiParameter("day", date, description="Default: today."),
        ],
    )
    @action(detail=False, pagination_class=None, filter_backends=())
    def offered(self, request: Request) -> Response:
        """At a unit on a day, in the catalogue's order: the narrowest area wins, in it the latest version."""
        named = request.query_params.get("unit", "")[:40]
        path = seen_path(self.user, named) if named else ""
        rows = in_force(path=path, day=asked_day(request, self.now))
        return Response([self.represent(row) for row in rows.values()])


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
        case: Case = prepared.found(Case, given["case"].pk, follow=("programme", "unit", "family"))
        if not may(self.user, "plan.write", path=case.unit_path):
            raise NotAllowed
        plan = start_plan(case=case, needs=given["needs"], actor=self.actor("plan.write", case.unit_path), now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=plan.pk)), status=201)
