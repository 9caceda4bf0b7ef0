"""The demo's study aid of this school year: begun, its plan waits for the caseworker."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows.study_aid import begin


def play(town: Unit, now: datetime) -> None:
    """By the verb of daily life."""
    caseworker = User.objects.get(is_demo=True, username="caseworker")
    begin(unit=town, school_year=timezone.localdate(now).year, actor=actor_of(caseworker), now=now)
