"""Yearly budgets by their five uses: appropriated by two people, what is left, expenses booked by their voucher."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.ledger import YUAN
from backend.api.resource import Resource
from backend.core.errors import NotAllowed
from backend.ledger import budgets
from backend.ledger.models import Appropriation, EntryLine
from backend.org import codes
from backend.org.access import in_subtree, may
from backend.org.models import Unit

MOST = 200
"""Lines of the ledger shown for one use."""
OVER_REASON = "Asked for when more is spent than the year's budget holds: whoever sends it answers for it by name."


class AppropriationFilters(Filters):
    """What the list of appropriations is narrowed by."""

    year = django_filters.NumberFilter(min_value=2000, max_value=2100)
    use = django_filters.CharFilter(max_length=20)
    state = django_filters.ChoiceFilter(choices=Appropriation.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: budgets of it and those below it.")


class AppropriationSerializer(RowSerializer[Appropriation]):
    """Yuan for one use of a year; negative: less than before."""

    unit = UnitRef()
    use_name = serializers.SerializerMethodField()
    proposed_by = serializers.CharField(source="proposed_label")
    decided_by = serializers.CharField(source="decided_label")

    class Meta:
        model = Appropriation
        fields = (
            "id", "unit", "year", "use", "use_name", "amount", "document", "reason", "state", "proposed_by",
            "created_at", "decided_by", "decided_at", "answer", "version",
        )  # fmt: skip

    def get_use_name(self, row: Appropriation) -> str:
        """In the caller's language."""
        return codes.name(budgets.USES, row.use)


class NewAppropriationSerializer(serializers.Serializer[Any]):
    """What is proposed. A first row is the budget; further ones change it."""

    unit = VisibleField(Unit)
    year = serializers.IntegerField(min_value=2000, max_value=2100)
    use = serializers.CharField(max_length=20, help_text="A code of the list budget_use.")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    document = serializers.CharField(max_length=100, help_text="The number of the document that says so.")
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class AppropriationDecisionSerializer(serializers.Serializer[Any]):
    """Agreed to or not; a refusal says why."""

    agreed = serializers.BooleanField()
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A refusal without a reason is none."""
        if not attrs["agreed"] and not attrs["reason"].strip():
            raise serializers.ValidationError({"reason": self.fields["reason"].error_messages["required"]})
        return attrs


class ExpenseSerializer(serializers.Serializer[Any]):
    """What was paid for one use, by its voucher."""

    unit = VisibleField(Unit)
    use = serializers.CharField(max_length=20, help_text="A code of the list budget_use.")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0)
    on = Day()
    voucher = serializers.CharField(max_length=100, help_text="Its number: each is booked once a year.")
    reason = Reason(help_text="What for.")
    over_reason = serializers.CharField(
        max_length=400, required=False, allow_blank=True, default="", help_text=OVER_REASON
    )

    def validate_amount(self, value: Any) -> Any:
        """More than nothing."""
        if not value:
            raise serializers.ValidationError(self.fields["amount"].error_messages["invalid"])
        return value


class BudgetUseSerializer(serializers.Serializer[Any]):
    """One use, in yuan. `waiting`: proposed, not decided on; `owed`: promised this year, not paid yet."""

    code = serializers.CharField()
    name = serializers.CharField()
    appropriated = serializers.DecimalField(**YUAN)
    waiting = serializers.DecimalField(**YUAN)
    spent = serializers.DecimalField(**YUAN)
    owed = serializers.DecimalField(**YUAN)
    left = serializers.DecimalField(**YUAN)


class BudgetSerializer(serializers.Serializer[Any]):
    """A unit's year. Where nothing was appropriated (`is_made`: no) nothing is checked."""

    unit = UnitRef()
    year = serializers.IntegerField()
    is_made = serializers.BooleanField()
    uses = BudgetUseSerializer(many=True)
    total = BudgetUseSerializer()


class AskedBudgetSerializer(serializers.Serializer[Any]):
    """Whose budget, of which year: by default of this year, and of where the caller works."""

    unit = VisibleField(Unit, required=False)
    year = serializers.IntegerField(min_value=2000, max_value=2100, required=False)


class AskedUseSerializer(AskedBudgetSerializer):
    """Which use."""

    use = serializers.CharField(max_length=20)


