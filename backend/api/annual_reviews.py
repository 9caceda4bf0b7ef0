"""Yearly reviews of subsidies, and the people checked in them (P07, F12).

A review is moved by its work items (process `subsidy_annual_review`); people are checked one by one here.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.org.models import Unit
from backend.subsidies.models import AnnualReview, ReviewCheck
from workflows import annual_reviews


class AnnualReviewFilters(Filters):
    """What the list of reviews is narrowed by."""

    state = django_filters.ChoiceFilter(choices=AnnualReview.State.choices)
    year = django_filters.NumberFilter()
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: villages there and below it.")


class AnnualReviewSerializer(RowSerializer[AnnualReview]):
    """A village's review of a year: `done` of `listed` people were checked, of `changes` something changed."""

    unit = UnitRef()
    listed = serializers.IntegerField()
    done = serializers.IntegerField()
    changes = serializers.IntegerField()
    opened_by = serializers.CharField(source="opened_label")
    confirmed_by = serializers.CharField(source="confirmed_label")

    class Meta:
        model = AnnualReview
        fields = (
            "id", "unit", "year", "opens_on", "warn_on", "closes_on", "state", "listed", "done", "changes",
            "opened_by", "confirmed_by", "closed_at", "version",
        )  # fmt: skip


class OpenAnnualReviewSerializer(serializers.Serializer[Any]):
    """Which village; `closes_on`: another last day than the programme's."""

    unit = VisibleField(Unit)
    closes_on = Day(required=False, allow_null=True, default=None)


@extend_schema_view(
    list=extend_schema(summary="Yearly reviews of subsidies"), retrieve=extend_schema(summary="One yearly review")
)
class AnnualReviews(Resource):
    """One for each village and year; they begin by themselves on the day of the parameter `annual_review.days`."""

    model = AnnualReview
    serializer_class = AnnualReviewSerializer
    filterset_class = AnnualReviewFilters
    related = ("unit",)
    orderings = {"closes_on": "closes_on"}
    ordering = "-closes_on"
    required_actions = {
        "list": "annual_review.read",
        "retrieve": "annual_review.read",
        "create": "annual_review.write",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """With how far they have come."""
        return super().get_queryset().counted()  # type: ignore[attr-defined, no-any-return]

    @extend_schema(
        summary="Begin a village's yearly review by hand",
        request=OpenAnnualReviewSerializer,
        responses={201: AnnualReviewSerializer},
    )
    def create(self, request: Request) -> Response:
        """Before its day, or after it with another last day."""
        asked = self.given(OpenAnnualReviewSerializer)
        path = asked["unit"].path
        if not may(self.user, "annual_review.write", path=path):
            raise NotAllowed
        actor = self.actor("annual_review.write", path)
        row = annual_reviews.start_review(**asked, actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)


class ReviewCheckFilters(Filters):
    """What the list of people is narrowed by."""

    review = django_filters.UUIDFilter(field_name="review_id")
    state = django_filters.ChoiceFilter(choices=ReviewCheck.State.choices)
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: people there and below it.")


class ReviewCheckSerializer(RowSerializer[ReviewCheck]):
    """One person's entitlement in a review. What changed is an exit of its own."""

    number = serializers.CharField(source="entitlement.number")
    person = serializers.CharField(source="entitlement.person.name")
    family = serializers.UUIDField(source="entitlement.person.family_id")
    address = serializers.CharField(source="entitlement.person.family.live_address")
    kind = serializers.CharField(source="entitlement.kind")
    checked_by = serializers.CharField(source="checked_label")

    class Meta:
        model = ReviewCheck
        fields = (
            "id", "review", "number", "person", "family", "address", "kind", "state", "method", "checked_on",
            "checked_by", "document", "version",
        )  # fmt: skip


class RecordCheckSerializer(serializers.Serializer[Any]):
    """How it was made sure that the person is alive, and what changed."""

    method = serializers.ChoiceField(choices=ReviewCheck.Method.choices)
    checked_on = Day()
    document = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default="",
        help_text="Of a certified statement: who certified it, and its number.",
    )  # fmt: skip
    change = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="",
        help_text="A code of the list subsidy_change; empty when nothing changed.",
    )  # fmt: skip
    happened_on = Day(required=False, allow_null=True, default=None, help_text="When it changed.")
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


CHECK = OpenApiExample("check", value={"method": "phone", "checked_on": "2026-01-12"}, request_only=True)


@extend_schema_view(
    list=extend_schema(summary="People to be checked"), retrieve=extend_schema(summary="One person to be checked")
)
class ReviewChecks(Resource):
    """The people of yearly reviews."""

    model = ReviewCheck
    serializer_class = ReviewCheckSerializer
    filterset_class = ReviewCheckFilters
    related = ("entitlement__person__family",)
    required_actions = {
        "list": "annual_review.read",
        "retrieve": "annual_review.read",
        "check": "annual_review.check",
    }

    @extend_schema(
        summary="Record a check", request=RecordCheckSerializer, responses=ReviewCheckSerializer, examples=[CHECK]
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID) -> Response:
        """At home, by telephone, by video call, or by a certified statement of whoever is far away."""
        row: ReviewCheck = self.get_object()
        actor = self.actor("annual_review.check", row.unit_path)
        annual_reviews.check(row=row, **self.given(RecordCheckSerializer), actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=pk)))
