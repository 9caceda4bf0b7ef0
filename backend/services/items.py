"""Items of a plan: given by the village or a department, confirmed by the family one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.working_days import due_at, end_of_day
from backend.reminders.outbox import intend, role_at
from backend.services.models import PlanItem
from backend.services.share import days_of


class NotYet(Invalid):
    """Something is recorded as given on a day to come."""

    code = "wrong_day"
    message = _("The day lies in the future.")


class ToldTooEarly(Invalid):
    """The family was told on a day to come, or before anybody knew."""

    code = "wrong_day"
    message = _("The day lies before the answer or in the future.")


def begin_item(*, item: PlanItem, now: datetime) -> datetime:
    """It is to be given from now on; returns by when."""
    item.due_at, item.state = due_at(now, f"{item.entry.days}wd"), PlanItem.State.UNDER_WAY
    _save(item)
    return item.due_at


def record_delivery(*, item: PlanItem, found: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """What was given, how much, when, and what shows it; or that it was not possible. Raises NotYet."""
    impossible = found["delivery"] == "impossible"
    item.evidence, item.delivered_label = str(found["evidence"]), actor.label
    if not impossible:
        item.delivered_on = _day(found, now)
        item.delivered_quantity = int(found.get("quantity") or item.quantity)
    item.state = PlanItem.State.IMPOSSIBLE if impossible else PlanItem.State.GIVEN
    _save(item)
    _tell(item, "plan_item.impossible" if impossible else "plan_item.given", actor, now)


def record_receipt(*, item: PlanItem, received: str, by: str, partly: bool, actor: Actor, now: datetime) -> None:
    """The family's word; what it did not receive is to be given again."""
    item.received, item.received_by = received, by
    if received == "not_received":
        item.state = PlanItem.State.UNDER_WAY
        _save(item)
        _tell(item, "plan_item.missing", actor, now)
        return
    item.state = PlanItem.State.PARTLY if partly or received == "partly" else PlanItem.State.DELIVERED
    _save(item)
    _tell(item, "plan_item.received", actor, now)


def set_state(*, item: PlanItem, state: PlanItem.State) -> None:
    """Where it stands; whoever sets it tells history of the referral."""
    item.state = state
    _save(item)


def note_late(*, item: PlanItem, actor: Actor, now: datetime) -> None:
    """It should have been given by now."""
    _tell(item, "plan_item.late", actor, now)


def list_for_meeting(*, item: PlanItem, actor: Actor, now: datetime) -> datetime:
    """Nobody can: the leading group coordinates. Returns by when the family has to be told (E24)."""
    if item.state != PlanItem.State.IMPOSSIBLE:
        item.state = PlanItem.State.DECLINED
    item.listed_at = now
    _save(item)
    _tell(item, "plan_item.listed", actor, now)
    today = timezone.localdate(now)
    return end_of_day(today + timedelta(days=int(days_of(item.unit_path, today)["tell_days"])))


def record_told(*, item: PlanItem, told_on: date, actor: Actor, now: datetime) -> None:
    """The family heard that nobody can give it, and what happens now. Raises ToldTooEarly."""
    known = timezone.localdate(item.listed_at) if item.listed_at else told_on
    if not known <= told_on <= timezone.localdate(now):
        raise ToldTooEarly([FieldProblem("/told_on", ToldTooEarly.code, ToldTooEarly.message)])
    item.told_on = told_on
    _save(item)
    _tell(item, "plan_item.told", actor, now)


def note_told_late(*, item: PlanItem, actor: Actor, now: datetime) -> None:
    """The family has not been told in time: the supervisor hears it (E24)."""
    if item.told_on is None and item.told_late_at is None:
        item.told_late_at = now
        _save(item)
        _tell(item, "plan_item.told_late", actor, now)
        case = item.plan.case
        intend(
            "plan_item.told_late", to=role_at("supervisor", case.unit), key=f"plan_item.told_late:{item.pk}", now=now,
            about=item, label=case.number, label_en=case.number, page=f"/service-plans/{item.plan_id}/",
        )  # fmt: skip


def _day(found: Mapping[str, Any], now: datetime) -> date:
    day = date.fromisoformat(str(found["delivered_on"]))
    if day > timezone.localdate(now):
        raise NotYet([FieldProblem("/delivered_on", NotYet.code, NotYet.message)])
    return day


def _save(item: PlanItem) -> None:
    item.version += 1
    item.save()


def _tell(item: PlanItem, action: str, actor: Actor, now: datetime) -> None:
    record(action=action, object=item, actor=actor, now=now)