class BudgetLineSerializer(serializers.ModelSerializer[EntryLine]):
    """A line of the ledger. `amount`: above nothing what was spent, below it what came back or is still owed."""

    entry = serializers.UUIDField(source="entry_id")
    on = serializers.DateField(source="entry.on")
    unit = UnitRef(source="account.unit")
    kind_name = serializers.SerializerMethodField()
    line = serializers.CharField(source="account.code")
    basis = serializers.CharField(source="entry.basis")
    reason = serializers.CharField(source="entry.reason")
    by = serializers.CharField(source="entry.actor_label")
    amount = serializers.SerializerMethodField()

    class Meta:
        model = EntryLine
        fields = ("entry", "on", "unit", "kind_name", "line", "basis", "reason", "by", "amount")

    def get_kind_name(self, row: EntryLine) -> str:
        """In the caller's language."""
        return codes.name("ledger_entry", row.entry.kind)

    def get_amount(self, row: EntryLine) -> str:
        """In yuan."""
        return str(-row.amount)


PROPOSAL = OpenApiExample(
    "proposal",
    value={
        "unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11",
        "year": 2026,
        "use": "publicity",
        "amount": "20000.00",
        "document": "县财社〔2026〕1号",
    },
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Appropriations"), retrieve=extend_schema(summary="One appropriation"))
class Budgets(Resource):
    """Rows that make up budgets; a year with its five uses is `overview`."""

    model = Appropriation
    serializer_class = AppropriationSerializer
    filterset_class = AppropriationFilters
    related = ("unit",)
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": "budget.read",
        "retrieve": "budget.read",
        "overview": "budget.read",
        "lines": "budget.read",
        "create": "budget.write",
        "expense": "budget.write",
        "decide": "budget.decide",
    }

    def get_queryset(self) -> QuerySet[Appropriation]:
        """Of the caller's subtree."""
        rows: QuerySet[Appropriation] = super().get_queryset()
        return rows

    @extend_schema(
        summary="Propose an appropriation",
        request=NewAppropriationSerializer,
        responses={201: AppropriationSerializer},
        examples=[PROPOSAL],
    )
    def create(self, request: Request) -> Response:
        """It counts when somebody else has agreed."""
        given = self.given(NewAppropriationSerializer)
        made = budgets.propose(**given, actor=self._at(given["unit"]), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(
        summary="Decide on an appropriation", request=AppropriationDecisionSerializer, responses=AppropriationSerializer
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Not by who proposed it."""
        row, given = self.get_object(), self.given(AppropriationDecisionSerializer)
        actor = self.actor("budget.decide", row.unit.path)
        done = budgets.decide(appropriation=row, **given, version=self.version(), actor=actor, now=self.now)
        return Response(self.represent(done))

    @extend_schema(summary="Book an expense", request=ExpenseSerializer, responses={201: BudgetSerializer})
    @action(detail=False, methods=["post"])
    def expense(self, request: Request) -> Response:
        """The same voucher again changes nothing."""
        given = self.given(ExpenseSerializer)
        budgets.spend(**given, actor=self._at(given["unit"]), now=self.now)
        return Response(BudgetSerializer(budgets.budget(given["unit"], given["on"].year)).data, status=201)

    @extend_schema(
        summary="A year's budget", parameters=[AskedBudgetSerializer], responses=BudgetSerializer, filters=False
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def overview(self, request: Request) -> Response:
        """Its five uses: appropriated, spent, left."""
        unit, year, _use = self._asked(AskedBudgetSerializer)
        return Response(BudgetSerializer(budgets.budget(unit, year)).data)

    @extend_schema(
        summary="Where a use's figures come from", parameters=[AskedUseSerializer],
        responses=BudgetLineSerializer(many=True), filters=False,
    )  # fmt: skip
    @action(detail=False, methods=["get"], pagination_class=None)
    def lines(self, request: Request) -> Response:
        """The newest lines of the ledger that were summed up."""
        unit, year, use = self._asked(AskedUseSerializer)
        rows = budgets.lines_of(unit, year, use)[:MOST]
        return Response(BudgetLineSerializer(rows, many=True).data)

    def _asked(self, serializer: type[AskedBudgetSerializer]) -> tuple[Unit, int, str]:
        """Raises NotAllowed for a unit whose budget is not the caller's to read."""
        given = serializer(data=self.request.query_params, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        told = given.validated_data
        unit = told.get("unit")
        if unit is None:
            unit = Unit.objects.filter(in_subtree(self.user, "budget.read", "path")).order_by("path").first()
        if unit is None or not may(self.user, "budget.read", path=unit.path):
            raise NotAllowed
        return unit, told.get("year", timezone.localdate(self.now).year), told.get("use", "")

    def _at(self, unit: Unit) -> Any:
        """Who writes budgets there. Raises NotAllowed."""
        if not may(self.user, "budget.write", path=unit.path):
            raise NotAllowed
        return self.actor("budget.write", unit.path)
