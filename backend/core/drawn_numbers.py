"""Numbers that are drawn, never counted on, so that none tells how many there were before it."""

from __future__ import annotations

import secrets
from typing import Any

from django.db.models import QuerySet

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Nothing that is mistaken for something else when it is read out."""


def letters(count: int) -> str:
    """So many letters that nobody could have known."""
    return "".join(secrets.choice(LETTERS) for _letter in range(count))


def draw(prefix: str, rows: QuerySet[Any], column: str = "number") -> str:
    """A number that none of `rows` has in `column`, such as JK-7KPD-QX3M: one of 32⁸."""
    while True:
        number = f"{prefix}-{letters(4)}-{letters(4)}"
        if not rows.filter(**{column: number}).exists():
            return number
