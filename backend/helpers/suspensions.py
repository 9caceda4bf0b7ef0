"""Pairings suspended and taken up again: the family is safe first, questions come after (domain.md E10, P02).

What a helper sees follows the dates of the rows (PairingQuerySet.suspended), to the day and without any job; what is
written here is for history, for the people who are told, and for the visits that somebody else makes meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem
from backend.core.jobs import enqueue
from backend.helpers.models import Helper, Pairing, Suspension
from backend.helpers.models.pairings import check_missing
from backend.helpers.models.suspensions import CHECK_EXPIRED
from backend.helpers.pairings import AlreadyEnded, check_reason
from backend.org.access import SYSTEM, Actor


class AlreadySuspended(Conflict):
    """It is suspended for this reason."""

    code = "already_suspended"
    message = _("This pairing is suspended for this reason already.")


class NotSuspended(Conflict):
    """There is nothing to lift."""

    code = "not_suspended"
    message = _("This pairing is not suspended.")


class CheckFirst(Conflict):
    """A suspension for a missing background check ends with the check."""

    code = "check_first"
    message = _("The helper's background check is over: enter the new check first, and the suspension ends by itself.")


def suspend_pairing(*, pairing: Pairing, reason: str, actor: Actor, now: datetime, note: str = "") -> Suspension:
    """From today on the helper neither sees nor visits the family; the spell goes on. The family waits for nobody: its
    visits go to the village worker. `reason`: code list `suspension_reason`; `note` is for the history.

    Raises AlreadyEnded, AlreadySuspended, UnknownReason.
    """
    check_reason("suspension_reason", reason)
    today = timezone.localdate(now)
    held = _locked(pairing)
    if held.to_date is not None and held.to_date <= today:
        raise AlreadyEnded
    if held.suspensions.filter(to_date__isnull=True, reason=reason).exists():
        raise AlreadySuspended
    return _suspend(held, reason, today, actor, now, note)


def lift_suspension(*, pairing: Pairing, reason: str, actor: Actor, now: datetime, note: str = "") -> int:
    """The helper sees and visits the family again from today on. How many suspensions ended.

    Raises NotSuspended; CheckFirst when the missing background check alone is left.
    """
    check_reason("suspension_end_reason", reason)
    held = _locked(pairing)
    open_rows = held.suspensions.filter(to_date__isnull=True)
    if not open_rows.exists():
        raise NotSuspended
    rows = list(open_rows.exclude(reason=CHECK_EXPIRED))
    if not rows:
        raise CheckFirst([FieldProblem("/reason", CheckFirst.code, CheckFirst.message)])
    for row in rows:
        _lift(row, held, reason, actor, now, note)
    return len(rows)


def follow_checks(*, now: datetime, actor: Actor = SYSTEM, helper: Helper | None = None) -> int:
    """Write down what the dates of background checks say today: suspensions that began, and those that a new check
    ended. For all pairings, or one helper's. How many changed.
    """
    today = timezone.localdate(now)
    spells = Pairing.objects.on(today)
    if helper is not None:
        spells = spells.filter(helper=helper)
    noted = Q(suspensions__reason=CHECK_EXPIRED, suspensions__to_date__isnull=True)
    begun = _with_names(spells.filter(check_missing(today)).exclude(noted))
    over = _with_names(spells.filter(noted).exclude(pk__in=Pairing.objects.filter(check_missing(today)).values("pk")))
    for pairing in begun:
        _suspend(pairing, CHECK_EXPIRED, _expired_on(pairing, today), actor, now)
    for pairing in over:
        for row in pairing.suspensions.filter(reason=CHECK_EXPIRED, to_date__isnull=True):
            _lift(row, pairing, "check_renewed", actor, now)
    return len(begun) + len(over)


def _suspend(pairing: Pairing, reason: str, from_date: date, actor: Actor, now: datetime, note: str = "") -> Suspension:
    row = Suspension.objects.create(
        pairing=pairing, from_date=from_date, reason=reason, decided_by_label=actor.label, created_at=now
    )
    data = {**_named(pairing), "suspension_reason": reason, "from_date": from_date.isoformat()}
    record(action="pairing.suspended", object=pairing, actor=actor, now=now, data=data, reason=note)
    _follow(pairing, "suspended", reason, actor)
    return row


def _lift(row: Suspension, pairing: Pairing, reason: str, actor: Actor, now: datetime, note: str = "") -> None:
    row.to_date = max(timezone.localdate(now), row.from_date)
    row.end_reason, row.lifted_by_label = reason, actor.label
    row.save(update_fields=["to_date", "end_reason", "lifted_by_label"])
    data = {**_named(pairing), "suspension_end_reason": reason, "to_date": row.to_date.isoformat()}
    record(action="pairing.resumed", object=pairing, actor=actor, now=now, data=data, reason=note)
    _follow(pairing, "resumed", reason, actor)


def _follow(pairing: Pairing, what: str, reason: str, actor: Actor) -> None:
    """Visits go to whoever may make them, and the caseworker is told (workflows.visitors)."""
    enqueue(
        "suspensions.follow",
        lock=f"case:{pairing.case_id}",
        pairing_id=str(pairing.pk),
        what=what,
        reason=reason,
        actor=actor.as_json(),
    )


def _expired_on(pairing: Pairing, today: date) -> date:
    """Since when the check has been missing: the day it ended on, not before the spell."""
    return max(pairing.from_date, min(pairing.helper.check_until or today, today))


def _locked(pairing: Pairing) -> Pairing:
    return prepared.found(Pairing, pairing.pk, follow=("case", "helper"), lock=True)


def _with_names(rows: Any) -> list[Pairing]:
    return list(rows.select_for_update(of=("self",)).select_related("case", "helper").order_by("pk"))


def _named(pairing: Pairing) -> dict[str, Any]:
    return {"helper": str(pairing.helper_id), "helper_name": pairing.helper.name}
