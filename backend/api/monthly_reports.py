"""Monthly reports of member units (P14, F19): what was handed in and when, returns, and supplements after acceptance.

They are written, signed and accepted as work items (process `monthly_report`); here they are read and supplemented.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.coordination import reports
from backend.coordination.bulletins import how_reported
from backend.coordination.models import MonthlyReport, Submission, Supplement, SupportDecision


class MonthlyReportFilters(Filters):
    """What the list of reports is narrowed by."""

    month = django_filters.DateFilter(field_name="month", label="The first day of the month.")
    state = django_filters.ChoiceFilter(choices=MonthlyReport.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: reports of units there and below it.")


class ReportSubmissionSerializer(RowSerializer[Submission]):
    """What was handed in once. `counted`: numbers of the system as they stood then; `told`: the unit's own;
    `codes`: what the check (D28) found."""

    author = serializers.CharField(source="author_label")
    signer = serializers.CharField(source="signer_label")

    class Meta:
        model = Submission
        fields = (
            "id", "round", "nil", "standing", "progress", "content", "effect", "problems", "asks", "support", "counted",
            "told", "codes", "author", "created_at", "signer", "signed_at",
        )  # fmt: skip


class SupplementSerializer(RowSerializer[Supplement]):
    """A later correction; the report itself stays as it was."""

    author = serializers.CharField(source="author_label")

    class Meta:
        model = Supplement
        fields = ("id", "text", "changes", "author", "created_at")


class SupportDecisionSerializer(RowSerializer[SupportDecision]):
    """What the linked leader gave."""

    leader = serializers.CharField(source="leader_label")

    class Meta:
        model = SupportDecision
        fields = ("kind", "text", "leader", "created_at")


class MonthlyReportSerializer(RowSerializer[MonthlyReport]):
    """A unit's month. `how`: on_time, late, nil_on_time, nil_late, not_submitted (nothing signed has come)."""

    unit = UnitRef()
    office = UnitRef()
    how = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()
    submissions = ReportSubmissionSerializer(many=True)
    supplements = SupplementSerializer(many=True)
    decision = serializers.SerializerMethodField()
    accepted_by = serializers.CharField(source="accepted_label")

    class Meta:
        model = MonthlyReport
        fields = (
            "id", "unit", "office", "month", "state", "how", "due_at", "overdue", "handed_in_at", "rounds", "returned",
            "return_codes", "accepted_at", "accepted_by", "accepted_note", "submissions", "supplements", "decision",
            "version",
        )  # fmt: skip

    def get_how(self, report: MonthlyReport) -> str:
        """By what was signed last."""
        signed = [row for row in report.submissions.all() if row.signed_at is not None]
        return how_reported(report, signed[-1] if signed else None)

    def get_overdue(self, report: MonthlyReport) -> bool:
        """Its day is over, and nothing signed has come."""
        return report.is_overdue(self.context["view"].now)

    @extend_schema_field(SupportDecisionSerializer(allow_null=True))
    def get_decision(self, report: MonthlyReport) -> Any:
        """None before the leader decided, or where none is linked."""
        found = getattr(report, "decision", None)
        return SupportDecisionSerializer(found).data if found is not None else None


class SupplementEntrySerializer(serializers.Serializer[Any]):
    """What is to be corrected or added."""

    text = serializers.CharField(max_length=2000)
    changes = serializers.DictField(
        child=serializers.IntegerField(min_value=-1_000_000, max_value=10_000_000), required=False, default=dict
    )


@extend_schema_view(list=extend_schema(summary="Monthly reports"), retrieve=extend_schema(summary="One monthly report"))
class MonthlyReports(Resource):
    """Who has reported, and what."""

    model = MonthlyReport
    serializer_class = MonthlyReportSerializer
    filterset_class = MonthlyReportFilters
    related = ("unit", "office", "decision")
    orderings = {"month": "month", "due_at": "due_at"}
    ordering = "-month"
    required_actions = {
        "list": "monthly_report.read",
        "retrieve": "monthly_report.read",
        "supplement": "monthly_report.supplement",
    }

    def get_queryset(self) -> QuerySet[MonthlyReport]:
        """With what was handed in, oldest first."""
        return super().get_queryset().prefetch_related(
            Prefetch("submissions", Submission.objects.order_by("round")),
            Prefetch("supplements", Supplement.objects.order_by("created_at", "id")),
        )  # fmt: skip

    @extend_schema(
        summary="Supplement an accepted report",
        request=SupplementEntrySerializer,
        responses={201: MonthlyReportSerializer},
    )
    @action(detail=True, methods=["post"])
    def supplement(self, request: Request, pk: UUID) -> Response:
        """The report stays as it was accepted; the next bulletin tells of the correction."""
        row: MonthlyReport = self.get_object()
        actor = self.actor("monthly_report.supplement", row.unit_path)
        reports.supplement(report=row, **self.given(SupplementEntrySerializer), actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)
