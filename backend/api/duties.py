"""The list of duty: who answers emergencies at a unit, and who may know who reported one."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, PersonRef, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.core.errors import NotAllowed
from backend.emergencies.duties import add_spell, end_spell
from backend.emergencies.models import DutySpell
from backend.org.access import may
from backend.org.models import Unit, User


class DutyFilters(Filters):
    """What the list of duty is narrowed by."""

    post = django_filters.ChoiceFilter(choices=DutySpell.Post.choices)
    on = django_filters.DateFilter(method="by_day", label="In force on that day.")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: there and below it.")

    def by_day(self, queryset: QuerySet[DutySpell], name: str, value: Any) -> QuerySet[DutySpell]:
        """Those in force on that day."""
        day: QuerySet[DutySpell] = DutySpell.objects.on(value)
        return queryset & day


class DutySerializer(RowSerializer[DutySpell]):
    """A spell of duty, from a day (included) to a day (excluded)."""

    unit = UnitRef()
    user = PersonRef()

    class Meta:
        model = DutySpell
        fields = ("id", "unit", "post", "user", "phone", "from_date", "to_date", "version")


class NewDutySerializer(StrictSerializer):
    """Who is on duty where, in which post, from when."""

    unit = VisibleField(Unit)
    post = serializers.ChoiceField(choices=DutySpell.Post.choices)
    user = VisibleField(User)
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    from_date = Day()
    to_date = Day(required=False, allow_null=True)


class EndDutySerializer(StrictSerializer):
    """The first day on which it is somebody else's."""

    to_date = Day()


ADD = OpenApiExample(
    "duty",
    value={
        "unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "post": "first",
        "user": "0198a3c2-6b10-7f00-9c3d-000000000001", "phone": "13800000000", "from_date": "2026-03-02",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(list=extend_schema(summary="Duty list"), retrieve=extend_schema(summary="One spell of duty"))
class Duties(Resource):
    """Who is on duty."""

    model = DutySpell
    serializer_class = DutySerializer
    filterset_class = DutyFilters
    related = ("unit", "user")
    orderings = {"from_date": "from_date"}
    ordering = "-from_date"
    required_actions = {"list": "duty.read", "retrieve": "duty.read", "create": "duty.write", "end": "duty.write"}

    @extend_schema(
        summary="Put somebody on duty", request=NewDutySerializer, responses={201: DutySerializer}, examples=[ADD]
    )
    def create(self, request: Request) -> Response:
        """Two officers of a unit, not more, may know who reports an emergency."""
        given = self.given(NewDutySerializer)
        unit: Unit = given["unit"]
        if not may(self.user, "duty.write", path=unit.path):
            raise NotAllowed
        spell = add_spell(
            unit=unit, post=given["post"], user=given["user"], phone=given.get("phone", ""),
            from_date=given["from_date"], to_date=given.get("to_date"),
            actor=self.actor("duty.write", unit.path), now=self.now,
        )  # fmt: skip
        return Response(self.represent(spell), status=201)

    @extend_schema(summary="End a spell of duty", request=EndDutySerializer, responses=DutySerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, **kwargs: Any) -> Response:
        """From that day on somebody else has it."""
        row, given = self.get_object(), self.given(EndDutySerializer)
        by = self.actor("duty.write", row.unit_path)
        end_spell(spell=row, to_date=given["to_date"], actor=by, now=self.now)
        return Response(self.represent(row))
