"""Pauses of families over HTTP: begun, moved, ended; who may, who learns why; and what the inbox says of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.cases.models import Pause
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept

pytestmark = pytest.mark.django_db


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


class Scene:
    """A family with a planned visit, and people who call."""

    def __init__(self) -> None:
        self.visit = factories.visit(factories.pairing(), due_at=timezone.now() - timedelta(hours=1))
        self.family = self.visit.family
        self.village = Caller(factories.user("village", role="village", name="李专干"))
        self.auditor = Caller(factories.user("auditor", role="auditor"))

    def begin(self, caller: Caller | None = None, **body: Any) -> Any:
        given = {"family": str(self.family.pk), "reason": "hospital", **body}
        return (caller or self.village).post("pauses/", given)


@kept
def scene() -> Scene:
    return Scene()


def test_begun_moved_and_ended(scene: Scene) -> None:
    made = scene.begin(from_date=day(-1), expected_on=day(7)).json()
    assert (made["reason"], made["from_date"], made["ended_on"]) == ("hospital", day(-1), None)
    told = scene.village.get(f"visits/{scene.visit.pk}/").json()
    assert (told["overdue"], told["paused_at"] is not None) == (False, True)
    moved = scene.village.post(f"pauses/{made['id']}/change/", {"expected_on": None, "version": 1}).json()
    assert (moved["expected_on"], moved["version"]) == (None, 2)
    ended = scene.village.post(f"pauses/{made['id']}/end/", {"version": 2}).json()
    assert (ended["ended_on"], ended["ended_by_label"]) == (day(0), "李专干")
    assert scene.village.get(f"visits/{scene.visit.pk}/").json()["paused_at"] is None
    assert scene.village.get(f"pauses/?family={scene.family.pk}&running=true").json()["results"] == []


def test_why_is_for_those_only_who_begin_and_end_it(scene: Scene) -> None:
    """In hospital is a matter of health: an auditor reads that it pauses, a helper nothing."""
    scene.begin()
    [seen] = scene.auditor.get("pauses/").json()["results"]
    assert (seen["reason"], seen["from_date"]) == (None, day(0))
    helper = factories.user("volunteer", role="helper")
    scene.visit.helper.user = helper  # type: ignore[union-attr]
    scene.visit.helper.save()  # type: ignore[union-attr]
    assert_problem(Caller(helper).get("pauses/"), 403, "not_allowed")
    assert "hospital" not in Caller(helper).get(f"visits/{scene.visit.pk}/").content.decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reason": "tired"}, "invalid_choice"),
        ({"from_date": day(1)}, "wrong_pause_days"),
        ({"from_date": day(-90)}, "wrong_pause_days"),
        ({"expected_on": day(0)}, "wrong_pause_days"),
        ({"reason": None}, "null"),
    ],
)
def test_what_makes_no_sense_is_refused(scene: Scene, body: dict[str, Any], code: str) -> None:
    refused = scene.begin(**body)
    assert refused.status_code in {400, 422}
    assert code in refused.content.decode()
    assert not Pause.objects.exists()


def test_one_at_a_time_and_what_is_over_is_over(scene: Scene) -> None:
    made = scene.begin().json()
    assert_problem(scene.begin(reason="disaster"), 409, "already_paused")
    assert_problem(scene.village.post(f"pauses/{made['id']}/end/", {"version": 9}), 409, "stale_version")
    scene.village.post(f"pauses/{made['id']}/end/", {})
    assert_problem(scene.village.post(f"pauses/{made['id']}/end/", {}), 409, "pause_over")
    assert_problem(scene.village.post(f"pauses/{made['id']}/change/", {"expected_on": day(3)}), 409, "pause_over")


def test_a_family_that_is_gone_pauses_no_more(scene: Scene) -> None:
    scene.family.status = "closed"
    scene.family.save()
    assert_problem(scene.begin(), 409, "family_gone")


def test_another_village_cannot(scene: Scene) -> None:
    elsewhere = factories.user("elsewhere", role="village", unit=factories.village("120114122202", "李庄村"))
    assert_problem(scene.begin(Caller(elsewhere)), 400, "invalid", "/family")
    made = scene.begin().json()
    assert Caller(elsewhere).get(f"pauses/{made['id']}/").status_code == 404
