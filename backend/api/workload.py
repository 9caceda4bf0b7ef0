"""Workload: how much each person of the office has, and who could take chosen items over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import PersonRef, UnitRef
from backend.api.filters import Filters
from backend.api.resource import Resource
from backend.api.work_item_filters import ItemsBelow
from backend.api.work_item_shapes import BULK
from backend.org.models import Unit
from workflows import workload
from workflows.integrity import UNATTENDED
from workflows.models import WorkItem, WorkItemQuerySet


class WorkloadFilters(Filters):
    """Whose workload."""

    open_to_all = frozenset({"unit"})

    unit = ItemsBelow(label="Id or code of a unit: who works there and below, and the items there and below.")


class TallySerializer(serializers.Serializer[Any]):
    """Open items; `soon`: due within seven days; `late_since`: when the longest overdue one was due."""

    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    soon = serializers.IntegerField()
    late_since = serializers.DateTimeField(allow_null=True)


class DeputyRef(serializers.Serializer[Any]):
    """Who stands in, until which day (excluded)."""

    user = PersonRef(source="deputy")
    to_date = serializers.DateField(allow_null=True)


class LoadSerializer(TallySerializer):
    """A person's work. No roles: the person works here no more, and what they have is nobody's work."""

    user = PersonRef()
    roles = serializers.ListField(child=serializers.CharField())
    units = serializers.SerializerMethodField()
    deputies = DeputyRef(many=True, help_text="Who stands in today: the person is absent.")

    def get_units(self, load: workload.Load) -> list[dict[str, Any]]:
        """{id, name} of where the person works."""
        units = {each.unit_id: each.unit for each in load.memberships}
        return [dict(UnitRef(unit).data) for unit in units.values()]


class TakerSerializer(LoadSerializer):
    """A person who could take items over."""

    able = serializers.ListField(child=serializers.UUIDField(), help_text="Items that the person can be given.")
    excluded = serializers.ListField(
        child=serializers.UUIDField(), help_text="Items that the four-eyes rule keeps from the person."
    )


class UnattendedSerializer(serializers.Serializer[Any]):
    """A person with work for which nobody is there today."""

    user = PersonRef()
    open = serializers.IntegerField()
    why = serializers.ChoiceField(choices=list(UNATTENDED))


@extend_schema_serializer(many=False)
class WorkloadSerializer(serializers.Serializer[Any]):
    """Everybody of the office, those with the most overdue items first."""

    people = LoadSerializer(many=True)
    unclaimed = TallySerializer()
    unattended = UnattendedSerializer(many=True)


class Workload(Resource):
    """The open items of an office by person, without those that belong to one helper or partner unit."""

    model = WorkItem
    serializer_class = WorkloadSerializer
    filterset_class = WorkloadFilters
    pagination_class = None
    required_actions = {"list": "work_item.assign", "takers": "work_item.assign"}

    def get_queryset(self) -> WorkItemQuerySet:
        """Items that the caller may hand on."""
        return (
            WorkItem.objects.none() if getattr(self, "swagger_fake_view", False) else workload.office_items(self.user)
        )

    @extend_schema(summary="Who has how much work", operation_id="workload", responses={200: WorkloadSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Per person open, overdue and soon due items; who is absent; and what nobody has taken."""
        items = cast("WorkItemQuerySet", self.filter_queryset(self.get_queryset()))
        day = timezone.localdate(self.now)
        found = {
            "people": workload.loads(user=self.user, items=items, path=self._path(), now=self.now, day=day),
            "unclaimed": workload.unclaimed(items, self.now),
            "unattended": workload.unattended(items, day),
        }
        return Response(WorkloadSerializer(found).data)

    @extend_schema(
        summary="Who could take items over",
        responses=TakerSerializer(many=True),
        filters=False,
        parameters=[OpenApiParameter("ids", str, required=True, description="Up to 200 ids, separated by commas.")],
    )
    def takers(self, request: Request) -> Response:
        """Colleagues with their present work, the items each can be given, and those that four eyes keep from them."""
        chosen = self.get_queryset().filter(pk__in=_ids(request.query_params.get("ids", "")))
        found = workload.takers(user=self.user, chosen=chosen, now=self.now, day=timezone.localdate(self.now))
        return Response(TakerSerializer(found, many=True).data)

    def _path(self) -> str:
        """The path of the unit asked for; the filter has found it already. Empty: everywhere."""
        asked = self.request.query_params.get("unit", "")
        if not asked:
            return ""
        named = {"pk" if "-" in asked else "code": asked}
        return str(Unit.objects.visible_to(self.user).values_list("path", flat=True).get(**named))


def _ids(text: str) -> Sequence[UUID]:
    """Raises InvalidParameters."""
    try:
        found = [UUID(each) for each in text.split(",")]
    except ValueError:
        raise parameter_error("ids", "invalid", _("Ids of work items, separated by commas.")) from None
    if len(found) > BULK:
        raise parameter_error("ids", "too_many", _("At most 200 at a time."))
    return found
