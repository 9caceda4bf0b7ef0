"""Pages by key: a page begins after a row, not at a number, so the thousandth page costs what the first does.

DRF's CursorPagination compares the first order field only and steps over rows of the same value with OFFSET, at most
1,000 of them. After an import thousands of work items share one due time: its pages get slower and then repeat. Here
the order is always total, (field, id), and the place is one row comparison that an index on (field, id) answers:
`(due_at, id) > (x, y)`. Empty values sort last, as in PostgreSQL; descending is the exact reverse.

A cursor is a place and not a right, hence not signed: what one may see is decided anew on every page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from backend.api.errors import parameter_error
from backend.api.parsers import loads

PAGE_SIZE = 50
LARGEST_PAGE = 200

CURSOR = "cursor"
SIZE = "page_size"
ORDER = "ordering"
PARAMETERS = frozenset({CURSOR, SIZE, ORDER})


@dataclass(frozen=True)
class Order:
    """A total order: one column, then the id, both in the same direction. Without a column: by id, that is by age."""

    name: str
    column: str = ""
    descending: bool = False

    def reversed(self) -> Order:
        """The same order read from its end."""
        return Order(self.name, self.column, not self.descending)

    def keys(self) -> list[str]:
        """For order_by."""
        sign = "-" if self.descending else ""
        return [f"{sign}{column}" for column in (self.column, "pk") if column]


@dataclass(frozen=True)
class Place:
    """Between two rows: after the row with this value and id, read backwards when `back`."""

    order: str
    value: Any
    pk: UUID
    back: bool

    def encoded(self) -> str:
        """Opaque text for an address."""
        content = json.dumps([self.order, self.value, str(self.pk), int(self.back)], ensure_ascii=False)
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decoded(text: str) -> Place:
    """The place again. Raises ValueError when the text is none of ours."""
    try:
        content = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
        order, value, pk, back = loads(content)
        if not isinstance(order, str) or not isinstance(value, str | None) or back not in {0, 1}:
            raise ValueError
        return Place(order, value, UUID(pk), bool(back))
    except (binascii.Error, ParseError, TypeError, AttributeError) as error:
        raise ValueError(text) from error


class KeysetPagination(BasePagination):
    """`?cursor=`, `?page_size=` (1 to 200), `?ordering=` (a name of the view's `orderings`, `-` for descending)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """One page: a row more than asked for tells whether another page follows."""
        self._url = request.build_absolute_uri()
        size = _size(request)
        order = chosen_order(request, view)
        place = _place(request, order)
        back = place is not None and place.back
        walked = order.reversed() if back else order
        rows = _taken(queryset.order_by(*walked.keys()), walked, place, size + 1)
        more = len(rows) > size
        rows = rows[:size]
        if back:
            rows.reverse()
        self._next = self._link(rows[-1:], order, back=False) if (more or back) else None
        self._previous = self._link(rows[:1], order, back=True) if (more if back else place is not None) else None
        return rows

    def _link(self, edge: Sequence[Any], order: Order, *, back: bool) -> str | None:
        if not edge:
            return None
        [row] = edge
        value = _text(type(row), order.column, getattr(row, order.column)) if order.column else None
        return replace_query_param(self._url, CURSOR, Place(order.name, value, row.pk, back).encoded())

    def get_paginated_response(self, data: Any) -> Response:
        """{next, previous, results}; next and previous are whole addresses."""
        return Response({"next": self._next, "previous": self._previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for the OpenAPI document."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "example": "https://jieqin.example/api/cases/?cursor=WyJpZCIsbnVsbCwi4oCmIiwwXQ"},
                "previous": {**link, "example": None},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The three parameters for the OpenAPI document."""
        names = list(orderings(view))
        signed = [sign + name for name in names for sign in ("", "-")]
        default = getattr(view, "ordering", "id")
        return [
            _parameter(CURSOR, "Where the page begins: taken from `next` or `previous`.", {"type": "string"}),
            _parameter(
                SIZE,
                "Rows per page, 1 to 200 (more counts as 200).",
                {"type": "integer", "minimum": 1, "default": PAGE_SIZE},
            ),
            _parameter(
                ORDER,
                "The order; `-` in front turns it round. Rows with the same value are ordered by id.",
                {"type": "string", "enum": signed, "default": default},
            ),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def orderings(view: APIView | None) -> Mapping[str, str]:
    """Names that `?ordering=` takes → columns of the view's own table: joined ones have no index for a page."""
    return {**getattr(view, "orderings", {}), "id": ""}


def chosen_order(request: Request, view: APIView | None) -> Order:
    """The order that the request asks for, else the view's. Raises InvalidParameters."""
    asked = str(request.query_params.get(ORDER) or getattr(view, "ordering", "id"))
    name = asked.removeprefix("-")
    known = orderings(view)
    if name not in known:
        choices = ", ".join(known)
        raise parameter_error(ORDER, "unknown_value", _("One of: %(choices)s.") % {"choices": choices})
    return Order(asked, known[name], descending=asked.startswith("-"))


BAD_CURSOR = gettext_lazy("This is not a cursor of this list. Begin again without one.")


def _place(request: Request, order: Order) -> Place | None:
    text = request.query_params.get(CURSOR)
    if not text:
        return None
    try:
        place = decoded(text)
    except ValueError:
        raise parameter_error(CURSOR, "bad_cursor", BAD_CURSOR) from None
    if place.order != order.name:
        raise parameter_error(CURSOR, "bad_cursor", BAD_CURSOR)
    return place


def _size(request: Request) -> int:
    text = request.query_params.get(SIZE)
    if not text:
        return PAGE_SIZE
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise parameter_error(SIZE, "invalid", _("A whole number from 1 to 200."))
    return min(size, LARGEST_PAGE)


def _taken(rows: models.QuerySet[Any], order: Order, place: Place | None, number: int) -> list[Any]:
    """So many rows after the place. One statement, and a second one on the page where the empty values begin."""
    if place is None:
        return list(rows[:number])
    taken: list[Any] = []
    for condition in _ranges(rows, order, place):
        if len(taken) < number:
            taken += rows.filter(condition)[: number - len(taken)]
    return taken


def _ranges(rows: models.QuerySet[Any], order: Order, place: Place) -> list[Q | TupleGreaterThan | TupleLessThan]:
    """What lies after this place in this order: ranges of an index, one after the other.

    Rows with a value and rows without one are two ranges: for "beyond this value or without one" PostgreSQL would walk
    the index from its beginning.
    """
    behind = Q(**{f"pk__{'lt' if order.descending else 'gt'}": place.pk})
    if not order.column:
        return [behind]
    empty = Q(**{f"{order.column}__isnull": True})
    if place.value is None:
        return [empty & behind, ~empty] if order.descending else [empty & behind]
    field = _field(rows, order.column)
    compare = TupleLessThan if order.descending else TupleGreaterThan
    beyond = compare(Tuple(F(order.column), F("pk")), (_value(field, place.value), place.pk))
    return [beyond, empty] if field.null and not order.descending else [beyond]


def _text(model: type[models.Model], column: str, value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _field(rows: models.QuerySet[Any], column: str) -> models.Field[Any, Any]:
    """What the rows are ordered by: a column of theirs, or something that was worked out for each."""
    worked_out = rows.query.annotations.get(column)
    return worked_out.output_field if worked_out is not None else cast("Any", rows.model._meta.get_field(column))


def _value(field: models.Field[Any, Any], text: str) -> Any:
    """The cursor's text as a value of the column. Raises InvalidParameters."""
    try:
        value = field.to_python(text)
    except ValidationError:
        value = None
    if value is None:
        raise parameter_error(CURSOR, "bad_cursor", BAD_CURSOR)
    return value
