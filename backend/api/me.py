"""Who asks, and what that person may do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.users import change_password
from backend.api.fields import RowSerializer, UnitRef, reference
from backend.api.permissions import LOGGED_IN
from backend.api.resource import Resource
from backend.org.access import actions, grants
from backend.org.models import User
from backend.org.roles import ROLE_NAMES


class MyselfSerializer(RowSerializer[User]):
    """The caller's account."""

    class Meta:
        model = User
        fields = ("id", "username", "name", "email", "language", "must_change_password", "version")


class HeldSerializer(serializers.Serializer[Any]):
    """A role at a unit, in force today."""

    role = serializers.CharField()
    role_name = serializers.CharField()
    unit = UnitRef()
    on_behalf_of = serializers.CharField(allow_blank=True, help_text="Name of the colleague one stands in for.")


class MeSerializer(serializers.Serializer[Any]):
    """User, memberships in force today (with those of colleagues one stands in for), and everything these allow."""

    user = MyselfSerializer()
    memberships = HeldSerializer(many=True)
    actions = serializers.ListField(child=serializers.CharField())


class PasswordSerializer(serializers.Serializer[Any]):
    """The password that was, and the one that shall be."""

    old = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
    new = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)


class Me(Resource):
    """The caller."""

    model = User
    serializer_class = MeSerializer
    required_actions = {"retrieve": LOGGED_IN, "password": LOGGED_IN}
    never_kept = frozenset({"password"})
    open_before_password_change = frozenset({"retrieve", "password"})
    pagination_class = None
    filter_backends = ()

    @extend_schema(summary="Who am I and what may I do", responses=MeSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """User, memberships, actions."""
        held = [
            {
                "role": grant.role,
                "role_name": str(ROLE_NAMES[grant.role]),
                "unit": reference(grant.unit_id, grant.unit_name),
                "on_behalf_of": grant.on_behalf_of,
            }
            for grant in grants(self.user)
        ]
        user = MyselfSerializer(self.user).data
        return Response({"user": user, "memberships": held, "actions": actions(self.user)})

    @extend_schema(summary="Choose another password", request=PasswordSerializer, responses={204: None})
    def password(self, request: Request) -> Response:
        """All tokens end, this one too: log in again."""
        given = self.given(PasswordSerializer)
        change_password(user=self.user, old=given["old"], new=given["new"], now=self.now)
        return Response(status=204)
