"""Pauses of families: nothing is due while a family is away, in hospital or struck by a disaster."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, RowSerializer, StrictSerializer, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.cases.models import Family, Pause
from backend.cases.pauses import REASONS, expect_end
from backend.core.errors import NotAllowed
from backend.org.access import may
from workflows import pauses


class PauseFilters(Filters):
    """What the list of pauses is narrowed by."""

    family = django_filters.UUIDFilter(field_name="family_id")
    unit = Subtree(field_name="family__unit__path", label="Id or code of a unit: its families and those below it.")
    running = YesNo(method="by_running", label="true: nothing is due today.")

    def by_running(self, queryset: Any, name: str, value: bool) -> Any:
        """Those that last, or those that are over."""
        return queryset.filter(ended_on__isnull=value)


class PauseSerializer(RowSerializer[Pause]):
    """A pause. Why is told to those only who begin and end it: "in hospital" is a matter of health."""

    family = FamilyOfItem()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Pause
        fields = (
            "id", "family", "reason", "from_date", "expected_on", "ended_on", "recorded_by_label", "ended_by_label",
            "created_at", "ended_at", "version",
        )  # fmt: skip

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_reason(self, pause: Pause) -> str | None:
        """A code of the list family_pause_reason; null for who only reads."""
        return pause.reason if may(self.context["view"].user, "pause.write", path=pause.unit_path) else None


class NewPauseSerializer(StrictSerializer):
    """Which family, why, from when, and until when if that is known."""

    family = VisibleField(Family)
    reason = serializers.ChoiceField(choices=[(code, code) for code in REASONS])
    from_date = Day(required=False, allow_null=True, default=None, help_text="Default: today; never a day to come.")
    expected_on = Day(
        required=False, allow_null=True, default=None, help_text="The first day on which it goes on; it ends by itself."
    )


class ExpectedEndSerializer(VersionedSerializer):
    """Another end."""

    expected_on = Day(allow_null=True, help_text="The first day on which it goes on; none: not known yet.")


class PauseEndSerializer(VersionedSerializer):
    """From which day on it went on."""

    ended_on = Day(required=False, allow_null=True, default=None, help_text="Default: today; never a day to come.")


@extend_schema_view(
    list=extend_schema(summary="Pauses of families"),
    retrieve=extend_schema(summary="One pause"),
)
class Pauses(Resource):
    """While one runs the family's visits, deadlines and timers stand still; afterwards they fall due later by the
    working days that it covered. What is about danger, a right or the law's time never stands still."""

    model = Pause
    serializer_class = PauseSerializer
    filterset_class = PauseFilters
    related = ("family__unit",)
    orderings = {"from_date": "from_date"}
    required_actions = {
        "list": "pause.read",
        "retrieve": "pause.read",
        "create": "pause.write",
        "change": "pause.write",
        "end": "pause.write",
    }

    @extend_schema(summary="Begin a pause", request=NewPauseSerializer, responses={201: PauseSerializer})
    def create(self, request: Request) -> Response:
        """Nothing is overdue, nobody is reminded; a family that is away is called once a month."""
        given = self.given(NewPauseSerializer)
        path = given["family"].unit.path
        if not may(self.user, "pause.write", path=path):
            raise NotAllowed
        pause = pauses.begin_pause(**given, actor=self.actor("pause.write", path), now=self.now)
        return Response(self._again(pause.pk), status=201)

    @extend_schema(summary="Another end", request=ExpectedEndSerializer, responses=PauseSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: UUID) -> Response:
        """It is to end earlier or later than thought, or nobody knows."""
        pause: Pause = self.get_object()
        expected_on = self.given(ExpectedEndSerializer)["expected_on"]
        actor = self.actor("pause.write", pause.unit_path)
        expect_end(pause=pause, expected_on=expected_on, actor=actor, now=self.now, version=self.version())
        return Response(self._again(pk))

    @extend_schema(summary="End a pause", request=PauseEndSerializer, responses=PauseSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Everything goes on: due later by the working days that the pause covered."""
        pause: Pause = self.get_object()
        ended_on = self.given(PauseEndSerializer)["ended_on"]
        actor = self.actor("pause.write", pause.unit_path)
        pauses.end_pause(pause=pause, ended_on=ended_on, actor=actor, now=self.now, version=self.version())
        return Response(self._again(pk))

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))
