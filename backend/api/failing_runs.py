"""Runs of processes that cannot go on: which one, how often it failed, the kind of error; never whose case it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Reason, RowSerializer, StrictSerializer
from backend.api.resource import Resource
from workflows import failing
from workflows.models import Instance


class FailingRunSerializer(RowSerializer[Instance]):
    """One of them. `next_try`: when it is tried again by itself."""

    process = serializers.CharField(source="process.key")
    process_version = serializers.IntegerField(source="process.number")
    name = serializers.SerializerMethodField()
    next_try = serializers.DateTimeField(source="wake_at")
    error = serializers.SerializerMethodField()

    class Meta:
        model = Instance
        fields = ("id", "process", "process_version", "name", "created_at", "failures", "next_try", "error", "version")

    def get_name(self, run: Instance) -> str:
        """Of the process, in the caller's language."""
        english = (get_language() or "").startswith("en")
        return run.process.name_en if english and run.process.name_en else run.process.name

    def get_error(self, run: Instance) -> str:
        """The kind alone: what it says may name people."""
        return run.error.partition(":")[0]


class RunReasonSerializer(StrictSerializer):
    """Why; it becomes part of the case's history."""

    reason = Reason()


@extend_schema_view(
    list=extend_schema(summary="Runs of processes that fail"), retrieve=extend_schema(summary="One that fails")
)
class FailingRuns(Resource):
    """Runs that cannot go on, as the system administrator watches them."""

    model = Instance
    serializer_class = FailingRunSerializer
    filter_backends = ()
    ordering = "-id"
    required_actions = {"list": "job.read", "retrieve": "job.read", "try_again": "job.retry", "stop": "run.stop"}

    def get_queryset(self) -> QuerySet[Any]:
        """All that fail: nobody is told by this what they are about."""
        return failing.failing()

    def place_of(self, row: Instance) -> None:
        """They are looked after wherever they are."""

    @extend_schema(summary="Try a failing run at once", request=RunReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"], url_path="try-again")
    def try_again(self, request: Request, pk: UUID) -> Response:
        """Within a minute, as soon as a worker is free."""
        run, reason = self.get_object(), self.given(RunReasonSerializer)["reason"]
        failing.try_again(instance_id=run.pk, reason=reason, actor=self.actor("job.retry"), now=self.now)
        return Response(status=204)

    @extend_schema(summary="Stop a failing run", request=RunReasonSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: UUID) -> Response:
        """For good: its work is cancelled, and the supervisor of its case is told."""
        run, reason = self.get_object(), self.given(RunReasonSerializer)["reason"]
        failing.stop(instance_id=run.pk, reason=reason, actor=self.actor("run.stop"), now=self.now)
        return Response(status=204)
