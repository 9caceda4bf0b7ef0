"""E8: an emergency told without an account: before whoever is on duty at once, nothing shown back, limited."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from backend.emergencies.models import Entry, Incident
from backend.org.models import Parameter
from tests import factories
from tests.api.caller import Caller
from tests.api.test_emergencies import FALL, Town
from tests.kept import kept
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten_attempts() -> None:
    cache.clear()


@kept
def town() -> Town:
    return Town()


def said(**changed: Any) -> dict[str, Any]:
    body = {"id": str(uuid4()), "place": factories.TOWN, "kind": "fire", "where": "二组水井旁", "what": "煤气味"}
    return {**body, "callback": "138 0000 0000", **changed}


def send(body: Any, **headers: str) -> Any:
    return Client().post("/api/public-reports/", body, content_type="application/json", headers=headers)


def test_it_is_put_before_whoever_is_on_duty_and_climbs_like_any_other(town: Town) -> None:
    town.on_duty(town.supervisor, "first")
    town.on_duty(town.vice, "deputy")
    response = send(said())
    assert response.status_code == 201, response.content
    assert set(response.json()) == {"receipt", "call"}
    assert response.json()["call"] == ["120", "110", "119"]
    row = Incident.objects.get()
    assert (row.unverified, row.level, row.finder_key, row.callback) == (True, "at_once", None, "138 0000 0000")
    assert [entry.label for entry in row.entries.filter(kind=Entry.Kind.TOLD)] == ["老王"]
    town.later(minutes=11)
    assert [entry.label for entry in row.entries.filter(kind=Entry.Kind.TOLD)] == ["老王", "副主任"]
    item = town.item(town.supervisor, "acknowledge")
    assert item is not None
    facts = {fact["label"] for fact in Caller(town.supervisor).get(f"work-items/{item['id']}/form/").json()["told"]}
    assert len(facts) > 3
    shown = Caller(town.supervisor).get(f"emergencies/{row.pk}/").json()
    assert shown["unverified"] is True
    assert str(row.public_receipt) not in str(shown)


def test_a_child_without_anybody_is_reported_at_once_whatever_else_is_known(town: Town) -> None:
    """D08, D09: the kind alone says that it is a child, alone, in one of the nine situations."""
    assert send(said(kind="child_alone", what="")).status_code == 201
    row = Incident.objects.get()
    assert (row.minor, row.alone, row.situations) == (True, True, ["abandoned"])
    assert (row.level, row.report_due, row.sealed, row.tell_kin) == ("at_once", True, True, False)
    assert (row.acknowledge_by - row.created_at).total_seconds() <= 600
    assert town.item(town.supervisor, "report_at_once") is not None


def test_the_same_one_twice_is_one_and_nothing_is_ever_shown(town: Town) -> None:
    body = said()
    first, again = send(body), send({**body, "where": "别处"})
    assert first.json() == again.json()
    assert Incident.objects.get().where == "二组水井旁"
    assert Client().get(f"/api/emergencies/{body['id']}/").status_code == 401
    listed = Client().get("/api/public-reports/").json()
    assert set(listed) == {"call", "places", "kinds"}
    assert {place["code"] for place in listed["places"]} == {factories.TOWN}
    known = town.reported(town.village, **FALL)["id"]
    assert send(said(id=known)).json()["code"] == "report_taken"


def test_only_towns_can_be_named_where_somebody_would_hear_of_it(town: Town) -> None:
    deserted = factories.town(factories.OTHER_TOWN)
    assert deserted.code not in {place["code"] for place in Client().get("/api/public-reports/").json()["places"]}
    assert send(said(place=deserted.code)).json()["code"] == "unknown_place"
    factories.user("there", role="supervisor", unit=deserted.parent)  # the county's office hears for all its towns
    assert send(said(place=deserted.code)).status_code == 201


def test_two_of_the_same_thing_are_merged_by_a_person_only(town: Town) -> None:
    send(said(kind="fall"))
    send(said(kind="fall"))
    first, second = Incident.objects.order_by("created_at", "pk")
    assert {first.state, second.state} == {"open"}
    row = WorkItem.objects.get(step="acknowledge", instance=second.instance_id)
    caller = Caller(town.supervisor)
    form = caller.get(f"work-items/{row.pk}/form/").json()
    assert [each["value"] for each in form["offered"]["same_as"]] == [str(first.pk)]
    wrong = {"acknowledgement": "merged", "same_as": str(second.pk)}
    refused = caller.post(f"work-items/{row.pk}/complete/", {"answers": wrong})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_the_same")
    right = {"acknowledgement": "merged", "same_as": str(first.pk)}
    assert caller.post(f"work-items/{row.pk}/complete/", {"answers": right}).status_code == 200
    second.refresh_from_db()
    assert (second.state, second.outcome, second.same_as) == ("closed", "merged", first)
    first.refresh_from_db()
    assert first.state == "open"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"place": "999999999999"}, "/place"), ({"kind": "nothing"}, "/kind"), ({"where": ""}, "/where"),
        ({"callback": "<b>"}, "/callback"), ({"id": "7"}, "/id"), ({"name": "孙"}, "/name"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(town: Town, wrong: dict[str, str], pointer: str) -> None:
    response = send(said(**wrong))
    assert response.status_code in {400, 422}
    assert response.json()["errors"][0]["pointer"] == pointer
    assert not Incident.objects.exists()


def test_an_address_and_a_town_have_their_limits(town: Town) -> None:
    codes = [send(said()).status_code for _attempt in range(7)]
    assert codes == [201] * 6 + [429]
    cache.clear()
    Parameter.objects.create(key="emergency.public", value={"most_per_hour": 6}, from_date=factories.LONG_AGO)
    response = send(said())
    assert (response.status_code, response.json()["code"]) == (429, "too_many_reports")
    assert Incident.objects.count() == 6


def test_no_other_site_and_no_log(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    """A form or a script of another site can send neither JSON nor a token; whoever is logged in stands in no log."""
    client = Client()
    client.force_login(town.volunteer)
    with caplog.at_level(logging.INFO):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert client.post("/api/public-reports/", "{}", content_type=kind).status_code == 415
        assert client.post("/api/public-reports/", said(), content_type="application/json").status_code == 201
    assert str(town.volunteer.pk) not in caplog.text
    assert not Incident.objects.get().is_found_by(town.volunteer)
    assert timezone.now() >= Incident.objects.get().found_at
