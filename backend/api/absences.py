"""Absences of helpers: which days, who stands in for each family, who has told it. Helpers record their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import Day, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.helpers.absences import note_told, pairings_during
from backend.helpers.models import Absence, Helper, Pairing, StandIn
from backend.helpers.models.absences import REASONS
from backend.helpers.stand_ins import OBSTACLES, pool
from backend.org.access import Actor, granting, grants, in_subtree, may
from workflows import absences


class AbsenceFilters(Filters):
    """What the list of absences is narrowed by."""

    open_to_all = frozenset({"current", "coming", "helper"})

    helper = django_filters.UUIDFilter(field_name="helper_id")
    unit = Subtree(field_name="helper__unit__path", label="Id or code of a unit: its helpers and those below it.")
    current = YesNo(method="by_current", label="true: away today.")
    coming = YesNo(method="by_coming", label="true: to begin after today.")
    untold = YesNo(method="by_untold", label="true: a family has still to be told who comes instead.")

    def by_current(self, queryset: Any, name: str, value: bool) -> Any:
        """Away today, or not (any more, or yet)."""
        today = Absence.objects.on(timezone.localdate()).values("pk")
        return queryset.filter(pk__in=today) if value else queryset.exclude(pk__in=today)

    def by_coming(self, queryset: QuerySet[Absence], name: str, value: bool) -> QuerySet[Absence]:
        """To begin, or all others."""
        condition = Q(from_date__gt=timezone.localdate(), withdrawn_at__isnull=True)
        return queryset.filter(condition) if value else queryset.exclude(condition)

    def by_untold(self, queryset: QuerySet[Absence], name: str, value: bool) -> QuerySet[Absence]:
        """Where the caller is to see to it that a family hears of it, or all others."""
        today = timezone.localdate()
        rows = StandIn.objects.lasting().filter(Q(to_date__isnull=True) | Q(to_date__gt=today), told_at__isnull=True)
        here = in_subtree(self.request.user, "absence.tell", "pairing__case__unit_path")
        wanted = rows.filter(here).values("absence")
        return queryset.filter(pk__in=wanted) if value else queryset.exclude(pk__in=wanted)


class StandInSerializer(RowSerializer[StandIn]):
    """Who goes to a family meanwhile; no helper: the village worker."""

    pairing = serializers.UUIDField(source="pairing_id")
    family = serializers.SerializerMethodField()
    helper = PersonRef(allow_null=True)

    class Meta:
        model = StandIn
        fields = ("id", "pairing", "family", "helper", "from_date", "to_date", "told_at", "told_by_label")

    @extend_schema_field(FamilyOfItem)
    def get_family(self, row: StandIn) -> dict[str, Any]:
        """{id, label}."""
        return {"id": str(row.pairing.family_id), "label": row.pairing.family.label}


class OwnAbsenceSerializer(RowSerializer[Absence]):
    """Days away as the helper or the own liaison sees them."""

    helper = PersonRef()
    withdrawn = serializers.SerializerMethodField()

    class Meta:
        model = Absence
        fields = ("id", "helper", "from_date", "to_date", "reason", "withdrawn", "version")

    def get_withdrawn(self, absence: Absence) -> bool:
        """Taken back: it never held."""
        return absence.withdrawn_at is not None


class AbsenceSerializer(OwnAbsenceSerializer):
    """Days away with the families concerned, those that the caller may know. The reason is told at the office only."""

    reason = serializers.SerializerMethodField()
    stand_ins = serializers.SerializerMethodField()

    class Meta(OwnAbsenceSerializer.Meta):
        fields = (*OwnAbsenceSerializer.Meta.fields, "recorded_by_label", "created_at", "stand_ins")  # type: ignore[assignment]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_reason(self, absence: Absence) -> str | None:
        """A code of the list absence_reason; null for who only has families concerned."""
        user = self.context["view"].user
        return absence.reason if may(user, "absence.read", path=absence.helper.unit.path) else None

    @extend_schema_field(StandInSerializer(many=True))
    def get_stand_ins(self, absence: Absence) -> list[dict[str, Any]]:
        """By family, in the order of days."""
        user = self.context["view"].user
        rows = [row for row in absence.stand_ins.all() if may(user, "absence.read", path=row.unit_path)]
        return [dict(StandInSerializer(row).data) for row in rows]


class NewAbsenceSerializer(StrictSerializer):
    """Which days. Without a helper: one's own. `stand_in`: a helper who agreed to go to all families meanwhile."""

    helper = VisibleField(Helper, required=False)
    from_date = Day()
    to_date = Day(required=False, allow_null=True, default=None, help_text="The first day back; none: not known yet.")
    reason = serializers.ChoiceField(choices=[(code, code) for code in REASONS])
    stand_in = VisibleField(Helper, required=False, allow_null=True, default=None)
    agreed = serializers.BooleanField(required=False, default=False, help_text="The stand-in was asked and agreed.")


