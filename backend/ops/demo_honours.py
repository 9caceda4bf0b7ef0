"""The demo's selection of happy families: one nomination waits for its village, one for the township's look at the
records."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from backend.activities import honours
from backend.activities.honours import Nomination
from backend.cases.models import SPECIAL, Family
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import services
from workflows.honours import nominate
from workflows.models import WorkItem

MERITS = ("照顾邻居老人十多年，三代同堂和睦", "带头办农家书屋，义务教孩子们写字")
VOTES = {"votes_for": 9, "votes_against": 1, "recused": 1, "recommended": "yes"}


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    today = timezone.localdate(now)
    call = honours.call(
        kind="happy_family", year=today.year, unit=town, opens_on=today - timedelta(days=10),
        closes_on=today + timedelta(days=20), quota=2, publicity_days=5, term_months=24,
        actor=actor_of(users["caseworker"]), now=now,
    )  # fmt: skip
    families = Family.objects.filter(unit__parent=town).exclude(categories__overlap=list(SPECIAL)).order_by("number")
    made = [
        nominate(
            nomination=Nomination(
                call=call, unit=family.unit, origin="village", merits=merits, candidate_family=family,
                name_consented=True,
            ),
            actor=actor_of(users["village"]),
            now=now,
        )
        for family, merits in zip(families.select_related("unit")[: len(MERITS)], MERITS, strict=True)
    ]  # fmt: skip
    instance_id = made[1].instance_id
    assert instance_id is not None
    item = WorkItem.objects.get(instance_id=instance_id)
    services.complete(item=item, answers=VOTES, user=users["village"], now=now)
