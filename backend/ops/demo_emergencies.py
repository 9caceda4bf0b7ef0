"""The demo's duty list, and an emergency that waits for the officer on duty."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backend.emergencies.duties import Post, add_spell
from backend.emergencies.incidents import Report
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows.emergencies import report_emergency


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    officer = User.objects.get(username="supervisor", is_demo=True)
    for post in (Post.FIRST, Post.CONFIDANT):
        add_spell(
            unit=town, post=post, user=officer, phone="13800000001", from_date=timezone.localdate(now), to_date=None,
            actor=actor_of(officer), now=now,
        )  # fmt: skip
    village = Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE).order_by("code")[0]
    report = Report(
        kind="fall", place=village, found_at=now, channel="neighbour", where="二组水井旁", who="一位老人",
        what="滑倒后站不起来，意识清楚", alone=True, finder="邻居",
    )  # fmt: skip
    report_emergency(report=report, now=now)
