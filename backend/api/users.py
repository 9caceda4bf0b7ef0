"""Users, who works where in which role, and who stands in for whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.log_in import revoke_all
from backend.administration.memberships import appoint_deputy, dismiss_deputy, end_membership, grant_membership
from backend.administration.users import create_user, one_time_password, reset_password, update_user
from backend.api.fields import Day, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.core.errors import StaleVersion
from backend.org.models import Deputy, Membership, Unit, User
from backend.org.roles import ROLE_NAMES


class WorksAt(Subtree):
    """Who works at a unit or below it today."""

    def within(self, qs: QuerySet[User], path: str) -> QuerySet[User]:
        """By memberships that the caller may see."""
        held = Membership.objects.visible_to(self.parent.request.user).on(timezone.localdate())
        return qs.filter(pk__in=held.filter(unit__path__startswith=path).values("user_id"))


class UserFilters(Filters):
    """What the list of users is narrowed by."""

    q = django_filters.CharFilter(method="by_text", max_length=60, label="Part of the name or user name.")
    username = django_filters.CharFilter(max_length=60)
    active = YesNo(field_name="is_active")
    role = django_filters.ChoiceFilter(method="by_role", choices=list(ROLE_NAMES.items()))
    unit = WorksAt(label="Id or code of a unit: who works there or below it today.")

    def by_text(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """What people search."""
        return queryset.filter(Q(name__contains=value) | Q(username__icontains=value))

    def by_role(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Who has this role today, somewhere that the caller may look."""
        held = Membership.objects.visible_to(self.request.user).on(timezone.localdate()).filter(role=value)
        return queryset.filter(pk__in=held.values("user_id"))


class UserSerializer(RowSerializer[User]):
    """A user."""

    class Meta:
        model = User
        fields = ("id", "username", "name", "email", "language", "is_active", "created_at", "version")


class NewUserSerializer(StrictSerializer):
    """A new account; it gets a one-time password."""

    username = serializers.RegexField(r"^[\w.@-]{1,60}\Z", help_text="Letters, digits and . @ - _; never given twice.")
    name = serializers.CharField(max_length=60)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


class UserChangeSerializer(StrictSerializer):
    """What may be changed."""

    name = serializers.CharField(max_length=60, required=False)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    is_active = serializers.BooleanField(required=False)
    reason = Reason(required=False, allow_blank=True)


