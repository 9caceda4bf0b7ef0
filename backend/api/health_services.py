"""Health services: asked for by anybody of the office, read by the role that works on them, one person at a time.

There is no list over people: a list takes the person and nothing else. Reading is an event, being refused is one too
(backend.api.refusals). The work itself comes as work items, without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import PersonRef, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.resource import Resource
from backend.cases.models import Person
from backend.core.errors import NotAllowed
from backend.health import services as health
from backend.health.hospitals import hospitals
from backend.health.models import HealthService
from backend.health.services import Asked
from backend.org.access import may
from backend.org.models import Unit
from workflows.health import ask_for, decline


class HealthServiceSerializer(RowSerializer[HealthService]):
    """A service and how far it has come. Of what the hospital found there is nothing: three times yes or no."""

    person = PersonRef(allow_null=True)
    hospital = UnitRef(allow_null=True)
    asked_at = serializers.DateTimeField(source="created_at")
    decided_by = serializers.CharField(source="decided_label")

    class Meta:
        model = HealthService
        fields = (
            "id", "number", "kind", "person", "hospital", "asked_at", "company", "voucher", "green", "expires_at",
            "appointment_at", "company_by", "attended", "returned", "follow_up", "counselling", "handed_out",
            "discount", "link", "doctor", "contract_from", "contract_to", "decided_by", "outcome", "closed_at",
            "version",
        )  # fmt: skip


class AskedSerializer(StrictSerializer):
    """What somebody asks for, and says about it."""

    person = VisibleField(Person)
    kind = serializers.ChoiceField(choices=HealthService.Kind.choices)
    residence_months = serializers.IntegerField(
        min_value=0, max_value=1200, default=0, help_text="Since when the person lives here; registration is not asked."
    )
    planning = serializers.BooleanField(default=False, help_text="A pregnancy is planned or has begun, as they say.")
    had_before = serializers.BooleanField(
        default=False, help_text="Had it for this birth or in this round, as they say."
    )
    hospital = serializers.UUIDField(required=False, allow_null=True, help_text="A designated hospital: hospitals/.")
    company = serializers.BooleanField(default=False, help_text="Wants company on the way to the hospital.")


class TakenInSerializer(serializers.Serializer[Any]):
    """What is told to whoever took it in: the number to tell the person, and nothing else."""

    number = serializers.CharField()


class HospitalSerializer(serializers.Serializer[Any]):
    """Hospitals that can be asked for a time."""

    results = UnitRef(many=True)


PERSON = OpenApiParameter("person", UUID, required=True, description="Whose: one person, never more.")
ASKED = OpenApiExample(
    "asked",
    value={
        "person": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "pre_conception", "residence_months": 30,
        "planning": True, "hospital": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c12",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(retrieve=extend_schema(summary="One health service"))
class HealthServices(Resource):
    """Voluntary health services."""

    model = HealthService
    serializer_class = HealthServiceSerializer
    related = ("person", "place", "hospital")
    refusals_are_kept: ClassVar[bool] = True
    required_actions = {
        "list": "health.read",
        "retrieve": "health.read",
        "decline": "health.read",
        "create": "health.write",
        "hospitals": "health.write",
    }

    @extend_schema(summary="One person's health services", parameters=[PERSON], filters=False)
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Of exactly one person; that they were read goes to history."""
        person = self._person("health.read")
        rows: QuerySet[HealthService] = self.get_queryset().filter(person=person).order_by("-created_at", "-id")
        found = list(rows)
        self._told(found, person.family.unit)
        return Response({"next": None, "previous": None, "results": [self.represent(row) for row in found]})

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One service; that it was read goes to history."""
        row = self.get_object()
        self._told([row], row.place)
        return Response(self.represent(row))

    @extend_schema(
        summary="Ask for a health service",
        request=AskedSerializer,
        responses={201: TakenInSerializer},
        examples=[ASKED],
    )
    def create(self, request: Request) -> Response:
        """Nothing happens before the person has agreed: the caseworker explains it and asks."""
        given = self.given(AskedSerializer)
        person: Person = given["person"]
        place = person.family.unit
        if not may(self.user, "health.write", path=place.path):
            raise NotAllowed
        # A hospital is no secret: whoever asks may name one that lies outside of what they see.
        given["hospital"] = _hospital(given.pop("hospital", None))
        service = ask_for(asked=Asked(**given), actor=self.actor("health.write", place.path), now=self.now)
        return Response({"number": service.number}, status=201)

    @extend_schema(summary="The person wants it no more", request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: UUID) -> Response:
        """At once and without a reason; nothing is kept of it."""
        row = self.get_object()
        decline(service=row, actor=self.actor("health.read", row.unit_path), now=self.now)
        return Response(status=204)

    @extend_schema(
        summary="Hospitals that can be asked for a time",
        parameters=[PERSON],
        filters=False,
        responses=HospitalSerializer,
    )
    @action(detail=False, methods=["get"])
    def hospitals(self, request: Request) -> Response:
        """Designated ones of the person's county for which somebody answers today."""
        place = self._person("health.write").family.unit
        found = hospitals(place, timezone.localdate(self.now))
        return Response({"results": [{"id": unit.pk, "name": unit.name} for unit in found]})

    def _person(self, action: str) -> Person:
        """The one person asked about. Raises InvalidParameters, Http404 for a stranger's."""
        if unknown := set(self.request.query_params) - {"person"}:
            raise parameter_error(min(unknown)[:40], "unknown_parameter", _("There is no such parameter."))
        try:
            pk = UUID(self.request.query_params.get("person", ""))
        except ValueError:
            raise parameter_error("person", "person_needed", _("Say whose: there is no list over people.")) from None
        person: Person = get_object_or_404(Person.objects.visible_to(self.user).select_related("family__unit"), pk=pk)
        if not may(self.user, action, path=person.family.unit.path):
            raise NotAllowed
        return person

    def _told(self, rows: Sequence[HealthService], place: Unit) -> None:
        health.tell_read(rows=rows, actor=self.actor("health.read", place.path), path=place.path, now=self.now)


def _hospital(pk: UUID | None) -> Unit | None:
    """The unit with this id, if there is one."""
    return Unit.objects.filter(pk=pk).first() if pk else None
