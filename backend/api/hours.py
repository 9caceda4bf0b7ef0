"""Hours of service: claimed here by hand (visits and activities claim theirs by themselves), disputed, summed up.

Verified as work items of the process `hours_claim`, never by who served or claimed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import stars
from backend.activities.hours import Stretch
from backend.activities.models import HourClaim
from backend.api.fields import Moment, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.helpers.models import Helper
from backend.org import codes
from backend.org.access import may
from backend.org.models import Unit
from workflows.hours import claim_by_hand, dispute


class BadCode(Invalid):
    """A code that its list does not have today."""

    code = "bad_code"
    message = _("Please choose an entry of the list.")


class HelperMissing(Invalid):
    """Whoever is no volunteer oneself has to say whose it is."""

    code = "helper_missing"
    message = _("Please say which volunteer it is about.")


class HourFilters(Filters):
    """What the list of hours is narrowed by."""

    state = django_filters.ChoiceFilter(choices=HourClaim.State.choices)
    source = django_filters.ChoiceFilter(choices=HourClaim.Source.choices)
    helper = django_filters.UUIDFilter(field_name="helper_id")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: volunteers registered there and below it.")


class HourSerializer(RowSerializer[HourClaim]):
    """One stretch of service. `hours` were claimed, `counted` count; in halves. Which family it was is not told."""

    helper = PersonRef()
    unit = UnitRef()
    place = UnitRef(allow_null=True)
    hours = serializers.SerializerMethodField()
    counted = serializers.SerializerMethodField()
    claimed_by = serializers.CharField(source="claimed_label")
    verified_by = serializers.CharField(source="verified_label")

    class Meta:
        model = HourClaim
        fields = (
            "id", "helper", "unit", "source", "content", "place", "started_at", "ended_at", "hours", "counted",
            "evidence", "confirmation", "note", "claimed_by", "claimed_at", "state", "route", "flags", "due_at",
            "verified_by", "verified_at", "reason", "dispute", "disputed_at", "version",
        )  # fmt: skip

    def get_hours(self, claim: HourClaim) -> float:
        """Claimed."""
        return claim.claimed / 2

    def get_counted(self, claim: HourClaim) -> float:
        """Counting."""
        return claim.counted / 2


class NewHoursSerializer(StrictSerializer):
    """Hours that no visit and no activity tells of (F23). Without a helper: one's own."""

    helper = VisibleField(Helper, required=False, allow_null=True)
    content = serializers.CharField(max_length=30, help_text="A code of the list service_content.")
    started_at = Moment()
    ended_at = Moment()
    evidence = serializers.CharField(max_length=20, help_text="A code of the list hours_evidence.")
    place = VisibleField(Unit, required=False, allow_null=True, help_text="The village or site where it was.")
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class DisputeSerializer(StrictSerializer):
    """What the volunteer says."""

    reason = Reason()


class SumSerializer(serializers.Serializer[Any]):
    """What somebody has given so far."""

    helper = PersonRef()
    number = serializers.CharField(help_text="The volunteer's number.")
    hours = serializers.FloatField(help_text="Verified hours.")
    open = serializers.FloatField(help_text="Claimed, not decided yet.")
    stars = serializers.IntegerField(help_text="In force today; announced ones come after some working days.")


@extend_schema_view(
    list=extend_schema(summary="Hours of service"), retrieve=extend_schema(summary="One stretch of service")
)
class Hours(Resource):
    """Hours of service: one's own, or those of a place."""

    model = HourClaim
    serializer_class = HourSerializer
    filterset_class = HourFilters
    related = ("helper", "unit", "place")
    orderings = {"started_at": "started_at", "due_at": "due_at"}
    ordering = "-started_at"
    required_actions = {
        "list": ("hours.read", "own.hours.read"),
        "retrieve": ("hours.read", "own.hours.read"),
        "summary": ("hours.read", "own.hours.read"),
        "create": ("hours.write", "own.hours.write"),
        "dispute": ("hours.write", "own.hours.write"),
    }

    def is_own(self, row: HourClaim) -> bool:
        """Whether the caller gave them."""
        return row.helper.user_id == self.user.pk

    @extend_schema(summary="Claim hours by hand", request=NewHoursSerializer, responses={201: HourSerializer})
    def create(self, request: Request) -> Response:
        """Somebody else verifies them: the unit's liaison, the village, or the township, as table D24 says."""
        given = self.given(NewHoursSerializer)
        helper = self._whose(given.pop("helper", None))
        for name, kind in (("content", "service_content"), ("evidence", "hours_evidence")):
            if given[name] not in codes.choices(kind, day=timezone.localdate(self.now)) or given[name] == "record":
                raise BadCode([FieldProblem(f"/{name}", BadCode.code, BadCode.message)])
        actor = self.actor("own.hours.write" if helper.user_id == self.user.pk else "hours.write", helper.unit.path)
        claim = claim_by_hand(helper=helper, stretch=Stretch(**given), actor=actor, now=self.now)
        return Response(self.represent(self._again(claim)), status=201)

    @extend_schema(summary="Dispute what was counted", request=DisputeSerializer, responses=HourSerializer)
    @action(detail=True, methods=["post"])
    def dispute(self, request: Request, pk: UUID) -> Response:
        """Once, for so many days after the decision; a supervisor who has not decided yet looks at it."""
        claim: HourClaim = self.get_object()
        actor = self.actor("own.hours.write" if self.is_own(claim) else "hours.write", claim.unit.path)
        text = self.given(DisputeSerializer)["reason"]
        dispute(claim=claim, text=text, actor=actor, now=self.now)
        return Response(self.represent(self._again(claim)))

    @extend_schema(
        summary="Verified hours and stars",
        parameters=[OpenApiParameter("helper", str, description="Whose; without it one's own.")],
        responses=SumSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None, filterset_class=None)
    def summary(self, request: Request) -> Response:
        """Of one volunteer."""
        asked = _uuid(request.query_params.get("helper"))
        visible = Helper.objects.visible_to(self.user).select_related("unit")
        helper = self._own() if asked is None else visible.filter(pk=asked).first()
        if helper is None:
            raise HelperMissing
        rows = HourClaim.objects.filter(helper=helper)
        waiting = (HourClaim.State.CLAIMED, HourClaim.State.DISPUTED)
        told = {
            "helper": helper,
            "number": helper.number,
            "hours": rows.half_hours() / 2,
            "open": sum(rows.filter(state__in=waiting).values_list("claimed", flat=True)) / 2,
            "stars": stars.standing(helper, timezone.localdate(self.now)),
        }
        return Response(SumSerializer(told).data)

    def _own(self) -> Helper | None:
        return Helper.objects.filter(user=self.user).select_related("unit").first()

    def _whose(self, asked: Helper | None) -> Helper:
        """The caller's own entry, or somebody's at a place where the caller enters hours. Raises NotAllowed."""
        own = self._own()
        helper = asked or own
        if helper is None:
            raise HelperMissing([FieldProblem("/helper", HelperMissing.code, HelperMissing.message)])
        is_own = own is not None and helper.pk == own.pk and may(self.user, "own.hours.write")
        if not is_own and not may(self.user, "hours.write", path=helper.unit.path):
            raise NotAllowed
        return helper

    def _again(self, claim: HourClaim) -> HourClaim:
        return HourClaim.objects.select_related(*self.related).get(pk=claim.pk)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
