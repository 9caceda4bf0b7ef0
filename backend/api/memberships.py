"""Who works where in which role, and who stands in for whom: rows with dates, that end and are never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict, cast
from uuid import UUID

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.deputies import appoint_deputy, can_stand_in, come_back, dismiss_deputy, take_days_away
from backend.administration.memberships import end_membership, grant_membership
from backend.api.fields import Day, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.permissions import Needed
from backend.api.resource import Resource
from backend.core.errors import StaleVersion
from backend.org.access import Actor, granting
from backend.org.models import Deputy, DeputyQuerySet, Membership, Unit, User, UserQuerySet
from backend.org.roles import ROLE_NAMES


class DatedFilters(Filters):
    """What every list of rows with a first and a last day is narrowed by."""

    current = YesNo(method="by_current", label="true: in force today.")

    def by_current(self, queryset: Any, name: str, value: bool) -> Any:
        """In force today, or not (any more, or yet)."""
        today = queryset.model.objects.all().on(timezone.localdate()).values("pk")
        return queryset.filter(pk__in=today) if value else queryset.exclude(pk__in=today)


class Dated(Resource):
    """What both have in common: read with the users, written by the security administrator, everywhere."""

    orderings = {"from_date": "from_date", "to_date": "to_date"}
    required_actions: ClassVar[Mapping[str, Needed]] = {
        "list": "user.read",
        "retrieve": "user.read",
        "create": "membership.write",
        "end": "membership.write",
    }

    def place_of(self, row: Any) -> None:
        """As with users: who may write some may write all, everywhere; but see Deputies._say."""


class EndSerializer(serializers.Serializer[Any]):
    """The first day on which it is over."""

    to_date = Day()


class AnyOf(django_filters.BaseInFilter, django_filters.UUIDFilter):  # type: ignore[misc]
    """One of several ids."""


class MembershipFilters(DatedFilters):
    """What the list of memberships is narrowed by."""

    user = django_filters.UUIDFilter(field_name="user_id")
    users = AnyOf(field_name="user_id", lookup_expr="in", label="Ids of users, with commas between them.")
    at = django_filters.UUIDFilter(field_name="unit_id", label="Id of a unit: memberships there, not below it.")
    role = django_filters.ChoiceFilter(choices=list(ROLE_NAMES.items()))
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: memberships there and below it.")


class MembershipSerializer(RowSerializer[Membership]):
    """A user works in a role at a unit, from a day (included) to a day (excluded)."""

    user = PersonRef()
    unit = UnitRef()

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "unit", "from_date", "to_date", "version")


class NewMembershipSerializer(StrictSerializer):
    """Who works where in which role, from when."""

    user = VisibleField(User)
    role = serializers.ChoiceField(choices=list(ROLE_NAMES.items()))
    unit = VisibleField(Unit)
    from_date = Day()
    to_date = Day(required=False, allow_null=True)


class EndWithReasonSerializer(EndSerializer):
    """The same, and why."""

    reason = Reason()


@extend_schema_view(list=extend_schema(summary="Memberships"), retrieve=extend_schema(summary="One membership"))
class Memberships(Dated):
    """Who works where in which role. Never deleted: it ends."""

    model = Membership
    serializer_class = MembershipSerializer
    filterset_class = MembershipFilters
    related = ("user", "unit")

    @extend_schema(summary="Give a role", request=NewMembershipSerializer, responses={201: MembershipSerializer})
    def create(self, request: Request) -> Response:
        """Not to oneself, and nobody holds two of the three administrations."""
        given = self.given(NewMembershipSerializer)
        made = grant_membership(**given, actor=self.actor("membership.write"), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End it", request=EndWithReasonSerializer, responses=MembershipSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The user works there up to that day (excluded)."""
        membership = self.get_object()
        given = self.given(EndWithReasonSerializer)
        expected = self.version()
        if expected is not None and expected != membership.version:
            raise StaleVersion
        actor = self.actor("membership.write")
        return Response(self.represent(end_membership(membership=membership, **given, actor=actor, now=self.now)))


class DeputyFilters(DatedFilters):
    """What the list of deputies is narrowed by."""

    absent = django_filters.UUIDFilter(field_name="absent_id")
    deputy = django_filters.UUIDFilter(field_name="deputy_id")


class DeputySerializer(RowSerializer[Deputy]):
    """Somebody stands in for somebody, from a day (included) to a day (excluded)."""

    absent = PersonRef()
    deputy = PersonRef()

    class Meta:
        model = Deputy
        fields = ("id", "absent", "deputy", "from_date", "to_date", "reason")


