"""Pages of requests and complaints: taken in step by step, listed with their clocks, shown with what became of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.rights.models import Grievance
from tests.api.test_grievances import FOUND, TEXT, WHO, Town, told
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db

SAID = {"text": TEXT, "complainant": WHO, "channel": "visit", "reply_by": "in_person"}


@kept
def town() -> Town:
    return Town()


def test_a_village_worker_takes_one_in_at_the_door(town: Town) -> None:
    """Family, subject, words: three steps, and the number to tell."""
    client = visitor(town.village)
    new = "/grievances/new/"
    assert f'href="{new}"' in text(client.get("/grievances/"))
    found = text(client.get(new, {"q": town.family.label[:1]}))
    assert f"{new}?family={town.family.pk}" in found
    assert "A complaint about the helper" in text(client.get(new, {"family": str(town.family.pk)}))
    address = f"{new}?family={town.family.pk}&subject=helper"
    refused = client.post(address, {**SAID, "text": ""})
    assert refused.status_code == 400
    assert WHO in refused.content.decode()
    where = client.post(address, SAID)["Location"]
    shown = text(client.get(where))
    assert all(each in shown for each in (TEXT, WHO, town.helper.name, "TS-"))
    assert TEXT not in text(client.get("/grievances/"))
    assert Grievance.objects.get().number in text(client.get("/grievances/"))


def test_the_inbox_leads_on_and_the_page_tells_what_became_of_it(town: Town) -> None:
    taken = town.taken_in()
    supervisor = visitor(town.supervisor)
    assert "Look into it" in text(supervisor.get("/inbox/"))
    item = town.item(town.supervisor, "investigate")
    assert item is not None
    form = text(supervisor.get(f"/work-items/{item['id']}/"))
    assert all(each in form for each in (TEXT, WHO, "Measure"))
    town.done(town.supervisor, "investigate", FOUND)
    town.done(town.caseworker, "reply_to_person", told())
    shown = text(supervisor.get(f"/grievances/{taken['id']}/"))
    assert all(each in shown for each in ("upheld", FOUND["answer"], FOUND["evidence"], "satisfied", "老王"))


@pytest.mark.parametrize(
    ("subject", "more"),
    [("withdraw", {"purpose": "photo", "identity": "known"}), ("copy", {"identity": "id_card"}), ("officer", {}),
     ("decision", {}), ("objection", {"case": ""})],
)  # fmt: skip
def test_each_subject_asks_what_it_needs(town: Town, subject: str, more: dict[str, str]) -> None:
    client = visitor(town.caseworker)
    address = f"/grievances/new/?family={town.family.pk}&subject={subject}"
    form = client.get(address).content.decode()
    assert all(f'name="{name}"' in form for name in more)
    given = {name: value or str(town.case.pk) for name, value in more.items()}
    response = client.post(address, {**SAID, **given})
    assert response.status_code == 302, text(response)
    assert client.get(response["Location"]).status_code == 200


def test_the_list_is_narrowed_and_tells_what_is_overdue(town: Town) -> None:
    town.taken_in()
    Grievance.objects.update(due_at=timezone.now() - timedelta(days=1))
    client = visitor(town.supervisor)
    assert "overdue" in text(client.get("/grievances/", {"overdue": "true"}))
    assert "No request or complaint." in text(client.get("/grievances/", {"kind": "copy"}))
    part = text(client.get("/grievances/", {"state": "open"}, headers={"HX-Request": "true"}))
    assert "TS-" in part
    assert "<html" not in part
    assert 'id="refused"' in text(client.get("/grievances/", {"state": "gone"}))
    assert statements(client, "/grievances/") <= 10


def test_for_whom(town: Town) -> None:
    taken = town.taken_in()
    accused = town.helper.user
    assert accused is not None
    assert visitor(accused).get("/grievances/").status_code == 403
    assert visitor(town.auditor).get("/grievances/new/").status_code == 403
    colleague = visitor(town.caseworker)
    assert colleague.get(f"/grievances/{taken['id']}/").status_code == 200
    assert colleague.get("/grievances/new/?family=x").status_code == 404
    assert colleague.post(f"/grievances/new/?family={town.family.pk}", SAID).status_code == 404
