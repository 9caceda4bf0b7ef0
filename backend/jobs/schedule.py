"""When periodic jobs run: by the local clock, and of the times that passed while nobody was awake only the last
one counts (domain.md E35)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.utils import timezone
from procrastinate import App
from procrastinate.periodic import PeriodicRegistry, PeriodicTask
from procrastinate.tasks import ConfigureTaskOptions


class Ticks:
    """A cron schedule in local time whose missed times but the last are forgotten.

    The library goes through every time since it last looked. After a night of sleep these would be hundreds of the same
    job, though the last one finds everything that is due.
    """

    def __init__(self, cron: Any) -> None:
        self._cron = cron

    def set_current(self, start_time: float) -> None:
        """Go on after this moment, or just before the last time that has come, whichever is later."""
        self._cron.set_current(_local(time.time()))
        last: float = self._cron.get_prev(ret_type=float)
        self._cron.set_current(_local(max(start_time, last - 1)))

    def get_next(self, **how: Any) -> float:
        """The next time."""
        if "start_time" in how:
            how["start_time"] = _local(how["start_time"])
        return float(self._cron.get_next(**how))

    def get_prev(self, **how: Any) -> float:
        """The time before."""
        return float(self._cron.get_prev(**how))


def _local(seconds: float) -> datetime:
    """The library reads a number as UTC: a job "soon after midnight" would run at eight in the morning."""
    return datetime.fromtimestamp(seconds, timezone.get_default_timezone())


class Schedule(PeriodicRegistry):
    """The periodic jobs of this installation."""

    def register_task(
        self, task: Any, cron: str, periodic_id: str, configure_kwargs: ConfigureTaskOptions
    ) -> PeriodicTask[Any, Any, Any]:
        """See PeriodicRegistry."""
        made: PeriodicTask[Any, Any, Any] = super().register_task(task, cron, periodic_id, configure_kwargs)
        vars(made)["croniter"] = Ticks(made.croniter)  # where the library, too, keeps it when first asked
        return made


def install(app: App) -> None:
    """Called by the queue when it is ready, before the jobs are read (PROCRASTINATE_ON_APP_READY)."""
    app.periodic_registry = Schedule()  # type: ignore[no-untyped-call]
