"""Referrals: which department was asked for what, and what it said.

A department's liaison sees what the own unit was asked for, without the family; what it may know is a share package
that opens when it has accepted, closes by itself, and whose every opening is told to history.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.service_plans import EntryRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.org.access import granting, in_subtree
from backend.services.models import Referral, unanswered
from backend.services.referrals import open_package


class ReferralFilters(Filters):
    """What the list of referrals is narrowed by. What tells which family it is only whoever sees the family asks."""

    open_to_all = frozenset({"state", "department", "late"})

    state = django_filters.ChoiceFilter(choices=Referral.State.choices)
    department = django_filters.CharFilter(max_length=40)
    late = YesNo(method="by_late", label="The day to answer is over.")
    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="case__family_id")
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: of families there and below it.")
    listed = YesNo(method="by_listed", label="On the list of the leading group's next meeting.")

    def by_late(self, queryset: QuerySet[Referral], name: str, value: bool) -> QuerySet[Referral]:
        """Asked, and no answer in time; or the others."""
        condition = unanswered(self.request.parser_context["view"].now)
        return queryset.filter(condition) if value else queryset.exclude(condition)

    def by_listed(self, queryset: QuerySet[Referral], name: str, value: bool) -> QuerySet[Referral]:
        """Those whose item nobody could give."""
        return queryset.filter(item__listed_at__isnull=not value)


class ReferralSerializer(RowSerializer[Referral]):
    """A referral as the office sees it. `shared_fields`: what the department may know, until `shared_until`."""

    family = FamilyOfItem(source="case.family")
    case = CaseRef()
    unit = UnitRef(allow_null=True)
    entry = EntryRef(source="item.entry")
    quantity = serializers.IntegerField(source="item.quantity")
    item_state = serializers.CharField(source="item.state")
    sent_at = serializers.DateTimeField(source="created_at")
    answered_by = serializers.CharField(source="answered_label")
    listed_at = serializers.DateTimeField(source="item.listed_at", allow_null=True)
    told_on = serializers.DateField(source="item.told_on", allow_null=True)
    late = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField()

    class Meta:
        model = Referral
        fields = (
            "id", "number", "family", "case", "entry", "quantity", "item_state", "department", "unit", "round", "state",
            "sent_at", "answer_by", "late", "reason", "note", "answered_by", "answered_at", "shared", "shared_fields",
            "shared_until", "opened_at", "listed_at", "told_on", "version",
        )  # fmt: skip

    def get_late(self, referral: Referral) -> bool:
        """Asked, and no answer in time."""
        return referral.is_late(self.context["view"].now)

    def get_shared(self, referral: Referral) -> bool:
        """Whether the share package can be opened now."""
        return referral.is_shared(self.context["view"].now)


class AskedSerializer(ReferralSerializer):
    """The same as the department that is asked sees it: no family, no case."""

    class Meta(ReferralSerializer.Meta):
        fields = tuple(name for name in ReferralSerializer.Meta.fields if name not in {"family", "case", "told_on"})  # type: ignore[assignment]


class PackageSerializer(serializers.Serializer[Any]):
    """What the department may know, by field; and until when."""

    known = serializers.DictField(child=serializers.CharField())
    until = serializers.DateTimeField()


@extend_schema_view(list=extend_schema(summary="Referrals"), retrieve=extend_schema(summary="One referral"))
class Referrals(Resource):
    """What departments were asked to give."""

    model = Referral
    serializer_class = ReferralSerializer
    narrow_serializer_class = AskedSerializer
    filterset_class = ReferralFilters
    related = ("case__family__unit", "unit", "item__entry")
    orderings = {"sent_at": "created_at", "answer_by": "answer_by"}
    ordering = "-sent_at"
    required_actions = {
        "list": ("referral.read", "own.referral.read"),
        "retrieve": ("referral.read", "own.referral.read"),
        "package": "own.referral.read",
    }

    def seen_in_full(self) -> Q | None:
        """Whoever sees the family's place."""
        return in_subtree(self.user, "referral.read", "case__unit_path")

    def is_seen_in_full(self, row: Referral) -> bool:
        """The same for one row."""
        return any(row.unit_path.startswith(grant.path) for grant in granting(self.user, "referral.read"))

    def is_own(self, row: Referral) -> bool:
        """Whether the caller's own unit was asked."""
        return row.unit_id in {grant.unit_id for grant in granting(self.user, "own.referral.read")}

    @extend_schema(summary="Open what the department may know", request=None, responses=PackageSerializer)
    @action(detail=True, methods=["post"])
    def package(self, request: Request, pk: UUID) -> Response:
        """Only after it accepted, only until its day; every opening is told to history."""
        referral: Referral = self.get_object()
        actor = self.actor("own.referral.read")
        found = open_package(referral=referral, user=self.user, actor=actor, now=self.now)
        return Response(PackageSerializer({"known": found, "until": referral.shared_until}).data)
