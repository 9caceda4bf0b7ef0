"""Rounds of reconciliation: villages report who really helps, the file is compared with it, the figures are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.differences import Differences
from backend.api.fields import Day, RowSerializer, UnitRef, VisibleField, in_language
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.rosters import XLSX
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.helpers import rounds
from backend.helpers.coverage import Figures, families_of, figures_of, with_reports
from backend.helpers.models import Pairing, ReportLine, Round, VillageReport
from backend.helpers.round_workbook import workbook
from backend.org.access import granting, may
from backend.org.models import Unit

MOST = 20
"""Helpers in one report."""


class RoundFilters(Filters):
    """What the list of rounds is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Round.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: held there and below it.")


class FiguresSerializer(serializers.Serializer[Figures]):
    """One village: `reported` of `families`, differences by kind, open and settled. Frozen once the round is closed."""

    unit = serializers.CharField()
    name = serializers.CharField()
    families = serializers.IntegerField()
    reported = serializers.IntegerField()
    percent = serializers.IntegerField()
    open = serializers.IntegerField()
    settled = serializers.IntegerField()
    kinds = serializers.DictField(child=serializers.IntegerField())


class RoundSerializer(RowSerializer[Round]):
    """A round. `done` of `total` differences are written by the comparison under way, or were by the last."""

    unit = UnitRef()
    opened_by = serializers.CharField(source="opened_label")
    closed_by = serializers.CharField(source="closed_label")

    class Meta:
        model = Round
        fields = (
            "id", "unit", "from_date", "to_date", "state", "opened_by", "runs", "compared_at", "done", "total",
            "helping", "closed_at", "closed_by", "created_at", "version",
        )  # fmt: skip


class RoundInFullSerializer(RoundSerializer):
    """A round with its villages, as far as they concern the reader."""

    villages = serializers.SerializerMethodField()

    class Meta(RoundSerializer.Meta):
        fields = (*RoundSerializer.Meta.fields, "villages")  # type: ignore[assignment]

    @extend_schema_field(FiguresSerializer(many=True))
    def get_villages(self, round: Round) -> list[dict[str, Any]]:
        """By place."""
        view = self.context["view"]
        seen = [grant.path for grant in granting(view.user, "round.read")]
        found = figures_of(round, timezone.localdate(view.now))
        mine = [figures for figures in found if any(figures.path.startswith(path) for path in seen)]
        return [dict(FiguresSerializer(figures).data) for figures in mine]


class OpenSerializer(serializers.Serializer[Any]):
    """Where and from when to when (both days included)."""

    unit = VisibleField(Unit)
    from_date = Day()
    to_date = Day()


class SpellSaidSerializer(serializers.Serializer[Any]):
    """What is said of one helper on file."""

    pairing = serializers.UUIDField()
    reality = serializers.ChoiceField(choices=ReportLine.Reality.choices)
    since = Day(required=False, allow_null=True, help_text="When it was interrupted.")


class OtherSaidSerializer(serializers.Serializer[Any]):
    """Somebody who helps without being on file here: by number, or by the name people know."""

    number = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    name = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    kind = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    since = Day(required=False, allow_null=True)


class ReportSerializer(serializers.Serializer[Any]):
    """One family's report: every helper on file is answered for; `others`: who helps beside them or in their place."""

    family = VisibleField(Family)
    spells = serializers.ListField(child=SpellSaidSerializer(), required=False, default=list, max_length=MOST)
    others = serializers.ListField(child=OtherSaidSerializer(), required=False, default=list, max_length=MOST)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ReportedSpell(serializers.Serializer[Any]):
    """A helper on file for a family, and what the village said."""

    pairing = serializers.UUIDField()
    helper = serializers.CharField()
    number = serializers.CharField()
    kind = serializers.CharField()
    from_date = serializers.DateField()
    reality = serializers.CharField(allow_blank=True)
    since = serializers.DateField(allow_null=True)


class ReportedOther(serializers.Serializer[Any]):
    """Somebody else whom the village named."""

    number = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    since = serializers.DateField(allow_null=True)


class FamilyToReportSerializer(serializers.Serializer[Any]):
    """A family of the round's list."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]  # the name of the API's own field
    number = serializers.CharField()
    village = serializers.CharField()
    address = serializers.CharField(allow_blank=True)
    reported = serializers.BooleanField(help_text="By the village, or by a survey or roster of the round's days.")
    reported_by = serializers.CharField(allow_blank=True, help_text="Who reported for the village.")
    reported_at = serializers.DateTimeField(allow_null=True)
    spells = ReportedSpell(many=True)
    others = ReportedOther(many=True)
    note = serializers.CharField(allow_blank=True)


class FamilyFilters(Filters):
    """What a round's list of families is narrowed by."""

    unit = Subtree(field_name="unit__path", label="Id or code of a unit: families there and below it.")
    reported = YesNo(method="by_reported")
    family = django_filters.UUIDFilter(field_name="pk")

    def by_reported(self, queryset: QuerySet[Family], name: str, value: bool) -> QuerySet[Family]:
        """Whether somebody has said something of it."""
        return queryset.filter(Q(("reported", value)))  # as backend.helpers.coverage counts it


