"""Visits: planned and done contacts. A record made on a telephone brings its own id: sent twice, it is one visit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import (
    OpenApiExample,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.answers import VISITS, WHOLE_RECORD, check_form, plain, pointing, visit_form
from backend.api.fields import Answers, Moment, Reason, RowSerializer, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.cases.models import Case, visible_families
from backend.cases.surveys import answers_of
from backend.core.errors import NotAllowed
from backend.emergencies.models import Incident
from backend.helpers.models import Pairing
from backend.org.access import granting, in_subtree, may
from backend.visits.handover import shared_notes
from backend.visits.models import Visit, overdue
from backend.visits.visits import amend_visit, record_contact


class VisitFilters(Filters):
    """What the list of visits is narrowed by."""

    open_to_all = frozenset({"state", "planned_from", "planned_before", "due_before", "overdue"})

    state = django_filters.ChoiceFilter(choices=Visit.State.choices)
    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="family_id")
    helper = django_filters.UUIDFilter(field_name="helper_id")
    pairing = django_filters.UUIDFilter(field_name="pairing_id")
    unit = Subtree(field_name="case__unit_path", label="Id or code of a unit: visits to its families and those below.")
    red_flag = django_filters.CharFilter(method="by_flag", max_length=30)
    late = YesNo(field_name="is_late")
    planned_from = django_filters.DateFilter(field_name="planned_for", lookup_expr="gte")
    planned_before = django_filters.DateFilter(field_name="planned_for", lookup_expr="lt")
    due_before = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    overdue = YesNo(method="by_overdue")

    def by_overdue(self, queryset: QuerySet[Visit], name: str, value: bool) -> QuerySet[Visit]:
        """Planned ones whose time has passed, or all others."""
        condition = overdue(self.request.parser_context["view"].now)
        return queryset.filter(condition) if value else queryset.exclude(condition)

    def by_flag(self, queryset: QuerySet[Visit], name: str, value: str) -> QuerySet[Visit]:
        """Visits that raised this flag, among those whose flags the caller is told."""
        told = in_subtree(self.request.user, "person.care", "case__unit_path")
        return queryset.filter(told, red_flags__contains=[value])


class OwnVisitSerializer(RowSerializer[Visit]):
    """A visit as the helper who makes it sees it; the family has a name only while the pairing lasts."""

    family = serializers.SerializerMethodField()
    pairing = serializers.UUIDField(source="pairing_id", allow_null=True)
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = Visit
        fields = (
            "id", "family", "pairing", "state", "planned_for", "due_at", "overdue", "paused_at", "started_at",
            "ended_at", "channel", "recorded_at", "is_late", "late_reason", "is_extra", "next_on", "version",
        )  # fmt: skip

    def get_overdue(self, visit: Visit) -> bool:
        """Planned, and nobody came by its time."""
        return visit.is_overdue(self.context["view"].now)

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, visit: Visit) -> dict[str, Any] | None:
        """{id, label} while the caller may know the family."""
        view = self.context["view"]
        if not (view.is_seen_in_full(visit) or getattr(visit, "family_is_own", False)):
            return None
        return {"id": str(visit.family_id), "label": visit.family.label}


class SharedNoteSerializer(serializers.Serializer[Any]):
    """What somebody who came before lets the helper know."""

    visited_on = serializers.DateField()
    note = serializers.CharField()


class OwnVisitDetailSerializer(OwnVisitSerializer):
    """A visit as its helper sees it, with notes that those who came before share (only while the pairing lasts)."""

    shared_notes = serializers.SerializerMethodField()

    class Meta(OwnVisitSerializer.Meta):
        fields = (*OwnVisitSerializer.Meta.fields, "shared_notes")  # type: ignore[assignment]

    @extend_schema_field(SharedNoteSerializer(many=True))
    def get_shared_notes(self, visit: Visit) -> list[dict[str, Any]]:
        """The newest first."""
        if not getattr(visit, "family_is_own", False):
            return []
        return list(SharedNoteSerializer(shared_notes(visit), many=True).data)


CLOSED = ("who", "where", "what", "finder", "finder_contact", "brief", "false_reason")
"""Of an emergency, what nobody is told here: not even decrypted."""


class EmergencyRef(serializers.Serializer[Any]):
    """An emergency and how far it is."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.CharField()


