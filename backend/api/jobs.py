"""Background work: whether the worker lives, what waits, what failed. Never what a job is about."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.resource import Resource
from backend.audit.history import record
from backend.core import queue, schedules
from backend.core.models import JobFailure
from backend.reminders import watch
from workflows import reminders


class WorkerSerializer(serializers.Serializer[Any]):
    """A worker; it tells every five seconds that it lives."""

    id = serializers.IntegerField()
    last_heartbeat = serializers.DateTimeField()
    is_alive = serializers.BooleanField()


class JobQueueSerializer(serializers.Serializer[Any]):
    """A queue. `oldest`: since when the longest waiting job could have been done."""

    queue = serializers.CharField()
    waiting = serializers.IntegerField()
    later = serializers.IntegerField(help_text="Planned for a later time.")
    doing = serializers.IntegerField()
    failed = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)


class PeriodicSerializer(serializers.Serializer[Any]):
    """What runs at fixed times, and when it was last queued."""

    name = serializers.CharField()
    cron = serializers.CharField()
    last = serializers.DateTimeField(allow_null=True)


class LateSerializer(serializers.Serializer[Any]):
    """A job that should have come to its end since `expected`."""

    name = serializers.CharField()
    expected = serializers.DateTimeField()
    last = serializers.DateTimeField(allow_null=True)


class SilenceSerializer(serializers.Serializer[Any]):
    """What should have been sent and was not: counts."""

    unsent = serializers.IntegerField(help_text="Reminders that wait although their hour has come.")
    untold = serializers.IntegerField(help_text="Due work of which nobody was told.")
    unknown = serializers.IntegerField(help_text="Messages handed over of which nobody knows whether they went out.")


class FailedSerializer(serializers.Serializer[Any]):
    """A job that is not tried again by itself. `error`: the kind, empty when the worker itself died."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    attempts = serializers.IntegerField()
    at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True)


@extend_schema_serializer(many=False)
class JobsSerializer(serializers.Serializer[Any]):
    """The queue at this moment."""

    workers = WorkerSerializer(many=True)
    queues = JobQueueSerializer(many=True)
    periodic = PeriodicSerializer(many=True)
    failed = FailedSerializer(many=True, help_text="The 50 newest.")
    late = LateSerializer(many=True, help_text="Scheduled jobs that did not run.")
    silence = SilenceSerializer()


class RetriedSerializer(serializers.Serializer[Any]):
    """What is tried again."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class Jobs(Resource):
    """Background work, as the system administrator watches it."""

    model = JobFailure
    serializer_class = JobsSerializer
    filter_backends = ()
    pagination_class = None
    required_actions = {"list": "job.read", "retry": "job.retry"}

    @extend_schema(summary="Background work", operation_id="jobs", responses={200: JobsSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Workers, queues, periodic jobs, the newest failures."""
        told = {
            "workers": queue.workers(self.now),
            "queues": queue.queues(self.now),
            "periodic": queue.periodic(),
            "failed": queue.failed(),
            "late": schedules.late(self.now),
            "silence": {
                "unsent": watch.unsent(self.now),
                "untold": reminders.untold(self.now),
                "unknown": watch.unknown(self.now),
            },
        }
        return Response(JobsSerializer(told).data)

    @extend_schema(summary="Try a failed job again", request=None, responses=RetriedSerializer)
    def retry(self, request: Request, pk: int) -> Response:
        """Once more, as soon as a worker is free."""
        name = queue.retry(job_id=pk, now=self.now)
        data = {"job": name, "number": pk}
        record(action="job.retried", label=name, actor=self.actor("job.retry"), now=self.now, data=data)
        return Response({"id": pk, "name": name})
