"""Background checks of helpers (未成年人保护法 art. 62): how long one holds."""

from datetime import date, timedelta

from backend.org import parameters

CHECK_DAYS = 365
"""A background check holds for a year. Parameter `pairing.background_check_days` of the helper's place."""


def valid_until(checked_on: date | None, path: str) -> date | None:
    """The day from which a check made on that day holds no more; None without one."""
    if checked_on is None:
        return None
    days = int(parameters.value("pairing.background_check_days", path=path, day=checked_on, default=CHECK_DAYS))
    return checked_on + timedelta(days=days)
