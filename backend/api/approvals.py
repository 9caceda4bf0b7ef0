"""Approvals: what waits for a supervisor, with each case's reasons. Signing is the bulk verb of work items."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.db.models import Count, Max
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import in_language
from backend.api.filters import Filters
from backend.api.resource import Resource
from backend.api.work_item_filters import ItemsBelow
from backend.api.work_item_shapes import FactSerializer, RefusalSerializer, WorkItemSerializer
from workflows.approvals import Approval, approvals, waiting_for
from workflows.models import WorkItem, WorkItemQuerySet


class ApprovalFilters(Filters):
    """What the list is narrowed by."""

    open_to_all = frozenset({"unit", "step"})

    unit = ItemsBelow(label="Id or code of a unit: its items and those below it.")
    step = django_filters.CharFilter(max_length=80, label="Default: the step for which most waits.")


class SignedStepSerializer(serializers.Serializer[Any]):
    """A step to be signed, and how many wait."""

    process = serializers.CharField()
    step = serializers.CharField()
    title = serializers.CharField()
    open = serializers.IntegerField()


class ApprovalSerializer(serializers.Serializer[Any]):
    """An item with what speaks for and against it."""

    item = WorkItemSerializer()
    told = FactSerializer(many=True, help_text="The facts in words, in the caller's language.")
    refusal = RefusalSerializer(allow_null=True, help_text="Known beforehand; signing would be refused likewise.")


@extend_schema_serializer(many=False)
class ApprovalsSerializer(serializers.Serializer[Any]):
    """The 20 most urgent items of one step, whose form they share. `schema`: null when nothing waits."""

    steps = SignedStepSerializer(many=True)
    step = serializers.CharField(allow_blank=True)
    schema = serializers.DictField(child=serializers.JSONField(), allow_null=True)
    approvals = ApprovalSerializer(many=True)


class Approvals(Resource):
    """Open items of steps with a four-eyes rule that are the caller's to sign."""

    model = WorkItem
    serializer_class = ApprovalsSerializer
    filterset_class = ApprovalFilters
    pagination_class = None
    required_actions = {"list": "work_item.assign"}

    def get_queryset(self) -> WorkItemQuerySet:
        """By role and place; what four eyes forbid is shown as such."""
        return WorkItem.objects.none() if getattr(self, "swagger_fake_view", False) else waiting_for(self.user)

    def is_seen_in_full(self, row: WorkItem) -> bool:
        """Whoever signs a case reads it."""
        return True

    @extend_schema(summary="What waits for a signature", operation_id="approvals", responses={200: ApprovalsSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Steps with counts, and the items of one of them with their facts and the form that decides them."""
        items = cast("WorkItemQuerySet", self.filter_queryset(self.get_queryset()))
        counted = (
            self.get_queryset()
            .values("process", "step")
            .annotate(said=Max("title"), said_en=Max("title_en"), open=Count("pk"))
        )
        steps = [
            {**row, "title": in_language(row["said"], row["said_en"])} for row in counted.order_by("-open", "step")
        ]
        step = request.query_params.get("step") or (steps[0]["step"] if steps else "")
        found = approvals(items.filter(step=step), user=self.user, language=get_language() or "", now=self.now)
        context = self.get_serializer_context()
        told = {"steps": steps, "step": step, "schema": found[0].form.schema if found else None}
        answer = ApprovalsSerializer(told | {"approvals": [_shown(each) for each in found]}, context=context).data
        return Response(answer)


def _shown(approval: Approval) -> dict[str, Any]:
    refusal = approval.refusal
    return {
        "item": approval.item,
        "told": approval.form.told,
        "refusal": {"code": refusal.code, "detail": str(refusal)} if refusal else None,
    }
