"""Proposals: who might help whom, worked out for an area or a partner unit, explained, and taken up as offers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.helpers.models import Batch, Pairing, Proposal
from backend.helpers.outcomes import outcomes
from backend.helpers.proposals import NotOpen, recompute, start_batch, take_up_each
from backend.org.access import may
from backend.org.models import Unit

MOST = 200
"""Proposals taken up at once, and changes told."""


class BatchFilters(Filters):
    """What the list of batches is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Batch.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: made for it and those below it.")


class RowFilters(Filters):
    """What a batch's proposals are narrowed by."""

    state = django_filters.ChoiceFilter(choices=Proposal.State.choices)
    found = YesNo(method="by_found", label="Only families for which somebody (or nobody) is proposed.")

    def by_found(self, queryset: Any, name: str, value: bool) -> Any:
        """Somebody or nobody."""
        return queryset.filter(helper__isnull=not value)


class BatchSerializer(RowSerializer[Batch]):
    """A batch. `left_out`: hard rule → how often it kept a helper from a family."""

    unit = UnitRef()
    partner_unit = UnitRef(allow_null=True)
    asked_at = serializers.DateTimeField(source="created_at")
    asked_by = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = (
            "id", "scope", "unit", "partner_unit", "state", "day", "seed", "program", "families", "helpers", "served",
            "left_out", "asked_at", "asked_by", "done_at", "version",
        )  # fmt: skip

    def get_asked_by(self, batch: Batch) -> str:
        """The name of who had it worked out."""
        return str(batch.actor.get("label", ""))


class HelperOfProposal(serializers.Serializer[Any]):
    """Who is proposed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    number = serializers.CharField()
    kind = serializers.CharField(source="kind_id")
    unit = serializers.CharField(source="unit.name")


class ProposalSerializer(RowSerializer[Proposal]):
    """One family: who is proposed with how many points for what, or `nobody_because` none_fits (the rules leave nobody)
    or needed_elsewhere (all who fit go to families in greater need)."""

    case = CaseRef()
    family = FamilyOfItem(source="case.family")
    unit = UnitRef(source="case.unit")
    tier = serializers.CharField(source="case.family.risk_tier")
    helper = HelperOfProposal(allow_null=True)
    parts = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = Proposal
        fields = (
            "id", "place", "case", "family", "unit", "tier", "helper", "score", "parts", "reasons", "nobody_because",
            "weighed", "left_out", "state", "decided_at",
        )  # fmt: skip


class WorkOutSerializer(serializers.Serializer[Any]):
    """Whose families; `partner_unit`: only its helpers; `seed`: draws lots among equals."""

    unit = VisibleField(Unit)
    partner_unit = VisibleField(Unit, required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**53)


class TakeUpSerializer(serializers.Serializer[Any]):
    """Which proposals become offers."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)


class TakenUpSerializer(serializers.Serializer[Any]):
    """What became of one proposal."""

    id = serializers.UUIDField()
    ok = serializers.BooleanField()
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)


class TakenUpEachSerializer(serializers.Serializer[Any]):
    """What became of each."""

    results = TakenUpSerializer(many=True)


class ChangeSerializer(serializers.Serializer[Any]):
    """A family (by its case) or helper that differs today: changed (with the fields), added or gone."""

    kind = serializers.CharField()
    id = serializers.CharField()
    what = serializers.CharField()
    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")


class RecomputedSerializer(serializers.Serializer[Any]):
    """`same`: the very proposals come out of the inputs kept. `inputs_same`: the register says the same today,
    else the first changes, and how many there are."""

    same = serializers.BooleanField(source="is_same")
    differing = serializers.IntegerField()
    inputs_same = serializers.BooleanField()
    changes_count = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    def get_changes_count(self, found: Any) -> int:
        """All of them."""
        return len(found.changes)

    @extend_schema_field(ChangeSerializer(many=True))
    def get_changes(self, found: Any) -> list[dict[str, Any]]:
        """The first ones."""
        return [dict(ChangeSerializer(change).data) for change in found.changes[:MOST]]


