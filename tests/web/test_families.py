"""Pages of families: found before made, shown masked, corrected with a guard, entered with a look at twins."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.audit.history import record
from backend.audit.models import Event
from backend.cases.families import found_by
from backend.cases.merging import merge
from backend.cases.models import Case, Consent, Family, Merge, Survey
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import User
from tests import factories
from tests.rosters.sheets import certificate
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import MODELS, NOW
from workflows import deployment

pytestmark = pytest.mark.django_db
CERTIFICATE, PHONE, EMERGENCY = certificate(), "13820001234", "13899998888"
TABS = ["", "needs/", "helpers/", "visits/", "benefits/", "documents/", "history/"]


@pytest.fixture
def caseworker() -> User:
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def here(caseworker: User) -> Client:
    load_codes()
    return visitor(caseworker)


@pytest.fixture
def family() -> Family:
    """With something on every tab."""
    made = factories.family(
        number="0007",
        live_address="赵庄村东街三号",
        needs=["comfort"],
        policies=["低保"],
        emergency_phone=EMERGENCY,
        members=[{"name": "孙桂兰", "is_head": True, "certificate": CERTIFICATE, "phone": PHONE, "relation": "02"}],
    )
    made.search = found_by(made, made.persons.all())
    made.save()
    pairing = factories.pairing(factories.case(made), agreement={"items": ["comfort"]})
    factories.visit(pairing, due_at=timezone.now() - timedelta(days=1))
    Consent.objects.create(
        family=made, purpose="care", notice_version="2026-01", given_by="self", given_at=timezone.now()
    )
    Survey.objects.create(family=made, method="home", surveyed_on=factories.TODAY)
    record(action="family.updated", object=made, actor=factories.actor(), now=timezone.now())
    return made


@pytest.mark.parametrize("asked", ["孙桂兰", "sgl", "0007", "东街三号"])
def test_search_comes_first_and_then_offers_a_new_one(here: Client, family: Family, asked: str) -> None:
    assert "/families/new/" not in text(here.get("/families/"))
    found = text(here.get("/families/", {"q": asked}))
    assert f"/families/{family.pk}/" in found
    assert "/families/new/" in found
    assert here.get("/families/new/").status_code == 302  # not without having searched


def test_typing_brings_only_the_rows(here: Client, family: Family) -> None:
    rows = text(here.get("/families/", {"q": "sgl"}, headers={"HX-Request": "true"}))
    assert "孙桂兰" in rows
    assert "<html" not in rows


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_masked_and_takes_few_statements(here: Client, family: Family, tab: str) -> None:
    path = f"/families/{family.pk}/{tab}"
    said = text(here.get(path))
    assert CERTIFICATE not in said
    assert PHONE not in said
    assert EMERGENCY not in said
    assert statements(here, path) <= 16


def test_more_rows_take_no_more_statements(here: Client, family: Family) -> None:
    before = [statements(here, f"/families/{family.pk}/{tab}") for tab in TABS]
    for place in range(5):
        factories.person(family, name=f"成员{place}", relation="20")
        pairing = factories.pairing(family.cases.get(), factories.helper(), agreement={"items": []})
        factories.visit(pairing)
    assert [statements(here, f"/families/{family.pk}/{tab}") for tab in TABS] == before


def test_the_sheet_is_masked(here: Client, family: Family) -> None:
    said = text(here.get(f"/families/{family.pk}/sheet/"))
    assert CERTIFICATE[-4:] in said
    assert CERTIFICATE not in said
    assert PHONE not in said


def test_a_stranger_finds_nothing(family: Family) -> None:
    elsewhere = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert "孙桂兰" not in text(elsewhere.get("/families/", {"q": "sgl"}))
    for path in ("", "helpers/", "history/", "edit/", "sheet/"):
        assert elsewhere.get(f"/families/{family.pk}/{path}").status_code == 404


def test_who_reads_no_families_is_not_let_in() -> None:
    administrator = visitor(factories.user("admin", role="sysadmin"))
    assert administrator.get("/families/").status_code == 403


def test_a_helper_sees_what_a_visit_needs(family: Family) -> None:
    user = factories.user("helper", role="helper")
    factories.pairing(factories.case(family, programme=factories.programme("other")), factories.helper(user=user))
    said = text(visitor(user).get(f"/families/{family.pk}/"))
    assert "东街三号" in said
    assert CERTIFICATE[-4:] not in said


def test_revealing_needs_a_reason_and_is_told(here: Client, family: Family) -> None:
    path = f"/persons/{family.persons.get().pk}/reveal/"
    refused = here.post(path, {"field": "certificate", "reason": " "})
    assert refused.status_code in {400, 422}
    assert CERTIFICATE not in refused.content.decode()
    assert CERTIFICATE in text(here.post(path, {"field": "certificate", "reason": "核对"}))
    event = Event.objects.get(action="person.revealed")
    assert event.reason == "核对"
    assert CERTIFICATE not in text(here.get(path))  # once


def test_a_correction_is_guarded_and_shows_both_values(here: Client, family: Family) -> None:
    path = f"/families/{family.pk}/edit/"
    form = {
        "label": "孙桂兰",
        "live_address": "西街一号",
        "needs": ["comfort", "housework"],
        "policies": "低保\n高龄津贴",
        "wanted_sex": "2",
    }
    assert here.post(path, {**form, "version": family.version, "reason": "搬家"}).status_code == 302
    family.refresh_from_db()
    assert (family.live_address, family.needs) == ("西街一号", ["comfort", "housework"])
    assert (family.policies, family.emergency_phone) == (["低保", "高龄津贴"], EMERGENCY)
    assert family.wanted_sex == "2"
    either = {**form, "wanted_sex": "", "version": family.version}
    assert here.post(path, either).status_code == 302
    family.refresh_from_db()
    assert family.wanted_sex == ""
    stale = here.post(path, {**form, "live_address": "南街九号", "version": family.version - 1})
    said = stale.content.decode()
    assert stale.status_code == 409
    assert "西街一号" in said
    assert "南街九号" in said
    family.refresh_from_db()
    assert family.live_address == "西街一号"


def test_a_person_is_corrected_without_losing_what_is_not_shown(here: Client, family: Family) -> None:
    person = family.persons.get()
    form = {"name": "孙桂兰", "relation": "02", "sex": "2", "birth_date": "1950-01-15", "version": person.version}
    assert here.post(f"/persons/{person.pk}/edit/", form).status_code == 302
    person.refresh_from_db()
    assert (person.certificate, person.phone, person.birth_date) == (CERTIFICATE, PHONE, date(1950, 1, 15))


@pytest.fixture
def entered(here: Client) -> dict[str, str]:
    return {
        "unit": str(factories.village().pk), "number": "0099", "label": "孙桂兰", "live_address": "北街二号",
        "birth_date": "1951-03-04", "sex": "2",
    }  # fmt: skip


def test_twins_are_shown_before_a_family_is_entered(here: Client, family: Family, entered: dict[str, str]) -> None:
    said = text(here.post("/families/new/", entered))
    assert f"/families/{family.pk}/" in said
    assert not Family.objects.filter(number="0099").exists()
    assert here.post("/families/new/", {**entered, "sure": "1"}).status_code == 302
    made = Family.objects.get(number="0099")
    assert [(person.name, person.is_head) for person in made.persons.all()] == [("孙桂兰", True)]


def test_a_head_who_is_on_file_takes_the_family_back(here: Client, family: Family, entered: dict[str, str]) -> None:
    response = here.post("/families/new/", {**entered, "sure": "1", "certificate": CERTIFICATE})
    assert response.status_code == 409
    assert "北街二号" in response.content.decode()  # what was typed
    assert not Family.objects.filter(number="0099").exists()


def test_one_more_person(here: Client, family: Family) -> None:
    path = f"/families/{family.pk}/people/new/"
    assert here.post(path, {"name": "王德福", "relation": "10", "sex": "1"}).status_code == 302
    assert family.persons.filter(name="王德福").exists()
    assert here.post(path, {"name": "王德福"}).status_code in {400, 422}


def test_a_case_is_started_once(here: Client) -> None:
    family = factories.family()
    factories.programme(process="errand")
    deployment.deploy_folder(MODELS, actor=SYSTEM, now=NOW)
    path = f"/families/{family.pk}/cases/"
    assert here.post(path, {"programme": "jmgj"})["Location"] == f"/cases/{Case.objects.get(family=family).pk}/"
    assert here.post(path, {"programme": "jmgj"})["Location"] == f"/families/{family.pk}/"
    assert Case.objects.filter(family=family).count() == 1


def test_e7_a_merge_is_undone_where_it_is_told(here: Client, family: Family) -> None:
    """E7: on the page of the file that was given up, with a reason, and no longer than 30 days."""
    gone = factories.family(number="0099")
    row = merge(kept=family, merged=gone, reason="两村重复登记", actor=factories.actor(), now=timezone.now())
    page, address = f"/families/{gone.pk}/", f"/families/{gone.pk}/unmerge/"
    assert address in text(here.get(page))
    Merge.objects.update(merged_at=timezone.now() - timedelta(days=31))
    assert address not in text(here.get(page))
    assert "can no longer be undone" in text(here.post(address, {"reason": "不是一户"}, follow=True))
    Merge.objects.update(merged_at=row.merged_at)
    assert address in text(here.post(address, {"reason": ""}, follow=True))
    done = text(here.post(address, {"reason": "不是一户", "key": "one"}, follow=True))
    assert "The household has its own file again." in done
    assert "This file was merged into another one" not in done
    auditor = visitor(factories.user("auditor", role="auditor"))
    assert auditor.post(address, {"reason": "不是一户"}).status_code == 403
