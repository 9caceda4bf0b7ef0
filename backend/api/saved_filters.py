"""Saved filters of the inbox: one's own, and those shared with a unit where one works or with one above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import PersonRef, RowSerializer, StrictSerializer, UnitRef, VisibleField
from backend.api.resource import Resource
from backend.api.work_item_filters import WorkItemFilters
from backend.api.work_items import WorkItems
from backend.desk import filters
from backend.desk.models import SavedFilter, SavedFilterQuerySet
from backend.org.models import Unit
from workflows.models import WorkItem, WorkItemQuerySet

INBOX = ("work_item.read", "own.work_item.read")
COUNTED = 1000
"""Rows up to which a filter is counted: nobody needs to know how many more there are."""
LONGEST_VALUE = 80


class QueryField(serializers.DictField):
    """The inbox's parameters by name: texts, as in an address. Unknown names and wrong values are refused."""

    default_error_messages = {"unknown": _("There is no such parameter."), "not_right": _("This is not right.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=LONGEST_VALUE), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        query = super().to_internal_value(data)
        if unknown := sorted(set(query) - set(WorkItemFilters.base_filters) - {"ordering"}):
            raise serializers.ValidationError({name[:40]: [self.error_messages["unknown"]] for name in unknown})
        form = WorkItemFilters(query, queryset=WorkItem.objects.none(), request=self.context["request"]).form
        ordering = query.get("ordering", "").removeprefix("-")
        if not form.is_valid() or (ordering and ordering not in WorkItems.orderings):
            wrong = [*form.errors] or ["ordering"]
            raise serializers.ValidationError({name: [self.error_messages["not_right"]] for name in wrong})
        return query


class SavedFilterSerializer(RowSerializer[SavedFilter]):
    """A saved filter; with a `unit` it is shared."""

    query = serializers.DictField(child=serializers.CharField())
    unit = UnitRef(allow_null=True)
    owner = PersonRef()
    changeable = serializers.SerializerMethodField(help_text="Whether the caller may change and remove it.")

    class Meta:
        model = SavedFilter
        fields = ("id", "name", "query", "unit", "owner", "changeable", "created_at", "version")

    def get_changeable(self, saved: SavedFilter) -> bool:
        """Own ones; shared ones by whoever may share at their unit."""
        return saved.is_changeable_by(self.context["view"].user)


class SavedFilterChangeSerializer(StrictSerializer):
    """What may be changed."""

    name = serializers.CharField(max_length=40, required=False)
    query = QueryField(required=False)


class NewSavedFilterSerializer(SavedFilterChangeSerializer):
    """A name for a way to look at the inbox. `unit`: share it with everybody who works there or below it."""

    name = serializers.CharField(max_length=40)
    query = QueryField()
    unit = VisibleField(Unit, required=False, allow_null=True)


class FilterCountSerializer(serializers.Serializer[Any]):
    """How many items a filter finds: at most 1000 are counted. Null: it can no longer be applied."""

    id = serializers.UUIDField()
    count = serializers.IntegerField(allow_null=True)


EXAMPLE = OpenApiExample("overdue", value={"name": "逾期", "query": {"overdue": "true"}}, request_only=True)


@extend_schema_view(list=extend_schema(summary="Saved filters"), retrieve=extend_schema(summary="One saved filter"))
class SavedFilters(Resource):
    """Named ways to look at the inbox."""

    model = SavedFilter
    serializer_class = SavedFilterSerializer
    related = ("unit", "owner")
    orderings = {"name": "name"}
    ordering = "name"
    required_actions = {
        "list": INBOX,
        "retrieve": INBOX,
        "counts": INBOX,
        "create": INBOX,
        "partial_update": INBOX,
        "destroy": INBOX,
    }

    def get_queryset(self) -> Any:
        """Those one may use; for a change those one may change."""
        rows = cast("SavedFilterQuerySet", super().get_queryset())
        is_change = self.action in {"partial_update", "destroy"} and not getattr(self, "swagger_fake_view", False)
        return rows.changeable_by(self.user) if is_change else rows

    @extend_schema(summary="How many items each finds", responses=FilterCountSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def counts(self, request: Request) -> Response:
        """One statement for each filter, none for what can no longer be applied (a unit that one left)."""
        return Response([{"id": str(each.pk), "count": self._count(each.query)} for each in self.get_queryset()])

    @extend_schema(
        summary="Save a filter",
        request=NewSavedFilterSerializer,
        responses={201: SavedFilterSerializer},
        examples=[EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """For oneself, or shared with a unit."""
        given = self.given(NewSavedFilterSerializer)
        unit: Unit | None = given.get("unit")
        actor = self.actor("saved_filter.share", unit.path if unit else None)
        made = filters.save_filter(
            name=given["name"], query=given["query"], unit=unit, user=self.user, actor=actor, now=self.now
        )
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Change it", request=SavedFilterChangeSerializer, responses=SavedFilterSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Another name or other conditions."""
        saved = self.get_object()
        changed = filters.change_filter(
            saved=saved,
            changes=self.given(SavedFilterChangeSerializer, partial=True),
            version=self.version(),
            user=self.user,
            actor=self.actor("saved_filter.share"),
            now=self.now,
        )
        changed.unit, changed.owner = saved.unit, saved.owner
        return Response(self.represent(changed))

    @extend_schema(summary="Remove it", responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """For everybody who shared it."""
        actor = self.actor("saved_filter.share")
        filters.remove_filter(saved=self.get_object(), user=self.user, actor=actor, now=self.now)
        return Response(status=204)

    def _count(self, query: Mapping[str, str]) -> int | None:
        given = QueryDict(mutable=True)
        given.update({name: value for name, value in query.items() if name in WorkItemFilters.base_filters})
        inbox = WorkItems(request=self.request, format_kwarg=None, action="list", kwargs={})
        try:
            found = cast("WorkItemQuerySet", inbox.narrowed_by(given))
        except ValidationError:
            return None
        return found.order_by()[:COUNTED].count()
