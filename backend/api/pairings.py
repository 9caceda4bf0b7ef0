"""Pairings: dated spells of one helper with one family. They begin and end in processes and are read here."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, ProgrammeRef, RowSerializer
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.helpers import KindRef
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_items import FamilyOfItem
from backend.helpers.models import Pairing
from backend.org.access import in_subtree, may


class PairingFilters(Filters):
    """What the list of pairings is narrowed by."""

    open_to_all = frozenset({"current", "kind"})

    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="family_id")
    helper = django_filters.UUIDFilter(field_name="helper_id")
    kind = django_filters.CharFilter(field_name="kind_id", max_length=20)
    unit = Subtree(
        field_name="case__unit_path", label="Id or code of a unit: pairings of its families and those below."
    )
    current = YesNo(method="by_current", label="true: in force today.")

    def by_current(self, queryset: Any, name: str, value: bool) -> Any:
        """In force today, or not (any more, or yet)."""
        in_force = Pairing.objects.all().on(timezone.localdate())
        return queryset.on(timezone.localdate()) if value else queryset.exclude(pk__in=in_force.values("pk"))


class PairingSerializer(RowSerializer[Pairing]):
    """A pairing."""

    case = CaseRef()
    family = FamilyOfItem()
    helper = PersonRef()
    kind = KindRef()
    programme = ProgrammeRef()

    class Meta:
        model = Pairing
        fields = (
            "id", "number", "case", "family", "helper", "kind", "seat", "programme", "from_date", "to_date",
            "handed_over_on", "planned_end", "review_on", "start_reason", "end_reason", "accompanied",
            "decided_by_label", "version",
        )  # fmt: skip


class PairingDetailSerializer(PairingSerializer):
    """A pairing with its agreement and what was handed over at its end."""

    class Meta(PairingSerializer.Meta):
        fields = (*PairingSerializer.Meta.fields, "agreement", "handover")  # type: ignore[assignment]


class OwnPairingSerializer(RowSerializer[Pairing]):
    """A pairing as its helper sees it: when it is over, the family has no name any more."""

    family = serializers.SerializerMethodField()
    kind = KindRef()
    programme = ProgrammeRef()

    class Meta:
        model = Pairing
        fields = ("id", "number", "family", "kind", "programme", "from_date", "to_date", "planned_end", "version")

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, pairing: Pairing) -> dict[str, Any] | None:
        """{id, label} while the spell is in force."""
        today = timezone.localdate()
        if pairing.from_date > today or (pairing.to_date is not None and pairing.to_date <= today):
            return None
        return {"id": str(pairing.family_id), "label": pairing.family.label}


SEEN = PolymorphicProxySerializer(
    "PairingSeen", serializers=[PairingSerializer, OwnPairingSerializer], resource_type_field_name=None
)
SEEN_IN_DETAIL = PolymorphicProxySerializer(
    "PairingSeenInDetail", serializers=[PairingDetailSerializer, OwnPairingSerializer], resource_type_field_name=None
)


@extend_schema_view(
    list=extend_schema(summary="Pairings", responses=SEEN),
    retrieve=extend_schema(summary="One pairing", responses=SEEN_IN_DETAIL),
)
class Pairings(Resource):
    """Dated spells of helpers with families."""

    model = Pairing
    serializer_class = PairingSerializer
    narrow_serializer_class = OwnPairingSerializer
    filterset_class = PairingFilters
    related = ("case", "family", "helper", "kind", "programme")
    orderings = {"number": "number", "from_date": "from_date", "to_date": "to_date"}
    required_actions = {
        "list": ("pairing.read", "own.pairing.read"),
        "retrieve": ("pairing.read", "own.pairing.read"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible pairings, without what other tables keep encrypted."""
        sealed = ("handover", "agreement") if self.action == "list" else ()
        elsewhere = (
            "family__emergency_phone",
            "family__notes",
            "family__search",
            "helper__certificate",
            "helper__phone",
        )
        return super().get_queryset().defer(*sealed, *elsewhere)

    def seen_in_full(self) -> Q:
        """Pairings of families in the own subtree."""
        return in_subtree(self.user, "pairing.read", "case__unit_path")

    def is_seen_in_full(self, row: Pairing) -> bool:
        """The same for one row."""
        return may(self.user, "pairing.read", path=row.case.unit_path)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One pairing."""
        pairing = self.get_object()
        serializer = PairingDetailSerializer if self.is_seen_in_full(pairing) else OwnPairingSerializer
        return Response(serializer(pairing, context=self.get_serializer_context()).data)
