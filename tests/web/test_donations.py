"""Pages of donations and stores: offered, families put forward, shares brought, the counter, a month's count."""

from __future__ import annotations

import pytest

from backend.funds.models import Donation, PurposeChange, StockLot, UseReport
from tests import factories
from tests.api.test_donations import CLEAN, Office
from tests.api.test_stores import RICE, SIGNED, Shop
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


@kept
def place() -> Shop:
    return Shop()


def test_a_donation_is_noted(office: Office) -> None:
    client = visitor(office.caseworker)
    typed = {
        "unit": str(office.town.pk), "kind": "goods", "amount": "900", "purpose": "families", "share": "10",
        "item": "棉被", "measure": "piece", "quantity": "100", "lot_number": "B1", "donor_kind": "company",
        "donor_name": "纺织厂",
    }  # fmt: skip
    assert "Note a donation" in text(client.get("/donations/new/"))
    refused = client.post("/donations/new/", {**typed, "share": "1000"})
    assert refused.status_code == 422
    assert "纺织厂" in refused.content.decode()
    made = client.post("/donations/new/", typed)
    assert made.status_code == 302
    assert "棉被" in text(client.get(made["Location"]))
    assert visitor(office.village).get("/donations/new/").status_code == 403


def test_families_are_put_forward_and_get_their_share(office: Office) -> None:
    row = office.received()
    page = f"/donations/{row.pk}/"
    client = visitor(office.caseworker)
    first, second = office.families[:2]
    assert first.label in text(client.get(f"{page}?q={first.label}"))
    assert client.post(page, {"verb": "families", "family": str(first.pk)}).status_code == 302
    assert client.post(page, {"verb": "families", "family": str(first.pk)}).status_code == 409
    client.post(page, {"verb": "families", "family": str(second.pk), "conflict": "on"})
    office.done(office.caseworker, "propose_families", families_named=True)
    office.done(office.supervisor, "confirm_allocation", allocation="confirm", no_conflict=True)
    village = visitor(office.village)
    shown = text(village.get(page))
    assert "a relative: left out" in shown
    assert "王老板" not in shown
    chosen = row.allocations.get(state="chosen")
    typed = {"verb": "record", "allocation": str(chosen.pk), f"result-{chosen.pk}": "delivered"}
    typed |= {f"received_by-{chosen.pk}": "self", f"receipt-{chosen.pk}": "thumbprint"}
    assert village.post(page, typed).status_code == 422
    assert village.post(page, {**typed, "day": str(office.today)}).status_code == 302
    chosen.refresh_from_db()
    assert chosen.state == "delivered"
    assert statements(village, page) <= 16


def test_donations_are_found_and_added_up(office: Office) -> None:
    row = office.offer()
    client = visitor(office.caseworker)
    shown = text(client.get(f"/donations/?q={row.number[-4:]}&state=offered&kind={row.kind}"))
    assert f"In all: 1 · {row.amount:,.2f} yuan" in " ".join(shown.split()), shown[-2000:]
    assert "No donation is found." in text(client.get("/donations/?state=used"))
    assert client.get("/donations/?kind=x").status_code == 400
    assert statements(client, "/donations/") <= 14


def test_another_use_and_withdrawal(office: Office) -> None:
    row = office.offer()
    office.done(office.caseworker, "check_offer", **CLEAN)
    page, client = f"/donations/{row.pk}/", visitor(office.caseworker)
    client.post(page, {"verb": "other_use", "purpose": "study_aid", "reason": "助学"})
    assert "was asked for another use" in text(client.get(page))
    answer = {"verb": "consent", "agreed": "no", "evidence": "电话"}
    assert client.post(page, answer).status_code == 403, "not by who asked"
    visitor(factories.user("colleague", role="caseworker")).post(page, answer)
    assert PurposeChange.objects.get().answer == "declined"
    client.post(page, {"verb": "withdraw"})
    assert Donation.objects.get().state == "withdrawn"
    assert Donation.objects.get().purpose == "families"


def test_a_report_is_published(office: Office) -> None:
    report = UseReport.objects.create(
        unit=office.town, kind="year", from_date="2025-01-01", to_date="2025-12-31", due_on="2026-03-31"
    )
    client = visitor(office.caseworker)
    assert client.post("/donations/", {"report": str(report.pk)}).status_code == 302
    assert "0 donations, 0.00 yuan" in text(client.get("/donations/"))
    assert client.post("/donations/", {"report": str(report.pk)}).status_code == 409


def test_the_counter(place: Shop) -> None:
    place.begin()
    client, page = visitor(place.caseworker), f"/stores/{place.store.pk}/counter/"
    assert place.family.label in text(client.get(f"{page}?q={place.family.label}"))
    mine = f"{page}?family={place.family.pk}"
    assert "100 points" in text(client.get(mine))
    wanted = f"pieces-{place.rice.pk}"
    assert client.post(mine, {wanted: "4", **SIGNED}).status_code == 409
    assert client.post(mine, {wanted: "3", **SIGNED}).status_code == 302
    assert "10 points" in text(client.get(mine))
    assert visitor(place.supervisor).get(page).status_code == 403


def test_a_store_and_its_count(place: Shop) -> None:
    row = place.at_month_end()
    client, page = visitor(place.supervisor), f"/stores/{place.store.pk}/"
    assert page in text(client.get("/stores/"))
    goods = {"verb": "goods", **RICE}
    assert client.post(page, goods).status_code == 409  # the lot is known
    rule = {"verb": "article", "article": str(place.rice.pk), "points": "20", "low_at": "50"}
    assert client.post(page, rule).status_code == 302
    assert "runs low" in text(client.get(page))
    counter, lot = visitor(place.colleague), StockLot.objects.get()
    sheet = f"/stock-counts/{row.pk}/"
    assert visitor(place.caseworker).post(sheet, {f"lot-{lot.pk}": "9"}).status_code == 403
    assert counter.post(sheet, {f"lot-{lot.pk}": "9"}).status_code == 302
    assert 'value="9"' in text(counter.get(sheet))
    assert statements(client, page) <= 16
