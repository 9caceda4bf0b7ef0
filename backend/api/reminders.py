"""Reminders: one's own with a mark once read, by which channels one wants them, and whether the outbox goes out."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer, StrictSerializer, in_language
from backend.api.filters import Filters
from backend.api.permissions import LOGGED_IN
from backend.api.resource import Resource
from backend.org.roles import ROLE_NAMES
from backend.reminders import sending
from backend.reminders.channels import available
from backend.reminders.choices import choose
from backend.reminders.kinds import KINDS
from backend.reminders.models import Channel, Choice, Delivery, Reminder


def title_of(kind: str) -> str:
    """The words for one of this kind, in the caller's language."""
    known = KINDS.get(kind)
    return str(known.title) if known else kind


class OwnReminderSerializer(RowSerializer[Delivery]):
    """Something the caller was told."""

    kind = serializers.CharField(source="reminder.kind")
    title = serializers.SerializerMethodField()
    label = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="What it is about: a title and a number."
    )
    page = serializers.CharField(source="reminder.page", help_text="Where a click leads; may be empty.")
    urgent = serializers.BooleanField(source="reminder.urgent")
    at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Delivery
        fields = ("id", "kind", "title", "label", "page", "urgent", "at", "read_at")

    def get_title(self, row: Delivery) -> str:
        """The words for its kind."""
        return title_of(row.reminder.kind)

    def get_label(self, row: Delivery) -> str:
        """In the caller's language."""
        return in_language(row.reminder.label, row.reminder.label_en)


class ReadSerializer(StrictSerializer):
    """Which reminders were looked at; without `ids` all of them."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=200, required=False)


class CountSerializer(serializers.Serializer[Any]):
    """How many were not looked at."""

    unread = serializers.IntegerField()


class OwnReminderFilters(Filters):
    """What one's reminders are narrowed by."""

    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")


@extend_schema_view(list=extend_schema(summary="What I was told"))
class OwnReminders(Resource):
    """The caller's own reminders, newest first."""

    model = Delivery
    serializer_class = OwnReminderSerializer
    filterset_class = OwnReminderFilters
    related = ("reminder",)
    ordering = "-id"
    required_actions = {"list": LOGGED_IN, "read": LOGGED_IN, "count": LOGGED_IN}

    @extend_schema(summary="I have looked at them", request=ReadSerializer, responses=CountSerializer)
    def read(self, request: Request) -> Response:
        """Those named, or all; answers how many are left."""
        given = self.given(ReadSerializer)
        sending.read_all(user=self.user, ids=given.get("ids"), now=self.now)
        return self._counted()

    @extend_schema(summary="How many I have not looked at", responses=CountSerializer, filters=False)
    def count(self, request: Request) -> Response:
        """For the bell in the head of every page."""
        return self._counted()

    def _counted(self) -> Response:
        return Response({"unread": sending.unread(self.user)})


class ChannelSerializer(serializers.Serializer[Any]):
    """A channel: whether the installation has it, whether the caller wants it, and where to."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    available = serializers.BooleanField()
    wanted = serializers.BooleanField()
    address = serializers.CharField(allow_blank=True, help_text="Without its middle.")


class ChannelChoiceSerializer(StrictSerializer):
    """By which channel the caller wants reminders, too. `address`: a number; empty keeps the one on file."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    wanted = serializers.BooleanField()
    address = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class Channels(Resource):
    """By which channels the caller is reminded, beside what is shown here."""

    model = Choice
    serializer_class = ChannelSerializer
    pagination_class = None
    filter_backends = ()
    required_actions = {"list": LOGGED_IN, "choose": LOGGED_IN}

    @extend_schema(summary="By which channels I am reminded", responses=ChannelSerializer(many=True))
    def list(self, request: Request, **kwargs: Any) -> Response:
        """All of them but what is shown here."""
        chosen = {choice.channel: choice for choice in self.get_queryset()}
        there = available()
        rows = []
        for channel in (Channel.EMAIL, Channel.SMS, Channel.WECHAT):
            choice = chosen.get(channel)
            known = (choice.address if choice else "") or (self.user.email if channel == Channel.EMAIL else "")
            told = {"available": channel in there, "wanted": choice is not None, "address": masked(known)}
            rows.append({"channel": channel, **told})
        return Response(ChannelSerializer(rows, many=True).data)

    @extend_schema(summary="Choose a channel", request=ChannelChoiceSerializer, responses=ChannelSerializer(many=True))
    def choose(self, request: Request) -> Response:
        """Wanted or not."""
        choose(user=self.user, **self.given(ChannelChoiceSerializer))
        return self.list(request)


def masked(address: str) -> str:
    """An address without its middle: 138****1234, z****@example.org."""
    name, at, domain = address.partition("@")
    if at:
        return f"{name[:1]}****@{domain}"
    return f"{name[:3]}****{name[-4:]}" if len(name) > 7 else "****" if name else ""


class DeliverySerializer(RowSerializer[Delivery]):
    """One way by which it went to somebody, and how far it came."""

    class Meta:
        model = Delivery
        fields = ("channel", "state", "at")


class SentSerializer(RowSerializer[Reminder]):
    """A reminder without what it is about and without who got it."""

    title = serializers.SerializerMethodField()
    role_name = serializers.SerializerMethodField(help_text="For whom; empty for one person.")
    deliveries = DeliverySerializer(many=True)

    class Meta:
        model = Reminder
        fields = (
            "id", "kind", "title", "role_name", "state", "why", "urgent", "shown_only", "decided_by", "created_at",
            "send_at", "deliveries",
        )  # fmt: skip
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "decided_by": {"help_text": "Rule and version of the table that said so, as `ladder/late_office@…`."},
            "shown_only": {"help_text": "Told after logging in only: it is a day off."},
        }

    def get_title(self, row: Reminder) -> str:
        """The words for its kind."""
        return title_of(row.kind)

    def get_role_name(self, row: Reminder) -> str:
        """In the caller's language."""
        return str(ROLE_NAMES.get(row.role, ""))


def with_deliveries(rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """Each with the ways by which it went, in one more statement."""
    return rows.prefetch_related(Prefetch("deliveries", Delivery.objects.order_by("id")))


class OutboxFilters(Filters):
    """What the outbox is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Reminder.State.choices)
    kind = django_filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS])


@extend_schema_view(list=extend_schema(summary="What was sent, without what it is about"))
class Outbox(Resource):
    """The outbox, as the system administrator watches it."""

    model = Reminder
    serializer_class = SentSerializer
    filterset_class = OutboxFilters
    ordering = "-id"
    required_actions = {"list": "outbox.read"}

    def get_queryset(self) -> QuerySet[Any]:
        """All of them."""
        return with_deliveries(super().get_queryset())
