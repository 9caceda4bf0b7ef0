"""Differences between the register of helpers and reality: found by rounds of reconciliation, settled as work items.

One about a family without a case under way has no work item: it is settled here, with a note of what was done.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef, in_language
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.helpers.differences import settle_alone
from backend.helpers.models import Difference
from workflows.models import WorkItem


class DifferenceFilters(Filters):
    """What the list of differences is narrowed by."""

    round = django_filters.UUIDFilter(field_name="round_id")
    kind = django_filters.ChoiceFilter(choices=Difference.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Difference.State.choices)
    settlement = django_filters.ChoiceFilter(choices=Difference.Settlement.choices)
    family = django_filters.UUIDFilter(field_name="family_id")
    case = django_filters.UUIDFilter(field_name="case_id")
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: about families there and below it.")
    without_case = YesNo(method="by_case", label="Whether nobody's inbox has it.")

    def by_case(self, queryset: QuerySet[Difference], name: str, value: bool) -> QuerySet[Difference]:
        """Without a work item, or with one."""
        return queryset.filter(instance_id__isnull=value)


class HelperOfDifference(serializers.Serializer[Any]):
    """A helper of the register."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()


class SpellOfDifference(serializers.Serializer[Any]):
    """The pairing it is about."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    helper = HelperOfDifference()
    kind = serializers.SerializerMethodField()
    from_date = serializers.DateField()
    to_date = serializers.DateField(allow_null=True)

    def get_kind(self, pairing: Any) -> str:
        """In the caller's language."""
        return in_language(pairing.kind.label, pairing.kind.label_en)


class DifferenceSerializer(RowSerializer[Difference]):
    """A difference. `pairing`: the spell it is about; `helper` or `named`: who is reported instead, or carries too
    much; `still_found`: whether the last comparison found it again; `work_item`: the one that is open."""

    family = FamilyOfItem()
    unit = UnitRef(source="family.unit")
    case = CaseRef(allow_null=True)
    pairing = SpellOfDifference(allow_null=True)
    helper = HelperOfDifference(allow_null=True)
    sources = serializers.ListField(child=serializers.CharField())
    still_found = serializers.SerializerMethodField()
    work_item = serializers.UUIDField(allow_null=True)
    found_at = serializers.DateTimeField(source="created_at")
    settled_by = serializers.CharField(source="settled_label")
    confirmed_by = serializers.CharField(source="confirmed_label")

    class Meta:
        model = Difference
        fields = (
            "id", "round", "family", "unit", "case", "kind", "state", "pairing", "helper", "named", "helper_kind",
            "since", "sources", "count", "still_found", "work_item", "found_at", "settlement", "end_reason",
            "ended_on", "note", "settled_at", "settled_by", "confirmed_by", "returned", "version",
        )  # fmt: skip

    @extend_schema_field(bool)
    def get_still_found(self, difference: Difference) -> bool:
        """Whether the last comparison of its round found it."""
        return difference.last_run >= difference.round.runs


class SettleSerializer(serializers.Serializer[Any]):
    """What was done about it."""

    note = serializers.CharField(max_length=1000)


@extend_schema_view(list=extend_schema(summary="Differences"), retrieve=extend_schema(summary="One difference"))
class Differences(Resource):
    """Where file and reality differ, and what was made of it."""

    model = Difference
    serializer_class = DifferenceSerializer
    filterset_class = DifferenceFilters
    related = ("round", "family__unit", "case", "pairing__helper", "pairing__kind", "helper")
    orderings = {"found_at": "created_at"}
    ordering = "-found_at"
    required_actions = {"list": "difference.read", "retrieve": "difference.read", "settle": "difference.write"}

    def get_queryset(self) -> QuerySet[Any]:
        """Each with its open work item."""
        items = WorkItem.objects.filter(instance=OuterRef("instance_id"), state=WorkItem.State.OPEN)
        rows: QuerySet[Any] = super().get_queryset().annotate(work_item=Subquery(items.values("pk")[:1]))
        return rows

    @extend_schema(summary="Settle one without a work item", request=SettleSerializer, responses=DifferenceSerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: UUID) -> Response:
        """Only where no case is under way: with a note of what was done."""
        held: Difference = self.get_object()
        given = self.given(SettleSerializer)
        actor = self.actor("difference.write", held.unit_path)
        settle_alone(difference=held, note=given["note"], actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=held.pk)))
