"""The demo's export: the caseworker has asked for the register of families; the worker writes it."""

from __future__ import annotations

from datetime import datetime

from backend.documents import exports
from backend.org.access import actor_of
from backend.org.models import Unit, User


def play(town: Unit, now: datetime) -> None:
    """By the verb of daily life."""
    user = User.objects.get(is_demo=True, username="caseworker")
    exports.ask(register="families", unit=town, purpose="镇里核对户数", user=user, actor=actor_of(user), now=now)
