"""What one does with a work item: its form, claim, release, delegate, postpone, draft, complete, next."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import CONSENTED, SURVEYED, Care, Office
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
REASON = {"reason": "出差"}


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def path(stage: Stage, verb: str = "", step: str = "take_note") -> str:
    return f"work-items/{stage.item(step).pk}/{verb}"


def untouched(stage: Stage) -> bool:
    item = stage.item("take_note")
    return (item.state, item.version, item.assignee_id) == ("open", 1, None)


def test_one_item_with_its_version_as_etag(stage: Stage) -> None:
    response = Caller(stage.village).get(path(stage))
    assert response.status_code == 200
    assert response["ETag"] == '"1"'
    assert response["Cache-Control"] == "no-store"
    assert response.json()["outcome"] == ""


def test_a_done_item_can_still_be_read(stage: Stage) -> None:
    where = path(stage)
    stage.note()
    body = Caller(stage.village).get(where).json()
    assert (body["state"], body["completed_label"]) == ("done", "village")


def test_the_form_in_both_languages(stage: Stage) -> None:
    form = Caller(stage.village).get(path(stage, "form/")).json()
    assert form["schema"]["type"] == "object"
    assert form["draft"] is None
    chinese = Caller(stage.village, language="zh-Hans").get(path(stage, "form/")).json()
    assert chinese["schema"]["properties"]["text"]["title"] != form["schema"]["properties"]["text"]["title"]


def test_claim_and_release(stage: Stage) -> None:
    caller = Caller(stage.village)
    claimed = caller.post(path(stage, "claim/"))
    assert claimed.status_code == 200, claimed.content
    assert claimed.json()["assignee"] == str(stage.village.pk)
    assert claimed.json()["assignee_name"] == stage.village.name
    assert (claimed.json()["version"], claimed["ETag"]) == (2, '"2"')
    released = caller.post(path(stage, "release/"))
    assert (released.json()["assignee"], released.json()["assignee_name"]) == (None, None)


def test_what_a_colleague_has_is_taken(stage: Stage) -> None:
    stage.note()
    assert Caller(stage.caseworker).post(path(stage, "claim/", "check_note")).status_code == 200
    assert_problem(Caller(stage.colleague).post(path(stage, "claim/", "check_note")), 409, "taken")


def test_another_role_may_see_it_but_not_do_it(stage: Stage) -> None:
    assert_problem(Caller(stage.caseworker).post(path(stage, "claim/")), 403, "not_yours")
    answers = {"answers": {"text": "好"}}
    assert_problem(Caller(stage.caseworker).post(path(stage, "complete/"), answers), 403, "not_yours")
    assert untouched(stage)


def test_a_stranger_does_not_find_it(stage: Stage) -> None:
    stranger = Caller(stage.stranger)
    assert_problem(stranger.get(path(stage)), 404, "not_found")
    assert_problem(stranger.get(path(stage, "form/")), 404, "not_found")
    for verb in ("claim/", "release/", "complete/"):
        assert_problem(stranger.post(path(stage, verb), {"answers": {}}), 404, "not_found")
    assert_problem(stranger.put(path(stage, "draft/"), {"answers": {}}), 404, "not_found")
    assert results(stranger.get("work-items/")) == []
    assert untouched(stage)


def test_delegate_to_a_colleague(stage: Stage) -> None:
    stage.note()
    where = path(stage, "delegate/", "check_note")
    done = Caller(stage.caseworker).post(where, {"to": str(stage.colleague.pk), **REASON})
    assert done.status_code == 200, done.content
    assert (done.json()["assignee"], done.json()["assignee_name"]) == (str(stage.colleague.pk), "colleague")


def test_delegate_refuses_who_cannot_do_it_and_who_is_out_of_sight(stage: Stage) -> None:
    stage.note()
    where = path(stage, "delegate/", "check_note")
    caller = Caller(stage.caseworker)
    assert_problem(caller.post(where, {"to": str(stage.village.pk), **REASON}), 422, "not_for_them")
    assert_problem(caller.post(where, {"to": str(stage.stranger.pk), **REASON}), 400, "invalid", "/to")
    assert_problem(caller.post(where, {"to": str(stage.colleague.pk)}), 400, "invalid", "/reason")
    assert_problem(caller.post(where, {"to": str(stage.colleague.pk), "reason": " "}), 400, "invalid", "/reason")


def test_postpone(stage: Stage) -> None:
    until = timezone.now() + timedelta(days=3)
    done = Caller(stage.village).post(path(stage, "postpone/"), {"until": until.isoformat(), **REASON})
    assert done.status_code == 200, done.content
    assert done.json()["postpone_reason"] == "出差"
    assert stage.item("take_note").postponed_until == until


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "tomorrow", "9999-12-31T23:59:59-12:00", 5, None])
def test_postpone_refuses_times_that_are_none(stage: Stage, until: object) -> None:
    response = Caller(stage.village).post(path(stage, "postpone/"), {"until": until, **REASON})
    assert response.status_code in {400, 422}
    assert untouched(stage)


def test_a_draft_is_kept_for_who_may_do_it(stage: Stage) -> None:
    caller = Caller(stage.village)
    assert caller.put(path(stage, "draft/"), {"answers": {"text": "写到一半", "more": [1]}}).status_code == 200
    assert caller.get(path(stage, "form/")).json()["draft"] == {"text": "写到一半", "more": [1]}
    assert Caller(stage.caseworker).get(path(stage, "form/")).json()["draft"] is None
    stored = WorkItem.objects.get()
    assert stored.draft is not None
    assert "一半".encode() not in bytes(stored.draft)


def test_complete_moves_the_process_on(stage: Stage) -> None:
    done = Caller(stage.village).post(path(stage, "complete/"), {"answers": {"text": "米面已送"}})
    assert done.status_code == 200, done.content
    assert (done.json()["state"], done.json()["version"]) == ("done", 2)
    assert [row["step"] for row in results(Caller(stage.caseworker).get("work-items/"))] == ["check_note"]


def test_answers_that_do_not_fit_are_named_one_by_one(stage: Stage) -> None:
    problem = assert_problem(
        Caller(stage.village).post(path(stage, "complete/"), {"answers": {"text": 5, "unknown": 1}}),
        422,
        "bad_answers",
        "/answers/text",
    )
    assert all(each["message"] for each in problem["errors"])
    assert_problem(Caller(stage.village).post(path(stage, "complete/"), {}), 400, "invalid", "/answers")
    assert_problem(Caller(stage.village).post(path(stage, "complete/"), {"answers": [1]}), 400, "invalid", "/answers")
    assert untouched(stage)


def test_four_eyes(stage: Stage) -> None:
    both = stage.village
    stage.note()
    factories.member(both, "caseworker")
    answer = {"answers": {"decision": "right"}}
    assert_problem(Caller(both).post(path(stage, "complete/", "check_note"), answer), 403, "four_eyes")


def test_a_second_completion_is_told_so(stage: Stage) -> None:
    where = path(stage, "complete/")
    caller = Caller(stage.village)
    assert caller.post(where, {"answers": {"text": "好"}}).status_code == 200
    assert_problem(caller.post(where, {"answers": {"text": "好"}}), 409, "already_done")


def test_next_hands_out_the_most_pressing(stage: Stage) -> None:
    caller = Caller(stage.village)
    got = caller.post("work-items/next/")
    assert (got.status_code, got.json()["assignee"]) == (200, str(stage.village.pk))
    assert caller.post("work-items/next/").status_code == 204


def test_next_takes_the_filters_of_the_list(stage: Stage) -> None:
    caller = Caller(stage.village)
    assert caller.post("work-items/next/?process=other").status_code == 204
    assert_problem(caller.post("work-items/next/?proces=errand"), 400, "invalid", "?proces")
    assert caller.post("work-items/next/?process=errand").status_code == 200


def test_where_a_helper_is_chosen_the_form_compares_them_and_counts_who_was_left_out() -> None:
    office = Office()
    near = office.helper(unit=factories.village(), max_families=2)
    far = factories.helper()
    factories.helper(status="away")
    case = office.open()
    office.file(case)
    address = f"work-items/{office.item(case, 'pick_helper').pk}/form/"
    told = Caller(office.caseworker).get(address).json()
    ranking = told["ranking"]
    assert [one["id"] for one in ranking["helpers"]] == [str(near.pk), str(far.pk)]
    best = ranking["helpers"][0]
    assert {"part": "distance", "points": 35, "most": 35} in best["parts"]
    assert best["score"] == sum(each["points"] for each in best["parts"])
    assert sum(each["most"] for each in best["parts"]) == 100
    assert best["free"] == 2
    assert "same_village" in best["reasons"]
    assert (ranking["looked_at"], ranking["fitting"]) == (3, 2)
    assert ranking["left_out"] == [{"rule": "not_active", "number": 1}]
    assert "ranking" not in {fact["name"] for fact in told["told"]}
    stranger = factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    assert_problem(Caller(stranger).get(address), 404, "not_found")


def test_elsewhere_nothing_is_compared(stage: Stage) -> None:
    assert Caller(stage.village).get(path(stage, "form/")).json()["ranking"] is None


EMPTY: dict[str, Any] = {"values": {}, "facts": {}, "told": [], "offered": {}, "ranking": None, "draft": None}


def known(user: User, item: WorkItem) -> dict[str, Any]:
    """What of the item's form is known beforehand, as the user reads it; its questions everybody reads."""
    form = Caller(user).get(f"work-items/{item.pk}/form/").json()
    assert form["schema"]["properties"]
    return {name: form[name] for name in EMPTY}


