"""Requests and complaints: taken in here and read; looked into, decided and answered as work items (process
`grievance`). Nobody sees one that is about themselves, and none of it stands in the case's history that would tell who
complained.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, PersonRef, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Case, Family, Person
from backend.core.errors import NotAllowed
from backend.helpers.models import Helper
from backend.org.access import may
from backend.org.models import User
from backend.reporting.own_data import copy_of
from backend.rights.grievances import Intake, note_copy, notify
from backend.rights.models import Grievance, overdue
from workflows.grievances import take_in

LONGEST = 2000


class GrievanceFilters(Filters):
    """What the list of requests and complaints is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=Grievance.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Grievance.State.choices)
    family = django_filters.UUIDFilter(field_name="about_family_id")
    case = django_filters.UUIDFilter(field_name="about_case_id")
    unit = Subtree(field_name="office__path", label="Id or code of a unit: looked into there and below it.")
    overdue = YesNo(method="by_overdue")

    def by_overdue(self, queryset: QuerySet[Grievance], name: str, value: bool) -> QuerySet[Grievance]:
        """Past their day without a decision, or not."""
        condition = overdue(self.request.parser_context["view"].now)
        return queryset.filter(condition) if value else queryset.exclude(condition)


class GrievanceSerializer(RowSerializer[Grievance]):
    """A request or complaint. `complainant` and `contact` stay with whoever looks into it."""

    family = FamilyOfItem(source="about_family")
    case = CaseRef(source="about_case", allow_null=True)
    helper = PersonRef(source="about_helper", allow_null=True)
    officer = PersonRef(source="about_user", allow_null=True)
    office = UnitRef()
    registered_at = serializers.DateTimeField(source="created_at")
    registered_by = serializers.CharField(source="registered_label")
    decided_by = serializers.CharField(source="decided_label")
    confirmed_by = serializers.CharField(source="confirmed_label")
    overdue = serializers.SerializerMethodField()
    notice_overdue = serializers.SerializerMethodField(help_text="The person has not heard that it is looked into.")
    incident = serializers.UUIDField(source="incident_id", allow_null=True, help_text="The emergency raised by it.")

    class Meta:
        model = Grievance
        fields = (
            "id", "number", "kind", "target", "purpose", "family", "case", "helper", "officer", "text", "complainant",
            "contact", "identity", "channel", "reply_by", "danger", "minor", "registered_at", "registered_by", "office",
            "handler", "due_at", "overdue", "notice_by", "notice_overdue", "notified_on", "notified_by", "incident",
            "extended_at", "extension", "holds_case", "state", "decision", "measure", "ban_reason", "removal_asked_on",
            "restricted", "answer", "evidence", "kept_by_law", "decided_by", "decided_at", "returned", "confirmed_by",
            "replied_on", "replied_by", "satisfied", "closed_at", "version",
        )  # fmt: skip

    def get_overdue(self, grievance: Grievance) -> bool:
        """Its clock has run out, and nothing is decided."""
        return grievance.is_overdue(self.context["view"].now)

    def get_notice_overdue(self, grievance: Grievance) -> bool:
        """15 days are over without a word."""
        return grievance.waits_for_notice(self.context["view"].now)


class CopySerializer(serializers.Serializer[Any]):
    """Whose data."""

    person = VisibleField(Person)


class CopiedSerializer(serializers.Serializer[Any]):
    """What is kept about the person (PIPL 45), section by section; codes as they are kept."""

    person = serializers.DictField()
    family = serializers.DictField()
    consents = serializers.ListField(child=serializers.DictField())
    cases = serializers.ListField(child=serializers.DictField())
    helpers = serializers.ListField(child=serializers.DictField())
    surveys = serializers.ListField(child=serializers.DictField())
    visits = serializers.ListField(child=serializers.DictField())
    health_services = serializers.ListField(child=serializers.DictField())


class NoticeSerializer(serializers.Serializer[Any]):
    """How and when the person was told that it is looked into."""

    told_on = Day()
    way = serializers.ChoiceField(choices=[choice for choice in Grievance.Reply.choices if choice[0] != "none"])


