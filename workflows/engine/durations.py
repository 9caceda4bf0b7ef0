"""Lengths and points of time as diagrams write them: `P3D`, `PT48H`, `P1M`, `2026-03-01T09:00:00+08:00`."""

from __future__ import annotations

import re
from datetime import datetime

import isodate

_DURATION = re.compile(r"P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?")
_WORKING_DAYS = re.compile(r"(\d{1,3})wd")


class NotATime(Exception):
    """The text is neither an ISO 8601 duration nor an ISO 8601 date and time with an offset."""


def is_duration(text: str) -> bool:
    """Whether the text is an ISO 8601 duration such as P3D; nothing negative, nothing fractional."""
    return _DURATION.fullmatch(text) is not None


def working_days(text: str) -> int | None:
    """The number of working days in `10wd`, or None when the text is something else."""
    match = _WORKING_DAYS.fullmatch(text)
    return int(match.group(1)) if match else None


def moment(text: str) -> datetime:
    """The point of time an ISO 8601 text names. Raises NotATime, also when the offset is missing."""
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise NotATime(f"not a date and time: {text!r}") from error
    if value.tzinfo is None:
        raise NotATime(f"a time needs an offset: {text!r}")
    return value


def after(start: datetime, text: str) -> datetime:
    """`start` plus an ISO 8601 duration; months end on the last day of a shorter month. Raises NotATime."""
    if not is_duration(text):
        raise NotATime(f"not a duration: {text!r}")
    try:
        end: datetime = start + isodate.parse_duration(text)
    except (OverflowError, ValueError) as error:
        raise NotATime(f"out of range: {text!r}") from error
    return end


def due(start: datetime, text: str) -> datetime:
    """When a timer set at `start` falls due: a duration counts from there, a point of time stands for itself."""
    return after(start, text) if is_duration(text) else moment(text)
