"""What history is told of instances and work items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.audit import decisions
from backend.audit.history import record
from backend.core.crypto import encrypt
from backend.org.access import Actor
from workflows.engine.definition import Definition, Node
from workflows.engine.forms import choice_title
from workflows.engine.runner import Made
from workflows.models import Instance, WorkItem


def decision(made: Made) -> dict[str, Any]:
    """A decision for the history: table, version, outputs; the inputs sealed, for they tell of health, and why (see
    backend.audit.decisions)."""
    inputs = encrypt(json.dumps(made.inputs, ensure_ascii=False, default=str)).hex()
    answer = decisions.told(table=made.table, rules=made.rules, outputs=made.outputs)
    return {"table": made.table, "version": made.version, **answer, "sealed_inputs": inputs}


def record_instance(
    instance: Instance,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """An event about an instance, in the chain of its case."""
    case = instance.case_in_outline
    record(
        action=action,
        object=instance,
        label=str(instance.process.name),
        actor=actor,
        now=now,
        case_id=case.pk if case else None,
        family_id=case.family_id if case else None,
        unit_path=case.unit_path if case else "",
        data={"process": instance.process.key, "version": instance.process.number, **(data or {})},
        reason=reason,
    )


def record_item(
    row: WorkItem, action: str, actor: Actor, now: datetime, *, data: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    """An event about a work item, in the chain of its case."""
    record(
        action=action,
        object=row,
        label=row.title,
        actor=actor,
        now=now,
        case_id=row.case_id,
        family_id=row.family_id,
        unit_path=row.unit_path,
        data={"title": row.title, "title_en": row.title_en, **(data or {})},
        reason=reason,
    )


def told(definition: Definition, node: Node, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What history says of the answers: sensitive fields only by name (their content is in the domain's own rows)."""
    form = definition.forms[node.form]
    fields = form.get("properties", {})
    hidden = sorted(name for name in answers if fields.get(name, {}).get("x-sensitive"))
    plain = {name: value for name, value in answers.items() if name not in hidden}
    outcome = str(answers.get(node.outcome) or "") if node.outcome else ""
    said = {"step": node.id, "outcome": outcome, "answers": plain, "sensitive": hidden}
    if not outcome:
        return said
    titles = {
        "outcome_title": choice_title(form, node.outcome, outcome, "zh"),
        "outcome_title_en": choice_title(form, node.outcome, outcome, "en"),
    }
    return {**said, **titles}
