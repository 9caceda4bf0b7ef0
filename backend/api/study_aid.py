"""Study aid: applications are written down and checked here; planned, confirmed, granted and reported as work items."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities.certificates import masked
from backend.api.fields import Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.loans import Yuan
from backend.api.resource import Resource
from backend.cases.models import Family, Person
from backend.core.errors import NotAllowed
from backend.funds import study_aid
from backend.funds.models import StudyAidApplication, StudyAidCall
from backend.funds.study_aid import Application
from backend.org.access import may
from backend.org.models import Unit, User
from workflows.study_aid import begin, object_to
from workflows.tickets import look_at_proof


class StudyAidCallSerializer(RowSerializer[StudyAidCall]):
    """A school year's call. The words of an objection stay in the work item."""

    unit = UnitRef()
    planned_by = serializers.CharField(source="planned_label")
    approved_by = serializers.CharField(source="approved_label")
    confirmed_by = serializers.CharField(source="confirmed_label")
    granted_by = serializers.CharField(source="granted_label")

    class Meta:
        model = StudyAidCall
        fields = (
            "id", "number", "unit", "school_year", "closes_on", "budget", "primary", "junior", "senior", "college",
            "state", "seed", "table_version", "publicity_until", "planned_by", "approved_by", "confirmed_by",
            "granted_by", "version",
        )  # fmt: skip


class StudyAidUseSerializer(serializers.Serializer[Any]):
    """What the donors may read: small numbers are left out (null)."""

    total = Yuan()
    pupils = serializers.IntegerField(allow_null=True)
    levels = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    schools = serializers.IntegerField()
    words = serializers.CharField(allow_blank=True)


class NewCallSerializer(serializers.Serializer[Any]):
    """Which township, which school year."""

    unit = VisibleField(Unit)
    school_year = serializers.IntegerField(min_value=2020, max_value=2100, help_text="The year in which it begins.")


class StudyAidObjectionSerializer(serializers.Serializer[Any]):
    """What somebody objects; kept encrypted for whoever looks into it."""

    text = serializers.CharField(max_length=2000)


@extend_schema_view(
    list=extend_schema(summary="Study aid by school year"), retrieve=extend_schema(summary="One school year's")
)
class StudyAidCalls(Resource):
    """A township's study aid of each school year."""

    model = StudyAidCall
    serializer_class = StudyAidCallSerializer
    related = ("unit",)
    orderings = {"school_year": "school_year"}
    ordering = "-school_year"
    required_actions = {
        "list": "study_aid.read",
        "retrieve": "study_aid.read",
        "create": "study_aid.call",
        "object_to": "study_aid.write",
        "use_report": "study_aid.read",
    }

    @extend_schema(summary="Begin a call", request=NewCallSerializer, responses={201: StudyAidCallSerializer})
    def create(self, request: Request) -> Response:
        """By hand, where the night's job has not done it."""
        given = self.given(NewCallSerializer)
        unit: Unit = given["unit"]
        if unit.kind != Unit.Kind.TOWN or not may(self.user, "study_aid.call", path=unit.path):
            raise NotAllowed
        actor = self.actor("study_aid.call", unit.path)
        row = begin(unit=unit, school_year=given["school_year"], actor=actor, now=self.now)
        return Response(self._again(row.pk), status=201)

    @extend_schema(summary="Object to the list", request=StudyAidObjectionSerializer, responses=StudyAidCallSerializer)
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID) -> Response:
        """While it is public; nothing is granted until somebody independent has looked into it."""
        row: StudyAidCall = self.find()
        text = self.given(StudyAidObjectionSerializer)["text"]
        object_to(call=row, text=text, actor=self.actor("study_aid.write"), now=self.now)
        return Response(self._again(pk))

    @extend_schema(summary="How the money was used", responses=StudyAidUseSerializer)
    @action(detail=True, methods=["get"], url_path="use-report")
    def use_report(self, request: Request, pk: UUID) -> Response:
        """Totals only."""
        return Response(StudyAidUseSerializer(study_aid.use_report(self.find())).data)

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))


class StudyAidApplicationFilters(Filters):
    """What the list of applications is narrowed by."""

    call = django_filters.UUIDFilter(field_name="call_id")
    state = django_filters.ChoiceFilter(choices=StudyAidApplication.State.choices)
    level = django_filters.ChoiceFilter(choices=StudyAidApplication.Level.choices)
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: applications of families there.")


