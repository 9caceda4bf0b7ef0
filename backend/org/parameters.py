"""Numbers and texts that rules read, by area and day (domain.md section 7). The shipped ones are a data file.

Beside each shipped value stand its schema, with title and help in both languages, who sets it (`owner`: a role) and
whether an office may have its own (`office`). A change is noticed by every process within a minute.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache as forever
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext_lazy as _

from backend.org.access import granting
from backend.org.models import Parameter
from workflows.engine.forms import FieldProblem, localise, validate

if TYPE_CHECKING:
    from backend.org.access import Viewer

FILE = Path(__file__).parent / "data" / "parameters.json"
EVERYWHERE = ""
EVER = date.min
"""From this day on the shipped values hold."""
KEPT_SECONDS = 60

UNITS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "days": (_("day"), _("days")),
    "hours": (_("hour"), _("hours")),
    "months": (_("month"), _("months")),
    "minutes": (_("minute"), _("minutes")),
    "times": (_("time"), _("times")),
    "percent": ("%", "%"),
}
"""`x-unit` of a schema → one of it, several of it."""


@dataclass(frozen=True)
class Definition:
    """What a parameter is: JSON Schema of its value, who sets it, and the value that comes with the program.

    `process`: the key of the process whose rules read it, empty for none.
    """

    key: str
    value: Any
    source: str
    source_en: str
    schema: Mapping[str, Any]
    owner: str
    process: str = ""
    office: bool = False
    title: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.schema["title"])

    def localised(self, language: str | None = None) -> dict[str, Any]:
        """The schema with its texts in that language (default: the active one)."""
        return localise(self.schema, language or get_language() or "")

    def origin(self) -> str:
        """Where the shipped value comes from, in the active language."""
        return self.source_en if (get_language() or "").startswith("en") else self.source

    def problems(self, value: Any) -> list[FieldProblem]:
        """What is wrong with a value; nothing when it fits."""
        return validate(self.schema, value)

    def is_set_by(self, user: "Viewer") -> bool:
        """Whether the user sets it for some area."""
        return any(grant.role == self.owner for grant in granting(user, "parameter.write")) or (
            self.office and bool(granting(user, "office.write"))
        )

    def may_be_set(self, user: "Viewer", path: str) -> bool:
        """Whether the user sets it for this area: its owner anywhere, an office what is left to it, in its own area."""
        if any(grant.role == self.owner for grant in granting(user, "parameter.write")):
            return True
        offices = granting(user, "office.write") if self.office else ()
        return any(path.startswith(grant.path) for grant in offices)


@forever
def definitions(file: Path = FILE) -> Mapping[str, Definition]:
    """All of them by key, in the order of the file."""
    return {entry["key"]: Definition(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))}


def title(key: str, language: str | None = None) -> str:
    """What a parameter is called; its key when it is none of ours."""
    known = definitions().get(key)
    return str(known.localised(language)["title"]) if known else key


def in_words(key: str, value: Any) -> str:
    """A value as people read it, in the active language: choices by their titles, numbers with their unit."""
    known = definitions().get(key)
    return _in_words(known.localised() if known else {}, value)


def _in_words(schema: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, Mapping):
        colon, inner = pgettext("history", ": "), schema.get("properties", {})
        order = [name for name in inner if name in value] or list(value)
        told = (f"{inner.get(each, {}).get('title', each)}{colon}{_in_words(inner.get(each, {}), value[each])}"
                for each in order)  # fmt: skip
        return pgettext("history", ", ").join(told)
    if isinstance(value, list):
        return pgettext("history", ", ").join(_in_words(schema.get("items", {}), each) for each in value) or "—"
    titles = {each["const"]: each["title"] for each in schema.get("oneOf", ())}
    if value in titles:
        return str(titles[value])
    singular, plural = UNITS.get(schema.get("x-unit", ""), ("", ""))
    unit = singular if value == 1 else plural
    return f"{value} {unit}" if unit else str(value) or "—"


def value(key: str, *, path: str = EVERYWHERE, day: date, default: Any = None) -> Any:
    """The parameter in force at that place on that day: the narrowest area wins; the default when nothing is set."""
    fitting = [
        (len(area), from_date, found)
        for area, from_date, to_date, found in _rows(key)
        if path.startswith(area) and from_date <= day and (to_date is None or day < to_date)
    ]
    return max(fitting, key=lambda row: row[:2])[2] if fitting else default


def largest(key: str, *, day: date, default: int) -> int:
    """The largest number that the parameter is anywhere on that day; the default when nothing is set."""
    found = [
        int(number)
        for _area, from_date, to_date, number in _rows(key)
        if from_date <= day and (to_date is None or day < to_date)
    ]
    return max(found, default=default)


def set_parameter(
    *, key: str, value: Any, from_date: date, path: str = EVERYWHERE, to_date: date | None = None, source: str = ""
) -> Parameter:
    """From that day on the parameter has this value in that area; earlier days keep theirs."""
    row, _made = Parameter.objects.update_or_create(
        key=key, path=path, from_date=from_date, defaults={"value": value, "to_date": to_date, "source": source}
    )
    forget(key)
    return row


def load_parameters(*, file: Path = FILE) -> int:
    """Store the shipped values, in force everywhere since ever: how many are new or changed. Offices' rows stay."""
    shipped = definitions(file)
    stored = {row.key: row for row in Parameter.objects.filter(key__in=shipped, path=EVERYWHERE, from_date=EVER)}
    made = [
        Parameter(key=each.key, path=EVERYWHERE, from_date=EVER, value=each.value, source=each.source)
        for each in shipped.values()
        if each.key not in stored
    ]
    changed = [row for key, row in stored.items() if _take_over(row, shipped[key])]
    Parameter.objects.bulk_create(made)
    Parameter.objects.bulk_update(changed, ["value", "source"])
    cache.delete_many([_key(row.key) for row in (*made, *changed)])
    return len(made) + len(changed)


def _take_over(stored: Parameter, shipped: Definition) -> bool:
    """Whether the stored value differed from the file's and was set."""
    if (stored.value, stored.source) == (shipped.value, shipped.source):
        return False
    stored.value, stored.source = shipped.value, shipped.source
    return True


def forget(key: str) -> None:
    """Read the parameter's rows again: they were changed. Other processes notice within a minute."""
    cache.delete(_key(key))


def _rows(key: str) -> list[tuple[str, date, date | None, Any]]:
    found: list[tuple[str, date, date | None, Any]] | None = cache.get(_key(key))
    if found is None:
        found = list(Parameter.objects.filter(key=key).values_list("path", "from_date", "to_date", "value"))
        cache.set(_key(key), found, KEPT_SECONDS)
    return found


def _key(key: str) -> str:
    return f"parameter:{key}"
