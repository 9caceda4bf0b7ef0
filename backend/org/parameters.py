"""Numbers and texts that rules read, by area and day (domain.md section 7)."""

from datetime import date
from typing import Any

from backend.org.models import Parameter


def value(key: str, *, path: str = "", day: date, default: Any = None) -> Any:
    """The parameter in force at that place on that day: the narrowest area wins; the default when nothing is set."""
    prefixes = ["", *(path[: end + 1] for end, letter in enumerate(path) if letter == ".")]
    rows = Parameter.objects.on(day).filter(key=key, path__in=prefixes).values_list("path", "from_date", "value")
    return max(rows, key=lambda row: (len(row[0]), row[1]), default=("", None, default))[2]
