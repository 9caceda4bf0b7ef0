"""Pages of access tickets: asked for on a family's page, decided in the inbox, shown with every look."""

from __future__ import annotations

import pytest

from tests.api.test_access_tickets import GRANT, WHY, Township
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db

SAID = {"subject": "minor", "purpose": "audit", "reason": WHY, "hours": "4"}


@kept
def town() -> Township:
    return Township()


def test_from_the_familys_page_to_a_look_and_back(town: Township) -> None:
    client = visitor(town.auditor)
    family = text(client.get(f"/families/{town.family.pk}/"))
    new = f"/access-tickets/new/?family={town.family.pk}"
    assert new in family
    assert "张*满" in family
    assert "张小满" not in family
    sought = client.post(f"/persons/{town.child.pk}/reveal/", {"field": "name", "reason": WHY})
    assert sought.status_code == 403
    assert f"/access-tickets/new/?person={town.child.pk}" in sought.content.decode()
    assert client.post(new, {**SAID, "reason": ""}).status_code == 400
    assert client.post(new, {**SAID, "hours": "9"}).status_code in {400, 422}
    where = client.post(new, SAID)["Location"]
    assert "to be decided" in text(client.get(where))
    supervisor = visitor(town.supervisor)
    assert "SQ-" in text(supervisor.get("/access-tickets/", {"show": "to_decide"}))
    item = town.item(town.supervisor, "decide_access")
    assert item is not None
    form = text(supervisor.get(f"/work-items/{item['id']}/"))
    assert all(each in form for each in (WHY, "刘科", "data of a minor", "an audit"))
    town.done(town.supervisor, "decide_access", GRANT)
    assert "张小满" in text(client.post(f"/persons/{town.child.pk}/reveal/", {"field": "name", "reason": WHY}))
    shown = text(supervisor.get(where))
    assert all(each in shown for each in ("老王", "Take it back now", "Name"))
    assert client.post(f"{where}close/")["Location"] == where
    assert "ended early" in text(client.get(where))
    assert statements(client, "/access-tickets/") <= 10


def test_who_gets_there(town: Township) -> None:
    assert visitor(town.caseworker).get("/access-tickets/").status_code == 403
    assert visitor(town.supervisor).get("/access-tickets/new/").status_code == 403
    client = visitor(town.village)
    assert client.get("/access-tickets/new/?family=x").status_code == 404
    assert "No access ticket." in text(client.get("/access-tickets/"))
