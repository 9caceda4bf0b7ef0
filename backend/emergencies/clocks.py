"""By when what has to happen in an emergency: numbers of the parameter `emergency.clocks` (P04).

Minutes, hours and days of the calendar: danger knows no working days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from backend.org import parameters
from backend.org.models import Unit

KEY = "emergency.clocks"
DEFAULTS: Mapping[str, int] = {
    "acknowledge_minutes": 10,
    "same_day_acknowledge_minutes": 60,
    "planned_acknowledge_hours": 24,
    "climb_minutes": 10,
    "holiday_climb_minutes": 5,
    "arrive_town_hours": 2,
    "arrive_village_hours": 4,
    "same_day_arrive_hours": 12,
    "planned_arrive_days": 3,
    "report_minutes": 60,
    "brief_hours": 24,
    "follow_up_days": 7,
    "review_days": 10,
}
"""Where the parameter is not set."""
ACKNOWLEDGE: Mapping[str, str] = {
    "at_once": "acknowledge_minutes",
    "same_day": "same_day_acknowledge_minutes",
    "planned": "planned_acknowledge_hours",
}
ARRIVE: Mapping[str, str] = {"same_day": "same_day_arrive_hours", "planned": "planned_arrive_days"}
"""Level (decision D08) → the number it runs by; at once: by where the place is."""
TOWN_CODES = (range(1, 200), range(400, 500))
"""The last three digits of a residents' committee's statistical code; villagers' committees have the others."""


def acknowledge_by(level: str, *, path: str, now: datetime) -> datetime:
    """By when the officer on duty says: I have it."""
    return after(ACKNOWLEDGE[level], path=path, now=now)


def arrive_by(level: str, place: Unit, *, path: str, now: datetime) -> datetime:
    """By when somebody is there: in a neighbourhood sooner than in a village."""
    usual = "arrive_town_hours" if is_in_town(place) else "arrive_village_hours"
    return after(ARRIVE.get(level, usual), path=path, now=now)


def after(name: str, *, path: str, now: datetime) -> datetime:
    """`now` plus one of the numbers; its name says minutes, hours or days."""
    numbers = parameters.value(KEY, path=path, day=timezone.localdate(now), default=DEFAULTS)
    count, unit = int(numbers.get(name, DEFAULTS[name])), name.rpartition("_")[2]
    return now + timedelta(**{unit: count})


def is_in_town(place: Unit) -> bool:
    """Whether a place is looked after by a residents' committee (rules of the statistical codes, digits 10 to 12)."""
    tail = place.code[9:12]
    return len(place.code) == 12 and tail.isdecimal() and any(int(tail) in codes for codes in TOWN_CODES)
