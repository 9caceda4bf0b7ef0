"""Records of visits that no run of a process waits for: danger found at them is reported all the same (E8)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from backend.audit.history import collect, record
from backend.core import prepared
from backend.emergencies.found import is_dangerous, raise_alarm
from backend.org.access import SYSTEM
from backend.visits import facts, visits
from backend.visits.models import Visit
from workflows import emergencies
from workflows.engine.decisions import decide
from workflows.models import Process
from workflows.tables import table_of

PROCESS = "care_visit"
TABLE = "red_flags"


def look_through(*, visit_id: UUID, now: datetime) -> None:
    """Ask decision D07, as the newest version of the process has it, and begin an emergency where there is one."""
    visit = prepared.found(Visit, visit_id, follow=("case", "family__unit"))
    table = table_of(Process.objects.newest(PROCESS).pk, TABLE)
    found = decide(table, facts.visit_facts(visit)).outputs
    with collect():
        visits.note_flags(visit=visit, flags=found["flags"])
        if is_dangerous(found["flag_reasons"]):
            record(action="visit.alarm_raised", object=visit, label=visit.family.label, actor=SYSTEM, now=now)
            emergencies.begin(incident=raise_alarm(visit=visit, reasons=found["flag_reasons"], now=now), now=now)
