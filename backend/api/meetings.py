"""Meetings of the leading group (Q3, Q24): agenda with results, resolutions, minutes, and the tasks after them (G4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, Moment, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.coordination import meetings
from backend.coordination.models import AgendaItem, GroupTask, Meeting
from backend.core.errors import NotAllowed
from backend.org.access import may
from backend.org.models import Unit
from workflows.coordination import start_meeting


class AgendaItemSerializer(RowSerializer[AgendaItem]):
    """Something on the agenda. `plan_item`: an item of a family's plan that two departments declined; no name here."""

    unit = UnitRef(allow_null=True)
    report = serializers.UUIDField(source="report_id", allow_null=True)
    plan_item = serializers.UUIDField(source="plan_item_id", allow_null=True)

    class Meta:
        model = AgendaItem
        fields = ("id", "kind", "text", "unit", "report", "plan_item", "result")


class GroupTaskSerializer(RowSerializer[GroupTask]):
    """A task with its four evidences: arrangement, grip, carried out, effect."""

    unit = UnitRef()
    meeting = serializers.UUIDField(source="meeting_id")
    meeting_title = serializers.CharField(source="meeting.title")
    agenda_item = serializers.UUIDField(source="agenda_item_id", allow_null=True)
    overdue = serializers.SerializerMethodField()
    done_by = serializers.CharField(source="done_label")
    checked_by = serializers.CharField(source="checked_label")

    class Meta:
        model = GroupTask
        fields = (
            "id", "meeting", "meeting_title", "agenda_item", "unit", "text", "due_on", "state", "overdue",
            "arrangement", "grip", "carried_out", "effect", "done_by", "checked_by", "returned", "closed_at", "version",
        )  # fmt: skip

    def get_overdue(self, task: GroupTask) -> bool:
        """Its day is over, and nothing was shown."""
        return task.is_overdue(self.context["view"].now)


class MeetingSerializer(RowSerializer[Meeting]):
    """A meeting with agenda and resolutions."""

    office = UnitRef()
    agenda = AgendaItemSerializer(many=True)
    tasks = GroupTaskSerializer(many=True)
    called_by = serializers.CharField(source="called_label")
    minuted_by = serializers.CharField(source="minuted_label")
    confirmed_by = serializers.CharField(source="confirmed_label")

    class Meta:
        model = Meeting
        fields = (
            "id", "office", "kind", "title", "place", "held_at", "minutes_by", "state", "agenda", "tasks", "present",
            "minutes", "returned", "called_by", "minuted_by", "minuted_at", "confirmed_by", "version",
        )  # fmt: skip