class OutcomeSerializer(serializers.Serializer[Any]):
    """Pairings by the score they were proposed with: from `least` points on; -1: chosen beside the list."""

    least = serializers.IntegerField()
    spells = serializers.IntegerField()
    going_on = serializers.IntegerField()
    median_days = serializers.IntegerField(allow_null=True)
    reasons = serializers.DictField(child=serializers.IntegerField())


START = OpenApiExample(
    "start", value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "seed": 20260302}, request_only=True
)


@extend_schema_view(list=extend_schema(summary="Batches of proposals"), retrieve=extend_schema(summary="One batch"))
class Proposals(Resource):
    """Batches of proposals. Nobody is assigned: what is taken up becomes an offer, and both sides may say no."""

    model = Batch
    serializer_class = BatchSerializer
    filterset_class = BatchFilters
    related = ("unit", "partner_unit")
    orderings = {"asked_at": "created_at"}
    ordering = "-asked_at"
    required_actions = {
        "list": "proposal.read",
        "retrieve": "proposal.read",
        "rows": "proposal.read",
        "recompute": "proposal.read",
        "outcomes": "proposal.read",
        "create": "proposal.write",
        "take_up": "proposal.write",
    }

    def get_queryset(self) -> Any:
        """Batches; what they were worked out from only where it is needed."""
        rows = super().get_queryset()
        return rows if self.action == "recompute" else rows.defer("inputs")

    @extend_schema(
        summary="Work out proposals", request=WorkOutSerializer, responses={201: BatchSerializer}, examples=[START]
    )
    def create(self, request: Request) -> Response:
        """For all families of the area that look for somebody. Many are matched in the background: see `state`."""
        given = self.given(WorkOutSerializer)
        unit: Unit = given["unit"]
        if not may(self.user, "proposal.write", path=unit.path):
            raise NotAllowed
        actor = self.actor("proposal.write", unit.path)
        batch = start_batch(**given, actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=batch.pk)), status=201)

    @extend_schema(summary="A batch's proposals", responses=ProposalSerializer(many=True))
    @action(
        detail=True, filterset_class=RowFilters, ordering="place", orderings={"place": "place", "score": "score"}
    )  # fmt: skip
    def rows(self, request: Request, pk: UUID) -> Response:
        """Family by family, in the order of need."""
        batch: Batch = self.find()
        related = ("case__family", "case__unit", "helper__unit")
        mine = Proposal.objects.visible_to(self.user).filter(batch=batch).select_related(*related)
        page = self.paginate_queryset(self.filter_queryset(mine)) or []
        return self.get_paginated_response(ProposalSerializer(page, many=True).data)

    @extend_schema(summary="Work it out again", request=None, responses=RecomputedSerializer)
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=None)
    def recompute(self, request: Request, pk: UUID) -> Response:
        """The same answer from the same inputs; and what the register says differently today. Nothing is changed."""
        return Response(RecomputedSerializer(recompute(batch=self.find())).data)

    @extend_schema(summary="Have helpers asked", request=TakeUpSerializer, responses=TakenUpEachSerializer)
    @action(detail=True, methods=["post"], url_path="take-up")
    def take_up(self, request: Request, pk: UUID) -> Response:
        """Each becomes an offer through its case's process. One that cannot any more says why; the others go on."""
        batch: Batch = self.get_object()
        ids = list(dict.fromkeys(self.given(TakeUpSerializer)["ids"]))
        held = Proposal.objects.visible_to(self.user).filter(batch=batch).in_bulk(ids)
        if len(held) < len(ids):
            raise Invalid([FieldProblem("/ids", NotOpen.code, NotOpen.message)])
        actor = self.actor("proposal.write", batch.unit.path)
        done = take_up_each(proposals=[held[id] for id in ids], actor=actor, now=self.now)
        told = [
            {"id": row.pk, "ok": not problem, "code": problem.code if problem else "", "message": str(problem or "")}
            for row, problem in done
        ]
        return Response(TakenUpEachSerializer({"results": told}).data)

    @extend_schema(summary="Score against outcome", responses=OutcomeSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def outcomes(self, request: Request) -> Response:
        """How long pairings lasted and why they ended, by the score with which they had been proposed."""
        found = outcomes(Pairing.objects.visible_to(self.user), timezone.localdate(self.now))
        return Response(OutcomeSerializer(found, many=True).data)
