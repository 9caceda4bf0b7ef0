"""Service plans, cards and referrals over HTTP: begun, read, frozen, renewed; a department's narrow view."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.services.models import Card, Entry, Referral
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.services.planning import ADDRESS, PHONE, Planning, department

pytestmark = pytest.mark.django_db


def test_begun_by_hand_and_read_with_its_items() -> None:
    office = Planning()
    caller = Caller(office.caseworker)
    body = {"case": str(office.case.pk), "needs": ["health"]}
    assert_problem(caller.post("service-plans/", {**body, "needs": ["yacht"]}), 422, "bad_code", "/needs")
    made = caller.post("service-plans/", body)
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["needs"], made.json()["items"]) == ("assessing", ["health"], [])
    office.work()
    office.compose("family_doctor", "package_close")
    plan = caller.get(f"service-plans/{made.json()['id']}/").json()
    assert (plan["state"], plan["composed_by"], plan["confirmed_by"]) == ("confirmed", "陈姐", "老王")
    codes = [(row["entry"]["code"], row["package"] and row["package"]["code"]) for row in plan["items"]]
    assert codes == [
        ("family_doctor", None), ("comfort_visits", "package_close"), ("culture_activities", "package_close"),
        ("home_service", "package_close"),
    ]  # fmt: skip
    assert caller.statements("service-plans/") <= 2
    assert caller.statements(f"service-plans/{plan['id']}/") <= 3
    village, auditor = Caller(office.village), Caller(factories.user("auditor", role="auditor"))
    assert [row["number"] for row in results(auditor.get("service-plans/", state="confirmed"))] == [plan["number"]]
    assert_problem(village.post("service-plans/", body), 403, "not_allowed")


def test_a_lost_card_opens_no_door_from_that_moment_on() -> None:
    office = Planning()
    office.run("card_close", "escort")
    card = Card.objects.get()
    village, caseworker = Caller(office.village), Caller(office.caseworker)
    assert [row["number"] for row in results(caseworker.get("cards/", valid="true"))] == [card.number]
    assert_problem(village.post(f"cards/{card.pk}/freeze/", {"reason": "eaten"}), 422, "bad_code", "/reason")
    frozen = village.post(f"cards/{card.pk}/freeze/", {"reason": "lost"})
    assert (frozen.status_code, frozen.json()["state"]) == (200, "frozen")
    assert results(caseworker.get("cards/", valid="true")) == []
    assert_problem(village.post(f"cards/{card.pk}/freeze/", {"reason": "lost"}), 409, "card_not_in_use")
    assert_problem(village.post(f"cards/{card.pk}/renew/"), 403, "not_allowed")
    fresh = caseworker.post(f"cards/{card.pk}/renew/")
    assert fresh.status_code == 201
    assert fresh.json()["replaces"] == str(card.pk)
    assert fresh.json()["number"] != card.number
    assert_problem(caseworker.post(f"cards/{card.pk}/renew/"), 409, "card_replaced")
    assert results(caseworker.get("cards/", valid="true"))[0]["number"] == fresh.json()["number"]
    told = Event.objects.filter(object_kind="card").order_by("seq").values_list("action", flat=True)
    assert list(told) == ["card.issued", "card.frozen", "card.issued", "card.renewed"]


def test_an_expired_card_opens_no_door() -> None:
    office = Planning()
    office.run("card_close", "escort")
    Card.objects.update(expires_on=timezone.localdate())
    caller = Caller(office.caseworker)
    assert results(caller.get("cards/", valid="true")) == []
    assert results(caller.get("cards/", valid="false"))[0]["expired"] is True


def test_a_department_sees_its_own_referrals_only_and_no_family() -> None:
    """D11, PIPL art. 6: another department's referral does not exist for it; what it may know has to be opened."""
    office = Planning()
    other = factories.user("elsewhere", role="liaison", unit=department("justice", "司法所"), name="司法员")
    office.run("family_doctor")
    referral = Referral.objects.get()
    clinic, justice = Caller(office.liaison), Caller(other)
    [row] = results(clinic.get("referrals/"))
    assert (row["number"], row["entry"]["code"], row["state"]) == (referral.number, "family_doctor", "sent")
    assert "family" not in row
    assert results(justice.get("referrals/")) == []
    assert_problem(justice.get(f"referrals/{referral.pk}/"), 404, "not_found")
    assert results(clinic.get("referrals/", family=str(office.case.family_id))) == []
    assert_problem(clinic.post(f"referrals/{referral.pk}/package/"), 409, "package_closed")
    office.answer(office.liaison)
    Referral.objects.update(shared_until=timezone.now() + timedelta(days=1))
    opened = clinic.post(f"referrals/{referral.pk}/package/")
    assert opened.json()["known"] == {"name": "孙桂兰", "phone_number": PHONE, "address": ADDRESS}
    assert Event.objects.filter(action="referral.opened").count() == 1
    seen = clinic.get(f"referrals/{referral.pk}/").content.decode() + clinic.get("referrals/").content.decode()
    assert not [each for each in ("孙桂兰", PHONE, ADDRESS, str(office.case.pk)) if each in seen]
    Referral.objects.update(shared_until=timezone.now())
    assert_problem(clinic.post(f"referrals/{referral.pk}/package/"), 409, "package_closed")
    assert_problem(justice.post(f"referrals/{referral.pk}/package/"), 404, "not_found")
    assert_problem(Caller(office.caseworker).post(f"referrals/{referral.pk}/package/"), 403, "not_allowed")
    assert clinic.statements("referrals/") <= 2


def test_the_catalogue_holds_by_day_and_area() -> None:
    """Data with dates: the township's own row wins at its place from its day on."""
    office = Planning()
    town = factories.town()
    before = Entry.objects.get(code="family_doctor")
    Entry.objects.create(
        code="family_doctor", name="家庭医生签约（本镇）", name_en="Family doctor here", need="health", path=town.path,
        department="disabled", from_date=office.today, order=before.order,
    )  # fmt: skip
    office.run("family_doctor")
    assert Referral.objects.get().department == "disabled"
    found = results(Caller(office.village).get("service-catalogue/", need="health", page_size="50"))
    assert {row["department"] for row in found if row["code"] == "family_doctor"} == {"culture_health", "disabled"}
    assert_problem(Caller(office.liaison).get("service-catalogue/"), 403, "not_allowed")
