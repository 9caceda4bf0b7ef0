"""What a telephone takes along to where there is no network, in one answer: only what visits need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.answers import VISITS, form_schema, visit_form
from backend.api.families import ContactSerializer
from backend.api.fields import RowSerializer
from backend.api.resource import Resource
from backend.api.submissions import SubmissionDetailSerializer, Submissions
from backend.cases.models import Case, Family
from backend.cases.surveys import answers_of, families_with_photo_consent
from backend.helpers.models import Pairing
from backend.org.access import may
from backend.visits import coming
from backend.visits.models import Visit


class PlaceToVisitSerializer(serializers.Serializer[Any]):
    """A family to visit: where, whom, how to reach them, and whom to call when something is wrong."""

    case = serializers.UUIDField()
    pairing = serializers.UUIDField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    address = serializers.CharField(allow_blank=True)
    languages = serializers.ListField(child=serializers.CharField())
    willingness = serializers.ChoiceField(choices=Family.Willingness.choices)
    contacts = ContactSerializer(many=True)
    emergency_contact = serializers.CharField(allow_blank=True)
    emergency_phone = serializers.CharField(allow_blank=True)
    office_phone = serializers.CharField(allow_blank=True)
    photo_allowed = serializers.BooleanField(help_text="The family's consent in force covers photographs.")


class TakenVisitSerializer(RowSerializer[Visit]):
    """A visit to make, or one recorded lately. `answers`: of an own record, for corrections."""

    case = serializers.UUIDField(source="case_id")
    pairing = serializers.UUIDField(source="pairing_id", allow_null=True)
    recorded_version = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()

    class Meta:
        model = Visit
        fields = (
            "id", "case", "pairing", "state", "planned_for", "opens_at", "due_at", "channel", "started_at",
            "recorded_version", "answers",
        )  # fmt: skip

    def get_recorded_version(self, visit: Visit) -> int | None:
        """The version of its record; null while there is none."""
        return visit.version if visit.is_recorded else None

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_answers(self, visit: Visit) -> dict[str, Any] | None:
        """The record, for who wrote it or may read all of them."""
        user = self.context["view"].user
        if not visit.is_recorded or not (
            visit.is_written_by(user) or may(user, "visit.read", path=visit.case.unit_path)
        ):
            return None
        return answers_of(visit.answers)


class ComingSerializer(serializers.Serializer[Any]):
    """Visits to make and recorded lately, their families, what waits for a decision, and the form."""

    as_of = serializers.DateTimeField()
    form = serializers.DictField(child=serializers.JSONField(), help_text="JSON Schema of a visit's record.")
    families = PlaceToVisitSerializer(many=True)
    visits = TakenVisitSerializer(many=True)
    conflicts = SubmissionDetailSerializer(many=True)


class Coming(Resource):
    """The visits that somebody has to make."""

    model = Visit
    serializer_class = ComingSerializer
    required_actions = {"retrieve": ("visit.write", "own.visit.write")}

    @extend_schema(summary="What to take along", responses=ComingSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """A helper's own visits, or those that a village worker makes in a helper's place; 60 of each at most."""
        visits = [*coming.to_be_made(self.user), *coming.recorded_lately(self.user, self.now)]
        pairings = list(coming.pairings_of(self.user, timezone.localdate(self.now)))
        context = self.get_serializer_context()
        return Response(
            {
                "as_of": self.now,
                "form": form_schema(VISITS, visit_form(self.user), get_language() or ""),
                "families": self._families(visits, pairings),
                "visits": TakenVisitSerializer(visits, many=True, context=context).data,
                "conflicts": self._conflicts(),
            }
        )

    def _families(self, visits: Iterable[Visit], pairings: Iterable[Pairing]) -> list[dict[str, Any]]:
        """Each case once: a helper's own pairings, and wherever else a visit is to be made."""
        places: dict[UUID, tuple[Case, Family, UUID | None]] = {
            pairing.case_id: (pairing.case, pairing.family, pairing.pk) for pairing in pairings
        }
        for visit in visits:
            places.setdefault(visit.case_id, (visit.case, visit.family, visit.pairing_id))
        allowed = families_with_photo_consent(family.pk for _case, family, _pairing in places.values())
        return [self._family(case, family, pairing, family.pk in allowed) for case, family, pairing in places.values()]

    def _family(self, case: Case, family: Family, pairing: UUID | None, photo_allowed: bool) -> dict[str, Any]:
        told = {
            "case": case.pk,
            "pairing": pairing,
            "label": family.label,
            "address": family.live_address,
            "languages": family.languages,
            "willingness": family.willingness,
            "contacts": [{"name": person.name, "phone": person.phone} for person in family.persons.all()],
            "emergency_contact": family.emergency_contact,
            "emergency_phone": family.emergency_phone,
            "office_phone": coming.office_phone(case.unit_path, timezone.localdate(self.now)),
            "photo_allowed": photo_allowed,
        }
        return dict(PlaceToVisitSerializer(told).data)

    def _conflicts(self) -> list[dict[str, Any]]:
        """Own submissions that wait for a decision, as their resource shows them."""
        rows = coming.open_conflicts(self.user)
        view = Submissions(request=self.request, kwargs={}, action="retrieve", format_kwarg=None)
        return list(SubmissionDetailSerializer(rows, many=True, context={"view": view, "request": self.request}).data)
