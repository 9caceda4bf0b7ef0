"""Beginning successions: one spell by hand, all spells of a helper who leaves, and every night those that are due."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.core.errors import Conflict, FieldProblem
from backend.core.jobs import enqueue
from backend.helpers import register, successions
from backend.helpers.models import Helper, Pairing, Succession
from backend.helpers.pairings import AlreadyEnded, check_reason
from backend.org.access import SYSTEM, Actor
from workflows.steps.needs import conductor_of

SOLDIER = "soldier_son"
AT_ONCE = 500
"""So many spells are looked at in one night's run; the rest follows the next night."""


class NotConducted(Conflict):
    """No process conducts the case: it waits, is paused or has ended."""

    code = "case_not_running"
    message = _("This case is not under way.")


def start_succession(
    *, pairing: Pairing, ends_on: date, reason: str, actor: Actor, now: datetime, named: Helper | None = None
) -> Succession:
    """A spell's end is known: its succession begins beside the case.

    Raises UnderWay, AlreadyEnded, DayPassed, BeforeBegin (backend.helpers.successions), NotConducted.
    """
    conducting = conductor_of(pairing.case)
    if conducting is None:
        raise NotConducted
    with collect():
        row = successions.open_succession(
            pairing=pairing, ends_on=ends_on, reason=reason, named=named, actor=actor, now=now
        )
        enqueue(
            "processes.start",
            lock=f"case:{row.case_id}",
            process="succession",
            case_id=str(row.case_id),
            parent_id=str(conducting),
            data={"succession": str(row.pk)},
            actor=actor.as_json(),
        )
    return row


def move_succession(*, succession: Succession, ends_on: date, actor: Actor, now: datetime) -> None:
    """The known end moves: what runs counts anew. Raises as backend.helpers.successions.check_day."""
    if not successions.move_day(succession=succession, ends_on=ends_on, actor=actor, now=now):
        return
    if succession.instance_id is not None:
        enqueue(
            "processes.message",
            lock=f"instance:{succession.instance_id}",
            instance_id=str(succession.instance_id),
            name="end_moved",
            actor=actor.as_json(),
        )


def announce_leaving(
    *, helper: Helper, leaving_on: date, reason: str, actor: Actor, now: datetime, version: int | None = None
) -> list[Succession]:
    """A helper is leaving on a day ahead: each of the families gets a succession, or the one that runs moves its day.

    A case that is paused has nobody to be followed. Where the helper goes is not asked.
    Raises DayPassed, UnknownReason, HelperEnded, StaleVersion; nothing is changed then.
    """
    check_reason("helper_end_reason", reason)
    today = timezone.localdate(now)
    if leaving_on <= today:
        raise successions.DayPassed(
            [FieldProblem("/leaving_on", successions.DayPassed.code, successions.DayPassed.message)]
        )
    if helper.status == Helper.Status.ENDED:
        raise register.HelperEnded
    with collect():
        register.update_helper(
            helper=helper, changes={"to_date": leaving_on}, actor=actor, now=now, version=version, reason=reason
        )
        spells = list(
            Pairing.objects.asked()
            .on(today)
            .filter(helper=helper, to_date__isnull=True)
            .select_related("case", "helper")
        )
        running = successions.running_for([spell.pk for spell in spells])
        announced = (_announced(spell, running.get(spell.pk), leaving_on, reason, actor, now) for spell in spells)
        return [row for row in announced if row is not None]


def _announced(
    spell: Pairing, running: Succession | None, leaving_on: date, reason: str, actor: Actor, now: datetime
) -> Succession | None:
    if running is not None:
        move_succession(succession=running, ends_on=leaving_on, actor=actor, now=now)
        return running
    with suppress(NotConducted):
        return start_succession(pairing=spell, ends_on=leaving_on, reason=reason, actor=actor, now=now)
    return None


def start_due(now: datetime) -> int:
    """Begin a succession for every spell whose known end has come near; returns how many. Twice is harmless."""
    today, begun = timezone.localdate(now), 0
    for spell, ends_on in successions.ending_spells(today, AT_ONCE):
        if ends_on - today <= successions.lead_of(spell.case, today):
            begun += _started(spell, ends_on, now)
    return begun


def _started(spell: Pairing, ends_on: date, now: datetime) -> bool:
    leaves = spell.helper.to_date == ends_on
    reason = ("discharged" if spell.kind_id == SOLDIER else "left") if leaves else "not_renewed"
    with suppress(successions.UnderWay, AlreadyEnded, NotConducted), transaction.atomic():
        start_succession(pairing=spell, ends_on=ends_on, reason=reason, actor=SYSTEM, now=now)
        return True
    return False
