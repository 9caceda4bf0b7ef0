"""Samples: what an auditor looks at, drawn by lot so that anybody can draw it again (backend.core.drawing)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Count, Q
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case, Family
from backend.core.drawing import listed
from backend.core.errors import NotAllowed
from backend.inspection.models import Sample, SampleRow
from backend.inspection.samples import LARGEST, draw_again, draw_sample, look_at
from backend.org.access import may
from backend.org.models import Unit


class SampleFilters(Filters):
    """What the list of samples is narrowed by."""

    population = django_filters.ChoiceFilter(choices=Sample.Population.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: drawn there and below it.")


class SampleSerializer(RowSerializer[Sample]):
    """A sample without its rows; `count` and `digest` are the population's."""

    unit = UnitRef()
    drawn_at = serializers.DateTimeField(source="created_at")
    drawn_by = serializers.CharField(source="drawn_label")
    rows_drawn = serializers.IntegerField(help_text="Fewer than `size` when there were no more.")
    rows_looked_at = serializers.IntegerField()

    class Meta:
        model = Sample
        fields = (
            "id", "unit", "population", "period", "as_of", "size", "seed", "count", "digest", "drawn_at", "drawn_by",
            "rows_drawn", "rows_looked_at",
        )  # fmt: skip


class FindingOfRow(serializers.Serializer[Any]):
    """A finding that was raised about a row."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    kind = serializers.CharField()


class SampleRowSerializer(RowSerializer[SampleRow]):
    """One drawn row. Family and case only while the reader may see them: a family may have moved away since."""

    family = serializers.SerializerMethodField()
    case = serializers.SerializerMethodField()
    looked_by = serializers.CharField(source="looked_label")
    findings = FindingOfRow(many=True)

    class Meta:
        model = SampleRow
        fields = ("place", "member_id", "family", "case", "looked_at", "looked_by", "note", "findings")

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, row: SampleRow) -> dict[str, str] | None:
        """{id, label}."""
        seen = row.family_id in self.context["families"]
        return {"id": str(row.family_id), "label": row.family.label} if seen else None

    @extend_schema_field(CaseRef(allow_null=True))
    def get_case(self, row: SampleRow) -> dict[str, str] | None:
        """{id, number}."""
        seen = row.case is not None and row.case_id in self.context["cases"]
        return {"id": str(row.case_id), "number": row.case.number} if seen and row.case else None


class SampleInFullSerializer(SampleSerializer):
    """A sample with its rows in the order of drawing."""

    rows = serializers.SerializerMethodField()

    class Meta(SampleSerializer.Meta):
        fields = (*SampleSerializer.Meta.fields, "rows")  # type: ignore[assignment]

    @extend_schema_field(SampleRowSerializer(many=True))
    def get_rows(self, sample: Sample) -> list[dict[str, Any]]:
        """What the reader may see of each."""
        rows = list(sample.rows.select_related("family", "case").prefetch_related("findings").order_by("place"))
        user = self.context["request"].user
        families, cases = [row.family_id for row in rows], [row.case_id for row in rows if row.case_id]
        seen: Mapping[str, set[UUID]] = {
            "families": set(Family.objects.visible_to(user).filter(pk__in=families).values_list("pk", flat=True)),
            "cases": set(Case.objects.visible_to(user).filter(pk__in=cases).values_list("pk", flat=True)),
        }
        return [dict(SampleRowSerializer(row, context={**self.context, **seen}).data) for row in rows]


class DrawSerializer(serializers.Serializer[Any]):
    """Where, from what, how many; by default as of now, with a seed made now."""

    unit = VisibleField(Unit)
    population = serializers.ChoiceField(choices=Sample.Population.choices)
    period = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=7, help_text="Visits: 2026-06; closed cases: 2026."
    )
    size = serializers.IntegerField(min_value=1, max_value=LARGEST)
    as_of = Moment(required=False)
    seed = serializers.RegexField(r"^[A-Za-z0-9._-]{1,64}\Z", required=False, allow_blank=True, default="")


class LookSerializer(serializers.Serializer[Any]):
    """Which row was looked at, and a short note: the auditor's own, not a part of the history."""

    place = serializers.IntegerField(min_value=1, max_value=LARGEST)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=400)