class AbsenceChangeSerializer(VersionedSerializer):
    """Other days."""

    from_date = Day(required=False)
    to_date = Day(required=False, allow_null=True)


class AbsenceWithdrawalSerializer(VersionedSerializer):
    """Why it does not hold."""

    reason = Reason()


class StandInChoiceSerializer(StrictSerializer):
    """Who goes to which family, from which day on. No helper: the village worker."""

    pairing = VisibleField(Pairing)
    helper = VisibleField(Helper, required=False, allow_null=True, default=None)
    agreed = serializers.BooleanField(required=False, default=False, help_text="The helper was asked and agreed.")
    from_date = Day(required=False, allow_null=True, default=None, help_text="Default: the first day that is left.")


class ToldSerializer(StrictSerializer):
    """Which family heard who comes instead: the stand-in's id."""

    stand_in = serializers.UUIDField()


class PoolMemberSerializer(RowSerializer[Helper]):
    """A helper who could be asked."""

    unit = UnitRef()
    partner_unit = UnitRef(allow_null=True)

    class Meta:
        model = Helper
        fields = ("id", "number", "name", "unit", "partner_unit")


class LeftOutSerializer(serializers.Serializer[Any]):
    """How many a rule left out, and what it says."""

    code = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()


class PoolSerializer(serializers.Serializer[Any]):
    """Who could be asked to stand in, and why others cannot."""

    able = PoolMemberSerializer(many=True)
    left_out = LeftOutSerializer(many=True)


SEEN = PolymorphicProxySerializer(
    "AbsenceSeen", serializers=[AbsenceSerializer, OwnAbsenceSerializer], resource_type_field_name=None
)


