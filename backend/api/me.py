"""Who asks, and what that person may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.users import change_password
from backend.api.fields import Moment, RowSerializer, StrictSerializer, UnitRef, reference, short_texts
from backend.api.permissions import LOGGED_IN
from backend.api.resource import Resource
from backend.desk.preferences import preferences_of, set_preferences
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


class PreferencesSerializer(StrictSerializer):
    """What a person has set for the pages. Null takes a setting back."""

    inbox_columns = short_texts(20, required=False, allow_null=True, help_text="Columns of the inbox, in order.")
    today_since = Moment(required=False, allow_null=True, help_text="Since when “Today” tells what changed.")
    today_seen_at = Moment(required=False, allow_null=True, help_text="When “Today” was last looked at.")


class Me(Resource):
    """The caller."""

    model = User
    serializer_class = MeSerializer
    required_actions = {
        "retrieve": LOGGED_IN,
        "preferences": LOGGED_IN,
        "set_preferences": LOGGED_IN,
        "password": LOGGED_IN,
    }
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

    @extend_schema(summary="What I have set for the pages", responses=PreferencesSerializer)
    def preferences(self, request: Request) -> Response:
        """By name; what is not set is not there."""
        return Response(preferences_of(self.user))

    @extend_schema(
        summary="Set something for the pages", request=PreferencesSerializer, responses=PreferencesSerializer
    )
    def set_preferences(self, request: Request) -> Response:
        """What is not named stays as it is."""
        given = self.given(PreferencesSerializer)
        values = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}
        set_preferences(user=self.user, values=values)
        return self.preferences(request)

    @extend_schema(summary="Choose another password", request=PasswordSerializer, responses={204: None})
    def password(self, request: Request) -> Response:
        """All tokens end, this one too: log in again."""
        given = self.given(PasswordSerializer)
        change_password(user=self.user, old=given["old"], new=given["new"], now=self.now)
        return Response(status=204)
