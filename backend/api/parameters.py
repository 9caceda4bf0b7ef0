"""Parameters: the numbers and texts that rules read, by area and day; set from a day on, never deleted."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from drf_spectacular.utils import extend_schema_serializer as as_object
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.parameters import end, set_value
from backend.api.areas import Areas
from backend.api.fields import Day, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo, asked_day, seen_path
from backend.api.memberships import EndWithReasonSerializer
from backend.api.resource import Resource
from backend.org import parameters
from backend.org.access import upwards
from backend.org.models import Parameter, Unit

SOURCE = "The decision or document that the value comes from; it becomes part of the history."


class HoldsAt(Subtree):
    """What matters at a unit: what is set for everywhere, for a unit above it, or for itself."""

    def within(self, qs: QuerySet[Parameter], path: str) -> QuerySet[Parameter]:
        """Rows whose area the path lies in."""
        return qs.filter(path__in=["", *upwards(path)])


class ParameterFilters(Filters):
    """What the list of parameters is narrowed by."""

    key = django_filters.CharFilter(max_length=80)
    unit = HoldsAt(label="Id or code of a unit: what holds there, set for it or for a wider area.")
    everywhere = YesNo(method="by_everywhere", label="true: without what single areas set for themselves.")
    day = django_filters.DateFilter(method="by_day", label="In force on that day.")

    def by_everywhere(self, queryset: Any, name: str, value: bool) -> Any:
        """Set for no area in particular, or for one."""
        return queryset.filter(path="") if value else queryset.exclude(path="")

    def by_day(self, queryset: Any, name: str, value: date) -> Any:
        """Begun by then and not over."""
        return queryset.filter(Q(from_date__lte=value) & (Q(to_date__isnull=True) | Q(to_date__gt=value)))


@as_object(component_name="ParameterValue")
class ParameterSerializer(RowSerializer[Parameter]):
    """A value, in an area (null: everywhere), from a day (included; null: since ever) to a day (excluded)."""

    value = serializers.JSONField()
    in_words = serializers.SerializerMethodField(help_text="The value in the caller's language.")
    unit = serializers.SerializerMethodField()
    from_date = serializers.SerializerMethodField()
    source = serializers.SerializerMethodField()  # type: ignore[assignment]
    is_in_force = serializers.SerializerMethodField(help_text="Whether its own area goes by it today.")

    class Meta:
        model = Parameter
        fields = (
            "id",
            "key",
            "unit",
            "value",
            "in_words",
            "from_date",
            "to_date",
            "source",
            "is_in_force",
            "created_at",
        )

    def get_in_words(self, row: Parameter) -> str:
        """Choices by their titles, numbers with their unit."""
        return parameters.in_words(row.key, row.value)

    @extend_schema_field(UnitRef(allow_null=True))
    def get_unit(self, row: Parameter) -> dict[str, Any] | None:
        """The area by its unit; the names of a page's areas are read in one statement."""
        found: dict[str, Any] | None = self.context["view"].area(row.path)
        return found

    @extend_schema_field({"type": ["string", "null"], "format": "date"})
    def get_from_date(self, row: Parameter) -> str | None:
        """Null for what comes with the program."""
        return None if row.from_date == parameters.EVER else row.from_date.isoformat()

    def get_source(self, row: Parameter) -> str:
        """The decision or document."""
        shipped = parameters.definitions().get(row.key) if row.from_date == parameters.EVER else None
        return shipped.origin() if shipped else row.source

    def get_is_in_force(self, row: Any) -> bool:
        """Begun, not over, and not covered by a newer value of the same area."""
        return bool(row.is_in_force)


class NewParameterSerializer(StrictSerializer):
    """A value from a day on. `unit`: null or absent for everywhere. Values that are in force for some days only end."""

    key = serializers.CharField(max_length=80)
    value = serializers.JSONField()
    unit = VisibleField(Unit, required=False, allow_null=True, default=None)
    from_date = Day()
    to_date = Day(required=False, allow_null=True)
    source = Reason(max_length=200, help_text=SOURCE)  # type: ignore[assignment]


