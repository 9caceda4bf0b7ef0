"""Work items: the inbox, and everything one does with a step that waits for a person.

The list shows open items unless `state` says otherwise. Who may do an item is decided by workflows.authority; here
only who sees it, and whether its family may be named to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import describe
from backend.api.fields import PersonRef, reference
from backend.api.filters import narrowed
from backend.api.resource import Resource
from backend.api.work_item_filters import WorkItemFilters, end_of_span
from backend.api.work_item_shapes import (
    BULK,
    VERBS,
    AnswersSerializer,
    BulkAnswerSerializer,
    BulkSerializer,
    CountsSerializer,
    CourseSerializer,
    DelegateSerializer,
    FormSerializer,
    FormStateSerializer,
    PostponeSerializer,
    VersionedSerializer,
    WorkItemDetailSerializer,
    WorkItemSerializer,
)
from backend.cases.models import visible_families
from backend.core.errors import NotAllowed, NotFound
from backend.org.access import granting, in_subtree, may
from backend.org.models import Unit, User
from backend.org.roles import ROLE_NAMES
from workflows import services
from workflows.authority import able_to_do
from workflows.course import course_of
from workflows.models import WorkItem, WorkItemQuerySet, past_due

NOT_SHOWN = [
    f"{related}__{field.name}"
    for related, model in (("unit", Unit), ("assignee", User))
    for field in model._meta.concrete_fields
    if field.name not in {"id", "name"}
]
"""Columns of joined rows that no answer tells: they cost half a page's time."""

