"""Pages of subsidies: applied for, followed, objected to, withdrawn; what a family gets."""

from __future__ import annotations

import pytest
from django.utils import timezone

from backend.subsidies.models import Application, Entitlement, Rate
from tests.kept import kept
from tests.subsidies.county import VILLAGE_FOUND, County
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def county() -> County:
    return County()


def test_a_village_takes_in_an_application(county: County) -> None:
    client = visitor(county.village)
    assert "/subsidies/new/" in text(client.get("/subsidies/"))
    assert str(county.family.pk) in text(client.get("/subsidies/choices/", {"family_q": county.family.label}))
    address = client.post("/subsidies/new/", {"family": str(county.family.pk)})["Location"]
    said = {
        "kind": "special_support", "person": str(county.wife.pk), "spouse": str(county.husband.pk), "channel": "proxy",
        "state": "dead", "ever": "1", "living": "0", "certificate": "12 号", "account": "12", "both_rural": "on",
        "declared_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert "12 号" in refused.content.decode()
    response = client.post(address, {**said, "account": "6222000011112222"})
    page = text(client.get(response["Location"]))
    assert all(each in page for each in ("孙桂兰", "2222"))
    assert "6222000011112222" not in page
    assert "12 号" not in page
    assert statements(client, "/subsidies/") <= 12
    assert statements(client, response["Location"]) <= 14
    assert visitor(county.committee).get("/subsidies/new/").status_code == 403


def test_an_objection_and_a_withdrawal(county: County) -> None:
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    client, address = visitor(county.caseworker), f"/subsidies/{row.pk}/"
    assert f"{address}objection/" in text(client.get(address))
    assert client.post(f"{address}objection/", {"text": ""}).status_code == 400
    assert client.post(f"{address}objection/", {"text": "还有一个孩子"})["Location"] == address
    page = text(client.get(address))
    assert f"{address}objection/" not in page
    assert "还有一个孩子" not in page
    assert client.post(f"{address}withdrawal/", {"reason": "不办了"})["Location"] == address
    assert Application.objects.get().state == "withdrawn"
    assert visitor(county.county).get(f"{address}withdrawal/").status_code == 403


def test_a_familys_entitlements_with_their_layers(county: County) -> None:
    county.before_decision()
    county.done(county.county, "decide", {"decision": "confirm"})
    page = text(visitor(county.county).get("/subsidies/entitlements/", {"family": str(county.family.pk)}))
    assert "14,160.00" in page
    client = visitor(county.county)
    first = timezone.localdate().replace(day=1)
    Entitlement.objects.update(from_date=first)
    Rate.objects.update(from_date=first)
    given = text(client.get("/subsidies/entitlements/?in_force=true"))
    assert "In all: 1 · given today: 14,160.00 yuan a year" in given
    assert "No entitlement is found." in text(client.get("/subsidies/entitlements/?in_force=false&q=x"))
    family = f"/families/{county.family.pk}/"
    for reader, leads in ((county.caseworker, True), (county.county, False)):  # the county opens no family's page
        assert (family in text(visitor(reader).get("/subsidies/entitlements/"))) is leads
    assert client.get("/subsidies/entitlements/?in_force=x").status_code == 400
    assert statements(client, "/subsidies/entitlements/") <= 14
    assert "大黄堡" in page
