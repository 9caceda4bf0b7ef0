"""The demo's festivals: one being brought to the doors, one whose list is being checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.benefits import gifts, stock
from backend.benefits.models import Condolence
from backend.org import calendar
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import condolences, services
from workflows.models import WorkItem

GOODS = ("大米10公斤", "食用油5升")
PLAN: Mapping[str, Any] = {
    "budget": 60000, "special": 500, "hardship": 400, "mother": 300, "elder": 200, "goods": "、".join(GOODS),
}  # fmt: skip


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """The nearest festival's gifts are with the villages; the one after it has a list to be checked."""
    near, next_one = _festivals(timezone.localdate(now))
    row = _listed(users, town, near, now)
    _done(users["caseworker"], row, "check_list", {"checked": True}, now)
    _done(users["supervisor"], row, "lock_list", {"list_lock": "lock"}, now)
    row.refresh_from_db()
    caseworker = actor_of(users["caseworker"])
    for item in GOODS:
        stock.receive_lot(
            condolence=row, item=item, number="L1", quantity=200, expires_on=row.festival_on + timedelta(days=200),
            actor=caseworker, now=now,
        )  # fmt: skip
    gifts.plan_visits(condolence=row, actor=caseworker, now=now)
    _done(users["caseworker"], row, "plan_visits", {"ready": True}, now)
    _listed(users, town, next_one, now)


def _festivals(today: date) -> list[tuple[str, date]]:
    """The next two, with days enough before the first to bring everything."""
    codes = ("new_year", "spring_festival", "dragon_boat", "mid_autumn", "double_ninth")
    ahead = [(code, day) for code in codes if (day := calendar.next_after(code, today + timedelta(days=14)))]
    return sorted(ahead, key=lambda each: each[1])[:2]


def _listed(users: Mapping[str, User], town: Unit, festival: tuple[str, date], now: datetime) -> Condolence:
    """Planned by the caseworker, approved by the supervisor."""
    code, day = festival
    actor = actor_of(users["caseworker"])
    row = condolences.start_condolence(unit=town, festival=code, festival_on=day, actor=actor, now=now)
    _done(users["caseworker"], row, "plan_condolence", PLAN, now)
    _done(users["supervisor"], row, "approve_plan", {"approval": "approve"}, now)
    return row


def _done(user: User, row: Condolence, step: str, answers: Mapping[str, Any], now: datetime) -> None:
    """Complete the campaign's item of this step: of those that wait, the newest."""
    items = WorkItem.objects.select_related("instance__process")
    item = items.filter(process=condolences.PROCESS, step=step, state=WorkItem.State.OPEN, unit=row.unit).latest("id")
    services.complete(item=item, answers=answers, user=user, now=now)
