"""Completing a work item: the process walks on, history tells it, and nothing happens to whoever may not."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.core.errors import DomainError, StaleVersion
from backend.org.models import Deputy, User
from tests import factories
from tests.kept import kept
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.authority import AlreadyDone, FourEyes, NotYours, Taken
from workflows.models import Instance, Trace, WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def untouched(stage: Stage, step: str) -> bool:
    """Whether the item is as open as before and nothing was told to history."""
    item = stage.item(step)
    events = Event.objects.filter(case_id=stage.case.pk, action="work_item.completed")
    return item.state == "open" and item.version == 1 and not events.exists()


def test_the_process_walks_to_the_next_person(stage: Stage) -> None:
    done = stage.note()
    assert (done.state, done.completed_by, done.ended_at) == ("done", stage.village, NOW)
    after = stage.item("check_note")
    assert (after.role, after.unit.kind, after.priority) == ("caseworker", "town", 80)
    assert after.family == stage.case.family
    assert after.case_number == stage.case.number


def test_the_last_answer_ends_the_instance(stage: Stage) -> None:
    stage.note()
    services.complete(item=stage.item("check_note"), answers={"decision": "right"}, user=stage.caseworker, now=NOW)
    instance = Instance.objects.get()
    assert (instance.state, instance.outcome, instance.wake_at) == ("done", "errand_done", None)
    assert not WorkItem.objects.filter(state="open").exists()


def test_a_return_goes_back_to_the_earlier_step(stage: Stage) -> None:
    stage.note()
    checked = services.complete(
        item=stage.item("check_note"), answers={"decision": "again"}, user=stage.caseworker, now=NOW
    )
    assert checked.outcome == "again"
    assert stage.item("take_note").version == 1


def test_history_tells_who_did_what_and_hides_the_sensitive(stage: Stage) -> None:
    services.complete(item=stage.item("take_note"), answers={"text": "好", "mood": "低落"}, user=stage.village, now=NOW)
    event = Event.objects.get(action="work_item.completed")
    assert (event.actor, event.role, event.case_id) == ("village", "village", stage.case.pk)
    assert event.data["answers"] == {"text": "好"}
    assert event.data["sensitive"] == ["mood"]
    assert "低落" not in event.body
    trace = Trace.objects.get(node="take_note")
    assert (trace.by, trace.by_id) == ("village", stage.village.pk)


def test_a_stranger_cannot(stage: Stage) -> None:
    stage.note()
    with pytest.raises(NotYours):
        services.complete(item=stage.item("check_note"), answers={"decision": "right"}, user=stage.stranger, now=NOW)
    assert stage.item("check_note").version == 1


def test_another_role_cannot(stage: Stage) -> None:
    with pytest.raises(NotYours):
        stage.note(user=stage.caseworker)
    assert untouched(stage, "take_note")


def test_an_ended_membership_cannot(stage: Stage) -> None:
    former = factories.user("former", role="village", to_date=factories.TODAY)
    with pytest.raises(NotYours):
        stage.note(user=former)
    assert untouched(stage, "take_note")


def test_who_did_the_earlier_step_cannot_check_it(stage: Stage) -> None:
    factories.member(stage.village, "caseworker")
    stage.note()
    with pytest.raises(FourEyes):
        services.complete(item=stage.item("check_note"), answers={"decision": "right"}, user=stage.village, now=NOW)
    assert stage.item("check_note").excluded == [str(stage.village.pk)]


def test_somebody_elses_claim_is_respected(stage: Stage) -> None:
    stage.note()
    services.claim(item=stage.item("check_note"), user=stage.colleague, now=NOW)
    with pytest.raises(Taken):
        services.complete(item=stage.item("check_note"), answers={"decision": "right"}, user=stage.caseworker, now=NOW)


def test_a_deputy_completes_what_the_absent_colleague_claimed(stage: Stage) -> None:
    stage.note()
    services.claim(item=stage.item("check_note"), user=stage.colleague, now=NOW)
    stand_in = factories.user("standin", name="替班")
    Deputy.objects.create(absent=stage.colleague, deputy=stand_in, from_date=factories.LONG_AGO, reason="出差")
    done = services.complete(item=stage.item("check_note"), answers={"decision": "right"}, user=stand_in, now=NOW)
    assert done.completed_label == "替班（代 colleague）"


@pytest.mark.parametrize("second", ["village", "stand_in"])
def test_neither_the_absent_nor_who_stood_in_is_the_second_pair_of_eyes(stage: Stage, second: str) -> None:
    people = {"village": stage.village, "stand_in": factories.user("standin", name="替班")}
    Deputy.objects.create(absent=stage.village, deputy=people["stand_in"], from_date=factories.LONG_AGO, reason="出差")
    services.complete(item=stage.item("take_note"), answers={"text": "好"}, user=people["stand_in"], now=NOW)
    factories.member(people[second], "caseworker")
    person = User.objects.get(pk=people[second].pk)  # as the next request reads it
    item, visible = stage.item("check_note"), WorkItem.objects.visible_to(person)
    with pytest.raises(FourEyes):
        services.complete(item=item, answers={"decision": "right"}, user=person, now=NOW)
    assert services.hand_out_next(user=person, now=NOW, items=visible) is None
    with pytest.raises(services.NotForThem):
        services.delegate(item=item, to=person, reason="出差", user=stage.supervisor, now=NOW)
    services.complete(item=item, answers={"decision": "right"}, user=stage.caseworker, now=NOW)


def test_done_twice_is_refused(stage: Stage) -> None:
    item = stage.item("take_note")
    stage.note()
    with pytest.raises(AlreadyDone):
        services.complete(item=item, answers={"text": "又一次"}, user=stage.village, now=NOW)
    assert Event.objects.filter(action="work_item.completed").count() == 1


def test_a_stale_version_is_refused(stage: Stage) -> None:
    item = stage.item("take_note")
    services.claim(item=item, user=stage.village, now=NOW)
    with pytest.raises(StaleVersion):
        services.complete(item=item, answers={"text": "好"}, user=stage.village, now=NOW, version=item.version)


@pytest.mark.parametrize(
    ("answers", "pointer", "code"),
    [
        ({}, "/answers/text", "required"),
        ({"text": ""}, "/answers/text", "minLength"),
        ({"text": "长" * 201}, "/answers/text", "maxLength"),
        ({"text": 5}, "/answers/text", "type"),
        ({"text": "好", "extra": 1}, "/answers/extra", "additionalProperties"),
    ],
)
def test_bad_answers_name_their_field(stage: Stage, answers: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(DomainError) as raised:
        services.complete(item=stage.item("take_note"), answers=answers, user=stage.village, now=NOW)
    assert (raised.value.problems[0].pointer, raised.value.problems[0].code) == (pointer, code)
    assert untouched(stage, "take_note")
