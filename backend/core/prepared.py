"""Statements that nearly every request sends: prepared once per connection, then only their values are sent.

PostgreSQL neither reads nor plans such a statement anew, which took it longer than the answer itself. After some
executions it may settle on one plan for all values: so this is for what is found by a key. Lists, whose best plan
depends on the place and the filters, stay with Django, which sends the values within the text and prepares nothing.

A connection keeps the hundred that it used last; each takes the server about 170 KB.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.transaction import TransactionManagementError
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


def found(model: type[Stored], key: object, *, follow: tuple[str, ...] = (), lock: bool = False) -> Stored:
    """The row with this primary key and those it points to, by the names that `select_related` takes.

    Django takes longer to build such a statement, and PostgreSQL to plan its join, than both to answer it.

    `lock`: the row itself, not those it points to, is held until the transaction ends. Raises the model's DoesNotExist,
    and TransactionManagementError where no transaction could hold it.
    """
    if lock and connections[DEFAULT_DB_ALIAS].get_autocommit():
        raise TransactionManagementError("a row is held only within a transaction")
    row = execute(_finding(model, follow, lock), [model._meta.pk.get_prep_value(key)]).fetchone()
    if row is None:
        raise model.DoesNotExist  # type: ignore[attr-defined]
    rows: dict[tuple[str, ...], models.Model | None] = {}
    for part in _joined(model, follow):
        values = row[part.begin : part.begin + len(part.names)]
        # Where nothing is pointed to, the join gives a row without a key.
        rows[part.path] = stored(part.model, part.names, values) if values[part.key] is not None else None
        if part.path and (pointing := rows[part.path[:-1]]) is not None:
            setattr(pointing, part.path[-1], rows[part.path])
    return rows[()]  # type: ignore[return-value]


@dataclass(frozen=True)
class _Part:
    """One table of a join: by which pointers it is reached, and where its columns begin."""

    path: tuple[str, ...]
    pointer: str
    """The column that points to it; empty for the first table."""
    model: type[models.Model]
    begin: int
    names: tuple[str, ...]
    key: int
    """Which of them is its key."""

    @property
    def alias(self) -> str:
        return "__".join(("found", *self.path))


@cache
def _joined(model: type[models.Model], follow: tuple[str, ...]) -> list[_Part]:
    """The tables of a join, each after the one that points to it."""
    paths = [tuple(each.split("__")) for each in follow]
    reached = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    parts: dict[tuple[str, ...], _Part] = {(): _part((), "", model, 0)}
    for path in sorted(reached, key=lambda path: (len(path), path)):
        pointer = parts[path[:-1]].model._meta.get_field(path[-1])
        if not isinstance(pointer, models.ForeignKey):
            raise TypeError(f"{path[-1]} points to no single row")
        last = next(reversed(parts.values()))
        begin = last.begin + len(last.names)
        parts[path] = _part(path, str(pointer.column), pointer.remote_field.model, begin)
    return list(parts.values())


def _part(path: tuple[str, ...], pointer: str, model: type[models.Model], begin: int) -> _Part:
    names = tuple(field.attname for field in model._meta.concrete_fields)
    return _Part(path, pointer, model, begin, names, names.index(str(model._meta.pk.attname)))


@cache
def _finding(model: type[models.Model], follow: tuple[str, ...], lock: bool) -> str:
    first, *others = parts = _joined(model, follow)
    alias = {part.path: part.alias for part in parts}
    columns = [
        sql.Identifier(part.alias, str(field.column)) for part in parts for field in part.model._meta.concrete_fields
    ]
    joins = [
        sql.SQL("LEFT JOIN {} AS {} ON {} = {}").format(
            sql.Identifier(part.model._meta.db_table),
            sql.Identifier(part.alias),
            sql.Identifier(part.alias, str(part.model._meta.pk.column)),
            sql.Identifier(alias[part.path[:-1]], part.pointer),
        )
        for part in others
    ]
    statement = sql.SQL("SELECT {} FROM {} AS {} {} WHERE {} = %s").format(
        sql.SQL(", ").join(columns),
        sql.Identifier(model._meta.db_table),
        sql.Identifier(first.alias),
        sql.SQL(" ").join(joins),
        sql.Identifier(first.alias, str(model._meta.pk.column)),
    )
    return statement.as_string() + (f" FOR UPDATE OF {first.alias}" if lock else "")


def question(build: Callable[[UUID], models.QuerySet[Any, tuple[Any, ...]]]) -> Callable[[UUID], list[tuple[Any, ...]]]:
    """A question about a key that is asked again and again: keep what comes back, and call it with a key.

    `build` makes the rows, by `values_list` of plain columns, for the key it is given. It is called once: Django builds
    the statement then, and PostgreSQL plans it once for each connection.
    """

    @cache
    def built() -> tuple[str, tuple[Any, ...]]:
        return build(_ANY_KEY).query.sql_with_params()

    def ask(key: UUID) -> list[tuple[Any, ...]]:
        statement, values = built()
        rows: list[tuple[Any, ...]] = execute(
            statement, [key if each == _ANY_KEY else each for each in values]
        ).fetchall()
        return rows

    return ask


def whether(rows: models.QuerySet[Any]) -> Callable[[UUID], bool]:
    """The question whether the row with a key is among these."""
    ask = question(lambda key: rows.filter(pk=key).values_list("pk"))
    return lambda key: bool(ask(key))


_ANY_KEY = UUID("00000000-0000-4000-8000-000000000000")
"""What a question is built with in place of a key."""


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
