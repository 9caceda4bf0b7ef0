"""Three typed helpers to read the environment; nothing else in the project reads it."""

import os


def text(name: str, default: str) -> str:
    """The variable's text, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, default: bool) -> bool:
    """The variable as yes or no: 1, true, yes, on are yes (any case); raises ValueError on anything unknown."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name}={value!r}: say 1 or 0")


def number(name: str, default: int) -> int:
    """The variable as a whole number; raises ValueError when it is none."""
    value = os.environ.get(name, "").strip()
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ValueError(f"{name}={value!r}: say a whole number") from error
