"""Somebody of an office leaves: looked at beforehand, carried out in one command, with a list for the successor."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, Reason, RowSerializer, StrictSerializer, VisibleField
from backend.api.filters import Filters
from backend.api.resource import Resource
from backend.desk.models import Handover, Leaving
from backend.org.access import in_subtree, may
from backend.org.models import User
from workflows import leavings
from workflows.leavings import REASONS, Plan

WORK = [("successor", "successor"), ("queue", "queue")]
DEPUTIES = [("successor", "successor"), ("end", "end")]


class LeavingFilters(Filters):
    """What the list of leavings is narrowed by."""


class LeavingSerializer(RowSerializer[Leaving]):
    """Somebody left. `unread`: lines that those to whom they went have not confirmed yet."""

    user = PersonRef()
    successor = PersonRef(allow_null=True)
    unread = serializers.IntegerField()

    class Meta:
        model = Leaving
        fields = ("id", "user", "successor", "reason", "done_by_label", "created_at", "unread")


class HandoverSerializer(RowSerializer[Handover]):
    """One thing that was handed over."""

    to = PersonRef(source="to_user", allow_null=True)

    class Meta:
        model = Handover
        fields = ("id", "kind", "fate", "object_id", "label", "case_number", "to", "read_at")


class LeavingDetailSerializer(LeavingSerializer):
    """With the list; who got something sees what came to them."""

    handovers = serializers.SerializerMethodField()

    class Meta(LeavingSerializer.Meta):
        fields = (*LeavingSerializer.Meta.fields, "handovers")  # type: ignore[assignment]

    @extend_schema_field(HandoverSerializer(many=True))
    def get_handovers(self, leaving: Leaving) -> list[dict[str, Any]]:
        """In the order in which they were moved."""
        user = self.context["view"].user
        rows = leaving.handovers.select_related("to_user").order_by("id")
        if not may(user, "leaving.read", path=leaving.unit_path):
            rows = rows.filter(to_user=user)
        return [dict(HandoverSerializer(row).data) for row in rows]


class PlanSerializer(StrictSerializer):
    """Who leaves, and who gets what: work to the successor as far as possible (else the queue) or to the queues; the
    standing in for colleagues goes to the successor, or ends."""

    user = VisibleField(User)
    successor = VisibleField(User, required=False, allow_null=True, default=None)
    work = serializers.ChoiceField(choices=WORK, required=False, default="successor")
    deputies = serializers.ChoiceField(choices=DEPUTIES, required=False, default="successor")


class NewLeavingSerializer(PlanSerializer):
    """The same, and why."""

    reason = Reason()


class MovedSerializer(serializers.Serializer[Any]):
    """One thing that depends on the person. `fate`: successor, queue, end or orphan (`why`, `message`: code, words)."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    case_number = serializers.CharField()
    fate = serializers.CharField()
    to = PersonRef(allow_null=True)
    why = serializers.CharField()
    message = serializers.SerializerMethodField()

    def get_message(self, moved: leavings.Moved) -> str:
        """Why nobody would have it; else empty."""
        return str(REASONS[moved.why]) if moved.why else ""


class OutlookSerializer(serializers.Serializer[Any]):
    """Everything that depends on the person, and how much of it would be nobody's: while that is not 0, the leaving is
    refused."""

    user = PersonRef()
    orphans = serializers.IntegerField()
    moved = MovedSerializer(many=True)


@extend_schema_view(
    list=extend_schema(summary="Who left"),
    retrieve=extend_schema(summary="One leaving with its list", responses=LeavingDetailSerializer),
)
class Leavings(Resource):
    """People who left an office, and what became of their work."""

    model = Leaving
    serializer_class = LeavingSerializer
    filterset_class = LeavingFilters
    related = ("user", "successor")
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": ("leaving.read", "own.leaving.read"),
        "retrieve": ("leaving.read", "own.leaving.read"),
        "create": "leaving.write",
        "dry_run": "leaving.write",
        "read": ("leaving.read", "own.leaving.read"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible leavings, each with how many of its lines wait to be confirmed: for who got some, the own ones."""
        waiting = Q(handovers__to_user__isnull=False, handovers__read_at__isnull=True)
        own = Q(handovers__to_user=self.user.pk) | in_subtree(self.user, "leaving.read", "unit_path")
        rows: QuerySet[Any] = super().get_queryset().annotate(unread=Count("handovers", filter=waiting & own))
        return rows

    def is_own(self, row: Leaving) -> bool:
        """Whether something of it went to the caller."""
        return bool(row.handovers.filter(to_user=self.user.pk).exists())

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One leaving with its list."""
        return Response(self._in_full(self.get_object()))

    @extend_schema(
        summary="Hand everything over", request=NewLeavingSerializer, responses={201: LeavingDetailSerializer}
    )
    def create(self, request: Request) -> Response:
        """All of it in one command, or nothing: refused with 409 while anything would be orphaned. Memberships end
        today, everything logged in ends; the account is closed by the security administrator."""
        given = self.given(NewLeavingSerializer)
        leaver, reason = given.pop("user"), given.pop("reason")
        made = leavings.carry_out(leaver=leaver, plan=Plan(**given), reason=reason, user=self.user, now=self.now)
        return Response(self._in_full(self.get_queryset().get(pk=made.pk)), status=201)

    @extend_schema(summary="What would become of it", request=PlanSerializer, responses=OutlookSerializer)
    @action(detail=False, methods=["post"], url_path="dry-run", pagination_class=None, filterset_class=None)
    def dry_run(self, request: Request) -> Response:
        """Everything that depends on the person under this plan. Changes nothing."""
        given = self.given(PlanSerializer)
        leaver, day = given.pop("user"), timezone.localdate(self.now)
        plan = Plan(**given)
        leavings.check(leaver, plan, self.user, day)
        moved = leavings.outlook(leaver, plan, day=day)
        orphans = sum(each.fate == Handover.Fate.ORPHAN for each in moved)
        return Response(OutlookSerializer({"user": leaver, "orphans": orphans, "moved": moved}).data)

    @extend_schema(summary="I have seen it", request=None, responses=LeavingDetailSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: UUID) -> Response:
        """The lines that came to the caller are confirmed."""
        leaving: Leaving = self.find()
        leavings.confirm_read(leaving=leaving, user=self.user, now=self.now)
        return Response(self._in_full(self.get_queryset().get(pk=pk)))

    def _in_full(self, leaving: Leaving) -> dict[str, Any]:
        return dict(LeavingDetailSerializer(leaving, context=self.get_serializer_context()).data)
