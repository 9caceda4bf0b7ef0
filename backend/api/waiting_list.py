"""The waiting list: who waits for a helper, in the order in which they are served, and why in this order."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from backend.api.fields import RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case
from backend.helpers.waiting import waiting_list


class WaitingFilters(Filters):
    """What the list is narrowed by."""

    unit = Subtree(field_name="unit_path", label="Id or code of a unit: families there and below it.")
    programme = django_filters.CharFilter(field_name="programme__code", max_length=40)


class WaitingSerializer(RowSerializer[Case]):
    """A case that waits. First the risk tier (A before B …), then the day `since` which the family has had nobody."""

    case = serializers.CharField(source="number")
    family = FamilyOfItem()
    unit = UnitRef()
    programme = serializers.CharField(source="programme.code")
    tier = serializers.CharField(source="family.risk_tier")
    since = serializers.DateField()
    days = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = ("id", "case", "family", "unit", "programme", "tier", "since", "days")

    def get_days(self, case: Any) -> int:
        """How long it has waited."""
        return int((timezone.localdate(self.context["view"].now) - case.since).days)


@extend_schema_view(list=extend_schema(summary="The waiting list, whose turn it is first"))
class WaitingList(Resource):
    """Cases for which nobody was found yet. Free places are announced, and batches are worked out, in this order."""

    model = Case
    serializer_class = WaitingSerializer
    filterset_class = WaitingFilters
    related = ("family", "unit", "programme")
    orderings = {"turn": "turn"}
    ordering = "turn"
    required_actions = {"list": "proposal.read"}

    def get_queryset(self) -> QuerySet[Any]:
        """Those of one's subtree."""
        if getattr(self, "swagger_fake_view", False):
            return Case.objects.none()
        return waiting_list().visible_to(self.user).select_related(*self.related)
