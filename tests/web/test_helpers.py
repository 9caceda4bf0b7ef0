"""Pages of helpers: found and narrowed; one with gates, pairings and visits."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.helpers.models import HelperKind
from backend.web.helpers import gates
from tests import factories
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Client:
    return visitor(factories.user("caseworker", role="caseworker"))


def test_who_has_room_and_whose_service_ends(here: Client) -> None:
    day = timezone.localdate()
    factories.helper(name="将要退役", to_date=day + timedelta(days=40))
    full = factories.helper(name="满了", max_families=1)
    factories.pairing(factories.case(), full)
    assert "满了" in text(here.get("/helpers/"))
    assert "满了" not in text(here.get("/helpers/", {"free": "true"}))
    ending = text(here.get("/helpers/", {"ending": "1"}))
    assert "将要退役" in ending
    assert "满了" not in ending
    before = statements(here, "/helpers/")
    for _helper in range(5):
        factories.helper()
    assert statements(here, "/helpers/") == before


def test_one_helper_over_time(here: Client) -> None:
    helper = factories.helper(
        name="李向阳", insured_until=timezone.localdate() - timedelta(days=1), phone="13800001111"
    )
    HelperKind.objects.filter(pk="volunteer").update(gates={"insurance": True})
    pairing = factories.pairing(factories.case(), helper)
    factories.visit(pairing)
    said = text(here.get(f"/helpers/{helper.pk}/"))
    assert "<svg" in said
    assert pairing.family.label in said
    assert "missing" in said
    assert "13800001111" not in said
    assert statements(here, f"/helpers/{helper.pk}/") <= 12


def test_a_stranger_finds_no_helper() -> None:
    helper = factories.helper()
    elsewhere = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert elsewhere.get(f"/helpers/{helper.pk}/").status_code == 404
    assert visitor(factories.user(role="village")).get("/helpers/").status_code == 403


def test_a_liaison_sees_the_own_people_without_gates() -> None:
    partner = factories.partner()
    helper = factories.helper(partner_unit=partner, name="战士甲")
    liaison = visitor(factories.user("liaison", role="liaison", unit=partner))
    assert "战士甲" in text(liaison.get("/helpers/"))
    assert "战士甲" in text(liaison.get(f"/helpers/{helper.pk}/"))


@pytest.mark.parametrize(
    ("until", "demanded", "state"),
    [("2026-03-01", True, "open"), ("2026-03-02", True, "soon"), ("2026-12-31", True, "met"), (None, False, "free")],
)
def test_insurance_holds_up_to_its_day(until: str | None, demanded: bool, state: str) -> None:
    helper = {"trained_on": None, "checked_on": None, "check_until": None, "insured_until": until}
    [_, insured, _] = gates(helper, {"insurance": demanded}, factories.TODAY)
    assert insured.state == state


@pytest.mark.parametrize(
    ("until", "demanded", "state"),
    [("2026-03-02", False, "over"), ("2026-03-03", True, "soon"), ("2027-02-01", True, "met"), (None, True, "open")],
)
def test_a_background_check_holds_up_to_its_day(until: str | None, demanded: bool, state: str) -> None:
    checked = "2025-03-02" if until else None
    helper = {"trained_on": None, "checked_on": checked, "check_until": until, "insured_until": None}
    [_, _, check] = gates(helper, {"background_check": demanded}, factories.TODAY)
    assert (check.state, check.ends_on) == (state, until)


def test_a_check_that_is_over_is_not_in_order(here: Client) -> None:
    today = timezone.localdate()
    helper = factories.helper(checked_on=today - timedelta(days=365))
    assert "run out" in text(here.get(f"/helpers/{helper.pk}/"))
    helper.check_until = today + timedelta(days=200)
    helper.save()
    assert "run out" not in text(here.get(f"/helpers/{helper.pk}/"))
