"""Pages of parameters: who sets what, in forms made of schemas, and nothing changes for days that have passed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.org import parameters
from backend.org.models import Parameter
from backend.org.parameters import load_parameters
from tests import factories
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db

DAY = timezone.localdate()
RULES = "/administration/rules/"
ANSWER = f"{RULES}pairing.answer_days/"


@pytest.fixture(autouse=True)
def _shipped() -> None:
    load_parameters()
    # Nobody here has a device.
    parameters.set_parameter(key="login.second_factor_roles", value=[], from_date=factories.LONG_AGO)


@pytest.fixture
def system() -> Client:
    return visitor(factories.user("sys", role="sysadmin"))


def day(days: int) -> str:
    return (DAY + timedelta(days=days)).isoformat()


def test_all_rules_with_what_is_in_force_and_planned(system: Client) -> None:
    parameters.set_parameter(key="pairing.answer_days", value=9, from_date=DAY + timedelta(days=4))
    town = factories.town()
    parameters.set_parameter(key="office.phone", value="022-1234", from_date=DAY, path=town.path)
    said = text(system.get(RULES))
    assert "How long a helper may think an offer over" in said
    assert "7 days" in said
    assert "9 days" in said
    assert "帮扶人答复的期限" in text(visitor(factories.user("other", role="auditadmin"), "zh-hans").get(RULES))
    before = statements(system, RULES)
    parameters.set_parameter(key="office.phone", value="0", from_date=DAY, path=factories.village().path)
    assert statements(system, RULES) == before <= 12


def test_one_rule_with_what_was_and_comes(system: Client) -> None:
    parameters.set_parameter(key="pairing.answer_days", value=9, from_date=DAY, source="会议纪要三号")
    said = text(system.get(ANSWER))
    assert "会议纪要三号" in said
    assert ">now<" in said
    assert ">past<" in said
    assert "lapses" in said
    assert statements(system, ANSWER) <= 12
    assert system.get(f"{RULES}nothing/").status_code == 404


def test_a_value_is_set_and_ended(system: Client) -> None:
    assert 'value="7"' in text(system.get(f"{ANSWER}set/"))
    told = {"value": "12", "from_date": day(0), "source": "会议纪要"}
    for wrong in ({"value": "99"}, {"from_date": day(-1)}, {"source": ""}, {"unit_q": "大黄堡"}):
        refused = system.post(f"{ANSWER}set/", told | wrong)
        assert refused.status_code in {400, 422}, wrong
        assert "is-invalid" in refused.content.decode()
    assert Parameter.objects.filter(key="pairing.answer_days").count() == 1
    assert system.post(f"{ANSWER}set/", told).headers["Location"] == ANSWER
    assert parameters.value("pairing.answer_days", day=DAY) == 12
    row = Parameter.objects.get(key="pairing.answer_days", from_date=DAY)
    end = f"{RULES}values/{row.pk}/end/"
    assert end in text(system.get(ANSWER))
    assert system.post(end, {"to_date": day(1), "reason": ""}).status_code == 400
    assert system.post(end, {"to_date": day(1), "reason": "试行结束"}).headers["Location"] == ANSWER
    row.refresh_from_db()
    assert row.to_date == DAY + timedelta(days=1)


def test_several_numbers_are_set_together_for_an_area(system: Client) -> None:
    page, town = f"{RULES}visit.rules/set/", factories.town()
    numbers = dict(parameters.definitions()["visit.rules"].value)
    told = {name: str(number) for name, number in numbers.items()} | {
        "late_hours": "24", "unit_q": "大黄堡", "unit": str(town.pk), "from_date": day(0), "source": "镇办公会",
    }  # fmt: skip
    refused = system.post(page, told | {"sample_percent": "200"})
    assert "The largest possible value is 100." in refused.content.decode()
    assert system.post(page, told).status_code == 302
    assert parameters.value("visit.rules", path=town.path, day=DAY) == numbers | {"late_hours": 24}


def test_who_must_show_a_second_factor_is_the_security_administrators(system: Client) -> None:
    page = f"{RULES}login.second_factor_roles/"
    assert "Set another value" not in text(system.get(page))
    assert system.get(f"{page}set/").status_code == 404
    security = visitor(factories.user("sec", role="secadmin"))
    told = {"value": ["secadmin", "sysadmin"], "from_date": day(0), "source": "等保测评"}
    assert security.post(f"{page}set/", told).status_code == 302
    assert parameters.value("login.second_factor_roles", day=DAY) == ["secadmin", "sysadmin"]
    assert visitor(factories.user("watch", role="auditadmin")).get(f"{page}set/").status_code == 403


def test_an_office_sets_its_own_telephone(system: Client) -> None:
    here = visitor(factories.user("boss", role="supervisor"))
    assert f'href="{RULES}"' in text(here.get("/inbox/"))
    page, town = f"{RULES}office.phone/", factories.town()
    told = {"value": "022-87654321", "from_date": day(0), "source": "换号", "unit": str(town.pk)}
    assert here.post(f"{page}set/", told).status_code == 302
    assert parameters.value("office.phone", path=town.path, day=DAY) == "022-87654321"
    assert f"{RULES}values/" in text(here.get(page))
    assert here.get(f"{ANSWER}set/").status_code == 404
    for role in ("caseworker", "village", "helper", "auditor"):
        assert visitor(factories.user(role, role=role)).get(RULES).status_code == 403
