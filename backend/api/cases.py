"""Cases: one family in one programme, its history in sentences and its processes on their diagrams."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.case_messages import MessageSerializer
from backend.api.events import SentenceFilters, SentenceSerializer, sentences_of
from backend.api.fields import (
    Moment,
    PersonRef,
    ProgrammeField,
    ProgrammeRef,
    Reason,
    RowSerializer,
    UnitRef,
    VisibleField,
    in_language,
)
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem, VersionedSerializer
from backend.audit.models import Event
from backend.cases.cases import LIVE
from backend.cases.masks import found_family
from backend.cases.models import Case, Family
from backend.core.errors import NotAllowed, StaleVersion
from backend.helpers.models import Pairing
from backend.org.access import in_subtree, may
from backend.org.models import Unit
from workflows import cases, services
from workflows.export import export_case
from workflows.models import Instance
from workflows.past import CaseThen, Watcher


class CaseFilters(Filters):
    """What the list of cases is narrowed by."""

    open_to_all = frozenset({"state", "family", "programme", "number", "unit"})

    state = django_filters.ChoiceFilter(choices=Case.State.choices)
    phase = django_filters.CharFilter(max_length=20)
    programme = django_filters.CharFilter(field_name="programme__code", max_length=40)
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: its cases and those below it.")
    family = django_filters.UUIDFilter(field_name="family_id")
    number = django_filters.CharFilter(max_length=40)
    opened_from = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = django_filters.IsoDateTimeFilter(field_name="opened_at", lookup_expr="lt")
    q = django_filters.CharFilter(method="by_text", max_length=60, label="Number, name, or the initials of its pinyin.")

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        """What people search."""
        text = value.strip()
        user = self.request.user
        families = Family.objects.visible_to(user).filter(found_family(user, text, timezone.localdate()))
        return queryset.filter(Q(number__icontains=text) | Q(family__in=families))


class CaseSerializer(RowSerializer[Case]):
    """A case."""

    family = FamilyOfItem()
    programme = ProgrammeRef()
    unit = UnitRef()
    held = serializers.SerializerMethodField(help_text="An objection is looked into: nothing is decided meanwhile.")

    class Meta:
        model = Case
        fields = (
            "id", "number", "family", "programme", "unit", "state", "held", "phase", "opened_at", "closed_at",
            "close_reason",
            "version",
        )  # fmt: skip

    def get_held(self, case: Case) -> bool:
        """Whether an objection holds it (E13); which one stands in the history."""
        return bool(case.held_for)


class OwnCaseSerializer(RowSerializer[Case]):
    """A case as its helper sees it."""

    family = FamilyOfItem()
    programme = ProgrammeRef()

    class Meta:
        model = Case
        fields = ("id", "number", "family", "programme", "state", "version")


SEEN = PolymorphicProxySerializer(
    "CaseSeen", serializers=[CaseSerializer, OwnCaseSerializer], resource_type_field_name=None
)


class StartSerializer(serializers.Serializer[Any]):
    """Which family, in which programme."""

    family = VisibleField(Family)
    programme = ProgrammeField(help_text="The programme's code.")


class ReasonSerializer(VersionedSerializer):
    """A verb that has to be explained."""

    reason = Reason()


class CloseSerializer(ReasonSerializer):
    """Why: in words for the history, and as a code (ended, moved, not_found, error, programme_ended, other …)."""

    code = serializers.RegexField(r"^[a-z][a-z_]{1,38}\Z", required=False, default="other")


class TransferSerializer(ReasonSerializer):
    """Where to, and why."""

    to = VisibleField(Unit)


class QueuedSerializer(serializers.Serializer[Any]):
    """How many processes of the case will get the message."""

    instances = serializers.IntegerField()


class ActiveSerializer(serializers.Serializer[Any]):
    """A node that waits."""

    node = serializers.CharField()
    name = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)


class DoneSerializer(serializers.Serializer[Any]):
    """A node that was passed."""

    node = serializers.CharField()
    name = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    outcome_name = serializers.CharField(allow_blank=True, help_text="What the form calls it.")


class StandingSerializer(serializers.Serializer[Any]):
    """Where one instance stands. `wake_at`: when it goes on by itself."""

    instance = serializers.UUIDField()
    process = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Instance.State.choices)
    outcome = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    wake_at = serializers.DateTimeField(allow_null=True)
    active = ActiveSerializer(many=True)


class DiagramSerializer(StandingSerializer):
    """One instance on its diagram: the BPMN XML, what waits, and what was passed, when, by whom, how."""

    bpmn = serializers.CharField()
    done = DoneSerializer(many=True)


class MomentSerializer(serializers.Serializer[Any]):
    """A time that has been, by default now, and which instance's diagram is wanted."""

    at = Moment(required=False)
    instance = serializers.UUIDField(required=False, help_text="With the diagram of this one.")

    default_error_messages = {"ahead": _("This time has not come yet.")}

    def validate_at(self, at: datetime) -> datetime:
        """Raises ValidationError."""
        if at > timezone.now():
            raise serializers.ValidationError(self.error_messages["ahead"], code="ahead")
        return at


