"""Work items: the inbox, and everything one does with a step that waits for a person.

The list shows open items unless `state` says otherwise. Who may do an item is decided by workflows.authority; here
only who sees it, and whether its family may be named to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import django_filters
from django import forms
from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import describe
from backend.api.fields import Answers, Moment, PersonRef, Reason, RowSerializer, UnitRef, VisibleField, reference
from backend.api.filters import Filters, Subtree, WholeNumber, YesNo, narrowed
from backend.api.resource import Resource
from backend.cases.models import visible_families
from backend.core.errors import NotAllowed, NotFound
from backend.helpers.scoring import PARTS, RULES
from backend.org.access import granting, in_subtree, may
from backend.org.models import Unit, User
from backend.org.roles import ROLE_NAMES
from backend.org.working_days import end_of_day
from workflows import services
from workflows.authority import able_to_do
from workflows.course import course_of
from workflows.models import WorkItem, WorkItemQuerySet, past_due

BULK = 200
"""Items of one bulk command."""

NOT_SHOWN = [
    f"{related}__{field.name}"
    for related, model in (("unit", Unit), ("assignee", User))
    for field in model._meta.concrete_fields
    if field.name not in {"id", "name"}
]
"""Columns of joined rows that no answer tells: they cost half a page's time."""

SPANS: Mapping[str, int] = {"today": 0, "week": 6}
"""Days after today at whose end a span of time ends."""

VERBS: Mapping[str, str] = {
    "claim": "work_item.claim",
    "release": "work_item.claim",
    "delegate": "work_item.delegate",
    "postpone": "work_item.postpone",
    "complete": "work_item.complete",
}


class AssigneeField(forms.CharField):
    """me, others, none or a user's id."""

    def clean(self, value: Any) -> str | UUID | None:
        """Raises ValidationError."""
        text = super().clean(value)
        if text in {"", "me", "others", "none"}:
            return text or None
        try:
            return UUID(text)
        except ValueError:
            raise forms.ValidationError(_("me, others, none or the id of a user."), code="invalid") from None


@extend_schema_field(OpenApiTypes.STR)
class AssigneeFilter(django_filters.Filter):  # type: ignore[misc]
    """Whose items: `me`, `others`, `none`, or a user's id."""

    field_class = AssigneeField

    def filter(self, qs: WorkItemQuerySet, value: str | UUID | None) -> WorkItemQuerySet:
        """The items of that person, of anybody else, or of nobody."""
        if value is None:
            return qs
        if value == "none":
            return qs.filter(assignee__isnull=True)
        me = self.parent.request.user.pk
        if value == "others":
            return qs.filter(assignee__isnull=False).exclude(assignee_id=me)
        return qs.filter(assignee_id=me if value == "me" else UUID(str(value)))


class IdsFilter(django_filters.BaseInFilter, django_filters.UUIDFilter):  # type: ignore[misc]
    """These rows and no others."""


class ItemsBelow(Subtree):
    """Work items at a unit and below it."""

    def within(self, qs: Any, path: str) -> Any:
        """The model knows the condition that its indexes answer."""
        return qs.below(path)


