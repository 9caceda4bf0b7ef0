"""What a programme's code is called: the lists of whoever owes something in it."""

from __future__ import annotations

from backend.org import codes

LISTS = ("subsidy_kind", "payment_programme")
"""Code lists in which a programme may stand."""


def programmes() -> list[codes.Code]:
    """All that anything can be paid in, subsidies first."""
    return [each for kind in LISTS for each in codes.entries(kind).values()]


def programme_name(code: str, language: str | None = None) -> str:
    """In that language (default: the active one); the code itself when no list knows it."""
    return next((codes.name(kind, code, language) for kind in LISTS if code in codes.entries(kind)), code)
