"""E30: the pages of a disaster: declared, ticked row by row, figures; nobody sees families of elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.emergencies.models import Disaster, RollEntry
from backend.org.codes import load_codes
from tests import factories
from tests.kept import kept
from tests.steps.office import Office
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
ENGLISH = {"Accept-Language": "en"}


@kept
def office() -> Office:
    load_codes()
    made = Office(timezone.now())
    factories.family(risk_tier="A", label="周奶奶", status="registered", emergency_phone="13820001234")
    return made


def declare(office: Office) -> Any:
    until = f"{timezone.localtime(office.now + timedelta(hours=20)):%Y-%m-%dT%H:%M}"
    body = {"unit": str(factories.town().pk), "kind": "flood", "until_at": until, "key": "0198a3c2-0001"}
    return visitor(office.supervisor).post("/disasters/", body, headers=ENGLISH)


def test_declared_ticked_and_counted(office: Office, django_assert_max_num_queries: Any) -> None:
    response = declare(office)
    assert response.status_code == 302, response.content.decode()
    disaster = Disaster.objects.get()
    assert response["Location"] == f"/disasters/{disaster.pk}/"
    here = visitor(office.village)
    with django_assert_max_num_queries(22):
        shown = text(here.get(f"/disasters/{disaster.pk}/", headers=ENGLISH))
    assert "周奶奶" in shown
    assert 'href="tel:13820001234"' in shown
    inspected = text(visitor(factories.user(role="auditor")).get(f"/disasters/{disaster.pk}/", headers=ENGLISH))
    assert ("138****1234" in inspected, 'href="tel:' in inspected) == (True, False)
    body = {"entry": str(RollEntry.objects.get().pk), "state": "needs_help", "note": "屋里进水", "version": "1"}
    row = text(here.post(f"/disasters/{disaster.pk}/", body, headers={**ENGLISH, "HX-Request": "true"}))
    assert row.lstrip().startswith("<tr")
    assert "JJ-" in row
    again = here.post(f"/disasters/{disaster.pk}/", body, headers=ENGLISH)
    assert (again.status_code, "屋里进水" in again.content.decode()) == (409, True)


def test_refused_with_everything_typed_and_closed_to_strangers(office: Office) -> None:
    client = visitor(office.supervisor)
    bad = client.post(
        "/disasters/", {"unit": str(factories.town().pk), "kind": "flood", "until_at": "2020-01-01T08:00"}
    )
    assert (bad.status_code, "2020-01-01T08:00" in bad.content.decode()) == (422, True)
    assert declare(office).status_code == 302
    stranger = factories.user("stranger", role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert visitor(stranger).get(f"/disasters/{Disaster.objects.get().pk}/").status_code == 404
    assert visitor(factories.user("helper9", role="helper")).get("/disasters/").status_code == 403
