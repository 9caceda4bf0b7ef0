"""When visits fall due, and when a record of one is late. Pure: no database, no clock.

Sources: domain.md P03 (record within 48 h, blocked after 7 days; missed: a call at once, on site within 24 h, tier A
4 h; the supervisor hears after 48 h) and D06 (period by tier). Every number is a parameter (section 7 no. 1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

Lateness = Literal["in_time", "late", "blocked"]

LOCAL = ZoneInfo("Asia/Shanghai")
"""Visits are made by the local calendar, wherever the server stands."""
DAY_BEGINS = time(8)
CLOCK_DRIFT = timedelta(minutes=10)
"""A device's clock may run ahead by so much; a visit that is further ahead has not been made."""


@dataclass(frozen=True)
class Rules:
    """The numbers, as parameters set them for an area."""

    late_hours: int = 48
    blocked_days: int = 7
    on_site_hours: int = 24
    on_site_hours_high: int = 4
    report_hours: int = 48
    retry_days: int = 7
    """How soon to come again after nobody was met, when the period is longer."""
    retry_days_high: int = 1
    """The same for tier A: somebody who may lie helpless behind the door does not wait a week."""
    lead_days: int = 14
    """From how many days before the planned day on a contact counts, at most a quarter of the wait until then."""
    sample_percent: int = 5


@dataclass(frozen=True)
class Window:
    """One planned visit: its day, from when a contact counts as it, and until when."""

    day: date
    opens_at: datetime
    due_at: datetime
    """The end of the planned day: after it the visit is missed."""


def next_day(
    *,
    start: date,
    last_met: date | None,
    last_tried: date | None,
    agreed: date | None,
    period_days: int,
    today: date,
    tier: str,
    rules: Rules,
    event_on: date | None = None,
) -> date:
    """The day of the next visit, today at the earliest.

    `start`: begin of the pairing; tier A is first seen the day after (domain.md D06: within 24 h). `last_met`: last
    contact with anybody of the family; one visit serves all programmes (E6). `last_tried`: a later attempt that met
    nobody, or was missed. `agreed`: what was agreed at the last visit; it may only be sooner. `event_on`: the day of
    something since which nobody was there: tier A is seen the day after.
    """
    period = timedelta(days=period_days)
    if last_met is None and last_tried is None:
        day = start + (timedelta(days=1) if tier == "A" else period)
    elif last_tried is not None and (last_met is None or last_tried > last_met):
        retry = rules.retry_days_high if tier == "A" else rules.retry_days
        day = last_tried + min(period, timedelta(days=retry))
    else:
        day = (last_met or start) + period
        if agreed is not None and agreed > today:
            day = min(day, agreed)
    if event_on is not None and tier == "A":
        day = max(event_on, start) + timedelta(days=1)
    return max(day, today)


def window(day: date, *, wait_days: int, rules: Rules) -> Window:
    """When a visit planned for this day, so many days ahead, may be made.

    The lead goes by the wait, not by the period: who was not at home is not sought again the same day. What is planned
    for tomorrow may be done at once (D06: tier A within 24 h).
    """
    lead = timedelta(days=wait_days if wait_days <= 1 else min(wait_days // 4, rules.lead_days))
    opens = datetime.combine(day - lead, DAY_BEGINS, tzinfo=LOCAL)
    return Window(day=day, opens_at=opens, due_at=datetime.combine(day + timedelta(days=1), time(0), tzinfo=LOCAL))


def report_at(due_at: datetime, *, tier: str, rules: Rules) -> datetime:
    """When the supervisor hears that a missed visit was still not made: tier A sooner."""
    high = tier == "A"
    return due_at + timedelta(hours=rules.on_site_hours_high if high else rules.report_hours)


def lateness(*, ended_at: datetime, recorded_at: datetime, rules: Rules) -> Lateness:
    """How late a record comes: a reason is needed after 48 h, a supervisor after 7 days (domain.md E20)."""
    passed = recorded_at - ended_at
    if passed > timedelta(days=rules.blocked_days):
        return "blocked"
    return "late" if passed > timedelta(hours=rules.late_hours) else "in_time"


def is_sampled(visit: UUID, *, percent: int) -> bool:
    """Whether this visit is called back by somebody else: decided by its id alone, so that nobody can steer it."""
    return int.from_bytes(hashlib.sha256(visit.bytes).digest()[:4]) % 100 < percent
