"""Findings: what an auditor found wrong, and how far the unit has come with it.

They are answered, confirmed and accepted as work items (process `finding`); here they are raised and read.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case, Family
from backend.core.errors import NotAllowed
from backend.inspection.models import Finding, Sample, SampleRow, overdue
from backend.org.access import may
from backend.org.working_days import end_of_day
from workflows.findings import case_of, raise_finding

LONGEST = 2000


class FindingFilters(Filters):
    """What the list of findings is narrowed by."""

    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="case__family_id")
    sample = django_filters.UUIDFilter(field_name="sample_row__sample_id")
    state = django_filters.ChoiceFilter(choices=Finding.State.choices)
    kind = django_filters.CharFilter(max_length=40)
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: about cases there and below it.")
    overdue = YesNo(method="by_overdue")

    def by_overdue(self, queryset: QuerySet[Finding], name: str, value: bool) -> QuerySet[Finding]:
        """Past their day without a signed answer, or not."""
        condition = overdue(self.request.parser_context["view"].now)
        return queryset.filter(condition) if value else queryset.exclude(condition)


class FindingSerializer(RowSerializer[Finding]):
    """A finding. `returned`: why the last answer was not enough; `rounds`: how often one was returned."""

    case = CaseRef()
    family = FamilyOfItem(source="case.family")
    unit = UnitRef(source="case.unit")
    raised_at = serializers.DateTimeField(source="created_at")
    raised_by = serializers.CharField(source="raised_label")
    answered_by = serializers.CharField(source="answered_label")
    confirmed_by = serializers.CharField(source="confirmed_label")
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = Finding
        fields = (
            "id", "case", "family", "unit", "kind", "text", "state", "due_at", "overdue", "raised_at", "raised_by",
            "answer", "evidence", "answered_at", "answered_by", "confirmed_by", "returned", "rounds", "escalated_at",
            "closed_at", "version",
        )  # fmt: skip

    def get_overdue(self, finding: Finding) -> bool:
        """Its day is over, and there is no signed answer."""
        return finding.is_overdue(self.context["view"].now)


class RaiseSerializer(serializers.Serializer[Any]):
    """About a case, a family (its case under way, else the last one), or a row of a sample; what, and by when."""

    case = VisibleField(Case, required=False)
    family = VisibleField(Family, required=False)
    sample = VisibleField(Sample, required=False)
    place = serializers.IntegerField(required=False, min_value=1, max_value=200, help_text="The row of the sample.")
    kind = serializers.CharField(max_length=40, help_text="A code of the list finding_kind.")
    text = serializers.CharField(
        max_length=LONGEST, help_text="What was found; kept encrypted, no part of the history."
    )
    due = Day(required=False, help_text="The last day to answer; by default in so many days as finding.days says.")

    default_error_messages = {
        "which": _("Name one of case, family, or sample with place."),
        "does_not_exist": _("There is no such entry, or it does not concern you."),
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one thing that it is about. Raises ValidationError."""
        about = [name for name in ("case", "family", "sample") if name in attrs]
        if len(about) != 1 or ("sample" in attrs) != ("place" in attrs):
            raise serializers.ValidationError({"case": [self.error_messages["which"]]}, code="which")
        if "sample" in attrs:
            attrs["row"] = self._row(attrs["sample"], attrs["place"])
        return attrs

    def _row(self, sample: Sample, place: int) -> SampleRow:
        row = sample.rows.select_related("family", "case__unit").filter(place=place).first()
        user = self.context["request"].user
        if row is None or not Family.objects.visible_to(user).filter(pk=row.family_id).exists():
            raise serializers.ValidationError({"place": [self.error_messages["does_not_exist"]]}, code="does_not_exist")
        return row


RAISE = OpenApiExample(
    "raise",
    value={"case": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "record_missing", "text": "三月探访无记录"},
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Findings"), retrieve=extend_schema(summary="One finding"))
class Findings(Resource):
    """What auditors found, and what became of it."""

    model = Finding
    serializer_class = FindingSerializer
    filterset_class = FindingFilters
    related = ("case__family", "case__unit")
    orderings = {"raised_at": "created_at", "due_at": "due_at"}
    ordering = "-raised_at"
    required_actions = {"list": "finding.read", "retrieve": "finding.read", "create": "finding.write"}

    @extend_schema(
        summary="Raise a finding", request=RaiseSerializer, responses={201: FindingSerializer}, examples=[RAISE]
    )
    def create(self, request: Request) -> Response:
        """The unit's caseworkers find it in their inbox; the case goes on undisturbed, and may be closed."""
        given = self.given(RaiseSerializer)
        case = self._case(given)
        if not may(self.user, "finding.write", path=case.unit_path):
            raise NotAllowed
        due: date | None = given.get("due")
        finding = raise_finding(
            case=case,
            kind=given["kind"],
            text=given["text"],
            due_at=end_of_day(due) if due else None,
            row=given.get("row"),
            actor=self.actor("finding.write", case.unit_path),
            now=self.now,
        )
        return Response(self.represent(self.get_queryset().get(pk=finding.pk)), status=201)

    def _case(self, given: dict[str, Any]) -> Case:
        """What it hangs on. Raises NoCase."""
        if "case" in given:
            case: Case = given["case"]
            return case
        row: SampleRow | None = given.get("row")
        if row is not None and row.case is not None:
            return row.case
        return case_of(row.family if row is not None else given["family"])
