"""By when a request has to be decided: clocks of law and of the office, from the parameter `grievance.days`.

Calendar days where the law counts days (信访工作条例: 60 and 30), working days where it says 及时 or names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from backend.org import parameters
from backend.org.working_days import due_at

KEY = "grievance.days"
DEFAULTS: Mapping[str, int] = {
    "complaint_days": 60,
    "complaint_extension_days": 30,
    "objection_working_days": 10,
    "objection_extension_working_days": 10,
    "request_working_days": 15,
    "request_extension_working_days": 15,
    "withdrawal_working_days": 3,
    "urgent_hours": 24,
    "notice_days": 15,
}
"""Where the parameter is not set."""
FIRST: Mapping[str, tuple[str, str]] = {
    "complaint": ("complaint_days", "P{}D"),
    "objection": ("objection_working_days", "{}wd"),
    "request": ("request_working_days", "{}wd"),
    "withdrawal": ("withdrawal_working_days", "{}wd"),
    "urgent": ("urgent_hours", "PT{}H"),
}
"""Clock (decision D31) → the number it runs by, and how that is counted."""
EXTENSION: Mapping[str, tuple[str, str]] = {
    "complaint": ("complaint_extension_days", "P{}D"),
    "urgent": ("complaint_extension_days", "P{}D"),
    "objection": ("objection_extension_working_days", "{}wd"),
    "request": ("request_extension_working_days", "{}wd"),
}
"""The same for the one time that it may be put off."""


def first_due(clock: str, *, path: str, now: datetime) -> datetime:
    """When something is due that came in at `now`."""
    return _due(FIRST[clock], path, now, now)


def notice_by(*, path: str, now: datetime) -> datetime:
    """By when somebody who complained has to hear that it is looked into (信访工作条例 23)."""
    return _due(("notice_days", "P{}D"), path, now, now)


def extended_due(clock: str, due: datetime, *, path: str, now: datetime) -> datetime:
    """When it is due after the one extension, counted from when it was due (or from now, when that has passed)."""
    return _due(EXTENSION[clock], path, max(due, now), now)


def _due(rule: tuple[str, str], path: str, since: datetime, now: datetime) -> datetime:
    key, text = rule
    numbers = parameters.value(KEY, path=path, day=timezone.localdate(now), default=DEFAULTS)
    return due_at(since, text.format(numbers.get(key, DEFAULTS[key])))
