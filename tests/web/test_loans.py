"""Pages of small loans: asked for, followed, repaid at the desk; the fund endowed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from backend.funds.models import Loan
from tests.api.test_loans import Town
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


def test_a_village_takes_in_a_request(town: Town) -> None:
    client = visitor(town.village)
    assert "/loans/new/" in text(client.get("/loans/"))
    found = client.get("/loans/choices/", {"family_q": town.family.label})
    assert str(town.family.pk) in text(found)
    address = client.post("/loans/new/", {"family": str(town.family.pk)})["Location"]
    said = {"borrower": str(town.family.persons.get().pk), "project": "breeding", "purpose": "养羊", "asked": "100"}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert "养羊" in refused.content.decode()
    response = client.post(address, {**said, "asked": "8000"})
    page = text(client.get(response["Location"]))
    assert all(each in page for each in ("养羊", "8,000.00", "/work-items/"))
    assert statements(client, "/loans/") <= 12
    assert statements(client, response["Location"]) <= 14
    assert visitor(town.committee).get("/loans/new/").status_code == 403


def test_finance_records_what_came_back(town: Town) -> None:
    loan = town.running()
    client, address = visitor(town.finance), f"/loans/{loan.pk}/"
    assert f"{address}repayment/" in text(client.get(address))
    said = {"amount": "20000", "on": timezone.localdate().isoformat(), "receipt_number": "S-1"}
    assert client.post(f"{address}repayment/", said).status_code == 422
    assert client.post(f"{address}repayment/", {**said, "amount": "10000"})["Location"] == address
    assert "S-1" in text(client.get(address))
    assert Loan.objects.get().state == "repaid"
    assert f"{address}repayment/" not in text(client.get(address))
    assert visitor(town.county).get(f"{address}repayment/").status_code == 403


def test_the_fund_is_endowed_by_a_decision(town: Town) -> None:
    client = visitor(town.finance)
    said = {"unit": str(town.county_unit.pk), "amount": "5000", "basis": "县财社〔2026〕9号"}
    assert client.post("/loans/endowment/", said)["Location"] == "/loans/"
    assert "35,000.00" in text(client.get("/loans/"))
    assert visitor(town.county).get("/loans/endowment/").status_code == 403
