"""A helper's absence with all that follows: planned visits and open work items go to whoever is there.

Visits planned later ask who is there by themselves (steps of care_visit). On the first day of an absence or of a
stand-in, and on the first day after it, `turn` looks again; what people may see follows the dates without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from backend.audit.history import collect
from backend.helpers import absences
from backend.helpers.models import Absence, Helper, Pairing, PairingQuerySet, StandIn
from backend.org.access import SYSTEM, Actor
from workflows.visitors import follow

LOOKED_BACK = timedelta(days=7)
"""How long after its day a beginning or an end is still looked for: the machine may have been off over a weekend."""


def record_absence(
    *,
    helper: Helper,
    from_date: date,
    to_date: date | None,
    reason: str,
    actor: Actor,
    now: datetime,
    stand_in: Helper | None = None,
    agreed: bool = False,
) -> Absence:
    """See backend.helpers.absences.record_absence."""
    with collect():
        made = absences.record_absence(
            helper=helper,
            from_date=from_date,
            to_date=to_date,
            reason=reason,
            stand_in=stand_in,
            agreed=agreed,
            actor=actor,
            now=now,
        )
        follow(_touched_by([helper.pk]), actor, now)
    return made


def change_absence(
    *,
    absence: Absence,
    from_date: date,
    to_date: date | None,
    actor: Actor,
    now: datetime,
    version: int | None = None,
) -> Absence:
    """See backend.helpers.absences.change_absence."""
    with collect():
        changed = absences.change_absence(
            absence=absence, from_date=from_date, to_date=to_date, actor=actor, now=now, version=version
        )
        follow(_touched_by([absence.helper_id]), actor, now)
    return changed


def withdraw_absence(
    *, absence: Absence, reason: str, actor: Actor, now: datetime, version: int | None = None
) -> Absence:
    """See backend.helpers.absences.withdraw_absence."""
    with collect():
        withdrawn = absences.withdraw_absence(absence=absence, reason=reason, actor=actor, now=now, version=version)
        follow(_touched_by([absence.helper_id]), actor, now)
    return withdrawn


def choose_stand_in(
    *,
    absence: Absence,
    pairing: Pairing,
    helper: Helper | None,
    actor: Actor,
    now: datetime,
    agreed: bool = False,
    from_date: date | None = None,
) -> StandIn:
    """See backend.helpers.absences.choose_stand_in."""
    with collect():
        chosen = absences.choose_stand_in(
            absence=absence, pairing=pairing, helper=helper, agreed=agreed, from_date=from_date, actor=actor, now=now
        )
        follow(_touched_by([absence.helper_id]), actor, now)
    return chosen


def turn(now: datetime) -> int:
    """The day has turned: visits of helpers who went or came back go to whoever is there now. Returns how many."""
    today = timezone.localdate(now)
    since = today - LOOKED_BACK
    turned = Q(from_date__range=(since, today)) | Q(to_date__range=(since, today))
    helpers = {row.helper_id for row in Absence.objects.valid().filter(turned)}
    spells = StandIn.objects.filter(turned).values_list("pairing", flat=True)
    with collect():
        return len(follow(_touched_by(helpers, spells), SYSTEM, now))


def _touched_by(helpers: Iterable[UUID], spells: Iterable[UUID] = ()) -> PairingQuerySet:
    """The spells of these helpers, and those in which one of them stands in."""
    ids = list(helpers)
    stood_in = StandIn.objects.lasting().filter(helper__in=ids).values("pairing")
    return Pairing.objects.filter(Q(helper__in=ids) | Q(pk__in=stood_in) | Q(pk__in=list(spells)))
