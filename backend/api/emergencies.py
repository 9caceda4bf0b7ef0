"""Emergencies: told by anybody who sees somebody in danger; answered as work items (process `emergency_response`).

Lists and single rows show the cover: number, urgency, clocks. Whom it is about is opened, which history tells; who
reported it is seen by the two confidants of the office alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, PersonRef, Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.reviews import CaseRef
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family
from backend.core import prepared
from backend.core.errors import NotAllowed
from backend.emergencies.duties import is_confidant
from backend.emergencies.incidents import Report, note_opened, reveal_finder
from backend.emergencies.models import Entry, Incident
from backend.org.access import granting, grants, may
from backend.org.models import Unit
from workflows.emergencies import ReportTaken, add_call, call_off, report_emergency

OWN_EYES = frozenset({"app", "visit", "survey"})
"""Channels by which the user is the finder; by the others somebody without an account tells it."""
UNNAMED = frozenset({"create", "calls"})
"""What a finder does."""
LONGEST = 2000


class EmergencyFilters(Filters):
    """What the list of emergencies is narrowed by."""

    open_to_all = frozenset({"state", "open"})

    state = django_filters.ChoiceFilter(choices=Incident.State.choices)
    level = django_filters.ChoiceFilter(choices=Incident.Level.choices)
    open = YesNo(method="by_open")
    unit = Subtree(field_name="office__path", label="Id or code of a unit: answered there and below it.")

    def by_open(self, queryset: QuerySet[Incident], name: str, value: bool) -> QuerySet[Incident]:
        """Not closed yet, or closed."""
        return queryset.filter(closed_at__isnull=value)


class EmergencyEntrySerializer(RowSerializer[Entry]):
    """A call, an officer told, the person seen: when, not what was written."""

    class Meta:
        model = Entry
        fields = ("kind", "at", "party", "label", "channel", "receipt")


class EmergencySerializer(RowSerializer[Incident]):
    """The cover of an emergency. `late`: clocks that ran out; `unanswered`: nobody acknowledged it in time."""

    office = UnitRef()
    told_at = serializers.DateTimeField(source="created_at")
    acknowledged_by = serializers.CharField(source="acknowledged_label")
    arrived_by = serializers.CharField(source="arrived_label")
    police_told_at = serializers.DateTimeField(source="reported_at", allow_null=True)
    reviewed_by = serializers.CharField(source="reviewed_label")
    unanswered = serializers.SerializerMethodField()
    own = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = (
            "id", "number", "kind", "level", "level_reason", "state", "office", "found_at", "told_at",
            "acknowledge_by", "acknowledged_at", "acknowledged_by", "arrive_by", "arrived_at", "arrived_by",
            "report_due", "report_to", "report_by", "police_told_at", "receipt", "brief_by", "briefed_at", "review_by",
            "reviewed_by", "closed_at", "outcome", "late", "told_last", "sealed", "secret", "unverified",
            "unanswered", "own", "version",
        )  # fmt: skip

    def get_unanswered(self, incident: Incident) -> bool:
        """Its first clock has run out, and nobody has it."""
        return incident.is_unanswered(self.context["view"].now)

    def get_own(self, incident: Incident) -> bool:
        """The caller reported it."""
        return incident.is_found_by(self.context["view"].user)


class EmergencyDetailSerializer(EmergencySerializer):
    """The cover with its course. `may_open`, `may_reveal`: what else the caller may see."""

    entries = serializers.SerializerMethodField()
    may_open = serializers.SerializerMethodField()
    may_reveal = serializers.SerializerMethodField()

    class Meta(EmergencySerializer.Meta):
        fields = (*EmergencySerializer.Meta.fields, "entries", "may_open", "may_reveal")  # type: ignore[assignment]

    @extend_schema_field(EmergencyEntrySerializer(many=True))
    def get_entries(self, incident: Incident) -> list[dict[str, Any]]:
        """What happened, in order."""
        rows = incident.entries.order_by("at", "id")
        return [dict(row) for row in EmergencyEntrySerializer(rows, many=True, context=self.context).data]

    def get_may_open(self, incident: Incident) -> bool:
        """Whom it is about may be seen."""
        view: Emergencies = self.context["view"]
        return view.may_open(incident)

    def get_may_reveal(self, incident: Incident) -> bool:
        """Who reported it may be seen."""
        view: Emergencies = self.context["view"]
        return view.is_confidant(incident)


class NoteSerializer(RowSerializer[Entry]):
    """What was written when the person was seen."""

    class Meta:
        model = Entry
        fields = ("at", "label", "text")


class RecordSerializer(RowSerializer[Incident]):
    """The record itself. `finder` is empty unless whoever reported it wants to be named."""

    family = FamilyOfItem(source="about_family", allow_null=True)
    case = CaseRef(source="about_case", allow_null=True)
    place = UnitRef()
    suspect_helper = PersonRef(allow_null=True)
    same_as = serializers.SerializerMethodField()
    finder = serializers.SerializerMethodField()
    notes = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = (
            "who", "where", "what", "family", "case", "place", "minor", "incapable", "violence", "situations",
            "unconscious", "fire_gas", "alone", "in_hospital", "suspect", "suspect_helper", "tell_kin", "channel",
            "finder", "callback", "same_as", "measures", "brief", "false_reason", "notes",
        )  # fmt: skip

    def get_same_as(self, incident: Incident) -> str:
        """The number of the report that goes on in its place."""
        return incident.same_as.number if incident.same_as else ""

    def get_finder(self, incident: Incident) -> str:
        """Only of whom it is no secret."""
        return "" if incident.secret else incident.finder

    @extend_schema_field(NoteSerializer(many=True))
    def get_notes(self, incident: Incident) -> list[dict[str, Any]]:
        """What was written down, in order."""
        rows = incident.entries.filter(kind=Entry.Kind.SEEN).order_by("at", "id")
        return [dict(row) for row in NoteSerializer(rows, many=True, context=self.context).data]


class EmergencyReportSerializer(StrictSerializer):
    """What somebody tells who needs help: the kind suffices. `id`: made by the client; the same twice is one."""

    id = serializers.UUIDField(required=False)
    kind = serializers.CharField(max_length=20, help_text="A code of the list emergency_kind.")
    channel = serializers.CharField(max_length=20, default="app", help_text="A code of the list emergency_channel.")
    found_at = Moment(required=False, help_text="Now, unless said.")
    unit = VisibleField(Unit, required=False, help_text="The village; the own unit unless said, or the family's.")
    family = VisibleField(Family, required=False, allow_null=True)
    where = serializers.CharField(max_length=200, required=False, allow_blank=True)
    what = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True)
    who = serializers.CharField(max_length=200, required=False, allow_blank=True, help_text="Who is in danger.")
    minor = serializers.BooleanField(default=False, help_text="Under 18.")
    incapable = serializers.BooleanField(default=False, help_text="Cannot decide for oneself, or not fully.")
    violence = serializers.BooleanField(default=False, help_text="Domestic violence is suspected.")
    situations = serializers.ListField(
        child=serializers.CharField(max_length=20),
        max_length=9,
        required=False,
        help_text="Codes of the list report_situation.",
    )
    unconscious = serializers.BooleanField(default=False)
    fire_gas = serializers.BooleanField(default=False)
    alone = serializers.BooleanField(default=False)
    in_hospital = serializers.BooleanField(default=False)
    suspect = serializers.ChoiceField(choices=Incident.Suspect.choices, default="nobody")
    secret = serializers.BooleanField(default=True, help_text="Nobody but two named officers learns who reported it.")
    finder = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="Who called, when it was not the caller oneself."
    )
    finder_contact = serializers.CharField(max_length=60, required=False, allow_blank=True)


class CallSerializer(StrictSerializer):
    """Whom somebody called, when, and the receipt number."""

    party = serializers.CharField(max_length=20, help_text="A code of the list emergency_call.")
    at = Moment(required=False, help_text="Now, unless said.")
    receipt = serializers.CharField(max_length=80, required=False, allow_blank=True)


class CallOffSerializer(StrictSerializer):
    """Why it was none."""

    reason = Reason()


class FinderSerializer(serializers.Serializer[Any]):
    """Who reported it."""

    finder = serializers.CharField()
    finder_contact = serializers.CharField()


REPORT = OpenApiExample(
    "fall", value={"kind": "fall", "where": "二组水井旁", "who": "孙奶奶", "alone": True}, request_only=True
)


@extend_schema_view(
    list=extend_schema(summary="Emergencies"),
    retrieve=extend_schema(summary="One emergency", responses=EmergencyDetailSerializer),
)
class Emergencies(Resource):
    """Emergencies and how they are answered."""

    model = Incident
    serializer_class = EmergencySerializer
    filterset_class = EmergencyFilters
    related = ("office", "place")
    orderings = {"told_at": "created_at", "acknowledge_by": "acknowledge_by"}
    ordering = "-told_at"
    never_kept = frozenset({"create", "reveal", "open"})
    """No remembered answer may tell who reported what."""
    required_actions = {
        "list": ("emergency.read", "own.emergency.read"),
        "retrieve": ("emergency.read", "own.emergency.read"),
        "create": "emergency.write",
        "open": "emergency.open",
        "reveal": "emergency.reveal",
        "calls": ("emergency.answer", "own.emergency.write"),
        "call_off": ("emergency.answer", "own.emergency.write"),
    }

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        """One row comes with its course."""
        return EmergencySerializer if self.action == "list" else EmergencyDetailSerializer

    def place_of(self, row: Incident) -> str:
        """Where the village worker goes: offices above reach it too."""
        return row.place.path

    def is_own(self, row: Incident) -> bool:
        """Whether the caller reported it."""
        return row.is_found_by(self.user)

    def is_confidant(self, row: Incident) -> bool:
        """Whether the caller is one of the two who may know who reported it."""
        return is_confidant(self.user, row.office, timezone.localdate(self.now))

    def may_open(self, row: Incident) -> bool:
        """Sealed: the two confidants; whoever has to act finds in the work item what it takes. Else the office."""
        if row.sealed:
            return self.is_confidant(row)
        return may(self.user, "emergency.open", path=row.place.path)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who reports, or adds a call to what one has reported, stands in no log."""
        super().initial(request, *args, **kwargs)
        request._request.is_unnamed = self.action in UNNAMED  # type: ignore[attr-defined]

    @extend_schema(
        summary="Report an emergency",
        request=EmergencyReportSerializer,
        responses={201: EmergencyDetailSerializer},
        examples=[REPORT],
    )
    def create(self, request: Request) -> Response:
        """Whoever is on duty hears of it at once. What the law demands to report to the police the caller reports
        oneself, now, without asking anybody; the receipt number goes to `calls`."""
        given = self.given(EmergencyReportSerializer)
        row = report_emergency(report=self._report(given), now=self.now)
        shown = self.get_queryset().filter(pk=row.pk).first()
        if shown is None:
            raise ReportTaken
        return Response(self.represent(shown), status=201)

    @extend_schema(summary="Open the record", request=None, responses=RecordSerializer)
    @action(detail=True, methods=["post"])
    def open(self, request: Request, **kwargs: Any) -> Response:
        """Whom it is about, where, what was found: opening it is an event."""
        row = self.get_object()
        if not self.may_open(row):
            raise NotAllowed
        note_opened(incident=row, actor=self.actor("emergency.open", row.place.path), now=self.now)
        return Response(RecordSerializer(row, context=self.get_serializer_context()).data)

    @extend_schema(summary="See who reported it", request=CallOffSerializer, responses=FinderSerializer)
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, **kwargs: Any) -> Response:
        """For the two confidants of the office, with a reason; an event."""
        row, given = self.get_object(), self.given(CallOffSerializer)
        by = self.actor("emergency.reveal", row.place.path)
        told = reveal_finder(incident=row, user=self.user, reason=given["reason"], actor=by, now=self.now)
        return Response(told)

    @extend_schema(summary="Add a call", request=CallSerializer, responses=EmergencyDetailSerializer)
    @action(detail=True, methods=["post"])
    def calls(self, request: Request, **kwargs: Any) -> Response:
        """A call to the police is the report that the law demands."""
        row, given = self.get_object(), self.given(CallSerializer)
        at: datetime = given.get("at") or self.now
        add_call(incident=row, party=given["party"], at=at, receipt=given.get("receipt", ""), now=self.now)
        return Response(self.represent(row))

    @extend_schema(summary="Call it off", request=CallOffSerializer, responses=EmergencyDetailSerializer)
    @action(detail=True, methods=["post"], url_path="call-off")
    def call_off(self, request: Request, **kwargs: Any) -> Response:
        """A false alarm; not of what had to be reported by law, before somebody has been there."""
        row, given = self.get_object(), self.given(CallOffSerializer)
        by = self.actor("emergency.answer", row.place.path)
        call_off(incident=row, reason=given["reason"], actor=by, now=self.now)
        return Response(self.represent(row))

    def _report(self, given: dict[str, Any]) -> Report:
        """With the place and the finder that were meant without being named."""
        is_own = given["channel"] in OWN_EYES or not granting(self.user, "emergency.read")
        place = given.pop("unit", None) or self._own_place()
        named = {name: value for name, value in given.items() if name not in {"situations", "finder"}}
        named.setdefault("found_at", self.now)
        return Report(
            place=place,
            situations=tuple(given.get("situations", ())),
            finder=self.user.name if is_own else given.get("finder", ""),
            found_by=self.user.pk if is_own else None,
            **named,
        )

    def _own_place(self) -> Unit:
        """Where the caller works; a partner unit's people are answered where the unit is."""
        unit = prepared.found(Unit, grants(self.user)[0].unit_id, follow=("parent__parent",))
        return unit.parent if unit.kind == Unit.Kind.PARTNER and unit.parent is not None else unit
