"""Activities: proposed here and read; decided, recorded and closed as work items (process `activity_site`).

Who signed up is told to the organising unit only; everybody else reads counts.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import sign_ups
from backend.activities.campaigns import Plan
from backend.activities.models import Activity, SignUp, Site
from backend.activities.sign_ups import Person
from backend.api.fields import Day, Moment, PersonRef, Reason, RowSerializer, UnitRef, VisibleField, short_texts
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.helpers.models import Helper
from backend.org.access import Actor, granting, may
from backend.org.models import Unit
from workflows import activities

MOST_YUAN = 10_000_000
MOST_PERSONS = 100_000


class ActivityFilters(Filters):
    """What the list of activities is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Activity.State.choices)
    kind = django_filters.CharFilter(label="A code of the list activity_kind.")
    theme = django_filters.CharFilter(label="A code of the list activity_theme.")
    site = django_filters.UUIDFilter(field_name="site_id")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: organised there or below it.")
    starts_from = django_filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="gte")
    starts_before = django_filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="lt")


class SiteRef(serializers.Serializer[Site]):
    """A site as other things mention it."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ActivitySerializer(RowSerializer[Activity]):
    """An activity; of people only counts."""

    unit = UnitRef()
    site = SiteRef(allow_null=True)
    proposed_by = serializers.CharField(source="proposed_label")
    decided_by = serializers.CharField(source="decided_label")
    recorded_by = serializers.CharField(source="recorded_label")
    over_budget = serializers.BooleanField()
    merged_into = serializers.UUIDField(source="merged_into_id", allow_null=True)

    class Meta:
        model = Activity
        fields = (
            "id", "number", "title", "kind", "theme", "occasion", "series", "part", "unit", "site", "place",
            "starts_at", "ends_at", "sign_up_until", "places", "groups", "expected", "budget", "minors", "outdoors",
            "risk", "speaker", "late_reason", "state", "level", "level_reason", "proposed_by", "decided_by",
            "decided_at", "minutes", "returned", "merged_into", "attended", "attended_minors", "headcount_source",
            "spent", "over_budget", "feedback_count", "feedback_score", "materials", "reach", "photos", "incidents",
            "effect", "recorded_by", "recorded_at", "version",
        )  # fmt: skip


class SignUpCountsSerializer(serializers.Serializer[Any]):
    """Who is on the list, in numbers."""

    placed = serializers.IntegerField()
    waiting = serializers.IntegerField()
    attended = serializers.IntegerField()
    attended_minors = serializers.IntegerField()
    volunteers = serializers.IntegerField()


class ActivityPlanSerializer(serializers.Serializer[Any]):
    """What is proposed (F17)."""

    title = serializers.CharField(max_length=80)
    kind = serializers.CharField(max_length=20, help_text="A code of the list activity_kind.")
    theme = serializers.CharField(max_length=20, help_text="A code of the list activity_theme.")
    unit = VisibleField(Unit, help_text="Who organises it: a village or the township.")
    starts_at = Moment()
    ends_at = Moment()
    sign_up_until = Moment(help_text="Not after the beginning.")
    groups = short_texts(20, help_text="For whom: codes of the list activity_group.")
    expected = serializers.IntegerField(min_value=1, max_value=MOST_PERSONS, help_text="Persons at the same time.")
    budget = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0, max_value=MOST_YUAN)
    risk = serializers.CharField(max_length=600, help_text="What could go wrong, and what is done about it.")
    places = serializers.IntegerField(
        min_value=1, max_value=MOST_PERSONS, required=False, allow_null=True, help_text="Empty: everybody who comes."
    )
    occasion = serializers.CharField(
        max_length=20, required=False, allow_blank=True, help_text="A code of the list calendar_day."
    )
    series = serializers.CharField(max_length=80, required=False, allow_blank=True)
    part = serializers.IntegerField(min_value=1, max_value=200, required=False, allow_null=True)
    site = VisibleField(Site, required=False, allow_null=True)
    place = serializers.CharField(max_length=120, required=False, allow_blank=True, help_text="When it is at no site.")
    minors = serializers.BooleanField(default=False)
    outdoors = serializers.BooleanField(default=False)
    speaker = serializers.CharField(max_length=80, required=False, allow_blank=True)
    late_reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ActivityCancellingSerializer(serializers.Serializer[Any]):
    """Why it will not be held."""

    reason = Reason()


class ActivityMergingSerializer(ActivityCancellingSerializer):
    """With which it will be held together."""

    into = VisibleField(Activity)


PLAN = OpenApiExample(
    "lecture",
    value={
        "title": "冬季老年人保健", "kind": "lecture", "theme": "health", "unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11",
        "starts_at": "2026-11-20T09:00:00+08:00", "ends_at": "2026-11-20T11:00:00+08:00",
        "sign_up_until": "2026-11-19T18:00:00+08:00", "groups": ["elders"], "expected": 40, "budget": "800.00",
        "risk": "有老人身体不适：村医在场", "places": 40, "place": "村委会二楼",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(list=extend_schema(summary="Activities"), retrieve=extend_schema(summary="One activity"))
class Activities(Resource):
    """Campaign days, lectures, consultations: proposed, approved by somebody else, held, counted."""

    model = Activity
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilters
    related = ("unit", "site")
    orderings = {"starts_at": "starts_at"}
    ordering = "-starts_at"
    required_actions = {
        "list": "activity.read",
        "retrieve": "activity.read",
        "counts": "activity.read",
        "create": "activity.write",
        "cancel": "activity.write",
        "merge": "activity.write",
    }

    @extend_schema(
        summary="Propose an activity",
        request=ActivityPlanSerializer,
        responses={201: ActivitySerializer},
        examples=[PLAN],
    )
    def create(self, request: Request) -> Response:
        """It goes to whoever decides (D26), never to the proposer."""
        plan = Plan(**self.given(ActivityPlanSerializer))
        if not may(self.user, "activity.write", path=plan.unit.path):
            raise NotAllowed
        row = activities.propose(plan=plan, actor=self.actor("activity.write", plan.unit.path), now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(summary="How many signed up", responses=SignUpCountsSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def counts(self, request: Request, pk: UUID) -> Response:
        """Numbers, nobody's name."""
        return Response(sign_ups.counts(self.find()))

    @extend_schema(summary="Cancel an activity", request=ActivityCancellingSerializer, responses=ActivitySerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Before it has begun."""
        row: Activity = self.get_object()
        reason = self.given(ActivityCancellingSerializer)["reason"]
        activities.cancel(activity=row, reason=reason, actor=self._by(row), now=self.now)
        return Response(self._again(pk))

    @extend_schema(
        summary="Hold it together with another", request=ActivityMergingSerializer, responses=ActivitySerializer
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: UUID) -> Response:
        """Everybody on its list goes there, as far as there are places."""
        row: Activity = self.get_object()
        given = self.given(ActivityMergingSerializer)
        if not may(self.user, "activity.write", path=given["into"].unit_path):
            raise NotAllowed
        activities.merge(activity=row, **given, actor=self._by(row), now=self.now)
        return Response(self._again(pk))

    def _by(self, row: Activity) -> Actor:
        return self.actor("activity.write", row.unit_path)

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))


# --- who signed up


class SignUpFilters(Filters):
    """What the list of sign-ups is narrowed by."""

    activity = django_filters.UUIDFilter(field_name="activity_id")
    state = django_filters.ChoiceFilter(choices=SignUp.State.choices)


class SignUpSerializer(RowSerializer[SignUp]):
    """One person on the organiser's list."""

    activity = serializers.UUIDField(source="activity_id")
    family = FamilyOfItem(allow_null=True)
    helper = PersonRef(allow_null=True)
    registered_by = serializers.CharField(source="registered_label")
    registered_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = SignUp
        fields = (
            "id", "activity", "name", "phone", "family", "helper", "minor", "guardian", "guardian_consented_on",
            "state", "registered_by", "registered_at", "version",
        )  # fmt: skip


class SignUpEntrySerializer(serializers.Serializer[Any]):
    """Who signs up."""

    activity = VisibleField(Activity)
    name = serializers.CharField(max_length=60)
    phone = serializers.CharField(max_length=20, required=False, allow_blank=True)
    family = VisibleField(Family, required=False, allow_null=True)
    helper = VisibleField(Helper, required=False, allow_null=True, help_text="A volunteer who helps to hold it.")
    minor = serializers.BooleanField(default=False)
    guardian = serializers.CharField(max_length=60, required=False, allow_blank=True, help_text="Needed for a child.")
    guardian_consented_on = Day(required=False, allow_null=True, help_text="Needed for a child.")


class AttendanceSerializer(serializers.Serializer[Any]):
    """Whether the person was there."""

    attended = serializers.BooleanField()


@extend_schema_view(list=extend_schema(summary="Who signed up"), retrieve=extend_schema(summary="One sign-up"))
class SignUps(Resource):
    """The organising unit's list; nobody else reads a name on it."""

    model = SignUp
    serializer_class = SignUpSerializer
    filterset_class = SignUpFilters
    related = ("activity__unit", "family__unit", "helper")
    required_actions = {
        "list": "sign_up.write",
        "retrieve": "sign_up.write",
        "create": "sign_up.write",
        "withdraw": "sign_up.write",
        "mark": "sign_up.write",
    }

    @extend_schema(summary="Sign somebody up", request=SignUpEntrySerializer, responses={201: SignUpSerializer})
    def create(self, request: Request) -> Response:
        """A place, or one on the waiting list; a child only with the guardian's consent."""
        given = self.given(SignUpEntrySerializer)
        activity: Activity = given.pop("activity")
        if not self._organises(activity):
            raise NotAllowed
        row = sign_ups.sign_up(activity=activity, person=Person(**given), actor=self._by(activity), now=self.now)
        return Response(self._again(row.pk), status=201)

    @extend_schema(summary="Take a sign-up back", request=None, responses=SignUpSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Whoever waits longest moves up."""
        row: SignUp = self.get_object()
        sign_ups.withdraw(row=row, actor=self._by(row.activity), now=self.now)
        return Response(self._again(pk))

    @extend_schema(summary="Mark attendance", request=AttendanceSerializer, responses=SignUpSerializer)
    @action(detail=True, methods=["post"])
    def mark(self, request: Request, pk: UUID) -> Response:
        """Once it has begun."""
        row: SignUp = self.get_object()
        attended = self.given(AttendanceSerializer)["attended"]
        sign_ups.mark(row=row, attended=attended, actor=self._by(row.activity), now=self.now)
        return Response(self._again(pk))

    def _organises(self, activity: Activity) -> bool:
        """Whether the caller works in the unit that organises it."""
        return any(grant.unit_id == activity.unit_id for grant in granting(self.user, "sign_up.write"))

    def _by(self, activity: Activity) -> Actor:
        return self.actor("sign_up.write", activity.unit_path)

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))
