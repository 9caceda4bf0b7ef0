"""How pages write times."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

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
def day(value: date | str | None) -> str:
    """A day as people of this language write it; nothing for none."""
    on = date.fromisoformat(value[:10]) if isinstance(value, str) and value else value
    return date_format(on, "SHORT_DATE_FORMAT") if on else ""
