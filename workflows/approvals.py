"""What waits for a signature: steps that another person than who prepared them has to do, each with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from backend.core.errors import DomainError
from backend.org.models import User
from workflows import store
from workflows.authority import refusal_for
from workflows.models import Process, WorkItem, WorkItemQuerySet
from workflows.services import Form, form_of

SHOWN = 20
"""Cases that one reads before signing them together. What lies before each is asked of the domain case by case."""


@dataclass(frozen=True)
class Approval:
    """An item to sign, its form with the facts, and why the user may not sign it (four eyes, taken by another)."""

    item: WorkItem
    form: Form
    refusal: DomainError | None


def signed_steps() -> set[tuple[str, str]]:
    """(process, step) of every step with a four-eyes rule, in the newest version of each process."""
    newest = Process.objects.filter(is_active=True).defer("files").order_by("key", "-number").distinct("key")
    return {
        (process.key, node.id)
        for process in newest
        for node in store.definition(process).nodes.values()
        if node.not_same_as
    }


def waiting_for(user: User) -> WorkItemQuerySet:
    """Open items of such steps that are the user's to sign by role and place."""
    steps = Q(pk__in=[])
    for process, step in signed_steps():
        steps |= Q(process=process, step=step)
    return WorkItem.objects.overseen_by(user, "work_item.assign").doable_by(user).filter(steps)


def approvals(items: WorkItemQuerySet, *, user: User, language: str, now: datetime) -> list[Approval]:
    """The most urgent of these items with what speaks for and against each."""
    rows = items.select_related("unit", "assignee", "case", "instance__process").defer("instance__process__files")
    return [
        Approval(item, form_of(item, user=user, language=language, now=now), refusal_for(item, user))
        for item in rows.order_by("due_at", "pk")[:SHOWN]
    ]
