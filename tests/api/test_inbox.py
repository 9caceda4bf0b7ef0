"""The inbox: what is in it, how it is narrowed and counted, and what a row tells to whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def items(caller: Caller, **parameters: Any) -> list[str]:
    """The steps that a list shows."""
    return [row["step"] for row in results(caller.get("work-items/", **parameters))]


def another(item: WorkItem, **changes: Any) -> WorkItem:
    """A copy of an item with something changed."""
    copy = WorkItem.objects.get(pk=item.pk)
    fresh = WorkItem()
    copy.pk, copy.token, copy._state.adding = fresh.pk, str(fresh.pk), True
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.save()
    return copy


def test_a_row_tells_what_the_contract_says(stage: Stage) -> None:
    [row] = results(Caller(stage.village).get("work-items/"))
    item = WorkItem.objects.get()
    promised = (
        "id", "title", "process", "step", "state", "role", "unit", "case", "family", "assignee", "priority",
        "created_at", "due_at", "overdue", "version",
    )  # fmt: skip
    assert set(promised) <= set(row)
    assert row["id"] == str(item.pk)
    assert row["case"] == {"id": str(stage.case.pk), "number": stage.case.number}
    assert row["family"] == {"id": str(stage.case.family_id), "label": stage.case.family.label}
    assert row["unit"] == {"id": str(item.unit_id), "name": item.unit.name}
    assert (row["step"], row["process"], row["role"], row["state"]) == ("take_note", "errand", "village", "open")
    assert (row["assignee"], row["version"], row["priority"]) == (None, 1, item.priority)
    assert row["created_at"].endswith("+08:00")


@pytest.mark.parametrize(("language", "title"), [("en", "Take a note"), ("zh-CN", "记录"), ("fr", "记录")])
def test_titles_follow_the_language(stage: Stage, language: str, title: str) -> None:
    [row] = results(Caller(stage.village, language=language).get("work-items/"))
    assert row["title"] == title


def test_an_inbox_holds_open_items_unless_asked_otherwise(stage: Stage) -> None:
    stage.note()
    caller = Caller(stage.caseworker)
    assert items(caller) == ["check_note"]
    assert items(caller, state="done") == ["take_note"]
    assert sorted(items(caller, state="any")) == ["check_note", "take_note"]


def test_filters_narrow_it(stage: Stage) -> None:
    item = WorkItem.objects.get()
    late = another(item, step="late", due_at=timezone.now() - timedelta(hours=1), priority=90, process="other")
    item.due_at = timezone.now() + timedelta(days=2)
    item.save()
    caller = Caller(stage.caseworker)
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    assert items(caller, overdue="true") == ["late"]
    assert items(caller, overdue="false") == ["take_note"]
    assert items(caller, due_before=soon) == ["late"]
    assert items(caller, priority=90) == ["late"]
    assert items(caller, process="other") == ["late"]
    assert items(caller, step="late") == ["late"]
    assert items(caller, role="village") == ["late", "take_note"]
    assert items(caller, role="caseworker") == []
    assert items(caller, case=str(late.case_id)) == ["late", "take_note"]
    assert items(caller, family=str(factories.family().pk)) == []
    assert items(caller, unit=str(factories.village().pk)) == ["late", "take_note"]
    assert items(caller, unit=factories.VILLAGE) == ["late", "take_note"]
    assert items(caller, unit=str(factories.village("120114122202").pk)) == []


def test_it_is_narrowed_by_whose_it_is(stage: Stage) -> None:
    item = WorkItem.objects.get()
    another(item, step="mine", assignee=stage.village)
    another(item, step="theirs", assignee=stage.colleague)
    caller = Caller(stage.village)
    assert items(caller, assignee="me") == ["mine"]
    assert items(caller, assignee="none") == ["take_note"]
    assert items(caller, assignee=str(stage.colleague.pk)) == ["theirs"]
    assert items(caller, assignee=str(stage.case.pk)) == []


def test_it_is_searched_by_name_initials_number_and_title(stage: Stage) -> None:
    item = WorkItem.objects.get()
    item.search = f"记录 take a note {stage.case.number.lower()} 孙桂兰 sgl"
    item.save()
    caller = Caller(stage.village)
    for text in ("桂兰", "SGL", "sgl", "记录", "take a", stage.case.number):
        assert items(caller, q=text) == ["take_note"], text
    assert items(caller, q="王") == []
    assert items(caller, q="%") == []


def test_what_can_be_done_and_what_is_put_off(stage: Stage) -> None:
    item = WorkItem.objects.get()
    assert items(Caller(stage.village), doable="true") == ["take_note"]
    assert items(Caller(stage.caseworker), doable="true") == []
    assert items(Caller(stage.caseworker), doable="false") == ["take_note"]
    item.postponed_until = timezone.now() + timedelta(days=1)
    item.save()
    assert items(Caller(stage.village), postponed="false") == []
    assert items(Caller(stage.village), postponed="true") == ["take_note"]


def test_overdue_in_a_row_a_filter_and_a_count_is_the_same(stage: Stage) -> None:
    item = WorkItem.objects.get()
    now = timezone.now()
    for minutes in (-1, 1):
        another(item, step=f"due{minutes}", due_at=now + timedelta(minutes=minutes))
    another(item, step="done", due_at=now - timedelta(days=1), state="done")
    item.delete()
    caller = Caller(stage.village)
    told = {row["step"]: row["overdue"] for row in results(caller.get("work-items/", state="any"))}
    assert told == {"due-1": True, "due1": False, "done": False}
    assert items(caller, overdue="true", state="any") == ["due-1"]
    assert caller.get("work-items/counts/").json()["overdue"] == 1
    assert [row.step for row in WorkItem.objects.overdue(now)] == ["due-1"]


def test_counts_per_queue(stage: Stage) -> None:
    item = WorkItem.objects.get()
    another(item, assignee=stage.village)
    another(item, role="caseworker", unit=factories.town(), unit_path=factories.town().path, step="check_note")
    counts = Caller(stage.village).get("work-items/counts/").json()
    assert (counts["open"], counts["mine"], counts["unassigned"]) == (2, 1, 1)
    counts = Caller(stage.caseworker).get("work-items/counts/").json()
    assert counts["open"] == 3
    queues = {(queue["role"], queue["unit"]["name"], queue["step"]): queue["open"] for queue in counts["queues"]}
    assert queues == {("village", "赵庄村", "take_note"): 2, ("caseworker", "大黄堡镇", "check_note"): 1}
    assert Caller(stage.caseworker).get("work-items/counts/", role="caseworker").json()["open"] == 1
    assert Caller(stage.stranger).get("work-items/counts/").json()["open"] == 0


def test_orders(stage: Stage) -> None:
    item = WorkItem.objects.get()
    another(item, step="urgent", priority=99, due_at=item.due_at + timedelta(days=1))
    caller = Caller(stage.village)
    assert items(caller) == ["take_note", "urgent"]
    assert items(caller, ordering="-due_at") == ["urgent", "take_note"]
    assert items(caller, ordering="-priority") == ["urgent", "take_note"]
    assert items(caller, ordering="id") == ["take_note", "urgent"]


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"state": "lost"}, "?state"),
        ({"assignee": "nobody"}, "?assignee"),
        ({"role": "king"}, "?role"),
        ({"unit": "999999999999"}, "?unit"),
        ({"unit": "01890000-0000-7000-8000-000000000000"}, "?unit"),
        ({"case": "1"}, "?case"),
        ({"family": "x'; DROP TABLE"}, "?family"),
        ({"due_before": "yesterday"}, "?due_before"),
        ({"overdue": "maybe"}, "?overdue"),
        ({"priority": "high"}, "?priority"),
        ({"priority": "101"}, "?priority"),
        ({"q": "x" * 61}, "?q"),
        ({"q": "a\0b"}, "?q"),
        ({"ordering": "draft"}, "?ordering"),
        ({"ordering": "family__label"}, "?ordering"),
        ({"cursor": "nonsense"}, "?cursor"),
        ({"page_size": "0"}, "?page_size"),
        ({"page_size": "many"}, "?page_size"),
        ({"asignee": "me"}, "?asignee"),
    ],
)
def test_unknown_parameters_and_values_are_refused(stage: Stage, parameters: dict[str, str], pointer: str) -> None:
    assert_problem(Caller(stage.village).get("work-items/", **parameters), 400, "invalid", pointer)


def test_a_unit_out_of_sight_is_no_unit(stage: Stage) -> None:
    elsewhere = factories.town(factories.OTHER_TOWN)
    assert_problem(Caller(stage.village).get("work-items/", unit=str(elsewhere.pk)), 400, "invalid", "?unit")
