"""Code lists: an office's own entries, its own words for entries of no standard, and entries that are over.

Nothing is removed: what was recorded with a code stays readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid, NotFound
from backend.org import calendar, codes, working_days
from backend.org.access import Actor
from backend.org.codes import KEPT, CodeList
from backend.org.models import CodeEntry

CHANGEABLE = ("label", "label_en", "order")
TOLD = {"label": "name", "label_en": "name_en", "order": "order"}
"""Column → how history calls it."""


class UnknownCode(NotFound):
    """The list, or the entry in it, does not exist."""

    code = "unknown_code"
    message = _("There is no such list or entry.")


class FixedList(Conflict):
    """Rules and decision tables know the codes of the list: another one would mean nothing to them."""

    code = "code_list_fixed"
    message = _("Rules depend on this list: nothing can be added to it.")


class CodeTaken(Conflict):
    """The list has an entry with this code, perhaps one that is over: codes are never given twice."""

    code = "code_taken"
    message = _("The list has this code already.")


class OfStandard(Conflict):
    """The entry belongs to a standard, whose words are not the office's to change."""

    code = "code_of_standard"
    message = _("This entry belongs to a standard: its words and place stay.")


class Mandatory(Conflict):
    """Rules depend on the entry."""

    code = "code_mandatory"
    message = _("Rules depend on this entry: it cannot be ended.")


def add_entry(
    *,
    kind: str,
    code: str,
    label: str,
    label_en: str,
    actor: Actor,
    now: datetime,
    from_date: date | None = None,
    working: bool | None = None,
) -> CodeEntry:
    """An office's own entry, at the end of the list. `working`: for corrected working days only, whose codes are days.
    The code of an own day of the calendar is its rule: `05-08`, `lunar-05-05`, `05-w7-2`.

    Raises UnknownCode, FixedList, CodeTaken, Invalid.
    """
    known = _list(kind)
    if known.fixed:
        raise FixedList
    rows = CodeEntry.objects.filter(list=kind)
    if rows.filter(code=code).exists():
        raise CodeTaken
    last = rows.order_by("-order").values_list("order", flat=True).first() or 0
    data = _data(kind, code, working)
    entry = CodeEntry.objects.create(
        list=kind, code=code, label=label, label_en=label_en, order=last + 1, from_date=from_date, data=data
    )
    _forget(kind)
    told = {"list": kind, "code": code, "name_en": label_en, **data}
    record(action="code.added", object=entry, label=label, actor=actor, now=now, data=told)
    return entry


def change_entry(
    *, kind: str, code: str, changes: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> CodeEntry:
    """Other words, another place in the list. Raises UnknownCode, OfStandard, ValueError for another field."""
    entry, known = _entry(kind, code), _list(kind)
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"not changed here: {sorted(unknown)}")
    before = {name: getattr(entry, name) for name, new in changes.items() if getattr(entry, name) != new}
    if not before:
        return entry
    if known.standard and code in known.codes:
        raise OfStandard
    for name in before:
        setattr(entry, name, changes[name])
    entry.data = {**entry.data, KEPT: sorted({*entry.data.get(KEPT, ()), *before})}
    entry.save(update_fields=[*before, "data"])
    _forget(kind)
    told = {TOLD[name]: {"from": old, "to": changes[name]} for name, old in before.items()}
    data = {"list": kind, "code": code, **told}
    record(action="code.changed", object=entry, label=entry.label, actor=actor, now=now, data=data, reason=reason)
    return entry


def end_entry(*, kind: str, code: str, to_date: date | None, actor: Actor, now: datetime, reason: str) -> CodeEntry:
    """From that day on nobody chooses it any more; None: it stays after all. Raises UnknownCode, Mandatory, Invalid."""
    entry, known = _entry(kind, code), _list(kind)
    if known.mandatory and code in known.codes:
        raise Mandatory
    if to_date is not None and to_date < timezone.localdate(now):
        raise Invalid(problems=[FieldProblem("/to_date", "bad_date", _("Choose today or a later day."))])
    before, entry.to_date = entry.to_date, to_date
    entry.save(update_fields=["to_date"])
    _forget(kind)
    data = {"list": kind, "code": code, "to_date": str(to_date or ""), "before": str(before or "")}
    record(
        action="code.ended" if to_date else "code.kept",
        object=entry,
        label=entry.label,
        actor=actor,
        now=now,
        data=data,
        reason=reason,
    )
    return entry


def _list(kind: str) -> CodeList:
    try:
        return codes.lists()[kind]
    except KeyError:
        raise UnknownCode from None


def _entry(kind: str, code: str) -> CodeEntry:
    found = CodeEntry.objects.select_for_update().filter(list=kind, code=code).first()
    if found is None:
        raise UnknownCode
    return found


def _data(kind: str, code: str, working: bool | None) -> dict[str, Any]:
    """What rules read of an own entry."""
    if kind == working_days.LIST:
        return _of_working_day(code, working)
    if kind == calendar.LIST:
        try:
            return calendar.rule_of(code)
        except calendar.NotARule:
            message = _("The code is the day: 05-08, lunar-05-05, or 05-w7-2 for the second Sunday of May.")
            raise Invalid(problems=[FieldProblem("/code", "bad_date", message)]) from None
    return {}


def _of_working_day(code: str, working: bool | None) -> dict[str, bool]:
    """What a corrected day's entry holds. Raises Invalid when the code is no day, or nobody says what it is."""
    problems = []
    try:
        date.fromisoformat(code)
    except ValueError:
        problems.append(FieldProblem("/code", "bad_date", _("The code is the day: YYYY-MM-DD.")))
    if working is None:
        problems.append(FieldProblem("/working", "required", _("Say whether offices work on that day.")))
    if problems:
        raise Invalid(problems=problems)
    return {"working": bool(working)}


def _forget(kind: str) -> None:
    codes.forget(kind)
    working_days.forget()
