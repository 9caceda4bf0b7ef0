"""Records of visits beside the runs that plan them: danger in a record that no run waits for, or that waits for the
supervisor, is reported at once (E8, E9); a late record that no run waits for gets a decision of its own (E20)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from backend.audit.history import collect, record
from backend.core import prepared
from backend.emergencies.found import is_dangerous, is_raised, raise_alarm
from backend.org.access import SYSTEM
from backend.visits import facts, visits
from backend.visits.models import Submission, Visit
from workflows import emergencies, services
from workflows.engine.decisions import decide
from workflows.models import Instance, Process
from workflows.tables import table_of

PROCESS = "care_visit"
TABLE = "red_flags"
LATE_RECORD = "late_record"


def look_through(*, visit_id: UUID, now: datetime, submission_id: UUID | None = None) -> None:
    """Ask decision D07, as the newest version of the process has it, and begin an emergency where there is one.

    `submission_id`: of another record of the visit, which says something else; whoever sent it is the finder.
    """
    visit = prepared.found(Visit, visit_id, follow=("case", "family__unit"))
    if submission_id is not None:
        _put_in(visit, Submission.objects.get(pk=submission_id))
    table = table_of(Process.objects.newest(PROCESS).pk, TABLE)
    found = decide(table, facts.visit_facts(visit)).outputs
    with collect():
        if submission_id is None:
            visits.note_flags(visit=visit, flags=found["flags"])
        if is_dangerous(found["flag_reasons"]) and not is_raised(visit):
            record(action="visit.alarm_raised", object=visit, label=visit.family.label, actor=SYSTEM, now=now)
            emergencies.begin(incident=raise_alarm(visit=visit, reasons=found["flag_reasons"], now=now), now=now)


def _put_in(visit: Visit, sent: Submission) -> None:
    """The visit as this record tells it, to be looked at and not to be kept."""
    visit.answers, visit.recorded_by_label = sent.answers, sent.sent_by_label
    visit.recorded_by_id = sent.sent_by_id


def have_decided(*, visit: Visit, now: datetime) -> None:
    """A record of more than 7 days that no run waits for, or waits for any more, comes before the supervisor (E20).

    `visit`: its row, locked. What is decided, or waits in a run already, is left alone.
    """
    if visit.state != Visit.State.HELD or _is_awaited(visit):
        return
    data = {"visit": str(visit.pk), "recorder": str(visit.recorded_by_id or "")}
    instance = services.start(process=LATE_RECORD, case=visit.case, data=data, actor=SYSTEM, now=now)
    visit.instance_id = instance.pk
    visit.save(update_fields=["instance_id"])


def _is_awaited(visit: Visit) -> bool:
    run = visit.instance_id
    return run is not None and Instance.objects.filter(pk=run, state=Instance.State.RUNNING).exists()
