"""Code lists: what a code means, in both languages and by which standard. The shipped lists are a data file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache as forever
from pathlib import Path
from typing import Any, NamedTuple

from django.core.cache import cache
from django.utils.translation import get_language

from backend.org.models import CodeEntry

FILE = Path(__file__).parent / "data" / "codes.json"
KEPT_SECONDS = 60


@dataclass(frozen=True)
class CodeList:
    """A list as it is shipped. Rules know the codes of a `mandatory` list; to a `fixed` one nothing can be added."""

    kind: str
    title_zh: str
    title_en: str
    standard: str
    codes: frozenset[str]
    mandatory: bool = False
    fixed: bool = False

    def title(self, language: str | None = None) -> str:
        """What the list is called in that language (default: the active one)."""
        return self.title_en if (language or get_language() or "").startswith("en") else self.title_zh


@forever
def lists() -> Mapping[str, CodeList]:
    """All lists by their names, in the order of the file."""
    return {
        kind: CodeList(
            kind=kind,
            title_zh=content["title"][0],
            title_en=content["title"][1],
            standard=content["standard"],
            codes=frozenset(content["entries"]),
            mandatory=content.get("mandatory", False) or content.get("fixed", False),
            fixed=content.get("fixed", False),
        )
        for kind, content in json.loads(FILE.read_text(encoding="utf-8")).items()
    }


def list_title(kind: str) -> str:
    """What a list is called, in the active language; its name when it is none of ours."""
    known = lists().get(kind)
    return known.title() if known else kind


class Code(NamedTuple):
    """One entry of a list."""

    code: str
    label: str
    label_en: str
    from_date: date | None
    to_date: date | None
    data: Mapping[str, Any]

    def name(self, language: str | None = None) -> str:
        """The label in that language (default: the active one)."""
        return self.label_en if (language or get_language() or "").startswith("en") else self.label


def entries(kind: str) -> Mapping[str, Code]:
    """The list's entries by code, in their order; those that are over as well: old rows still use them."""
    found: Mapping[str, Code] | None = cache.get(_key(kind))
    if found is None:
        rows = CodeEntry.objects.filter(list=kind).order_by("order", "code")
        columns = rows.values_list("code", "label", "label_en", "from_date", "to_date", "data")
        found = {row[0]: Code(*row) for row in columns}
        cache.set(_key(kind), found, KEPT_SECONDS)
    return found


def choices(kind: str, *, day: date) -> dict[str, Code]:
    """The entries in force on that day: what a person may choose."""
    return {
        code: entry
        for code, entry in entries(kind).items()
        if (entry.from_date is None or entry.from_date <= day) and (entry.to_date is None or day < entry.to_date)
    }


def knows(kind: str, code: str) -> bool:
    """Whether the list has this code: as shipped or as the office's own, also when its time is over."""
    shipped = lists().get(kind)
    return (shipped is not None and code in shipped.codes) or code in entries(kind)


def name(kind: str, code: str, language: str | None = None) -> str:
    """What the code means; the code itself when the list does not know it."""
    entry = entries(kind).get(code)
    return entry.name(language) if entry else code


def load_codes(*, file: Path = FILE) -> tuple[int, int]:
    """Bring the shipped lists up to the file: how many entries were made and changed. An office's own entries stay."""
    lists = json.loads(file.read_text(encoding="utf-8"))
    shipped = {
        (kind, code): CodeEntry(
            list=kind, code=code, label=label, label_en=label_en, standard=content["standard"], order=order,
            data=dict(*data),
        )
        for kind, content in lists.items()
        for order, (code, (label, label_en, *data)) in enumerate(content["entries"].items(), start=1)
    }  # fmt: skip
    stored = {(entry.list, entry.code): entry for entry in CodeEntry.objects.filter(list__in=lists)}
    made = [entry for key, entry in shipped.items() if key not in stored]
    changed = [stored[key] for key, entry in shipped.items() if key in stored and _take_over(stored[key], entry)]
    CodeEntry.objects.bulk_create(made)
    CodeEntry.objects.bulk_update(changed, [*SHIPPED, "data"])
    cache.delete_many([_key(kind) for kind in lists])
    return len(made), len(changed)


def forget(kind: str) -> None:
    """Read the list again: it was changed. Other processes notice within a minute."""
    cache.delete(_key(kind))


SHIPPED = ("label", "label_en", "standard", "order")
KEPT = "kept"
"""In an entry's data: the shipped columns that an office has set itself."""


def _take_over(stored: CodeEntry, shipped: CodeEntry) -> bool:
    """Whether anything of the stored entry differed from the file and was set; what an office set itself stays."""
    kept = stored.data.get(KEPT, ())
    differing = [field for field in SHIPPED if field not in kept and getattr(stored, field) != getattr(shipped, field)]
    for field in differing:
        setattr(stored, field, getattr(shipped, field))
    data = {**shipped.data, **({KEPT: list(kept)} if kept else {})}
    if shipped.data and data != stored.data:
        stored.data = data
        return True
    return bool(differing)


def _key(kind: str) -> str:
    return f"codes:{kind}"