class YearlyDaySerializer(serializers.Serializer[Any]):
    """The yearly day of reconciliation, and whether it is time. `behind`: villages not reported in full."""

    unit = UnitRef()
    day = serializers.DateField()
    is_near = serializers.BooleanField()
    round = serializers.UUIDField(allow_null=True, help_text="The round under way.")
    behind = serializers.IntegerField()


OPEN = OpenApiExample(
    "open",
    value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "from_date": "2026-03-01", "to_date": "2026-04-15"},
    request_only=True,
)
REPORT = OpenApiExample(
    "report",
    value={
        "family": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c12",
        "spells": [{"pairing": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c13", "reality": "interrupted"}],
        "others": [{"name": "隔壁老刘", "kind": "neighbour", "since": "2026-02-01"}],
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Rounds of reconciliation"),
    retrieve=extend_schema(summary="One round with its villages", responses=RoundInFullSerializer),
)
class Rounds(Resource):
    """Some weeks in which a unit compares its register of helpers with reality."""

    model = Round
    serializer_class = RoundSerializer
    filterset_class = RoundFilters
    related = ("unit",)
    orderings = {"from_date": "from_date"}
    ordering = "-from_date"
    required_actions = {
        "list": "round.read",
        "retrieve": "round.read",
        "coming": "round.write",
        "create": "round.write",
        "compare": "round.write",
        "close": "round.write",
        "families": "round.report",
        "report": "round.report",
        "workbook": "difference.read",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Rounds; the kept figures only where they are told."""
        rows = super().get_queryset()
        return rows if self.action in {"retrieve", "close", "workbook"} else rows.defer("figures")

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Dates, state, progress, and per village coverage and differences."""
        return self._in_full(self.get_object())

    @extend_schema(summary="The yearly day", responses=YearlyDaySerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def coming(self, request: Request) -> Response:
        """By when helpers are reconciled at each unit where the caller holds rounds, and what is missing."""
        units = Unit.objects.filter(pk__in={grant.unit_id for grant in granting(self.user, "round.write")})
        return Response([self._coming(unit) for unit in units.order_by("path")])

    @extend_schema(
        summary="Open a round", request=OpenSerializer, responses={201: RoundInFullSerializer}, examples=[OPEN]
    )
    def create(self, request: Request) -> Response:
        """Villages can report from now on."""
        given = self.given(OpenSerializer)
        unit = given["unit"]
        if not may(self.user, "round.write", path=unit.path):
            raise NotAllowed
        actor = self.actor("round.write", unit.path)
        opened = rounds.open_round(**given, actor=actor, now=self.now)
        return self._in_full(opened, status=201)

    @extend_schema(summary="Compare file and reports", request=None, responses={202: RoundSerializer})
    @action(detail=True, methods=["post"])
    def compare(self, request: Request, pk: UUID) -> Response:
        """In the background; again as often as one likes: a second time finds only what is new."""
        held: Round = self.get_object()
        actor = self.actor("round.write", held.unit_path)
        return Response(self.represent(rounds.start_comparing(round=held, actor=actor, now=self.now)), status=202)

    @extend_schema(summary="Close a round", request=None, responses=RoundInFullSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: UUID) -> Response:
        """The figures stay as they are now; what is not settled yet stays somebody's work."""
        held: Round = self.get_object()
        actor = self.actor("round.write", held.unit_path)
        return self._in_full(rounds.close_round(round=held, actor=actor, now=self.now))

    @extend_schema(summary="Families to report", responses=FamilyToReportSerializer(many=True))
    @action(detail=True, filterset_class=FamilyFilters, ordering="id", orderings={})
    def families(self, request: Request, pk: UUID) -> Response:
        """Families of the round where the caller reports, with their helpers on file and what was said."""
        held: Round = self.find()
        there = families_of(held, min(timezone.localdate(self.now), held.to_date))
        mine = with_reports(there.visible_to(self.user), held).select_related("unit")
        page = self.paginate_queryset(self.filter_queryset(mine)) or []
        return self.get_paginated_response(self._families(held, page))

    @extend_schema(
        summary="Report a family", request=ReportSerializer, responses=FamilyToReportSerializer, examples=[REPORT]
    )
    @action(detail=True, methods=["post"])
    def report(self, request: Request, pk: UUID) -> Response:
        """Who really helps. Said again it replaces what was said, as long as the round is open."""
        held: Round = self.find()
        given = self.given(ReportSerializer)
        family: Family = given["family"]
        if not may(self.user, "round.report", path=family.unit_path):
            raise NotAllowed
        rounds.report_family(
            round=held,
            family=family,
            spells={one["pairing"]: (one["reality"], one.get("since")) for one in given["spells"]},
            others=[rounds.Other(**one) for one in given["others"]],
            note=given["note"],
            actor=self.actor("round.report", family.unit_path),
            now=self.now,
        )
        there = with_reports(Family.objects.filter(pk=family.pk), held).select_related("unit")
        return Response(self._families(held, list(there))[0])

    @extend_schema(
        summary="Figures and differences as a workbook", responses={(200, XLSX): OpenApiTypes.BINARY}, filters=False
    )
    def workbook(self, request: Request, pk: UUID) -> HttpResponse:
        """Per village, then difference by difference, as far as they concern the reader; itself an event."""
        held: Round = self.get_object()
        book = workbook(
            round=held,
            differences=Differences.model.objects.visible_to(self.user),
            within=[grant.path for grant in granting(self.user, "difference.read")],
            actor=self.actor("difference.read", held.unit_path),
            now=self.now,
        )
        response = HttpResponse(book, content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="reconciliation-{held.pk}.xlsx"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def _in_full(self, round: Round, *, status: int = 200) -> Response:
        shown = RoundInFullSerializer(round, context=self.get_serializer_context()).data
        return Response(shown, status=status)

    def _coming(self, unit: Unit) -> dict[str, Any]:
        today = timezone.localdate(self.now)
        next_one = rounds.coming(unit.path, today)
        held = Round.objects.filter(unit__path__startswith=unit.path).exclude(state=Round.State.CLOSED)
        under_way = held.filter(from_date__lte=today).select_related("unit").order_by("-from_date").first()
        behind = [each for each in figures_of(under_way, today) if each.reported < each.families] if under_way else []
        told = {
            "unit": unit,
            "day": next_one.day,
            "is_near": next_one.is_near,
            "round": under_way.pk if under_way else None,
            "behind": len(behind),
        }
        return dict(YearlyDaySerializer(told).data)

    def _families(self, round: Round, families: Sequence[Family]) -> list[dict[str, Any]]:
        """Each with its helpers on file and what the village said: three statements for a page."""
        ids = [family.pk for family in families]
        lines = Prefetch("lines", ReportLine.objects.select_related("helper").order_by("id"))
        reports = VillageReport.objects.filter(round=round, family__in=ids).prefetch_related(lines)
        said = {report.family_id: report for report in reports}
        spells: dict[UUID, list[Pairing]] = {id: [] for id in ids}
        today = timezone.localdate(self.now)
        on_file = Pairing.objects.on(today).filter(family__in=ids).select_related("helper", "kind")
        for spell in on_file.order_by("from_date", "id"):
            spells[spell.family_id].append(spell)
        return [self._family(family, spells[family.pk], said.get(family.pk)) for family in families]

    def _family(self, family: Any, spells: Sequence[Pairing], report: VillageReport | None) -> dict[str, Any]:
        lines = list(report.lines.all()) if report else []
        said: Mapping[UUID | None, ReportLine] = {line.pairing_id: line for line in lines if line.pairing_id}
        told = {
            "id": family.pk,
            "label": family.label,
            "number": family.number,
            "village": family.unit.name,
            "address": family.live_address,
            "reported": family.reported,
            "reported_by": report.reported_label if report else "",
            "reported_at": report.reported_at if report else None,
            "spells": [_spell(spell, said.get(spell.pk)) for spell in spells],
            "others": [_other(line) for line in lines if not line.pairing_id],
            "note": report.note if report else "",
        }
        return dict(FamilyToReportSerializer(told).data)


def _spell(spell: Pairing, line: ReportLine | None) -> dict[str, Any]:
    return {
        "pairing": spell.pk,
        "helper": spell.helper.name,
        "number": spell.helper.number,
        "kind": in_language(spell.kind.label, spell.kind.label_en),
        "from_date": spell.from_date,
        "reality": line.reality if line else "",
        "since": line.since if line else None,
    }


def _other(line: ReportLine) -> dict[str, Any]:
    helper = line.helper
    return {
        "number": helper.number if helper else "",
        "name": helper.name if helper else line.named,
        "kind": line.kind,
        "since": line.since,
    }
