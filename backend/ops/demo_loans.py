"""The demo's small loans: the county's fund endowed, one request before the village, one before the committee, one
before the county."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.cases.models import SPECIAL, Family
from backend.funds import loan_fund
from backend.funds.loans import Request, lender_of
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import services
from workflows.loans import ask
from workflows.models import WorkItem

ASKED = (("planting", "大棚种草莓", 8000), ("breeding", "养二十只羊", 12000), ("handicraft", "买一台缝纫机", 5000))
CAPITAL = Decimal(100000)
STOOD_FOR = {
    "guarantee": "yes", "guarantor_kind": "collective", "village_rating": "A", "votes_for": 7, "votes_against": 0,
    "recused": 1, "no_conflict": True,
}  # fmt: skip


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    finance = actor_of(users["finance"])
    loan_fund.endow(unit=lender_of(town), amount=CAPITAL, basis="县财社〔2026〕3号", actor=finance, now=now)
    trained = (timezone.localdate(now) - timedelta(days=20)).isoformat()
    recommended = {
        "recommended": "yes", "training_done": True, "trained_on": trained, "existing_debt": 2000, "no_conflict": True,
    }  # fmt: skip
    for place, (project, purpose, amount) in enumerate(ASKED):
        family = _families(users["village"])[place]
        request = Request(
            family=family, borrower=family.persons.filter(status="present").order_by("-is_head", "id")[0],
            project=project, purpose=purpose, asked=Decimal(amount),
        )  # fmt: skip
        loan = ask(request=request, actor=actor_of(users["village"]), now=now)
        steps = ((users["village"], recommended), (users["committee"], STOOD_FOR))[:place]
        for user, answers in steps:
            _do(loan.instance_id, user, answers, now)


def _families(village: User) -> list[Family]:
    """Families of the village worker's own village that have no loss to bear."""
    units = village.memberships.values("unit")
    found = Family.objects.filter(unit__in=units, status=Family.Status.REGISTERED)
    return list(found.exclude(categories__overlap=list(SPECIAL)).select_related("unit__parent").order_by("number")[:3])


def _do(instance_id: Any, user: User, answers: Mapping[str, Any], now: datetime) -> None:
    item = WorkItem.objects.get(instance_id=instance_id, state="open")
    services.complete(item=item, answers=dict(answers), user=user, now=now)
