"""Pages of the three administrators: units and users; none of them reads a case, and nobody else comes in."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.utils import timezone

from backend.audit.models import Event
from backend.org.codes import load_codes
from backend.org.models import Deputy, Membership, Unit, User
from tests import factories
from tests.authenticators import App
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db
DAY = timezone.localdate()
ADMINISTRATORS = ["sysadmin", "secadmin", "auditadmin"]
UNITS, USERS = "/administration/units/", "/administration/users/"


@pytest.fixture
def system() -> Client:
    load_codes()
    return visitor(factories.user("sys", role="sysadmin"))


@pytest.fixture
def security() -> Client:
    return visitor(factories.user("sec", role="secadmin"))


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_an_administrator_begins_here_and_reads_no_case(role: str) -> None:
    pairing = factories.pairing()
    here = visitor(factories.user("someone", role=role))
    assert f'href="{UNITS}"' in text(here.get("/"))
    said = text(here.get(UNITS))
    assert "Families" not in said
    family, case, person = pairing.family, pairing.case, factories.person(pairing.family)
    for path in (
        "/inbox/",
        "/families/",
        f"/families/{family.pk}/",
        f"/families/{family.pk}/history/",
        f"/families/{family.pk}/sheet/",
        f"/families/{family.pk}/edit/",
        f"/persons/{person.pk}/edit/",
        f"/persons/{person.pk}/reveal/",
        "/cases/",
        f"/cases/{case.pk}/",
        f"/cases/{case.pk}/diagram/",
        "/helpers/",
        f"/helpers/{pairing.helper.pk}/",
        "/rosters/",
        f"/work-items/{case.pk}/",
    ):
        assert here.get(path).status_code in {403, 404}, path


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "auditor", "helper", "liaison", "village"])
def test_nobody_else_comes_in(role: str) -> None:
    here = visitor(factories.user("someone", role=role))
    for path in (UNITS, USERS, f"{UNITS}{factories.town().pk}/", f"{UNITS}new/", f"{USERS}new/"):
        assert here.get(path).status_code == 403, path


def test_each_administrator_does_the_own_part_only(system: Client, security: Client) -> None:
    unit, user = factories.village(), factories.user("worker")
    assert security.get(f"{UNITS}{unit.pk}/edit/").status_code == 403
    assert security.post(f"{UNITS}new/").status_code == 403
    assert system.get(f"{USERS}{user.pk}/edit/").status_code == 403
    assert system.post(f"{USERS}{user.pk}/do/password/").status_code == 403
    assert "What can be done" not in text(system.get(f"{USERS}{user.pk}/"))
    watching = visitor(factories.user("watch", role="auditadmin"))
    assert watching.get(f"{USERS}new/").status_code == 403
    assert watching.get(f"{UNITS}new/").status_code == 403


def test_the_tree_opens_branch_by_branch(system: Client) -> None:
    village = factories.village()
    county = Unit.objects.get(name="武清区")
    assert "天津市" in (whole := text(system.get(UNITS)))
    assert "武清区" not in whole
    branch = text(system.get(f"{UNITS}{county.pk}/branch/"))
    assert "大黄堡镇" in branch
    assert village.name not in branch
    assert village.name in text(system.get(UNITS, {"q": village.name}))
    assert village.name in text(system.get(UNITS, {"q": village.code[:9], "kind": "village"}))
    assert "No unit is found" in text(system.get(UNITS, {"q": "没有这个"}))


def test_a_unit_with_who_works_there(system: Client) -> None:
    village = factories.village()
    factories.member(factories.user("now", name="在任者"), "village", village)
    factories.member(factories.user("elsewhere", name="别处的人"), "caseworker", factories.town())
    page = f"{UNITS}{village.pk}/"
    said = text(system.get(page))
    assert "在任者" in said
    assert "别处的人" not in said
    assert "大黄堡镇" in said
    before = statements(system, page)
    for number in range(5):
        factories.member(factories.user(f"more{number}"), "village", village)
    assert statements(system, page) == before
    assert system.get(f"{UNITS}{village.pk}x/").status_code == 404


def test_a_partner_unit_is_added_and_changed(system: Client) -> None:
    town = factories.town()
    told = {"parent_q": "大黄堡", "parent": str(town.pk), "kind": "partner", "code": "GJ-21", "sort": "soldiers"}
    refused = system.post(f"{UNITS}new/", {**told, "name": "65432部队"})
    assert refused.status_code == 422
    assert "65432部队" in refused.content.decode()
    assert f'value="{town.pk}" checked' in refused.content.decode()
    made = system.post(f"{UNITS}new/", {**told, "name": "共建单位丙"})
    unit = Unit.objects.get(code="GJ-21")
    assert made.headers["Location"] == f"{UNITS}{unit.pk}/"
    change = {"name": "共建单位丁", "sort": "soldiers", "valid_to": "2030-01-01", "version": "1"}
    assert system.post(f"{UNITS}{unit.pk}/edit/", change).status_code == 302
    unit.refresh_from_db()
    assert (unit.name, str(unit.valid_to)) == ("共建单位丁", "2030-01-01")
    late = system.post(f"{UNITS}{unit.pk}/edit/", {**change, "name": "共建单位戊"})
    assert late.status_code == 409
    assert "共建单位戊" in late.content.decode()


def test_who_is_what_today(security: Client) -> None:
    worker = factories.user("worker", name="张三", role="caseworker")
    factories.user("gone", name="李四", is_active=False)
    said = text(security.get(USERS))
    assert "caseworker · 大黄堡镇" in said
    assert "李四" in said
    assert "李四" not in text(security.get(USERS, {"active": "true"}))
    assert "李四" not in text(security.get(USERS, {"role": "caseworker"}))
    assert worker.name in text(security.get(USERS, {"q": "work"}))
    before = statements(security, USERS)
    for number in range(5):
        factories.user(f"more{number}", role="village")
    assert statements(security, USERS) == before


def test_a_user_is_made_and_the_password_shown_once(security: Client) -> None:
    refused = security.post(f"{USERS}new/", {"username": "a b", "name": "王五", "language": "en"})
    assert refused.status_code == 400
    assert "王五" in refused.content.decode()
    answer = security.post(f"{USERS}new/", {"username": "wangwu", "name": "王五", "language": "en"})
    assert "no-store" in answer.headers["Cache-Control"]
    user = User.objects.get(username="wangwu")
    assert user.must_change_password
    assert check_password(shown(text(answer)), user.password)
    again = security.post(f"{USERS}{user.pk}/do/password/")
    user.refresh_from_db()
    assert check_password(shown(text(again)), user.password)
    assert "one-time-password" not in text(security.get(f"{USERS}{user.pk}/"))


def shown(page: str) -> str:
    return page.split('id="one-time-password">')[1].split("<")[0]


def test_roles_are_given_and_end(security: Client) -> None:
    user, town = factories.user("worker", name="张三"), factories.town()
    page = f"{USERS}{user.pk}/"
    told = {"unit_q": "大黄堡", "unit": str(town.pk), "role": "caseworker", "from_date": DAY.isoformat()}
    refused = security.post(f"{page}do/grant/", {**told, "unit": ""})
    assert refused.status_code == 400
    assert str(town.pk) in refused.content.decode()
    assert security.post(f"{page}do/grant/", told).headers["Location"] == page
    held = Membership.objects.get(user=user)
    assert "caseworker" in text(security.get(page))
    assert security.post(f"{page}do/grant/", told).status_code == 409
    end = f"{page}do/end-role/?row={held.pk}"
    over = {"to_date": (DAY + timedelta(days=3)).isoformat(), "reason": "调离"}
    assert security.post(end, {**over, "reason": ""}).status_code == 400
    assert security.post(end, over).status_code == 302
    held.refresh_from_db()
    assert held.to_date == DAY + timedelta(days=3)
    other = f"{USERS}{factories.user('other').pk}/do/end-role/?row={held.pk}"
    assert security.get(other).status_code == 404
    assert security.get(f"{page}do/end-role/").status_code == 404
    assert security.get(f"{page}do/nothing/").status_code == 404


def test_nobody_holds_two_administrations(security: Client) -> None:
    user = factories.user("sys", role="sysadmin")
    told = {"unit": str(factories.town().pk), "role": "auditadmin", "from_date": DAY.isoformat()}
    answer = security.post(f"{USERS}{user.pk}/do/grant/", told)
    assert answer.status_code == 409
    assert "at the same time" in answer.content.decode()


def test_deputies_come_and_go(security: Client) -> None:
    user, deputy = factories.user("worker", role="caseworker"), factories.user("other", name="替班的人")
    told = {"deputy": str(deputy.pk), "from_date": DAY.isoformat(), "reason": "休假"}
    assert "替班的人" in text(security.get(f"{USERS}choices/", {"deputy_q": "替班"}))
    assert security.post(f"{USERS}{user.pk}/do/deputy/", told).status_code == 302
    assert "替班的人" in text(security.get(f"{USERS}{user.pk}/"))
    row = Deputy.objects.get()
    end = f"{USERS}{user.pk}/do/end-deputy/?row={row.pk}"
    assert security.post(end, {"to_date": DAY.isoformat()}).status_code == 302
    assert ">past<" in text(security.get(f"{USERS}{user.pk}/"))


def test_an_account_is_stopped_and_started(security: Client) -> None:
    user = factories.user("worker")
    page = f"{USERS}{user.pk}/"
    assert security.get(f"{page}do/activate/").status_code == 404
    for verb, is_active in (("deactivate", False), ("activate", True)):
        assert security.post(f"{page}do/{verb}/", {"reason": "测试"}).status_code == 302
        user.refresh_from_db()
        assert user.is_active is is_active
    assert security.post(f"{page}do/log-out/", {"reason": ""}).status_code == 400
    assert security.post(f"{page}do/log-out/", {"reason": "电脑丢失"}).status_code == 302
    assert security.post(f"{page}do/second-factor/", {"reason": ""}).status_code == 400


def test_a_lost_second_factor_is_taken_away(security: Client) -> None:
    user = factories.user("worker", name="张三")
    App(user)
    page = f"{USERS}{user.pk}/"
    answer = security.post(f"{page}do/second-factor/", {"reason": "手机丢了"})
    assert answer.headers["Location"] == page
    assert not Authenticator.objects.filter(user=user).exists()
    event = Event.objects.get(action="second_factor.reset")
    assert (event.object_label, event.actor, event.reason) == ("张三", "sec", "手机丢了")
    assert "Done: Take the second factor away." in text(security.get(page))
