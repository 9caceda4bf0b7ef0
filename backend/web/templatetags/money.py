"""How pages write sums of money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django import template

register = template.Library()


@register.filter
def yuan(value: Decimal | str | None) -> str:
    """A sum as books are kept in: thousands apart, two decimals. Nothing for none; what is no number stays as it is.

    The same in both languages: Chinese ledgers group by threes as well, whatever a locale says about numbers.
    """
    if value is None or value == "":
        return ""
    try:
        return f"{Decimal(value):,.2f}"
    except (InvalidOperation, ValueError):
        return str(value)
