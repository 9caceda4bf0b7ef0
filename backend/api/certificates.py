"""Certificates of hours: asked for, objected to, revoked; and open to anybody who has the number.

Checked and signed as work items of the process `hours_certificate`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import certificates
from backend.activities.models import Certificate
from backend.api.fields import Day, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters
from backend.api.hours import HelperMissing
from backend.api.permissions import ANYONE
from backend.api.resource import Resource
from backend.core.errors import FieldProblem, NotAllowed
from backend.helpers.models import Helper
from backend.helpers.pairings import check_reason
from backend.org.access import may
from workflows.certificates import ask_for, object_to

UNKNOWN = "unknown"


class CertificateFilters(Filters):
    """What the list of certificates is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Certificate.State.choices)
    helper = django_filters.UUIDFilter(field_name="helper_id")


class CertificateSerializer(RowSerializer[Certificate]):
    """A certificate. `whole`: the row still says what was signed."""

    helper = PersonRef()
    volunteer_number = serializers.CharField(source="helper.number")
    unit = UnitRef()
    hours = serializers.SerializerMethodField()
    handled_by = serializers.CharField(source="handled_label")
    signed_by = serializers.CharField(source="signed_label")
    whole = serializers.SerializerMethodField()

    class Meta:
        model = Certificate
        fields = (
            "id", "number", "helper", "volunteer_number", "name", "unit", "from_date", "to_date", "hours", "state",
            "due_at", "announced_from", "announced_until", "handled_by", "signed_by", "issued_on", "digest", "whole",
            "refused_because", "revoked_on", "revoked_because", "version",
        )  # fmt: skip

    def get_hours(self, row: Certificate) -> float:
        """In halves."""
        return row.half_hours / 2

    def get_whole(self, row: Certificate) -> bool:
        """Nothing of it was changed after it was signed."""
        return not row.digest or certificates.is_whole(row)


class NewCertificateSerializer(StrictSerializer):
    """Which days are to be certified. Without a helper: one's own hours."""

    helper = VisibleField(Helper, required=False, allow_null=True)
    from_date = Day()
    to_date = Day()


class ObjectionSerializer(StrictSerializer):
    """What somebody objects."""

    reason = Reason()


class RevocationSerializer(StrictSerializer):
    """Why it is valid no more."""

    reason = serializers.CharField(max_length=40, help_text="A code of the list revocation_reason.")


class CheckedSerializer(serializers.Serializer[Any]):
    """What anybody may know who has the number: what stands on the paper, the name masked."""

    number = serializers.CharField()
    state = serializers.ChoiceField(choices=["valid", "revoked", UNKNOWN])
    name = serializers.CharField(help_text="Masked.")
    hours = serializers.FloatField(allow_null=True)
    from_date = serializers.DateField(allow_null=True)
    to_date = serializers.DateField(allow_null=True)
    issuer = serializers.CharField()
    issued_on = serializers.DateField(allow_null=True)
    revoked_on = serializers.DateField(allow_null=True)
    digest = serializers.CharField()


@extend_schema_view(
    list=extend_schema(summary="Certificates of hours"), retrieve=extend_schema(summary="One certificate")
)
class Certificates(Resource):
    """Certificates of hours."""

    model = Certificate
    serializer_class = CertificateSerializer
    filterset_class = CertificateFilters
    related = ("helper", "unit")
    orderings = {"number": "number"}
    ordering = "-id"
    required_actions = {
        "list": ("certificate.read", "own.certificate.read"),
        "retrieve": ("certificate.read", "own.certificate.read"),
        "create": ("certificate.write", "own.certificate.write"),
        "objection": "certificate.write",
        "revoke": "certificate.revoke",
        "check": ANYONE,
    }

    def is_own(self, row: Certificate) -> bool:
        """Whether it certifies the caller's hours."""
        return row.helper.user_id == self.user.pk

    @extend_schema(
        summary="Ask for a certificate", request=NewCertificateSerializer, responses={201: CertificateSerializer}
    )
    def create(self, request: Request) -> Response:
        """The township checks the hours, announces it for some days, and another person signs."""
        given = self.given(NewCertificateSerializer)
        helper = self._whose(given.pop("helper", None))
        action_ = "own.certificate.write" if helper.user_id == self.user.pk else "certificate.write"
        row = ask_for(helper=helper, **given, actor=self.actor(action_, helper.unit.path), now=self.now)
        return Response(self.represent(self._again(row)), status=201)

    @extend_schema(summary="Object while announced", request=ObjectionSerializer, responses=CertificateSerializer)
    @action(detail=True, methods=["post"])
    def objection(self, request: Request, pk: UUID) -> Response:
        """The office writes down what a member says; it is settled before anything is signed."""
        row: Certificate = self.get_object()
        text = self.given(ObjectionSerializer)["reason"]
        object_to(certificate=row, text=text, actor=self.actor("certificate.write", row.unit_path), now=self.now)
        return Response(self.represent(self._again(row)))

    @extend_schema(summary="Revoke", request=RevocationSerializer, responses=CertificateSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """Whoever checks the number sees it from now on."""
        row: Certificate = self.get_object()
        reason = self.given(RevocationSerializer)["reason"]
        check_reason("revocation_reason", reason)
        actor = self.actor("certificate.revoke", row.unit_path)
        certificates.revoke(certificate=row, reason=reason, actor=actor, now=self.now)
        return Response(self.represent(self._again(row)))

    @extend_schema(
        summary="Check a number",
        parameters=[OpenApiParameter("number", str, description="As it stands on the paper.")],
        responses=CheckedSerializer,
        filters=False,
        auth=[],
    )
    @action(detail=False, pagination_class=None, filterset_class=None, authentication_classes=[])
    def check(self, request: Request) -> Response:
        """Without logging in: valid, revoked or unknown, and no more than the paper says."""
        number = request.query_params.get("number", "")[:60]
        row = certificates.checked(number) if number.strip() else None
        return Response(CheckedSerializer(_public(number, row)).data)

    def _whose(self, asked: Helper | None) -> Helper:
        """The caller's own entry, or somebody's at a place where the caller asks for others. Raises NotAllowed."""
        own = Helper.objects.filter(user=self.user).select_related("unit__parent").first()
        helper = asked or own
        if helper is None:
            raise HelperMissing([FieldProblem("/helper", HelperMissing.code, HelperMissing.message)])
        is_own = own is not None and helper.pk == own.pk and may(self.user, "own.certificate.write")
        if not is_own and not may(self.user, "certificate.write", path=helper.unit.path):
            raise NotAllowed
        return helper

    def _again(self, row: Certificate) -> Certificate:
        return Certificate.objects.select_related(*self.related).get(pk=row.pk)


def _public(number: str, row: Certificate | None) -> dict[str, Any]:
    """What the paper says, and nothing that is not on it."""
    if row is None:
        nothing = dict.fromkeys(("hours", "from_date", "to_date", "issued_on", "revoked_on"))
        return {"number": number.strip(), "state": UNKNOWN, "name": "", "issuer": "", "digest": "", **nothing}
    return {
        "number": row.number,
        "state": "valid" if row.state == Certificate.State.ISSUED else "revoked",
        "name": certificates.masked(row.name),
        "hours": row.half_hours / 2,
        "from_date": row.from_date,
        "to_date": row.to_date,
        "issuer": row.unit.name,
        "issued_on": row.issued_on,
        "revoked_on": row.revoked_on,
        "digest": row.digest,
    }