class OpenThenSerializer(serializers.Serializer[Any]):
    """A step that waited for a person."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    step = serializers.CharField()
    process = serializers.CharField()
    role = serializers.CharField()
    since = serializers.DateTimeField()
    assignee = serializers.CharField(allow_blank=True)


class AnswerThenSerializer(serializers.Serializer[Any]):
    """One answer in words."""

    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(allow_blank=True)


class AnsweredThenSerializer(serializers.Serializer[Any]):
    """What somebody answered; of sensitive fields only what they are called."""

    title = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField()
    answers = AnswerThenSerializer(many=True)
    sensitive = serializers.ListField(child=serializers.CharField())


class PairingThenSerializer(serializers.Serializer[Pairing]):
    """A pairing in force."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    helper = PersonRef()
    kind = serializers.SerializerMethodField()
    from_date = serializers.DateField()

    def get_kind(self, pairing: Pairing) -> str:
        """In the caller's language."""
        return in_language(pairing.kind.label, pairing.kind.label_en)


class WatcherSerializer(serializers.Serializer[Watcher]):
    """Somebody who could see it: in a role at a unit, for an absent colleague, or by a pairing (its number)."""

    user_id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    unit = serializers.CharField()
    on_behalf_of = serializers.CharField(allow_blank=True)
    pairing = serializers.CharField(allow_blank=True)


class CaseThenSerializer(serializers.Serializer[Any]):
    """A case as it was. `state` is empty before it was opened; `diagram` is told for the instance asked for."""

    at = serializers.DateTimeField()
    state = serializers.CharField(allow_blank=True)
    phase = serializers.CharField(allow_blank=True)
    unit = UnitRef()
    open_items = OpenThenSerializer(many=True)
    answers = AnsweredThenSerializer(many=True)
    pairings = PairingThenSerializer(many=True)
    watchers = WatcherSerializer(many=True)
    standing = StandingSerializer(many=True)
    diagram = DiagramSerializer(allow_null=True)


