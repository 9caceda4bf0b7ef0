"""Assessments: begun, given targets, points and evidence here; agreed, checked and decided as work items
(process `target_assessment`). Who drew what stays with the auditors: nobody who is inspected sees a sample."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.photos import PictureRenderer
from backend.api.resource import Resource
from backend.api.uploads import FormParser
from backend.assessment import agreements, checks
from backend.assessment.checks import MOST_BYTES, EvidenceTooLarge
from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Assessment, CallBack, Evidence, Line, PolicyGrade, row_of
from backend.core import prepared
from backend.core.errors import NotAllowed
from backend.inspection.models import SampleRow
from backend.org.access import may
from backend.org.models import Unit
from workflows.assessments import begin

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class EvidenceForm(FormParser):
    """A form with a file."""

    most_bytes = MOST_BYTES
    too_large = EvidenceTooLarge


class FileRenderer(PictureRenderer):
    """Lets a client ask for a file; the bytes are made elsewhere."""

    media_type = "application/octet-stream"
    format = "bin"


class AssessmentFilters(Filters):
    """What the list of assessments is narrowed by."""

    year = django_filters.NumberFilter(min_value=2020, max_value=2100)
    state = django_filters.ChoiceFilter(choices=Assessment.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: assessed there or below it.")


class AssessmentSerializer(RowSerializer[Assessment]):
    """An assessment without its lines."""

    unit = UnitRef()
    checker = UnitRef(allow_null=True)
    drawn_up_by = serializers.CharField(source="drawn_up_label")
    signed_by = serializers.CharField(source="signed_label")
    inspected_by = serializers.CharField(source="inspected_label")
    self_scored_by = serializers.CharField(source="self_scored_label")
    checked_by = serializers.CharField(source="checked_label")
    decided_by = serializers.CharField(source="decided_label")
    second_by = serializers.CharField(source="second_label")
    veto_by = serializers.CharField(source="veto_label")

    class Meta:
        model = Assessment
        fields = (
            "id", "number", "unit", "year", "state", "result", "score", "bonus", "override", "override_reason",
            "veto_reasons", "is_vetoed", "veto_by", "drawn_up_by", "signed_by", "signed_at", "returned",
            "inspected_by", "inspected_at", "self_scored_by", "statement", "checker", "checked_by", "check_opinion",
            "decided_by", "second_by", "told_at", "appeal_until", "appeal_answer", "archived_at", "version",
        )  # fmt: skip


class EvidenceSerializer(RowSerializer[Evidence]):
    """A file without its content."""

    class Meta:
        model = Evidence
        fields = ("id", "name", "size", "digest", "sent_label", "created_at")


class LineSerializer(RowSerializer[Line]):
    """A line with its files. Small figures are hidden from whoever may not open the cases (E32)."""

    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    text = serializers.SerializerMethodField()
    measure = serializers.SerializerMethodField()
    hidden = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = Line
        fields = (
            "indicator", "label", "text", "measure", "target", "weight", "hits", "of", "value", "hidden", "points",
            "self_points", "self_note", "check_points", "check_note", "evidence",
        )  # fmt: skip

    def get_label(self, line: Line) -> str:
        """The indicator's name."""
        return str(INDICATORS[line.indicator].label)

    def get_text(self, line: Line) -> str:
        """What it counts."""
        return str(INDICATORS[line.indicator].text)

    def get_measure(self, line: Line) -> str:
        """Percent, number, yuan or points."""
        return INDICATORS[line.indicator].unit

    def get_hidden(self, line: Line) -> bool:
        """Whether the figure is too small to be shown to the caller."""
        return bool(self.context["shared"]) and agreements.pair_of(line).is_small(self.context["smallest"])

    @extend_schema_field(EvidenceSerializer(many=True))
    def get_evidence(self, line: Line) -> list[dict[str, Any]]:
        """Files of the line."""
        return [dict(EvidenceSerializer(each).data) for each in self.context["files"].get(line.pk, ())]

    def to_representation(self, line: Line) -> dict[str, Any]:
        """Without the figure when it is hidden."""
        shown = dict(super().to_representation(line))
        return {**shown, "hits": None, "of": None, "value": None} if shown["hidden"] else shown


class DrawnVisitSerializer(serializers.Serializer[Any]):
    """A drawn visit to be called back, for whoever may see the sample."""

    place = serializers.IntegerField()
    family = serializers.CharField(source="family.label")
    answer = serializers.SerializerMethodField()
    called_by = serializers.SerializerMethodField()

    def get_answer(self, row: SampleRow) -> str:
        """confirmed, doubtful, not_reached, declined; empty: not called yet."""
        return row.call_back.answer if hasattr(row, "call_back") else ""

    def get_called_by(self, row: SampleRow) -> str:
        """Who called."""
        return row.call_back.called_label if hasattr(row, "call_back") else ""


