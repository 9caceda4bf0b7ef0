"""Bulletins of the leading group (Q23): drafts at the office, published ones for all members, each with its file.

They are drafted and approved as work items (process `bulletin`); here they are read, and begun before their day.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters
from backend.api.resource import Resource
from backend.coordination.models import Bulletin
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.org.models import Unit
from workflows.coordination import start_bulletin

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class BulletinFilters(Filters):
    """What the list of bulletins is narrowed by."""

    month = django_filters.DateFilter(label="The first day of the month.")
    state = django_filters.ChoiceFilter(choices=Bulletin.State.choices)


class UnitLineSerializer(serializers.Serializer[Any]):
    """How a unit reported: on_time, late, nil_on_time, nil_late, not_submitted."""

    unit = serializers.UUIDField()
    name = serializers.CharField()
    how = serializers.CharField()
    state = serializers.CharField()
    standing = serializers.CharField(allow_blank=True)
    asks = serializers.BooleanField()
    returned = serializers.IntegerField()


class CorrectionSerializer(serializers.Serializer[Any]):
    """A supplement to an earlier month."""

    name = serializers.CharField()
    month = serializers.CharField()
    changes = serializers.DictField(child=serializers.IntegerField())


class BulletinContentSerializer(serializers.Serializer[Any]):
    """Who reported, sums of accepted reports, supplements; empty until it was consolidated."""

    as_of = serializers.DateTimeField(required=False)
    units = UnitLineSerializer(many=True, required=False)
    how = serializers.DictField(child=serializers.IntegerField(), required=False)
    told = serializers.DictField(child=serializers.IntegerField(), required=False)
    counted = serializers.DictField(child=serializers.IntegerField(), required=False)
    supplements = CorrectionSerializer(many=True, required=False)


class BulletinSerializer(RowSerializer[Bulletin]):
    """A month's bulletin. `digest`: SHA-256 of the file as published."""

    office = UnitRef()
    content = BulletinContentSerializer()
    drafted_by = serializers.CharField(source="drafted_label")
    approved_by = serializers.CharField(source="approved_label")

    class Meta:
        model = Bulletin
        fields = (
            "id", "office", "month", "state", "number", "foreword", "outlook", "content", "returned", "digest",
            "drafted_by", "approved_by", "published_at", "version",
        )  # fmt: skip


class BulletinStartSerializer(serializers.Serializer[Any]):
    """Which month's."""

    office = VisibleField(Unit)
    month = Day(help_text="Any day of the month.")


@extend_schema_view(list=extend_schema(summary="Bulletins"), retrieve=extend_schema(summary="One bulletin"))
class Bulletins(Resource):
    """What the months' reports come to."""

    model = Bulletin
    serializer_class = BulletinSerializer
    filterset_class = BulletinFilters
    related = ("office",)
    orderings = {"month": "month"}
    ordering = "-month"
    required_actions = {
        "list": "bulletin.read",
        "retrieve": "bulletin.read",
        "file": "bulletin.read",
        "create": "bulletin.write",
    }

    @extend_schema(summary="Begin a bulletin", request=BulletinStartSerializer, responses={201: BulletinSerializer})
    def create(self, request: Request) -> Response:
        """Before its day, when everybody has reported."""
        given = self.given(BulletinStartSerializer)
        office: Unit = given["office"]
        if not may(self.user, "bulletin.write", path=office.path):
            raise NotAllowed
        actor, month = self.actor("bulletin.write", office.path), given["month"].replace(day=1)
        made = start_bulletin(office=office, month=month, actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=made.pk)), status=201)

    @extend_schema(summary="The file", responses={(200, WORD): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def file(self, request: Request, pk: UUID) -> HttpResponse:
        """The .docx as published; none before."""
        row: Bulletin = self.find()
        if not row.file:
            raise Http404
        name = f"bulletin-{row.month:%Y-%m}.docx"
        return HttpResponse(
            bytes(row.file), content_type=WORD, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
