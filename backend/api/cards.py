"""Cards: which a family holds and whether they open doors today; frozen when lost, renewed under another number."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import RowSerializer
from backend.api.filters import Filters, YesNo
from backend.api.resource import Resource
from backend.api.service_plans import EntryRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.services.cards import freeze_card, renew_card
from backend.services.models import Card


class CardFilters(Filters):
    """What the list of cards is narrowed by."""

    family = django_filters.UUIDFilter()
    state = django_filters.ChoiceFilter(choices=Card.State.choices)
    number = django_filters.CharFilter(max_length=40)
    valid = YesNo(method="by_valid", label="In use, and not expired.")

    def by_valid(self, queryset: QuerySet[Card], name: str, value: bool) -> QuerySet[Card]:
        """Those that open doors today, or the others."""
        today = timezone.localdate(self.request.parser_context["view"].now)
        condition = Q(state=Card.State.ISSUED) & (Q(expires_on__isnull=True) | Q(expires_on__gt=today))
        return queryset.filter(condition) if value else queryset.exclude(condition)


class CardSerializer(RowSerializer[Card]):
    """A card. Its print tells `printed_name`, `number` and the holder, never what kind of card it is."""

    family = FamilyOfItem()
    entry = EntryRef()
    printed_name = serializers.CharField(source="entry.printed_name")
    expired = serializers.SerializerMethodField()

    class Meta:
        model = Card
        fields = (
            "id", "number", "family", "entry", "printed_name", "state", "issued_on", "expires_on", "expired",
            "frozen_at", "frozen_because", "replaces", "version",
        )  # fmt: skip

    def get_expired(self, card: Card) -> bool:
        """Its time is over."""
        return card.is_expired(timezone.localdate(self.context["view"].now))


class FreezeSerializer(serializers.Serializer[Any]):
    """Why it opens no door any more."""

    reason = serializers.CharField(max_length=20, help_text="A code of the list card_freeze_reason.")


FREEZE = OpenApiExample("lost", value={"reason": "lost"}, request_only=True)


@extend_schema_view(list=extend_schema(summary="Cards"), retrieve=extend_schema(summary="One card"))
class Cards(Resource):
    """The cards that families hold."""

    model = Card
    serializer_class = CardSerializer
    filterset_class = CardFilters
    related = ("family__unit", "entry")
    orderings = {"issued_on": "issued_on"}
    ordering = "-issued_on"
    required_actions = {
        "list": "card.read",
        "retrieve": "card.read",
        "freeze": "card.freeze",
        "renew": "card.write",
    }

    @extend_schema(summary="Freeze a lost card", request=FreezeSerializer, responses=CardSerializer, examples=[FREEZE])
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, pk: UUID) -> Response:
        """From this moment it opens no door."""
        card: Card = self.get_object()
        reason = self.given(FreezeSerializer)["reason"]
        actor = self.actor("card.freeze", card.unit_path)
        freeze_card(card=card, reason=reason, actor=actor, now=self.now, version=self.version())
        return Response(self.represent(self.find()))

    @extend_schema(summary="Renew a card", request=None, responses={201: CardSerializer})
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, pk: UUID) -> Response:
        """Another number in its place; the old one is of no use any more."""
        card: Card = self.get_object()
        actor = self.actor("card.write", card.unit_path)
        fresh = renew_card(card=card, actor=actor, now=self.now, version=self.version())
        return Response(self.represent(self.get_queryset().get(pk=fresh.pk)), status=201)
