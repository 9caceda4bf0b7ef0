"""Pairings: dated spells of one helper with one family. They begin and end in processes and are read here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, ProgrammeRef, Reason, RowSerializer, StrictSerializer
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.helpers import KindRef
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.helpers.models import Pairing, Suspension
from backend.helpers.suspensions import lift_suspension, suspend_pairing
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
    """A pairing. `suspended`: today its helper neither sees nor visits the family."""

    suspended = serializers.BooleanField(source="suspended_today")
    case = CaseRef()
    family = FamilyOfItem()
    helper = PersonRef()
    kind = KindRef()
    programme = ProgrammeRef()

    class Meta:
        model = Pairing
        fields = (
            "id", "number", "case", "family", "helper", "kind", "seat", "suspended", "programme", "from_date",
            "to_date", "handed_over_on", "planned_end", "review_on", "start_reason", "end_reason", "accompanied",
            "decided_by_label", "version",
        )  # fmt: skip


class SuspensionSerializer(RowSerializer[Suspension]):
    """Days on which a pairing was suspended, and why, at both ends."""

    class Meta:
        model = Suspension
        fields = ("id", "from_date", "to_date", "reason", "end_reason", "decided_by_label", "lifted_by_label")


class PairingDetailSerializer(PairingSerializer):
    """A pairing with its agreement, its suspensions, and what was handed over at its end."""

    suspensions = SuspensionSerializer(many=True)

    class Meta(PairingSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *PairingSerializer.Meta.fields,
            "agreement",
            "handover",
            "suspensions",
        )


class SuspendSerializer(StrictSerializer):
    """Why (code list `suspension_reason` or `suspension_end_reason`), and a note for the history."""

    reason = serializers.RegexField(r"^[a-z][a-z_]{1,38}\Z")
    note = Reason(required=False, allow_blank=True, default="")


class OwnPairingSerializer(RowSerializer[Pairing]):
    """A pairing as its helper sees it: when it is over or suspended, the family has no name."""

    suspended = serializers.BooleanField(source="suspended_today")
    family = serializers.SerializerMethodField()
    kind = KindRef()
    programme = ProgrammeRef()

    class Meta:
        model = Pairing
        fields = (
            "id", "number", "suspended", "family", "kind", "programme", "from_date", "to_date", "planned_end",
            "version",
        )  # fmt: skip

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, pairing: Pairing) -> dict[str, Any] | None:
        """{id, label} while the spell is in force and not suspended."""
        today = timezone.localdate()
        if (
            getattr(pairing, "suspended_today", False)
            or pairing.from_date > today
            or (pairing.to_date is not None and pairing.to_date <= today)
        ):
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
        "suspend": "pairing.write",
        "lift": "pairing.write",
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
        suspended = Pairing.objects.filter(pk=OuterRef("pk")).suspended(timezone.localdate())
        rows: QuerySet[Any] = super().get_queryset().annotate(suspended_today=Exists(suspended))
        return rows.defer(*sealed, *elsewhere)

    def seen_in_full(self) -> Q:
        """Pairings of families in the own subtree."""
        return in_subtree(self.user, "pairing.read", "case__unit_path")

    def is_seen_in_full(self, row: Pairing) -> bool:
        """The same for one row."""
        return may(self.user, "pairing.read", path=row.case.unit_path)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One pairing."""
        return self._shown(self.get_object())

    @extend_schema(summary="Suspend a pairing", request=SuspendSerializer, responses=PairingDetailSerializer)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: UUID) -> Response:
        """At once: the helper neither sees nor visits the family, the village worker goes meanwhile."""
        pairing, given = self.get_object(), self.given(SuspendSerializer)
        suspend_pairing(pairing=pairing, reason=given["reason"], note=given["note"], actor=self.actor(), now=self.now)
        return self._shown(self.get_object())

    @extend_schema(summary="End a suspension", request=SuspendSerializer, responses=PairingDetailSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: UUID) -> Response:
        """The helper sees and visits the family again; a missing background check is entered with the helper."""
        pairing, given = self.get_object(), self.given(SuspendSerializer)
        lift_suspension(pairing=pairing, reason=given["reason"], note=given["note"], actor=self.actor(), now=self.now)
        return self._shown(self.get_object())

    def _shown(self, pairing: Pairing) -> Response:
        serializer = PairingDetailSerializer if self.is_seen_in_full(pairing) else OwnPairingSerializer
        return Response(serializer(pairing, context=self.get_serializer_context()).data)
