"""Rosters: a spreadsheet goes in, a report of what it would do comes out, and on request it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.uploads import FormParser
from backend.cases.models import Roster
from backend.cases.rosters import services
from backend.cases.rosters.problems import RosterTooLarge, message
from backend.cases.rosters.reading import MOST_BYTES
from backend.cases.rosters.workbook import workbook
from backend.core.errors import NotAllowed, StaleVersion
from backend.org.access import granting, may
from backend.org.models import Unit

if TYPE_CHECKING:
    from django.http import HttpResponseBase

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 1000
"""Problems in an answer; the workbook of problems has all."""


class RosterForm(FormParser):
    """A form with a roster."""

    most_bytes = MOST_BYTES
    too_large = RosterTooLarge


class WorkbookRenderer(BaseRenderer):
    """Lets a client ask for .xlsx; the bytes are made elsewhere."""

    media_type = XLSX
    format = "xlsx"
    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Problem documents only."""
        return JSONRenderer().render(data)


class RosterFilters(Filters):
    """What the list of rosters is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=[("families", "families"), ("helpers", "helpers")])
    state = django_filters.ChoiceFilter(choices=Roster.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: rosters for it and those below it.")


class RosterProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with a cell: an `error` (its household waits) or a `warning` (it goes in, marked)."""

    row = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning"])
    value = serializers.CharField(allow_blank=True, help_text="What stood there; sensitive values only by their end.")
    message = serializers.CharField()


class RosterSerializer(RowSerializer[Roster]):
    """A roster's state and counts."""

    unit = UnitRef()

    class Meta:
        model = Roster
        fields = (
            "id", "kind", "name", "unit", "state", "counts", "done", "total", "error", "start_programme", "created_at",
            "applied_at", "version",
        )  # fmt: skip


class RosterReportSerializer(RosterSerializer):
    """A roster with its first thousand problems; all of them are in problems.xlsx."""

    problems = serializers.SerializerMethodField()
    mended = serializers.SerializerMethodField()

    class Meta(RosterSerializer.Meta):
        fields = (*RosterSerializer.Meta.fields, "problems", "mended")  # type: ignore[assignment]

    @extend_schema_field(RosterProblemSerializer(many=True))
    def get_problems(self, roster: Roster) -> list[dict[str, Any]]:
        """By row and column, worded in the caller's language."""
        return [
            {
                "row": each["row"],
                "column": each["column"],
                "code": each["code"],
                "level": each["level"],
                "value": each.get("value", ""),
                "message": message(each),
            }
            for each in roster.problems[:SHOWN]
        ]

    @extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
    def get_mended(self, roster: Roster) -> list[dict[str, Any]]:
        """What was silently put right: row, column, how."""
        mended: list[dict[str, Any]] = roster.mended[:SHOWN]
        return mended


class UploadSerializer(serializers.Serializer[Any]):
    """The file, and whose villages it may name (default: where the caller uploads rosters)."""

    kind = serializers.ChoiceField(choices=["families", "helpers"])
    file = serializers.FileField(allow_empty_file=True, help_text=".xlsx, .xls, .csv")
    unit = VisibleField(Unit, required=False)
    start_programme = serializers.CharField(max_length=40, required=False, allow_blank=True)


class ApplySerializer(serializers.Serializer[Any]):
    """`start_programme`: begin a case in this programme for each family that goes in."""

    start_programme = serializers.CharField(max_length=40, required=False, allow_blank=True)
    version = serializers.IntegerField(required=False, min_value=1, max_value=999_999_999)


@extend_schema_view(
    list=extend_schema(summary="Rosters"),
    retrieve=extend_schema(summary="Progress and report of a roster", responses=RosterReportSerializer),
)
class Rosters(Resource):
    """Spreadsheets of families or helpers."""

    model = Roster
    serializer_class = RosterSerializer
    filterset_class = RosterFilters
    related = ("unit",)
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": "roster.read",
        "retrieve": "roster.read",
        "create": "roster.upload",
        "problems": "roster.upload",
        "apply": "roster.apply",
    }

    def get_queryset(self) -> Any:
        """Visible rosters; lists leave the long lists of problems where they are."""
        rows = super().get_queryset()
        return rows.defer("problems", "mended") if self.action == "list" else rows

    def get_parsers(self) -> list[Any]:
        """A file comes as a form, everything else as JSON."""
        uploads = getattr(self, "action_map", {}).get("post") == "create"
        return [RosterForm()] if uploads else super().get_parsers()

    def place_of(self, row: Roster) -> str:
        """The unit it was uploaded for."""
        return row.unit.path

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """State, counts, progress and problems."""
        return Response(self._report(self.get_object()))

    @extend_schema(
        summary="Upload and check",
        request={"multipart/form-data": UploadSerializer},
        responses={201: RosterReportSerializer},
    )
    def create(self, request: Request) -> Response:
        """A dry run: nothing is written but the file itself, encrypted. A large file is checked in the background."""
        given = self.given(UploadSerializer)
        unit = given.get("unit") or self._own_unit()
        if not may(self.user, "roster.upload", path=unit.path):
            raise NotAllowed
        roster = services.receive(
            kind=given["kind"],
            file=given["file"],
            name=given["file"].name,
            unit=unit,
            start_programme=given.get("start_programme", ""),
            actor=self.actor("roster.upload", unit.path),
            now=self.now,
        )
        return Response(self._report(roster), status=201)

    @extend_schema(
        summary="The rows with their problems, as a workbook",
        responses={(200, XLSX): OpenApiTypes.BINARY},
        filters=False,
    )
    def problems(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The uploaded rows again, every problem coloured and explained: to be mended and uploaded anew.

        It holds what was uploaded, identity numbers in full: only for who may upload there, and itself an event.
        """
        roster = self.get_object()
        if not self.may_here(roster):
            raise NotAllowed
        book = workbook(roster=roster, actor=self.actor("roster.upload", roster.unit.path), now=self.now)
        response = HttpResponse(book, content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="problems-{roster.pk}.xlsx"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @extend_schema(summary="Apply it", request=ApplySerializer, responses={202: RosterSerializer})
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: UUID) -> Response:
        """In the background: each household as a whole, those with errors wait. See `done` and `total`."""
        roster = self.get_object()
        expected = self.version()
        if expected is not None and expected != roster.version:
            raise StaleVersion
        programme = self.given(ApplySerializer).get("start_programme", "")
        actor = self.actor("roster.apply", roster.unit.path)
        held = services.start_applying(roster=roster, actor=actor, now=self.now, start_programme=programme)
        return Response(self.represent(held), status=202)

    def _own_unit(self) -> Unit:
        grant = granting(self.user, "roster.upload")[0]
        return Unit.objects.get(pk=grant.unit_id)

    def _report(self, roster: Roster) -> dict[str, Any]:
        shown: dict[str, Any] = self._presenter(RosterReportSerializer).to_representation(roster)
        return shown
