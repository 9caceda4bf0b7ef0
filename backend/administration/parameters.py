"""Parameters: set from a day on, ended by a day. What was in force on a day that has passed stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed, NotFound
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Parameter, Unit, User
from backend.org.parameters import Definition

_TEXTS: Mapping[str, str | Promise] = {
    "type": _("This is not the right kind of value."),
    "minimum": _("The smallest possible value is %(limit)s."),
    "maximum": _("The largest possible value is %(limit)s."),
    "maxLength": _("At most %(limit)s characters."),
    "oneOf": _("Choose one of the given answers."),
    "uniqueItems": _("The same is named twice."),
    "pattern": _("This does not look right."),
    "required": _("This is needed."),
    "additionalProperties": _("There is no such value."),
}


class UnknownParameter(NotFound):
    """No rule reads a parameter with this key."""

    code = "unknown_parameter"
    message = _("There is no such parameter.")


class NotYours(NotAllowed):
    """The parameter is set by another administration, or for an area that is not one's own."""

    code = "parameter_of_another"
    message = _("This value is set by somebody else, or for another area.")


class BadValue(Invalid):
    """The value does not fit the parameter's schema; `problems` tells where."""

    code = "bad_parameter_value"
    message = _("This value is not possible.")


class ThePast(Invalid):
    """Days that have passed keep the value under which things were decided."""

    code = "parameter_past"
    message = _("What was in force on past days stays: choose today or a later day.")


class Shipped(Conflict):
    """The value that comes with the program is what everything falls back to."""

    code = "parameter_shipped"
    message = _("The value that comes with the program cannot be ended: set another one from a day on.")


def set_value(
    *,
    key: str,
    value: Any,
    unit: Unit | None,
    from_date: date,
    user: User,
    actor: Actor,
    now: datetime,
    source: str,
    to_date: date | None = None,
) -> Parameter:
    """From that day on the parameter has this value at the unit and below it (None: everywhere).

    A row of the same first day is replaced. Raises UnknownParameter, NotYours, BadValue, ThePast.
    """
    definition, path = _known(key), unit.path if unit else parameters.EVERYWHERE
    _check_right(definition, user, path)
    if problems := definition.problems(value):
        raise BadValue(problems=[_worded(problem.pointer, problem.code, problem.params) for problem in problems])
    _check_days(from_date, to_date, timezone.localdate(now))
    before = parameters.value(key, path=path, day=from_date, default=definition.value)
    row = parameters.set_parameter(key=key, value=value, from_date=from_date, path=path, to_date=to_date, source=source)
    data = {
        "parameter": key,
        **_change(before, value),
        "from_date": from_date.isoformat(),
        **({"to_date": to_date.isoformat()} if to_date else {}),
        "unit_name": unit.name if unit else "",
    }
    _tell("parameter.set", row, definition, data, actor=actor, now=now, reason=source)
    return row


def end(*, row: Parameter, to_date: date, user: User, actor: Actor, now: datetime, reason: str) -> Parameter:
    """The value holds until the day before this one; then what held before, or in the wider area, holds again.

    Raises UnknownParameter, NotYours, Shipped, ThePast.
    """
    row = Parameter.objects.select_for_update().get(pk=row.pk)
    definition = _known(row.key)
    _check_right(definition, user, row.path)
    if row.from_date == parameters.EVER:
        raise Shipped
    today = timezone.localdate(now)
    if to_date < max(today, row.from_date) or (row.to_date is not None and row.to_date <= today):
        raise ThePast(problems=[FieldProblem("/to_date", "parameter_past", ThePast.message)])
    row.to_date = to_date
    row.save(update_fields=["to_date"])
    parameters.forget(row.key)
    place = Unit.objects.filter(path=row.path).values_list("name", flat=True).first()
    data = {"parameter": row.key, "to_date": to_date.isoformat(), "unit_name": place or ""}
    _tell("parameter.ended", row, definition, data, actor=actor, now=now, reason=reason)
    return row


def _known(key: str) -> Definition:
    try:
        return parameters.definitions()[key]
    except KeyError:
        raise UnknownParameter from None


def _check_right(definition: Definition, user: User, path: str) -> None:
    if not definition.may_be_set(user, path):
        raise NotYours


def _check_days(from_date: date, to_date: date | None, today: date) -> None:
    problems = []
    if from_date < today:
        problems.append(FieldProblem("/from_date", "parameter_past", ThePast.message))
    if to_date is not None and to_date <= from_date:
        problems.append(FieldProblem("/to_date", "bad_date", _("The end lies after the first day.")))
    if problems:
        raise ThePast(problems=problems)


def _worded(pointer: str, code: str, params: Mapping[str, Any]) -> FieldProblem:
    text = str(_TEXTS.get(code, _("This is not right.")))
    return FieldProblem(f"/value{pointer}", code, text % params if params and "%(" in text else text)


def _change(before: Any, after: Any) -> dict[str, Any]:
    """From what to what; of several values only those that differ."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return {"from": before, "to": after}
    differing = [name for name in after if before.get(name) != after[name]]
    return {"from": {name: before.get(name) for name in differing}, "to": {name: after[name] for name in differing}}


def _tell(
    action: str,
    row: Parameter,
    definition: Definition,
    data: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    record(
        action=action,
        object=row,
        label=definition.title,
        unit_path=row.path,
        actor=actor,
        now=now,
        data=data,
        reason=reason,
    )
