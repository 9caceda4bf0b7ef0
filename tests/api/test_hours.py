"""Hours of service (P11, F23): claimed from records and by hand, placed by table D24, verified by somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.activities import hours, stars
from backend.activities.hours import Stretch
from backend.activities.models import HourClaim, StarAward
from backend.helpers.models import Helper
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.parameters import set_parameter
from backend.reminders.models import Reminder
from backend.visits.models import FollowUp, Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.queueing import queued
from tests.steps.office import Office
from workflows import services
from workflows.hours import claim_visits, have_verified
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


class Team:
    """A volunteer with an account, the township, and the clock of the office (weeks ago, so that time can pass)."""

    def __init__(self) -> None:
        load_codes()
        now = timezone.localtime(timezone.now() - timedelta(days=20))
        self.office = Office(now.replace(hour=20, minute=0, second=0, microsecond=0))
        self.now = self.office.now
        self.helper: Helper = factories.helper(user=self.office.volunteer, name="赵师傅")
        self.volunteer = self.office.volunteer

    def stretch(self, long: float = 2, *, ago: float = 4, **more: Any) -> Stretch:
        """Some hours that ended a while ago."""
        begin = self.now - timedelta(hours=ago + long)
        return Stretch(
            content=more.pop("content", "activity"),
            started_at=begin,
            ended_at=begin + timedelta(hours=long),
            evidence=more.pop("evidence", "sign_in"),
            **more,
        )

    def attended(self, long: float = 2, *, ago: float = 4, **more: Any) -> HourClaim:
        """As part of an activity; the queued job is done."""
        claim = hours.claim_attendance(
            helper=self.helper, activity=uuid4(), stretch=self.stretch(long, ago=ago, **more), actor=SYSTEM,
            now=self.now,
        )  # fmt: skip
        assert claim is not None
        have_verified(claim_id=claim.pk, actor=SYSTEM, now=self.now)
        claim.refresh_from_db()
        return claim

    def post(self, by: User, *, long: float = 2, begin: datetime | None = None, **more: Any) -> Any:
        """By hand, over the API."""
        start = begin or timezone.now() - timedelta(hours=long, minutes=5)
        body = {
            "content": "housework", "started_at": start.isoformat(),
            "ended_at": (start + timedelta(hours=long)).isoformat(), "evidence": "witness", **more,
        }  # fmt: skip
        return Caller(by).post("hours/", body)

    def item(self, user: User, step: str) -> dict[str, Any] | None:
        return next(iter(results(Caller(user).get("work-items/", doable="true", step=step))), None)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = self.item(user, step)
        assert item is not None, step
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})


@kept
def team() -> Team:
    return Team()


def test_attendance_is_counted_at_once_in_half_hours(team: Team) -> None:
    claim = team.attended(2.75)
    assert (claim.state, claim.route, claim.claimed, claim.counted) == ("verified", "auto", 5, 5)
    assert Instance.objects.get(process__key="hours_claim").outcome == "verified"
    assert not WorkItem.objects.exists()


def test_the_same_activity_makes_one_claim_and_a_short_stay_none(team: Team) -> None:
    activity = uuid4()
    made = [
        hours.claim_attendance(
            helper=team.helper, activity=activity, stretch=team.stretch(), actor=SYSTEM, now=team.now
        )
        for _time in range(2)
    ]
    assert (made[0] is not None, made[1], HourClaim.objects.count()) == (True, None, 1)
    assert [job["claim_id"] for job in queued("hours.have_verified")] == [str(HourClaim.objects.get().pk)]
    short = team.stretch(0.4, ago=12)
    assert hours.claim_attendance(
        helper=team.helper, activity=uuid4(), stretch=short, actor=SYSTEM, now=team.now
    ) is None  # fmt: skip


@pytest.mark.parametrize(
    ("long", "route", "flags"),
    [(8, "auto", []), (8.5, "association", ["over_8"]), (12, "association", ["over_8"]),
     (12.5, "association", ["over_12"])],
)  # fmt: skip
def test_the_hours_of_a_day_decide_who_looks_at_them(team: Team, long: float, route: str, flags: list[str]) -> None:
    claim = team.attended(long, ago=1)
    assert (claim.route, claim.flags) == (route, flags)


def test_what_was_given_before_on_the_same_day_adds_up(team: Team) -> None:
    team.attended(5, ago=1)
    assert team.attended(4, ago=7).flags == ["over_8"]


def test_at_two_places_at_once_a_person_looks(team: Team) -> None:
    team.attended(2, ago=4)
    assert (team.attended(2, ago=5).route, HourClaim.objects.latest("id").flags) == ("association", ["two_places"])


def test_by_hand_the_village_confirms_and_neither_volunteer_nor_claimant_can(team: Team) -> None:
    """E19: a volunteer who is the village worker too stands aside, another verifies; refused by the inbox, by the verb,
    and by the table's constraint."""
    place = factories.village()
    factories.member(team.volunteer, "village", place)
    claimed = team.post(team.volunteer, place=str(place.pk))
    assert claimed.status_code == 201, claimed.content
    assert (claimed.json()["route"], claimed.json()["flags"]) == ("leader", ["by_hand"])
    assert team.item(team.volunteer, "verify_in_village") is None
    item = WorkItem.objects.get(step="verify_in_village")
    assert_problem(
        Caller(team.volunteer).post(f"work-items/{item.pk}/complete/", {"answers": {"verification": "all"}}),
        404, "not_found",
    )  # fmt: skip
    claim = HourClaim.objects.select_related("helper").get()
    with pytest.raises(hours.OwnHours):
        hours.verify(claim=claim, half_hours=4, reason="", actor=factories.actor(team.volunteer), now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        HourClaim.objects.filter(pk=claim.pk).update(verified_by=team.volunteer)
    answers = {"verification": "part", "hours": 1.5, "reason": "一个半小时"}
    assert team.do(team.office.village, "verify_in_village", answers).status_code == 200
    told = Caller(team.volunteer).get(f"hours/{claim.pk}/").json()
    assert (told["state"], told["counted"], told["reason"], told["verified_by"]) == (
        "adjusted", 1.5, "一个半小时", "李专干",
    )  # fmt: skip
    said = Reminder.objects.get(helper_id=team.helper.pk)
    assert (said.kind, said.page, team.helper.name in said.label) == ("notice", "/hours/", False)


def test_where_the_villages_only_worker_served_the_township_confirms(team: Team) -> None:
    """Nobody may confirm one's own hours, and nobody else is there: found by a year of 10,000 families."""
    place = factories.village("120114101998")
    factories.member(team.volunteer, "village", place)
    claimed = team.post(team.volunteer, place=str(place.pk))
    assert (claimed.status_code, claimed.json()["route"]) == (201, "leader")
    assert team.item(team.volunteer, "verify_hours") is None
    assert team.do(team.office.caseworker, "verify_hours", {"verification": "all"}).status_code == 200


def test_where_the_units_only_liaison_served_the_village_confirms(team: Team) -> None:
    unit = factories.partner()
    Helper.objects.filter(pk=team.helper.pk).update(partner_unit=unit, unit=factories.village())
    factories.member(team.volunteer, "liaison", unit)
    assert team.post(team.volunteer).status_code == 201
    assert not WorkItem.objects.filter(step="verify_in_unit").exists()
    assert team.do(team.office.village, "verify_in_village", {"verification": "all"}).status_code == 200


def test_entered_by_the_office_somebody_else_of_the_office_verifies(team: Team) -> None:
    caseworker = team.office.caseworker
    assert team.post(caseworker, helper=str(team.helper.pk)).status_code == 201
    assert team.item(caseworker, "verify_hours") is None
    other = factories.user("other", role="caseworker", name="另一位")
    assert team.do(other, "verify_hours", {"verification": "all"}).status_code == 200
    assert HourClaim.objects.get().verified_label == "另一位"


def test_the_liaison_of_the_own_unit_confirms(team: Team) -> None:
    unit = factories.partner()
    Helper.objects.filter(pk=team.helper.pk).update(partner_unit=unit)
    liaison = factories.user("liaison", role="liaison", unit=unit, name="周联络员")
    team.post(team.volunteer)
    assert team.do(liaison, "verify_in_unit", {"verification": "all"}).status_code == 200
    assert results(Caller(liaison).get("hours/"))[0]["state"] == "verified"


def test_nobody_is_given_more_than_was_claimed(team: Team) -> None:
    team.post(team.volunteer)
    answers = {"verification": "part", "hours": 3, "reason": "多了"}
    refused = team.do(team.office.caseworker, "verify_hours", answers)
    assert_problem(refused, 422, "more_than_claimed", "/answers/hours")


def test_the_same_time_again_by_hand_does_not_count_and_can_be_disputed_once(team: Team) -> None:
    """A dispute goes to a supervisor who has not decided."""
    team.post(team.volunteer)
    team.do(team.office.caseworker, "verify_hours", {"verification": "none", "reason": "没有人见到"})
    claim = HourClaim.objects.get()
    answer = Caller(team.volunteer).post(f"hours/{claim.pk}/dispute/", {"reason": "王婶可以证明"})
    assert (answer.status_code, answer.json()["state"]) == (200, "disputed")
    assert team.item(team.office.caseworker, "verify_hours") is None
    assert team.do(team.office.supervisor, "settle_dispute", {"verification": "all"}).status_code == 200
    claim.refresh_from_db()
    assert (claim.state, claim.counted) == ("verified", 4)
    again = Caller(team.volunteer).post(f"hours/{claim.pk}/dispute/", {"reason": "还不对"})
    assert_problem(again, 409, "disputed_already")
    twice = team.post(team.volunteer, begin=claim.started_at, long=1)
    assert (twice.json()["state"], twice.json()["flags"]) == ("rejected", ["claimed_twice"])


def test_whoever_decided_does_not_settle_the_dispute(team: Team) -> None:
    factories.member(team.office.caseworker, "supervisor")
    team.post(team.volunteer)
    team.do(team.office.caseworker, "verify_hours", {"verification": "none", "reason": "没有人见到"})
    Caller(team.volunteer).post(f"hours/{HourClaim.objects.get().pk}/dispute/", {"reason": "有人见到"})
    assert team.item(team.office.caseworker, "settle_dispute") is None
    claim = HourClaim.objects.select_related("helper").get()
    with pytest.raises(hours.DecidedBefore):
        hours.verify(
            claim=claim, half_hours=0, reason="", actor=factories.actor(team.office.caseworker), now=timezone.now()
        )


def test_not_verified_in_time_is_told_once(team: Team) -> None:
    team.post(team.volunteer)
    instance = Instance.objects.get(process__key="hours_claim")
    assert instance.wake_at is not None
    later = instance.wake_at + timedelta(minutes=1)
    assert services.wake(instance_id=instance.pk, now=later)
    assert not services.wake(instance_id=instance.pk, now=later)
    assert team.item(team.office.caseworker, "verify_hours") is not None


@pytest.mark.parametrize(
    ("asked", "status", "code", "pointer"),
    [
        ({"long": 0.25}, 422, "too_short", "/ended_at"),
        ({"begin": timezone.now() - timedelta(days=40)}, 422, "too_old", "/started_at"),
        ({"begin": timezone.now() + timedelta(hours=1)}, 422, "bad_span", "/ended_at"),
        ({"evidence": "record"}, 422, "bad_code", "/evidence"),
        ({"content": "gossip"}, 422, "bad_code", "/content"),
    ],
)
def test_what_cannot_be_claimed(team: Team, asked: dict[str, Any], status: int, code: str, pointer: str) -> None:
    assert_problem(team.post(team.volunteer, **asked), status, code, pointer)


def test_without_anything_that_shows_it_nothing_counts(team: Team) -> None:
    assert team.post(team.volunteer, evidence="none").json()["flags"] == ["no_evidence"]


# --- from visits


def visited(team: Team, *, long: float = 1.5, late: timedelta = timedelta(), **fields: Any) -> Visit:
    case = factories.case()
    begin = team.now - timedelta(hours=long)
    return factories.visit(
        factories.pairing(case, team.helper), state="done", started_at=begin, ended_at=team.now,
        recorded_at=team.now + late, recorded_by=team.volunteer, **fields,
    )  # fmt: skip


def run_night(team: Team, days: float = 1) -> list[HourClaim]:
    """The night's job and what it queued."""
    now = team.now + timedelta(days=days)
    claim_visits(now=now)
    for claim in HourClaim.objects.filter(instance_id__isnull=True):
        have_verified(claim_id=claim.pk, actor=SYSTEM, now=now)
    return list(HourClaim.objects.order_by("id"))


def test_a_visit_gives_its_hours_once_and_tells_no_family(team: Team) -> None:
    visit = visited(team)
    [claim] = run_night(team)
    assert (claim.state, claim.counted, claim.source_id, claim.claimed_by) == (
        "verified", 3, visit.pk, team.volunteer,
    )  # fmt: skip
    assert run_night(team) == [claim]
    told = Caller(team.office.caseworker).get(f"hours/{claim.pk}/").content.decode()
    assert str(visit.family_id) not in told
    assert visit.family.label not in told


def test_a_night_goes_on_until_nothing_is_left(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.hours.PORTION", 2)
    for number in range(3):  # too short to count, and the first in line every night
        visited(team, long=0.4, late=timedelta(minutes=number))
    for number in range(5):
        visited(team, long=0.5, late=timedelta(hours=1 + number))
    assert claim_visits(now=team.now + timedelta(days=1)) == 5
    assert claim_visits(now=team.now + timedelta(days=1)) == 0


def test_what_nobody_met_and_what_a_contact_does_for_the_post_gives_none(team: Team) -> None:
    visited(team)
    Visit.objects.update(state="not_met")
    assert run_night(team) == []
    Visit.objects.update(state="done")
    Helper.objects.update(kind=factories.kind("dual_contact", statutory=True))
    team.helper.kind.refresh_from_db()
    Helper.objects.filter(pk=team.helper.pk).update(kind="dual_contact")
    type(team.helper.kind).objects.filter(code="dual_contact").update(statutory=True)
    assert run_night(team) == []


@pytest.mark.parametrize(
    ("called", "days", "found"),
    [
        (None, 1, None),
        (None, 11, ("leader", ["not_confirmed"])),
        ("confirmed", 1, ("auto", [])),
        ("doubtful", 1, ("association", ["denied"])),
        ("not_reached", 1, ("leader", ["not_confirmed"])),
    ],
)
def test_a_visit_of_the_sample_waits_for_the_familys_word(
    team: Team, called: str | None, days: float, found: tuple[str, list[str]] | None
) -> None:
    visit = visited(team, is_sampled=True)
    if called:
        FollowUp.objects.create(visit=visit, kind="call_back", result=called, done_at=team.now)
    claims = run_night(team, days)
    assert [(claim.route, claim.flags) for claim in claims] == ([found] if found else [])


@pytest.mark.parametrize(("days", "flags"), [(7, []), (8, ["backdated"])])
def test_recorded_a_week_later_a_person_looks(team: Team, days: int, flags: list[str]) -> None:
    visited(team, late=timedelta(days=days))
    assert [claim.flags for claim in run_night(team, days + 1)] == [flags]


# --- stars


def test_stars_come_with_verified_hours_after_being_announced(team: Team) -> None:
    set_parameter(key="hours.star_scale", value="community", from_date=factories.LONG_AGO)
    for ago in (1, 25):
        team.attended(4.5, ago=ago)
    assert not StarAward.objects.exists()
    team.attended(1, ago=7)
    award = StarAward.objects.get()
    today = timezone.localdate(team.now)
    assert (award.stars, award.half_hours) == (1, 20)
    assert (stars.standing(team.helper, today), stars.standing(team.helper, award.holds_from)) == (0, 1)
    told = Caller(team.volunteer).get("hours/summary/").json()
    assert (told["hours"], told["stars"], told["number"]) == (10.0, 1, team.helper.number)


def test_completing_stays_within_the_budget_of_statements(team: Team) -> None:
    """Twelve for the engine, as everywhere; what the steps write apart: the claim and its two decisions."""
    team.post(team.volunteer)
    item = WorkItem.objects.select_related("instance__process").get()
    user = User.objects.get(pk=team.office.caseworker.pk)
    with CaptureQueriesContext(connection) as captured:
        services.complete(item=item, answers={"verification": "all"}, user=user, now=timezone.now())
    steps = [query for query in captured if "activities_" in query["sql"] or "org_parameter" in query["sql"]]
    assert len(captured) - len(steps) <= 12, [query["sql"][:120] for query in captured]
