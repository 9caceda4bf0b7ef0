"""Today: numbers that lead to the same rows, others' work, and what changed since the last visit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.desk.models import Preference
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Suspension
from backend.org.codes import load_codes
from tests import factories
from tests.kept import kept
from tests.web.test_inbox import client, text
from tests.web.visitor import statements
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    made.note()
    return made


def test_every_number_is_the_number_of_rows_that_it_leads_to(stage: Stage) -> None:
    reader = client(stage.caseworker)
    for due in (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(days=3)):
        WorkItem.objects.update(due_at=due)
        for number in reader.get("/").context["counts"]:
            rows = reader.get(f"/inbox/?{number['address']}").context["items"]
            assert len(rows) == number["count"], number


def test_overdue_and_due_are_listed(stage: Stage) -> None:
    reader = client(stage.caseworker)
    item = stage.item("check_note")
    WorkItem.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert [row["id"] for row in reader.get("/").context["overdue"]["found"]] == [str(item.pk)]
    WorkItem.objects.update(due_at=timezone.now() + timedelta(days=2))
    assert reader.get("/").context["overdue"]["found"] == []
    assert [row["id"] for row in reader.get("/").context["due"]["found"]] == [str(item.pk)]


def test_others_work_and_what_a_colleague_has(stage: Stage) -> None:
    [waiting] = client(stage.supervisor).get("/").context["waiting"]
    assert (waiting["step"], waiting["open"]) == ("check_note", 1)
    assert client(stage.caseworker).get("/").context["waiting"] == []
    WorkItem.objects.filter(step="check_note").update(assignee=stage.colleague)
    [waiting] = client(stage.caseworker).get("/").context["waiting"]
    assert client(stage.caseworker).get(f"/inbox/?{waiting['address']}").context["items"] != []


def test_changes_are_what_others_did_since_the_last_visit(stage: Stage) -> None:
    now = timezone.now()
    reader = client(stage.caseworker)
    Preference.objects.create(user=stage.caseworker, name="today_seen_at", value="2026-01-01T00:00:00+00:00")
    first = reader.get("/").context
    assert [event["action"] for event in first["changes"]] == ["work_item.completed"]
    assert reader.get("/").context["since"] == first["since"]  # the same visit
    later = (now - timedelta(hours=2)).isoformat()
    Preference.objects.filter(name="today_seen_at").update(value=later)
    assert reader.get("/").context["changes"] == []
    assert client(stage.village).get("/").context["changes"] is None  # reads no history


def test_a_stranger_s_day_is_empty_and_an_administrator_has_none(stage: Stage) -> None:
    assert stage.case.number not in text(client(stage.stranger).get("/"))
    assert client(factories.user("admin", role="sysadmin")).get("/").context["has_inbox"] is False


def test_the_caseworker_sees_what_is_suspended_and_which_contacts_are_missing(stage: Stage) -> None:
    load_codes()
    load_kinds()
    case = factories.case(factories.family(categories=["bereaved"], label="冯秀英"))
    today = timezone.localdate()
    reader = client(stage.caseworker)
    quiet = text(reader.get("/"))
    assert 'id="suspended"' not in quiet
    pairing = factories.pairing(case, factories.helper(name="赵师傅"))
    Suspension.objects.create(pairing=pairing, from_date=today, reason="complaint")
    said = text(reader.get("/"))
    assert f'href="/pairings/{pairing.pk}/suspension/"' in said
    assert f'href="/families/{case.family_id}/helpers/"' in said
    assert "冯秀英 · 赵师傅" in said
    before = statements(reader, "/")
    for _each in range(3):
        other = factories.pairing(factories.case(factories.family(categories=["bereaved"])))
        Suspension.objects.create(pairing=other, from_date=today, reason="safety")
    assert statements(reader, "/") == before
    others = text(client(stage.supervisor).get("/")) + text(client(stage.village).get("/"))
    assert 'id="suspended"' not in others
    assert 'id="without_contacts"' not in others
