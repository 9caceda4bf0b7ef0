"""The demo's subsidies: one application before the caseworker, one before the committee, one before the township."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import SPECIAL, Family
from backend.org.access import actor_of
from backend.org.models import Unit, User
from backend.subsidies.applications import Intake
from backend.subsidies.rules import Children
from backend.subsidies.shipped import load_standards
from workflows import services
from workflows.models import WorkItem
from workflows.subsidies import apply, programme_year

CHILDREN = Children(state="living", ever=1, living=1)
COMPLETE = {"materials": "complete"}
HOW_MANY = 3


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    load_standards()
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    day = timezone.localdate(now)
    reviewed = {
        "home_checked_on": (day - timedelta(days=1)).isoformat(), "participants": 7, "recused": 1, "votes_for": 6,
        "votes_against": 0, "agrees": "no", "opinion": "本人长期在外，村里没有核实到，请镇里再看",
    }  # fmt: skip
    for place, family in enumerate(_families(users["village"])):
        intake = Intake(
            kind="reward_support", year=programme_year(path=family.unit.path, day=day), family=family,
            person=family.persons.filter(status="present").order_by("-is_head", "id")[0], children=CHILDREN,
            channel="proxy", declared_on=day, papers=("form", "identity"),
        )  # fmt: skip
        row = apply(intake=intake, actor=actor_of(users["village"]), now=now)
        steps = ((users["caseworker"], COMPLETE), (users["committee"], reviewed))[:place]
        for user, answers in steps:
            _do(row.instance_id, user, answers, now)


def _families(village: User) -> list[Family]:
    """Families of the village worker's own village that have no loss to bear."""
    units = village.memberships.values("unit")
    found = Family.objects.filter(unit__in=units, status=Family.Status.REGISTERED)
    rows = found.exclude(categories__overlap=list(SPECIAL)).select_related("unit__parent").order_by("-number")
    return list(rows[:HOW_MANY])


def _do(instance_id: Any, user: User, answers: Mapping[str, Any], now: datetime) -> None:
    item = WorkItem.objects.get(instance_id=instance_id, state="open")
    services.complete(item=item, answers=dict(answers), user=user, now=now)