class IntakeSerializer(serializers.Serializer[Any]):
    """What somebody said (F21). For a helper not named the family's present one is meant."""

    kind = serializers.ChoiceField(choices=Grievance.Kind.choices)
    target = serializers.ChoiceField(choices=Grievance.Target.choices)
    family = VisibleField(Family)
    case = VisibleField(Case, required=False, allow_null=True, help_text="Needed for an objection.")
    helper = VisibleField(Helper, required=False, allow_null=True)
    officer = VisibleField(User, required=False, allow_null=True, help_text="Whom it is about, when known.")
    purpose = serializers.ChoiceField(
        choices=Grievance.Purpose.choices, required=False, allow_blank=True, help_text="Which consent is withdrawn."
    )
    text = serializers.CharField(max_length=LONGEST, help_text="What was said; kept encrypted, no part of the history.")
    complainant = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="Who said it; empty when anonymous."
    )
    contact = serializers.CharField(max_length=200, required=False, allow_blank=True)
    identity = serializers.CharField(
        max_length=20, required=False, allow_blank=True, help_text="A code of the list grievance_identity."
    )
    channel = serializers.CharField(max_length=20, help_text="A code of the list grievance_channel.")
    reply_by = serializers.ChoiceField(choices=Grievance.Reply.choices)
    danger = serializers.BooleanField(default=False, help_text="Violence or abuse.")
    minor = serializers.BooleanField(default=False, help_text="A child is concerned.")


TAKE_IN = OpenApiExample(
    "complaint",
    value={
        "kind": "complaint", "target": "helper", "family": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "text": "借钱不还",
        "complainant": "孙奶奶", "contact": "13820001234", "channel": "visit", "reply_by": "in_person",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Requests and complaints"), retrieve=extend_schema(summary="One request or complaint")
)
class Grievances(Resource):
    """Complaints, objections, and what people ask of the data kept about them."""

    model = Grievance
    serializer_class = GrievanceSerializer
    filterset_class = GrievanceFilters
    related = ("about_family__unit", "about_case", "about_helper", "about_user", "office")
    orderings = {"registered_at": "created_at", "due_at": "due_at"}
    ordering = "-registered_at"
    required_actions = {
        "list": ("grievance.read", "own.grievance.read"),
        "retrieve": ("grievance.read", "own.grievance.read"),
        "create": "grievance.write",
        "notify": "grievance.answer",
        "copy": "grievance.copy",
    }
    never_kept = frozenset({"copy"})
    """No remembered answer may hold what the person alone gets."""

    def is_own(self, row: Grievance) -> bool:
        """Whether the caller took it in."""
        return row.registered_by_id == self.user.pk

    @extend_schema(
        summary="Take in a request or complaint",
        request=IntakeSerializer,
        responses={201: GrievanceSerializer},
        examples=[TAKE_IN],
    )
    def create(self, request: Request) -> Response:
        """It goes to somebody independent; a helper complained about is suspended, a case objected to is held, a
        consent withdrawn ends at once."""
        intake = Intake(**self.given(IntakeSerializer))
        path = intake.family.unit_path
        if not may(self.user, "grievance.write", path=path):
            raise NotAllowed
        row = take_in(intake=intake, actor=self.actor("grievance.write", path), now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(summary="Told that it is looked into", request=NoticeSerializer, responses=GrievanceSerializer)
    @action(detail=True, methods=["post"])
    def notify(self, request: Request, **kwargs: Any) -> Response:
        """Who complained or objected hears within 15 days that somebody looks into it (信访工作条例 23)."""
        row, given = self.get_object(), self.given(NoticeSerializer)
        by = self.actor("grievance.answer", row.unit_path)
        notify(grievance=row, way=given["way"], told_on=given["told_on"], actor=by, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)))

    @extend_schema(summary="Make a copy for the person", request=CopySerializer, responses=CopiedSerializer)
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, **kwargs: Any) -> Response:
        """For a request to see or to have a copy, while it is being answered; that it was made is an event."""
        row, person = self.get_object(), self.given(CopySerializer)["person"]
        by = self.actor("grievance.copy", row.unit_path)
        note_copy(grievance=row, person=person, actor=by, now=self.now)
        return Response(copy_of(person))