START = OpenApiExample(
    "start",
    value={"family": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "programme": "jmgj"},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Cases", responses=SEEN),
    retrieve=extend_schema(summary="One case", responses=SEEN),
)
class Cases(Resource):
    """Families in programmes."""

    model = Case
    serializer_class = CaseSerializer
    narrow_serializer_class = OwnCaseSerializer
    filterset_class = CaseFilters
    related = ("family", "programme", "unit")
    orderings = {"number": "number", "opened_at": "opened_at"}
    required_actions = {
        "list": ("case.read", "own.case.read"),
        "retrieve": ("case.read", "own.case.read"),
        "create": "case.start",
        "history": "case.read",
        "standing": "case.read",
        "as_of": "event.read",
        "export": "case.export",
        "diagram": "case.read",
        "messages": "case.message",
        "close": "case.close",
        "reopen": "case.reopen",
        "transfer": "case.transfer",
    }

    def seen_in_full(self) -> Q:
        """Cases of the own subtree; a helper sees little of a paired family's case."""
        return in_subtree(self.user, "case.read", "unit_path")

    def is_seen_in_full(self, row: Case) -> bool:
        """The same for one row."""
        return may(self.user, "case.read", path=row.unit_path)

    @extend_schema(summary="Start a case", request=StartSerializer, responses={201: CaseSerializer}, examples=[START])
    def create(self, request: Request) -> Response:
        """Opens the case and begins the process of its programme."""
        given = self.given(StartSerializer)
        family: Family = given["family"]
        path = family.unit.path
        if not may(self.user, "case.start", path=path):
            raise NotAllowed
        actor = self.actor("case.start", path)
        case = cases.start_case(family=family, programme=given["programme"], actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=case.pk)), status=201)

    @extend_schema(summary="What happened, in sentences", responses=SentenceSerializer(many=True))
    @action(detail=True, filterset_class=SentenceFilters, orderings={"at": "at"}, ordering="-at")
    def history(self, request: Request, pk: UUID) -> Response:
        """The case's events, newest first, as sentences in the caller's language."""
        case = self.get_object()
        if not self.is_seen_in_full(case):
            raise NotAllowed
        events = self.filter_queryset(Event.objects.filter(case_id=case.pk))
        page = self.paginate_queryset(events) or ()
        return self.get_paginated_response(sentences_of(page, self.get_serializer_context()))

    @extend_schema(summary="What the processes wait for", responses=StandingSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def standing(self, request: Request, pk: UUID) -> Response:
        """One entry per instance, the oldest first: like `diagram`, without the diagram and what was passed."""
        found = services.standing(self._instances(), language=get_language() or "")
        return Response(StandingSerializer(found, many=True).data)

    @extend_schema(
        summary="The processes on their diagrams",
        parameters=[OpenApiParameter("instance", OpenApiTypes.UUID, description="Only this one.")],
        responses=DiagramSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def diagram(self, request: Request, pk: UUID) -> Response:
        """One entry per instance, the oldest first: BPMN XML, active and done nodes with times and names."""
        wanted = request.query_params.get("instance", "")
        chosen = [each for each in self._instances() if not wanted or str(each.pk) == wanted]
        diagrams = [services.diagram(instance, language=get_language() or "") for instance in chosen]
        return Response(DiagramSerializer(diagrams, many=True).data)

    @extend_schema(
        summary="The case as it was at a time",
        parameters=[MomentSerializer],
        responses=CaseThenSerializer,
        filters=False,
    )
    @action(detail=True, url_path="as-of", pagination_class=None, filterset_class=None)
    def as_of(self, request: Request, pk: UUID) -> Response:
        """State, phase and place, what waited, what had been answered, the pairings, and who could see it, by day."""
        case = self.get_object()
        if not self.is_seen_in_full(case) or not may(self.user, "event.read", path=case.unit_path):
            raise NotAllowed
        asked = MomentSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        then = CaseThen(case, asked.validated_data.get("at", self.now), language=get_language() or "", reader=self.user)
        wanted = next((each for each in then.instances() if each.pk == asked.validated_data.get("instance")), None)
        told = {name: getattr(then, name)() for name in ("open_items", "answers", "pairings", "watchers", "standing")}
        shown = {
            **told, "at": then.at, "state": then.state, "phase": then.phase, "unit": then.unit,
            "diagram": then.diagram(wanted) if wanted else None,
        }  # fmt: skip
        return Response(CaseThenSerializer(shown).data)

    @extend_schema(
        summary="The case to take along",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
        filters=False,
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """A .zip: history, course, diagrams, digests, and `verify_case.py`, which checks it offline. An event too."""
        case = self.get_object()
        if not may(self.user, "case.export", path=case.unit_path):
            raise NotAllowed
        archive = export_case(case=case, actor=self._by("case.export", case), now=self.now)
        response = HttpResponse(archive, content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{case.number}.zip"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def _instances(self) -> list[Instance]:
        """The runs that conduct the case of the address. Raises Http404, and NotAllowed for its helper."""
        case = self.get_object()
        if not self.is_seen_in_full(case):
            raise NotAllowed
        rows = Instance.objects.filter(case=case).select_related("process").defer("process__files").order_by("pk")
        return list(rows[:MOST_DIAGRAMS])

    @extend_schema(
        summary="Tell the processes that something happened",
        request=MessageSerializer,
        responses={202: QueuedSerializer},
    )
    @action(detail=True, methods=["post"])
    def messages(self, request: Request, pk: UUID) -> Response:
        """Queued to the instances that conduct the case; one that waits for no such message lets it pass."""
        case = self.get_object()
        given = self.given(MessageSerializer)
        count = services.send_to_case(
            case=case, name=given["name"], data=given["data"], actor=self._by("case.message", case), now=self.now
        )
        return Response({"instances": count}, status=202)

    @extend_schema(summary="Close it", request=CloseSerializer, responses={200: CaseSerializer, 202: CaseSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: UUID) -> Response:
        """202: the processes are told to wind up what is open and close it; 200: none conducted it, it is closed."""
        case = self._current()
        given = self.given(CloseSerializer)
        actor = self._by("case.close", case)
        cases.close_case(case=case, reason=given["reason"], code=given["code"], actor=actor, now=self.now)
        closed = self._again(case)
        closed.status_code = 202 if closed.data["state"] in LIVE else 200
        return closed

    @extend_schema(summary="Open it again", request=ReasonSerializer, responses=CaseSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: UUID) -> Response:
        """The process begins anew; what was done stays done."""
        case = self._current()
        reason = self.given(ReasonSerializer)["reason"]
        cases.reopen_case(case=case, reason=reason, actor=self._by("case.reopen", case), now=self.now)
        return self._again(case)

    @extend_schema(summary="Hand it to another unit", request=TransferSerializer, responses=CaseSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, pk: UUID) -> Response:
        """The family moves to another village; open work items move with it."""
        case = self._current()
        given = self.given(TransferSerializer)
        cases.transfer_case(
            case=case, to=given["to"], reason=given["reason"], actor=self._by("case.transfer", case), now=self.now
        )
        return self._again(case)

    def _current(self) -> Case:
        """The case of the address, of the version that the caller knows. Raises StaleVersion."""
        case: Case = self.get_object()
        expected = self.version()
        if expected is not None and expected != case.version:
            raise StaleVersion
        return case

    def _by(self, action_: str, case: Case) -> Any:
        return self.actor(action_, case.unit_path)

    def _again(self, case: Case) -> Response:
        return Response(self.represent(Case.objects.select_related(*self.related).get(pk=case.pk)))


MOST_DIAGRAMS = 50
"""Instances of one case that the diagram shows: a case of twenty years has about forty."""
