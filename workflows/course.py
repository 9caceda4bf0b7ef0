"""How a work item came about and what came of it: for people who ask why it is in their inbox. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.org.models import User
from workflows import store
from workflows.authority import refusal_for, verbs_for
from workflows.engine.definition import Definition, Node
from workflows.engine.durations import working_days
from workflows.engine.forms import choice_title
from workflows.engine.reading import GATEWAYS
from workflows.models import Instance, Trace, WorkItem

LOOKED_BACK = 20
"""Nodes of the trace that are looked at before an item; the last person's step is nearly always among them."""
_SPAN = re.compile(r"P(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


@dataclass(frozen=True)
class Course:
    """What led to an item, what it led to, and what the reader may do with it."""

    process: Mapping[str, Any]
    started_at: datetime
    due_rule: str
    before: list[dict[str, Any]]
    """From the last step that a person did, the oldest first."""
    outcome: str
    following: list[WorkItem]
    """Items that opened when this one was completed."""
    has_ended: bool
    wakes_at: datetime | None
    verbs: list[str]
    refusal: Mapping[str, str] | None


def course_of(item: WorkItem, *, user: User, language: str) -> Course:
    """The item's course, in that language."""
    instance, process = item.instance, item.instance.process
    definition = store.definition(process)
    node = definition.nodes[item.step]
    english = language.startswith("en")
    is_done = item.state == WorkItem.State.DONE
    refused = refusal_for(item, user, store.barred(instance, node))
    with override(language):
        return Course(
            process={
                "key": process.key,
                "number": process.number,
                "name": process.name_en if english else process.name,
            },
            started_at=instance.created_at,
            due_rule=due_in_words(node.due),
            before=_before(item, definition, english),
            outcome=_outcome(definition, node, item.outcome, english),
            following=_opened_by(item) if is_done else [],
            has_ended=instance.state != Instance.State.RUNNING,
            wakes_at=instance.wake_at if is_done else None,
            verbs=[] if refused and refused.code == "already_done" else verbs_for(item, user, refused),
            refusal={"code": refused.code, "detail": str(refused)} if refused else None,
        )


def due_in_words(rule: str) -> str:
    """`10wd`, `P7D`, `PT48H` as people say it; anything longer stays as it is."""
    if rule.startswith("at:"):
        return _("by the day that was set")
    days = working_days(rule)
    if days is not None:
        return _("within %(count)s working days") % {"count": days}
    found = _SPAN.fullmatch(rule)
    given = [(int(text), place) for place, text in enumerate(found.groups()) if text] if found else []
    if len(given) != 1:
        return rule
    [(count, place)] = given
    texts = (
        _("within %(count)s months"),
        _("within %(count)s weeks"),
        _("within %(count)s days"),
        _("within %(count)s hours"),
        _("within %(count)s minutes"),
    )
    return texts[place] % {"count": count}


def _before(item: WorkItem, definition: Definition, english: bool) -> list[dict[str, Any]]:
    rows = Trace.objects.filter(instance=item.instance_id, at__lte=item.created_at).order_by("-at", "-id")
    passed: list[dict[str, Any]] = []
    for row in rows[:LOOKED_BACK]:
        node = definition.nodes.get(row.node)
        name = _name(node, english)
        if node is not None and name and node.kind not in GATEWAYS:
            outcome = _outcome(definition, node, row.outcome, english)
            passed.append({"node": row.node, "name": name, "at": row.at, "by": row.by, "outcome": outcome})
        if row.by:
            break
    return passed[::-1]


def _opened_by(item: WorkItem) -> list[WorkItem]:
    """Items of the same instance that were made by the command that ended this one."""
    if item.ended_at is None:
        return []
    following = WorkItem.objects.filter(instance=item.instance_id, created_at=item.ended_at).exclude(pk=item.pk)
    return list(following.select_related("unit").defer("draft", "search").order_by("due_at", "pk"))


def _name(node: Node | None, english: bool) -> str:
    return "" if node is None else (node.name_en if english else node.name)


def _outcome(definition: Definition, node: Node, code: str, english: bool) -> str:
    if not code or not node.form or not node.outcome:
        return code
    return choice_title(definition.forms[node.form], node.outcome, code, "en" if english else "zh")
