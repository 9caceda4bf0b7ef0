"""Around a work item: how it came about, what came of it, what one may do, and how its form stands."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import NOW, Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def course(caller: Caller, item: WorkItem) -> dict[str, Any]:
    response = caller.get(f"work-items/{item.pk}/course/")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def test_who_led_here_and_by_which_rule_it_is_due(stage: Stage) -> None:
    stage.note()
    told = course(Caller(stage.caseworker), stage.item("check_note"))
    [before] = [each for each in told["before"] if each["by"]]
    assert (before["node"], before["name"], before["by"]) == ("take_note", "Take a note", "village")
    assert told["role_name"] == "caseworker"
    assert "within" in str(told["due_rule"])
    assert told["verbs"] == ["claim", "complete", "delegate", "postpone"]
    assert told["refusal"] is None


def test_what_came_of_it(stage: Stage) -> None:
    done = stage.note()
    told = course(Caller(stage.village), done)
    [following] = told["next_items"]
    assert (following["title"], following["id"]) == (
        "Check the note",
        None,
    )  # at the township: not the village's to see
    [following] = course(Caller(stage.caseworker), done)["next_items"]
    assert following["id"] == str(stage.item("check_note").pk)
    assert (told["has_ended"], told["verbs"]) == (False, [])


def test_who_cannot_do_it_hears_why(stage: Stage) -> None:
    item = stage.item("take_note")
    refusal = course(Caller(stage.caseworker), item)["refusal"]
    assert refusal is not None
    assert refusal["code"] == "not_yours"
    WorkItem.objects.update(excluded=[str(stage.village.pk)])
    told = course(Caller(stage.village), item)
    assert told["refusal"]["code"] == "four_eyes"
    assert "complete" not in told["verbs"]


def test_a_helper_hears_nothing_of_who_did_what(stage: Stage) -> None:
    stage.note()
    user = factories.user("helping", role="helper")
    factories.pairing(stage.case, factories.helper(user=user))
    WorkItem.objects.filter(step="check_note").update(role="helper", assignee=user)
    assert course(Caller(user), stage.item("check_note"))["before"] == []


def test_colleagues_are_those_who_could_do_it(stage: Stage) -> None:
    stage.note()
    item = stage.item("check_note")
    factories.user("gone", role="caseworker", to_date=factories.TODAY - timedelta(days=400))
    path = f"work-items/{item.pk}/colleagues/"
    assert [each["name"] for each in Caller(stage.caseworker).get(path).json()] == ["colleague"]
    WorkItem.objects.update(excluded=[str(stage.colleague.pk)])
    assert Caller(stage.caseworker).get(path).json() == []
    assert_problem(Caller(stage.village).get(path), 403, "not_allowed")


def test_a_form_is_checked_by_the_rules_of_completion(stage: Stage) -> None:
    path = f"work-items/{stage.item('take_note').pk}/check/"
    empty = Caller(stage.village).post(path, {"answers": {}}).json()
    assert empty["required"] == ["text"]
    assert [(each["pointer"], each["code"]) for each in empty["errors"]] == [("/answers/text", "required")]
    assert Caller(stage.village).post(path, {"answers": {"text": "好"}}).json()["errors"] == []
    assert stage.item("take_note").version == 1
    assert_problem(Caller(stage.stranger).post(path, {"answers": {}}), 404, "not_found")


def test_rows_by_id_by_span_and_by_whose_they_are(stage: Stage) -> None:
    item = stage.item("take_note")
    caller = Caller(stage.caseworker)

    def found(**parameters: str) -> int:
        return len(results(caller.get("work-items/", **parameters)))

    assert (found(ids=str(item.pk)), found(ids=str(stage.case.pk))) == (1, 0)
    now = timezone.now()
    for due, today, week in ((now - timedelta(hours=1), 0, 0), (now + timedelta(days=3), 0, 1)):
        WorkItem.objects.update(due_at=due)
        assert (found(due="today"), found(due="week")) == (today, week)
        counts = caller.get("work-items/counts/").json()
        assert (counts["due_today"], counts["due_this_week"]) == (today, week)
    WorkItem.objects.update(assignee=stage.village)
    assert (found(assignee="others"), found(assignee="me"), found(assignee="none")) == (1, 0, 0)
    assert len(results(Caller(stage.village).get("work-items/", assignee="others"))) == 0


def test_preferences_are_ones_own_and_known(stage: Stage) -> None:
    caller = Caller(stage.village)
    assert caller.get("me/preferences/").json() == {}
    assert caller.put("me/preferences/", {"inbox_columns": ["case"]}).json() == {"inbox_columns": ["case"]}
    caller.put("me/preferences/", {"today_since": NOW.isoformat()})
    assert set(caller.get("me/preferences/").json()) == {"inbox_columns", "today_since"}
    assert caller.put("me/preferences/", {"inbox_columns": None, "today_since": None}).json() == {}
    assert Caller(stage.caseworker).get("me/preferences/").json() == {}
    assert_problem(caller.put("me/preferences/", {"colour": "red"}), 400, "invalid", "/colour")


def test_events_of_others_about_a_case(stage: Stage) -> None:
    stage.note()
    caller = Caller(stage.caseworker)
    [event] = results(caller.get("events/", others="true", technical="false", about_case="true"))
    assert (event["action"], event["actor"]) == ("work_item.completed", "village")
    assert event["about"] == {"number": stage.case.number, "family_label": stage.case.family.label}
    assert results(caller.get("events/", others="false")) == []
    technical = {each["action"] for each in results(caller.get("events/", technical="true"))}
    assert technical == {"instance.started"}