class MeetingFilters(Filters):
    """What the list of meetings is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=Meeting.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Meeting.State.choices)


class MeetingEntrySerializer(serializers.Serializer[Any]):
    """A meeting to come."""

    office = VisibleField(Unit)
    kind = serializers.ChoiceField(choices=Meeting.Kind.choices)
    title = serializers.CharField(max_length=120)
    held_at = Moment()
    place = serializers.CharField(max_length=120, required=False, allow_blank=True)


class AgendaEntrySerializer(serializers.Serializer[Any]):
    """Something to be spoken about."""

    text = serializers.CharField(max_length=1000)
    unit = VisibleField(Unit, required=False)


class ResolutionSerializer(serializers.Serializer[Any]):
    """Who does what by when."""

    unit = VisibleField(Unit, help_text="A member unit.")
    text = serializers.CharField(max_length=1000)
    due_on = Day()
    item = VisibleField(AgendaItem, required=False, help_text="The item of the agenda that it comes from.")


class ResultSerializer(serializers.Serializer[Any]):
    """What came of an item."""

    result = serializers.CharField(max_length=1000)


@extend_schema_view(list=extend_schema(summary="Meetings"), retrieve=extend_schema(summary="One meeting"))
class Meetings(Resource):
    """Meetings of the group; members read those whose minutes are confirmed."""

    model = Meeting
    serializer_class = MeetingSerializer
    filterset_class = MeetingFilters
    related = ("office",)
    orderings = {"held_at": "held_at"}
    ordering = "-held_at"
    required_actions = {
        "list": "meeting.read",
        "retrieve": "meeting.read",
        "create": "meeting.write",
        "items": "meeting.write",
        "resolutions": "meeting.write",
    }

    def get_queryset(self) -> QuerySet[Meeting]:
        """With agenda and tasks."""
        return super().get_queryset().prefetch_related(
            Prefetch("agenda", AgendaItem.objects.select_related("unit").order_by("created_at", "id")),
            Prefetch("tasks", GroupTask.objects.select_related("unit", "meeting").order_by("created_at", "id")),
        )  # fmt: skip

    @extend_schema(summary="Plan a meeting", request=MeetingEntrySerializer, responses={201: MeetingSerializer})
    def create(self, request: Request) -> Response:
        """What waits for a meeting is on its agenda at once."""
        given = self.given(MeetingEntrySerializer)
        office: Unit = given["office"]
        if not may(self.user, "meeting.write", path=office.path):
            raise NotAllowed
        made = start_meeting(**given, actor=self.actor("meeting.write", office.path), now=self.now)
        return self._shown(made, 201)

    @extend_schema(summary="Add to the agenda", request=AgendaEntrySerializer, responses={201: MeetingSerializer})
    @action(detail=True, methods=["post"])
    def items(self, request: Request, pk: UUID) -> Response:
        """By hand."""
        row: Meeting = self.get_object()
        actor = self.actor("meeting.write", row.unit_path)
        meetings.add_item(meeting=row, **self.given(AgendaEntrySerializer), actor=actor, now=self.now)
        return self._shown(row, 201)

    @extend_schema(summary="Add a resolution", request=ResolutionSerializer, responses={201: MeetingSerializer})
    @action(detail=True, methods=["post"])
    def resolutions(self, request: Request, pk: UUID) -> Response:
        """It becomes work when the minutes are confirmed."""
        row: Meeting = self.get_object()
        actor = self.actor("meeting.write", row.unit_path)
        meetings.resolve(meeting=row, **self.given(ResolutionSerializer), actor=actor, now=self.now)
        return self._shown(row, 201)

    def _shown(self, row: Meeting, status: int = 200) -> Response:
        return Response(self.represent(self.get_queryset().get(pk=row.pk)), status=status)


@extend_schema_view(list=extend_schema(summary="Items of agendas"), retrieve=extend_schema(summary="One item"))
class AgendaItems(Resource):
    """Items of an agenda: what came of each."""

    model = AgendaItem
    serializer_class = AgendaItemSerializer
    related = ("meeting__office", "unit")
    required_actions = {"list": "meeting.read", "retrieve": "meeting.read", "settle": "meeting.write"}

    @extend_schema(summary="Say what came of an item", request=ResultSerializer, responses=AgendaItemSerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: UUID) -> Response:
        """Until the minutes are written it can be changed."""
        row: AgendaItem = self.get_object()
        actor = self.actor("meeting.write", row.unit_path)
        meetings.settle_item(item=row, **self.given(ResultSerializer), actor=actor, now=self.now)
        return Response(self.represent(row))


class GroupTaskFilters(Filters):
    """What the list of tasks is narrowed by."""

    state = django_filters.ChoiceFilter(choices=GroupTask.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: tasks of units there and below it.")
    open = YesNo(field_name="closed_at", lookup_expr="isnull", label="true: neither done nor dropped.")


@extend_schema_view(list=extend_schema(summary="Tasks of meetings"), retrieve=extend_schema(summary="One task"))
class GroupTasks(Resource):
    """Who does what by when. They are shown and closed as work items (process `meeting_task`)."""

    model = GroupTask
    serializer_class = GroupTaskSerializer
    filterset_class = GroupTaskFilters
    related = ("unit", "meeting")
    orderings = {"due_on": "due_on"}
    ordering = "due_on"
    required_actions = dict.fromkeys(("list", "retrieve"), "group_task.read")
