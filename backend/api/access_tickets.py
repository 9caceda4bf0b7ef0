"""Access tickets (F22): asked for here, decided and looked at afterwards as work items (process `access_ticket`).

A ticket opens, for its hours, what its asker's role does not: see `POST persons/{id}/reveal/`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities.certificates import masked
from backend.api.fields import Moment, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family, Person
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.rights.models import AccessTicket, AccessUse
from backend.rights.tickets import Asked, close_ticket
from workflows.tickets import ask_for_access


class AccessTicketFilters(Filters):
    """What the list of tickets is narrowed by."""

    family = django_filters.UUIDFilter(field_name="family_id")
    open = YesNo(method="by_open", label="true: those that open something now.")
    to_decide = YesNo(method="by_to_decide", label="true: those that somebody responsible has to decide on.")

    def by_open(self, queryset: QuerySet[AccessTicket], name: str, value: bool) -> QuerySet[AccessTicket]:
        """In force now, or not."""
        now = self._now()
        opening = AccessTicket.objects.in_force(now)
        return queryset.filter(pk__in=opening) if value else queryset.exclude(pk__in=opening)

    def by_to_decide(self, queryset: QuerySet[AccessTicket], name: str, value: bool) -> QuerySet[AccessTicket]:
        """Not decided, and not too late to be."""
        waiting = {"granted__isnull": True, "to_at__gt": self._now()}
        return queryset.filter(**waiting) if value else queryset.exclude(**waiting)

    def _now(self) -> datetime:
        now: datetime = self.request.parser_context["view"].now
        return now


class UseSerializer(RowSerializer[AccessUse]):
    """One look by a ticket."""

    person = serializers.UUIDField(source="person_id")
    used_at = Moment()

    class Meta:
        model = AccessUse
        fields = ("person", "field", "used_at")


class AccessTicketSerializer(RowSerializer[AccessTicket]):
    """A ticket: who asked for what, who said yes, how long it opens, and whether its use was looked at."""

    family = FamilyOfItem()
    person = serializers.SerializerMethodField(help_text="Masked for whoever may not know the person's name.")
    office = UnitRef()
    asked_by = serializers.CharField(source="asked_label")
    asked_at = serializers.DateTimeField(source="created_at")
    own = serializers.SerializerMethodField(help_text="Whether the caller asked for it.")
    state = serializers.SerializerMethodField()
    decided_by = serializers.CharField(source="decided_label")
    reviewed_by = serializers.CharField(source="reviewed_label")

    class Meta:
        model = AccessTicket
        fields = (
            "id", "number", "family", "person", "subject", "purpose", "reason", "role", "asked_by", "asked_at", "own",
            "office", "hours", "from_at", "to_at", "state", "ruled_out", "decided_by", "decided_at", "refusal",
            "closed_at", "review", "review_note", "reviewed_by", "reviewed_at", "version",
        )  # fmt: skip

    def get_person(self, ticket: AccessTicket) -> dict[str, str] | None:
        """Whom it is about, when it is about one of the family only."""
        if ticket.person is None:
            return None
        known = may(self.context["view"].user, "person.care", path=ticket.office.path)
        name = ticket.person.name if known else masked(ticket.person.name)
        return {"id": str(ticket.person_id), "name": name}

    def get_own(self, ticket: AccessTicket) -> bool:
        """Whether the caller asked for it."""
        view: AccessTickets = self.context["view"]
        return ticket.asked_by_id == view.user.pk

    def get_state(self, ticket: AccessTicket) -> str:
        """asked, refused, lapsed, granted (not begun), open or over: by the clock."""
        return ticket.state(self.context["view"].now).value


class AccessTicketDetailSerializer(AccessTicketSerializer):
    """With every look."""

    uses = UseSerializer(many=True)

    class Meta(AccessTicketSerializer.Meta):
        fields = (*AccessTicketSerializer.Meta.fields, "uses")  # type: ignore[assignment]


class AskSerializer(serializers.Serializer[Any]):
    """What somebody wants to look at, what for and how long."""

    family = VisibleField(Family)
    person = VisibleField(Person, required=False, allow_null=True, help_text="Only this one of the family.")
    subject = serializers.ChoiceField(choices=AccessTicket.Subject.choices)
    purpose = serializers.CharField(max_length=20, help_text="A code of the list access_purpose.")
    reason = Reason(help_text="In the asker's words; kept encrypted.")
    from_at = Moment(required=False, allow_null=True, help_text="At once when it is left out.")
    hours = serializers.IntegerField(min_value=1, help_text="At most the parameter access_ticket.hours.")


ASK = OpenApiExample(
    "ticket",
    value={
        "family": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "subject": "minor", "purpose": "audit",
        "reason": "核对留守儿童走访记录", "hours": 4,
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(list=extend_schema(summary="Access tickets"))
class AccessTickets(Resource):
    """Leave to look at what one's role does not open."""

    model = AccessTicket
    serializer_class = AccessTicketSerializer
    filterset_class = AccessTicketFilters
    related = ("family", "person", "office")
    orderings = {"asked_at": "created_at", "to_at": "to_at"}
    ordering = "-asked_at"
    required_actions = {
        "list": ("access_ticket.read", "own.access_ticket.read"),
        "retrieve": ("access_ticket.read", "own.access_ticket.read"),
        "create": "access_ticket.write",
        "close": ("access_ticket.close", "own.access_ticket.close"),
    }

    def is_own(self, row: AccessTicket) -> bool:
        """Whether the caller asked for it."""
        return row.asked_by_id == self.user.pk

    @extend_schema(summary="One access ticket", responses=AccessTicketDetailSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With every look by it."""
        return Response(self._whole(self.get_object()))

    @extend_schema(
        summary="Ask for access", request=AskSerializer, responses={201: AccessTicketDetailSerializer}, examples=[ASK]
    )
    def create(self, request: Request) -> Response:
        """It goes to somebody responsible who did not ask; what the table rules out comes back refused, with why."""
        asked = Asked(**self.given(AskSerializer))
        path = asked.family.unit_path
        if not may(self.user, "access_ticket.write", path=path):
            raise NotAllowed
        row = ask_for_access(asked=asked, actor=self.actor("access_ticket.write", path), now=self.now)
        return Response(self._whole(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(summary="Give it back or take it back", request=None, responses=AccessTicketDetailSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """It opens nothing any more; what was looked at is checked as always."""
        row = self.get_object()
        by = self.actor("own.access_ticket.close" if self.is_own(row) else "access_ticket.close", row.unit_path)
        close_ticket(ticket=row, actor=by, now=self.now)
        return Response(self._whole(self.get_queryset().get(pk=row.pk)))

    def _whole(self, row: AccessTicket) -> dict[str, Any]:
        return dict(AccessTicketDetailSerializer(row, context=self.get_serializer_context()).data)
