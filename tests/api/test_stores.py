"""Stores and the charity shop (P10 C, G11, S8): stock is the sum of its moves, points by rule, counted by others."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from backend.cases.models import Family
from backend.funds import counts, shop, stock
from backend.funds.models import PointGrant, Redemption, StockCount, StockLot, StockMove, Store
from backend.funds.stock import Goods, OutOfStock, Source
from backend.ledger.accounts import account
from backend.ledger.balances import balance, trial_balance
from backend.org import parameters
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import Membership, User
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from workflows import deployment, services, stores
from workflows.models import Process, WorkItem

pytestmark = pytest.mark.django_db

RICE: dict[str, Any] = {"name": "大米10公斤", "measure": "bag", "number": "L1", "quantity": 10, "amount": "333.33"}
SIGNED = {"received_by": "self", "receipt": "signature"}
_deployed: list[Process] = []


def deploy() -> None:
    """The process; checked once, afterwards the same row again."""
    if not _deployed:
        files = deployment.bundle(settings.BPMN_FOLDER, "store_month")
        deployment.deploy(key="store_month", files=files, actor=SYSTEM, now=timezone.now())
        _deployed.extend(Process.objects.all())
    else:
        Process.objects.bulk_create(_deployed)


class Shop:
    """A township's charity shop with rice, a family with points, and the people who work there."""

    def __init__(self) -> None:
        load_codes()
        parameters.load_parameters()
        deploy()
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.colleague = factories.user("colleague", role="caseworker", name="小周")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.town, self.now = factories.town(), timezone.now()
        self.family = factories.family(
            label="李家", categories=["hardship"], unit=factories.village(), status=Family.Status.REGISTERED
        )
        self.store = stock.store_of(self.town, Store.Kind.SHOP, now=self.now)
        self.take_in(**RICE)
        self.rice = self.store.articles.get()
        stock.change_article(
            article=self.rice, points=30, low_at=8, actor=factories.actor(self.caseworker), now=self.now
        )

    def take_in(self, user: User | None = None, **goods: Any) -> Any:
        response = Caller(user or self.caseworker).post(f"stores/{self.store.pk}/goods/", goods)
        assert response.status_code == 201, response.content
        return response.json()

    def begin(self) -> StockCount:
        row = stores.begin_month(store=self.store, actor=SYSTEM, now=self.now)
        assert row is not None
        return row

    def redeem(self, quantity: int = 1, **more: Any) -> Any:
        items = [{"article": str(self.rice.pk), "quantity": quantity}]
        body = {"family": str(self.family.pk), "items": items, **SIGNED, **more}
        with transaction.atomic():
            return Caller(self.caseworker).post(f"stores/{self.store.pk}/redeem/", body)

    def at_month_end(self) -> StockCount:
        row = self.begin()
        assert row.instance_id is not None
        services.wake(instance_id=row.instance_id, now=self.now + timedelta(days=40))
        return row

    def do(self, user: User, step: str, **answers: Any) -> Any:
        item = WorkItem.objects.get(step=step, state="open")
        with transaction.atomic():
            return Caller(user).post(f"work-items/{item.pk}/complete/", {"answers": answers})

    def count(self, row: StockCount, number: int, user: User | None = None) -> Any:
        lot = StockLot.objects.get()
        body = {"rows": [{"lot": str(lot.pk), "counted": number}]}
        with transaction.atomic():
            return Caller(user or self.colleague).post(f"stock-counts/{row.pk}/lines/", body)


COUNTED = {"all_counted": True, "took_none_in": True}


@kept
def place() -> Shop:
    return Shop()


def test_points_by_rule_once_a_year(place: Shop) -> None:
    place.begin()
    assert PointGrant.objects.get().points == 100
    again = shop.grant_points(
        store=place.store, families=[place.family], holders={place.family.pk}, actor=SYSTEM, now=place.now
    )
    assert again == 1  # the card's (S8); hardship's are there already
    told = Caller(place.caseworker).get(f"stores/{place.store.pk}/points/?family={place.family.pk}")
    assert told.json()["points"] == 220


def test_goods_for_points(place: Shop) -> None:
    place.begin()
    assert place.redeem(3).json()["points"] == 90
    assert PointGrant.objects.get().left == 10
    assert StockLot.objects.get().left == 7
    assert_problem(place.redeem(1), 409, "too_few_points")
    assert_problem(place.redeem(1, receipt="nod"), 422, "bad_basket")
    assert StockLot.objects.get().left == 7
    assert Redemption.objects.count() == 1
    assert trial_balance(place.town).is_balanced


def test_what_runs_low_is_asked_for_once(place: Shop) -> None:
    place.begin()
    place.redeem(2)
    assert not WorkItem.objects.filter(state="open").exists()
    place.redeem(1)
    assert WorkItem.objects.get(state="open").step == "restock"
    assert place.do(place.caseworker, "restock", restock_by="bought").status_code == 200
    assert not WorkItem.objects.filter(state="open").exists()


def test_what_has_expired_is_not_given_out(place: Shop) -> None:
    place.begin()
    StockLot.objects.update(expires_on=timezone.localdate() - timedelta(days=1))
    assert_problem(place.redeem(1), 409, "out_of_stock")
    old = str(timezone.localdate() - timedelta(days=1))
    response = Caller(place.caseworker).post(f"stores/{place.store.pk}/goods/", {**RICE, "expires_on": old})
    assert_problem(response, 422, "bad_lot")


