"""Exports: a register is asked for with a purpose, written in the background, downloaded for a day by who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.resource import Resource
from backend.api.rosters import XLSX
from backend.core.errors import NotAllowed
from backend.documents import exports
from backend.documents.models import Export
from backend.org.access import may
from backend.org.models import Unit

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class ExportSerializer(RowSerializer[Export]):
    """An export: how far it has come, and until when its file is kept."""

    unit = UnitRef()

    class Meta:
        model = Export
        fields = (
            "id", "register", "unit", "purpose", "state", "done", "total", "size", "digest", "created_at",
            "finished_at", "expires_at", "version",
        )  # fmt: skip


class ExportEntrySerializer(StrictSerializer):
    """Which register, of which unit, what for."""

    register = serializers.ChoiceField(choices=[(name, name) for name in exports.REGISTERS])
    unit = VisibleField(Unit)
    purpose = Reason(max_length=200, help_text="What it is for; it becomes part of the history.")


@extend_schema_view(list=extend_schema(summary="Own exports"), retrieve=extend_schema(summary="How far an export is"))
class Exports(Resource):
    """Registers as .xlsx, in the columns that the place has set; masked as lists are."""

    model = Export
    serializer_class = ExportSerializer
    related = ("unit",)
    orderings = {"created_at": "created_at"}
    ordering = "-id"
    required_actions = {
        "list": "export.write",
        "retrieve": "export.write",
        "create": "export.write",
        "stop": "export.write",
        "repeat": "export.write",
        "file": "export.write",
    }

    @extend_schema(summary="Export a register", request=ExportEntrySerializer, responses={202: ExportSerializer})
    def create(self, request: Request) -> Response:
        """Written in the background: see `state`, `done` and `total`. Asking for it is an event."""
        given = self.given(ExportEntrySerializer)
        path = given["unit"].path
        if not may(self.user, "export.write", path=path):
            raise NotAllowed
        made = exports.ask(**given, user=self.user, actor=self.actor("export.write", path), now=self.now)
        return Response(self._again(made.pk), status=202)

    @extend_schema(summary="Stop it", request=None, responses=ExportSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: UUID) -> Response:
        """While it waits or is written."""
        row: Export = self.get_object()
        exports.stop(export=row, actor=self.actor("export.write", row.unit_path), now=self.now)
        return Response(self._again(pk))

    @extend_schema(summary="Once more", request=None, responses={202: ExportSerializer})
    @action(detail=True, methods=["post"])
    def repeat(self, request: Request, pk: UUID) -> Response:
        """The same register as things are now: a new export."""
        row: Export = self.get_object()
        actor = self.actor("export.write", row.unit_path)
        made = exports.repeat(export=row, user=self.user, actor=actor, now=self.now)
        return Response(self._again(made.pk), status=202)

    @extend_schema(summary="The file", responses={(200, XLSX): OpenApiTypes.BINARY}, filters=False)
    def file(self, request: Request, pk: UUID) -> HttpResponseBase:
        """While it is kept; each download is an event."""
        row: Export = self.get_object()
        if not self.may_here(row):
            raise NotAllowed
        content = exports.content(export=row, actor=self.actor("export.write", row.unit_path), now=self.now)
        response = HttpResponse(content, content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{row.register}-{row.pk}.xlsx"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def _again(self, pk: UUID) -> dict[str, object]:
        return self.represent(self.get_queryset().get(pk=pk))
