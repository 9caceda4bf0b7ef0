"""Pages of honours: called for, nominated, followed through its steps, objected to, withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.activities.models import Honour
from tests import factories
from tests.api.test_honours import AWARD, SELF_CHECK, Town, on_site
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


def nominated(town: Town, **changes: Any) -> str:
    """A village's nomination of its family; returns its address."""
    said = {
        "candidate_family": str(town.family.pk), "origin": "village", "merits": "邻里互助十年",
        "name_consented": "true", **changes,
    }  # fmt: skip
    response = visitor(town.village).post(f"/honours/{town.call.pk}/nominate/?who=family", said)
    assert response.status_code == 302, response.content
    address: str = response["Location"]
    return address


def test_a_selection_is_called_for(town: Town) -> None:
    client = visitor(town.caseworker)
    assert f"/honours/{town.call.pk}/" in text(client.get("/honours/"))
    today = timezone.localdate()
    said = {
        "kind": "good_neighbour", "year": str(today.year), "unit": str(factories.town().pk), "quota": "2",
        "opens_on": today.isoformat(), "closes_on": (today - timedelta(days=1)).isoformat(), "publicity_days": "5",
        "term_months": "24",
    }  # fmt: skip
    refused = client.post("/honours/new/", said)
    assert refused.status_code == 422
    assert 'id="refused"' in refused.content.decode()
    response = client.post("/honours/new/", {**said, "closes_on": today.isoformat()})
    assert "Good neighbour" in text(client.get(response["Location"]))
    assert visitor(town.supervisor).get("/honours/new/").status_code == 403


def test_a_village_nominates_its_family(town: Town) -> None:
    """Who it is, then why; typed words stay when something is missing. A village chooses no volunteers."""
    client, address = visitor(town.village), f"/honours/{town.call.pk}/nominate/"
    asked = text(client.get(address))
    assert "?who=family" in asked
    assert "?who=volunteer" not in asked
    found = client.get("/honours/choices/", {"candidate_family_q": town.family.label})
    assert str(town.family.pk) in text(found)
    refused = client.post(f"{address}?who=family", {"candidate_family": str(town.family.pk), "merits": "互助"})
    assert refused.status_code == 400
    assert "互助" in refused.content.decode()
    page = text(client.get(nominated(town)))
    assert all(each in page for each in ("邻里互助十年", "may be made public", "/work-items/"))
    assert statements(client, f"/honours/{town.call.pk}/") <= 10
    assert statements(client, f"/nominations/{Honour.objects.get().pk}/") <= 12
    assert visitor(town.auditor).get(f"{address}?who=family").status_code == 403
    assert client.get(f"{address}?who=king").status_code == 404


def test_volunteer_and_village_are_nominated_too(town: Town) -> None:
    client, address = visitor(town.caseworker), f"/honours/{town.call.pk}/nominate/"
    said = {"origin": "self", "merits": "服务五年", "unit": str(factories.village().pk)}
    helper = factories.helper(user=town.office.volunteer)
    response = client.post(f"{address}?who=volunteer", {**said, "helper": str(helper.pk)})
    where = response["Location"]
    assert helper.name in text(client.get(where))
    assert visitor(town.office.volunteer).get(where).status_code == 403
    assert client.post(f"{address}?who=village", said).status_code == 302
    assert factories.village().name in text(client.get(f"/honours/{town.call.pk}/"))


def test_a_model_community_shows_both_checks(town: Town) -> None:
    """W28: its own points and those found on site, side by side; whoever checks reads what it said of itself."""
    row = town.community()
    address = f"/nominations/{row['id']}/"
    assert visitor(town.village).post(town_item(visitor(town.village), "self_check"), SELF_CHECK).status_code == 302
    caseworker = visitor(town.caseworker)
    item = town_item(caseworker, "check_on_site")
    assert "五项工作台账齐全" in text(caseworker.get(item))
    assert caseworker.post(item, on_site()).status_code == 302
    page = text(caseworker.get(address))
    assert all(each in page for each in ("civility 18", "civility 16", "看了三处阵地", "Checked on site"))


def test_what_is_public_is_objected_to(town: Town) -> None:
    row = town.published(name_consented=True)
    client, address = visitor(town.village), f"/nominations/{row.pk}/"
    page = text(client.get(address))
    assert row.published_text in page
    assert f"{address}objection/" in page
    said = {"text": "材料不实", "objector": "邻居老刘"}
    assert client.post(f"{address}objection/", said)["Location"] == address
    again = client.post(f"{address}objection/", said)
    assert again.status_code == 409
    assert "材料不实" in again.content.decode()
    assert "老刘" not in text(client.get(address))
    auditor = visitor(town.auditor)
    item = town_item(auditor, "settle_objection")
    assert "老刘" in text(auditor.get(item))
    answers = {"objection": "upheld", "evidence": "走访三户"}
    assert auditor.post(item, answers).status_code == 302
    assert "objection upheld" in text(client.get(address))


def test_from_the_inbox_to_the_award_and_back(town: Town) -> None:
    """Each step's form opens from the inbox; the honour has a term and is withdrawn with a reason."""
    row = town.published(name_consented=True)
    town.pass_days(row, 6)
    supervisor, address = visitor(town.supervisor), f"/nominations/{row.pk}/"
    item = town_item(supervisor, "approve_award")
    assert "/honours/" in text(supervisor.get(item))
    assert supervisor.post(item, AWARD).status_code == 302
    page = text(supervisor.get(address))
    assert all(each in page for each in (AWARD["minutes"], "Held until", "Taken down", f"{address}withdrawal/"))
    assert f"{address}withdrawal/" not in text(visitor(town.caseworker).get(address))
    assert supervisor.post(f"{address}withdrawal/", {}).status_code == 400
    assert supervisor.post(f"{address}withdrawal/", {"reason": "材料造假"}).status_code == 302
    assert "材料造假" in text(supervisor.get(address))


def town_item(client: Any, step: str) -> str:
    """The address of the item of this step, as the inbox links it."""
    page = text(client.get("/inbox/", {"step": step}))
    return "/work-items/" + page.split('href="/work-items/')[1].split('"')[0].replace("&amp;", "&")
