"""The demo's subsidies: one granted last year and in its yearly review, one on the public board, one each before the
caseworker, the committee and the township."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import SPECIAL, Family
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from backend.subsidies.applications import Intake
from backend.subsidies.models import Application
from backend.subsidies.rules import Children
from backend.subsidies.shipped import load_standards
from workflows import annual_reviews, services
from workflows.models import WorkItem
from workflows.subsidies import apply, programme_year

CHILDREN = Children(state="living", ever=1, living=1)
COMPLETE = {"materials": "complete"}
OPEN = 3
"""So many applications wait for somebody."""
A_YEAR, PUBLIC, REVIEW = timedelta(days=400), timedelta(days=8), timedelta(days=20)
Users = Mapping[str, User]


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    load_standards()
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    families = _families(users["village"])
    for place, family in enumerate(families[:OPEN]):
        row = _applied(users, family, now)
        not_seen = "本人长期在外，村里没有核实到，请镇里再看"
        steps = ((users["caseworker"], COMPLETE), (users["committee"], _found(now, "no", not_seen)))[:place]
        for user, answers in steps:
            _do(row, user, answers, now)
    _published(users, families[OPEN], now)
    granted = families[OPEN + 1]
    _granted(users, granted, now - A_YEAR)
    last = timezone.localdate(now + REVIEW)
    annual_reviews.start_review(unit=granted.unit, actor=SYSTEM, now=now, closes_on=last)


def _applied(users: Users, family: Family, then: datetime) -> Application:
    intake = Intake(
        kind="reward_support", year=programme_year(path=family.unit.path, day=timezone.localdate(then)), family=family,
        person=family.persons.filter(status="present").order_by("-is_head", "id")[0], children=CHILDREN,
        channel="proxy", declared_on=timezone.localdate(then), papers=("form", "identity"),
        account=f"62170000{family.pk.int % 10**11:011d}",
    )  # fmt: skip
    return apply(intake=intake, actor=actor_of(users["village"]), now=then)


def _published(users: Users, family: Family, then: datetime) -> Application:
    """The village agrees: the list is on its board and on the web."""
    row = _applied(users, family, then)
    _do(row, users["caseworker"], COMPLETE, then)
    _do(row, users["committee"], _found(then, "yes", "入户看过，情况属实"), then)
    return row


def _granted(users: Users, family: Family, then: datetime) -> None:
    """Village, township and county each agree; nobody objects while it is public."""
    row = _published(users, family, then)
    agreed = {"no_conflict": True, "agrees": "yes", "opinion": "材料一致"}
    _do(row, users["supervisor"], agreed, _waited(row, then, 1))
    compared = {
        "no_conflict": True, "cross_checks": ["registry", "death"], "determination": "not_needed", "agrees": "yes",
        "opinion": "比对一致",
    }  # fmt: skip
    _do(row, users["county"], compared, _waited(row, then, 2))
    decided = {"decision": "confirm", "reason": "证件与户籍一致，符合条件"}
    _do(row, users["county"], decided, _waited(row, then, 3))


def _found(then: datetime, agrees: str, opinion: str) -> dict[str, Any]:
    return {
        "home_checked_on": (timezone.localdate(then) - timedelta(days=1)).isoformat(), "participants": 7, "recused": 1,
        "votes_for": 6, "votes_against": 0, "agrees": agrees, "opinion": opinion,
    }  # fmt: skip


def _waited(row: Application, then: datetime, times: int) -> datetime:
    """So many times nobody has objected until the last day."""
    after = then + times * PUBLIC
    assert row.instance_id is not None
    services.wake(instance_id=row.instance_id, now=after)
    return after


def _families(village: User) -> list[Family]:
    """Families of the village worker's own village that have no loss to bear."""
    units = village.memberships.values("unit")
    found = Family.objects.filter(unit__in=units, status=Family.Status.REGISTERED)
    rows = found.exclude(categories__overlap=list(SPECIAL)).select_related("unit__parent").order_by("-number")
    return list(rows[: OPEN + 2])


def _do(row: Application, user: User, answers: Mapping[str, Any], now: datetime) -> None:
    assert row.instance_id is not None
    item = WorkItem.objects.get(instance_id=row.instance_id, state="open")
    services.complete(item=item, answers=dict(answers), user=user, now=now)