class NewDeputySerializer(StrictSerializer):
    """Who stands in for whom, from when, and why."""

    absent = VisibleField(User)
    deputy = VisibleField(User)
    from_date = Day()
    to_date = Day(required=False, allow_null=True, default=None)
    reason = Reason(max_length=200)


class ColleagueField(VisibleField):
    """The id of somebody who has the caller's role at the caller's place today."""

    def __init__(self, model: type[User] = User, **kwargs: Any) -> None:
        super().__init__(model, **kwargs)

    def get_queryset(self) -> UserQuerySet:
        """Without `user.read`: whom one works beside one knows."""
        return can_stand_in(self.context["request"].user, timezone.localdate())


class DaysAwaySerializer(StrictSerializer):
    """When the caller is away, who does the work meanwhile, and why."""

    deputy = ColleagueField()
    from_date = Day()
    to_date = Day()
    reason = Reason(max_length=200)


class _Say(TypedDict):
    """Who decides on deputies, and how far that reaches."""

    actor: Actor
    within: list[str] | None


@extend_schema_view(list=extend_schema(summary="Deputies"), retrieve=extend_schema(summary="One deputy"))
class Deputies(Dated):
    """Who stands in for whom: appointed by the security administrator, and by supervisors among their own people."""

    required_actions = {
        **Dated.required_actions,
        "create": ("membership.write", "deputy.write"),
        "end": ("membership.write", "deputy.write"),
    }
    model = Deputy
    serializer_class = DeputySerializer
    filterset_class = DeputyFilters
    related = ("absent", "deputy")

    @extend_schema(summary="Appoint a deputy", request=NewDeputySerializer, responses={201: DeputySerializer})
    def create(self, request: Request) -> Response:
        """The deputy holds the absent colleague's memberships meanwhile, administrators' duties apart."""
        given = self.given(NewDeputySerializer)
        made = appoint_deputy(**given, **self._say(), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End it", request=EndSerializer, responses=DeputySerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The standing in ends on that day (excluded)."""
        deputy = self.get_object()
        to_date = self.given(EndSerializer)["to_date"]
        ended = dismiss_deputy(deputy=deputy, to_date=to_date, **self._say(), now=self.now)
        return Response(self.represent(ended))

    def _say(self) -> _Say:
        """Who decides, and within which subtrees."""
        if granting(self.user, "membership.write"):
            return {"actor": self.actor("membership.write"), "within": None}
        within = [grant.path for grant in granting(self.user, "deputy.write")]
        return {"actor": self.actor("deputy.write"), "within": within}


@extend_schema_view(list=extend_schema(summary="My days away"), retrieve=extend_schema(summary="Some of my days away"))
class OwnDeputies(Resource):
    """When the caller is away and who stands in: recorded by oneself, among those who do the same work."""

    model = Deputy
    serializer_class = DeputySerializer
    filterset_class = DatedFilters
    related = ("absent", "deputy")
    orderings = Dated.orderings
    required_actions = dict.fromkeys(("list", "retrieve", "create", "end", "colleagues"), "own.deputy.write")

    def get_queryset(self) -> DeputyQuerySet:
        """Where the caller is the absent one."""
        rows = cast("DeputyQuerySet", super().get_queryset())
        return rows if getattr(self, "swagger_fake_view", False) else rows.filter(absent=self.user)

    def is_own(self, row: Any) -> bool:
        """All that is found here is."""
        return bool(row.absent_id == self.user.pk)

    @extend_schema(summary="Record days away", request=DaysAwaySerializer, responses={201: DeputySerializer})
    def create(self, request: Request) -> Response:
        """The colleague finds the caller's open work in the inbox meanwhile and does it in the caller's name."""
        given = self.given(DaysAwaySerializer)
        made = take_days_away(**given, absent=self.user, actor=self.actor("own.deputy.write"), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Back earlier", request=EndSerializer, responses=DeputySerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The caller is back on that day; with the first day away it is taken back."""
        row = self.get_object()
        to_date = self.given(EndSerializer)["to_date"]
        ended = come_back(deputy=row, to_date=to_date, actor=self.actor("own.deputy.write"), now=self.now)
        return Response(self.represent(ended))

    @extend_schema(summary="Who could stand in for me", responses=PersonRef(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def colleagues(self, request: Request) -> Response:
        """Everybody who has the caller's role at the caller's place today."""
        found = can_stand_in(self.user, timezone.localdate(self.now))
        return Response(PersonRef(found, many=True).data)
