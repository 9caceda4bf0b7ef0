"""Honours: called for and nominated here; reviewed, made public and awarded as work items (`honours_selection`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import honours
from backend.activities.honours import Nomination
from backend.activities.models import Call, Honour
from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.helpers.models import Helper
from backend.org.access import may
from backend.org.models import Unit
from workflows.honours import nominate, object_to


class CallSerializer(RowSerializer[Call]):
    """A call for nominations."""

    unit = UnitRef()

    class Meta:
        model = Call
        fields = ("id", "kind", "year", "unit", "opens_on", "closes_on", "quota", "publicity_days", "term_months")


class CallEntrySerializer(serializers.Serializer[Any]):
    """What is called for."""

    kind = serializers.CharField(max_length=20, help_text="A code of the list honour_kind.")
    year = serializers.IntegerField(min_value=2020, max_value=2100)
    unit = VisibleField(Unit)
    opens_on = Day()
    closes_on = Day(help_text="The last day.")
    quota = serializers.IntegerField(min_value=1, max_value=500)
    publicity_days = serializers.IntegerField(min_value=3, max_value=7, default=5)
    term_months = serializers.IntegerField(min_value=1, max_value=60, default=24)


@extend_schema_view(list=extend_schema(summary="Calls"), retrieve=extend_schema(summary="One call"))
class HonourCalls(Resource):
    """Which honours are called for, when, and for how many."""

    model = Call
    serializer_class = CallSerializer
    related = ("unit",)
    orderings = {"opens_on": "opens_on"}
    ordering = "-opens_on"
    required_actions = {"list": "honour.read", "retrieve": "honour.read", "create": "honour_call.write"}

    @extend_schema(summary="Call for nominations", request=CallEntrySerializer, responses={201: CallSerializer})
    def create(self, request: Request) -> Response:
        """Once per honour and year."""
        given = self.given(CallEntrySerializer)
        path = given["unit"].path
        if not may(self.user, "honour_call.write", path=path):
            raise NotAllowed
        made = honours.call(**given, actor=self.actor("honour_call.write", path), now=self.now)
        return Response(self.represent(made), status=201)


class HonourFilters(Filters):
    """What the list of nominations is narrowed by."""

    call = django_filters.UUIDFilter(field_name="call_id")
    state = django_filters.ChoiceFilter(choices=Honour.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: reviewed there or below it.")


class HonourSerializer(RowSerializer[Honour]):
    """A nomination. Who objected, and the words of the objection, stay in the work item. Of a model community:
    `self_scores` and `site_scores`, up to 20 for each of the five themes."""

    call = serializers.UUIDField(source="call_id")
    kind = serializers.CharField(source="call.kind")
    unit = UnitRef()
    candidate = serializers.CharField()
    nominated_by = serializers.CharField(source="nominated_label")
    self_scores = serializers.DictField(child=serializers.IntegerField())
    site_scores = serializers.DictField(child=serializers.IntegerField())
    decided_by = serializers.CharField(source="decided_label")

    class Meta:
        model = Honour
        fields = (
            "id", "number", "call", "kind", "unit", "candidate", "origin", "merits", "name_consented", "state",
            "nominated_by", "self_scores", "self_findings", "site_checked_on", "site_scores", "site_findings",
            "votes_for", "votes_against", "recused", "eligibility_reason", "score", "published_text",
            "published_digest", "published_from", "published_until", "reason", "decided_by", "minutes", "awarded_on",
            "held_until", "story", "version",
        )  # fmt: skip


class NominationSerializer(serializers.Serializer[Any]):
    """Who is nominated: a family of the village, a volunteer, or (neither) the village itself."""

    call = VisibleField(Call)
    unit = VisibleField(Unit, help_text="The village that reviews it.")
    origin = serializers.ChoiceField(choices=Honour.Origin.choices)
    merits = serializers.CharField(max_length=2000, help_text="Why; never published.")
    candidate_family = VisibleField(Family, required=False, allow_null=True)
    helper = VisibleField(Helper, required=False, allow_null=True)
    name_consented = serializers.BooleanField(default=False, help_text="The name may be made public.")


class HonourObjectionSerializer(serializers.Serializer[Any]):
    """What somebody objects; kept encrypted for whoever looks into it."""

    text = serializers.CharField(max_length=2000)
    objector = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


class HonourWithdrawalSerializer(serializers.Serializer[Any]):
    """Why it is taken back."""

    reason = Reason()


@extend_schema_view(list=extend_schema(summary="Nominations"), retrieve=extend_schema(summary="One nomination"))
class Honours(Resource):
    """Nominations and honours; nobody sees one's own."""

    model = Honour
    serializer_class = HonourSerializer
    filterset_class = HonourFilters
    related = ("call", "unit", "candidate_family", "helper")
    required_actions = {
        "list": "honour.read",
        "retrieve": "honour.read",
        "create": "honour.write",
        "object_to": "honour.write",
        "withdraw": "honour.withdraw",
    }

    @extend_schema(summary="Nominate", request=NominationSerializer, responses={201: HonourSerializer})
    def create(self, request: Request) -> Response:
        """The village reviews it first."""
        nomination = Nomination(**self.given(NominationSerializer))
        path = nomination.unit.path
        if not may(self.user, "honour.write", path=path):
            raise NotAllowed
        row = nominate(nomination=nomination, actor=self.actor("honour.write", path), now=self.now)
        return Response(self._again(row.pk), status=201)

    @extend_schema(summary="Object to it", request=HonourObjectionSerializer, responses=HonourSerializer)
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID) -> Response:
        """While it is public; nothing goes on until somebody independent has looked into it."""
        row: Honour = self.get_object()
        by = self.actor("honour.write", row.unit_path)
        object_to(honour=row, **self.given(HonourObjectionSerializer), actor=by, now=self.now)
        return Response(self._again(pk))

    @extend_schema(summary="Withdraw an honour", request=HonourWithdrawalSerializer, responses=HonourSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """For a reason that becomes part of the history."""
        row: Honour = self.get_object()
        reason = self.given(HonourWithdrawalSerializer)["reason"]
        by = self.actor("honour.withdraw", row.unit_path)
        honours.withdraw(honour=row, reason=reason, actor=by, now=self.now)
        return Response(self._again(pk))

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))
