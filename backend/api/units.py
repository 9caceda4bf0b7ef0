"""Units: the organisation tree as far as the caller works in it."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from backend.api.fields import RowSerializer
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.org.models import Unit


class UnitFilters(Filters):
    """What the list of units is narrowed by."""

    q = django_filters.CharFilter(
        method="by_text", max_length=60, label="Part of the name, or the beginning of the code."
    )
    kind = django_filters.ChoiceFilter(choices=Unit.Kind.choices)
    code = django_filters.CharFilter(max_length=40)
    parent = django_filters.UUIDFilter(field_name="parent_id")
    unit = Subtree(field_name="path", label="Id or code of a unit: it and those below it.")

    def by_text(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        """What people search."""
        return queryset.filter(Q(name__contains=value) | Q(code__startswith=value))


class UnitSerializer(RowSerializer[Unit]):
    """A unit."""

    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]

    class Meta:
        model = Unit
        fields = ("id", "code", "name", "kind", "sort", "parent", "valid_from", "valid_to", "version")


@extend_schema_view(list=extend_schema(summary="Units"), retrieve=extend_schema(summary="One unit"))
class Units(Resource):
    """Provinces … villages, departments, partner units."""

    model = Unit
    serializer_class = UnitSerializer
    filterset_class = UnitFilters
    orderings = {"code": "code", "name": "name"}
    ordering = "code"
    required_actions = {
        "list": ("unit.read", "own.case.read", "own.helper.read"),
        "retrieve": ("unit.read", "own.case.read", "own.helper.read"),
    }