@extend_schema_view(
    list=extend_schema(summary="Absences of helpers", responses=SEEN),
    retrieve=extend_schema(summary="One absence", responses=SEEN),
)
class Absences(Resource):
    """Days on which helpers are away. Nobody's penalty: they are counted nowhere."""

    model = Absence
    serializer_class = AbsenceSerializer
    narrow_serializer_class = OwnAbsenceSerializer
    filterset_class = AbsenceFilters
    related = ("helper__unit",)
    orderings = {"from_date": "from_date"}
    required_actions = {
        "list": ("absence.read", "own.absence.read"),
        "retrieve": ("absence.read", "own.absence.read"),
        "create": ("absence.write", "own.absence.write"),
        "change": ("absence.write", "own.absence.write"),
        "withdraw": ("absence.write", "own.absence.write"),
        "stand_in": "absence.write",
        "pool": "absence.write",
        "told": "absence.tell",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible absences with who stands in."""
        rows = StandIn.objects.lasting().select_related("helper", "pairing__family", "pairing__case")
        rows = rows.defer("helper__certificate", "helper__phone", "helper__notes", "pairing__handover")
        ordered = rows.order_by("pairing__family__label", "from_date")
        return super().get_queryset().prefetch_related(Prefetch("stand_ins", queryset=ordered))

    def place_of(self, row: Absence) -> str | None:
        """Where the helper is kept; whoever tells a family does so where the family is, which is looked at there."""
        return None if self.action == "told" else row.helper.unit.path

    def is_own(self, row: Absence) -> bool:
        """One's own, or of a helper of one's own partner unit."""
        return self._is_own(row.helper)

    def seen_in_full(self) -> Q:
        """Those that concern the caller's office or village."""
        seen = Absence.objects.all()
        here = StandIn.objects.filter(in_subtree(self.user, "absence.read", "pairing__case__unit_path"))
        kept = in_subtree(self.user, "absence.read", "helper__unit__path")
        return Q(pk__in=seen.filter(kept | Q(pk__in=here.values("absence"))).values("pk"))

    def is_seen_in_full(self, row: Absence) -> bool:
        """The same for one row."""
        paths = [row.helper.unit.path, *(each.unit_path for each in row.stand_ins.all())]
        return any(may(self.user, "absence.read", path=path) for path in paths)

    @extend_schema(summary="Record days away", request=NewAbsenceSerializer, responses={201: SEEN})
    def create(self, request: Request) -> Response:
        """Planned visits go to whoever is there; each family is to be told."""
        given = self.given(NewAbsenceSerializer)
        helper = given.pop("helper", None) or self._self()
        made = absences.record_absence(helper=helper, **given, actor=self._by(helper), now=self.now)
        return Response(self._again(made.pk), status=201)

    @extend_schema(summary="Other days", request=AbsenceChangeSerializer, responses=SEEN)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: UUID) -> Response:
        """Back earlier or later; before it began also another first day. Stand-ins and visits go along."""
        absence: Absence = self.get_object()
        given = self.given(AbsenceChangeSerializer)
        absences.change_absence(
            absence=absence,
            from_date=given.get("from_date", absence.from_date),
            to_date=given.get("to_date", absence.to_date),
            actor=self._by(absence.helper),
            now=self.now,
            version=self.version(),
        )
        return Response(self._again(pk))

    @extend_schema(summary="Take it back", request=AbsenceWithdrawalSerializer, responses=SEEN)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Entered by mistake, or the helper stays after all."""
        absence: Absence = self.get_object()
        reason = self.given(AbsenceWithdrawalSerializer)["reason"]
        by = self._by(absence.helper)
        absences.withdraw_absence(absence=absence, reason=reason, actor=by, now=self.now, version=self.version())
        return Response(self._again(pk))

    @extend_schema(summary="Choose who stands in", request=StandInChoiceSerializer, responses=SEEN)
    @action(detail=True, methods=["post"], url_path="stand-in")
    def stand_in(self, request: Request, pk: UUID) -> Response:
        """A helper of the same kind who was asked and agreed, or the village worker."""
        absence: Absence = self.get_object()
        given = self.given(StandInChoiceSerializer)
        absences.choose_stand_in(absence=absence, **given, actor=self._by(absence.helper), now=self.now)
        return Response(self._again(pk))

    @extend_schema(
        summary="Who could stand in",
        responses=PoolSerializer,
        filters=False,
        parameters=[OpenApiParameter("pairing", str, required=True, description="Id of the family's pairing.")],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def pool(self, request: Request, pk: UUID) -> Response:
        """Helpers of the same kind and unit with a free place, comrades first; how many each rule left out."""
        absence: Absence = self.get_object()
        if not may(self.user, "absence.write", path=absence.helper.unit.path):
            raise NotAllowed
        pairing = self._pairing(absence)
        begin = max(absence.from_date, timezone.localdate(self.now))
        found = pool(pairing, begin, absence.to_date)
        left_out = [
            {"code": code, "message": str(OBSTACLES[code]), "count": count}
            for code, count in sorted(found.left_out.items(), key=lambda entry: -entry[1])
        ]
        return Response(PoolSerializer({"able": found.able, "left_out": left_out}).data)

    @extend_schema(summary="A family was told", request=ToldSerializer, responses=SEEN)
    @action(detail=True, methods=["post"])
    def told(self, request: Request, pk: UUID) -> Response:
        """By somebody whom the family knows, before a stranger stands at the door."""
        absence: Absence = self.get_object()
        wanted = self.given(ToldSerializer)["stand_in"]
        row = get_object_or_404(absence.stand_ins.select_related("pairing__case"), pk=wanted)
        if not may(self.user, "absence.tell", path=row.unit_path):
            raise NotAllowed
        note_told(stand_in=row, actor=self.actor("absence.tell", row.unit_path), now=self.now)
        return Response(self._again(pk))

    def _pairing(self, absence: Absence) -> Pairing:
        """The pairing that the address names. Raises InvalidParameters."""
        try:
            wanted = UUID(self.request.query_params.get("pairing", ""))
            return pairings_during(absence).get(pk=wanted)
        except (ValueError, Pairing.DoesNotExist):
            raise parameter_error("pairing", "does_not_exist", _("There is no such entry.")) from None

    def _self(self) -> Helper:
        """The caller as a helper. Raises Invalid when nobody is named and the caller is none."""
        helper = Helper.objects.select_related("unit").filter(user=self.user.pk).first()
        if helper is None or not granting(self.user, "own.absence.write"):
            raise Invalid([FieldProblem("/helper", "required", _("Say who is away."))])
        return helper

    def _by(self, helper: Helper) -> Actor:
        """Who records it. Raises NotAllowed."""
        path = helper.unit.path
        if may(self.user, "absence.write", path=path):
            return self.actor("absence.write", path)
        if self._is_own(helper):
            return self.actor("own.absence.write")
        raise NotAllowed

    def _is_own(self, helper: Helper) -> bool:
        if not granting(self.user, "own.absence.write"):
            return False
        partners = {grant.unit_id for grant in grants(self.user) if grant.role == "liaison"}
        return helper.user_id == self.user.pk or helper.partner_unit_id in partners

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))
