"""What a step is told about where it runs: the case and who acts, beside the engine's own call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Case
from backend.core.errors import NotFound
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.reminders.outbox import intend, role_at
from workflows.engine.runner import Call
from workflows.models import Instance

HEARD_BY: Mapping[str, str] = {
    "case.survey_reminded": "village",
    "case.family_reminded": "village",
    "case.pairing_delayed": "supervisor",
    "case.successor_missing": "supervisor",
    "case.gap_reported": "supervisor",
    "visit.missed_reported": "supervisor",
    "review.reminded": "supervisor",
    "finding.escalated": "supervisor",
}
"""What history tells that somebody was told → the role that hears it, at the family's place or the nearest above."""
_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
Step: TypeAlias = Callable[[Call], Mapping[str, Any] | None]
"""A function that a node of a diagram calls by name: what it returns is merged into process data."""


@dataclass(frozen=True)
class Context:
    """Which instance runs, for which case, who moved it, and when."""

    instance: Instance
    actor: Actor
    now: datetime
    held: dict[str, Any] = field(default_factory=dict)
    """What a step of this walk has read, or locked and written: the steps after it need not read it again."""

    @property
    def instance_id(self) -> UUID:
        """The instance that runs."""
        return self.instance.pk

    @property
    def parent_id(self) -> UUID | None:
        """The instance that waits for the end of this one."""
        return self.instance.parent_id

    @property
    def case(self) -> Case | None:
        """The case with its family, place and programme; read when a step first asks for it."""
        return self.instance.case_in_full

    @property
    def today(self) -> date:
        """The local calendar day."""
        return timezone.localdate(self.now)


def of(call: Call) -> Context:
    """The call's context."""
    context: Context = call.context
    return context


def case_of(call: Call) -> Case:
    """The case that the instance is about. Raises NotFound when it was started without one."""
    case = of(call).case
    if case is None:
        raise NotFound
    return case


def number(call: Call, key: str, default: int) -> int:
    """A whole number among the parameters of the case's place, in force today."""
    return int(parameters.value(key, path=case_of(call).unit_path, day=of(call).today, default=default))


def code(call: Call, key: str, *, default: str, among: str = "") -> str:
    """A code that came with a message, of the code list `among` if that is given; what is no code (words, nothing) is
    the default. Words belong into history."""
    found = str(call.data.get(key) or "")
    known = _CODE.fullmatch(found) and (not among or codes.knows(among, found))
    return found if known else default


def tell(call: Call, action: str, data: Mapping[str, Any] | None = None) -> None:
    """An event of the case that changes no row: somebody was reminded, told, asked."""
    context = of(call)
    record(action=action, object=case_of(call), actor=context.actor, now=context.now, data=data)
    if action in HEARD_BY:
        let_hear(call, action)


def let_hear(call: Call, action: str) -> None:
    """What history says somebody was told reaches them: once a day, by the outbox."""
    case, context = case_of(call), of(call)
    intend(
        action,
        to=role_at(HEARD_BY[action], case.family.unit),
        key=f"{action}:{context.instance_id}:{context.today:%Y%m%d}",
        about=case,
        label=case.number,
        page=f"/cases/{case.pk}/",
        now=context.now,
    )
