"""Somebody leaves: what depends on the person, a dry run, all of it moved in one command, or refused with a list."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.desk.models import Handover, Leaving, SavedFilter
from backend.org.models import Deputy, Membership, Token, User
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate(NOW)


class Scene(Stage):
    """The village worker has taken an errand, and a second one works in the same village."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.other = factories.user("other", role="village", name="赵代班")
        self.start(NOW - timedelta(days=2))
        services.claim(item=self.item("take_note"), user=self.village, now=NOW)
        self.chief = Caller(self.supervisor)

    def plan(self, **more: Any) -> dict[str, Any]:
        return {"user": str(self.village.pk), **more}

    def dry_run(self, **more: Any) -> dict[str, Any]:
        response = self.chief.post("leavings/dry-run/", self.plan(**more))
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found

    def leave(self, **more: Any) -> Any:
        return self.chief.post("leavings/", self.plan(reason="轮岗", **more))


@kept
def scene() -> Scene:
    return Scene()


def fates(found: dict[str, Any]) -> dict[str, str]:
    return {each["kind"]: each["fate"] for each in found["moved"]}


def test_a_dry_run_shows_everything_and_changes_nothing(scene: Scene) -> None:
    before = Event.objects.count()
    found = scene.dry_run(successor=str(scene.other.pk))
    assert fates(found) == {"work_item": "successor", "membership": "end"}
    assert (found["orphans"], found["moved"][0]["to"]["name"]) == (0, "赵代班")
    assert fates(scene.dry_run(work="queue"))["work_item"] == "queue"
    assert scene.item("take_note").assignee == scene.village
    assert Event.objects.count() == before


def test_everything_goes_in_one_command_and_the_successor_opens_the_list(scene: Scene) -> None:
    token = Caller(scene.village).token
    made = scene.leave(successor=str(scene.other.pk))
    assert made.status_code == 201, made.content
    assert scene.item("take_note").assignee == scene.other
    assert not Membership.objects.on(TODAY).filter(user=scene.village).exists()
    assert Token.objects.get(pk=token.pk).revoked_at is not None
    assert User.objects.get(pk=scene.village.pk).is_active  # the account is the security administrator's
    told = set(Event.objects.values_list("action", flat=True))
    assert {"user.left", "work_item.delegated", "membership.ended", "token.revoked"} <= told

    successor = Caller(scene.other)
    listed = successor.get("leavings/").json()["results"]
    assert [(each["user"]["name"], each["unread"]) for each in listed] == [("village", 1)]
    lines = successor.get(f"leavings/{made.json()['id']}/").json()["handovers"]
    assert [(each["kind"], each["case_number"]) for each in lines] == [("work_item", scene.case.number)]
    read = successor.post(f"leavings/{made.json()['id']}/read/").json()
    assert read["unread"] == 0
    assert read["handovers"][0]["read_at"] is not None
    assert Event.objects.filter(action="user.handover_read").count() == 1


def test_what_the_successor_may_not_do_goes_back_to_the_queue(scene: Scene) -> None:
    WorkItem.objects.update(excluded=[str(scene.other.pk)])
    factories.user("third", role="village")
    assert fates(scene.dry_run(successor=str(scene.other.pk)))["work_item"] == "queue"
    assert scene.leave(successor=str(scene.other.pk)).status_code == 201
    assert scene.item("take_note").assignee is None


def test_refused_while_an_item_would_be_nobodys(scene: Scene) -> None:
    WorkItem.objects.update(excluded=[str(scene.other.pk)])
    refused = scene.leave(successor=str(scene.other.pk))
    assert_problem(refused, 409, "would_be_orphaned")
    assert [each["code"] for each in refused.json()["errors"]] == ["nobody_able"]
    assert Membership.objects.on(TODAY).filter(user=scene.village).exists()
    assert not Leaving.objects.exists()
    assert not Event.objects.filter(action="user.left").exists()


def test_refused_while_a_place_would_be_without_the_role(scene: Scene) -> None:
    Membership.objects.filter(user=scene.other).delete()
    codes = [each["code"] for each in scene.leave().json()["errors"]]
    assert sorted(codes) == ["nobody_able", "place_empty"]


def test_refused_while_the_person_helps_families(scene: Scene) -> None:
    factories.pairing(helper_=factories.helper(user=scene.village))
    refused = scene.leave(successor=str(scene.other.pk))
    assert [each["code"] for each in refused.json()["errors"]] == ["still_helping"]


def test_the_standing_in_for_a_colleague_goes_along_or_ends(scene: Scene) -> None:
    absent = factories.user("absent", role="village", name="钱休假")
    row = Deputy.objects.create(
        absent=absent, deputy=scene.village, from_date=TODAY - timedelta(days=3), to_date=None, reason="病假"
    )
    assert scene.dry_run()["orphans"] == 1
    assert fates(scene.dry_run(deputies="end"))["deputy"] == "end"
    assert scene.leave(successor=str(scene.other.pk)).status_code == 201
    row.refresh_from_db()
    assert row.to_date == TODAY
    assert Deputy.objects.on(TODAY).get(absent=absent).deputy == scene.other


def test_a_shared_filter_gets_somebody_who_looks_after_it(scene: Scene) -> None:
    row = SavedFilter.objects.create(name="逾期", query={}, owner=scene.village, unit=factories.town())
    scene.leave(successor=str(scene.other.pk))
    row.refresh_from_db()
    assert row.owner == scene.other


def test_an_account_is_not_closed_while_work_depends_on_it(scene: Scene) -> None:
    security = Caller(factories.user("secadmin", role="secadmin"))
    body = {"is_active": False, "reason": "调走"}
    refused = security.patch(f"users/{scene.village.pk}/", body)
    assert_problem(refused, 409, "would_be_orphaned")
    assert [(each["code"], each["message"]) for each in refused.json()["errors"]] == [
        ("work_item_left", "open work: 1")
    ]
    assert scene.case.family.label not in refused.content.decode()
    scene.leave(successor=str(scene.other.pk))
    assert security.patch(f"users/{scene.village.pk}/", body).json()["is_active"] is False


def test_who_arranges_it(scene: Scene) -> None:
    own = scene.chief.post("leavings/", {"user": str(scene.supervisor.pk), "reason": "调走"})
    assert_problem(own, 403, "own_leaving")
    assert_problem(Caller(scene.caseworker).post("leavings/", scene.plan(reason="调走")), 403, "not_allowed")
    stranger = Caller(factories.user("far", role="supervisor", unit=factories.town(factories.OTHER_TOWN)))
    assert_problem(stranger.post("leavings/", scene.plan(reason="调走")), 400, "invalid")
    factories.member(scene.village, "village", factories.village("210403007201", "别处村"))
    assert_problem(scene.leave(), 403, "not_a_colleague")


@pytest.mark.parametrize("who", ["oneself", "inactive"])
def test_who_cannot_succeed(scene: Scene, who: str) -> None:
    User.objects.filter(pk=scene.other.pk).update(is_active=False)
    successor = scene.village if who == "oneself" else scene.other
    assert_problem(scene.leave(successor=str(successor.pk)), 409, "successor_is_another")


def test_it_needs_a_reason_and_a_known_plan(scene: Scene) -> None:
    assert_problem(scene.chief.post("leavings/", scene.plan(reason="")), 400, "invalid")
    assert_problem(scene.chief.post("leavings/dry-run/", scene.plan(work="bin")), 400, "invalid")
    assert not Handover.objects.exists()
