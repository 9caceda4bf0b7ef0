"""Pages of activities and sites: proposed, signed up for, marked; booked, counted, enrolled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.activities.models import Activity, Booking, DayCount, Enrolment, SignUp
from tests import factories
from tests.api.test_activities import CHILD, Town
from tests.api.test_sites import Village
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


def test_from_proposal_to_who_was_there() -> None:
    town = Town()
    client = visitor(town.caseworker)
    assert "/activities/new/" in text(client.get("/activities/"))
    begin = timezone.localtime() + timedelta(days=20)
    plan = {
        "title": "健康讲座", "kind": "lecture", "theme": "health", "groups": ["elders"], "places": "2",
        "unit": str(factories.town().pk), "expected": "80", "budget": "800", "risk": "村医在场",
        "starts_at": f"{begin:%Y-%m-%dT%H:%M}", "ends_at": f"{begin + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "sign_up_until": f"{begin:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    refused = client.post("/activities/new/", plan)
    assert refused.status_code == 422
    assert "健康讲座" in refused.content.decode()
    where = client.post("/activities/new/", {**plan, "place": "村委会"})["Location"]
    assert "to be approved" in text(client.get(where))
    town.do(town.supervisor, "approve_at_township", {"approval": "approve"})
    child = {"name": CHILD, "minor": "true"}
    assert client.post(f"{where}sign-ups/", child).status_code == 422
    child |= {"guardian": "奶奶", "guardian_consented_on": timezone.localdate().isoformat()}
    assert client.post(f"{where}sign-ups/", child).status_code == 302
    assert CHILD in text(client.get(where))
    assert CHILD not in text(visitor(town.supervisor).get(where))
    assert statements(client, "/activities/") <= 10
    assert statements(client, where) <= 12
    town.held({"id": Activity.objects.get().pk})
    client.post(f"/sign-ups/{SignUp.objects.get().pk}/attended/")
    assert SignUp.objects.get().state == "attended"
    assert "was there" in text(client.get(where))


def test_one_is_cancelled_or_goes_into_another() -> None:
    town = Town()
    one, other = town.published(), town.published(title="秋季保健")
    client = visitor(town.caseworker)
    page = f"/activities/{one['id']}/"
    assert "秋季保健" in text(client.get(f"{page}merge/"))
    assert client.post(f"{page}merge/", {"into": other["id"]}).status_code == 400
    assert client.post(f"{page}merge/", {"into": other["id"], "reason": "人少"}).status_code == 302
    assert client.post(f"/activities/{other['id']}/cancel/", {"reason": "暴雨"}).status_code == 302
    assert "暴雨" in text(client.get(f"/activities/{other['id']}/"))
    assert client.get(f"{page}explode/").status_code == 404
    assert "No activity." in text(client.get("/activities/", {"state": "held"}, headers={"HX-Request": "true"}))


def test_a_site_with_its_bookings() -> None:
    village = Village()
    client, worker = visitor(village.caseworker), visitor(village.village)
    entry = {
        "unit": str(factories.village().pk), "kind": "video_room", "name": "亲情视频室", "opens": "08:30",
        "closes": "17:00", "weekdays": ["1", "2", "3", "4", "5", "6", "7"], "opened_on": "2026-01-01",
    }  # fmt: skip
    assert client.post("/sites/new/", {**entry, "closes": "08:00"}).status_code == 422
    where = client.post("/sites/new/", entry)["Location"]
    day = village.at(9).date().isoformat()
    page = text(worker.get(where, {"day": day, "family_q": village.family.label}))
    assert str(village.family.pk) in page
    said = {"family": str(village.family.pk), "starts_at": village.at(9).isoformat(), "day": day}
    assert worker.post(f"{where}book/", said).status_code == 302
    assert worker.post(f"{where}book/", said).status_code == 409
    assert village.family.label in text(worker.get(where))
    assert village.family.label not in text(visitor(village.supervisor).get(where))
    worker.post(f"/bookings/{Booking.objects.get().pk}/cancel/")
    assert Booking.objects.get().state == "cancelled"
    assert statements(worker, where) <= 16
    assert "亲情视频室" in text(worker.get("/sites/", {"kind": "video_room"}))


def test_a_canteen_counts_meals_and_who_eats_there() -> None:
    village = Village()
    site = village.site(kind="canteen", name="爱心食堂")
    client, today = visitor(village.village), timezone.localdate().isoformat()
    where = f"/sites/{site['id']}/"
    assert client.post(f"{where}count/", {"day": today, "what": "meals", "number": "31"}).status_code == 302
    assert client.post(f"{where}count/", {"day": today, "what": "meals", "number": "-1"}).status_code == 400
    assert DayCount.objects.get().number == 31
    said = {"family": str(village.family.pk), "persons": "2", "from_date": today}
    assert client.post(f"{where}enrol/", said).status_code == 302
    assert village.family.label in text(client.get(where))
    client.post(f"/enrolments/{Enrolment.objects.get().pk}/end/")
    assert Enrolment.objects.get().to_date == timezone.localdate()
    assert client.post(f"{where}explode/").status_code == 404
