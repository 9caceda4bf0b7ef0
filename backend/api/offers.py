"""Offers: who was asked for which family. Whoever is asked is told no name, only what is needed to answer.

They are made and answered in the process of pairing and are read here. A no needs no reason, and none is told.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import serializers

from backend.api.fields import PersonRef, ProgrammeRef, RowSerializer
from backend.api.filters import Filters, Subtree
from backend.api.helpers import KindRef
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.helpers.models import Offer
from backend.org.access import in_subtree, may


class OfferFilters(Filters):
    """What the list of offers is narrowed by."""

    open_to_all = frozenset({"state", "kind", "helper"})

    state = django_filters.ChoiceFilter(choices=Offer.State.choices)
    kind = django_filters.CharFilter(field_name="helper__kind_id", max_length=20)
    helper = django_filters.UUIDFilter(field_name="helper_id")
    case = django_filters.UUIDFilter(field_name="case_id")
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: offers for its families and those below.")


class FactsSerializer(serializers.Serializer[Any]):
    """All that is told of a family before both sides agreed: an age band, where it lives, which languages and needs."""

    age_band = serializers.CharField()
    township = serializers.CharField()
    village = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())
    needs = serializers.ListField(child=serializers.CharField())


class AskedOfferSerializer(RowSerializer[Offer]):
    """An offer as the helper and the helper's unit see it."""

    helper = PersonRef()
    kind = KindRef(source="helper.kind")
    programme = ProgrammeRef(source="case.programme")
    facts = FactsSerializer()

    class Meta:
        model = Offer
        fields = (
            "id", "state", "helper", "kind", "programme", "facts", "via", "answer_until", "answered_at", "created_at",
        )  # fmt: skip


class OfferSerializer(AskedOfferSerializer):
    """An offer as the office sees it. `alias`: the name under which the family comes to know the helper."""

    case = CaseRef()
    family = FamilyOfItem(source="case.family")

    class Meta(AskedOfferSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *AskedOfferSerializer.Meta.fields,
            "case",
            "family",
            "alias",
            "family_answer",
        )


SEEN = PolymorphicProxySerializer(
    "OfferSeen", serializers=[OfferSerializer, AskedOfferSerializer], resource_type_field_name=None
)


@extend_schema_view(
    list=extend_schema(summary="Offers", responses=SEEN),
    retrieve=extend_schema(summary="One offer", responses=SEEN),
)
class Offers(Resource):
    """Who was asked for which family."""

    model = Offer
    serializer_class = OfferSerializer
    narrow_serializer_class = AskedOfferSerializer
    filterset_class = OfferFilters
    related = ("case__family", "case__programme", "helper__kind")
    orderings = {"created_at": "created_at", "answer_until": "answer_until"}
    required_actions = {
        "list": ("pairing.read", "own.helper.read", "own.pairing.read"),
        "retrieve": ("pairing.read", "own.helper.read", "own.pairing.read"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible offers, without what tables keep encrypted."""
        rows: QuerySet[Any] = super().get_queryset()
        return rows.defer(
            "terms", "case__family__emergency_phone", "case__family__notes", "case__family__search",
            "helper__certificate", "helper__phone",
        )  # fmt: skip

    def seen_in_full(self) -> Q:
        """Offers for families in the own subtree."""
        return in_subtree(self.user, "pairing.read", "case__unit_path")

    def is_seen_in_full(self, row: Offer) -> bool:
        """The same for one row."""
        return may(self.user, "pairing.read", path=row.case.unit_path)
