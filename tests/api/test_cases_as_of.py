"""A case as it was: on both sides of every moment at which something changed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from backend.administration.users import update_user
from backend.audit.history import record
from backend.cases import cases
from backend.org.models import Deputy
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.workflows.stage import NOW, Stage
from workflows import services

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BEFORE_MIDNIGHT, MIDNIGHT = "2026-03-01T23:59:59+08:00", "2026-03-02T00:00:00+08:00"
"""The last second of a local day and the first of the next."""


@kept
def stage() -> Stage:
    made = Stage(case=factories.case(opened_at=NOW - 10 * DAY))
    made.start()
    return made


@pytest.fixture
def auditor(stage: Stage) -> Caller:
    return Caller(factories.user("auditor", role="auditor", unit=factories.region("120114000000")))


def then(caller: Caller, stage: Stage, at: datetime | str, **more: Any) -> dict[str, Any]:
    """What the API tells of the case at that time."""
    moment = at if isinstance(at, str) else at.isoformat()
    response = caller.get(f"cases/{stage.case.pk}/as-of/", at=moment, **more)
    assert response.status_code == 200, response.content
    told: dict[str, Any] = response.json()
    return told


def names(told: dict[str, Any]) -> set[str]:
    return {each["name"] for each in told["watchers"]}


def test_state_and_phase_by_the_minute(stage: Stage, auditor: Caller) -> None:
    by = factories.actor()
    cases.enter_phase(case=stage.case, phase="care", actor=by, now=NOW)
    cases.pause_case(case=stage.case, reason="away", actor=by, now=NOW + HOUR)
    cases.close_case(case=stage.case, reason="moved", actor=by, now=NOW + 2 * HOUR)
    cases.reopen_case(case=stage.case, reason="回来了", actor=by, now=NOW + 3 * HOUR)

    def stood(at: datetime) -> tuple[str, str]:
        told = then(auditor, stage, at)
        return told["state"], told["phase"]

    second = timedelta(seconds=1)
    assert stood(stage.case.opened_at - second) == ("", "")
    assert stood(stage.case.opened_at) == stood(NOW - second) == ("open", "survey")
    assert stood(NOW) == ("open", "care")
    assert stood(NOW + HOUR) == ("paused", "care")
    assert stood(NOW + 2 * HOUR) == ("closed", "care")
    assert stood(NOW + 3 * HOUR) == ("open", "survey")


def test_what_waited_and_who_had_it(stage: Stage, auditor: Caller) -> None:
    item = stage.item("take_note")
    services.claim(item=item, user=stage.village, now=NOW + HOUR)
    stage.note(now=NOW + 2 * HOUR)

    def waiting(at: datetime) -> list[tuple[str, str]]:
        return [(each["step"], each["assignee"]) for each in then(auditor, stage, at)["open_items"]]

    assert waiting(NOW - HOUR) == []
    assert waiting(NOW) == [("take_note", "")]
    assert waiting(NOW + HOUR) == [("take_note", "village")]
    assert [step for step, _holder in waiting(NOW + 2 * HOUR)] == [stage.case.work_items.get(state="open").step]


def test_answers_come_when_they_were_given(stage: Stage, auditor: Caller) -> None:
    stage.note(now=NOW + HOUR)
    assert then(auditor, stage, NOW)["answers"] == []
    [answered] = then(auditor, stage, NOW + HOUR)["answers"]
    assert (answered["by"], answered["answers"][0]["value"]) == ("village", "米面已送")


def test_the_diagram_goes_back_too(stage: Stage, auditor: Caller) -> None:
    stage.note(now=NOW + HOUR)
    [run] = then(auditor, stage, NOW)["standing"]
    before = then(auditor, stage, NOW, instance=run["instance"])["diagram"]
    after = then(auditor, stage, NOW + HOUR, instance=run["instance"])["diagram"]
    assert "take_note" in {each["node"] for each in before["active"]}
    assert "take_note" not in {each["node"] for each in before["done"]}
    assert "take_note" in {each["node"] for each in after["done"]}
    assert then(auditor, stage, NOW - HOUR)["standing"] == []


def test_pairings_and_their_helpers_count_by_day(stage: Stage, auditor: Caller) -> None:
    user = factories.user("paired", role="helper", name="李向阳")
    helper = factories.helper(user=user)
    factories.pairing(stage.case, helper, from_date=date(2026, 3, 2), to_date=date(2026, 3, 3))
    for at, there in [
        (BEFORE_MIDNIGHT, False),
        (MIDNIGHT, True),
        ("2026-03-02T23:59:59+08:00", True),
        ("2026-03-03T00:00:00+08:00", False),
    ]:
        told = then(auditor, stage, at)
        assert bool(told["pairings"]) is there, at
        assert ("李向阳" in names(told)) is there, at


def test_memberships_and_stand_ins_count_by_day(stage: Stage, auditor: Caller) -> None:
    left = factories.user("left", role="caseworker", name="前任", to_date=date(2026, 3, 2))
    factories.user("came", role="caseworker", name="新任", from_date=date(2026, 3, 2))
    stand_in = factories.user("stand-in", name="代班")
    Deputy.objects.create(
        absent=stage.caseworker, deputy=stand_in, from_date=date(2026, 3, 2), to_date=date(2026, 3, 3), reason="休假"
    )
    before, after = then(auditor, stage, BEFORE_MIDNIGHT), then(auditor, stage, MIDNIGHT)
    assert {"前任"} == names(before) & {"前任", "新任", "代班"}
    assert {"新任", "代班"} == names(after) & {"前任", "新任", "代班"}
    [why] = [each for each in after["watchers"] if each["name"] == "代班"]
    assert (why["role"], why["on_behalf_of"]) == ("caseworker", "caseworker")
    assert "代班" not in names(then(auditor, stage, "2026-03-03T00:00:00+08:00"))
    assert left.name not in names(then(auditor, stage, NOW))
    assert stage.stranger.name not in names(after)


def test_a_closed_account_saw_nothing(stage: Stage, auditor: Caller) -> None:
    for open_, at in [(False, NOW), (True, NOW + HOUR)]:
        changes = {"is_active": open_}
        update_user(user=stage.colleague, changes=changes, actor=factories.actor(), now=at, reason="离岗")
    assert "colleague" in names(then(auditor, stage, NOW - HOUR))
    assert "colleague" not in names(then(auditor, stage, NOW))
    assert "colleague" in names(then(auditor, stage, NOW + HOUR))


def test_a_case_that_moved_was_seen_where_it_was(stage: Stage, auditor: Caller) -> None:
    there = factories.village("120114122202")
    worker = factories.user("there", role="village", unit=there, name="后蒲棒")
    services_at = NOW + HOUR
    cases.transfer_case(case=stage.case, to=there, reason="搬家", actor=factories.actor(), now=services_at)
    before, after = then(auditor, stage, NOW), then(auditor, stage, services_at)
    assert (before["unit"]["name"], after["unit"]["name"]) == ("赵庄村", "后蒲棒村")
    assert worker.name not in names(before)
    assert worker.name in names(after)
    assert stage.village.name not in names(after)


def test_who_may_ask_and_what(stage: Stage, auditor: Caller) -> None:
    path = f"cases/{stage.case.pk}/as-of/"
    assert_problem(auditor.get(path, at="2199-01-01T00:00:00Z"), 400, "invalid")
    assert_problem(auditor.get(path, at="yesterday"), 400, "invalid")
    assert_problem(Caller(stage.village).get(path), 403, "not_allowed")
    assert_problem(Caller(stage.stranger).get(path), 404, "not_found")
    assert auditor.statements(path) <= 20


def test_a_row_that_was_chosen_has_a_name_for_who_may_see_it(stage: Stage, auditor: Caller) -> None:
    here, elsewhere = factories.helper(name="李向阳"), factories.helper(unit=factories.town(factories.OTHER_TOWN))
    item = stage.note()
    for helper in (here, elsewhere):
        told = {"step": "pick_helper", "answers": {"helper": str(helper.pk)}, "sensitive": []}
        record(
            action="work_item.completed", object=item, case_id=stage.case.pk, unit_path=item.unit_path,
            actor=factories.actor(), now=NOW, data=told,
        )  # fmt: skip
    answers = [each for row in then(auditor, stage, NOW)["answers"] for each in row["answers"]]
    assert {each["value"] for each in answers if each["label"] == "helper"} == {"李向阳", "…"}
    assert str(elsewhere.pk) not in str(answers)
