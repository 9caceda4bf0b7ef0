"""Donated goods become gifts of a festival (Q13): the donor's limits stay, the rest goes back, the donor hears."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backend.benefits.models import Condolence, Gift, Lot
from backend.funds import donations, stock
from backend.funds.donations import Giver, Offer
from backend.funds.models import Donation, StockLot, StockMove
from backend.funds.stock import Goods, Source
from backend.ledger.accounts import account
from backend.ledger.balances import trial_balance
from backend.org.models import Unit
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.api.test_condolences import GOODS, SIGNED, Township
from tests.kept import kept
from tests.web.visitor import text, visitor
from workflows import condolences, services
from workflows.models import Instance

pytestmark = pytest.mark.django_db
RICE, OIL = GOODS


def donated(
    town: Township, quantity: int = 20, item: str = RICE, *, purpose: str = "condolence",
    limited_to: Unit | None = None, expires_on: date | None = None, number: str = "JZ-1",
) -> StockLot:  # fmt: skip
    """Goods that somebody gave for the festival's gifts, in the township's store room."""
    now, actor = timezone.now(), factories.actor(town.caseworker)
    offered = Offer(unit=town.town, kind="goods", amount=Decimal(50 * quantity), purpose=purpose, share=Decimal(1),
                    item=item, measure="bag", quantity=quantity, lot_number=number, limited_to=limited_to,
                    expires_on=expires_on)  # fmt: skip
    row = donations.offer(offered=offered, giver=Giver(kind="company", name="某粮油公司"), actor=actor, now=now)
    donations.judge(donation=row, terms="accept", refusal="", actor=actor, now=now)
    donations.receive(donation=row, received_on=timezone.localdate(), amount=None, quantity=None, actor=actor, now=now)
    donations.keep_in_fund(donation=row, actor=actor, now=now)
    return StockLot.objects.get(number=number)


def bring(town: Township, lot: StockLot, quantity: int, item: str = RICE) -> Any:
    body = {"lot": str(lot.pk), "item": item, "quantity": quantity}
    return Caller(town.caseworker).post(f"condolences/{town.row().pk}/bring/", body)


def books(town: Township) -> dict[tuple[str, str], str]:
    rows = trial_balance(town.town).rows
    return {(row.kind, row.code): str(row.balance) for row in rows if row.balance}


@kept
def town() -> Township:
    return Township()


def delivered(town: Township, row: Condolence) -> list[Gift]:
    """Every village's gifts are brought, the accounts closed."""
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/visits/").status_code == 200
    town.done(town.caseworker, "plan_visits", {"ready": True})
    condolences.start_villages(condolence_id=row.pk, now=timezone.now())
    brought = list(Gift.objects.filter(condolence=row).listed().order_by("id"))
    assert town.record(*({"gift": gift.pk, **SIGNED} for gift in brought)).status_code == 200
    town.done(town.village, "deliver_gifts", {"done": True})
    return brought


def closed(town: Township) -> None:
    instance = Instance.objects.get(process__key="festival_condolence")
    assert instance.wake_at is not None
    services.wake(instance_id=instance.pk, now=instance.wake_at)
    town.done(town.caseworker, "close_accounts", {"settled": True, "thanks": True})
    town.done(town.supervisor, "confirm_accounts", {"accounts": "confirm"})


def test_donated_goods_are_given_at_the_festival_and_the_rest_goes_back(town: Township) -> None:
    rice, row = donated(town, 20), town.locked()
    [offered] = Caller(town.caseworker).get(f"condolences/{row.pk}/store/").json()
    gift = Donation.objects.get()
    assert (offered["left"], offered["donation"]) == (20, gift.number)
    assert bring(town, rice, 10).status_code == 201
    rice.refresh_from_db()
    assert rice.left == 10
    assert books(town) == {
        ("donor", "company"): "-1000.00",
        ("stock", "room"): "500.00",
        ("stock", "condolence"): "500.00",
    }
    body = {"item": OIL, "number": "L1", "quantity": 10, "expires_on": None}
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/lots/", body).status_code == 201
    brought = delivered(town, row)
    closed(town)
    number = len(brought)
    assert 0 < number < 10
    rice.refresh_from_db()
    assert rice.left == 20 - number, "what was left is in the store room again"
    assert sum(move.quantity for move in StockMove.objects.filter(lot=rice)) == rice.left
    assert books(town) == {
        ("donor", "company"): "-1000.00",
        ("stock", "room"): f"{50 * (20 - number)}.00",
        ("given", "condolence"): f"{50 * number}.00",
    }
    assert donations.use_of(gift)["families"] == number
    assert set(gift.allocations.values_list("family", flat=True)) == {each.family_id for each in brought}
    assert Lot.objects.get(stock_lot=rice.pk).settled


