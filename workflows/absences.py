"""A helper's absence with all that follows: planned visits and open work items go to whoever is there.

Visits planned later ask who is there by themselves (steps of care_visit). On the first day of an absence or of a
stand-in, and on the first day after it, `turn` looks again; what people may see follows the dates without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from backend.audit.history import collect
from backend.helpers import absences
from backend.helpers.accounts import account_of
from backend.helpers.models import Absence, Helper, Pairing, PairingQuerySet, StandIn
from backend.org.access import SYSTEM, Actor
from backend.visits.models import Visit
from backend.visits.visitors import readdress
from workflows import store
from workflows.chronicle import record_item
from workflows.models import WorkItem

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
        _follow(_touched_by([helper.pk]), actor, now)
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
        _follow(_touched_by([absence.helper_id]), actor, now)
    return changed


def withdraw_absence(
    *, absence: Absence, reason: str, actor: Actor, now: datetime, version: int | None = None
) -> Absence:
    """See backend.helpers.absences.withdraw_absence."""
    with collect():
        withdrawn = absences.withdraw_absence(absence=absence, reason=reason, actor=actor, now=now, version=version)
        _follow(_touched_by([absence.helper_id]), actor, now)
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
        _follow(_touched_by([absence.helper_id]), actor, now)
    return chosen


def turn(now: datetime) -> int:
    """The day has turned: visits of helpers who went or came back go to whoever is there now. Returns how many."""
    today = timezone.localdate(now)
    since = today - LOOKED_BACK
    turned = Q(from_date__range=(since, today)) | Q(to_date__range=(since, today))
    helpers = {row.helper_id for row in Absence.objects.valid().filter(turned)}
    spells = StandIn.objects.filter(turned).values_list("pairing", flat=True)
    with collect():
        return len(_follow(_touched_by(helpers, spells), SYSTEM, now))


def _touched_by(helpers: Iterable[UUID], spells: Iterable[UUID] = ()) -> PairingQuerySet:
    """The spells of these helpers, and those in which one of them stands in."""
    ids = list(helpers)
    stood_in = StandIn.objects.lasting().filter(helper__in=ids).values("pairing")
    rows = Pairing.objects.filter(Q(helper__in=ids) | Q(pk__in=stood_in) | Q(pk__in=list(spells)))
    return rows.select_related("helper__kind")


def _follow(pairings: PairingQuerySet, actor: Actor, now: datetime) -> list[Visit]:
    """Planned visits to whoever is there, and with them the work items that wait for their record."""
    moved = readdress(pairings=pairings, actor=actor, now=now)
    _hand_items(moved, actor, now)
    return moved


def _hand_items(visits: Sequence[Visit], actor: Actor, now: datetime) -> None:
    """Open items go with their visits. What the one before had begun to write is not shown to the next."""
    by_run = {visit.instance_id: visit for visit in visits if visit.instance_id}
    rows = WorkItem.objects.select_for_update(of=("self",)).filter(
        instance__in=by_run, process="care_visit", step="record_visit", state=WorkItem.State.OPEN
    )
    for row in rows.select_related("assignee").order_by("id"):
        visit = by_run[row.instance_id]
        account = account_of(visit.helper, timezone.localdate(now)) if visit.helper else None
        row.role = "helper" if account else store.STAND_INS["helper"]
        row.unit = store.unit_for(row.role, visit.family.unit)
        row.unit_path, row.assignee_id = row.unit.path, account
        row.draft, row.draft_at, row.version = None, None, row.version + 1
        row.save(update_fields=["role", "unit", "unit_path", "assignee", "draft", "draft_at", "version"])
        to = {"to": visit.helper.name} if visit.helper and account else {}
        record_item(row, "work_item.readdressed" if to else "work_item.left_to_village", actor, now, data=to)
