"""Icons as parts of the page: the few that a page shows weigh less than a font of all of them."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of Bootstrap Icons, as large as the text beside it; hidden from screen readers."""
    return _svg(name, classes)


@lru_cache(maxsize=300)
def _svg(name: str, classes: str) -> SafeString:
    text = (settings.FRONT_END / "bootstrap-icons" / "icons" / f"{name}.svg").read_text("utf-8")
    text = text.replace(f"bi-{name}", f"bi-{name} {classes}".strip(), 1)
    drawn = text.replace('width="16" height="16"', 'width="1em" height="1em" aria-hidden="true"', 1)
    return mark_safe(" ".join(drawn.replace('xmlns="http://www.w3.org/2000/svg" ', "", 1).split()))  # our own package
