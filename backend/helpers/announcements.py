"""Free places announced to the cases that wait for somebody (P02: waiting list)."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backend.audit.history import collect
from backend.cases.cases import enter_phase
from backend.cases.models import Case, CaseQuerySet
from backend.core.jobs import enqueue
from backend.helpers.candidates import applicant, place_of
from backend.helpers.matching import obstacle_of
from backend.helpers.models import Helper
from backend.helpers.places import free_places
from backend.org.access import Actor
from backend.org.models import Unit

WAITING_PHASE = "waiting"
"""The phase of a case for which nobody was found yet."""
SEARCHING_PHASE = "pairing"
"""The phase of a case that looks for somebody: it waits no longer, and no other place is announced to it."""
TOWNSHIP_LEVELS = 4
LOOKED_AT = 20
"""So many waiting cases are looked at for one helper."""


def announce(*, helper: Helper, actor: Actor, now: datetime) -> int:
    """Tell cases of the helper's township that there are free places: those that have waited longest and for which the
    helper may be asked. How many heard it.

    Every one of them ranks and asks anew: nobody is assigned. A place is announced to one case only, and a case that
    was told is on the waiting list no longer, so that several helpers, also at the same moment, wake as many cases.
    """
    day = timezone.localdate(now)
    free = free_places(helper, day)
    if free <= 0 or helper.status != Helper.Status.ACTIVE:
        return 0
    one, told = applicant(helper, helper.kind, helper.places - free, day), 0
    with collect():
        for case in _longest_waiting(helper):
            if told == free:
                break
            if not obstacle_of(place_of(case, day), one):
                told += _woken(case, helper, actor, now)
    return told


def waiting_cases(unit: Unit) -> CaseQuerySet:
    """The cases of a unit's township for which nobody was found yet."""
    township = "".join(f"{part}." for part in unit.path.split(".")[:TOWNSHIP_LEVELS])
    return Case.objects.filter(phase=WAITING_PHASE, state=Case.State.OPEN, unit_path__startswith=township)


def _longest_waiting(helper: Helper) -> CaseQuerySet:
    waiting = waiting_cases(helper.unit).filter(programme__helper_kinds__contains=[helper.kind_id])
    return waiting.select_related("family__unit", "programme").order_by("opened_at", "id")[:LOOKED_AT]


def _woken(case: Case, helper: Helper, actor: Actor, now: datetime) -> bool:
    """Take the case from the waiting list and tell it, unless another place was announced to it a moment ago."""
    rows = Case.objects.select_for_update(skip_locked=True, of=("self",))
    held = rows.filter(pk=case.pk, phase=WAITING_PHASE, state=Case.State.OPEN).first()
    if held is None:
        return False
    enter_phase(case=held, phase=SEARCHING_PHASE, actor=actor, now=now)
    enqueue(
        "processes.message_case",
        lock=f"case:{held.pk}",
        case_id=str(held.pk),
        name="helper_available",
        data={"helper": str(helper.pk)},
        actor=actor.as_json(),
    )
    return True
