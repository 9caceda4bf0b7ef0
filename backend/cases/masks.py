"""What of people on file is shown to whom: the same in lists, on pages and in exported registers."""

from __future__ import annotations

from datetime import date

from backend.cases.models import OF_AGE, Person

CHILDS = ("name", "alias", "birth_date", "certificate_tail", "phone_masked")
"""Of a child, seen only by who works with the family (未成年人网络保护条例 36)."""
CARE = ("self_care", "disability_kind", "disability_grade")
"""Of anybody, seen only by who works with the family."""


def masked_phone(number: str) -> str:
    """A telephone number without its middle: 138****1234."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else "****" if number else ""


def closed_fields(person: Person, *, cares: bool, day: date) -> tuple[str, ...]:
    """What of the person is not shown to somebody who works with the family (`cares`) or does not."""
    if cares:
        return ()
    age = person.age_on(day)
    return (*(CHILDS if age is not None and age < OF_AGE else ()), *CARE)
