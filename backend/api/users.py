"""Users: who logs in. Who works where in which role: see memberships."""

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
from backend.administration.users import (
    create_user,
    one_time_password,
    reset_password,
    reset_second_factor,
    update_user,
)
from backend.api.fields import Reason, RowSerializer, StrictSerializer
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.org.access import in_subtree
from backend.org.models import Membership, User
from backend.org.roles import OFFICE, ROLE_NAMES
from workflows import leavings


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
    colleague = YesNo(
        method="by_office", label="true: who works today in the office where the caller appoints deputies."
    )

    def by_text(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """What people search."""
        return queryset.filter(Q(name__contains=value) | Q(username__icontains=value))

    def by_office(self, queryset: QuerySet[User], name: str, value: bool) -> QuerySet[User]:
        """Those who can be given each other's work and stand in for each other, or all others."""
        here = in_subtree(self.request.user, "deputy.write", "unit__path")
        office = Membership.objects.on(timezone.localdate()).filter(here, role__in=OFFICE).values("user_id")
        return queryset.filter(pk__in=office) if value else queryset.exclude(pk__in=office)

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
        "reset_second_factor": "user.write",
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
        """Who is not active any more is logged out everywhere. Refused while work depends on them (see leavings)."""
        user = self.get_object()
        changes = self.given(UserChangeSerializer)
        reason = changes.pop("reason", "")
        if changes.get("is_active") is False and user.is_active:
            leavings.check_closing(user, day=timezone.localdate(self.now))
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

    @extend_schema(summary="Take a lost second factor away", request=WhySerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="reset-second-factor")
    def reset_second_factor(self, request: Request, pk: UUID) -> Response:
        """For who lost the device: sessions and tokens end, and a role that must have one is asked for a new one."""
        user = self.get_object()
        reason = self.given(WhySerializer)["reason"]
        reset_second_factor(user=user, actor=self.actor("user.write"), now=self.now, reason=reason)
        return Response(status=204)

    @extend_schema(summary="Log a user out everywhere", request=WhySerializer, responses=RevokedSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """Ends all the user's tokens and sessions."""
        user = self.get_object()
        reason = self.given(WhySerializer)["reason"]
        count = revoke_all(user=user, actor=self.actor("user.write"), now=self.now, reason=reason)
        return Response({"revoked": count})
