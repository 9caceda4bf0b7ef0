"""When messages go out: collected, at certain hours of the day, and never at night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from backend.org import parameters

KEY = "reminder.hours"
DEFAULTS: Mapping[str, str] = {"quiet_from": "21:00", "quiet_to": "07:00", "collected_at": "08:30"}
"""Where the parameter is not set."""


@dataclass(frozen=True)
class Hours:
    """The hours of an area, local time. `quiet_from` after `quiet_to`: the quiet goes over midnight; equal: none."""

    quiet_from: time
    quiet_to: time
    collected_at: tuple[time, ...]

    def is_quiet(self, moment: datetime) -> bool:
        """Whether nothing but what is urgent may go out."""
        clock = timezone.localtime(moment).time()
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= clock < self.quiet_to
        return clock >= self.quiet_from or clock < self.quiet_to

    def after_quiet(self, moment: datetime) -> datetime:
        """The moment itself, or the end of the quiet hours in which it lies."""
        return self._next(moment, [self.quiet_to]) if self.is_quiet(moment) else moment

    def next_collection(self, moment: datetime) -> datetime:
        """When what was intended at this moment goes out, together with everything else until then."""
        return self.after_quiet(self._next(moment, self.collected_at))

    def _next(self, moment: datetime, clocks: Sequence[time]) -> datetime:
        local = timezone.localtime(moment)
        days = (local.date(), local.date() + timedelta(days=1))
        times = [timezone.make_aware(datetime.combine(day, clock)) for day in days for clock in sorted(clocks)]
        return next(each for each in times if each > moment)


def hours_at(path: str, now: datetime) -> Hours:
    """The hours of the place with this path today."""
    found: Mapping[str, Any] = parameters.value(KEY, path=path, day=timezone.localdate(now), default=DEFAULTS)
    told = {**DEFAULTS, **found}
    return Hours(
        quiet_from=time.fromisoformat(told["quiet_from"]),
        quiet_to=time.fromisoformat(told["quiet_to"]),
        collected_at=tuple(time.fromisoformat(clock) for clock in told["collected_at"].split()),
    )
