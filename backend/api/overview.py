"""Where work is late and why: open and overdue items by village, step, person and queue, and on each diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import django_filters
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import PersonRef, UnitRef, in_language, reference
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_filters import ItemsBelow
from backend.api.work_item_shapes import CaseOfItem, FamilyOfItem
from workflows import overview
from workflows.models import Instance, Process, WorkItem, WorkItemQuerySet


class OverviewFilters(Filters):
    """What an overview is narrowed by: the inbox knows the same names."""

    open_to_all = frozenset({"unit", "village", "process", "step", "role"})

    unit = ItemsBelow(label="Id or code of a unit: its items and those below it.")
    village = Subtree(field_name="case__unit_path", label="Id or code of a unit: items about families there.")
    process = django_filters.CharFilter(max_length=60)
    step = django_filters.CharFilter(max_length=80)
    role = django_filters.CharFilter(max_length=20)


class CountSerializer(serializers.Serializer[Any]):
    """How many items are open, overdue, taken by nobody; `late_since`: when the longest overdue one was due."""

    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    unclaimed = serializers.IntegerField()
    late_since = serializers.DateTimeField(allow_null=True)


class TotalsSerializer(CountSerializer):
    """The same of everything; `postponed`: put off to a later time."""

    postponed = serializers.IntegerField()


class VillageCountSerializer(CountSerializer):
    """A village: the families it is about, whoever has to do it."""

    unit = UnitRef()


class StepCountSerializer(CountSerializer):
    """A step of a process."""

    process = serializers.CharField()
    process_name = serializers.CharField()
    step = serializers.CharField()
    title = serializers.CharField()


class PersonCountSerializer(CountSerializer):
    """A person; null: taken by nobody."""

    user = PersonRef(allow_null=True)


class QueueCountSerializer(CountSerializer):
    """On whom it hangs."""

    role = serializers.CharField()
    unit = UnitRef()


class PutOffSerializer(serializers.Serializer[Any]):
    """An overdue item that somebody put off, and why."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    case = CaseOfItem(allow_null=True)
    family = FamilyOfItem(allow_null=True)
    unit = UnitRef()
    due_at = serializers.DateTimeField()
    postponed_until = serializers.DateTimeField()
    reason = serializers.CharField()


@extend_schema_serializer(many=False)
class OverviewSerializer(serializers.Serializer[Any]):
    """At most 200 groups of each kind, those with the most overdue items first; the totals cover everything."""

    totals = TotalsSerializer()
    villages = VillageCountSerializer(many=True)
    steps = StepCountSerializer(many=True)
    people = PersonCountSerializer(many=True)
    waiting = QueueCountSerializer(many=True, help_text="Overdue items only.")
    postponed = PutOffSerializer(many=True, help_text="Overdue items only.")


class NodeCountSerializer(CountSerializer):
    """A node of the diagram at which somebody is waited for."""

    node = serializers.CharField()
    title = serializers.CharField()


class TokensSerializer(serializers.Serializer[Any]):
    """The newest diagram of a process and where its runs, of every version, wait for people."""

    process = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    bpmn = serializers.CharField()
    running = serializers.IntegerField(help_text="Runs of all cases that the caller sees.")
    alone = serializers.IntegerField(help_text="Runs that wait for nobody: for a date, a message or another run.")
    nodes = NodeCountSerializer(many=True)


class Overview(Resource):
    """Open work, counted at the places where the caller reads work items."""

    model = WorkItem
    serializer_class = OverviewSerializer
    filterset_class = OverviewFilters
    pagination_class = None
    required_actions = {"list": "work_item.read", "tokens": "work_item.read"}

    def get_queryset(self) -> WorkItemQuerySet:
        """Open items of the caller's places."""
        if getattr(self, "swagger_fake_view", False):
            return WorkItem.objects.none()
        return WorkItem.objects.overseen_by(self.user).filter(state=WorkItem.State.OPEN)

    @extend_schema(summary="Where work is late and why", operation_id="overview", responses={200: OverviewSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Counts by village, step, person; on whom the overdue items hang, and what of them was put off and why."""
        items = cast("WorkItemQuerySet", self.filter_queryset(self.get_queryset()))
        names = _process_names()
        found = {
            "totals": overview.totals(items, self.now),
            "villages": [_placed(row) for row in overview.by_village(items, self.now)],
            "steps": [
                _step(row) | {"process_name": names.get(row["process"], row["process"])}
                for row in overview.by_step(items, self.now)
            ],
            "people": [_person(row) for row in overview.by_person(items, self.now)],
            "waiting": [_placed(row) for row in overview.by_queue(items, self.now)],
            "postponed": [_put_off(row) for row in overview.put_off(items, self.now).select_related("unit")],
        }
        return Response(OverviewSerializer(found).data)

    @extend_schema(
        summary="Where a process waits for people",
        responses=TokensSerializer,
        filters=True,
        parameters=[OpenApiParameter("process", str, required=True)],
    )
    def tokens(self, request: Request) -> Response:
        """The diagram of a process, and how many items are open and overdue at each of its nodes."""
        items = cast("WorkItemQuerySet", self.filter_queryset(self.get_queryset()))
        key = request.query_params.get("process", "")
        if not key:
            raise parameter_error("process", "required", _("Name a process."))
        process = Process.objects.visible_to(self.user).filter(key=key, is_active=True).order_by("-number").first()
        if process is None:
            raise Http404
        found = {
            "process": key,
            "name": in_language(process.name, process.name_en),
            "version": process.number,
            "bpmn": process.files.get(f"{key}/{key}.bpmn", ""),
            **overview.runs(Instance.objects.visible_to(self.user), key),
            "nodes": [_step(row) | {"node": row["step"]} for row in overview.by_node(items, key, self.now)],
        }
        return Response(TokensSerializer(found).data)


def _process_names() -> dict[str, str]:
    newest = Process.objects.order_by("key", "-number").distinct("key").values_list("key", "name", "name_en")
    return {key: in_language(name, english) for key, name, english in newest}


def _placed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "unit": reference(row["at"], row["name"])}


def _person(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "user": reference(row["user"], row["name"])}


def _step(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "title": in_language(row["said"], row["said_en"])}


def _put_off(item: WorkItem) -> dict[str, Any]:
    return {
        "id": item.pk,
        "title": in_language(item.title, item.title_en),
        "case": {"id": item.case_id, "number": item.case_number} if item.case_id else None,
        "family": {"id": item.family_id, "label": item.family_label} if item.family_id else None,
        "unit": reference(item.unit_id, item.unit.name),
        "due_at": item.due_at,
        "postponed_until": item.postponed_until,
        "reason": item.postpone_reason,
    }
