"""Pages of health services: one person at a time, a voucher without a name, figures in which nobody can be made out."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.health.models import HealthCount, HealthService
from tests import factories
from tests.api.test_health import CAME, NAME, Town
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


def test_a_village_worker_takes_it_in_and_learns_a_number(town: Town) -> None:
    client = visitor(town.village)
    assert "/health/" in text(client.get("/"))
    assert f'href="/health/?family={town.case.family_id}"' in text(client.get("/health/", {"q": "孙桂兰"}))
    members = text(client.get("/health/", {"family": str(town.case.family_id)}))
    new = f"/health/persons/{town.person.pk}/new/"
    assert f'href="{new}"' in members
    assert "check before a pregnancy" in text(client.get(new))
    form = text(client.get(new, {"kind": "pre_conception"}))
    assert all(f'name="{name}"' in form for name in ("residence_months", "planning", "had_before", "hospital"))
    refused = client.post(f"{new}?kind=pre_conception", {"residence_months": "30", "planning": "true"})
    assert refused.status_code == 422
    assert "Choose a designated hospital" in refused.content.decode()
    said = {"residence_months": "30", "planning": "true", "hospital": str(town.hospital.pk)}
    made = client.post(f"{new}?kind=pre_conception", said, follow=True)
    assert HealthService.objects.get().number in text(made)
    assert client.post(new, said).status_code == 404


def test_a_caseworker_follows_it_and_deletes_it_when_it_is_wanted_no_more(town: Town) -> None:
    row = town.granted()
    client = visitor(town.caseworker)
    family = text(client.get(f"/families/{town.case.family_id}/"))
    page = f"/health/persons/{town.person.pk}/"
    assert f'href="{page}"' in family
    assert row.number not in family
    shown = text(client.get(page))
    assert all(each in shown for each in (row.number, "check before a pregnancy", "镇卫生院", "under way"))
    slip = text(client.get(f"/health/services/{row.pk}/slip/"))
    assert row.number in slip
    assert NAME not in slip
    assert "pregnancy" not in slip
    town.appointed(row)
    town.done(town.liaison, "report_attendance", CAME)
    assert "the result is with the person" in text(client.get(page))
    gone = client.post(f"/health/services/{row.pk}/decline/", {"person": str(town.person.pk)}, follow=True)
    assert "Nothing was asked for." in text(gone)
    assert statements(client, page) <= 14


def test_others_are_refused_and_that_is_an_event(town: Town) -> None:
    row = town.granted()
    for user in (town.supervisor, town.village, town.liaison):
        client = visitor(user)
        for page in (f"/health/persons/{town.person.pk}/", f"/health/services/{row.pk}/slip/"):
            assert client.get(page).status_code == 403
        assert Event.objects.filter(action="health_file.refused", actor_id=user.pk).count() == 2


def test_the_hospital_answers_from_its_inbox(town: Town) -> None:
    row = town.granted()
    client = visitor(town.liaison)
    inbox = text(client.get("/inbox/", {"q": row.number}))
    assert row.number in inbox
    assert NAME not in inbox
    assert "pregnancy" not in inbox
    form = text(client.get(f"/work-items/{town.item(town.liaison, 'agree_appointment').pk}/"))
    assert "check before a pregnancy" in form
    assert NAME not in form


def test_figures_and_the_villages_whose_turn_it_is(town: Town) -> None:
    village, office = factories.village(), factories.town()
    client = visitor(town.caseworker)
    today = timezone.localdate()
    sent = {"site": str(village.pk), "day": today.isoformat(), "what": "talk", "number": "12"}
    assert client.post("/health/counts/", sent).status_code == 302
    refused = client.post("/health/counts/", {**sent, "day": "2025-01-01"})
    assert refused.status_code == 409
    assert "This month is closed" in refused.content.decode()
    HealthCount.objects.update(month=date(today.year - 1, 1, 1))
    HealthCount.objects.create(
        office=office, site=office, month=date(today.year - 1, 1, 1), what="womens_check", number=4
    )
    closed = text(visitor(town.supervisor).get("/health/counts/", {"month": f"{today.year - 1}-01"}))
    assert all(each in closed for each in ("people at talks", "12", "health check", "not told"))
    assert "Enter a count" not in closed
    assert "still open" in text(client.get("/health/counts/", {"month": f"{today:%Y-%m}"}))
    assert "Figures below 5" in text(client.get("/health/counts/", {"month": "nonsense"}))
