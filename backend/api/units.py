"""Units: the organisation tree as far as the caller works in it."""

from __future__ import annotations

from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.mergers import merge_unit
from backend.administration.units import add_unit, change_unit
from backend.api.fields import Day, Reason, RowSerializer, StrictSerializer, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.org.access import upwards
from backend.org.models import Unit


class UnitFilters(Filters):
    """What the list of units is narrowed by."""

    q = django_filters.CharFilter(
        method="by_text", max_length=60, label="Part of the name, or the beginning of the code."
    )
    kind = django_filters.ChoiceFilter(choices=Unit.Kind.choices)
    code = django_filters.CharFilter(max_length=40)
    parent = django_filters.UUIDFilter(field_name="parent_id")
    root = YesNo(field_name="parent", lookup_expr="isnull", label="true: those that lie under no other.")
    above = django_filters.UUIDFilter(method="by_above", label="Id of a unit: those that it lies under.")
    unit = Subtree(field_name="path", label="Id or code of a unit: it and those below it.")

    def by_text(self, queryset: QuerySet[Unit], name: str, value: str) -> QuerySet[Unit]:
        """What people search."""
        return queryset.filter(Q(name__contains=value) | Q(code__startswith=value))

    def by_above(self, queryset: QuerySet[Unit], name: str, value: UUID) -> QuerySet[Unit]:
        """From the root down to its parent; none for a unit that the caller does not see."""
        seen = Unit.objects.visible_to(self.request.user).filter(pk=value)
        path = seen.values_list("path", flat=True).first() or ""
        return queryset.filter(path__in=upwards(path)[:-1])


class UnitSerializer(RowSerializer[Unit]):
    """A unit."""

    parent = serializers.UUIDField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    successor = serializers.UUIDField(
        source="successor_id", read_only=True, allow_null=True, help_text="Into which unit it went."
    )

    class Meta:
        model = Unit
        fields = ("id", "code", "name", "kind", "sort", "parent", "valid_from", "valid_to", "successor", "version")


class NewUnitSerializer(StrictSerializer):
    """A department or a partner unit. Neither code nor name of a partner unit may be a military designation."""

    parent = VisibleField(Unit)  # type: ignore[assignment]
    code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=[Unit.Kind.DEPARTMENT.value, Unit.Kind.PARTNER.value])
    sort = serializers.CharField(max_length=20, required=False, allow_blank=True)


class UnitChangeSerializer(StrictSerializer):
    """What may be changed; codes and places in the tree stay."""

    name = serializers.CharField(max_length=120, required=False)
    sort = serializers.CharField(max_length=20, required=False, allow_blank=True)
    valid_from = Day(required=False, allow_null=True)
    valid_to = Day(required=False, allow_null=True)
    reason = Reason(required=False, allow_blank=True)


class MergerSerializer(StrictSerializer):
    """Into which unit it goes today, and why: the decree."""

    into = VisibleField(Unit)
    reason = Reason()


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
        "create": "unit.write",
        "partial_update": "unit.write",
        "merge": "unit.write",
    }

    def place_of(self, row: Unit) -> None:
        """The tree is the system administrator's, everywhere."""

    @extend_schema(summary="Add a unit", request=NewUnitSerializer, responses={201: UnitSerializer})
    def create(self, request: Request) -> Response:
        """Regions come from the statistical code list, villages with rosters."""
        given = self.given(NewUnitSerializer)
        made = add_unit(**given, actor=self.actor("unit.write"), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Change a unit", request=UnitChangeSerializer, responses=UnitSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Only what is named changes."""
        unit = self.get_object()
        changes = self.given(UnitChangeSerializer)
        reason = changes.pop("reason", "")
        changed = change_unit(
            unit=unit,
            changes=changes,
            actor=self.actor("unit.write"),
            now=self.now,
            version=self.version(),
            reason=reason,
        )
        return Response(self.represent(changed))

    @extend_schema(summary="Merge a unit into another one", request=MergerSerializer, responses=UnitSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: UUID) -> Response:
        """Units below, posts, families, cases and open work go along; both codes can be asked for."""
        unit = self.get_object()
        merge_unit(unit=unit, **self.given(MergerSerializer), actor=self.actor("unit.write"), now=self.now)
        return Response(self.represent(self.get_object()))