@pytest.fixture
def onlookers() -> list[User]:
    return [factories.user(role, role=role, unit=factories.region("120114000000")) for role in ("auditor", "dpo")]


def test_what_a_visit_found_is_told_to_who_follows_up_and_to_the_office_only(onlookers: list[User]) -> None:
    """P-7: whoever inspects sees that work waits; the rest is opened by a ticket."""
    office = Care(timezone.now())
    case = office.case
    timer = office.next_timer(case)
    assert timer is not None
    office.go_to(timer)
    planned = office.item(case, "record_visit")
    assert [known(user, planned) for user in onlookers] == [EMPTY, EMPTY]
    office.do(case, "record_visit", office.volunteer, office.visited(physical="unconscious", note="倒在灶台旁"))
    found = office.item(case, "follow_up")
    assert [known(user, found) for user in onlookers] == [EMPTY, EMPTY]
    for user in (office.caseworker, office.supervisor):
        told = known(user, found)
        assert told["facts"]["visit"]["note"] == "倒在灶台旁"
        assert told["offered"]["person"]


def test_what_a_survey_found_is_not_told_to_who_looks_on(onlookers: list[User]) -> None:
    office = Office(timezone.now())
    case = office.open()
    office.do(case, "survey_family", office.village, {**SURVEYED, "surveyed_on": office.today.isoformat()})
    office.do(case, "record_consent", office.village, {**CONSENTED, "given_on": office.today.isoformat()})
    item = office.item(case, "check_file")
    assert [known(user, item) for user in onlookers] == [EMPTY, EMPTY]
    assert known(office.supervisor, item)["facts"]["survey"]["disease"] == "none"
