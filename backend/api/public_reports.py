"""Emergencies told without an account (E8): minimal facts in, a receipt and the numbers to call out, nothing else ever.

No session and no token is looked at, and only JSON is taken in: another site can make nobody's browser send this.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, StrictSerializer
from backend.api.permissions import ANYONE
from backend.api.resource import Resource
from backend.api.throttling import PublicReports as Limit
from backend.core.errors import FieldProblem, Invalid
from backend.emergencies import public
from backend.emergencies.models import Incident
from backend.org import codes
from backend.org.models import Unit
from workflows.emergencies import report_publicly

NUMBERS = ("120", "110", "119")
"""Whom to call at once: ambulance, police, fire brigade."""


class UnknownPlace(Invalid):
    """No town has this code."""

    code = "unknown_place"
    message = _("Choose a place of the list.")


class PublicReportSerializer(StrictSerializer):
    """Where, what, and if wanted a number to call back. `id`: made by the client; the same twice is one report."""

    id = serializers.UUIDField()
    place = serializers.CharField(max_length=12, help_text="Code of a town or neighbourhood.")
    kind = serializers.CharField(max_length=20, help_text="A code of the list emergency_kind.")
    where = serializers.CharField(max_length=200, help_text="Where exactly.")
    what = serializers.CharField(max_length=500, required=False, allow_blank=True)
    callback = serializers.RegexField(r"^[0-9+() -]{3,20}$", required=False, allow_blank=True)
    found_at = Moment(required=False, help_text="When it was written down, if there was no network; now, unless said.")


class ReportReceiptSerializer(serializers.Serializer[Any]):
    """It came in."""

    receipt = serializers.CharField()
    call = serializers.ListField(child=serializers.CharField())


class ReportPlaceSerializer(serializers.Serializer[Any]):
    """A town or neighbourhood."""

    code = serializers.CharField()
    name = serializers.CharField()
    within = serializers.CharField()


class EmergencyKindSerializer(serializers.Serializer[Any]):
    """A kind of emergency."""

    code = serializers.CharField()
    name = serializers.CharField()


@extend_schema_serializer(many=False)
class PublicReportFormSerializer(serializers.Serializer[Any]):
    """What can be chosen, and whom to call."""

    call = serializers.ListField(child=serializers.CharField())
    places = ReportPlaceSerializer(many=True)
    kinds = EmergencyKindSerializer(many=True)


REPORT = OpenApiExample(
    "smell of gas",
    value={
        "id": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "place": "120114122000", "kind": "fire", "where": "二组水井旁",
        "what": "闻到煤气味", "callback": "13800000000",
    },
    request_only=True,
)  # fmt: skip


class PublicReports(Resource):
    """Told by anybody, without an account."""

    model = Incident
    serializer_class = ReportReceiptSerializer
    filter_backends = ()
    parser_classes = (JSONParser,)
    required_actions = {"create": ANYONE, "list": ANYONE}
    never_kept: ClassVar[frozenset[str]] = frozenset({"create"})
    open_before_password_change = frozenset({"create", "list"})

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Nobody is asked who it is, and whoever is logged in is not noted."""
        return []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who reports stands in no log."""
        request._request.is_unnamed = True  # type: ignore[attr-defined]
        super().initial(request, *args, **kwargs)

    @extend_schema(summary="What can be reported without an account", auth=[], responses=PublicReportFormSerializer)
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Places and kinds, the same for everybody, and whom to call first."""
        today = timezone.localdate(self.now)
        towns = [{"code": unit.code, "name": unit.name, "within": _within(unit)} for unit in public.places(today)]
        chosen = codes.choices("emergency_kind", day=today)
        kinds = [{"code": code, "name": entry.name()} for code, entry in chosen.items()]
        return Response({"call": NUMBERS, "places": towns, "kinds": kinds})

    @extend_schema(
        summary="Report an emergency without an account",
        auth=[],
        request=PublicReportSerializer,
        responses={201: ReportReceiptSerializer},
        examples=[REPORT],
    )
    def create(self, request: Request) -> Response:
        """Call first. It is put before whoever is on duty in that place, unverified; a receipt comes back, no data."""
        limit = Limit()
        if not limit.allow_request(request, self):
            self.throttled(request, limit.wait() or 0)
        given = self.given(PublicReportSerializer)
        place = public.place_named(given["place"], timezone.localdate(self.now))
        if place is None:
            raise UnknownPlace([FieldProblem("/place", UnknownPlace.code, UnknownPlace.message)])
        row = report_publicly(
            id=given["id"], place=place, kind=given["kind"], where=given["where"], what=given.get("what", ""),
            callback=given.get("callback", ""), found_at=given.get("found_at", self.now), now=self.now,
        )  # fmt: skip
        return Response({"receipt": row.public_receipt, "call": NUMBERS}, status=201)


def _within(unit: Unit) -> str:
    return unit.parent.name if unit.parent is not None else ""
