"""The demo's donations and stores: one offer to be checked, one in the study-aid fund, one list to be decided on, one
being brought; a shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.cases.models import Family
from backend.funds import allocations, stock
from backend.funds.donations import Giver, Offer
from backend.funds.models import Donation, Store
from backend.funds.stock import Goods, Source
from backend.ledger.accounts import account
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import donations, services, stores
from workflows.models import WorkItem

TERMS: Mapping[str, Any] = {
    "lawful": "yes", "tobacco": False, "linked": False, "demand": "none", "related": False,
}  # fmt: skip
FAMILIES = 6
SHELF = (("大米10公斤", "bag", 60, 30, "3000.00"), ("食用油5升", "bottle", 80, 20, "2400.00"),
         ("洗衣液", "bottle", 25, 15, "450.00"))  # fmt: skip
"""Article, measure, points for one, how many, yuan together."""


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """Something for whoever works on donations, and a shop that is open."""
    money = Offer(unit=town, kind="money", amount=Decimal(3000), purpose="families", share=Decimal(500))
    plants = Offer(
        unit=town, kind="goods", amount=Decimal(4000), purpose="farming", share=Decimal(100), item="枣树苗",
        measure="plant", quantity=400, lot_number="ZS-1",
    )  # fmt: skip
    study = Offer(unit=town, kind="money", amount=Decimal(20000), purpose="study_aid", share=Decimal(1000))
    _offered(users, study, "匿名", now)
    _received(users, replace(study, amount=Decimal(10000)), "区青年商会", now)
    _proposed(users, _received(users, money, "陈先生", now), now)
    brought = _received(users, plants, "大黄堡苗圃", now)
    _proposed(users, brought, now)
    confirmed = {"allocation": "confirm", "no_conflict": True}
    _done(users["supervisor"], brought, "confirm_allocation", confirmed, now)
    _open_shop(users, town, now)


def _offered(users: Mapping[str, User], offered: Offer, name: str, now: datetime) -> Donation:
    giver = Giver(kind="person", name=name, is_anonymous=name == "匿名")
    return donations.offer(offered=offered, giver=giver, actor=actor_of(users["caseworker"]), now=now)


def _received(users: Mapping[str, User], offered: Offer, name: str, now: datetime) -> Donation:
    row = _offered(users, offered, name, now)
    _done(users["caseworker"], row, "check_offer", TERMS, now)
    receipt = {"arrived": "yes", "received_on": timezone.localdate(now).isoformat()}
    _done(users["caseworker"], row, "receive_donation", receipt, now)
    row.refresh_from_db()
    return row


def _proposed(users: Mapping[str, User], row: Donation, now: datetime) -> None:
    actor = actor_of(users["caseworker"])
    here = Family.objects.filter(unit__path__startswith=row.unit.path, status=Family.Status.REGISTERED)
    for family in here.select_related("unit").order_by("unit__path", "number")[:FAMILIES]:
        allocations.put_forward(donation=row, family=family, conflict=False, actor=actor, now=now)
    _done(users["caseworker"], row, "propose_families", {"families_named": True}, now)


def _open_shop(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """Stocked by the supervisor, so that the caseworker may count it."""
    actor = actor_of(users["supervisor"])
    shop = stock.store_of(town, Store.Kind.SHOP, now=now)
    giver = account(kind="budget_line", unit=town, code="stock_shop")
    for place, (name, measure, points, quantity, amount) in enumerate(SHELF, start=1):
        goods = Goods(name, measure, f"C{place}", quantity, Decimal(amount))
        lot = stock.take_in(
            store=shop, goods=goods, source=Source("article", _article(shop, name, measure, now)), giver=giver,
            actor=actor, now=now,
        )  # fmt: skip
        stock.change_article(article=lot.article, points=points, low_at=10, actor=actor, now=now)
    stores.begin_month(store=shop, actor=actor, now=now)


def _article(shop: Store, name: str, measure: str, now: datetime) -> Any:
    return stock.article_of(shop, name, measure, now=now).pk


def _done(user: User, row: Donation, step: str, answers: Mapping[str, Any], now: datetime) -> None:
    """Complete the donation's item of this step."""
    items = WorkItem.objects.select_related("instance__process")
    item = items.get(instance=Donation.objects.get(pk=row.pk).instance_id, step=step, state=WorkItem.State.OPEN)
    services.complete(item=item, answers=answers, user=user, now=now)
