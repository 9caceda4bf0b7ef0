"""A helper is leaving on a day, told over HTTP: for each family somebody to follow is sought."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.helpers.models import Helper, Succession
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.queueing import queued
from tests.steps.office import Office

pytestmark = pytest.mark.django_db


def test_leaving_begins_a_succession_and_said_again_moves_its_day() -> None:
    office = Office(timezone.now())
    helper = factories.helper()
    pairing = factories.pairing(office.open(), helper)
    caller = Caller(office.caseworker)
    where, day = f"helpers/{helper.pk}/leaving/", timezone.localdate() + timedelta(days=40)
    body = {"reason": "transferred", "leaving_on": day.isoformat(), "version": 1}
    response = caller.post(where, body)
    assert response.status_code == 200, response.content
    assert response.json()["to_date"] == day.isoformat()
    row = Succession.objects.get()
    assert (row.pairing, row.ends_on, row.reason) == (pairing, day, "transferred")
    [args] = [each for each in queued("processes.start") if each["process"] == "succession"]
    assert args["data"] == {"succession": str(row.pk)}
    assert_problem(caller.post(where, body), 409, "stale_version")
    sooner = timezone.localdate() + timedelta(days=2)
    assert caller.post(where, {**body, "version": 2, "leaving_on": sooner.isoformat()}).status_code == 200
    assert Succession.objects.get().ends_on == sooner


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    caseworker = factories.user("caseworker", role="caseworker")
    helper = factories.helper()
    factories.pairing(helper_=helper)
    where = f"helpers/{helper.pk}/leaving/"
    today = timezone.localdate()
    ahead = {"reason": "left", "leaving_on": (today + timedelta(days=9)).isoformat()}
    caller = Caller(caseworker)
    assert_problem(caller.post(where, {**ahead, "leaving_on": today.isoformat()}), 422, "day_passed")
    assert_problem(caller.post(where, {**ahead, "leaving_on": "soon"}), 400, "invalid")
    assert_problem(caller.post(where, {**ahead, "reason": "to_another_base"}), 422, "unknown_reason")
    stranger = Caller(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.post(where, ahead).status_code == 404
    assert Helper.objects.get().to_date is None
    assert not Succession.objects.exists()
    Helper.objects.update(status="ended")
    assert_problem(caller.post(where, ahead), 409, "helper_ended")
