"""Code lists over HTTP: everybody reads them, the system administrator adds and ends, standards and rules stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.audit.timeline import sentence
from backend.org import codes, working_days
from backend.org.codes import load_codes
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db

DAY = timezone.localdate()
GARDEN = {"code": "garden", "label": "种菜", "label_en": "gardening"}


@pytest.fixture(autouse=True)
def _shipped() -> None:
    load_codes()


@pytest.fixture
def system() -> Caller:
    return Caller(factories.user("sys", role="sysadmin"))


def entry(answer: Any, code: str) -> dict[str, Any]:
    """One of a list's entries."""
    assert answer.status_code < 300, answer.content
    [found] = [each for each in answer.json()["entries"] if each["code"] == code]
    return dict(found)


def test_everybody_reads_every_list() -> None:
    caller = Caller(factories.user("helper", role="helper"))
    rows = results(caller.get("codes/"))
    assert {"id": "sex", "title": "Sex", "standard": "GB/T 2261.1-2003", "is_fixed": True, "is_mandatory": True,
            "in_force": 4, "own": 0} in rows  # fmt: skip
    assert entry(caller.get("codes/need/"), "legal")["label_en"]
    assert_problem(caller.get("codes/nothing/"), 404, "not_found")
    assert caller.statements("codes/") <= 2
    assert_problem(caller.post("codes/need/add/", GARDEN), 403, "not_allowed")


def test_an_own_entry_is_added_renamed_and_ended(system: Caller) -> None:
    added = entry(system.post("codes/need/add/", GARDEN), "garden")
    assert (added["is_own"], added["is_in_force"]) == (True, True)
    assert "garden" in codes.choices("need", day=DAY)
    changed = system.post("codes/need/change/", {"code": "garden", "label": "菜园", "order": 1, "reason": "改名"})
    assert (entry(changed, "garden")["label"], entry(changed, "garden")["order"]) == ("菜园", 1)
    over = {"code": "garden", "to_date": DAY.isoformat(), "reason": "不再需要"}
    assert entry(system.post("codes/need/end/", over), "garden")["is_in_force"] is False
    assert "garden" not in codes.choices("need", day=DAY)
    assert codes.name("need", "garden", "zh-hans") == "菜园"
    assert entry(system.post("codes/need/end/", over | {"to_date": None}), "garden")["is_in_force"] is True
    told = [
        sentence(event, language="en") for event in Event.objects.filter(action__startswith="code.").order_by("seq")
    ]
    assert told[0] == "sys added “种菜” to the list “Need”."
    assert told[1] == "sys changed name, place in the list of “菜园” in the list “Need”."
    assert len(told) == 4


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("need/add/", GARDEN | {"code": "legal"}, 409, "code_taken"),
        ("need/add/", GARDEN | {"code": "a b"}, 400, "invalid"),
        ("need/add/", GARDEN | {"label_en": ""}, 400, "invalid"),
        ("nothing/add/", GARDEN, 404, "unknown_code"),
        ("risk_tier/add/", GARDEN | {"code": "E"}, 409, "code_list_fixed"),
        ("ethnicity/change/", {"code": "01", "label": "汉"}, 409, "code_of_standard"),
        ("need/change/", {"code": "nothing", "label": "x"}, 404, "unknown_code"),
        ("need/change/", {"code": "legal", "standard": "x"}, 400, "invalid"),
        ("close_reason/end/", {"code": "died", "to_date": None, "reason": "x"}, 409, "code_mandatory"),
        ("need/end/", {"code": "legal", "to_date": "2020-01-01", "reason": "x"}, 422, "invalid"),
        ("need/end/", {"code": "legal", "to_date": None, "reason": ""}, 400, "invalid"),
    ],
)
def test_what_is_refused(system: Caller, path: str, body: dict[str, Any], status: int, code: str) -> None:
    if path.startswith("close_reason"):
        body = body | {"code": next(iter(codes.lists()["close_reason"].codes))}
    assert_problem(system.post(f"codes/{path}", body), status, code)
    assert not Event.objects.filter(action__startswith="code.").exists()


def test_an_offices_words_outlive_the_next_start(system: Caller) -> None:
    assert system.post("codes/need/change/", {"code": "legal", "label": "打官司"}).status_code == 200
    assert load_codes() == (0, 0)
    assert codes.name("need", "legal", "zh-hans") == "打官司"


def test_a_working_day_is_corrected(system: Caller) -> None:
    monday = DAY + timedelta(days=(7 - DAY.weekday()) % 7 or 7)
    was = working_days.is_working_day(monday)
    body = {"code": monday.isoformat(), "label": "调休", "label_en": "swapped", "working": not was}
    assert_problem(system.post("codes/working_day/add/", body | {"code": "monday"}), 422, "invalid", "/code")
    assert_problem(system.post("codes/working_day/add/", body | {"working": None}), 422, "invalid", "/working")
    assert system.post("codes/working_day/add/", body).status_code == 201
    assert working_days.is_working_day(monday) is not was
