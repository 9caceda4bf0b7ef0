"""Volunteers and bans: registered by themselves, from a league's or unit's list, or at the office; gone; banned by two.

Screened, prepared and renewed as work items of the process `volunteer_service`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import bans
from backend.activities.models import Ban, Volunteer
from backend.activities.volunteers import Registration
from backend.api.fields import (
    Day,
    PersonRef,
    Reason,
    RowSerializer,
    StrictSerializer,
    UnitRef,
    VisibleField,
    short_texts,
)
from backend.api.filters import Filters, Subtree
from backend.api.helpers import KindRef
from backend.api.resource import Resource
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.helpers.models import Helper, HelperKind
from backend.org.access import grants, in_subtree, may
from backend.org.models import Unit
from workflows import bans as banning
from workflows import volunteers


class UnitMissing(Invalid):
    """It has to be known which office screens them."""

    code = "unit_missing"
    message = _("Please say at which township or village they register.")


class VolunteerFilters(Filters):
    """What the list of volunteers is narrowed by."""

    open_to_all = frozenset({"state", "source"})

    state = django_filters.ChoiceFilter(choices=Volunteer.State.choices)
    source = django_filters.ChoiceFilter(choices=Volunteer.Source.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: registered there and below it.")


class VolunteerSerializer(RowSerializer[Volunteer]):
    """A registration. Insurance and background check stand with the helper; who the guardian is, in the work item."""

    kind = KindRef()
    unit = UnitRef()
    partner_unit = UnitRef(allow_null=True)
    helper = PersonRef(allow_null=True)
    registered_by = serializers.CharField(source="registered_label")
    decided_by = serializers.CharField(source="decided_label")

    class Meta:
        model = Volunteer
        fields = (
            "id", "source", "kind", "name", "unit", "partner_unit", "helper", "skills", "with_minors", "risky",
            "notice_version", "accepted_on", "state", "registered_by", "decided_by", "active_on", "ended_on",
            "end_reason", "created_at", "version",
        )  # fmt: skip


class NewVolunteerSerializer(StrictSerializer):
    """What somebody says who wants to volunteer. Whoever is a helper already names the entry, or is it."""

    source = serializers.ChoiceField(choices=Volunteer.Source.choices)  # type: ignore[assignment]
    kind = serializers.PrimaryKeyRelatedField(queryset=HelperKind.objects.all())
    name = serializers.CharField(max_length=60)
    unit = VisibleField(Unit, required=False, help_text="By default the township of the partner unit or helper.")
    partner_unit = VisibleField(Unit, required=False, allow_null=True)
    helper = VisibleField(Helper, required=False, allow_null=True)
    birth_date = Day()
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    certificate = serializers.CharField(max_length=40, required=False, allow_blank=True)
    skills = short_texts(30, required=False)
    with_minors = serializers.BooleanField(default=False)
    risky = serializers.BooleanField(default=False)
    notice_version = serializers.CharField(max_length=20, help_text="The notice of risks that was read out.")
    accepted_on = Day()
    guardian = serializers.CharField(max_length=100, required=False, allow_blank=True)
    guardian_agreed_on = Day(required=False, allow_null=True)
    accompanied_by = serializers.CharField(max_length=100, required=False, allow_blank=True)


class VolunteerLeavingSerializer(StrictSerializer):
    """Why; nobody has to stay."""

    reason = serializers.CharField(max_length=40, help_text="A code of the list volunteer_end_reason.")


@extend_schema_view(list=extend_schema(summary="Volunteers"), retrieve=extend_schema(summary="One registration"))
class Volunteers(Resource):
    """Registrations as a volunteer."""

    model = Volunteer
    serializer_class = VolunteerSerializer
    filterset_class = VolunteerFilters
    related = ("kind", "unit", "partner_unit", "helper")
    orderings = {"name": "name"}
    ordering = "-id"
    required_actions = {
        "list": ("volunteer.read", "own.volunteer.read"),
        "retrieve": ("volunteer.read", "own.volunteer.read"),
        "create": ("volunteer.write", "own.volunteer.write"),
        "leave": ("volunteer.write", "own.volunteer.write"),
    }

    def is_own(self, row: Volunteer) -> bool:
        """Oneself, or somebody of one's own unit's list."""
        partners = {grant.unit_id for grant in grants(self.user) if grant.role == "liaison"}
        return (row.helper is not None and row.helper.user_id == self.user.pk) or row.partner_unit_id in partners

    @extend_schema(summary="Register a volunteer", request=NewVolunteerSerializer, responses={201: VolunteerSerializer})
    def create(self, request: Request) -> Response:
        """Told of the risks first; the township screens them. A liaison registers people of the own unit only."""
        said = self.given(NewVolunteerSerializer)
        near = said.get("partner_unit") or getattr(said.get("helper"), "unit", None)
        if "unit" not in said:
            if near is None:
                raise UnitMissing([FieldProblem("/unit", UnitMissing.code, UnitMissing.message)])
            said["unit"] = volunteers.office_of(near)
        given = Registration(**said)
        path = given.unit.path
        if not may(self.user, "volunteer.write", path=path) and not self._is_own_wish(given):
            raise NotAllowed
        action_ = "volunteer.write" if may(self.user, "volunteer.write", path=path) else "own.volunteer.write"
        row = volunteers.register(given=given, actor=self.actor(action_, path), now=self.now)
        return Response(self.represent(self._again(row)), status=201)

    @extend_schema(summary="Leave", request=VolunteerLeavingSerializer, responses=VolunteerSerializer)
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: UUID) -> Response:
        """Without penalty; hours and certificates stay."""
        row: Volunteer = self.get_object()
        action_ = "own.volunteer.write" if self.is_own(row) else "volunteer.write"
        reason = self.given(VolunteerLeavingSerializer)["reason"]
        volunteers.leave(volunteer=row, reason=reason, actor=self.actor(action_, row.unit_path), now=self.now)
        return Response(self.represent(self._again(row)))

    def _is_own_wish(self, given: Registration) -> bool:
        """Somebody registers oneself, or a liaison somebody of the own unit."""
        if given.helper is not None and given.helper.user_id == self.user.pk:
            return True
        partners = {grant.unit_id for grant in grants(self.user) if grant.role == "liaison"}
        return given.partner_unit is not None and given.partner_unit.pk in partners

    def _again(self, row: Volunteer) -> Volunteer:
        return Volunteer.objects.select_related(*self.related).get(pk=row.pk)


class BanFilters(Filters):
    """What the list of bans is narrowed by."""

    open_to_all = frozenset({"state"})

    state = django_filters.ChoiceFilter(choices=Ban.State.choices)
    helper = django_filters.UUIDFilter(field_name="helper_id")


class OwnBanSerializer(RowSerializer[Ban]):
    """A ban as the person hears of it: not what others told, nor who decided."""

    class Meta:
        model = Ban
        fields = ("id", "state", "from_date", "to_date", "reason", "appeal", "appealed_at", "answer", "created_at")


class BanSerializer(RowSerializer[Ban]):
    """A ban with its reason and term, without an end it is for good; in force once it is confirmed by somebody else
    than who proposed it."""

    helper = PersonRef()
    proposed_by = serializers.CharField(source="proposed_label")
    decided_by = serializers.CharField(source="decided_label")
    settled_by = serializers.CharField(source="settled_label")
    may_decide = serializers.SerializerMethodField(help_text="Whether the caller had no part in it so far.")

    class Meta:
        model = Ban
        fields = (
            "id", "helper", "state", "from_date", "to_date", "reason", "note", "proposed_by", "decided_by", "appeal",
            "appealed_at", "settled_by", "answer", "may_decide", "created_at",
        )  # fmt: skip

    def get_may_decide(self, row: Ban) -> bool:
        """Second signature or answer to an appeal: by somebody new."""
        return self.context["view"].user.pk not in {row.proposed_by_id, row.decided_by_id}


class NewBanSerializer(StrictSerializer):
    """Whom, why, and until when."""

    helper = VisibleField(Helper)
    reason = serializers.CharField(max_length=40, help_text="A code of the list ban_reason.")
    to_date = Day(required=False, allow_null=True, help_text="The first day on which they may serve again.")
    note = serializers.CharField(max_length=1000, help_text="What was found out; kept encrypted.")


class DecliningSerializer(StrictSerializer):
    """Why it is not confirmed."""

    reason = Reason()


class AppealSerializer(StrictSerializer):
    """What the person says against it; kept encrypted."""

    text = serializers.CharField(max_length=1000)


class SettlementSerializer(StrictSerializer):
    """What becomes of the ban, and what the person is answered."""

    lifted = serializers.BooleanField()
    answer = serializers.CharField(max_length=1000)


BAN_SEEN = PolymorphicProxySerializer(
    "BanSeen", serializers=[BanSerializer, OwnBanSerializer], resource_type_field_name=None
)


@extend_schema_view(
    list=extend_schema(summary="Bans", responses=BAN_SEEN),
    retrieve=extend_schema(summary="One ban", responses=BAN_SEEN),
)
class Bans(Resource):
    """Who may not volunteer, why and until when: proposed, confirmed by somebody else, appealed against."""

    model = Ban
    serializer_class = BanSerializer
    narrow_serializer_class = OwnBanSerializer
    filterset_class = BanFilters
    related = ("helper__unit",)
    ordering = "-id"
    required_actions = {
        "list": ("volunteer.read", "own.volunteer.read"),
        "retrieve": ("volunteer.read", "own.volunteer.read"),
        "create": ("volunteer.write", "volunteer.ban"),
        "confirm": "volunteer.ban",
        "decline": "volunteer.ban",
        "appeal": ("volunteer.write", "own.volunteer.write"),
        "settle": "volunteer.ban",
    }

    def seen_in_full(self) -> Q | None:
        """Where one reads volunteers; of a ban of one's own only what one was told."""
        return in_subtree(self.user, "volunteer.read", "helper__unit__path") & ~Q(helper__user=self.user.pk)

    def is_seen_in_full(self, row: Ban) -> bool:
        """The same for one row in memory."""
        return not self.is_own(row) and may(self.user, "volunteer.read", path=row.unit_path)

    def is_own(self, row: Ban) -> bool:
        """A ban of oneself."""
        return row.helper.user_id == self.user.pk

    @extend_schema(summary="Propose a ban from volunteering", request=NewBanSerializer, responses={201: BAN_SEEN})
    def create(self, request: Request) -> Response:
        """Nothing happens until somebody else has confirmed it."""
        given: dict[str, Any] = self.given(NewBanSerializer)
        path = given["helper"].unit.path
        named = next((name for name in ("volunteer.write", "volunteer.ban") if may(self.user, name, path=path)), None)
        if named is None:
            raise NotAllowed
        to_date = given.pop("to_date", None)
        row = bans.propose(**given, to_date=to_date, user=self.user, actor=self.actor(named, path), now=self.now)
        return Response(self.represent(row), status=201)

    @extend_schema(summary="Confirm a ban", request=None, responses=BAN_SEEN)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: UUID) -> Response:
        """By somebody else than who proposed it: service and pairings end at once, verified hours stay on record."""
        row: Ban = self.get_object()
        by = self.actor("volunteer.ban", row.unit_path)
        return Response(self.represent(banning.confirm(ban=row, user=self.user, actor=by, now=self.now)))

    @extend_schema(summary="Decline a ban", request=DecliningSerializer, responses=BAN_SEEN)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID) -> Response:
        """By somebody else than who proposed it."""
        row: Ban = self.get_object()
        given, by = self.given(DecliningSerializer), self.actor("volunteer.ban", row.unit_path)
        return Response(self.represent(bans.decline(ban=row, **given, user=self.user, actor=by, now=self.now)))

    @extend_schema(summary="Appeal against a ban", request=AppealSerializer, responses=BAN_SEEN)
    @action(detail=True, methods=["post"])
    def appeal(self, request: Request, pk: UUID) -> Response:
        """By the person, or taken in at the office; once."""
        row: Ban = self.get_object()
        by = self.actor("own.volunteer.write" if self.is_own(row) else "volunteer.write", row.unit_path)
        return Response(self.represent(bans.appeal(ban=row, **self.given(AppealSerializer), actor=by, now=self.now)))

    @extend_schema(summary="Answer an appeal", request=SettlementSerializer, responses=BAN_SEEN)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: UUID) -> Response:
        """By somebody who neither proposed nor confirmed it."""
        row: Ban = self.get_object()
        given, by = self.given(SettlementSerializer), self.actor("volunteer.ban", row.unit_path)
        return Response(self.represent(bans.settle(ban=row, **given, user=self.user, actor=by, now=self.now)))
