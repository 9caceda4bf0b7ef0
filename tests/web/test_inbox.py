"""The inbox's page: rows, filters in the address, columns, saved filters, many rows at once, the next one."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def client(user: Any) -> Client:
    made = Client(headers={"accept-language": "en"})
    made.force_login(user)
    return made


def copies(item: WorkItem, count: int) -> None:
    for _copy in range(count):
        item.pk = WorkItem().pk
        item.token, item._state.adding = str(item.pk), True
        item.save()


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content
    return str(response.content.decode())


def test_without_filters_one_sees_what_one_can_do(stage: Stage) -> None:
    assert "Take a note" in text(client(stage.village).get("/inbox/"))
    assert "Take a note" not in text(client(stage.caseworker).get("/inbox/"))
    assert "Take a note" not in text(client(stage.caseworker).get("/inbox/?ordering=-due_at"))
    assert "Take a note" in text(client(stage.caseworker).get("/inbox/?doable="))


def test_a_stranger_sees_nothing_and_an_administrator_gets_no_page(stage: Stage) -> None:
    assert "Take a note" not in text(client(stage.stranger).get("/inbox/?doable="))
    assert client(factories.user("admin", role="sysadmin")).get("/inbox/").status_code == 403
    assert Client().get("/inbox/").headers["Location"].startswith("/log-in/")


def test_filters_narrow_and_a_wrong_one_is_told(stage: Stage) -> None:
    reader = client(stage.caseworker)
    assert "Take a note" in text(reader.get("/inbox/", {"q": "take", "role": "village"}))
    assert "Take a note" not in text(reader.get("/inbox/", {"role": "caseworker"}))
    assert "These filters do not work." in text(reader.get("/inbox/?overdue=perhaps"), 400)


def test_a_title_leads_back_to_the_same_rows(stage: Stage) -> None:
    item = stage.item("take_note")
    page = text(client(stage.caseworker).get("/inbox/?role=village&ordering=-due_at"))
    assert f"/work-items/{item.pk}/?inbox=role%3Dvillage%26ordering%3D-due_at" in page


def test_pages_follow_each_other(stage: Stage) -> None:
    copies(stage.item("take_note"), 60)
    reader = client(stage.caseworker)
    first = reader.get("/inbox/?role=village")
    assert len(first.context["items"]) == 50
    second = reader.get("/inbox/", {"role": "village", "cursor": first.context["next"]})
    assert len(second.context["items"]) == 11
    assert {row["id"] for row in first.context["items"]} & {row["id"] for row in second.context["items"]} == set()


def test_the_page_takes_few_statements_and_always_the_same(stage: Stage) -> None:
    reader = client(stage.caseworker)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(reader.get("/inbox/?role=village"))
        return sum("SAVEPOINT" not in query["sql"] for query in captured)

    count()
    few = count()
    copies(stage.item("take_note"), 49)
    assert count() == few <= 6  # session, user, grants, rows, columns, unread reminders


def test_fifty_rows_are_light(stage: Stage) -> None:
    copies(stage.item("take_note"), 60)
    page = client(stage.caseworker).get("/inbox/?doable=", headers={"accept-encoding": "gzip"})
    assert len(page.context["items"]) == 50
    assert len(page.content) < 15_000


def test_chosen_columns_are_remembered(stage: Stage) -> None:
    reader = client(stage.caseworker)
    chosen = reader.post("/inbox/columns/", {"columns": ["priority", "nonsense"], "inbox": "role=village"})
    assert chosen.headers["Location"] == "/inbox/?role=village"
    assert list(reader.get("/inbox/?doable=").context["columns"]) == ["priority"]
    assert len(client(stage.colleague).get("/inbox/?doable=").context["columns"]) > 1


def test_without_scripts_the_filters_are_a_page(stage: Stage) -> None:
    reader = client(stage.caseworker)
    assert "<h1" in text(reader.get("/inbox/filters/?role=village"))
    assert "<h1" not in text(reader.get("/inbox/filters/?role=village", headers=HTMX))


def test_a_filter_is_saved_counted_and_removed(stage: Stage) -> None:
    reader = client(stage.caseworker)
    saved = reader.post("/inbox/filters/?role=village", {"name": "村里的"}, headers=HTMX)
    [mine] = saved.context["saved"]
    assert (mine["name"], mine["count"], mine["query"]) == ("村里的", 1, {"role": "village"})
    again = reader.post("/inbox/filters/?role=village", {"name": "村里的"}, headers=HTMX)
    assert "There is a filter of this name already." in text(again, 409)
    assert client(stage.colleague).get("/inbox/filters/").context["saved"] == []
    assert client(stage.colleague).post(f"/inbox/filters/{mine['id']}/").status_code == 404
    assert reader.post(f"/inbox/filters/{mine['id']}/", headers=HTMX).context["saved"] == []


def test_many_rows_at_once_each_with_its_result(stage: Stage) -> None:
    item = stage.item("take_note")
    copies(item, 1)
    free, taken = WorkItem.objects.filter(step="take_note")
    other = factories.user("other", role="village")
    WorkItem.objects.filter(pk=taken.pk).update(assignee=other)
    told = client(stage.village).post(
        "/inbox/bulk/?doable=true", {"ids": [str(free.pk), str(taken.pk)], "action": "claim"}, headers=HTMX
    )
    page = text(told)
    assert "1 done, 1 refused" in page
    assert "Taken." in page
    assert "Somebody else has taken this." in page
    free.refresh_from_db()
    assert free.assignee_id == stage.village.pk


@pytest.mark.parametrize(
    "posted", [{}, {"action": "claim"}, {"ids": ["no-id"], "action": "claim"}, {"ids": [""], "action": "delegate"}]
)
def test_a_command_without_sense_is_told(stage: Stage, posted: dict[str, Any]) -> None:
    assert "alert-danger" in text(client(stage.caseworker).post("/inbox/bulk/", posted, headers=HTMX), 422)


def test_putting_off_needs_a_reason_and_takes_the_local_hour(stage: Stage) -> None:
    item = stage.item("take_note")
    posted = {"ids": [str(item.pk)], "action": "postpone", "until": "2199-01-01T09:00"}
    assert client(stage.caseworker).post("/inbox/bulk/", posted, headers=HTMX).status_code == 422
    text(client(stage.caseworker).post("/inbox/bulk/", {**posted, "postpone_reason": "出差"}, headers=HTMX))
    item.refresh_from_db()
    assert item.postponed_until is not None
    assert item.postponed_until.isoformat() == "2199-01-01T01:00:00+00:00"


def test_the_next_one_is_taken_and_opened(stage: Stage) -> None:
    item = stage.item("take_note")
    there = client(stage.village).post("/inbox/next/", {"doable": "true"})
    assert there.headers["Location"] == f"/work-items/{item.pk}/?inbox=doable%3Dtrue"
    item.refresh_from_db()
    assert item.assignee_id == stage.village.pk
    back = client(stage.village).post("/inbox/next/", {"doable": "true"}, follow=True)
    assert "Nothing is left here" in text(back)


def test_one_family_s_work_has_a_heading(stage: Stage) -> None:
    page = text(client(stage.caseworker).get(f"/inbox/?family={stage.case.family_id}"))
    assert f"Open work of {stage.case.family.label}" in page