EXAMPLE = OpenApiExample(
    "survey",
    value={"answers": {"method": "home", "survey_result": "surveyed"}, "version": 3},
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="The inbox"),
    retrieve=extend_schema(summary="One work item", responses=WorkItemDetailSerializer),
)
class WorkItems(Resource):
    """Steps that wait for a person."""

    model = WorkItem
    serializer_class = WorkItemSerializer
    filterset_class = WorkItemFilters
    related = ("unit", "assignee")
    orderings = {"due_at": "due_at", "priority": "priority", "created_at": "created_at"}
    ordering = "due_at"
    required_actions = {
        "list": ("work_item.read", "own.work_item.read"),
        "retrieve": ("work_item.read", "own.work_item.read"),
        "form": ("work_item.read", "own.work_item.read"),
        "check": ("work_item.read", "own.work_item.read"),
        "course": ("work_item.read", "own.work_item.read"),
        "colleagues": "work_item.delegate",
        "counts": ("work_item.read", "own.work_item.read"),
        "next": "work_item.claim",
        "bulk": ("work_item.claim", "work_item.delegate", "work_item.postpone", "work_item.complete"),
        "claim": VERBS["claim"],
        "release": VERBS["release"],
        "delegate": VERBS["delegate"],
        "postpone": VERBS["postpone"],
        "draft": "work_item.complete",
        "complete": VERBS["complete"],
    }

    # --- what is shown

    def get_queryset(self) -> Any:
        """Visible items; for a helper each with whether its family may be named (own pairing in force today)."""
        rows = super().get_queryset().defer("search", *NOT_SHOWN, *(() if self.action == "form" else ("draft",)))
        if self.action in {"form", "check", "course"}:
            rows = rows.select_related("instance__process", "case").defer("search", "instance__process__files")
        if getattr(self, "swagger_fake_view", False) or not granting(self.user, "own.case.read"):
            return rows
        paired = ExpressionWrapper(visible_families(self.user, "family__", "case.read"), output_field=BooleanField())
        return rows.annotate(family_is_own=paired)

    def find(self) -> Any:
        """A verb's item by one prepared statement; a helper's, of whom more is asked (own pairing), as in a list."""
        if self.action == "form" or granting(self.user, "own.case.read"):
            return super().find()
        item = WorkItem.objects.one_visible_to(self.user, self.kwargs["pk"])
        if item is None:
            raise Http404
        return item

    def seen_in_full(self) -> Q | None:
        """Items whose family the caller may know, and items that name none (a liaison's)."""
        if not granting(self.user, "own.work_item.read"):
            return None  # whoever reads a subtree's items reads its cases
        condition = in_subtree(self.user, "case.read", "unit_path") | Q(family__isnull=True)
        if granting(self.user, "own.case.read"):
            condition |= visible_families(self.user, "family__", "case.read")
        return condition

    def is_seen_in_full(self, row: WorkItem) -> bool:
        """Whether the caller may know the item's case and family."""
        return may(self.user, "case.read", path=row.unit_path) or bool(getattr(row, "family_is_own", False))

    def place_of(self, row: WorkItem) -> None:
        """Who may do an item is more than a question of place: workflows.authority decides it in the verb."""

    def is_own(self, row: WorkItem) -> bool:
        """Whatever an `own.…` action lets one see is one's own."""
        return True

    def shown(self, item: WorkItem, changed: WorkItem | None = None) -> Response:
        """The item after a verb, without reading it again: `changed` is what the verb gave back."""
        for field in WorkItem._meta.concrete_fields if changed is not None else ():
            if field.attname in changed.__dict__:
                setattr(item, field.attname, getattr(changed, field.attname))
        if item.assignee_id == self.user.pk:
            item.assignee = self.user
        return Response(self._presenter(WorkItemDetailSerializer).to_representation(item))

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One work item."""
        return self.shown(self.get_object())

    # --- reading

    @extend_schema(summary="How much waits in each queue", responses=CountsSerializer, filters=True)
    @action(detail=False, pagination_class=None)
    def counts(self, request: Request) -> Response:
        """Open and overdue items per role, unit, process and step; takes the same filters as the list."""
        items = cast("WorkItemQuerySet", self.filter_queryset(WorkItem.objects.visible_to(self.user)))
        tally = {
            "open": Count("pk"),
            "overdue": Count("pk", filter=past_due(self.now)),
            "unassigned": Count("pk", filter=Q(assignee__isnull=True)),
        }
        soon = {
            name: Count("pk", filter=Q(due_at__gte=self.now, due_at__lte=end_of_span(span, self.now)))
            for name, span in (("due_today", "today"), ("due_this_week", "week"))
        }
        later = Count("pk", filter=Q(postponed_until__gt=self.now))
        totals = items.aggregate(**tally, **soon, mine=Count("pk", filter=Q(assignee=self.user.pk)), postponed=later)
        keys = ("role", "unit_id", "unit__name", "process", "step", "title", "title_en")
        queues = items.values(*keys).annotate(**tally).order_by("-open", "role", "unit_id", "step")[:500]
        return Response({**totals, "queues": [_queue(row) for row in queues]})

    @extend_schema(summary="The form of a work item", responses=FormSerializer)
    @action(detail=True)
    def form(self, request: Request, pk: UUID) -> Response:
        """JSON Schema, labels, known values, and what was typed so far."""
        item = self.get_object()
        form = services.form_of(item, user=self.user, language=get_language() or "", now=self.now)
        told = {
            "schema": form.schema,
            "values": form.values,
            "facts": form.facts,
            "told": form.told,
            "offered": form.offered,
            "ranking": form.ranking,
            "draft": form.draft,
            "draft_at": item.draft_at if form.draft is not None else None,
            "version": item.version,
        }
        return Response(FormSerializer(told).data)

    @extend_schema(
        summary="How the form stands with these answers", request=AnswersSerializer, responses=FormStateSerializer
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: UUID) -> Response:
        """What is asked for and needed now, and what is wrong: the rules of completion. Changes nothing."""
        item = self.get_object()
        return Response(
            FormStateSerializer(services.check(item=item, answers=self.given(AnswersSerializer)["answers"])).data
        )

    @extend_schema(summary="How it came about", responses=CourseSerializer)
    @action(detail=True)
    def course(self, request: Request, pk: UUID) -> Response:
        """Process, steps before, due rule; what came of it once it is done; what the caller may do.

        Who did the steps before is told to who may read the case's history.
        """
        item = self.get_object()
        found = course_of(item, user=self.user, language=get_language() or "")
        is_known = may(self.user, "case.read", path=item.unit_path)
        ids = [each.pk for each in found.following]
        seen = set(self.get_queryset().filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
        return Response(
            CourseSerializer(
                {
                    "process": found.process,
                    "step": item.step,
                    "role": item.role,
                    "role_name": ROLE_NAMES[item.role],
                    "started_at": found.started_at,
                    "due_rule": found.due_rule,
                    "before": found.before if is_known else [],
                    "outcome": found.outcome,
                    "next_items": [
                        _next(each, each.pk in seen) for each in found.following if is_known or each.pk in seen
                    ],
                    "has_ended": found.has_ended,
                    "wakes_at": found.wakes_at,
                    "verbs": found.verbs,
                    "refusal": found.refusal,
                },
                context=self.get_serializer_context(),
            ).data
        )

    @extend_schema(summary="To whom it can be handed", responses=PersonRef(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def colleagues(self, request: Request, pk: UUID) -> Response:
        """Who could do it as well: the same role at its place, not excluded by the four-eyes rule."""
        people = able_to_do(self.get_object(), day=timezone.localdate(self.now)).visible_to(self.user)
        return Response(PersonRef(people.exclude(pk=self.user.pk).order_by("name")[:BULK], many=True).data)

    # --- verbs

    @extend_schema(summary="Take it", request=VersionedSerializer, responses=WorkItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: UUID) -> Response:
        """Nobody else is offered it then."""
        return self._verb("claim")

    @extend_schema(summary="Give it back", request=VersionedSerializer, responses=WorkItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: UUID) -> Response:
        """Back to its queue; the draft stays."""
        return self._verb("release")

    @extend_schema(summary="Hand it to a colleague", request=DelegateSerializer, responses=WorkItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def delegate(self, request: Request, pk: UUID) -> Response:
        """The colleague must be able to do it."""
        return self._verb("delegate", DelegateSerializer)

    @extend_schema(summary="Put it off", request=PostponeSerializer, responses=WorkItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def postpone(self, request: Request, pk: UUID) -> Response:
        """It stays due when it was due."""
        return self._verb("postpone", PostponeSerializer)

    @extend_schema(summary="Keep what was typed", request=AnswersSerializer, responses=WorkItemDetailSerializer)
    @action(detail=True, methods=["put"])
    def draft(self, request: Request, pk: UUID) -> Response:
        """Unfinished answers are welcome; kept encrypted."""
        item = self.get_object()
        answers = self.given(AnswersSerializer)["answers"]
        return self.shown(item, services.save_draft(item=item, answers=answers, user=self.user, now=self.now))

    @extend_schema(
        summary="Complete it", request=AnswersSerializer, responses=WorkItemDetailSerializer, examples=[EXAMPLE]
    )
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:
        """The answers go in, the process moves on to its next waits: all or nothing."""
        return self._verb("complete", AnswersSerializer)

    @extend_schema(
        summary="Give me the next one", request=None, responses={200: WorkItemDetailSerializer, 204: None}, filters=True
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def next(self, request: Request) -> Response:
        """Claims the most pressing open item that nobody has; 204 when nothing is left. Takes the list's filters."""
        items = cast("WorkItemQuerySet", self.filter_queryset(WorkItem.objects.visible_to(self.user)))
        row = services.hand_out_next(user=self.user, now=self.now, items=items)
        if row is None:
            return Response(status=204)
        return self.shown(self.get_queryset().get(pk=row.pk))

    @extend_schema(summary="One verb for many items", request=BulkSerializer, responses=BulkAnswerSerializer)
    def bulk(self, request: Request) -> Response:
        """Each item by itself: a transaction and a result of its own, so that no two cases are ever locked together."""
        command = self.given(BulkSerializer)
        verb = command.pop("action")
        if not granting(self.user, VERBS[verb]):
            raise NotAllowed
        ids, more = self._chosen(command)
        items = {item.pk: item for item in self.get_queryset().filter(pk__in=ids)}
        results = [self._one_of_many(verb, pk, items.get(pk), command) for pk in ids]
        return Response({"results": results, "more": more})

    # --- parts

    def _verb(self, verb: str, body: type[VersionedSerializer] = VersionedSerializer) -> Response:
        item = self.get_object()
        return self.shown(item, _call(verb, item, self.given(body), self.user, self.now, self.version()))

    def _chosen(self, command: dict[str, Any]) -> tuple[list[UUID], bool]:
        """The ids that a bulk command is about, each once."""
        if "ids" in command:
            return list(dict.fromkeys(command["ids"])), False
        filters = QueryDict(mutable=True)
        for name, value in command["filter"].items():
            if name not in WorkItemFilters.base_filters:
                raise serializers.ValidationError({"filter": {name: [_("There is no such parameter.")]}})
            filters[name] = str(value).lower() if isinstance(value, bool) else str(value)
        ids = list(self.narrowed_by(filters).order_by("due_at", "pk").values_list("pk", flat=True)[: BULK + 1])
        return ids[:BULK], len(ids) > BULK

    def narrowed_by(self, filters: QueryDict) -> Any:
        """Visible items that these parameters leave. Raises InvalidParameters."""
        found = WorkItemFilters(filters, queryset=WorkItem.objects.visible_to(self.user), request=self.request)
        return narrowed(found, self)

    def _one_of_many(self, verb: str, pk: UUID, item: WorkItem | None, command: Mapping[str, Any]) -> dict[str, Any]:
        try:
            if item is None:
                raise NotFound
            with transaction.atomic():
                done = _call(verb, item, command, self.user, self.now, None)
        except Exception as error:  # one item's failure is that item's result
            document, _headers = describe(error)
            return {"id": str(pk), "ok": False, "status": document["status"], "version": None, "problem": document}
        return {"id": str(pk), "ok": True, "status": 200, "version": done.version, "problem": None}