class AgainSerializer(serializers.Serializer[Any]):
    """What drawing again found. `is_same`: the kept population gives the kept list; `is_same_today`: so do the rows as
    they are today, else `added`, `gone` (at most 50 ids each) and the `differing` places say what is not as it was."""

    is_same = serializers.BooleanField()
    is_same_today = serializers.BooleanField()
    count = serializers.IntegerField()
    digest = serializers.CharField()
    count_today = serializers.IntegerField()
    digest_today = serializers.CharField()
    added = serializers.ListField(child=serializers.UUIDField())
    gone = serializers.ListField(child=serializers.UUIDField())
    differing = serializers.ListField(child=serializers.IntegerField())


DRAW = OpenApiExample(
    "draw",
    value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "population": "families", "size": 30, "seed": "2026-06-30"},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Samples"),
    retrieve=extend_schema(summary="One sample with its rows", responses=SampleInFullSerializer),
)
class Samples(Resource):
    """Lists drawn by lot. Only auditors see them: whoever knows what was drawn can tidy it up beforehand."""

    model = Sample
    serializer_class = SampleSerializer
    filterset_class = SampleFilters
    related = ("unit",)
    orderings = {"drawn_at": "created_at"}
    ordering = "-drawn_at"
    required_actions = {
        "list": "sample.read",
        "retrieve": "sample.read",
        "create": "sample.write",
        "look": "sample.write",
        "verify": "sample.read",
        "population": "sample.read",
    }

    def get_queryset(self) -> Any:
        """Samples with how far the auditor has come."""
        looked = Count("rows", filter=Q(rows__looked_at__isnull=False))
        rows = super().get_queryset().annotate(rows_drawn=Count("rows"), rows_looked_at=looked)
        return rows if self.action in {"verify", "population"} else rows.defer("ids")

    @extend_schema(
        summary="Draw a sample", request=DrawSerializer, responses={201: SampleInFullSerializer}, examples=[DRAW]
    )
    def create(self, request: Request) -> Response:
        """The population as it stood is kept with the list, so that anybody can draw again."""
        given = self.given(DrawSerializer)
        unit = given.pop("unit")
        if not may(self.user, "sample.write", path=unit.path):
            raise NotAllowed
        given.setdefault("as_of", self.now)
        actor = self.actor("sample.write", unit.path)
        sample = draw_sample(unit=unit, **given, actor=actor, now=self.now)
        return self._in_full(sample.pk, status=201)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One sample with its rows."""
        return self._in_full(self.get_object().pk)

    @extend_schema(summary="A row was looked at", request=LookSerializer, responses=SampleInFullSerializer)
    @action(detail=True, methods=["post"])
    def look(self, request: Request, pk: UUID) -> Response:
        """Marks it, with a note; again with another note."""
        sample: Sample = self.get_object()
        given = self.given(LookSerializer)
        row = get_object_or_404(sample.rows.select_related("family__unit", "case"), place=given["place"])
        look_at(row=row, note=given["note"], actor=self.actor("sample.write", sample.unit_path), now=self.now)
        return self._in_full(sample.pk)

    @extend_schema(summary="Draw it again", responses=AgainSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def verify(self, request: Request, pk: UUID) -> Response:
        """Whether the same list comes out, of the kept population and of today's rows. Changes nothing."""
        return Response(AgainSerializer(draw_again(self.get_object())).data)

    @extend_schema(
        summary="What it was drawn from", responses={(200, "text/plain"): OpenApiTypes.BINARY}, filters=False
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def population(self, request: Request, pk: UUID) -> HttpResponse:
        """The ids, sorted, one a line: `sha256sum` of the file is `digest`, and the tickets are made of its lines."""
        sample: Sample = self.get_object()
        response = HttpResponse(listed(sample.members), content_type="text/plain")
        response["Content-Disposition"] = f'attachment; filename="population-{sample.pk}.txt"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def _in_full(self, pk: UUID, *, status: int = 200) -> Response:
        sample = self.get_queryset().get(pk=pk)
        return Response(SampleInFullSerializer(sample, context=self.get_serializer_context()).data, status=status)
