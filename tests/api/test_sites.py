"""Sites (P12): checked by their calendar, half hours in a video room, meals as numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.activities.models import Booking, DayCount, Site
from backend.org.codes import load_codes
from backend.org.models import User
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import inspections, services
from workflows.models import Instance

pytestmark = pytest.mark.django_db


class Village:
    """A village with its sites."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village = self.office.village
        self.family = factories.family()

    def post(self, **changes: Any) -> Any:
        entry = {
            "unit": str(factories.village().pk), "kind": "video_room", "name": "亲情视频室", "opens": "08:30",
            "closes": "11:45", "weekdays": [1, 2, 3, 4, 5, 6, 7], "opened_on": "2026-01-01", "has_equipment": True,
            **changes,
        }  # fmt: skip
        return Caller(self.caseworker).post("sites/", entry)

    def site(self, **changes: Any) -> dict[str, Any]:
        response = self.post(**changes)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def book(self, site: dict[str, Any], starts_at: datetime) -> Any:
        said = {"site": site["id"], "family": str(self.family.pk), "starts_at": starts_at.isoformat()}
        return Caller(self.village).post("bookings/", said)

    def at(self, hour: int, minute: int = 0, days: int = 1) -> datetime:
        day = timezone.localtime() + timedelta(days=days)
        return day.replace(hour=hour, minute=minute, second=0, microsecond=0)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})


@kept
def village() -> Village:
    return Village()


def test_half_hours_never_overlap(village: Village) -> None:
    site = village.site()
    free = Caller(village.village).get(f"sites/{site['id']}/free-times/", day=village.at(9).date().isoformat())
    assert len(free.json()["times"]) == 6
    made = village.book(site, village.at(9))
    assert made.status_code == 201
    assert made.json()["ends_at"] == village.at(9, 30).isoformat()
    assert_problem(village.book(site, village.at(9)), 409, "time_taken")
    for wrong in (village.at(9, 15), village.at(11, 30), village.at(14), village.at(9, days=-1)):
        assert_problem(village.book(site, wrong), 422, "outside_hours", "/starts_at")
    assert Caller(village.village).post(f"bookings/{made.json()['id']}/cancel/").json()["state"] == "cancelled"
    assert village.book(site, village.at(9)).status_code == 201


def test_whether_it_took_place_is_all_that_is_kept(village: Village) -> None:
    made = village.book(village.site(), village.at(9)).json()
    caller = Caller(village.village)
    assert_problem(caller.post(f"bookings/{made['id']}/told/", {"held": True}), 409, "booking_over")
    begin = timezone.now() - timedelta(hours=1)
    Booking.objects.update(starts_at=begin, ends_at=begin + timedelta(minutes=30))
    assert caller.post(f"bookings/{made['id']}/told/", {"held": True}).json()["state"] == "held"
    assert_problem(caller.post(f"bookings/{made['id']}/cancel/"), 409, "booking_over")
    assert not {"recording", "note", "content"} & {field.name for field in Booking._meta.get_fields()}


def test_only_video_rooms_are_booked_and_only_canteens_feed(village: Village) -> None:
    room, canteen = village.site(), village.site(kind="canteen", name="爱心食堂")
    assert_problem(village.book(canteen, village.at(9)), 422, "no_video_room", "/site")
    caller = Caller(village.village)
    said = {"family": str(village.family.pk), "from_date": timezone.localdate().isoformat()}
    assert_problem(caller.post("enrolments/", {"site": room["id"], **said}), 422, "no_canteen", "/site")
    made = caller.post("enrolments/", {"site": canteen["id"], **said})
    assert made.status_code == 201
    assert_problem(caller.post("enrolments/", {"site": canteen["id"], **said}), 409, "enrolled_already")
    ended = caller.post(f"enrolments/{made.json()['id']}/end/", {"to_date": said["from_date"]})
    assert ended.json()["to_date"] == said["from_date"]


def test_meals_are_numbers(village: Village) -> None:
    canteen = village.site(kind="canteen", name="爱心食堂")
    today = timezone.localdate()
    caller = Caller(village.village)
    for number in (30, 32):
        said = {"day": today.isoformat(), "what": "meals", "number": number}
        answer = caller.post(f"sites/{canteen['id']}/count/", said)
    assert answer.json() == {"counts": {"meals": 32}, "enrolled": 0}
    tomorrow = {"day": (today + timedelta(days=1)).isoformat(), "what": "meals", "number": 1}
    assert_problem(caller.post(f"sites/{canteen['id']}/count/", tomorrow), 422, "wrong_check_day", "/day")
    assert DayCount.objects.get().number == 32


@pytest.mark.parametrize("changes", [{"kind": "pub"}, {"closes": "08:00"}, {"weekdays": []}])
def test_an_entry_that_does_not_fit(village: Village, changes: dict[str, Any]) -> None:
    assert village.post(**changes).status_code == 422


def test_checks_come_by_themselves_once(village: Village) -> None:
    site = village.site(opened_on=(timezone.localdate() - timedelta(days=181)).isoformat())
    assert inspections.start_due(timezone.now()) == 1  # the equipment is checked every month
    assert inspections.start_due(timezone.now()) == 0
    today = timezone.localdate().isoformat()
    broken = {"checked_on": today, "result": "repair", "wanting": "摄像头坏了"}
    assert village.do(village.village, "check_equipment", broken).status_code == 200
    assert Site.objects.get().wanting == "摄像头坏了"
    village.do(village.village, "repair_site", {"done": "换了一个"})
    village.do(village.village, "check_equipment", {"checked_on": today, "result": "fit"})
    row = Caller(village.caseworker).get(f"sites/{site['id']}/").json()
    assert (row["wanting"], row["checked_on"]) == ("", today)
    assert inspections.start_due(timezone.now()) == 0
    assert inspections.start_due(timezone.now() + timedelta(days=1)) == 1  # half a year after it opened


def test_what_is_not_put_right_in_time_is_told_to_the_supervisor(village: Village) -> None:
    site = village.site(opened_on=(timezone.localdate() - timedelta(days=31)).isoformat())
    inspections.start_due(timezone.now())
    broken = {"checked_on": timezone.localdate().isoformat(), "result": "repair", "wanting": "摄像头坏了"}
    village.do(village.village, "check_equipment", broken)
    instance = Instance.objects.get(process__key="site_inspection")
    assert instance.wake_at is not None
    assert not Reminder.objects.filter(role="supervisor").exists()
    services.wake(instance_id=instance.pk, now=instance.wake_at + timedelta(minutes=1))
    late = Reminder.objects.get(role="supervisor")
    assert (late.label, late.page) == ("有活动阵地逾期未整改", f"/sites/{site['id']}/")


def test_closing_needs_the_supervisor(village: Village) -> None:
    village.site(opened_on="2025-01-01", has_equipment=False)
    inspections.start_due(timezone.now())
    found = {"inspected_on": timezone.localdate().isoformat(), "standards": ["sign"], "result": "close"}
    village.do(village.caseworker, "inspect_site", {**found, "wanting": "危房"})
    assert Site.objects.get().closed_on is None
    village.do(village.supervisor, "confirm_closing", {"closing": "agree"})
    assert Site.objects.get().closed_on == timezone.localdate()
    assert Instance.objects.get(process__key="site_inspection").state == "done"
