"""Numbers and texts that rules read, by area and day (domain.md section 7). The shipped ones are a data file.

A change is noticed by every process within a minute.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.cache import cache

from backend.org.models import Parameter

FILE = Path(__file__).parent / "data" / "parameters.json"
EVERYWHERE = ""
KEPT_SECONDS = 60


def value(key: str, *, path: str = EVERYWHERE, day: date, default: Any = None) -> Any:
    """The parameter in force at that place on that day: the narrowest area wins; the default when nothing is set."""
    fitting = [
        (len(area), from_date, found)
        for area, from_date, to_date, found in _rows(key)
        if path.startswith(area) and from_date <= day and (to_date is None or day < to_date)
    ]
    return max(fitting, key=lambda row: row[:2])[2] if fitting else default


def set_parameter(
    *, key: str, value: Any, from_date: date, path: str = EVERYWHERE, to_date: date | None = None, source: str = ""
) -> Parameter:
    """From that day on the parameter has this value in that area; earlier days keep theirs."""
    row, _made = Parameter.objects.update_or_create(
        key=key, path=path, from_date=from_date, defaults={"value": value, "to_date": to_date, "source": source}
    )
    cache.delete(_key(key))
    return row


def load_parameters(*, file: Path = FILE) -> int:
    """Store the shipped values, in force everywhere since ever: how many are new or changed. Offices' rows stay."""
    count = 0
    for entry in json.loads(file.read_text(encoding="utf-8")):
        where = {"key": entry["key"], "path": EVERYWHERE, "from_date": date.min}
        told = {"value": entry["value"], "source": entry["source"]}
        row = Parameter.objects.filter(**where).first()
        if row is None or (row.value, row.source) != (told["value"], told["source"]):
            Parameter.objects.update_or_create(**where, defaults=told)
            cache.delete(_key(entry["key"]))
            count += 1
    return count


def _rows(key: str) -> list[tuple[str, date, date | None, Any]]:
    found: list[tuple[str, date, date | None, Any]] | None = cache.get(_key(key))
    if found is None:
        found = list(Parameter.objects.filter(key=key).values_list("path", "from_date", "to_date", "value"))
        cache.set(_key(key), found, KEPT_SECONDS)
    return found


def _key(key: str) -> str:
    return f"parameter:{key}"
