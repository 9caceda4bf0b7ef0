"""Public notices as the office sees them: both sheets, the paper for the village board, objections, taking one down.

Notices are made by processes only (backend.publicity.notices.announce): nobody types a list in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Reason, RowSerializer, StrictSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.papers import DOCX, docx
from backend.api.public_notices import PublicFigureSerializer
from backend.api.resource import Resource
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.publicity import notices
from backend.publicity.models import Notice, Sheet
from backend.publicity.texts import text_of
from backend.rights.models import Grievance
from workflows.publicity import object_to, print_board

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class NoticeFilters(Filters):
    """What the list of notices is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Notice.State.choices)
    kind = django_filters.CharFilter(max_length=20)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: notices of it and those below it.")


class NoticeSerializer(RowSerializer[Notice]):
    """A notice, without its lines."""

    unit = UnitRef()
    made_by = serializers.CharField(source="made_label")

    class Meta:
        model = Notice
        fields = (
            "id", "number", "kind", "stage", "unit", "title", "basis", "contact", "from_date", "until", "state",
            "made_by", "taken_down_at", "taken_down_because", "decided_by", "created_at", "version",
        )  # fmt: skip


class SheetLineSerializer(serializers.Serializer[Any]):
    """Somebody, masked."""

    position = serializers.IntegerField()
    name = serializers.CharField()
    identity = serializers.CharField()
    locality = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)


class SheetSerializer(RowSerializer[Sheet]):
    """What one place shows."""

    lines = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField(help_text="Word for word what the digest covers; empty once taken down.")

    class Meta:
        model = Sheet
        fields = ("place", "digest", "total_amount", "lines", "text")

    @extend_schema_field(SheetLineSerializer(many=True))
    def get_lines(self, sheet: Sheet) -> list[dict[str, Any]]:
        """By their positions."""
        return list(SheetLineSerializer(sheet.lines.order_by("position"), many=True).data)

    def get_text(self, sheet: Sheet) -> str:
        """As it is printed."""
        if sheet.notice.state == Notice.State.TAKEN_DOWN:
            return ""
        figures = sheet.notice.figures.order_by("label")
        return text_of(sheet.notice, sheet, sheet.lines.order_by("position"), figures)


class WholeNoticeSerializer(NoticeSerializer):
    """A notice with both sheets, as they are public; and its figures."""

    sheets = SheetSerializer(many=True)
    figures = serializers.SerializerMethodField()

    class Meta(NoticeSerializer.Meta):
        fields = (*NoticeSerializer.Meta.fields, "sheets", "figures")  # type: ignore[assignment]

    @extend_schema_field(PublicFigureSerializer(many=True))
    def get_figures(self, notice: Notice) -> list[dict[str, Any]]:
        """By their labels."""
        return list(PublicFigureSerializer(notice.figures.order_by("label"), many=True).data)


class TakingDownSerializer(StrictSerializer):
    """Why before its time."""

    reason = Reason()


class NoticeObjectionSerializer(StrictSerializer):
    """What somebody objects to one line; kept for whoever looks into it."""

    line = serializers.IntegerField(min_value=1, max_value=32_000, help_text="The number on the list.")
    text = serializers.CharField(max_length=2000)
    channel = serializers.CharField(max_length=20, help_text="A code of the list grievance_channel.")
    reply_by = serializers.ChoiceField(choices=Grievance.Reply.choices)
    complainant = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    contact = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class ObjectionReceiptSerializer(serializers.Serializer[Any]):
    """It was taken in."""

    number = serializers.CharField()


@extend_schema_view(
    list=extend_schema(summary="Public notices"),
    retrieve=extend_schema(summary="One notice with its sheets", responses=WholeNoticeSerializer),
)
class Notices(Resource):
    """What was made public, and what is still public."""

    model = Notice
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilters
    related = ("unit",)
    orderings = {"until": "until", "created_at": "created_at"}
    ordering = "-id"
    required_actions = {
        "list": "notice.read",
        "retrieve": "notice.read",
        "board": "notice.read",
        "take_down": "notice.take_down",
        "object_to": "grievance.write",
    }

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Lines as they are public, masked before they were stored: nobody sees more of them here."""
        return Response(self._presenter(WholeNoticeSerializer).to_representation(self.get_object()))

    @extend_schema(
        summary="The sheet for the village board", responses={(200, DOCX): OpenApiTypes.BINARY}, filters=False
    )
    def board(self, request: Request, pk: UUID) -> HttpResponseBase:
        """To be printed and hung up, with number and digest; itself an event."""
        row: Notice = self.get_object()
        if not may(self.user, "notice.read", path=row.unit_path):
            raise NotAllowed
        return docx(print_board(notice=row, actor=self.actor("notice.read", row.unit_path), now=self.now), row.number)

    @extend_schema(summary="Take it down", request=TakingDownSerializer, responses=NoticeSerializer)
    @action(detail=True, methods=["post"], url_path="take-down")
    def take_down(self, request: Request, pk: UUID) -> Response:
        """Before its time, for a reason; what was public is deleted, its digest stays."""
        row: Notice = self.get_object()
        reason = self.given(TakingDownSerializer)["reason"]
        actor = self.actor("notice.take_down", row.unit_path)
        notices.take_down(notice=row, actor=actor, now=self.now, reason=reason)
        return Response(self.represent(self.get_queryset().get(pk=pk)))

    @extend_schema(
        summary="Take in an objection", request=NoticeObjectionSerializer, responses={201: ObjectionReceiptSerializer}
    )
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID) -> Response:
        """To one line, by the last day: that case is held until somebody independent has looked into it."""
        row: Notice = self.get_object()
        actor = self.actor("grievance.write", row.unit_path)
        made = object_to(notice=row, **self.given(NoticeObjectionSerializer), actor=actor, now=self.now)
        return Response({"number": made.number}, status=201)
