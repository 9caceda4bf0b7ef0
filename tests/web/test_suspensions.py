"""The page on which a pairing is suspended and taken up again, and what pages tell of spells."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.helpers.models import Pairing, Suspension
from backend.org.codes import load_codes
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker(client: Client) -> Client:
    load_codes()
    client.force_login(factories.user("caseworker", role="caseworker"))
    return client


def test_suspended_with_a_word_and_taken_up_again(caseworker: Client) -> None:
    pairing = factories.pairing()
    address = f"/pairings/{pairing.pk}/suspension/"
    assert "暂停结对" in caseworker.get(address).content.decode()
    refused = caseworker.post(address, {"reason": "", "note": "听说借钱", "key": "k1"})
    assert refused.status_code == 400
    assert "听说借钱" in refused.content.decode()
    done = caseworker.post(address, {"reason": "complaint", "note": "听说借钱", "key": "k2"})
    assert (done.status_code, done["Location"]) == (302, f"/helpers/{pairing.helper_id}/")
    assert "已暂停" in caseworker.get(f"/helpers/{pairing.helper_id}/").content.decode()
    assert "已暂停" in caseworker.get(f"/families/{pairing.family_id}/helpers/").content.decode()
    again = caseworker.get(address).content.decode()
    assert "有投诉待查" in again
    assert "恢复结对" in again
    assert caseworker.post(address, {"reason": "cleared", "note": "", "key": "k3"}).status_code == 302
    assert Suspension.objects.get().end_reason == "cleared"


@pytest.mark.parametrize("role", ["supervisor", "village", "helper", "auditor"])
def test_for_caseworkers_only(client: Client, role: str) -> None:
    client.force_login(factories.user(role=role))
    assert client.get(f"/pairings/{factories.pairing().pk}/suspension/").status_code == 403
    assert not Suspension.objects.exists()


def test_pages_show_every_spell_of_the_same_two_and_how_long_each_was(caseworker: Client) -> None:
    case, helper = factories.case(), factories.helper()
    today = timezone.localdate()
    for year in range(10):
        begun = date(today.year - 11 + year, 1, 15)
        spell = factories.pairing(case, helper, from_date=begun, to_date=begun + timedelta(days=100))
        Pairing.objects.filter(pk=spell.pk).update(end_reason="discharged" if year == 9 else "unavailable")
    for address in (f"/helpers/{helper.pk}/", f"/families/{case.family_id}/helpers/"):
        page = caseworker.get(address).content.decode()
        assert page.count("一段时间不便") == 9
        assert page.count("退役") == 1
        assert page.count("(3个月)") == 10
        assert page.count("双方同意") == 10
