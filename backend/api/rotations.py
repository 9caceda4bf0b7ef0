"""Rotations: people who leave on one day, previewed with whoever could follow, approved by somebody else, carried out.

The preview proposes; carried out it means that successors and families are asked, through the usual process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, PersonRef, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.core.errors import NotFound
from backend.helpers import rotations
from backend.helpers.models import Helper, Offer, Rotation, RotationRow
from backend.org.models import Unit
from workflows.rotations import approve_rotation

MOST = 500
"""So many people leave by one rotation at most."""


class RotationFilters(Filters):
    """What the list of rotations is narrowed by."""

    state = django_filters.MultipleChoiceFilter(choices=Rotation.State.choices)
    partner_unit = django_filters.UUIDFilter(field_name="partner_unit_id")
    unit = Subtree(field_name="office__path", label="Id or code of a unit: prepared there and below it.")


class RotationSerializer(RowSerializer[Rotation]):
    """A rotation without its families. `families`: how many; `named`: those for whom somebody is to be asked;
    `waiting`: those for whom nobody is; `begun` and `skipped`: how far it has come."""

    office = UnitRef()
    partner_unit = UnitRef(allow_null=True)
    helpers = serializers.SerializerMethodField()
    prepared_at = serializers.DateTimeField(source="created_at")
    prepared_by = serializers.CharField(source="prepared_label")
    approved_by = serializers.CharField(source="approved_label")
    families = serializers.IntegerField()
    named = serializers.IntegerField()
    waiting = serializers.IntegerField()
    begun = serializers.IntegerField()
    skipped = serializers.IntegerField()
    mine = serializers.SerializerMethodField(help_text="The caller had a hand in it, so somebody else approves it.")

    class Meta:
        model = Rotation
        fields = (
            "id", "office", "partner_unit", "leaves_on", "reason", "state", "helpers", "families", "named", "waiting",
            "begun", "skipped", "prepared_at", "prepared_by", "approved_at", "approved_by", "ended_at", "mine",
            "version",
        )  # fmt: skip

    def get_helpers(self, rotation: Rotation) -> int:
        """How many people leave, with families or without."""
        return len(rotation.leaving)

    def get_mine(self, rotation: Rotation) -> bool:
        """Whether the caller had a hand in it."""
        return self.context["request"].user.pk in rotation.hands


class RotationRowSerializer(RowSerializer[RotationRow]):
    """A family of a rotation. `successor`: who is to be asked first; null: the family waits, `waits_because` tells why.

    `starts_on`, `gap_days` and `overlap_days`: when the answers take as long as they may. `succession`: how far the
    handover has come; `offer`: what has become of asking the successor.
    """

    case = CaseRef(source="pairing.case")
    family = FamilyOfItem(source="pairing.family")
    village = UnitRef(source="pairing.family.unit")
    pairing = serializers.UUIDField(source="pairing_id")
    helper = PersonRef(source="pairing.helper")
    successor = PersonRef(allow_null=True)
    gap_days = serializers.IntegerField(allow_null=True)
    overlap_days = serializers.IntegerField(allow_null=True)
    parts = serializers.DictField(child=serializers.IntegerField())
    excluded = serializers.DictField(child=serializers.IntegerField())
    succession = serializers.SerializerMethodField()
    offer = serializers.SerializerMethodField()

    class Meta:
        model = RotationRow
        fields = (
            "id", "place", "case", "family", "village", "pairing", "helper", "successor", "score", "parts", "reasons",
            "waits_because", "excluded", "changed_because", "starts_on", "gap_days", "overlap_days", "state", "problem",
            "succession", "offer",
        )  # fmt: skip

    def get_succession(self, row: RotationRow) -> str:
        """running, handed_over, gap, stopped; empty before it has begun."""
        return str(row.succession.state) if row.succession else ""

    def get_offer(self, row: RotationRow) -> str:
        """open, accepted, declined, expired, withdrawn; empty before the successor was asked."""
        offers: Mapping[tuple[UUID, UUID | None], str] = self.context.get("offers", {})
        return offers.get((row.pairing.case_id, row.successor_id), "")


class RotationDetailSerializer(RotationSerializer):
    """A rotation with all its families, in the order of need."""

    rows = RotationRowSerializer(many=True)

    class Meta(RotationSerializer.Meta):
        fields = (*RotationSerializer.Meta.fields, "rows")  # type: ignore[assignment]


class PrepareSerializer(serializers.Serializer[Any]):
    """Everybody of a partner unit, or people one by one; the first day without them, and why."""

    partner_unit = VisibleField(Unit, required=False)
    helpers = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST, allow_empty=False
    )
    leaves_on = Day()
    reason = serializers.RegexField(
        r"^[a-z][a-z_]{1,38}\Z", help_text="discharged, transferred, … (helper_end_reason)."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either a unit or people. Raises ValidationError."""
        if ("partner_unit" in attrs) == ("helpers" in attrs):
            raise serializers.ValidationError({"partner_unit": [self.fields["leaves_on"].error_messages["required"]]})
        return attrs


class ReplaceSerializer(VersionedSerializer):
    """Who is to be asked instead in this row (null: nobody in particular), and why."""

    row = serializers.UUIDField()
    helper = VisibleField(Helper, allow_null=True)
    reason = Reason()


class CancelSerializer(VersionedSerializer):
    """Why the plan is given up."""

    reason = Reason()


