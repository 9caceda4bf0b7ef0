"""What a helper reads of the time before: notes whose writers share them, while the own spell lasts, and no more."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from backend.helpers.models import Pairing
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, results
from tests.api.test_visits import answers
from tests.kept import kept
from workflows import deployment

pytestmark = pytest.mark.django_db


@kept
def before() -> User:
    """The helper until today, who recorded two visits and shared the note of one."""
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    user = factories.user("before", role="helper")
    pairing = factories.pairing(factories.case(), factories.helper(user=user))
    caller = Caller(user)
    for note, shared in (("爱下棋，敲门要响", True), ("儿子的事不要提", False)):
        said = answers(note=note, share_with_successor=shared)
        response = caller.post("visits/", {"id": str(uuid4()), "pairing": str(pairing.pk), "answers": said})
        assert response.status_code == 201, response.content
    return user


def succeeded() -> tuple[Caller, Visit]:
    """Somebody else from today on, with a visit to make."""
    today, user = timezone.localdate(), factories.user("after", role="helper")
    old = Pairing.objects.get()
    old.to_date = today
    old.save()
    new = factories.pairing(old.case, factories.helper(user=user), from_date=today)
    return Caller(user), factories.visit(new, planned_for=today + timedelta(days=3))


def read(caller: Caller, visit: Visit) -> Any:
    return caller.get(f"visits/{visit.pk}/").json()


def test_the_successor_reads_what_was_shared_and_nothing_else(before: User) -> None:
    after, visit = succeeded()
    [shared] = read(after, visit)["shared_notes"]
    assert (shared["note"], set(shared)) == ("爱下棋，敲门要响", {"visited_on", "note"})
    assert [row["id"] for row in results(after.get("visits/"))] == [str(visit.pk)]
    assert "儿子" not in str(read(after, visit))


def test_whoever_came_before_reads_no_more_of_the_family(before: User) -> None:
    _after, _visit = succeeded()
    caller = Caller(before)
    assert results(caller.get("families/")) == results(caller.get("cases/")) == []
    for row in results(caller.get("visits/")):
        told = read(caller, Visit.objects.get(pk=row["id"]))
        assert (told["family"], told["shared_notes"]) == (None, [])
        assert "孙桂兰" not in str(told)


def test_a_note_taken_back_is_shared_no_longer(before: User) -> None:
    after, visit = succeeded()
    shared = Visit.objects.get(is_shared=True)
    body = {"answers": {"share_with_successor": False}, "reason": "想想还是不说"}
    village = Caller(factories.user("village", role="village"))
    assert village.patch(f"visits/{shared.pk}/", body).status_code == 200
    assert read(after, visit)["shared_notes"] == []


def test_nothing_is_shared_with_whoever_is_suspended(before: User) -> None:
    after, visit = succeeded()
    visit.helper.status = "suspended"  # type: ignore[union-attr]
    visit.helper.save()  # type: ignore[union-attr]
    assert after.get(f"visits/{visit.pk}/").status_code == 404
