"""Work items as they are told and as commands about them are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.api.fields import Answers, Moment, Reason, RowSerializer, UnitRef, VisibleField
from backend.helpers.scoring import PARTS, RULES
from backend.org.models import User
from workflows.models import WorkItem

BULK = 200
"""Items of one bulk command."""

VERBS: Mapping[str, str] = {
    "claim": "work_item.claim",
    "release": "work_item.claim",
    "delegate": "work_item.delegate",
    "postpone": "work_item.postpone",
    "complete": "work_item.complete",
}


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
            "priority", "created_at", "due_at", "overdue", "paused_at", "postponed_until", "version",
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