class VisitSerializer(OwnVisitSerializer):
    """A visit as lists show it. `emergency`: what was found at it and could not wait; a sealed one is not told."""

    case = CaseRef()
    red_flags = serializers.SerializerMethodField(help_text="Null for who does not work with the family.")
    emergency = serializers.SerializerMethodField()
    helper = serializers.UUIDField(source="helper_id", allow_null=True)

    class Meta(OwnVisitSerializer.Meta):
        fields = (
            *OwnVisitSerializer.Meta.fields, "case", "helper", "red_flags", "recorded_by_label", "missed_at",
            "is_sampled", "emergency",
        )  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_red_flags(self, visit: Visit) -> list[str] | None:
        """What about the family's health or mood, or a child's, was alarming: for who works with the family."""
        return list(visit.red_flags) if self.context["view"].may_know(visit) else None

    @extend_schema_field(EmergencyRef(allow_null=True))
    def get_emergency(self, visit: Visit) -> dict[str, Any] | None:
        """{id, number, state} for who may see that there is one."""
        found: Incident | None = getattr(visit, "emergency", None)
        if found is None or found.is_delicate or not self.context["view"].may_see(found):
            return None
        return {"id": str(found.pk), "number": found.number, "state": found.state}


class VisitDetailSerializer(VisitSerializer):
    """A visit with what was written about it. `closed`: what was answered, but is told only to who works with the
    family and to who wrote it (PIPL 28: health, mood)."""

    answers = serializers.SerializerMethodField()
    closed = serializers.SerializerMethodField(help_text="Names of answers that the caller is not told.")

    class Meta(VisitSerializer.Meta):
        fields = (*VisitSerializer.Meta.fields, "answers", "closed")  # type: ignore[assignment]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_answers(self, visit: Visit) -> dict[str, Any]:
        """The record's answers."""
        return answers_of(visit.answers)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_closed(self, visit: Visit) -> list[str]:
        """Nothing; `to_representation` says what was left out."""
        return []

    def to_representation(self, instance: Visit) -> dict[str, Any]:
        """Without answers that the form marks as sensitive, for who does not work with the family."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not self.context["view"].may_know(instance):
            said = shown["answers"]
            shown["answers"] = plain(VISITS, WHOLE_RECORD, said)
            shown["closed"] = [name for name in said if name not in shown["answers"]]
        return shown


SEEN = PolymorphicProxySerializer(
    "VisitSeen", serializers=[VisitSerializer, OwnVisitSerializer], resource_type_field_name=None
)
SEEN_IN_DETAIL = PolymorphicProxySerializer(
    "VisitSeenInDetail", serializers=[VisitDetailSerializer, OwnVisitDetailSerializer], resource_type_field_name=None
)


class ContactSerializer(serializers.Serializer[Any]):
    """A visit as it was made. `id`: made by the client; the same id twice is one visit. `answers`: the form `visit`,
    of whoever records visits for the village or office `village_visit`."""

    id = serializers.UUIDField(required=False)
    case = VisibleField(Case, required=False)
    pairing = VisibleField(Pairing, required=False)
    answers = Answers()
    device_at = Moment(required=False, help_text="What the device took for the time when it sent the record.")

    default_error_messages = {"which": _("Name the pairing or the case; both must belong together.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Case and pairing belong together. Raises ValidationError."""
        pairing, case = attrs.get("pairing"), attrs.get("case")
        if (pairing is None and case is None) or (pairing and case and pairing.case_id != case.pk):
            raise serializers.ValidationError({"case": [self.error_messages["which"]]}, code="which")
        return attrs


class AmendSerializer(VersionedSerializer):
    """What was wrong in the record, and why it is changed: only the fields given are replaced."""

    answers = Answers()
    reason = Reason()


