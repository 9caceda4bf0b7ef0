"""Where work is late: counts by village, step, person and queue, on diagrams, and what of it was put off."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.org.codes import load_codes
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@kept
def stage() -> Stage:
    """Two overdue errands of one village, one of them taken; an errand in time of another village."""
    load_codes()
    made = Stage()
    first = made.start(NOW - timedelta(days=30))
    second = factories.case(factories.family(label="李四"))
    services.start(process="errand", case=second, actor=factories.actor(), now=NOW - timedelta(days=40))
    elsewhere = factories.case(factories.family(unit=factories.village("120114122202"), label="王五"))
    services.start(process="errand", case=elsewhere, actor=factories.actor(), now=NOW)
    services.claim(item=WorkItem.objects.get(instance=first), user=made.village, now=NOW)
    return made


def test_every_count_is_the_inboxs(stage: Stage) -> None:
    caller = Caller(stage.supervisor)
    found = caller.get("overview/").json()
    totals = found["totals"]
    assert (totals["open"], totals["overdue"], totals["unclaimed"], totals["postponed"]) == (3, 2, 2, 0)
    for group, parameters in [
        *((row, {"village": row["unit"]["id"]}) for row in found["villages"]),
        *((row, {"process": row["process"], "step": row["step"]}) for row in found["steps"]),
        *((row, {"assignee": row["user"]["id"] if row["user"] else "none"}) for row in found["people"]),
    ]:
        assert len(results(caller.get("work-items/", **parameters))) == group["open"] > 0
        late = results(caller.get("work-items/", overdue="true", **parameters))
        assert len(late) == group["overdue"]
        first = min((row["due_at"] for row in late), default=None)
        assert (group["late_since"] or None) == first
    assert [(row["unit"]["name"], row["open"], row["overdue"]) for row in found["villages"]] == [
        ("赵庄村", 2, 2), ("后蒲棒村", 1, 0),
    ]  # fmt: skip
    [waiting] = found["waiting"]
    assert (waiting["role"], waiting["unit"]["name"], waiting["overdue"], waiting["unclaimed"]) == (
        "village", "赵庄村", 2, 1,
    )  # fmt: skip


def test_what_was_put_off_is_told_with_its_reason(stage: Stage) -> None:
    item = WorkItem.objects.get(assignee=stage.village)
    later = NOW + timedelta(days=3)
    services.postpone(item=item, until=later, reason="家属住院", user=stage.supervisor, now=NOW)
    found = Caller(stage.supervisor).get("overview/").json()
    assert found["totals"]["postponed"] == 1
    assert [(row["reason"], row["family"]["label"]) for row in found["postponed"]] == [("家属住院", item.family_label)]


def test_it_is_narrowed_like_the_inbox(stage: Stage) -> None:
    caller = Caller(stage.supervisor)
    assert caller.get("overview/", unit="120114122202").json()["totals"]["open"] == 1
    assert caller.get("overview/", village="120114122201").json()["totals"]["overdue"] == 2
    assert caller.get("overview/", step="nothing_of_the_kind").json()["totals"]["open"] == 0
    assert_problem(caller.get("overview/", unit="999999999999"), 400, "invalid", "?unit")
    assert_problem(caller.get("overview/", due="today"), 400, "invalid", "?due")


def test_a_village_worker_sees_the_own_village_and_a_stranger_nothing(stage: Stage) -> None:
    assert Caller(stage.village).get("overview/").json()["totals"]["open"] == 2
    assert Caller(stage.stranger).get("overview/").json()["totals"]["open"] == 0
    assert_problem(
        Caller(factories.user(role="liaison", unit=factories.partner())).get("overview/"), 403, "not_allowed"
    )


def test_tokens_on_the_diagram(stage: Stage) -> None:
    caller = Caller(stage.supervisor)
    found = caller.get("overview/tokens/", process="errand").json()
    assert [(row["node"], row["open"], row["overdue"]) for row in found["nodes"]] == [("take_note", 3, 2)]
    assert (found["running"], found["alone"]) == (3, 0)
    assert 'id="take_note"' in found["bpmn"]
    assert_problem(caller.get("overview/tokens/"), 400, "invalid", "?process")
    assert_problem(caller.get("overview/tokens/", process="none"), 404, "not_found")
    assert Caller(stage.stranger).get("overview/tokens/", process="errand").json()["running"] == 0


def test_as_many_statements_for_any_number_of_items(stage: Stage) -> None:
    caller = Caller(stage.supervisor)
    before = [caller.statements("overview/"), caller.statements("overview/tokens/", process="errand")]
    for place in range(5):
        there = factories.village(f"1201141222{10 + place}")
        case = factories.case(factories.family(unit=there, label=f"户{place}"))
        services.start(process="errand", case=case, actor=factories.actor(), now=NOW - timedelta(days=30))
    after = [caller.statements("overview/"), caller.statements("overview/tokens/", process="errand")]
    assert after == before
    assert max(after) <= 10