class DefinitionSerializer(serializers.Serializer[Any]):
    """What a parameter is. `schema`: JSON Schema of its value, in the caller's language, `x-unit` its unit."""

    key = serializers.CharField()
    process = serializers.CharField(help_text="The process whose rules read it; empty for none.")
    title = serializers.CharField()
    help = serializers.CharField(help_text="What a change changes.")
    schema = serializers.DictField()
    owner = serializers.CharField(help_text="The role that sets it.")
    is_for_offices = serializers.BooleanField(help_text="Whether a supervisor sets it for the own office.")
    may_set = serializers.BooleanField(help_text="Whether the caller sets it, somewhere.")
    value = serializers.JSONField(help_text="In force on the day, at the unit asked for (default: everywhere).")
    in_words = serializers.CharField(help_text="The same, in the caller's language.")
    shipped = serializers.JSONField(help_text="The value that comes with the program.")
    origin = serializers.CharField(help_text="Where the value that comes with the program is from.")


class DefinitionsSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DefinitionSerializer(many=True)


EXAMPLE = OpenApiExample(
    "two weeks",
    value={"key": "pairing.answer_days", "value": 14, "from_date": "2027-01-01", "source": "Minutes of 3 December"},
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Values"), retrieve=extend_schema(summary="One value"))
class Parameters(Areas, Resource):
    """Values of parameters. The narrowest area wins, in it the newest begin."""

    model = Parameter
    serializer_class = ParameterSerializer
    filterset_class = ParameterFilters
    orderings = {"key": "key", "from_date": "from_date"}
    ordering = "key"
    required_actions = {
        "list": "parameter.read",
        "retrieve": "parameter.read",
        "definitions": "parameter.read",
        "create": ("parameter.write", "office.write"),
        "end": ("parameter.write", "office.write"),
    }

    def get_queryset(self) -> Any:
        """Each with whether it is in force."""
        found: Any = super().get_queryset()
        return found if getattr(self, "swagger_fake_view", False) else found.with_force(timezone.localdate(self.now))

    def place_of(self, row: Parameter) -> None:
        """Who sets what stands with each parameter, not with a place: see backend.administration.parameters."""

    @extend_schema(summary="Set a value", request=NewParameterSerializer, responses={201: ParameterSerializer},
                   examples=[EXAMPLE])  # fmt: skip
    def create(self, request: Request) -> Response:
        """From today or a later day on; a value of the same area and first day is replaced."""
        given = self.given(NewParameterSerializer)
        unit = given["unit"]
        actor = self.actor("parameter.write", unit.path if unit else None)
        row = set_value(**given, user=self.user, actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(summary="End a value", request=EndWithReasonSerializer, responses=ParameterSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """It holds until the day before `to_date`; then what was set earlier, or for the wider area, holds again."""
        row = self.get_object()
        given = self.given(EndWithReasonSerializer)
        end(row=row, **given, user=self.user, actor=self.actor("parameter.write", row.path or None), now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)))

    @extend_schema(
        summary="What parameters there are",
        responses=DefinitionsSerializer,
        filters=False,
        parameters=[
            OpenApiParameter("unit", str, description="Id or code of a unit: the value in force there."),
            OpenApiParameter("day", date, description="The value in force on that day; default: today."),
        ],
    )
    @action(detail=False, pagination_class=None, filter_backends=())
    def definitions(self, request: Request) -> Response:
        """Each with its schema, who sets it, and the value in force."""
        path, day = self._asked_place(), asked_day(request, self.now)
        rows = [self._told(each, path, day) for each in parameters.definitions().values()]
        return Response({"next": None, "previous": None, "results": rows})

    def _told(self, definition: parameters.Definition, path: str, day: date) -> dict[str, Any]:
        schema = definition.localised()
        value = parameters.value(definition.key, path=path, day=day, default=definition.value)
        return {
            "key": definition.key,
            "process": definition.process,
            "title": schema.pop("title"),
            "help": schema.pop("description", ""),
            "schema": schema,
            "owner": definition.owner,
            "is_for_offices": definition.office,
            "may_set": definition.is_set_by(self.user),
            "value": value,
            "in_words": parameters.in_words(definition.key, value),
            "shipped": definition.value,
            "origin": definition.origin(),
        }

    def _asked_place(self) -> str:
        named = self.request.query_params.get("unit", "")[:40]
        return seen_path(self.user, named) if named else parameters.EVERYWHERE
