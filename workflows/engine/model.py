"""What a model is made of: nodes, as other code sees them, and problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.engine.durations import working_days

DEFAULT_PRIORITY = 50


@dataclass(frozen=True)
class Node:
    """One node of a diagram. Texts that a node does not have are empty."""

    id: str
    kind: str  # see KINDS in `reading`
    process: str  # the process (file) it is drawn in
    name: str  # Chinese
    name_en: str
    role: str = ""  # of its lane
    event: str = ""  # message, timer, error or terminate
    message: str = ""  # name of the message it waits for
    form: str = ""
    due: str = ""  # ISO 8601 duration, `10wd`, or at:<key in the process data that holds a time>
    priority: int = DEFAULT_PRIORITY  # 0 … 100, higher is more urgent
    not_same_as: tuple[str, ...] = ()  # nodes whose latest doer may not do this one
    assignee: str = ""  # key in the process data that holds a user's id
    closed_to: str = ""  # key in the process data that holds the id of a user who neither sees nor does it
    keep: tuple[str, ...] = ()  # answers copied into the process data
    outcome: str = ""  # answer shown as the outcome
    step: str = ""
    facts: str = ""  # step that returns a table's inputs
    decision: str = ""
    unit: str = "own"  # own, or partner:<key> or unit:<key in the process data>
    called: str = ""  # process that a call activity calls
    pausable: bool = False  # a user task or timer whose time stands still while the run is paused

    @property
    def due_working_days(self) -> int | None:
        """The working days in `due`, or None when it is a duration."""
        return working_days(self.due)


@dataclass(frozen=True)
class Problem:
    """One reason why a model is refused."""

    node: str  # id of the element; "" when it is about a whole file
    code: str
    message: str  # English
    file: str = ""


class ModelRefused(Exception):
    """The model breaks rules; `problems` has them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{each.file}#{each.node} {each.code}: {each.message}" for each in self.problems))
