"""Claim, release, delegate, postpone, draft, next: sharing work without doing it."""

from datetime import timedelta

import pytest

from backend.audit.models import Event
from backend.core.errors import StaleVersion
from tests import factories
from tests.kept import kept
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.authority import AlreadyDone, NotYours, Taken
from workflows.models import WorkItem
from workflows.services import BadAnswers, DateNotAhead, NotForThem, ReasonMissing

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    made.note()
    return made


def test_a_claim_gives_it_to_one_person(stage: Stage) -> None:
    item = services.claim(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    assert (item.assignee, item.version) == (stage.caseworker, 2)
    with pytest.raises(Taken):
        services.claim(item=item, user=stage.colleague, now=NOW)
    assert Event.objects.filter(action="work_item.claimed").count() == 1


def test_claiming_again_changes_nothing(stage: Stage) -> None:
    services.claim(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    again = services.claim(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    assert again.version == 2


def test_a_stranger_cannot_claim(stage: Stage) -> None:
    with pytest.raises(NotYours):
        services.claim(item=stage.item("check_note"), user=stage.stranger, now=NOW)


def test_a_cancelled_item_cannot_be_claimed(stage: Stage) -> None:
    item = stage.item("check_note")
    services.cancel(instance_id=item.instance_id, reason="录错", actor=factories.actor(stage.caseworker), now=NOW)
    with pytest.raises(AlreadyDone):
        services.claim(item=item, user=stage.caseworker, now=NOW)


def test_release_gives_it_back(stage: Stage) -> None:
    services.claim(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    released = services.release(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    assert released.assignee is None
    services.claim(item=released, user=stage.colleague, now=NOW)


def test_one_cannot_release_for_a_colleague(stage: Stage) -> None:
    services.claim(item=stage.item("check_note"), user=stage.caseworker, now=NOW)
    with pytest.raises(NotYours):
        services.release(item=stage.item("check_note"), user=stage.colleague, now=NOW)


def test_delegating_needs_a_reason_and_a_fitting_person(stage: Stage) -> None:
    item = stage.item("check_note")
    with pytest.raises(ReasonMissing):
        services.delegate(item=item, to=stage.colleague, reason=" ", user=stage.supervisor, now=NOW)
    for wrong in (stage.stranger, stage.supervisor, stage.village):
        with pytest.raises(NotForThem):
            services.delegate(item=item, to=wrong, reason="出差", user=stage.supervisor, now=NOW)
    given = services.delegate(item=item, to=stage.colleague, reason="出差", user=stage.supervisor, now=NOW)
    assert given.assignee == stage.colleague
    assert Event.objects.get(action="work_item.delegated").reason == "出差"


def test_an_inactive_person_is_given_nothing(stage: Stage) -> None:
    stage.colleague.is_active = False
    stage.colleague.save()
    with pytest.raises(NotForThem):
        services.delegate(
            item=stage.item("check_note"), to=stage.colleague, reason="出差", user=stage.supervisor, now=NOW
        )


def test_postponing_hides_it_from_next_but_not_from_overdue(stage: Stage) -> None:
    until = NOW + timedelta(days=10)
    item = services.postpone(
        item=stage.item("check_note"), until=until, reason="户主外出", user=stage.caseworker, now=NOW
    )
    assert item.postponed_until == until
    items = WorkItem.objects.visible_to(stage.caseworker)
    assert services.hand_out_next(user=stage.caseworker, now=NOW, items=items) is None
    assert item in items.overdue(NOW + timedelta(days=5))
    with pytest.raises(DateNotAhead):
        services.postpone(item=item, until=NOW, reason="x", user=stage.caseworker, now=NOW)
    with pytest.raises(StaleVersion):
        services.postpone(item=item, until=until, reason="x", user=stage.caseworker, now=NOW, version=1)


def test_next_hands_out_the_most_pressing_item_once(stage: Stage) -> None:
    items = WorkItem.objects.visible_to(stage.caseworker)
    first = services.hand_out_next(user=stage.caseworker, now=NOW, items=items)
    assert first is not None
    assert first.assignee == stage.caseworker
    items = WorkItem.objects.visible_to(stage.colleague)
    assert services.hand_out_next(user=stage.colleague, now=NOW, items=items) is None


def test_next_passes_over_what_four_eyes_forbids(stage: Stage) -> None:
    factories.member(stage.village, "caseworker")
    items = WorkItem.objects.visible_to(stage.village)
    assert services.hand_out_next(user=stage.village, now=NOW, items=items) is None


def test_a_draft_is_kept_encrypted_and_given_back(stage: Stage) -> None:
    services.save_draft(item=stage.item("check_note"), answers={"half": "半句话"}, user=stage.caseworker, now=NOW)
    item = stage.item("check_note")
    assert "半句话".encode() not in bytes(item.draft or b"")
    form = services.form_of(item, user=stage.caseworker, language="zh-hans", now=NOW)
    assert form.draft == {"half": "半句话"}
    assert form.schema["properties"]["decision"]["title"] == "结论"
    assert services.form_of(item, user=stage.supervisor, language="en", now=NOW).draft is None
    assert (
        services.form_of(item, user=stage.caseworker, language="en", now=NOW).schema["properties"]["decision"]["title"]
        == "Decision"
    )


def test_a_draft_has_bounds_and_is_not_for_strangers(stage: Stage) -> None:
    item = stage.item("check_note")
    with pytest.raises(NotYours):
        services.save_draft(item=item, answers={}, user=stage.stranger, now=NOW)
    with pytest.raises(BadAnswers):
        services.save_draft(item=item, answers={"text": "长" * 200_001}, user=stage.caseworker, now=NOW)


def test_what_one_sees(stage: Stage) -> None:
    item = stage.item("check_note")
    seen = {
        user.username: item in WorkItem.objects.visible_to(user)
        for user in (stage.caseworker, stage.supervisor, stage.village, stage.stranger)
    }
    assert seen == {"caseworker": True, "supervisor": True, "village": False, "stranger": False}