def test_the_soonest_to_expire_goes_first(place: Shop) -> None:
    soon = str(timezone.localdate() + timedelta(days=30))
    place.take_in(**{**RICE, "number": "L2", "expires_on": soon})
    assert balance(stock.stock_account(place.store)) == Decimal("666.66")
    place.begin()
    place.redeem(1)
    assert StockLot.objects.get(number="L2").left == 9
    refused = Caller(place.caseworker).post(f"stores/{place.store.pk}/goods/", RICE)
    assert_problem(refused, 409, "lot_known")


def test_a_month_in_order(place: Shop) -> None:
    row = place.at_month_end()
    assert_problem(place.do(place.colleague, "count_stock", **COUNTED), 409, "not_counted")
    assert place.count(row, 10).status_code == 200
    assert place.do(place.colleague, "count_stock", **COUNTED).status_code == 200
    row.refresh_from_db()
    assert row.state == StockCount.State.CLOSED


def test_differences_are_settled_by_somebody_else(place: Shop) -> None:
    row = place.at_month_end()
    place.count(row, 8)
    place.do(place.colleague, "count_stock", **COUNTED)
    Membership.objects.create(user=place.colleague, role="supervisor", unit=place.town, from_date=date(2020, 1, 1))
    both = User.objects.get(pk=place.colleague.pk)  # what a user may do is kept on the object
    settlement = {"settlement": "book", "cause": "damaged", "reason": "两袋受潮"}
    assert place.do(both, "settle_differences", **settlement).status_code == 403
    assert place.do(place.supervisor, "settle_differences", **settlement).status_code == 200
    assert StockLot.objects.get().left == 8
    lost = account(kind="written_off", unit=place.town, code="stock_shop")
    assert balance(lost) == Decimal("66.67")
    assert trial_balance(place.town).is_balanced
    row.refresh_from_db()
    with pytest.raises(IntegrityError, match="stock_count_four_eyes"), transaction.atomic():
        StockCount.objects.filter(pk=row.pk).update(settled_by=place.colleague)


def test_what_was_counted_is_not_written_anew_before_it_is_settled(place: Shop) -> None:
    """Whoever settles the difference would sign for figures of their own."""
    row = place.at_month_end()
    place.count(row, 8)
    place.do(place.colleague, "count_stock", **COUNTED)
    for user in (place.supervisor, place.colleague):
        assert_problem(place.count(row, 6, user), 409, "count_over")
    assert place.do(place.supervisor, "settle_differences", settlement="recount", reason="再数").status_code == 200
    assert place.count(row, 9).status_code == 200


def test_who_takes_in_does_not_count(place: Shop) -> None:
    row = place.at_month_end()
    assert_problem(place.count(row, 10, place.caseworker), 403, "took_in_counts_not")
    assert_problem(place.count(row, 10, factories.deputy(place.caseworker)), 403, "took_in_counts_not")
    place.count(row, 10)
    assert_problem(place.do(place.caseworker, "count_stock", **COUNTED), 403, "took_in_counts_not")
    with pytest.raises(IntegrityError, match="does not count"), transaction.atomic():
        StockCount.objects.filter(pk=row.pk).update(counted_by=place.caseworker)


def test_stock_changes_by_moves_only(place: Shop) -> None:
    for wrong in (
        'UPDATE funds_stocklot SET "left" = 99',
        "UPDATE funds_stockmove SET quantity = 99",
        "DELETE FROM funds_stockmove",
    ):
        with pytest.raises(IntegrityError, match="moves only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(wrong)


@trying(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(st.integers(min_value=1, max_value=7), max_size=6))
def test_whatever_is_asked_for_nothing_is_below_nothing(place: Shop, wanted: list[int]) -> None:
    """Stock is never negative, and what the books hold of it is nothing when nothing is left."""
    actor = factories.actor(place.caseworker)
    with transaction.atomic():
        goods = Goods("肥皂", "piece", "L9", 7, Decimal("0.50"))
        giver = account(kind="budget_line", unit=place.town, code="stock_shop")
        own = Source("goods", factories.family(label=f"户{StockMove.objects.count()}{wanted}"[:20]).pk)
        lot = stock.take_in(store=place.store, goods=goods, source=own, giver=giver, actor=actor, now=place.now)
        left = 7
        for number in wanted:
            each = Source("redemption", factories.family(label=f"领{left}{number}").pk)
            try:
                stock.issue(
                    article=lot.article, quantity=number, reason="redeemed", source=each, actor=actor, now=place.now
                )
                left -= number
            except OutOfStock:
                assert number > left
        lot.refresh_from_db()
        assert lot.left == left >= 0
        book = sum(move.amount for move in lot.moves.all())
        assert book >= 0
        assert left or book == 0
        assert trial_balance(place.town).is_balanced
        transaction.set_rollback(True)


def test_counted_again_after_goods_went_out(place: Shop) -> None:
    row = place.at_month_end()
    place.count(row, 0)
    place.do(place.colleague, "count_stock", **COUNTED)
    StockMove.objects.create(
        lot=StockLot.objects.get(), quantity=-5, reason="redeemed", on_date=timezone.localdate(), amount=0, by_label="x"
    )
    answers = {"settlement": "book", "cause": "lost", "reason": "不见了"}
    assert_problem(place.do(place.supervisor, "settle_differences", **answers), 409, "count_again")
    again = {"settlement": "recount", "reason": "重新点"}
    assert place.do(place.supervisor, "settle_differences", **again).status_code == 200
    assert not row.lines.exists()
    assert counts.begin(store=place.store, month=row.month, actor=SYSTEM, now=place.now) is None
