"""Links only to what the reader may open."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def open_to(context: dict[str, Any], name: str, *parts: Any) -> str:
    """A page's address, empty where the reader's roles do not open it: `{% open_to 'web:family' id as address %}`."""
    address = reverse(name, args=parts)
    return address if context["page"].may_open(address) else ""
