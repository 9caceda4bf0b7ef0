"""Reviews: named persons' decisions with their reasons. They are made by completing work items, read here."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from backend.api.fields import RowSerializer
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.cases.models import Review
from backend.org.access import may
from backend.org.reasons import DELICATE


class CaseRef(serializers.Serializer[Any]):
    """A case as other things mention it."""

    id = serializers.UUIDField()
    number = serializers.CharField()


class ReviewFilters(Filters):
    """What the list of reviews is narrowed by."""

    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="case__family_id")
    subject = django_filters.CharFilter(max_length=40)
    decision = django_filters.CharFilter(max_length=40)
    reviewer = django_filters.UUIDFilter(field_name="reviewer_id")
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: its cases and those below it.")
    decided_from = django_filters.IsoDateTimeFilter(field_name="decided_at", lookup_expr="gte")
    decided_before = django_filters.IsoDateTimeFilter(field_name="decided_at", lookup_expr="lt")


class ReviewSerializer(RowSerializer[Review]):
    """A review. `facts`: what decision tables had advised, with table, version and rules."""

    case = CaseRef()
    reviewer = serializers.UUIDField(source="reviewer_id", allow_null=True)
    facts = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = (
            "id", "case", "subject", "decision", "reason_code", "reason", "reviewer", "reviewer_label", "decided_at",
            "facts",
        )  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_facts(self, review: Review) -> dict[str, Any]:
        """Of the year's flags those that the caller may know."""
        facts: dict[str, Any] = review.facts
        flags = facts.get("flags")
        if not flags or may(self.context["view"].user, "person.care", path=review.case.unit_path):
            return facts
        return {**facts, "flags": {code: count for code, count in flags.items() if code not in DELICATE}}


@extend_schema_view(list=extend_schema(summary="Reviews"), retrieve=extend_schema(summary="One review"))
class Reviews(Resource):
    """Named persons' decisions."""

    model = Review
    serializer_class = ReviewSerializer
    filterset_class = ReviewFilters
    related = ("case",)
    orderings = {"decided_at": "decided_at"}
    required_actions = {"list": "review.read", "retrieve": "review.read"}