class OneTimePasswordSerializer(serializers.Serializer[Any]):
    """A password to hand over by voice; told once, changed at the first log-in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    one_time_password = serializers.CharField()


class WhySerializer(serializers.Serializer[Any]):
    """Why."""

    reason = Reason()


class RevokedSerializer(serializers.Serializer[Any]):
    """How many tokens were in force."""

    revoked = serializers.IntegerField()


@extend_schema_view(list=extend_schema(summary="Users"), retrieve=extend_schema(summary="One user"))
class Users(Resource):
    """Who logs in. What a user may do follows from memberships."""

    model = User
    serializer_class = UserSerializer
    filterset_class = UserFilters
    orderings = {"username": "username", "name": "name"}
    required_actions = {
        "list": "user.read",
        "retrieve": "user.read",
        "create": "user.write",
        "partial_update": "user.write",
        "reset_password": "user.write",
        "revoke": "user.write",
    }
    never_kept = frozenset({"create", "reset_password"})

    def place_of(self, row: User) -> None:
        """Accounts belong to no place: who may change some may change all (the security administrator)."""

    @extend_schema(summary="Make a user", request=NewUserSerializer, responses={201: OneTimePasswordSerializer})
    def create(self, request: Request) -> Response:
        """The account can do nothing until a membership says so."""
        given = self.given(NewUserSerializer)
        password = one_time_password()
        user = create_user(**given, password=password, actor=self.actor("user.write"), now=self.now)
        answer = {"id": str(user.pk), "username": user.username, "one_time_password": password}
        return Response(answer, status=201)

    @extend_schema(summary="Change a user", request=UserChangeSerializer, responses=UserSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Who is not active any more is logged out everywhere."""
        user = self.get_object()
        changes = self.given(UserChangeSerializer)
        reason = changes.pop("reason", "")
        changed = update_user(
            user=user,
            changes=changes,
            actor=self.actor("user.write"),
            now=self.now,
            version=self.version(),
            reason=reason,
        )
        return Response(self.represent(changed))

    @extend_schema(summary="A new one-time password", request=None, responses=OneTimePasswordSerializer)
    @action(detail=True, methods=["post"], url_path="reset-password")
    def reset_password(self, request: Request, pk: UUID) -> Response:
        """For who forgot it; a lock-out and all tokens end."""
        user = self.get_object()
        fresh = reset_password(user=user, actor=self.actor("user.write"), now=self.now)
        return Response({"id": str(user.pk), "username": user.username, "one_time_password": fresh})

    @extend_schema(summary="Log a user out everywhere", request=WhySerializer, responses=RevokedSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """Ends all the user's tokens."""
        user = self.get_object()
        reason = self.given(WhySerializer)["reason"]
        count = revoke_all(user=user, actor=self.actor("user.write"), now=self.now, reason=reason)
        return Response({"revoked": count})


class MembershipFilters(Filters):
    """What the list of memberships is narrowed by."""

    user = django_filters.UUIDFilter(field_name="user_id")
    role = django_filters.ChoiceFilter(choices=list(ROLE_NAMES.items()))
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: memberships there and below it.")
    current = YesNo(method="by_current", label="true: in force today.")

    def by_current(self, queryset: Any, name: str, value: bool) -> Any:
        """In force today, or not (any more, or yet)."""
        today = Membership.objects.all().on(timezone.localdate())
        return queryset.filter(pk__in=today.values("pk")) if value else queryset.exclude(pk__in=today.values("pk"))


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


class EndSerializer(serializers.Serializer[Any]):
    """The first day on which it is over, and why."""

    to_date = Day()
    reason = Reason()


@extend_schema_view(list=extend_schema(summary="Memberships"), retrieve=extend_schema(summary="One membership"))
class Memberships(Resource):
    """Who works where in which role. Never deleted: it ends."""

    model = Membership
    serializer_class = MembershipSerializer
    filterset_class = MembershipFilters
    related = ("user", "unit")
    orderings = {"from_date": "from_date", "to_date": "to_date"}
    required_actions = {
        "list": "user.read",
        "retrieve": "user.read",
        "create": "membership.write",
        "end": "membership.write",
    }

    def place_of(self, row: Membership) -> None:
        """As with users: the security administrator's, everywhere."""

    @extend_schema(summary="Give a role", request=NewMembershipSerializer, responses={201: MembershipSerializer})
    def create(self, request: Request) -> Response:
        """Not to oneself, and nobody holds two of the three administrations."""
        given = self.given(NewMembershipSerializer)
        made = grant_membership(**given, actor=self.actor("membership.write"), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End it", request=EndSerializer, responses=MembershipSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The user works there up to that day (excluded)."""
        membership = self.get_object()
        given = self.given(EndSerializer)
        expected = self.version()
        if expected is not None and expected != membership.version:
            raise StaleVersion
        actor = self.actor("membership.write")
        return Response(self.represent(end_membership(membership=membership, **given, actor=actor, now=self.now)))


class DeputyFilters(Filters):
    """What the list of deputies is narrowed by."""

    absent = django_filters.UUIDFilter(field_name="absent_id")
    deputy = django_filters.UUIDFilter(field_name="deputy_id")
    current = YesNo(method="by_current", label="true: in force today.")

    def by_current(self, queryset: Any, name: str, value: bool) -> Any:
        """In force today, or not (any more, or yet)."""
        today = Deputy.objects.all().on(timezone.localdate())
        return queryset.filter(pk__in=today.values("pk")) if value else queryset.exclude(pk__in=today.values("pk"))


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


class DismissSerializer(serializers.Serializer[Any]):
    """The first day on which it is over."""

    to_date = Day()


@extend_schema_view(list=extend_schema(summary="Deputies"), retrieve=extend_schema(summary="One deputy"))
class Deputies(Resource):
    """Who stands in for whom."""

    model = Deputy
    serializer_class = DeputySerializer
    filterset_class = DeputyFilters
    related = ("absent", "deputy")
    orderings = {"from_date": "from_date", "to_date": "to_date"}
    required_actions = {
        "list": "user.read",
        "retrieve": "user.read",
        "create": "membership.write",
        "end": "membership.write",
    }

    def place_of(self, row: Deputy) -> None:
        """As with users: the security administrator's, everywhere."""

    @extend_schema(summary="Appoint a deputy", request=NewDeputySerializer, responses={201: DeputySerializer})
    def create(self, request: Request) -> Response:
        """The deputy holds the absent colleague's memberships meanwhile, administrators' duties apart."""
        given = self.given(NewDeputySerializer)
        made = appoint_deputy(**given, actor=self.actor("membership.write"), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End it", request=DismissSerializer, responses=DeputySerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """The standing in ends on that day (excluded)."""
        deputy = self.get_object()
        to_date = self.given(DismissSerializer)["to_date"]
        actor = self.actor("membership.write")
        return Response(self.represent(dismiss_deputy(deputy=deputy, to_date=to_date, actor=actor, now=self.now)))
