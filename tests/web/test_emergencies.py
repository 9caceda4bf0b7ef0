"""Pages of emergencies: reported in any role, shown with their clocks, opened and answered; the list of duty."""

from __future__ import annotations

import pytest
from django.utils import timezone

from backend.emergencies.models import Incident
from backend.reminders.models import Reminder
from tests import factories
from tests.api.test_emergencies import CHILD, FALL, Town
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


def test_a_helper_reports_a_child_and_notes_the_receipt_number(town: Town) -> None:
    """Numbers first; then what the law demands, and where to write it down. Whoever is on duty is told."""
    client = visitor(town.volunteer)
    form = text(client.get("/emergencies/new/"))
    assert all(each in form for each in ("110", "120", "119"))
    said = {"key": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "abuse", "facts": "minor", "situations": "injuries"}
    said |= {"who": CHILD["who"], "suspect": "nobody", "secret": "on"}
    where = client.post("/emergencies/new/", said)["Location"]
    assert client.post("/emergencies/new/", said)["Location"] == where
    shown = text(client.get(where))
    assert "To be reported to the police at once." in shown
    assert CHILD["who"] not in shown
    client.post(where, {"verb": "calls", "party": "110", "receipt": "110-0042"})
    assert "110-0042" in text(client.get(where))
    assert "To be reported to the police at once." not in text(client.get(where))
    told = Reminder.objects.filter(kind="emergency.reported").values_list("user", flat=True)
    assert set(told) == {town.supervisor.pk, town.vice.pk}


def test_a_report_without_a_kind_comes_back_as_it_was_typed(town: Town) -> None:
    response = visitor(town.volunteer).post("/emergencies/new/", {"where": "二组水井旁", "key": ""})
    assert 400 <= response.status_code < 500
    assert "二组水井旁" in response.content.decode()
    assert not Incident.objects.exists()


def test_the_office_opens_calls_off_and_finds_the_form(town: Town) -> None:
    row = town.reported(town.village, **FALL)
    client, page = visitor(town.supervisor), f"/emergencies/{row['id']}/"
    assert row["number"] in text(client.get("/emergencies/"))
    assert FALL["who"] not in text(client.get(page))
    assert FALL["who"] in text(client.post(page, {"verb": "open"}))
    item = town.item(town.supervisor, "acknowledge")
    assert item is not None
    assert FALL["where"] in text(client.get(f"/work-items/{item['id']}/"))
    assert client.post(page, {"verb": "call_off", "reason": ""}).status_code == 400
    assert client.post(page, {"verb": "call_off", "reason": "在邻居家"}).status_code == 302
    town.office.work()
    assert row["number"] in text(client.get("/emergencies/?open=false"))
    assert visitor(town.volunteer).get(page).status_code == 404


def test_the_two_named_officers_see_who_reported(town: Town) -> None:
    row = town.reported(town.village, **CHILD)
    client, page = visitor(town.supervisor), f"/emergencies/{row['id']}/"
    asked = {"verb": "reveal", "reason": "法院来函"}
    assert client.post(page, asked).status_code == 403
    town.on_duty(town.supervisor, "confidant")
    assert town.village.name in text(client.post(page, asked))


def test_the_list_of_duty_is_kept_by_supervisors(town: Town) -> None:
    client, today = visitor(town.supervisor), timezone.localdate().isoformat()
    form = {"unit": str(factories.town().pk), "post": "deputy", "user": str(town.vice.pk), "from_date": today}
    assert client.post("/duties/", form).status_code == 302
    assert "deputy on duty" in text(client.get("/duties/"))
    assert 'name="post"' in client.get("/duties/").content.decode()
    assert 'name="post"' not in visitor(town.caseworker).get("/duties/").content.decode()
    assert client.post("/duties/", {**form, "user": str(town.caseworker.pk)}).status_code == 422


def test_the_list_takes_as_many_statements_for_many(town: Town) -> None:
    client = visitor(town.supervisor)
    town.reported(town.village, **FALL)
    one = statements(client, "/emergencies/")
    town.reported(town.village, **FALL)
    assert statements(client, "/emergencies/") <= one
