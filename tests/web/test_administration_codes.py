"""Pages of code lists: found, added to, changed, ended."""

import pytest
from django.test import Client
from django.utils import timezone

from backend.org import codes
from backend.org.codes import load_codes
from tests import factories
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db

LISTS = "/administration/codes/"
NEEDS = f"{LISTS}need/"
DAY = timezone.localdate()


@pytest.fixture
def system() -> Client:
    load_codes()
    return visitor(factories.user("sys", role="sysadmin"))


def test_the_lists_and_one_of_them(system: Client) -> None:
    assert "Reason why a case closes" in text(system.get(LISTS))
    assert "民族" in text(visitor(factories.user("other", role="secadmin"), "zh-hans").get(LISTS))
    said = text(system.get(f"{LISTS}ethnicity/"))
    assert "GB/T 3304-1991" in said
    assert "code=01" in said  # may end, but not be renamed
    assert "ethnicity/change/" not in said
    assert "土家族" in text(system.get(f"{LISTS}ethnicity/", {"q": "tujia"}))
    assert "苗族" not in text(system.get(f"{LISTS}ethnicity/", {"q": "tujia"}))
    assert "Nothing is found" in text(system.get(NEEDS, {"state": "own"}))
    assert "Add an entry" not in text(system.get(f"{LISTS}risk_tier/"))
    assert system.get(f"{LISTS}nothing/").status_code == 404
    assert statements(system, NEEDS) <= 9
    assert statements(system, LISTS) <= 9


def test_an_entry_is_added_changed_and_ended(system: Client) -> None:
    told = {"code": "garden", "label": "种菜", "label_en": "gardening"}
    refused = system.post(f"{NEEDS}add/", told | {"code": "legal"})
    assert refused.status_code == 409
    assert "种菜" in refused.content.decode()
    assert system.post(f"{NEEDS}add/", told).headers["Location"] == NEEDS
    change = f"{NEEDS}change/?code=garden"
    assert 'value="种菜"' in text(system.get(change))
    assert system.post(change, {"label": "菜园", "label_en": "garden", "order": "3"}).status_code == 302
    assert codes.entries("need")["garden"].label == "菜园"
    end = f"{NEEDS}end/?code=garden"
    assert system.post(end, {"to_date": DAY.isoformat(), "reason": ""}).status_code == 400
    assert system.post(end, {"to_date": DAY.isoformat(), "reason": "没有人用"}).status_code == 302
    assert "garden" not in codes.choices("need", day=DAY)
    assert system.post(end, {"to_date": "", "reason": "还有人用"}).status_code == 302
    assert "garden" in codes.choices("need", day=DAY)
    assert system.get(f"{NEEDS}change/?code=nothing").status_code == 404


def test_a_working_day_is_corrected(system: Client) -> None:
    page = f"{LISTS}working_day/add/"
    assert "Offices work on that day" in text(system.get(page))
    told = {"code": "2027-02-20", "label": "调休上班", "label_en": "working Saturday", "working": "true"}
    assert system.post(page, told).status_code == 302
    assert codes.entries("working_day")["2027-02-20"].data == {"working": True}


def test_the_other_administrators_only_look() -> None:
    load_codes()
    here = visitor(factories.user("sec", role="secadmin"))
    assert "need/change/" not in text(here.get(NEEDS))
    assert here.get(f"{NEEDS}add/").status_code == 403
    assert visitor(factories.user("someone", role="supervisor")).get(LISTS).status_code == 403