class GradeSerializer(serializers.Serializer[Any]):
    """A policy's grade: 0, 25, 50, 75 or 100 hundredths."""

    policy = serializers.CharField(max_length=40, help_text="A code of the list assessed_policy.")
    hundredths = serializers.ChoiceField(choices=PolicyGrade.GRADES)


class AssessmentInFullSerializer(AssessmentSerializer):
    """An assessment with lines, grades and, for the auditors, what was drawn."""

    lines = LineSerializer(many=True)
    policies = GradeSerializer(many=True)
    calls = DrawnVisitSerializer(many=True)
    visits_sample = serializers.UUIDField(allow_null=True)
    files_sample = serializers.UUIDField(allow_null=True)

    class Meta(AssessmentSerializer.Meta):
        fields = (*AssessmentSerializer.Meta.fields, "lines", "policies", "calls", "visits_sample", "files_sample")  # type: ignore[assignment]


class BeginAssessmentSerializer(serializers.Serializer[Any]):
    """Which township, which year."""

    unit = VisibleField(Unit)
    year = serializers.IntegerField(min_value=2020, max_value=2100)


class TargetSerializer(serializers.Serializer[Any]):
    """Another target or weight; weight 0 leaves the indicator out."""

    indicator = serializers.CharField(max_length=40)
    target = serializers.DecimalField(max_digits=9, decimal_places=2, min_value=Decimal(0))
    weight = serializers.IntegerField(min_value=0, max_value=100)


class PointsSerializer(serializers.Serializer[Any]):
    """Points for a line, and why."""

    indicator = serializers.CharField(max_length=40)
    points = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=Decimal(0))
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class CheckedPointsSerializer(PointsSerializer):
    """Other points than the figures give need a reason."""

    note = serializers.CharField(max_length=400)


class CallBackSerializer(serializers.Serializer[Any]):
    """What the family of a drawn visit said; whether it is content counts only when it said so."""

    place = serializers.IntegerField(min_value=1, max_value=200)
    answer = serializers.ChoiceField(choices=CallBack.Answer.choices)
    satisfied = serializers.BooleanField(required=False, allow_null=True, default=None)


class AddEvidenceSerializer(serializers.Serializer[Any]):
    """A file that shows what the unit says of itself."""

    indicator = serializers.CharField(max_length=40)
    file = serializers.FileField()


