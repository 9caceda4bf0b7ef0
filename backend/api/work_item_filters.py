"""What an inbox is narrowed by: state, assignee, place, process, case, time, words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from backend.api.filters import Filters, Subtree, WholeNumber, YesNo
from backend.cases.masks import found_family, works_with_all
from backend.org.access import in_subtree
from backend.org.roles import ROLE_NAMES
from backend.org.working_days import end_of_day
from workflows.models import WorkItem, WorkItemQuerySet, past_due

SPANS: Mapping[str, int] = {"today": 0, "week": 6}
"""Days after today at whose end a span of time ends."""


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
            "doable", "postponed", "paused",
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
    paused = YesNo(
        method="by_paused", label="true: its time stands still, for the family is away or cannot be visited."
    )
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
        return queryset.filter(due_at__gte=now, due_at__lte=end_of_span(value, now), paused_at__isnull=True)

    def by_doable(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """What the caller may do, or may only see."""
        doable = WorkItem.objects.doable_by(self.request.user)
        return queryset.doable_by(self.request.user) if value else queryset.exclude(pk__in=doable.values("pk"))

    def by_postponed(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """Put off to a later time, or not."""
        later = Q(postponed_until__gt=self.request.parser_context["view"].now)
        return queryset.filter(later) if value else queryset.exclude(later)

    def by_paused(self, queryset: WorkItemQuerySet, name: str, value: bool) -> WorkItemQuerySet:
        """Standing still, or not."""
        return queryset.filter(paused_at__isnull=not value)

    def by_text(self, queryset: WorkItemQuerySet, name: str, value: str) -> WorkItemQuerySet:
        """What people search; by a child's name only items of families that one works with or helps."""
        text, user = value.strip(), self.request.user
        found = queryset.filter(search__contains=text.lower())
        if works_with_all(user):
            return found
        told = in_subtree(user, "person.care", "unit_path") | Q(role="helper", assignee_id=user.pk)
        shown = Q(title__icontains=text) | Q(title_en__icontains=text) | Q(case_number__icontains=text)
        return found.filter(told | shown | found_family(user, text, timezone.localdate(), "family__"))


def end_of_span(span: str, now: datetime) -> datetime:
    """The last moment of today, or of the seventh day from today, in the local calendar."""
    return end_of_day(timezone.localdate(now) + timedelta(days=SPANS[span]))
