"""Disasters (E30): declared for a unit, one list of its families to tick, figures of every hour.

Ended by the work item of whoever leads (process `disaster_roll`).
"""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.masks import masked_phone
from backend.core.errors import NotAllowed
from backend.emergencies import disasters
from backend.emergencies.models import Disaster, RollCount, RollEntry
from backend.emergencies.models.disasters import FOUND
from backend.org.access import may
from backend.org.models import Unit
from workflows.disasters import declare_disaster, tick_family


class DisasterFilters(Filters):
    """What the list of disasters is narrowed by."""

    open_to_all = frozenset({"open"})

    open = YesNo(field_name="ended_at", lookup_expr="isnull", label="true: not ended.")


class DisasterSerializer(RowSerializer[Disaster]):
    """A disaster of a unit."""

    unit = UnitRef()
    declared_by = serializers.CharField(source="declared_label")
    ended_by = serializers.CharField(source="ended_label")

    class Meta:
        model = Disaster
        fields = (
            "id", "number", "kind", "unit", "from_at", "until_at", "declared_by", "ended_at", "ended_by", "outcome",
            "version",
        )  # fmt: skip


class RollFiguresSerializer(serializers.Serializer[Any]):
    """How a roll stands: numbers, nobody's name."""

    families = serializers.IntegerField()
    reached = serializers.IntegerField()
    not_reached = serializers.IntegerField()
    needs_help = serializers.IntegerField()


class RollHourSerializer(RowSerializer[RollCount]):
    """How it stood at an hour."""

    class Meta:
        model = RollCount
        fields = ("at", "families", "reached", "not_reached", "needs_help")


class DisasterDetailSerializer(DisasterSerializer):
    """With the figures of now and of every hour, the newest first."""

    figures = serializers.SerializerMethodField()
    hours = serializers.SerializerMethodField()

    class Meta(DisasterSerializer.Meta):
        fields = (*DisasterSerializer.Meta.fields, "figures", "hours")  # type: ignore[assignment]

    @extend_schema_field(RollFiguresSerializer)
    def get_figures(self, row: Disaster) -> dict[str, int]:
        """Now."""
        return disasters.figures(row)

    @extend_schema_field(RollHourSerializer(many=True))
    def get_hours(self, row: Disaster) -> list[dict[str, Any]]:
        """Kept every hour."""
        return [
            dict(each) for each in RollHourSerializer(row.counts.order_by("-at"), many=True, context=self.context).data
        ]


class NewDisasterSerializer(StrictSerializer):
    """Where, what, and until when it is expected to last."""

    unit = VisibleField(Unit)
    kind = serializers.CharField(max_length=20, help_text="A code of the list disaster_kind.")
    until_at = Moment(help_text="Past it the supervisor is reminded; nothing ends by itself.")


DECLARE = OpenApiExample(
    "flood",
    value={
        "unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "flood", "until_at": "2026-07-22T18:00:00+08:00",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Disasters"),
    retrieve=extend_schema(summary="One disaster", responses=DisasterDetailSerializer),
)
class Disasters(Resource):
    """Disasters and the figures of their rolls."""

    model = Disaster
    serializer_class = DisasterSerializer
    filterset_class = DisasterFilters
    related = ("unit",)
    orderings = {"from_at": "from_at"}
    ordering = "-from_at"
    required_actions = {"list": "disaster.read", "retrieve": "disaster.read", "create": "disaster.declare"}

    def get_serializer_class(self) -> Any:
        """One with its figures."""
        return DisasterDetailSerializer if self.action in {"retrieve", "create"} else DisasterSerializer

    @extend_schema(
        summary="Declare a disaster",
        request=NewDisasterSerializer,
        responses={201: DisasterDetailSerializer},
        examples=[DECLARE],
    )
    def create(self, request: Request) -> Response:
        """All families on file there stand in its roll at once."""
        given = self.given(NewDisasterSerializer)
        unit: Unit = given["unit"]
        if not may(self.user, "disaster.declare", path=unit.path):
            raise NotAllowed
        by = self.actor("disaster.declare", unit.path)
        row = declare_disaster(unit=unit, kind=given["kind"], until_at=given["until_at"], actor=by, now=self.now)
        return Response(self.represent(row), status=201)


class RollFilters(Filters):
    """What a roll is narrowed by."""

    disaster = django_filters.UUIDFilter(field_name="disaster_id")
    state = django_filters.ChoiceFilter(choices=RollEntry.State.choices)
    tier = django_filters.CharFilter(max_length=1)
    unit = Subtree(field_name="family__unit__path", label="Id or code of a unit: families there and below it.")


class RollEntrySerializer(RowSerializer[RollEntry]):
    """A family of a roll. `emergency`: the number of what its need for help became."""

    disaster = serializers.UUIDField(source="disaster_id")
    family = FamilyOfItem()
    village = serializers.CharField(source="family.unit.name")
    address = serializers.CharField(source="family.live_address")
    phone = serializers.SerializerMethodField(help_text="Masked for who does not work with the family.")
    ticked_by = serializers.CharField(source="ticked_label")
    emergency = serializers.SerializerMethodField()

    class Meta:
        model = RollEntry
        fields = (
            "id", "disaster", "family", "village", "address", "phone", "tier", "state", "note", "ticked_at",
            "ticked_by", "emergency", "version",
        )  # fmt: skip

    def get_phone(self, row: RollEntry) -> str:
        """The family's emergency telephone: in full for who may have to call it."""
        phone = row.family.emergency_phone
        return phone if may(self.context["view"].user, "person.care", path=row.unit_path) else masked_phone(phone)

    def get_emergency(self, row: RollEntry) -> str:
        """Empty while it needed none."""
        return row.incident.number if row.incident else ""


class TickSerializer(StrictSerializer):
    """How the family was found. `version`: the one that was read."""

    state = serializers.ChoiceField(choices=FOUND)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    version = serializers.IntegerField(required=False)


@extend_schema_view(
    list=extend_schema(summary="Families of a roll"), retrieve=extend_schema(summary="One family of a roll")
)
class RollEntries(Resource):
    """The families of rolls, those at risk first."""

    model = RollEntry
    serializer_class = RollEntrySerializer
    filterset_class = RollFilters
    related = ("family__unit", "incident", "disaster")
    orderings = {"tier": "tier"}
    ordering = "tier"
    required_actions = {"list": "disaster.read", "retrieve": "disaster.read", "tick": "disaster.tick"}

    @extend_schema(summary="Tick a family", request=TickSerializer, responses=RollEntrySerializer)
    @action(detail=True, methods=["post"])
    def tick(self, request: Request, **kwargs: Any) -> Response:
        """Reached, not reached, or in need of help: then an emergency begins, once in a roll."""
        row, given = self.get_object(), self.given(TickSerializer)
        ticked = tick_family(
            entry=row, state=given["state"], note=given.get("note", ""), version=given.get("version"),
            actor=self.actor("disaster.tick", row.unit_path), now=self.now,
        )  # fmt: skip
        return Response(self.represent(ticked))
