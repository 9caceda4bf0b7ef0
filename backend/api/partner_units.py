"""Partner units: army units, league committees, hospitals … by opaque code, never by designation."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from backend.api.fields import RowSerializer
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.org.models import Unit


class PartnerUnitFilters(Filters):
    """What the list of partner units is narrowed by."""

    q = django_filters.CharFilter(method="by_text", max_length=60, label="Part of the name.")
    sort = django_filters.CharFilter(max_length=20)
    unit = Subtree(field_name="path", label="Id or code of a unit: partner units below it.")

    def by_text(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        """What people search."""
        return queryset.filter(name__contains=value)


class PartnerUnitSerializer(RowSerializer[Unit]):
    """A partner unit. `parent`: the township with which it works."""

    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]

    class Meta:
        model = Unit
        fields = ("id", "code", "name", "sort", "parent", "valid_from", "valid_to", "version")


@extend_schema_view(list=extend_schema(summary="Partner units"), retrieve=extend_schema(summary="One partner unit"))
class PartnerUnits(Resource):
    """Units that send helpers."""

    model = Unit
    serializer_class = PartnerUnitSerializer
    filterset_class = PartnerUnitFilters
    orderings = {"code": "code", "name": "name"}
    ordering = "code"
    required_actions = {"list": "partner_unit.read", "retrieve": "partner_unit.read"}

    def get_queryset(self) -> QuerySet[Any]:
        """Visible units that are partners."""
        return super().get_queryset().filter(kind=Unit.Kind.PARTNER)
