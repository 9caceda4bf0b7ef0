"""Workload: who has how much, who is absent, who could take over what."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from backend.org.models import Deputy
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@kept
def stage() -> Stage:
    """Two overdue errands in a village, one of them with its worker."""
    made = Stage()
    first = made.start(NOW - timedelta(days=40))
    other = factories.case(factories.family(label="李四"))
    services.start(process="errand", case=other, actor=factories.actor(), now=NOW - timedelta(days=40))
    services.claim(item=WorkItem.objects.get(instance=first), user=made.village, now=NOW)
    return made


def test_everybody_of_the_office_with_their_work(stage: Stage) -> None:
    found = Caller(stage.supervisor).get("workload/").json()
    rows = {each["user"]["name"]: each for each in found["people"]}
    assert set(rows) == {"village", "caseworker", "colleague", "supervisor"}
    assert (rows["village"]["open"], rows["village"]["overdue"], rows["village"]["roles"]) == (1, 1, ["village"])
    assert rows["caseworker"]["open"] == 0
    assert found["people"][0] == rows["village"]
    assert (found["unclaimed"]["open"], found["unclaimed"]["overdue"]) == (1, 1)


def test_who_is_absent_and_who_has_left(stage: Stage) -> None:
    today = timezone.localdate()
    back = today + timedelta(days=3)
    Deputy.objects.create(absent=stage.caseworker, deputy=stage.colleague, from_date=today, to_date=back, reason="病假")
    stage.village.memberships.update(to_date=today)
    rows = {each["user"]["name"]: each for each in Caller(stage.supervisor).get("workload/").json()["people"]}
    [deputy] = rows["caseworker"]["deputies"]
    assert (deputy["user"]["name"], deputy["to_date"]) == ("colleague", back.isoformat())
    assert (rows["village"]["roles"], rows["village"]["open"]) == ([], 1)


def test_work_for_which_nobody_is_there_today(stage: Stage) -> None:
    today = timezone.localdate()
    caller = Caller(stage.supervisor)
    Deputy.objects.create(absent=stage.village, deputy=stage.caseworker, from_date=today, reason="病假")
    assert caller.get("workload/").json()["unattended"] == []
    Deputy.objects.create(absent=stage.caseworker, deputy=stage.colleague, from_date=today, reason="病假")
    [row] = caller.get("workload/").json()["unattended"]
    assert (row["user"]["name"], row["open"], row["why"]) == ("village", 1, "items_between_two_absent")
    stage.village.memberships.update(to_date=today)
    [row] = caller.get("workload/").json()["unattended"]
    assert row["why"] == "items_of_people_who_left"
    alone = factories.user(role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert Caller(alone).get("workload/").json()["unattended"] == []


def test_who_could_take_over_is_what_delegating_answers(stage: Stage) -> None:
    free = factories.user("free", role="village")
    factories.user("elsewhere", role="village", unit=factories.village("120114122202"))
    prior = factories.user("prior", role="village")
    item = WorkItem.objects.get(assignee=stage.village)
    item.excluded = [str(prior.pk)]
    item.save()
    rest = WorkItem.objects.get(assignee__isnull=True)
    caller = Caller(stage.supervisor)
    found = caller.get("workload/takers/", ids=f"{item.pk},{rest.pk}").json()
    told = {each["user"]["name"]: (set(each["able"]), set(each["excluded"])) for each in found}
    assert told == {
        "free": ({str(item.pk), str(rest.pk)}, set()),
        "prior": ({str(rest.pk)}, {str(item.pk)}),
        "village": ({str(rest.pk)}, set()),
    }
    assert found[0]["user"]["name"] == "free"
    for user in (free, prior, stage.colleague):
        body = {"action": "delegate", "ids": [str(item.pk), str(rest.pk)], "to": str(user.pk), "reason": "休假"}
        results = caller.post("work-items/bulk/", body).json()["results"]
        able = told.get(user.name, (set(), set()))[0]
        assert {each["id"] for each in results if each["ok"]} == able, user.name


def test_only_supervisors_ask_and_only_about_their_own(stage: Stage) -> None:
    item = WorkItem.objects.get(assignee=stage.village)
    assert_problem(Caller(stage.caseworker).get("workload/"), 403, "not_allowed")
    alone = factories.user(role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    other = Caller(alone)
    seen = {each["user"]["id"] for each in other.get("workload/").json()["people"]}
    assert seen == {str(alone.pk), str(stage.stranger.pk)}
    assert other.get("workload/takers/", ids=str(item.pk)).json() == []
    for wrong in ("", "one", ",".join([str(UUID(int=1))] * 201)):
        assert_problem(other.get("workload/takers/", ids=wrong), 400, "invalid", "?ids")


def test_as_many_statements_for_any_number_of_people(stage: Stage) -> None:
    caller = Caller(stage.supervisor)
    ids = ",".join(str(pk) for pk in WorkItem.objects.values_list("pk", flat=True))
    before = [caller.statements("workload/"), caller.statements("workload/takers/", ids=ids)]
    for place in range(6):
        factories.user(f"more{place}", role="village")
    assert [caller.statements("workload/"), caller.statements("workload/takers/", ids=ids)] == before
    assert max(before) <= 8