class WorkItemFilters(Filters):
    """What an inbox is narrowed by."""

    open_to_all = frozenset(
        {
            "ids", "state", "assignee", "role", "unit", "process", "step", "due", "due_before", "overdue", "priority",
            "doable", "postponed",
        }
    )  # fmt: skip

    ids = IdsFilter(field_name="pk", label="Ids of work items, separated by commas.")
    state = django_filters.ChoiceFilter(
        choices=[*WorkItem.State.choices, ("any", "any")], method="by_state", label="Default: open."
    )
    assignee = AssigneeFilter(label="`me`, `others`, `none` or the id of a user.")
    role = django_filters.ChoiceFilter(choices=list(ROLE_NAMES.items()))
    unit = ItemsBelow(label="Id or code of a unit: its items and those below it.")
    village = Subtree(field_name="case__unit_path", label="Id or code of a unit: items about families there.")
    process = django_filters.CharFilter(max_length=60)
    step = django_filters.CharFilter(max_length=80)
    case = django_filters.UUIDFilter(field_name="case_id")
    family = django_filters.UUIDFilter(field_name="family_id")
    due = django_filters.ChoiceFilter(
        method="by_due",
        choices=[("today", _("today")), ("week", _("in the next seven days"))],
        label="Not overdue, and due before the end of today or of the next seven days.",
    )
    due_before = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    overdue = YesNo(method="by_overdue")
    priority = WholeNumber(min_value=0, max_value=100)
    doable = YesNo(method="by_doable", label="true: what the caller's roles and units may do.")
    postponed = YesNo(method="by_postponed")
    q = django_filters.CharFilter(
        method="by_text", max_length=60, label="Title, case number, name, or the initials of its pinyin."
    )

    def filter_queryset(self, queryset: WorkItemQuerySet) -> WorkItemQuerySet:
        """All filters; an inbox holds open items unless the state is asked for."""
        if not self.form.cleaned_data.get("state"):
            queryset = queryset.filter(state=WorkItem.State.OPEN)
        found: WorkItemQuerySet = super().filter_queryset(queryset)
        return found

    def by_state(self, queryset: WorkItemQuerySet, name: str, value: str) -> WorkItemQuerySet:
        """Items in a state."""
        return queryset if value == "any" else queryset.filter(state=value)

    def by_overdue(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """Overdue ones, or open ones that are not."""
        condition = past_due(self.request.parser_context["view"].now)
        return queryset.filter(condition) if value else queryset.filter(~condition, state=WorkItem.State.OPEN)

    def by_due(self, queryset: WorkItemQuerySet, name: str, value: str) -> WorkItemQuerySet:
        """From now until the end of the span."""
        now = self.request.parser_context["view"].now
        return queryset.filter(due_at__gte=now, due_at__lte=end_of_span(value, now))

    def by_doable(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """What the caller may do, or may only see."""
        doable = WorkItem.objects.doable_by(self.request.user)
        return queryset.doable_by(self.request.user) if value else queryset.exclude(pk__in=doable.values("pk"))

    def by_postponed(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """Put off to a later time, or not."""
        later = Q(postponed_until__gt=self.request.parser_context["view"].now)
        return queryset.filter(later) if value else queryset.exclude(later)

    def by_text(self, queryset: WorkItemQuerySet, name: str, value: str) -> WorkItemQuerySet:
        """What people search."""
        return queryset.filter(search__contains=value.strip().lower())


def end_of_span(span: str, now: datetime) -> datetime:
    """The last moment of today, or of the seventh day from today, in the local calendar."""
    return end_of_day(timezone.localdate(now) + timedelta(days=SPANS[span]))


class CaseOfItem(serializers.Serializer[Any]):
    """The case of a work item. Who may not see the case gets its number only: what one quotes on the telephone."""

    id = serializers.UUIDField(allow_null=True)
    number = serializers.CharField()


class FamilyOfItem(serializers.Serializer[Any]):
    """The family of a work item."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]


class WorkItemSerializer(RowSerializer[WorkItem]):
    """A work item as lists show it. `family` is null when the caller may not know whom it is about."""

    title = serializers.SerializerMethodField()
    unit = UnitRef()
    case = serializers.SerializerMethodField()
    family = serializers.SerializerMethodField()
    assignee = serializers.UUIDField(source="assignee_id", allow_null=True)
    assignee_name = serializers.CharField(source="assignee.name", default=None, allow_null=True)
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = WorkItem
        fields = (
            "id", "title", "process", "step", "state", "role", "unit", "case", "family", "assignee", "assignee_name",
            "priority", "created_at", "due_at", "overdue", "postponed_until", "version",
        )  # fmt: skip

    def get_title(self, item: WorkItem) -> str:
        """In the caller's language."""
        english = (get_language() or "").startswith("en")
        return item.title_en if english and item.title_en else item.title

    @extend_schema_field(CaseOfItem(allow_null=True))
    def get_case(self, item: WorkItem) -> dict[str, Any] | None:
        """{id, number}; the id only for who may see the case. Without a case the number that people quote of it."""
        if item.case_id is None:
            return {"id": None, "number": item.case_number} if item.case_number else None
        known = self.context["view"].is_seen_in_full(item)
        return {"id": str(item.case_id) if known else None, "number": item.case_number}

    @extend_schema_field(FamilyOfItem(allow_null=True))
    def get_family(self, item: WorkItem) -> dict[str, Any] | None:
        """{id, label}; only for who may see the family."""
        if item.family_id is None or not self.context["view"].is_seen_in_full(item):
            return None
        return {"id": str(item.family_id), "label": item.family_label}

    def get_overdue(self, item: WorkItem) -> bool:
        """Open and past its due time."""
        return item.is_overdue(self.context["view"].now)


class WorkItemDetailSerializer(WorkItemSerializer):
    """One work item."""

    class Meta(WorkItemSerializer.Meta):
        fields = (
            *WorkItemSerializer.Meta.fields,
            "postpone_reason", "draft_at", "outcome", "completed_label", "ended_at",
        )  # type: ignore[assignment]  # fmt: skip


class VersionedSerializer(serializers.Serializer[Any]):
    """A command that may name the version it was made for."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=999_999_999, help_text="Or If-Match.")


class DelegateSerializer(VersionedSerializer):
    """To whom, and why."""

    to = VisibleField(User)
    reason = Reason()


class PostponeSerializer(VersionedSerializer):
    """Until when, and why."""

    until = Moment()
    reason = Reason()


class AnswersSerializer(VersionedSerializer):
    """The answers of the item's form (see form/)."""

    answers = Answers()


class PlainFactSerializer(serializers.Serializer[Any]):
    """A fact in words."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()


class FactSerializer(PlainFactSerializer):
    """A fact in words, or a group of such."""

    facts = PlainFactSerializer(many=True)


class OfferedSerializer(serializers.Serializer[Any]):
    """A row that can be chosen, and what speaks for it."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField()


class PointsSerializer(serializers.Serializer[Any]):
    """What one part of a score gave."""

    part = serializers.ChoiceField(choices=PARTS)
    points = serializers.IntegerField()
    most = serializers.IntegerField(help_text="So many this part can give for this family.")


class CandidateSerializer(serializers.Serializer[Any]):
    """A helper who may be asked."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    number = serializers.CharField()
    kind = serializers.CharField(help_text="In the caller's language.")
    unit = serializers.CharField(help_text="Where the helper lives.")
    languages = serializers.ListField(child=serializers.CharField())
    free = serializers.IntegerField(
        allow_null=True, help_text="Places neither taken nor promised on the day of the ranking."
    )
    score = serializers.IntegerField(help_text="Of 100 points.")
    parts = PointsSerializer(many=True)
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Codes of what speaks for the helper.")


class RemovedSerializer(serializers.Serializer[Any]):
    """How many helpers a hard rule left out; each counts for the first rule that fails."""

    rule = serializers.ChoiceField(choices=RULES)
    number = serializers.IntegerField()


class RankingSerializer(serializers.Serializer[Any]):
    """Helpers for one family: the best side by side, and how many each hard rule left out."""

    day = serializers.DateField()
    looked_at = serializers.IntegerField(help_text="Helpers who were looked at.")
    fitting = serializers.IntegerField(help_text="Helpers whom no hard rule left out.")
    helpers = CandidateSerializer(many=True, help_text="The best first.")
    left_out = RemovedSerializer(many=True, help_text="The rule that left out most first.")


class FormSerializer(serializers.Serializer[Any]):
    """A work item's form: JSON Schema 2020-12 with labels in the caller's language."""

    schema = serializers.DictField(child=serializers.JSONField())
    values = serializers.DictField(child=serializers.JSONField(), help_text="Known beforehand.")
    facts = serializers.DictField(child=serializers.JSONField(), help_text="What helps to decide.")
    told = FactSerializer(many=True, help_text="The facts in words, in the caller's language.")
    offered = serializers.DictField(
        child=OfferedSerializer(many=True), help_text="By field: rows that can be chosen, where the field holds an id."
    )
    ranking = RankingSerializer(allow_null=True, help_text="Where a helper is to be chosen.")
    draft = serializers.DictField(
        child=serializers.JSONField(), allow_null=True, help_text="Typed so far; only for who may do the item."
    )
    draft_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class FieldProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one answer."""

    pointer = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class FormStateSerializer(serializers.Serializer[Any]):
    """A form as it stands with some answers: the fields that are asked for and needed now, and what is wrong."""

    shown = serializers.ListField(child=serializers.CharField())
    required = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    errors = FieldProblemSerializer(many=True)  # type: ignore[assignment]


class PassedSerializer(serializers.Serializer[Any]):
    """A node of the diagram that was passed."""

    node = serializers.CharField()
    name = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField()
    outcome = serializers.CharField(help_text="In words.")


class ProcessRef(serializers.Serializer[Any]):
    """A process as other things mention it."""

    key = serializers.CharField()
    number = serializers.IntegerField()
    name = serializers.CharField()


class RefusalSerializer(serializers.Serializer[Any]):
    """Why the caller may not do it."""

    code = serializers.CharField()
    detail = serializers.CharField()


class NextItemSerializer(serializers.Serializer[Any]):
    """A step that opened when an item was completed. The id only for who sees the item."""

    id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    role_name = serializers.CharField()
    unit = UnitRef()
    state = serializers.CharField()
    due_at = serializers.DateTimeField()


class CourseSerializer(serializers.Serializer[Any]):
    """How a work item came about, what came of it, and what the caller may do with it."""

    process = ProcessRef()
    step = serializers.CharField()
    role = serializers.CharField()
    role_name = serializers.CharField()
    started_at = serializers.DateTimeField()
    due_rule = serializers.CharField(help_text="In words.")
    before = PassedSerializer(many=True)
    outcome = serializers.CharField(help_text="In words.")
    next_items = NextItemSerializer(many=True)
    has_ended = serializers.BooleanField(help_text="Whether the process has come to its end.")
    wakes_at = serializers.DateTimeField(allow_null=True)
    verbs = serializers.ListField(child=serializers.CharField())
    refusal = RefusalSerializer(allow_null=True)


class QueueSerializer(serializers.Serializer[Any]):
    """One queue: what waits for a role at a unit, per step."""

    role = serializers.CharField()
    unit = UnitRef()
    process = serializers.CharField()
    step = serializers.CharField()
    title = serializers.CharField()
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    unassigned = serializers.IntegerField()


class CountsSerializer(serializers.Serializer[Any]):
    """How much waits. `queues` holds the 500 longest; the numbers above cover everything."""

    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    mine = serializers.IntegerField()
    unassigned = serializers.IntegerField()
    due_today = serializers.IntegerField(help_text="Not overdue, due before the end of today.")
    due_this_week = serializers.IntegerField(help_text="Not overdue, due before the end of the next seven days.")
    postponed = serializers.IntegerField()
    queues = QueueSerializer(many=True)


class BulkSerializer(serializers.Serializer[Any]):
    """One verb for many items: those named, or those that the inbox filters find (200, the most urgent first)."""

    action = serializers.ChoiceField(choices=sorted(VERBS))
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=BULK, required=False)
    filter = serializers.DictField(
        child=serializers.JSONField(),
        required=False,
        help_text="The same names and values as the list's parameters.",
    )
    to = VisibleField(User, required=False)
    until = Moment(required=False)
    reason = Reason(required=False)
    answers = Answers(required=False)

    NEEDED: Mapping[str, tuple[str, ...]] = {
        "delegate": ("to", "reason"),
        "postpone": ("until", "reason"),
        "complete": ("answers",),
    }
    default_error_messages = {"which": _("Name either ids or a filter."), "missing": _("This action needs it.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either ids or filter, and what the action needs. Raises ValidationError."""
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"ids": [self.error_messages["which"]]}, code="which")
        if missing := [name for name in self.NEEDED.get(attrs["action"], ()) if name not in attrs]:
            raise serializers.ValidationError(
                {name: [self.error_messages["missing"]] for name in missing}, code="required"
            )
        return attrs


class BulkResultSerializer(serializers.Serializer[Any]):
    """What became of one item: done (`ok`, its new version), or the problem document that says why not."""

    id = serializers.UUIDField()
    ok = serializers.BooleanField()
    status = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True)
    problem = serializers.DictField(child=serializers.JSONField(), allow_null=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """A result for each item. `more`: the filter finds more than one command takes; send it again."""

    results = BulkResultSerializer(many=True)
    more = serializers.BooleanField()


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