PREPARE = OpenApiExample(
    "prepare",
    value={"partner_unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "leaves_on": "2027-03-01", "reason": "discharged"},
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Rotations"))
class Rotations(Resource):
    """People who leave on one day, and their families."""

    model = Rotation
    serializer_class = RotationSerializer
    filterset_class = RotationFilters
    related = ("office", "partner_unit")
    orderings = {"prepared_at": "created_at", "leaves_on": "leaves_on"}
    ordering = "-prepared_at"
    required_actions = {
        "list": "rotation.read",
        "retrieve": "rotation.read",
        "create": "rotation.write",
        "replace": "rotation.write",
        "approve": "rotation.approve",
        "cancel": ("rotation.write", "rotation.approve"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible rotations with their counts."""
        states = RotationRow.State
        found: QuerySet[Any] = super().get_queryset().annotate(
            families=Count("rows"),
            named=Count("rows", filter=Q(rows__successor__isnull=False)),
            waiting=Count("rows", filter=Q(rows__successor__isnull=True)),
            begun=Count("rows", filter=Q(rows__state=states.BEGUN)),
            skipped=Count("rows", filter=Q(rows__state=states.SKIPPED)),
        )  # fmt: skip
        return found

    @extend_schema(summary="One rotation with its families", responses=RotationDetailSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """In the order of need."""
        return Response(self._in_detail(self.get_object()))

    @extend_schema(
        summary="Prepare a rotation",
        request=PrepareSerializer,
        responses={201: RotationDetailSerializer},
        examples=[PREPARE],
    )
    def create(self, request: Request) -> Response:
        """The preview: for each family of the own area whoever could follow, the days between, and who waits."""
        given = self.given(PrepareSerializer)
        actor = self.actor("rotation.write")
        assert actor.unit_id is not None, "whoever may prepare rotations does so at a unit"
        rotation = rotations.prepare(
            office=Unit.objects.get(pk=actor.unit_id),
            leaving=self._leaving(given),
            partner_unit=given.get("partner_unit"),
            leaves_on=given["leaves_on"],
            reason=given["reason"],
            actor=actor,
            now=self.now,
        )
        return Response(self._again(rotation), status=201)

    @extend_schema(
        summary="Ask somebody else for a family", request=ReplaceSerializer, responses=RotationDetailSerializer
    )
    @action(detail=True, methods=["post"])
    def replace(self, request: Request, pk: UUID) -> Response:
        """Before approval only; whoever changes a plan does not approve it."""
        rotation = self.get_object()
        given = self.given(ReplaceSerializer)
        row = rotation.rows.select_related("pairing__case", "pairing__helper").filter(pk=given["row"]).first()
        if row is None:
            raise NotFound
        rotations.replace_successor(
            rotation=rotation,
            row=row,
            helper=given["helper"],
            reason=given["reason"],
            actor=self.actor("rotation.write", rotation.unit_path),
            now=self.now,
            version=self.version(),
        )
        return Response(self._again(rotation))

    @extend_schema(summary="Approve a rotation", request=VersionedSerializer, responses=RotationDetailSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID) -> Response:
        """One signature: then successors are asked, and families told and asked. 409 when something changed since."""
        rotation = self.get_object()
        self.given(VersionedSerializer)
        approve_rotation(
            rotation=rotation,
            actor=self.actor("rotation.approve", rotation.unit_path),
            now=self.now,
            version=self.version(),
        )
        return Response(self._again(rotation))

    @extend_schema(summary="Give a rotation up", request=CancelSerializer, responses=RotationDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """What was not carried out yet is left undone; what was goes on."""
        rotation = self.get_object()
        given = self.given(CancelSerializer)
        rotations.cancel(
            rotation=rotation,
            reason=given["reason"],
            actor=self.actor("rotation.read", rotation.unit_path),
            now=self.now,
            version=self.version(),
        )
        return Response(self._again(rotation))

    def _leaving(self, given: Mapping[str, Any]) -> list[Helper]:
        """Those who leave, among the helpers whom the caller may see. Raises ValidationError for a stranger."""
        rows = Helper.objects.visible_to(self.user).exclude(status=Helper.Status.ENDED).order_by("number")
        if "partner_unit" in given:
            return list(rows.filter(partner_unit=given["partner_unit"])[:MOST])
        found = list(rows.filter(pk__in=given["helpers"]))
        if len(found) < len(set(given["helpers"])):
            message = VisibleField.default_error_messages["does_not_exist"]
            raise serializers.ValidationError({"helpers": [message]}, code="does_not_exist")
        return found

    def _again(self, rotation: Rotation) -> dict[str, Any]:
        return self._in_detail(self.get_queryset().get(pk=rotation.pk))

    def _in_detail(self, rotation: Rotation) -> dict[str, Any]:
        related = ("pairing__case", "pairing__family__unit", "pairing__helper", "successor", "succession")
        rows = list(rotation.rows.select_related(*related))
        for row in rows:
            row.rotation = rotation
        asked = Offer.objects.filter(
            case__in=[row.pairing.case_id for row in rows if row.succession_id],
            helper__in=[row.successor_id for row in rows if row.successor_id],
            created_at__gte=rotation.created_at,
        )
        offers = {(case, helper): state for case, helper, state in asked.order_by("id").values_list(
            "case_id", "helper_id", "state"
        )}  # fmt: skip
        context = {**self.get_serializer_context(), "offers": offers}
        told: dict[str, Any] = RotationSerializer(context=context).to_representation(rotation)
        present = RotationRowSerializer(context=context)
        told["rows"] = [present.to_representation(row) for row in rows]
        return told
