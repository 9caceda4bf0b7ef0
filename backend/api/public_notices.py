"""The public board: what is public today, read by anybody without an account, for nobody's search engine to keep.

Neither session nor token is looked at. A notice that is over tells its number and digest, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import StrictSerializer
from backend.api.filters import Filters
from backend.api.permissions import ANYONE
from backend.api.resource import Resource
from backend.api.throttling import PublicBoard
from backend.org import codes
from backend.publicity import notices
from backend.publicity.masking import KINDS
from backend.publicity.models import Notice, Sheet
from backend.publicity.texts import objection_text, text_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

NOT_KEPT = "noindex, nofollow, noarchive, nosnippet"


class PublicNoticeFilters(Filters):
    """What the board is narrowed by."""

    unit = django_filters.CharFilter(
        field_name="unit__code", max_length=40, label="Code of a unit, such as 120114122000: its own notices."
    )


class PublicNoticeSerializer(serializers.Serializer[Notice]):
    """A notice in the list of what is public."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.CharField()
    kind_label = serializers.SerializerMethodField()
    unit = serializers.CharField(source="unit.name")
    unit_code = serializers.CharField(source="unit.code")
    within = serializers.SerializerMethodField()
    title = serializers.CharField()
    from_date = serializers.DateField()
    until = serializers.DateField()

    def get_kind_label(self, notice: Notice) -> str:
        """In the reader's language."""
        return codes.name(KINDS, notice.kind)

    def get_within(self, notice: Notice) -> str:
        """The unit above it."""
        return notice.unit.parent.name if notice.unit.parent is not None else ""


class PublicLineSerializer(serializers.Serializer[Any]):
    """Somebody, masked."""

    position = serializers.IntegerField()
    name = serializers.CharField()
    locality = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)


class PublicFigureSerializer(serializers.Serializer[Any]):
    """A count."""

    label = serializers.CharField(help_text="Empty: all that are not listed.")  # type: ignore[assignment]
    number = serializers.IntegerField(allow_null=True, help_text="null: not told, for somebody could be made out.")


class PublicSheetSerializer(serializers.Serializer[Any]):
    """A notice as everybody may read it; once it is over only what it was and its digest."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.CharField()
    kind_label = serializers.CharField()
    unit = serializers.CharField()
    from_date = serializers.DateField()
    until = serializers.DateField()
    is_public = serializers.BooleanField()
    title = serializers.CharField()
    basis = serializers.CharField()
    lines = PublicLineSerializer(many=True)
    figures = PublicFigureSerializer(many=True)
    total_amount = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    objection = serializers.CharField(help_text="By whom, until when and where to object.")
    text = serializers.CharField(help_text="Word for word what the digest covers.")
    digest = serializers.CharField(help_text="SHA-256 of `text` in UTF-8.")


class GenuineQuestionSerializer(StrictSerializer):
    """What stands on a paper or was copied from the board."""

    number = serializers.CharField(max_length=40)
    text = serializers.CharField(max_length=200_000, trim_whitespace=False)


class GenuineAnswerSerializer(serializers.Serializer[Any]):
    """Whether this is word for word what was made public under that number."""

    genuine = serializers.BooleanField()


@extend_schema_view(list=extend_schema(summary="What is public today", auth=[], responses=PublicNoticeSerializer))
class PublicNotices(Resource):
    """Notices for everybody."""

    model = Notice
    serializer_class = PublicNoticeSerializer
    filterset_class = PublicNoticeFilters
    parser_classes = (JSONParser,)
    ordering = "-id"
    related = ("unit", "unit__parent")
    required_actions = {"list": ANYONE, "retrieve": ANYONE, "check": ANYONE}
    never_kept: ClassVar[frozenset[str]] = frozenset({"check"})
    open_before_password_change = frozenset({"list", "retrieve", "check"})

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Nobody is asked who it is."""
        return []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """So many readings per address: a list is read by people, not gathered by programs."""
        super().initial(request, *args, **kwargs)
        limit = PublicBoard()
        if not limit.allow_request(request, self):
            self.throttled(request, limit.wait() or 0)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """No search engine keeps what is to be gone after some days."""
        done = super().finalize_response(request, response, *args, **kwargs)
        done.headers["X-Robots-Tag"] = NOT_KEPT
        return done

    def get_queryset(self) -> QuerySet[Notice]:
        """What is public today on the web."""
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        rows = Notice.objects.public(self.now).filter(sheets__place=Sheet.Place.WEB)
        return rows.select_related(*self.related)

    @extend_schema(summary="One notice", auth=[], responses=PublicSheetSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Its lines while it is public; afterwards its number and digest only."""
        rows = Notice.objects.filter(sheets__place=Sheet.Place.WEB).select_related("unit")
        row = get_object_or_404(rows, pk=self.kwargs["pk"])
        sheet = row.sheets.get(place=Sheet.Place.WEB)
        is_public = self.get_queryset().filter(pk=row.pk).exists()
        told = {**_frame(row, sheet), "is_public": is_public, **(_content(row, sheet) if is_public else _GONE)}
        return Response(PublicSheetSerializer(told).data)

    @extend_schema(
        summary="Whether a paper is genuine",
        auth=[],
        request=GenuineQuestionSerializer,
        responses=GenuineAnswerSerializer,
    )
    def check(self, request: Request) -> Response:
        """Word for word, also after the notice was taken down: only its digest is kept."""
        given = self.given(GenuineQuestionSerializer)
        row = Notice.objects.filter(number=given["number"].strip()).first()
        return Response({"genuine": row is not None and notices.is_genuine(row, given["text"])})


_GONE: dict[str, Any] = {
    "title": "", "basis": "", "lines": [], "figures": [], "total_amount": None, "objection": "", "text": "",
}  # fmt: skip


def _frame(row: Notice, sheet: Sheet) -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "kind": row.kind, "kind_label": codes.name(KINDS, row.kind),
        "unit": row.unit.name, "from_date": row.from_date, "until": row.until, "digest": sheet.digest,
    }  # fmt: skip


def _content(row: Notice, sheet: Sheet) -> dict[str, Any]:
    lines, figures = list(sheet.lines.order_by("position")), list(row.figures.order_by("label"))
    return {
        "title": row.title, "basis": row.basis, "lines": lines, "figures": figures,
        "total_amount": sheet.total_amount, "objection": objection_text(row),
        "text": text_of(row, sheet, lines, figures),
    }  # fmt: skip
