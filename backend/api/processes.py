"""Processes: what is deployed, in which versions, how much of it runs; trying and deploying new ones."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.resource import Resource
from backend.org.access import granting
from workflows import deployment
from workflows.models import Instance, Process

KEY = re.compile(r"[a-z][a-z0-9_]{1,59}\Z")
FILES = 100
LONGEST_FILE = 1_000_000


class VersionSerializer(serializers.Serializer[Any]):
    """One version of a process."""

    version = serializers.IntegerField(source="number")
    digest = serializers.CharField()
    deployed_at = serializers.DateTimeField(source="created_at")
    deployed_by = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    running = serializers.IntegerField(help_text="Instances that run in this version.")


class ProcessSerializer(serializers.Serializer[Any]):
    """A process by the version that new instances take."""

    id = serializers.CharField(source="key", help_text="The process's key: its folder's name.")
    name = serializers.SerializerMethodField()
    version = serializers.IntegerField(source="number")
    digest = serializers.CharField()
    deployed_at = serializers.DateTimeField(source="created_at")
    running = serializers.IntegerField(help_text="Instances that run, of every version.")

    def get_name(self, process: Process) -> str:
        """In the caller's language."""
        english = (get_language() or "").startswith("en")
        return process.name_en if english and process.name_en else process.name


@extend_schema_serializer(many=False)
class ProcessPageSerializer(serializers.Serializer[Any]):
    """All of them: some dozens."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ProcessSerializer(many=True)


class ProcessDetailSerializer(ProcessSerializer):
    """A process with its diagram and all its versions."""

    bpmn = serializers.CharField()
    files = serializers.DictField(child=serializers.CharField())
    versions = VersionSerializer(many=True)


class BundleSerializer(serializers.Serializer[Any]):
    """A process: its key and every file it needs, path → text (`<key>/<key>.bpmn`, tables, `<key>/forms/*.json`)."""

    key = serializers.RegexField(KEY)
    files = serializers.DictField(child=serializers.CharField(max_length=LONGEST_FILE, trim_whitespace=False))

    default_error_messages = {"paths": _("Name 1 to 100 files by relative paths.")}

    def validate_files(self, files: dict[str, str]) -> dict[str, str]:
        """Raises ValidationError."""
        if not 0 < len(files) <= FILES or not all(re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", path) for path in files):
            raise serializers.ValidationError(self.error_messages["paths"], code="paths")
        return files


class DeployedSerializer(serializers.Serializer[Any]):
    """The version that holds this content. `is_new`: false when it was there already."""

    id = serializers.CharField()
    version = serializers.IntegerField()
    digest = serializers.CharField()
    is_new = serializers.BooleanField()


class ValidSerializer(serializers.Serializer[Any]):
    """What the model consists of; a model that breaks a rule is answered by a problem document naming each node."""

    id = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField(allow_blank=True)
    nodes = serializers.ListField(child=serializers.CharField())
    steps = serializers.ListField(child=serializers.CharField())
    messages = serializers.ListField(child=serializers.CharField())


BUNDLE = OpenApiExample(
    "bundle",
    value={"key": "hello", "files": {"hello/hello.bpmn": "<bpmn:definitions …>", "hello/forms/greet.json": "{…}"}},
    request_only=True,
)


class Processes(Resource):
    """Deployed process definitions. A deployed version never changes; running instances stay on theirs."""

    model = Process
    serializer_class = ProcessSerializer
    filter_backends = ()
    pagination_class = None
    lookup_value_converter = "slug"
    required_actions = {
        "list": "process.read",
        "retrieve": "process.read",
        "deploy": "process.deploy",
        "validate": "process.deploy",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible processes without their files."""
        return super().get_queryset().defer("files")

    def place_of(self, row: Process) -> None:
        """Processes belong to no place."""

    def _running(self) -> QuerySet[Instance]:
        """Running instances that the caller may count: all for who deploys, else those of visible cases."""
        running = Instance.objects.filter(state=Instance.State.RUNNING)
        return running if granting(self.user, "process.deploy") else running.visible_to(self.user)

    @extend_schema(summary="Processes", operation_id="processes_list", responses={200: ProcessPageSerializer})
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Each process by the version that new instances take; some dozens, hence in one page."""
        newest = self.get_queryset().filter(is_active=True).order_by("key", "-number").distinct("key")
        counts = self._running().values_list("process__key").annotate(count=Count("pk")).order_by()
        running = dict(counts)
        rows = []
        for process in newest:
            process.running = running.get(process.key, 0)
            rows.append(self.represent(process))
        return Response({"next": None, "previous": None, "results": rows})

    @extend_schema(
        summary="One process",
        responses=ProcessDetailSerializer,
        parameters=[OpenApiParameter("version", int, description="Default: the one that new instances take.")],
    )
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Its diagram, files, versions, and how many instances run in each."""
        versions = list(self.get_queryset().filter(key=self.kwargs["pk"]).order_by("-number"))
        counts = self._running().filter(process__key=self.kwargs["pk"])
        running = dict(counts.values_list("process_id").annotate(count=Count("pk")).order_by())
        for version in versions:
            version.running = running.get(version.pk, 0)
        wanted = request.query_params.get("version")
        chosen = [each for each in versions if (each.is_active if wanted is None else str(each.number) == wanted)]
        if not chosen:
            raise Http404
        files = Process.objects.only("files").get(pk=chosen[0].pk).files
        detail = {
            **self.represent(chosen[0]),
            "running": sum(each.running for each in versions),
            "bpmn": files.get(f"{chosen[0].key}/{chosen[0].key}.bpmn", ""),
            "files": files,
            "versions": VersionSerializer(versions, many=True).data,
        }
        return Response(detail)

    @extend_schema(
        summary="Deploy", request=BundleSerializer, responses={200: DeployedSerializer, 201: DeployedSerializer},
        examples=[BUNDLE],
    )  # fmt: skip
    @action(detail=False, methods=["post"])
    def deploy(self, request: Request) -> Response:
        """The same content again is the version there is (200); new content is a new version (201). New instances take
        it from now on."""
        given = self.given(BundleSerializer)
        actor = self.actor("process.deploy")
        process, is_new = deployment.deploy(key=given["key"], files=given["files"], actor=actor, now=self.now)
        answer = {"id": process.key, "version": process.number, "digest": process.digest, "is_new": is_new}
        return Response(answer, status=201 if is_new else 200)

    @extend_schema(summary="Try", request=BundleSerializer, responses=ValidSerializer, examples=[BUNDLE])
    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:
        """Checks a model without deploying it."""
        given = self.given(BundleSerializer)
        definition = deployment.checked(given["key"], given["files"])
        return Response(
            {
                "id": definition.process_id,
                "name": definition.name,
                "name_en": definition.name_en,
                "nodes": sorted(definition.nodes),
                "steps": sorted(definition.steps),
                "messages": sorted(definition.messages),
            }
        )
