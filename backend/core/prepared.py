"""Statements that nearly every request sends: prepared once per connection, then only their values are sent.

PostgreSQL neither reads nor plans such a statement anew, which took it longer than the answer itself. After some
executions it may settle on one plan for all values: so this is for what is found by a key. Lists, whose best plan
depends on the place and the filters, stay with Django, which sends the values within the text and prepares nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from backend.core.bulk import mark_stored

_JSON_HAS_THEM = (
    models.CharField, models.TextField, models.UUIDField, models.DateField, models.DateTimeField, models.BooleanField,
    models.IntegerField, models.ForeignKey, models.JSONField, ArrayField,
)  # fmt: skip
"""Fields whose values PostgreSQL reads from JSON as they are stored."""


Stored = TypeVar("Stored", bound=models.Model)


class _Cursor(ServerBindingCursor):
    """A cursor that prepares what it executes."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{**options, "prepare": True})  # type: ignore[misc]


def execute(query: str, params: Sequence[Any] | Mapping[str, Any]) -> CursorWrapper:
    """A cursor with the answer. The text must be the same each time; whatever differs is a parameter.

    Columns are named: what `*` means changes with a migration, and the server refuses a statement whose answer changed.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    cursor = connection.cursor() if connection.queries_logged else _prepares(connection)
    cursor.execute(query, params)
    return cursor


def _prepares(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """`connection.cursor()` with our cursor. (A log of statements wants their values: Django finds them in its own.)"""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    return CursorWrapper(_Cursor(connection.connection), connection)  # type: ignore[call-arg]


def stored(model: type[Stored], names: Sequence[str], values: Iterable[Any]) -> Stored:
    """A stored row of which these columns are known, named in the model's order; any other is read when asked for."""
    connection = connections[DEFAULT_DB_ALIAS]
    read = list(values)
    for place, field in _converted(model, tuple(names)):
        read[place] = field.from_db_value(read[place], None, connection)  # type: ignore[attr-defined]
    return model.from_db(DEFAULT_DB_ALIAS, names, read)


@cache
def _converted(model: type[models.Model], names: tuple[str, ...]) -> list[tuple[int, "models.Field[Any, Any]"]]:
    """The columns that the driver gives in another form than the model's: JSON and what is encrypted."""
    fields = [_field(model, name) for name in names]
    return [(place, field) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return next(field for field in model._meta.concrete_fields if field.attname == name)


def insert(rows: Sequence[models.Model], columns: tuple[str, ...] = ()) -> None:
    """Insert a few new rows of one model by one statement, the same for any number of them.

    `columns`: those to write, by their names; the database fills in the others. Without any: all but a key that the
    database counts. An id that it counts stays unknown. Raises TypeError for a column that JSON cannot carry, and
    IntegrityError as `save` does.
    """
    if rows:
        model = type(rows[0])
        names = columns or _columns(model)
        values = [{name: getattr(row, name) for name in names} for row in rows]
        execute(_insertion(model, names), [json.dumps(values, ensure_ascii=False, allow_nan=False, default=_text)])
        mark_stored(rows)


@cache
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(field.attname for field in fields if not (field.generated or isinstance(field, models.AutoField)))


@cache
def _insertion(model: type[models.Model], names: tuple[str, ...]) -> str:
    """(bulk_create builds and sends a placeholder per value: five times slower. An array per column: three times.)"""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = [_field(model, name) for name in names]
    if unfit := [field.name for field in fields if not isinstance(field, _JSON_HAS_THEM)]:
        raise TypeError(f"JSON cannot carry {', '.join(unfit)} of {model.__name__}")
    quoted = [sql.Identifier(str(field.column)) for field in fields]
    kinds = [sql.SQL(str(field.db_type(connection))) for field in fields]
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM json_to_recordset(%s) AS given ({})").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(quoted),
        sql.SQL(", ").join(quoted),
        sql.SQL(", ").join([sql.SQL("{} {}").format(*pair) for pair in zip(quoted, kinds, strict=True)]),
    )
    return statement.as_string()


def _text(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
