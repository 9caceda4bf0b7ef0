"""How pages write times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, pgettext

register = template.Library()


@register.filter
def moment(value: datetime | str | None) -> str:
    """A time as people of this language write it, in the local calendar; nothing for none."""
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M}"


@register.filter
def deadline(value: datetime | str | None) -> str:
    """A due time, short: the day, without the year while it is this one, and the hour unless it is the day's last."""
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None:
        return ""
    local = timezone.localtime(at)
    day_text = _short_day(local.date())
    return day_text if (local.hour, local.minute) == (23, 59) else f"{day_text} {local:%H:%M}"


@register.filter
def lately(value: datetime | str | None) -> str:
    """A time not long ago: the hour when it was today, else the day as well."""
    at = parse_datetime(value) if isinstance(value, str) else value
    if at is None:
        return ""
    local = timezone.localtime(at)
    hour = f"{local:%H:%M}"
    return hour if local.date() == timezone.localdate() else f"{_short_day(local.date())} {hour}"


@register.filter
def hour_after(value: str, begin: str) -> str:
    """When something ended that began at a known time: the hour, and the day when it is another one."""
    end, start = parse_datetime(value), parse_datetime(begin)
    if end is None or start is None:
        return ""
    same_day = timezone.localdate(end) == timezone.localdate(start)
    return f"{timezone.localtime(end):%H:%M}" if same_day else moment(end)


@register.filter
def served(pairing: Mapping[str, Any]) -> str:
    """How long a pairing lasted or has lasted, in full months; nothing before the first is full."""
    begun, today = parse_date(pairing["from_date"]), timezone.localdate()
    ended = min(parse_date(pairing["to_date"] or "") or today, today)
    if begun is None or ended <= begun:
        return ""
    months = (ended.year - begun.year) * 12 + ended.month - begun.month - (ended.day < begun.day)
    if months < 1:
        return ""
    return gettext("1 month") if months == 1 else gettext("%(months)s months") % {"months": months}


@register.filter
def is_ahead(value: datetime | str | None) -> bool:
    """Whether a time is still to come."""
    at = parse_datetime(value) if isinstance(value, str) else value
    return at is not None and at > timezone.now()


def _short_day(on: date) -> str:
    """Day and month; with the year when it is not this one."""
    return _written(on, on.year == timezone.localdate().year, get_language())


@lru_cache(maxsize=500)
def _written(on: date, is_this_year: bool, language: str | None) -> str:
    """In the language that is active. Fifty rows of an inbox name few days."""
    return str(date_format(on, pgettext("a day of this year", "j M") if is_this_year else "SHORT_DATE_FORMAT"))


@register.filter
def month(value: date | str | None) -> str:
    """A month, named by one of its days or as 2026-10, as people of this language write it; nothing for none."""
    if isinstance(value, str) and len(value) < len("2026-10"):
        return value  # a year, or nothing
    on = date.fromisoformat(f"{value[:7]}-01") if isinstance(value, str) else value
    return date_format(on, gettext("F Y")) if on else ""


@register.filter
def month_name(value: int) -> str:
    """A month of a year, 1 to 12, short."""
    return date_format(date(2000, value, 1), pgettext("a month of a year", "M"))


@register.filter
def day(value: date | str | None) -> str:
    """A day as people of this language write it; nothing for none."""
    on = date.fromisoformat(value[:10]) if isinstance(value, str) and value else value
    return date_format(on, "SHORT_DATE_FORMAT") if on else ""
