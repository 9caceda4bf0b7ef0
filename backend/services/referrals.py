"""Referrals: a department is asked, answers with a reason, opens what it may know; declined, another is asked once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import User
from backend.org.working_days import due_at
from backend.reminders.outbox import To, intend, role_at
from backend.services import items, share
from backend.services.departments import unit_of
from backend.services.models import PlanItem, Referral

REASONS = "referral_decline_reason"
ROUNDS = 2
"""E24: another department is asked once."""


class PackageClosed(Conflict):
    """The package was never opened to the department, or its time is over."""

    code = "package_closed"
    message = _("What may be known for this is not, or no longer, open.")


class NoReason(Invalid):
    """Whoever declines says why."""

    code = "reason_missing"
    message = _("Choose a reason from the list.")


def send_referral(*, item: PlanItem, route: Mapping[str, Any], actor: Actor, now: datetime, round: int = 1) -> Referral:
    """Ask the department that decision D11 names; the nearest unit that does its work answers, else the caseworker."""
    case, department = item.case, str(route["department"])
    today = timezone.localdate(now)
    scope = f"ZJ-{township_code(case.unit)}-{today.year}"
    referral = Referral.objects.create(
        number=f"{scope}-{next_number(scope):04d}", item=item, case=case, round=round, department=department,
        unit=unit_of(department, place=case.unit, day=today), co_department=str(route.get("co_department") or ""),
        answer_by=due_at(now, f"{int(route['answer_days'])}wd"), created_at=now,
    )  # fmt: skip
    item.department = department
    items.set_state(item=item, state=PlanItem.State.REFERRED)
    _tell(referral, "referral.sent", actor, now)
    asked = role_at("liaison", referral.unit) if referral.unit else role_at("caseworker", case.unit)
    _remind("referral.sent", referral, asked, now)
    return referral


def note_late(*, referral: Referral, actor: Actor, now: datetime) -> None:
    """No answer in time: noted once, so that somebody asks."""
    if referral.state == Referral.State.SENT and referral.late_at is None:
        referral.late_at = now
        _move(referral, "referral.late", actor, now)


def accept(*, referral: Referral, note: str, actor: Actor, now: datetime) -> datetime:
    """The department will do it: what it has to know is put together, for a time. Returns by when it is to be done."""
    today = timezone.localdate(now)
    by = items.begin_item(item=referral.item, now=now)
    package = share.package(referral.item, today)
    _answered(referral, Referral.State.ACCEPTED, note, actor, now)
    referral.shared, referral.shared_fields = json.dumps(package, ensure_ascii=False), sorted(package)
    referral.shared_until = share.open_until(referral, by, today)
    _move(referral, "referral.accepted", actor, now)
    data = {"share_fields": referral.shared_fields, "until": referral.shared_until.isoformat()}
    _tell(referral, "referral.shared", actor, now, data)
    return by


def decline(*, referral: Referral, reason: str, note: str, actor: Actor, now: datetime) -> None:
    """The department cannot; its reason is a code of the list. Raises NoReason."""
    if reason not in codes.choices(REASONS, day=timezone.localdate(now)):
        raise NoReason([FieldProblem("/decline_code", NoReason.code, NoReason.message)])
    _answered(referral, Referral.State.DECLINED, note, actor, now)
    referral.reason = reason
    _move(referral, "referral.declined", actor, now, {"referral_reason": reason})


def reroute(*, referral: Referral, actor: Actor, now: datetime, answer_days: int) -> Referral | None:
    """Ask the other department that D11 named, once (E24). None when there is nobody left to ask."""
    if referral.round >= ROUNDS or not referral.co_department:
        return None
    route = {"department": referral.co_department, "answer_days": answer_days}
    return send_referral(item=referral.item, route=route, actor=actor, now=now, round=referral.round + 1)


def finish(*, referral: Referral, delivered: bool, now: datetime) -> None:
    """It was given, or turned out to be impossible: then nothing is shared any more."""
    referral.state = Referral.State.DELIVERED if delivered else Referral.State.FAILED
    if not delivered:
        referral.shared_until = now
    _save(referral)


def withdraw(*, referral: Referral, actor: Actor, now: datetime) -> None:
    """The plan is over: the department need not answer, and may open nothing any more."""
    if referral.state in {Referral.State.SENT, Referral.State.ACCEPTED}:
        referral.state, referral.shared_until = Referral.State.WITHDRAWN, now
        _move(referral, "referral.withdrawn", actor, now)


def open_package(*, referral: Referral, user: User, actor: Actor, now: datetime) -> dict[str, str]:
    """What the department may know; every opening is told to history. Raises PackageClosed."""
    if not referral.is_shared(now):
        raise PackageClosed
    referral.opened_by, referral.opened_at = user, now
    referral.save(update_fields=["opened_by", "opened_at"])
    _tell(referral, "referral.opened", actor, now, {"share_fields": referral.shared_fields})
    return share.contents(referral)


def _answered(referral: Referral, state: Referral.State, note: str, actor: Actor, now: datetime) -> None:
    referral.state, referral.note = state, note
    referral.answered_label, referral.answered_at = actor.label, now
    _remind("referral.answered", referral, role_at("caseworker", referral.case.unit), now)


def _remind(kind: str, referral: Referral, to: To, now: datetime) -> None:
    """Somebody hears of it by its number; nothing tells a department which family it is."""
    page, key = f"/referrals/{referral.pk}/", f"{kind}:{referral.pk}"
    intend(kind, to=to, key=key, now=now, unit_path=referral.unit_path, label=referral.number, page=page)


def _move(referral: Referral, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    _save(referral)
    _tell(referral, action, actor, now, data)


def _save(referral: Referral) -> None:
    referral.version += 1
    referral.save()


def _tell(referral: Referral, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    told = {"department": referral.department, **(data or {})}
    record(action=action, object=referral, actor=actor, now=now, data=told)
