"""The ladder of reminders: table D20, read once. Its days are the parameter `reminder.ladder`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache as forever
from pathlib import Path

from django.conf import settings

from workflows.engine.decisions import Table, decide, read_table

FIRST, DUE = "soon", "due"
AFTER = {"until_due": "due", "late_days": "late", "supervisor_days": "escalated", "leading_days": "leading"}
"""What is waited for → the next timer."""


@dataclass(frozen=True)
class Rung:
    """What the table says at one timer."""

    next_role: str
    channel: str
    """`collected`: shown here and sent with the next collection; `shown`: here only."""
    wait: str
    """Which number of the parameter is waited for until the next timer; `until_due`, or `none` on the last one."""
    days: str
    """How that number is counted: `calendar` or `working`."""
    decided_by: str
    """Table, rule and version, for whoever asks why."""

    @property
    def next_timer(self) -> str:
        """The timer after this one; empty for the last."""
        return AFTER.get(self.wait, "")


@forever
def rung(
    *, timer: str, high_risk: bool, holiday: bool = False, role_absent: bool = False, whose: str = "office"
) -> Rung:
    """Whom to tell, how, and how long to wait. `whose`: office, outside (helpers, liaisons) or independent (auditors).

    Raises DecisionFailed for a timer or kind of doer that the table does not know.
    """
    facts = {
        "timer": timer,
        "high_risk": high_risk,
        "holiday": holiday,
        "role_absent": role_absent,
        "whose": whose,
    }
    made = decide(_table(), facts)
    said = made.outputs
    return Rung(
        next_role=said["next_role"],
        channel=said["channel"],
        wait=said["wait"],
        days=said["days"],
        decided_by=f"{made.table}/{made.rules[0]}@{made.version}" if made.rules else "",
    )


@forever
def _table() -> Table:
    return read_table((Path(settings.BPMN_FOLDER) / "reminders" / "ladder.dmn").read_bytes())
