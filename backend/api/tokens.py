"""Logging in and out. The view has no transaction of its own: a failure is counted and then told, so it must stay."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from backend.administration.log_in import LogInRefused, log_in, log_out
from backend.api.permissions import ANYONE, LOGGED_IN
from backend.api.resource import Resource
from backend.api.throttling import FailedLogIns
from backend.org.models import Token


class LogInSerializer(serializers.Serializer[Any]):
    """Name and password. `otp`: the second factor's code, for accounts that have one."""

    username = serializers.CharField(max_length=60)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True, write_only=True)


class TokenSerializer(serializers.Serializer[Any]):
    """Send it as `Authorization: Bearer <token>`. It is told once and stored nowhere."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


LOG_IN = OpenApiExample("log in", value={"username": "village", "password": "…"}, request_only=True)


class Tokens(Resource):
    """Bearer tokens."""

    model = Token
    serializer_class = TokenSerializer
    filter_backends = ()
    required_actions = {"create": ANYONE, "destroy": LOGGED_IN}
    never_kept: ClassVar[frozenset[str]] = frozenset({"create", "destroy"})
    open_before_password_change = frozenset({"create", "destroy"})

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Whoever logs in again may still send the token that has expired."""
        request: Request | None = getattr(self, "request", None)  # none while the schema is made
        return [] if request is not None and request.method == "POST" else super().get_authenticators()

    @extend_schema(
        summary="Log in", auth=[], request=LogInSerializer, responses={201: TokenSerializer}, examples=[LOG_IN]
    )
    def create(self, request: Request) -> Response:
        """A token for a name and a password. Wrong ones, unknown names and locked accounts get the same answer."""
        throttle = FailedLogIns()
        if not throttle.allow_request(request, self):
            self.throttled(request, throttle.wait() or 0)
        given = self.given(LogInSerializer)
        with transaction.atomic():
            issued = log_in(
                username=given["username"],
                password=given["password"],
                now=self.now,
                address=throttle.get_ident(request) or "",
                otp=given.get("otp", ""),
            )
        if issued is None:
            throttle.note_failure()
            raise LogInRefused
        answer = {"token": issued.plain, "expires_at": issued.token.expires_at}
        return Response(TokenSerializer(answer).data, status=201)

    @extend_schema(summary="Log out", responses={204: None})
    def destroy(self, request: Request) -> Response:
        """Revokes the token of this request."""
        with transaction.atomic():
            log_out(plain=str(request.auth), now=self.now)
        return Response(status=204)
