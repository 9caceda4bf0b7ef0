"""The register of helpers: entered, corrected, away for a while, ended (domain.md E3, E4: without penalty)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.cases.search import initials, search_text
from backend.core import prepared
from backend.core.crypto import blind_index
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.core.jobs import enqueue
from backend.helpers.announcements import announce
from backend.helpers.checks import valid_until
from backend.helpers.contacts import name_for_families
from backend.helpers.models import Helper, HelperKind, Offer, Pairing
from backend.helpers.pairings import check_reason, stop_pairing
from backend.helpers.suspensions import follow_checks
from backend.org.access import Actor
from backend.org.models import Unit, User

FIELDS = frozenset(
    {
        "name", "kind", "unit", "partner_unit", "user", "certificate", "sex", "birth_date", "liaison", "phone",
        "skills", "languages", "from_date", "to_date", "max_families", "trained_on", "insured_until", "checked_on",
        "address",
    }
)  # fmt: skip
SENSITIVE = frozenset({"certificate", "phone", "birth_date"})


class NumberTaken(Conflict):
    """Another helper has this number."""

    code = "helper_number_taken"
    message = _("Another helper has this number.")


class NotEditable(Invalid):
    """This field is not changed this way."""

    code = "not_editable"
    message = _("This field cannot be changed here.")


class HelperEnded(Conflict):
    """The helper's service has ended."""

    code = "helper_ended"
    message = _("This helper's service has ended.")


def register_helper(
    *,
    kind: HelperKind,
    name: str,
    unit: Unit,
    actor: Actor,
    now: datetime,
    number: str = "",
    fields: Mapping[str, Any] | None = None,
) -> Helper:
    """Enter a helper (F05). Without a number an opaque one is made. Raises NumberTaken, NotEditable.

    `fields`: any others of FIELDS. Cases that wait for somebody hear of it (message `helper_available`).
    """
    code = township_code(unit)
    number = number or f"B{code[:9]}{next_number(f'helper:{code}'):05d}"
    if Helper.objects.filter(number=number).exists():
        raise NumberTaken([FieldProblem("/number", NumberTaken.code, NumberTaken.message)])
    helper = Helper(number=number, kind=kind, name=name, unit=unit, created_at=now, updated_at=now)
    _set(helper, fields or {})
    _derive(helper)
    helper.save(force_insert=True)
    record(action="helper.registered", object=helper, actor=actor, now=now, data={"number": number, "kind": kind.code})
    announce(helper=helper, actor=actor, now=now)
    name_for_families(helper=helper, actor=actor, now=now)
    return helper


def update_helper(
    *,
    helper: Helper,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    version: int | None = None,
    reason: str = "",
) -> Helper:
    """Correct a helper's entry. Raises NotEditable, StaleVersion."""
    held = _locked(helper)
    if version is not None and version != held.version:
        raise StaleVersion
    told = _set(held, changes)
    if not told:
        return held
    _derive(held)
    held.updated_at, held.version = now, held.version + 1
    held.save()
    record(action="helper.updated", object=held, actor=actor, now=now, data=told, reason=reason)
    if "checked_on" in told:
        follow_checks(helper=held, actor=actor, now=now)
    announce(helper=held, actor=actor, now=now)
    return held


def set_status(*, helper: Helper, status: str, reason: str, actor: Actor, now: datetime) -> Helper:
    """Away for a while, suspended, or active again; spells go on. Nobody's obligation, so no penalty (E4).

    Raises HelperEnded.
    """
    held = _locked(helper)
    if held.status == Helper.Status.ENDED:
        raise HelperEnded
    if held.status == status:
        return held
    before, held.status, held.updated_at, held.version = held.status, Helper.Status(status), now, held.version + 1
    held.save(update_fields=["status", "updated_at", "version"])
    data = {"from": str(before), "to": str(status)}
    record(action="helper.status_changed", object=held, actor=actor, now=now, data=data, reason=reason)
    announce(helper=held, actor=actor, now=now)
    return held


def end_helper(*, helper: Helper, reason: str, ended_on: date, actor: Actor, now: datetime, note: str = "") -> Helper:
    """A helper's service ends: discharge, transfer, illness, a complaint … (E3). All spells end that day.

    Each of the helper's cases hears it (message `helper_ended`) and looks for somebody else. The day may lie ahead: a
    soldier's discharge is known. Where the helper goes is nobody's business and is not kept. `reason` is a code of the
    list `helper_end_reason`. Raises HelperEnded, UnknownReason.
    """
    check_reason("helper_end_reason", reason)
    held = _locked(helper)
    if held.status == Helper.Status.ENDED:
        raise HelperEnded
    if ended_on <= timezone.localdate(now):
        held.status = Helper.Status.ENDED
    held.to_date, held.end_reason, held.updated_at, held.version = ended_on, reason, now, held.version + 1
    held.save(update_fields=["status", "to_date", "end_reason", "updated_at", "version"])
    data = {"reason_code": reason, "ended_on": ended_on.isoformat()}
    record(action="helper.ended", object=held, actor=actor, now=now, data=data, reason=note)
    for pairing in Pairing.objects.from_day(ended_on).filter(helper=held):
        stop_pairing(pairing=pairing, reason=reason, ended_on=ended_on, actor=actor, now=now)
    if held.status == Helper.Status.ENDED:
        _tell_asking(held, reason, ended_on, actor)
    return held


def _tell_asking(helper: Helper, reason: str, ended_on: date, actor: Actor) -> None:
    """Cases in which the helper was asked, or has agreed and is not paired yet, hear it too and ask somebody else."""
    asking = Offer.objects.filter(
        helper=helper, state__in=(Offer.State.OPEN, Offer.State.ACCEPTED), pairing__isnull=True
    )
    data = {"helper": str(helper.pk), "reason": reason, "ended_on": ended_on.isoformat()}
    for case_id in asking.values_list("case", flat=True).distinct():
        _tell(case_id, "helper_ended", data, actor)


def _locked(helper: Helper) -> Helper:
    return prepared.found(Helper, helper.pk, follow=("unit", "kind"), lock=True)


def _set(helper: Helper, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set the fields that differ; what the history says of it."""
    foreign = sorted(set(changes) - FIELDS)
    if foreign:
        raise NotEditable([FieldProblem(f"/{name}", NotEditable.code, NotEditable.message) for name in foreign])
    told: dict[str, Any] = {}
    for name, value in sorted(changes.items()):
        before = getattr(helper, name)
        if before != value:
            setattr(helper, name, value)
            told[name] = "changed" if name in SENSITIVE else {"from": _plain(before), "to": _plain(value)}
    return told


def _derive(helper: Helper) -> None:
    """What follows from the other fields: initials, search text, blind index."""
    helper.initials = initials(helper.name)
    partner = helper.partner_unit.name if helper.partner_unit else ""
    helper.search = search_text(names=[helper.name], others=[helper.number, partner])
    helper.certificate_index = blind_index(helper.certificate) if helper.certificate else None
    helper.certificate_tail = helper.certificate[-4:]
    helper.check_until = valid_until(helper.checked_on, helper.unit.path)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Unit | User | HelperKind) else value


def _tell(case_id: object, name: str, data: dict[str, Any], actor: Actor) -> None:
    enqueue(
        "processes.message_case",
        lock=f"case:{case_id}",
        case_id=str(case_id),
        name=name,
        data=data,
        actor=actor.as_json(),
    )
