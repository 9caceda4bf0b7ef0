"""Code lists: what codes mean, in both languages; an office adds its own and ends what it does not use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.codes import add_entry, change_entry, end_entry
from backend.api.fields import Day, Reason, StrictSerializer
from backend.api.permissions import LOGGED_IN
from backend.api.resource import Resource
from backend.org import codes
from backend.org.codes import CodeList
from backend.org.models import CodeEntry

CODE = r"^[\w.-]{1,40}\Z"


class CodeListSerializer(serializers.Serializer[Any]):
    """A list. `fixed`: rules know its codes, nothing can be added; `mandatory`: nothing shipped can be ended."""

    id = serializers.CharField(source="kind")
    title = serializers.CharField()
    standard = serializers.CharField()
    is_fixed = serializers.BooleanField()
    is_mandatory = serializers.BooleanField()
    in_force = serializers.IntegerField(help_text="Entries that can be chosen today.")
    own = serializers.IntegerField(help_text="Entries that do not come with the program.")


@extend_schema_serializer(many=False)
class CodeListsSerializer(serializers.Serializer[Any]):
    """All of them: some dozens."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CodeListSerializer(many=True)


class CodeEntrySerializer(serializers.Serializer[Any]):
    """An entry, chosen from `from_date` (included; null: ever) to `to_date` (excluded)."""

    code = serializers.CharField()
    label = serializers.CharField(help_text="Chinese.")  # type: ignore[assignment]
    label_en = serializers.CharField()
    standard = serializers.CharField()
    order = serializers.IntegerField()
    from_date = serializers.DateField(allow_null=True)
    to_date = serializers.DateField(allow_null=True)
    is_own = serializers.BooleanField(help_text="Does not come with the program.")
    is_in_force = serializers.BooleanField(help_text="Can be chosen today.")
    may_be_renamed = serializers.BooleanField()
    may_be_ended = serializers.BooleanField()


class CodeListDetailSerializer(CodeListSerializer):
    """A list with its entries, in their order; those that are over as well: old records use them."""

    entries = CodeEntrySerializer(many=True)


class NewCodeSerializer(StrictSerializer):
    """An own entry. `working`: for the list of corrected working days, whose codes are days."""

    code = serializers.RegexField(CODE, help_text="Letters, digits and . - _; never given twice.")
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]
    label_en = serializers.CharField(max_length=120)
    from_date = Day(required=False, allow_null=True)
    working = serializers.BooleanField(required=False, allow_null=True, default=None)


class CodeChangeSerializer(StrictSerializer):
    """Other words or another place for one entry."""

    code = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=120, required=False)  # type: ignore[assignment]
    label_en = serializers.CharField(max_length=120, required=False)
    order = serializers.IntegerField(min_value=0, max_value=9999, required=False)
    reason = Reason(required=False, allow_blank=True)


class CodeEndSerializer(StrictSerializer):
    """The first day on which the entry is not chosen any more; null: it stays."""

    code = serializers.CharField(max_length=40)
    to_date = Day(allow_null=True)
    reason = Reason()


class Codes(Resource):
    """Code lists by their names: `sex`, `need`, `close_reason` …"""

    model = CodeEntry
    serializer_class = CodeListSerializer
    filter_backends = ()
    pagination_class = None
    lookup_value_converter = "slug"
    required_actions = {
        "list": LOGGED_IN,
        "retrieve": LOGGED_IN,
        "add": "code.write",
        "change": "code.write",
        "end": "code.write",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Words are everybody's."""
        return CodeEntry.objects.order_by("order", "code")

    @extend_schema(summary="Code lists", operation_id="codes_list", responses={200: CodeListsSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Without their entries."""
        entries: dict[str, list[CodeEntry]] = {}
        for entry in self.get_queryset():
            entries.setdefault(entry.list, []).append(entry)
        rows = [self._told(each, entries.get(each.kind, [])) for each in codes.lists().values()]
        return Response({"next": None, "previous": None, "results": rows})

    @extend_schema(summary="One list", responses=CodeListDetailSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its entries."""
        return Response(self._detail(self.kwargs["pk"]))

    @extend_schema(summary="Add an entry", request=NewCodeSerializer, responses={201: CodeListDetailSerializer})
    @action(detail=True, methods=["post"])
    def add(self, request: Request, pk: str) -> Response:
        """At the end of the list."""
        add_entry(kind=pk, **self.given(NewCodeSerializer), actor=self.actor("code.write"), now=self.now)
        return Response(self._detail(pk), status=201)

    @extend_schema(summary="Change an entry", request=CodeChangeSerializer, responses=CodeListDetailSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str) -> Response:
        """Its words, or its place in the list; not those of a standard."""
        given = self.given(CodeChangeSerializer)
        code, reason = given.pop("code"), given.pop("reason", "")
        actor = self.actor("code.write")
        change_entry(kind=pk, code=code, changes=given, actor=actor, now=self.now, reason=reason)
        return Response(self._detail(pk))

    @extend_schema(summary="End an entry", request=CodeEndSerializer, responses=CodeListDetailSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """It is not offered any more; what was recorded with it stays readable."""
        end_entry(kind=pk, **self.given(CodeEndSerializer), actor=self.actor("code.write"), now=self.now)
        return Response(self._detail(pk))

    def _detail(self, kind: str) -> dict[str, Any]:
        known = codes.lists().get(kind)
        if known is None:
            raise Http404
        rows = [*self.get_queryset().filter(list=kind)]
        return {**self._told(known, rows), "entries": [self._entry(row, known) for row in rows]}

    def _told(self, known: CodeList, rows: list[CodeEntry]) -> Mapping[str, Any]:  # type: ignore[valid-type]
        return {
            "id": known.kind,
            "title": known.title(),
            "standard": known.standard,
            "is_fixed": known.fixed,
            "is_mandatory": known.mandatory,
            "in_force": sum(self._in_force(row) for row in rows),  # type: ignore[attr-defined]
            "own": sum(row.code not in known.codes for row in rows),  # type: ignore[attr-defined]
        }

    def _entry(self, row: CodeEntry, known: CodeList) -> dict[str, Any]:
        is_own = row.code not in known.codes
        return {
            "code": row.code,
            "label": row.label,
            "label_en": row.label_en,
            "standard": row.standard,
            "order": row.order,
            "from_date": row.from_date and row.from_date.isoformat(),
            "to_date": row.to_date and row.to_date.isoformat(),
            "is_own": is_own,
            "is_in_force": self._in_force(row),
            "may_be_renamed": is_own or not known.standard,
            "may_be_ended": is_own or not known.mandatory,
        }

    def _in_force(self, row: CodeEntry) -> bool:
        today = timezone.localdate(self.now)
        return (row.from_date is None or row.from_date <= today) and (row.to_date is None or today < row.to_date)