def _call(
    verb: str, item: WorkItem, given: Mapping[str, Any], user: User, now: datetime, version: int | None
) -> WorkItem:
    """The one call of each verb."""
    calls: Mapping[str, Callable[..., WorkItem]] = {
        "claim": services.claim,
        "release": services.release,
        "delegate": services.delegate,
        "postpone": services.postpone,
        "complete": services.complete,
    }
    wanted: Mapping[str, tuple[str, ...]] = {
        "delegate": ("to", "reason"), "postpone": ("until", "reason"), "complete": ("answers",),
    }  # fmt: skip
    arguments = {name: given[name] for name in wanted.get(verb, ())}
    return calls[verb](item=item, user=user, now=now, version=version, **arguments)


def _next(item: WorkItem, is_seen: bool) -> dict[str, Any]:
    english = (get_language() or "").startswith("en")
    return {
        "id": item.pk if is_seen else None,
        "title": item.title_en if english and item.title_en else item.title,
        "role_name": ROLE_NAMES[item.role],
        "unit": item.unit,
        "state": item.state,
        "due_at": item.due_at,
    }


def _queue(row: Mapping[str, Any]) -> dict[str, Any]:
    english = (get_language() or "").startswith("en")
    return {
        "role": row["role"],
        "unit": reference(row["unit_id"], row["unit__name"]),
        "process": row["process"],
        "step": row["step"],
        "title": row["title_en"] if english else row["title"],
        "open": row["open"],
        "overdue": row["overdue"],
        "unassigned": row["unassigned"],
    }