class StudyAidApplicationSerializer(RowSerializer[StudyAidApplication]):
    """An application. A child's name is told in full only where children are cared for; the school's proof, what the
    family lives on and the account are told to nobody."""

    call = serializers.UUIDField(source="call_id")
    family = serializers.UUIDField(source="family_id")
    unit = UnitRef()
    pupil = serializers.SerializerMethodField()
    renews = serializers.UUIDField(source="renews_id", allow_null=True)
    account_tail = serializers.SerializerMethodField(help_text="The last four digits.")
    entered_by = serializers.CharField(source="entered_label")
    checked_by = serializers.CharField(source="checked_label")

    class Meta:
        model = StudyAidApplication
        fields = (
            "id", "number", "call", "family", "unit", "pupil", "level", "school", "paid_to", "account_tail", "state",
            "renews", "entered_by", "checked_by", "school_confirmed", "household_confirmed", "need_score",
            "aid_class", "aid_reason", "rank", "amount", "version",
        )  # fmt: skip

    def get_pupil(self, row: StudyAidApplication) -> str:
        """The name; of a minor, elsewhere, its first character. A pupil of unknown age is one, head or not."""
        view = self.context["view"]
        is_minor = row.pupil.birth_date is None or row.pupil.is_minor_on(timezone.localdate(view.now))
        if is_minor and not may(view.user, "person.care", path=row.unit_path):
            return masked(row.pupil.name)
        return row.pupil.name

    def get_account_tail(self, row: StudyAidApplication) -> str:
        """Enough to know it again."""
        return row.account_number[-4:]


class ProofReasonSerializer(serializers.Serializer[Any]):
    """Why the school's proof is looked at."""

    reason = Reason()


class SchoolProofSerializer(serializers.Serializer[Any]):
    """The number and words of the school's certificate."""

    school_proof = serializers.CharField()


class StudyAidEntrySerializer(serializers.Serializer[Any]):
    """What a guardian asks for."""

    call = VisibleField(StudyAidCall)
    family = VisibleField(Family)
    pupil = VisibleField(Person)
    guardian = VisibleField(Person, help_text="A grown-up of the family.")
    level = serializers.ChoiceField(choices=StudyAidApplication.Level.choices)
    school = serializers.CharField(max_length=60)
    school_proof = serializers.CharField(max_length=200, help_text="Number and words of the school's certificate.")
    circumstances = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    paid_to = serializers.ChoiceField(choices=StudyAidApplication.PaidTo.choices)
    payee_label = serializers.CharField(max_length=60, help_text="The name in which the account is held.")
    account_number = serializers.CharField(max_length=40)
    kin = VisibleField(User, required=False, allow_null=True, help_text="A relative in the offices: does not check it.")


class StudyAidCheckSerializer(serializers.Serializer[Any]):
    """What was found at school and at home."""

    school_confirmed = serializers.BooleanField()
    household_confirmed = serializers.BooleanField()
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


@extend_schema_view(list=extend_schema(summary="Applications"), retrieve=extend_schema(summary="One application"))
class StudyAidApplications(Resource):
    """Applications for study aid; nobody sees a relative's."""

    model = StudyAidApplication
    serializer_class = StudyAidApplicationSerializer
    filterset_class = StudyAidApplicationFilters
    related = ("unit", "pupil")
    required_actions = {
        "list": "study_aid.read",
        "retrieve": "study_aid.read",
        "create": "study_aid.write",
        "check": "study_aid.check",
        "withdraw": "study_aid.write",
        "reveal": ("person.reveal", "access_ticket.write"),
    }

    @extend_schema(summary="See the school's proof", request=ProofReasonSerializer, responses=SchoolProofSerializer)
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, pk: UUID) -> Response:
        """By the right of the own office, or by an access ticket to the pupil's data (403 `ticket_needed`)."""
        row: StudyAidApplication = self.get_object()
        right = "person.reveal" if may(self.user, "person.reveal", path=row.unit_path) else "access_ticket.write"
        proof = look_at_proof(
            application=row, reason=self.given(ProofReasonSerializer)["reason"], user=self.user,
            actor=self.actor(right, row.unit_path), now=self.now,
        )  # fmt: skip
        return Response({"school_proof": proof})

    @extend_schema(
        summary="Write an application down", request=StudyAidEntrySerializer,
        responses={201: StudyAidApplicationSerializer},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Somebody else checks it."""
        application = Application(**self.given(StudyAidEntrySerializer))
        path = application.family.unit.path
        if not may(self.user, "study_aid.write", path=path):
            raise NotAllowed
        actor = self.actor("study_aid.write", path)
        row = study_aid.apply(application=application, actor=actor, now=self.now)
        return Response(self._again(row.pk), status=201)

    @extend_schema(
        summary="Check an application", request=StudyAidCheckSerializer, responses=StudyAidApplicationSerializer
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID) -> Response:
        """At school and at home, by another person than who wrote it down."""
        row: StudyAidApplication = self.get_object()
        actor = self.actor("study_aid.check", row.unit_path)
        study_aid.check(application=row, **self.given(StudyAidCheckSerializer), actor=actor, now=self.now)
        return Response(self._again(pk))

    @extend_schema(summary="Withdraw an application", request=None, responses=StudyAidApplicationSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """As the guardian wishes."""
        row: StudyAidApplication = self.get_object()
        actor = self.actor("study_aid.write", row.unit_path)
        study_aid.withdraw(application=row, actor=actor, now=self.now)
        return Response(self._again(pk))

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))