@extend_schema_view(
    list=extend_schema(summary="Assessments"),
    retrieve=extend_schema(summary="One assessment with its lines", responses=AssessmentInFullSerializer),
)
class Assessments(Resource):
    """Assessments of one's own unit and below, and of the township that one's own is to check."""

    model = Assessment
    serializer_class = AssessmentSerializer
    filterset_class = AssessmentFilters
    related = ("unit", "checker", "office")
    orderings = {"year": "year"}
    ordering = "-year"
    required_actions = {
        "list": ("assessment.read", "assessment.check"),
        "retrieve": ("assessment.read", "assessment.check"),
        "create": "assessment.write",
        "targets": "assessment.write",
        "policies": "assessment.write",
        "call_back": "assessment.call",
        "self_score": "assessment.self_score",
        "check": "assessment.check",
        "add_evidence": "assessment.self_score",
    }

    def get_parsers(self) -> list[Any]:
        """Evidence comes as a form."""
        uploads = getattr(self, "action_map", {}).get("post") == "add_evidence"
        return [EvidenceForm()] if uploads else super().get_parsers()

    def place_of(self, row: Assessment) -> str | None:
        """A cross-check is done where the other township is."""
        return row.checker.path if self.action == "check" and row.checker is not None else row.unit_path

    @extend_schema(
        summary="Begin a year", request=BeginAssessmentSerializer, responses={201: AssessmentInFullSerializer}
    )
    def create(self, request: Request) -> Response:
        """One agreement per township and year, with the targets of its place."""
        given = self.given(BeginAssessmentSerializer)
        if not may(self.user, "assessment.write", path=given["unit"].path):
            raise NotAllowed
        row = begin(**given, actor=self.actor("assessment.write", given["unit"].path), now=self.now)
        return self._in_full(row.pk, status=201)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One assessment with its lines."""
        return self._in_full(self.get_object().pk)

    @extend_schema(summary="Set a target", request=TargetSerializer, responses=AssessmentInFullSerializer)
    @action(detail=True, methods=["post"])
    def targets(self, request: Request, pk: UUID) -> Response:
        """Before the agreement is drawn up; what families may refuse is never given a weight."""
        row = self._locked()
        agreements.set_line(assessment=row, **self.given(TargetSerializer), **self._by("assessment.write", row))
        return self._in_full(row.pk)

    @extend_schema(summary="Grade a policy", request=GradeSerializer, responses=AssessmentInFullSerializer)
    @action(detail=True, methods=["post"])
    def policies(self, request: Request, pk: UUID) -> Response:
        """How far it is built up, in steps of a quarter."""
        row, given = self._locked(), self.given(GradeSerializer)
        agreements.grade_policy(assessment=row, **given, **self._by("assessment.write", row))
        return self._in_full(row.pk)

    @extend_schema(summary="Call a family back", request=CallBackSerializer, responses=AssessmentInFullSerializer)
    @action(detail=True, methods=["post"], url_path="call-back")
    def call_back(self, request: Request, pk: UUID) -> Response:
        """About a drawn visit, by somebody else than whoever recorded it."""
        row, given = self._locked(), self.given(CallBackSerializer)
        drawn = get_object_or_404(SampleRow, sample=row.visits_sample_id, place=given.pop("place"))
        checks.call_back(assessment=row, row=drawn, **given, **self._by("assessment.call", row))
        return self._in_full(row.pk)

    @extend_schema(summary="Score oneself", request=PointsSerializer, responses=AssessmentInFullSerializer)
    @action(detail=True, methods=["post"], url_path="self-score")
    def self_score(self, request: Request, pk: UUID) -> Response:
        """What the unit gives itself for an indicator."""
        row, given = self._locked(), self.given(PointsSerializer)
        checks.self_score(assessment=row, **given, **self._by("assessment.self_score", row))
        return self._in_full(row.pk)

    @extend_schema(
        summary="Change points when checking", request=CheckedPointsSerializer, responses=AssessmentInFullSerializer
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID) -> Response:
        """Where another township finds other points than the figures give."""
        row, given = self._locked(), self.given(CheckedPointsSerializer)
        by = self.actor("assessment.check", row.checker.path if row.checker else None)
        checks.check_stranger(row, by, self.now)
        checks.check_line(assessment=row, **given, actor=by, now=self.now)
        return self._in_full(row.pk)

    @extend_schema(
        summary="Add evidence",
        request={"multipart/form-data": AddEvidenceSerializer},
        responses={201: EvidenceSerializer},
    )
    def add_evidence(self, request: Request, pk: UUID) -> Response:
        """Kept encrypted, with the digest of what came in."""
        row, given = self._locked(), self.given(AddEvidenceSerializer)
        made = checks.add_evidence(
            assessment=row,
            indicator=given["indicator"],
            name=given["file"].name,
            data=given["file"].read(),
            **self._by("assessment.self_score", row),
        )
        return Response(EvidenceSerializer(made).data, status=201)

    # --- parts

    def _locked(self) -> Assessment:
        """The row of the address, locked. Raises Http404, NotAllowed."""
        return row_of(self.get_object().pk)

    def _by(self, name: str, row: Assessment) -> dict[str, Any]:
        return {"actor": self.actor(name, row.unit.path), "now": self.now}

    def _in_full(self, pk: UUID, *, status: int = 200) -> Response:
        row = prepared.found(Assessment, pk, follow=("unit", "checker"))
        audits = may(self.user, "sample.read", path=row.unit.path)
        context = {
            **self.get_serializer_context(),
            "shared": not may(self.user, "case.read", path=row.unit.path),
            "smallest": agreements.smallest(row, self.now),
            "files": checks.files_of(row),
        }
        told = {
            **AssessmentSerializer(row, context=context).data,
            "lines": LineSerializer(agreements.lines_of(row), many=True, context=context).data,
            "policies": GradeSerializer(row.policies.order_by("policy"), many=True).data,
            "calls": DrawnVisitSerializer(self._drawn(row) if audits else (), many=True).data,
            "visits_sample": row.visits_sample_id if audits else None,
            "files_sample": row.files_sample_id if audits else None,
        }
        return Response(told, status=status)

    def _drawn(self, row: Assessment) -> QuerySet[SampleRow]:
        rows = SampleRow.objects.filter(sample=row.visits_sample_id, sample__isnull=False)
        return rows.select_related("family", "call_back").order_by("place")


@extend_schema_view(
    retrieve=extend_schema(
        summary="The file itself", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False
    )
)
class EvidenceFiles(Resource):
    """Files that show what a unit says of itself, for those who score and check."""

    model = Evidence
    serializer_class = EvidenceSerializer
    required_actions = {"retrieve": "assessment.evidence"}

    def get_queryset(self) -> QuerySet[Evidence]:
        """Of assessments that concern the caller."""
        if getattr(self, "swagger_fake_view", False):
            return Evidence.objects.none()
        seen = Assessment.objects.visible_to(self.user)
        rows = Evidence.objects.filter(line__assessment__in=seen)
        return rows.select_related("line__assessment__unit").order_by("pk")

    def retrieve(self, request: Request, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """As it came in; opening it is an event."""
        found: Evidence = self.get_object()
        data = checks.open_evidence(evidence=found, actor=self.actor("assessment.evidence"), now=self.now)
        response = HttpResponse(data, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="evidence-{found.pk}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["X-Digest-Sha256"] = found.digest
        return response
