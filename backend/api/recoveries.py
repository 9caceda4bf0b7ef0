"""Recoveries: seen and objected to here; decided, and instalments received, as work items (P07, F13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.papers import DOCX, DocumentRenderer, docx
from backend.api.resource import Resource
from backend.api.subsidy_exits import SubsidyAppealSerializer
from backend.subsidies import letters
from backend.subsidies.models import Instalment, Receipt, Recovery
from workflows import recoveries

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class RecoveryFilters(Filters):
    """What the list of recoveries is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Recovery.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: recoveries there and below it.")


class RecoverySerializer(RowSerializer[Recovery]):
    """One recovery in yuan: `received` of `amount` was paid back."""

    person = serializers.CharField(source="exit.entitlement.person.name")
    family = serializers.UUIDField(source="exit.entitlement.person.family_id")
    exit = serializers.CharField(source="exit.number")
    unit = UnitRef()
    left = serializers.DecimalField(max_digits=12, decimal_places=2)
    decided_by = serializers.CharField(source="decided_label")
    answered_by = serializers.CharField(source="appeal_label")

    class Meta:
        model = Recovery
        fields = (
            "id", "number", "exit", "person", "family", "unit", "amount", "received", "left", "cause", "served_on",
            "manner", "answer_until", "objection_until", "answer", "proposal", "proposal_reason", "decision",
            "decision_reason", "decided_by", "decided_on", "objected_on", "appeal_reason", "answered_by", "state",
            "created_at", "version",
        )  # fmt: skip


class RecoveryInstalmentSerializer(serializers.ModelSerializer[Instalment]):
    """One part of the plan that holds."""

    class Meta:
        model = Instalment
        fields = ("number", "due_on", "amount")


class RecoveryReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """What was paid back at one time; `entry`: where it stands in the ledger."""

    received_by = serializers.CharField(source="received_label")
    entry = serializers.UUIDField(source="entry_id")

    class Meta:
        model = Receipt
        fields = ("number", "amount", "received_on", "method", "received_by", "entry")


class RecoveryInFullSerializer(RecoverySerializer):
    """With the figures of the notice, the plan that holds, and all receipts."""

    months = serializers.DictField(child=serializers.CharField())
    instalments = serializers.SerializerMethodField()
    receipts = serializers.SerializerMethodField()

    class Meta(RecoverySerializer.Meta):
        fields = (*RecoverySerializer.Meta.fields, "months", "instalments", "receipts")  # type: ignore[assignment]

    @extend_schema_field(RecoveryInstalmentSerializer(many=True))
    def get_instalments(self, row: Recovery) -> Any:
        """In the order in which they are due."""
        return RecoveryInstalmentSerializer(row.instalments.filter(plan=row.plan).order_by("number"), many=True).data

    @extend_schema_field(RecoveryReceiptSerializer(many=True))
    def get_receipts(self, row: Recovery) -> Any:
        """In the order in which they were recorded."""
        return RecoveryReceiptSerializer(row.receipts.order_by("created_at", "id"), many=True).data


@extend_schema_view(list=extend_schema(summary="Recoveries"))
class Recoveries(Resource):
    """What was overpaid, and what becomes of it."""

    model = Recovery
    serializer_class = RecoverySerializer
    filterset_class = RecoveryFilters
    related = ("exit__entitlement__person", "unit")
    ordering = "-id"
    required_actions = {
        "list": "recovery.read",
        "retrieve": "recovery.read",
        "object_to": "recovery.object",
        "letter": "recovery.read",
    }

    @extend_schema(summary="One recovery", responses=RecoveryInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its figures."""
        return self._in_full(self.find())

    @extend_schema(summary="The notice to hand over", responses={(200, DOCX): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, DocumentRenderer])
    def letter(self, request: Request, pk: UUID) -> HttpResponseBase:
        """As .docx, with figures, answer, objection and instalments; itself an event."""
        row: Recovery = self.get_object()
        actor = self.actor("recovery.read", row.unit_path)
        return docx(letters.recovery_notice(row=row, actor=actor, now=self.now), row.number)

    @extend_schema(summary="Take in an objection", request=SubsidyAppealSerializer, responses=RecoveryInFullSerializer)
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID) -> Response:
        """From the notice until the day in it; nothing goes on until it is answered."""
        row: Recovery = self.get_object()
        actor = self.actor("recovery.object", row.unit_path)
        recoveries.object_to(row=row, **self.given(SubsidyAppealSerializer), actor=actor, now=self.now)
        return self._in_full(self.get_queryset().get(pk=pk))

    def _in_full(self, row: Recovery) -> Response:
        return Response(RecoveryInFullSerializer(row, context=self.get_serializer_context()).data)
