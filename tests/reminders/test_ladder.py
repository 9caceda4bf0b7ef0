"""Who hears of late work, and when: each rung once, the people above in their turn, nobody whom it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.cases.models import Family
from backend.org.models import Deputy, Membership
from backend.org.parameters import set_parameter
from backend.reminders import sending
from backend.reminders.models import Delivery, Reminder
from backend.visits.models import Visit
from tests import factories
from tests.workflows.stage import Stage
from workflows.models import WorkItem
from workflows.reminders import Book, remind_items, remind_visits, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(now: datetime) -> Stage:
    """An errand that waits for the village worker, due now."""
    made = Stage()
    made.start(now)
    WorkItem.objects.update(due_at=now)
    return made


def told() -> list[str]:
    """Sort and recipient of what was written, oldest first."""
    rows = Reminder.objects.order_by("id").values_list("kind", "role", "unit__name", "user__username")
    return [f"{kind.partition('.')[2]} {user or f'{role} {unit}'}" for kind, role, unit, user in rows]


@pytest.mark.parametrize(
    ("days", "hours", "tier", "rung"),
    [
        (-2, -1, "B", ""), (-2, 0, "B", "soon"), (0, -1, "B", "soon"), (0, 1, "B", "due"), (1, 0, "B", "late"),
        (2, 0, "B", "late"), (3, 0, "B", "escalated"), (7, 0, "B", "escalated"), (7, 0, "A", "leading"),
        (8, 0, "B", "escalated"), (9, 0, "B", "leading"),
    ],
)  # fmt: skip
def test_rungs_count_working_days_but_for_the_highest_risk(
    now: datetime, days: int, hours: int, tier: str, rung: str
) -> None:
    """Due on a Monday: a weekend lies between the fifth day and the seventh."""
    assert stage_of(now, high_risk=tier == "A", path="", now=now + timedelta(days=days, hours=hours)) == rung


def test_an_area_sets_its_own_days(now: datetime) -> None:
    own = {"soon_days": 0, "late_days": 2, "supervisor_days": 4, "leading_days": 9}
    set_parameter(key="reminder.ladder", value=own, from_date=factories.LONG_AGO, path="12.")
    later = now + timedelta(days=1)
    assert [stage_of(now, high_risk=False, path=path, now=later) for path in ("12.01.", "21.")] == ["due", "late"]


def test_each_rung_is_told_once_up_to_the_office_above(stage: Stage, now: datetime) -> None:
    factories.user("county", role="supervisor", unit=factories.region("120114000000"))
    counts = [remind_items(now + timedelta(hours=hour)) for hour in range(-72, 15 * 24, 12)]
    assert told() == [
        "soon village 赵庄村", "due village 赵庄村", "late village 赵庄村", "escalated supervisor 大黄堡镇",
        "leading supervisor 武清区",
    ]  # fmt: skip
    assert sum(counts) == 5


def test_after_days_without_power_only_the_rung_reached_is_told(stage: Stage, now: datetime) -> None:
    """E35: timers catch up once."""
    assert [remind_items(now + timedelta(days=3)) for _again in range(2)] == [1, 0]
    assert told() == ["escalated supervisor 大黄堡镇"]


def test_on_a_day_off_it_is_shown_only_unless_the_risk_is_high(stage: Stage, now: datetime) -> None:
    """D20: due on a Monday, found on the Sunday before (the Saturday was made a working day that year)."""
    sunday = now - timedelta(hours=24)
    remind_items(sunday)
    row = Reminder.objects.get()
    assert (row.kind, row.shown_only, row.decided_by.partition("@")[0]) == (
        "work_item.soon", True, "ladder/soon_holiday",
    )  # fmt: skip
    sending.show(now=sunday, book=Book())
    assert Reminder.objects.values_list("state", "send_at").get() == ("sent", None)
    Delivery.objects.all().delete()
    Reminder.objects.all().delete()
    Family.objects.update(risk_tier="A")
    remind_items(sunday)
    assert Reminder.objects.values_list("shown_only", flat=True).get() is False


def test_an_emergency_counts_as_high_risk_whoever_it_is_about(stage: Stage, now: datetime) -> None:
    """3.0: its days are counted as they come, and on a day off it is sent all the same; it hangs on no family."""
    WorkItem.objects.update(process="emergency_response", family=None, case=None)
    remind_items(now - timedelta(hours=24))
    assert Reminder.objects.values_list("kind", "shown_only").get() == ("work_item.soon", False)
    WorkItem.objects.update(due_at=now + timedelta(days=4))  # a Friday
    Reminder.objects.all().delete()
    remind_items(now + timedelta(days=5, hours=1))
    assert Reminder.objects.values_list("kind", "shown_only").get() == ("work_item.late", False)


def test_where_nobody_holds_the_post_the_supervisor_hears_at_once(stage: Stage, now: datetime) -> None:
    """D20, role absent: an empty post, and somebody who left with work in hand."""
    Membership.objects.filter(user=stage.village).update(to_date=now.date())
    remind_items(now - timedelta(hours=1))
    WorkItem.objects.update(assignee=stage.village, due_at=now + timedelta(days=1))
    remind_items(now)
    assert told() == ["soon supervisor 大黄堡镇"] * 2


def test_deputies_stand_on_the_ladder(stage: Stage, now: datetime) -> None:
    """Found out when it is sent: whoever is away hears nothing, whoever stands in hears it, on every rung."""
    inside = factories.user("inside", role="village", unit=factories.village())
    above = factories.user("above", role="caseworker")
    WorkItem.objects.update(assignee=stage.village)
    remind_items(now - timedelta(hours=1))
    remind_items(now + timedelta(days=3))
    for absent, deputy in ((stage.village, inside), (stage.supervisor, above)):
        Deputy.objects.create(absent=absent, deputy=deputy, from_date=factories.TODAY, reason="休假")
    sending.show(now=now, book=Book())
    shown = Delivery.objects.values_list("reminder__kind", "user__username")
    assert set(shown) == {("work_item.soon", "inside"), ("work_item.escalated", "above")}


def test_whoever_has_it_is_told_and_the_village_of_a_helper_s_work(stage: Stage, now: datetime) -> None:
    helper = factories.user("helper", role="helper")
    WorkItem.objects.update(role="helper", assignee=helper, unit=factories.town())
    remind_items(now - timedelta(hours=1))
    remind_items(now + timedelta(days=1))
    assert told() == ["soon helper", "late helper", "late village 赵庄村"]


def test_nobody_hears_of_what_is_about_them_or_about_an_audit(stage: Stage, now: datetime) -> None:
    WorkItem.objects.update(role="caseworker", unit=factories.town(), closed_to=stage.caseworker.pk)
    remind_items(now - timedelta(hours=1))
    sending.show(now=now, book=Book())
    assert list(Delivery.objects.values_list("user", flat=True)) == [stage.colleague.pk]
    WorkItem.objects.update(role="auditor")
    remind_items(now + timedelta(days=9))
    assert told()[-1] == "leading auditor 大黄堡镇"


def test_what_was_done_or_put_off_is_not_told(stage: Stage, now: datetime) -> None:
    remind_items(now - timedelta(hours=1))
    stage.note()
    sending.show(now=now, book=Book())
    assert list(Reminder.objects.values_list("state", "why")) == [("dropped", "done")]
    WorkItem.objects.filter(state="open").update(due_at=now, postponed_until=now + timedelta(days=5))
    assert remind_items(now) == 0


@pytest.mark.parametrize("count", [1, 40])
def test_statements_do_not_grow_with_the_items(stage: Stage, now: datetime, count: int) -> None:
    first = WorkItem.objects.get()
    for number in range(count):
        first.pk = None
        first.id, first.token = first._meta.get_field("id").get_default(), f"t{number}"
        first._state.adding = True
        first.save()
    remind_items(now - timedelta(days=30))  # parameters are held in memory from the first time on
    with CaptureQueriesContext(connection) as captured:
        assert remind_items(now) == count + 1
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) <= 5
    with CaptureQueriesContext(connection) as captured:
        sending.show(now=now, book=Book())
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) <= 14


def test_helpers_hear_of_visits_that_come_near(now: datetime) -> None:
    def planned(**fields: Any) -> Visit:
        return factories.visit(pairing, **fields)

    pairing = factories.pairing(factories.case(), factories.helper())
    near = planned(due_at=now + timedelta(days=2))
    planned(due_at=now + timedelta(days=4))
    planned(due_at=now - timedelta(days=1))
    planned(due_at=now + timedelta(days=1), state="done")
    assert [remind_visits(now), remind_visits(now)] == [1, 0]
    row = Reminder.objects.get()
    assert (row.about_id, row.helper_id, row.family_id) == (near.pk, pairing.helper_id, pairing.family_id)
