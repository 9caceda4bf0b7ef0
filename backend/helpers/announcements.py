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
from backend.helpers.waiting import SEARCHING_PHASE, WAITING_PHASE, waiting_around
from backend.org.access import Actor

LOOKED_AT = 20
"""So many waiting cases are looked at for one helper."""


def announce(*, helper: Helper, actor: Actor, now: datetime) -> int:
    """Tell cases of the helper's township that there are free places: those whose turn it is on the waiting list and
    for which the helper may be asked. How many heard it.

    Every one of them ranks and asks anew: nobody is assigned. A place is announced to one case only, and a case that
    was told is on the waiting list no longer, so that several helpers, also at the same moment, wake as many cases.
    """
    day = timezone.localdate(now)
    free = free_places(helper, day)
    if free <= 0 or helper.status != Helper.Status.ACTIVE:
        return 0
    one, told = applicant(helper, helper.kind, helper.places - free, day), 0
    with collect():
        for case in _next_in_turn(helper):
            if told == free:
                break
            if not obstacle_of(place_of(case, day), one):
                told += wake(case=case, helper=helper, actor=actor, now=now)
    return told


def _next_in_turn(helper: Helper) -> CaseQuerySet:
    waiting = waiting_around(helper.unit).filter(programme__helper_kinds__contains=[helper.kind_id])
    return waiting.select_related("family__unit", "programme")[:LOOKED_AT]


def wake(*, case: Case, helper: Helper, actor: Actor, now: datetime) -> bool:
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