VISIT = OpenApiExample(
    "visit",
    value={
        "id": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11",
        "pairing": "0198a3c2-6b10-7f00-9c3d-000000000001",
        "answers": {
            "visit_result": "met",
            "started_at": "2026-03-02T09:00:00+08:00",
            "ended_at": "2026-03-02T09:40:00+08:00",
            "channel": "home",
            "persons_met": ["elder"],
            "physical": "well",
            "mental": "calm",
        },
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Visits", responses=SEEN),
    retrieve=extend_schema(summary="One visit", responses=SEEN_IN_DETAIL),
)
class Visits(Resource):
    """Planned and done contacts."""

    model = Visit
    serializer_class = VisitSerializer
    narrow_serializer_class = OwnVisitSerializer
    filterset_class = VisitFilters
    related = ("family", "case", "helper", "emergency__office")
    orderings = {"planned_for": "planned_for", "due_at": "due_at", "started_at": "started_at"}
    required_actions = {
        "list": ("visit.read", "own.visit.read"),
        "retrieve": ("visit.read", "own.visit.read"),
        "create": ("visit.write", "own.visit.write"),
        "partial_update": ("visit.write", "own.visit.write"),
    }

    def get_queryset(self) -> Any:
        """Visible visits; for a helper each with whether its family may be named."""
        rows = super().get_queryset().defer(
            *(("answers",) if self.action == "list" else ()),
            "family__emergency_phone", "family__notes", "family__search", "helper__certificate", "helper__phone",
            "helper__notes", "helper__search", *(f"emergency__{name}" for name in CLOSED),
        )  # fmt: skip
        if getattr(self, "swagger_fake_view", False) or not granting(self.user, "own.case.read"):
            return rows
        return rows.annotate(family_is_own=visible_families(self.user, "family__", "case.read"))

    def seen_in_full(self) -> Q:
        """Visits to families in the own subtree."""
        return in_subtree(self.user, "visit.read", "case__unit_path")

    def is_seen_in_full(self, row: Visit) -> bool:
        """The same for one row."""
        return may(self.user, "visit.read", path=row.case.unit_path)

    def may_know(self, row: Visit) -> bool:
        """Whether the caller is told what is sensitive in the record: works with the family, or wrote it."""
        return may(self.user, "person.care", path=row.case.unit_path) or row.is_written_by(self.user)

    def may_see(self, incident: Incident) -> bool:
        """Whether the caller may know of an emergency."""
        return may(self.user, "emergency.read", path=incident.office.path)

    def is_own(self, row: Visit) -> bool:
        """A helper's own visit."""
        return row.helper is not None and row.helper.user_id == self.user.pk

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One visit."""
        return Response(self._in_detail(self.get_object()))

    @extend_schema(
        summary="Record a visit",
        request=ContactSerializer,
        responses={200: SEEN_IN_DETAIL, 201: SEEN_IN_DETAIL},
        examples=[VISIT],
    )
    def create(self, request: Request) -> Response:
        """201; or 200 with the first record when the id came in before."""
        given = self.given(ContactSerializer)
        pairing: Pairing | None = given.get("pairing")
        case: Case = pairing.case if pairing else given["case"]
        own = pairing is not None and pairing.helper.user_id == self.user.pk and granting(self.user, "own.visit.write")
        if not own and not may(self.user, "visit.write", path=case.unit_path):
            raise NotAllowed
        with pointing("/answers"):
            check_form(VISITS, visit_form(self.user), given["answers"])
            recorded = record_contact(
                id=given.get("id"),
                case=case,
                pairing=pairing,
                answers=given["answers"],
                device_at=given.get("device_at"),
                actor=self.actor("own.visit.write" if own else "visit.write", None if own else case.unit_path),
                now=self.now,
            )
        visit = self.get_queryset().get(pk=recorded.visit.pk)
        return Response(self._in_detail(visit), status=201 if visit.recorded_at == self.now else 200)

    @extend_schema(summary="Amend a record", request=AmendSerializer, responses=SEEN_IN_DETAIL)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """History keeps who, why, which fields, and what they said before, sealed."""
        visit = self.get_object()
        given = self.given(AmendSerializer)
        with pointing("/answers"):
            check_form(VISITS, visit_form(self.user), given["answers"], partial=True)
        amend_visit(
            visit=visit,
            answers=given["answers"],
            reason=given["reason"],
            actor=self.actor(),
            now=self.now,
            version=self.version(),
        )
        return Response(self._in_detail(self.get_queryset().get(pk=visit.pk)))

    def _in_detail(self, visit: Visit) -> dict[str, Any]:
        serializer = VisitDetailSerializer if self.is_seen_in_full(visit) else OwnVisitDetailSerializer
        shown: dict[str, Any] = serializer(context=self.get_serializer_context()).to_representation(visit)
        return shown
