"""Exits from subsidies: reported and appealed against here; checked, confirmed and explained as work items (P07)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.papers import DOCX, DocumentRenderer, docx
from backend.api.resource import Resource
from backend.org.access import in_subtree
from backend.subsidies import letters
from backend.subsidies.models import Entitlement, Exit
from workflows import subsidy_exits

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class ExitFilters(Filters):
    """What the list of exits is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Exit.State.choices)
    reason = django_filters.CharFilter(label="A code of the list subsidy_change.")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: exits there and below it.")


class ExitSerializer(RowSerializer[Exit]):
    """One exit. Evidence, and what was said, stay with whoever decides; `stop_on`: the first day without it."""

    entitlement = serializers.CharField(source="entitlement.number")
    person = serializers.CharField(source="entitlement.person.name")
    family = serializers.UUIDField(source="entitlement.person.family_id")
    kind = serializers.CharField(source="entitlement.kind")
    unit = UnitRef()
    reported_by = serializers.CharField(source="reported_label")
    checked_by = serializers.CharField(source="checked_label")
    confirmed_by = serializers.CharField(source="confirmed_label")
    explained_by = serializers.CharField(source="explained_label")
    answered_by = serializers.CharField(source="appeal_label")

    class Meta:
        model = Exit
        fields = (
            "id", "number", "entitlement", "person", "family", "kind", "unit", "source", "reason", "happened_on",
            "reported_on", "reported_by", "created_at", "checked_by", "stop_from", "stop_on", "collect_back",
            "overpaid_from", "overpaid", "collect", "decision_reason", "confirmed_by", "confirmed_on", "explained_on",
            "explained_to", "manner", "explained_by", "appeal_until", "appealed_on", "appeal_reason", "answered_by",
            "state", "version",
        )  # fmt: skip


class ReportChangeSerializer(serializers.Serializer[Any]):
    """What changed for whom."""

    entitlement = serializers.CharField(max_length=40, help_text="Number of the entitlement.")
    reason = serializers.CharField(max_length=20, help_text="A code of the list subsidy_change.")
    happened_on = Day()
    reported_on = Day(required=False, allow_null=True, default=None, help_text="When the person or family told it.")
    evidence = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class SubsidyAppealSerializer(serializers.Serializer[Any]):
    """Why somebody does not agree, in their words; kept encrypted for whoever decides."""

    text = serializers.CharField(max_length=2000)


@extend_schema_view(list=extend_schema(summary="Exits"), retrieve=extend_schema(summary="One exit"))
class SubsidyExits(Resource):
    """Changes that were reported, and what became of them."""

    model = Exit
    serializer_class = ExitSerializer
    filterset_class = ExitFilters
    related = ("entitlement__person", "unit")
    ordering = "-id"
    required_actions = {
        "list": "subsidy_exit.read",
        "retrieve": "subsidy_exit.read",
        "create": "subsidy_exit.write",
        "appeal": "subsidy_exit.appeal",
        "letter": "subsidy_exit.read",
    }

    @extend_schema(summary="Report a change", request=ReportChangeSerializer, responses={201: ExitSerializer})
    def create(self, request: Request) -> Response:
        """The caseworker looks into it; payments stop within ten days, or at once after a death."""
        asked = self.given(ReportChangeSerializer)
        near = Entitlement.objects.filter(in_subtree(self.user, "subsidy_exit.write", "person__family__unit__path"))
        held = near.select_related("person__family__unit", "application")
        entitlement = get_object_or_404(held, number=asked.pop("entitlement"))
        actor = self.actor("subsidy_exit.write", entitlement.unit_path)
        row = subsidy_exits.report(
            entitlement=entitlement, source=Exit.Source.REPORT, **asked, actor=actor, now=self.now
        )
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(summary="The notice to hand over", responses={(200, DOCX): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, DocumentRenderer])
    def letter(self, request: Request, pk: UUID) -> HttpResponseBase:
        """As .docx, with the reasons and where to appeal; itself an event."""
        row: Exit = self.get_object()
        actor = self.actor("subsidy_exit.read", row.unit_path)
        return docx(letters.exit_notice(row=row, actor=actor, now=self.now), row.number)

    @extend_schema(summary="Take in an appeal", request=SubsidyAppealSerializer, responses=ExitSerializer)
    @action(detail=True, methods=["post"])
    def appeal(self, request: Request, pk: UUID) -> Response:
        """From the explanation until the day in the notice; somebody who had no hand in it decides."""
        row: Exit = self.get_object()
        actor = self.actor("subsidy_exit.appeal", row.unit_path)
        subsidy_exits.appeal(row=row, **self.given(SubsidyAppealSerializer), actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=pk)))
