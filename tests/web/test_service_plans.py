"""Pages of service plans, cards and referrals: a plan begun and read, a card frozen, a department's view."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.services.models import Card, Plan, Referral
from tests import factories
from tests.services.planning import ADDRESS, PHONE, Planning
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


def test_a_plan_is_begun_composed_by_ticking_and_read() -> None:
    office = Planning()
    caseworker = visitor(office.caseworker)
    assert f"/service-plans/new/?case={office.case.pk}" in caseworker.get(f"/cases/{office.case.pk}/").content.decode()
    new = f"/service-plans/new/?case={office.case.pk}"
    refused = caseworker.post(new, {})
    assert refused.status_code >= 400
    where = caseworker.post(new, {"needs": ["health"]})["Location"]
    office.work()
    office.do(office.case, "assess_needs", office.caseworker, {
        "assessment": "needs", "needs": ["health"], "level": "urgent", "evidence": "村医看过",
    })  # fmt: skip
    item = office.item(office.case, "compose_plan")
    form = caseworker.get(f"/work-items/{item.pk}/")
    ticked = '<input class="form-check-input" type="checkbox" name="services" id="answer-services-family_doctor" '
    assert f'{ticked}value="family_doctor" checked>' in form.content.decode()
    assert "Family-doctor contract" in text(form)
    done = caseworker.post(f"/work-items/{item.pk}/", {"services": ["family_doctor", "escort"]})
    assert done.status_code == 302, text(done)
    shown = text(caseworker.get(where))
    assert all(each in shown for each in ("Family-doctor contract", "Company to the doctor", "村医看过", "urgent"))
    assert Plan.objects.get().number in text(caseworker.get("/service-plans/", {"state": "proposed"}))
    assert "No service plan." in text(caseworker.get("/service-plans/", {"state": "closed"}))
    part = text(caseworker.get("/service-plans/", {"listed": "false"}, headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert statements(caseworker, "/service-plans/") <= 10
    assert statements(caseworker, where) <= 14
    assert caseworker.get("/service-plans/new/?case=x").status_code == 404
    assert visitor(office.village).get(new).status_code == 403


def test_a_card_is_printed_with_a_neutral_name_and_frozen_by_whoever_hears_of_it() -> None:
    """S8: nothing on it says what kind of family has it."""
    office = Planning(declared_categories=["bereaved"])
    office.run("card_moss", "escort")
    card = Card.objects.get()
    village = visitor(office.village)
    assert card.number in text(village.get("/cards/", {"valid": "true"}))
    page = village.get(f"/cards/{card.pk}/").content.decode()
    printed = page[page.index('<section class="service-card"') : page.index("</section>")]
    assert all(each in printed for each in ("便民服务卡", card.number, "孙桂兰"))
    assert not [each for each in ("苔花", "Moss", "失独", "bereaved", "特殊") if each in printed]
    assert "Renew it" not in page
    assert village.post(f"/cards/{card.pk}/", {"verb": "freeze", "reason": "nothing"}).status_code == 422
    assert village.post(f"/cards/{card.pk}/", {"verb": "freeze", "reason": "lost"}).status_code == 302
    assert "frozen" in text(village.get(f"/cards/{card.pk}/"))
    caseworker = visitor(office.caseworker)
    fresh = caseworker.post(f"/cards/{card.pk}/", {"verb": "renew"})
    assert fresh["Location"] == f"/cards/{card.replaced_by.pk}/"
    assert caseworker.post(f"/cards/{card.pk}/", {"verb": "eat"}).status_code == 404


def test_a_department_reads_its_referrals_and_opens_what_it_may_know() -> None:
    office = Planning()
    office.run("family_doctor")
    referral = Referral.objects.get()
    clinic = visitor(office.liaison)
    assert referral.number in text(clinic.get("/referrals/"))
    item = office.item(office.case, "answer_referral")
    form = text(clinic.get(f"/work-items/{item.pk}/"))
    assert "Family-doctor contract" in form
    assert not [each for each in ("孙桂兰", PHONE, ADDRESS) if each in form]
    office.answer(office.liaison)
    Referral.objects.update(shared_until=timezone.now() + timedelta(days=1))
    address = f"/referrals/{referral.pk}/"
    before = text(clinic.get(address))
    assert "Open what you may know" in before
    assert not [each for each in ("孙桂兰", PHONE, ADDRESS) if each in before]
    opened = text(clinic.post(address))
    assert all(each in opened for each in ("孙桂兰", PHONE, ADDRESS))
    assert Event.objects.filter(action="referral.opened").count() == 1
    Referral.objects.update(shared_until=timezone.now())
    assert clinic.post(address).status_code == 409
    seen = text(visitor(office.caseworker).get(address))
    assert "孙桂兰" in seen
    assert "Open what you may know" not in seen
    assert statements(clinic, "/referrals/") <= 10
    assert visitor(factories.user("other", role="helper")).get("/referrals/").status_code == 403