def test_what_was_given_for_something_else_is_not_offered_and_not_taken(town: Township) -> None:
    saplings = donated(town, 20, purpose="farming")
    row = town.locked()
    assert Caller(town.caseworker).get(f"condolences/{row.pk}/store/").json() == []
    assert_problem(bring(town, saplings, 1), 409, "other_purpose")
    assert not Lot.objects.exists()


def test_while_the_donor_is_asked_for_another_use_nothing_is_taken(town: Township) -> None:
    rice = donated(town)
    row = town.locked()
    donation = Donation.objects.get()
    donation.purpose_changes.create(purpose="shop", reason="换用途", created_at=timezone.now())
    assert_problem(bring(town, rice, 1), 409, "purpose_undecided")
    assert not row.lots.exists()


def test_goods_for_one_village_reach_only_its_families(town: Township) -> None:
    far = town.family("远村户", categories=["hardship"], unit=town.elsewhere)
    near, rest = donated(town, 1, limited_to=town.elsewhere), donated(town, 20, number="JZ-2")
    row = town.locked()
    assert bring(town, near, 1).status_code == 201
    assert bring(town, rest, 20).status_code == 201
    Caller(town.caseworker).post(f"condolences/{row.pk}/lots/", {"item": OIL, "number": "L1", "quantity": 20})
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/visits/").status_code == 200
    town.done(town.caseworker, "plan_visits", {"ready": True})
    kept = Lot.objects.get(stock_lot=near.pk)
    assert [gift.family_id for gift in Gift.objects.filter(lots__contains=[kept.pk])] == [far.pk]


def test_a_limit_that_fits_nobody_leaves_the_list_short(town: Township) -> None:
    only = donated(town, 20, limited_to=factories.village("120114122203"))
    row = town.locked()
    assert bring(town, only, 20).status_code == 201
    Caller(town.caseworker).post(f"condolences/{row.pk}/lots/", {"item": OIL, "number": "L1", "quantity": 20})
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/visits/").status_code == 200
    assert_problem(town.do(town.caseworker, "plan_visits", {"ready": True}), 409, "stock_short")
    assert Lot.objects.get(stock_lot=only.pk).out == 0


def test_never_more_than_there_is_and_never_what_does_not_last(town: Township) -> None:
    rice, short_lived = donated(town, 5), donated(town, 5, expires_on=timezone.localdate(), number="JZ-3")
    town.locked()
    assert_problem(bring(town, rice, 6), 409, "out_of_stock")
    assert_problem(bring(town, short_lived, 1), 422, "goods_expired")
    assert_problem(bring(town, rice, 1, item="香烟"), 422, "goods_not_planned")
    assert not StockMove.objects.filter(reason="handed").exists()
    assert bring(town, rice, 2).status_code == 201
    assert bring(town, rice, 3).status_code == 201
    assert Lot.objects.get().quantity == 5, "more of the same lot joins what is there"


def test_bought_goods_of_the_store_room_go_the_same_way_and_another_places_do_not(town: Township) -> None:
    now, actor = timezone.now(), factories.actor(town.caseworker)

    def bought(unit: Unit, number: str) -> StockLot:
        return stock.take_in(
            store=stock.store_of(unit, "room", now=now), goods=Goods(RICE, "bag", number, 9, Decimal(90)),
            source=Source("store", unit.pk), giver=account(kind="budget_line", unit=unit, code="stock_room"),
            actor=actor, now=now,
        )  # fmt: skip

    own, strange = bought(town.town, "G-1"), bought(factories.region("120114123000"), "G-2")
    town.locked()
    assert bring(town, own, 9).status_code == 201
    assert_problem(bring(town, strange, 1), 409, "other_store")


def test_goods_come_while_the_list_is_open_and_from_who_prepares_it(town: Township) -> None:
    rice = donated(town)
    row = town.locked()
    body = {"lot": str(rice.pk), "item": RICE, "quantity": 1}
    assert Caller(town.village).post(f"condolences/{row.pk}/bring/", body).status_code == 403
    Condolence.objects.filter(pk=row.pk).update(state="delivering")
    assert_problem(bring(town, rice, 1), 409, "condolence_takes_no_goods")


def test_the_page_offers_what_is_in_the_store_room(town: Township) -> None:
    rice = donated(town, 20, expires_on=timezone.localdate() + timedelta(days=900))
    row = town.locked()
    client = visitor(town.caseworker)
    address = reverse("web:condolence", args=[row.pk])
    assert "JZ-1" in text(client.get(address))
    sent = client.post(address, {"verb": "bring", "lot": str(rice.pk), "item": RICE, "quantity": "3", "key": "b-1"})
    assert sent.status_code == 302
    assert "from the store room" in text(client.get(address))
