"""A family's pause on the real diagrams: what stands still, what does not, and when it falls due afterwards."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from backend.audit.models import Event
from backend.cases.models import Case, Family, Pause
from backend.cases.pauses import AlreadyPaused, PauseOver, WrongPauseDays
from backend.helpers.models import Pairing
from backend.reporting.months import Month
from backend.visits.cadence import LOCAL
from backend.visits.models import Visit
from tests import factories
from tests.kept import kept
from tests.steps.office import Care
from workflows import month, pauses, reminders
from workflows.engine.definition import Definition, compile_definition
from workflows.models import Instance, WorkItem, past_due

pytestmark = pytest.mark.django_db


@kept
def office() -> Care:
    return Care()


def local(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=LOCAL)


def pause(office: Care, case: Case, reason: str = "hospital", **days: Any) -> Pause:
    actor = factories.actor(office.village, role="village")
    made = pauses.begin_pause(family=case.family, reason=reason, actor=actor, now=office.now, **days)
    office.work()
    return made


def resume(office: Care, made: Pause) -> None:
    pauses.end_pause(pause=made, actor=factories.actor(office.village, role="village"), now=office.now)
    office.go_to(office.now)
    office.work()


def test_a_visit_waits_until_the_family_is_home_again(office: Care) -> None:
    """Nobody is reminded, nothing is missed; each deadline comes as many working days later as the pause covered."""
    case = office.case
    office.go_to(local(3, 26))
    made = pause(office, case)
    item = office.item(case, "record_visit")
    assert item.paused_at == local(3, 26, 0)
    office.go_to(local(4, 10))
    assert office.waiting(case) == ["record_visit"]
    assert not WorkItem.objects.filter(past_due(office.now)).exists()
    assert reminders.remind_items(office.now) == 0
    assert Visit.objects.get().state == "planned"
    office.go_to(local(4, 13))
    resume(office, made)
    # 26–27 and 30–31 March, 1–3 and 7–10 April: eleven working days (6 April is a holiday).
    item, visit = office.item(case, "record_visit"), Visit.objects.get()
    assert (item.paused_at, item.due_at.astimezone(LOCAL).date()) == (None, date(2026, 4, 17))
    assert (visit.planned_for, visit.due_at, visit.paused_at) == (date(2026, 4, 17), local(4, 18, 0), None)
    assert office.next_timer(case) == local(4, 18, 0)
    office.go_to(local(4, 18, 0))
    assert office.waiting(case) == ["visit_instead"]


def test_a_visit_that_had_not_come_near_comes_later(office: Care) -> None:
    case = office.case
    office.go_to(local(3, 16))
    made = pause(office, case)
    office.go_to(local(3, 30))
    assert office.waiting(case) == []
    resume(office, made)
    # Ten working days: the window opens on 8 April instead of 25 March (6 April is a holiday) …
    assert office.next_timer(case) == local(4, 9, 8)
    office.go_to(local(4, 9, 8))
    assert office.waiting(case) == ["record_visit"]
    # … and the day of the visit has moved along with it.
    assert Visit.objects.get().planned_for == date(2026, 4, 16)
    assert office.next_timer(case) == local(4, 17, 0)


def test_what_is_done_meanwhile_is_done_and_what_follows_waits(office: Care) -> None:
    """The helper went to the hospital: the visit counts, and the next one is for afterwards."""
    case = office.case
    office.go_to(local(3, 26))
    made = pause(office, case)
    office.go_to(local(4, 2))
    office.do(case, "record_visit", office.volunteer, office.visited())
    coming = Visit.objects.get(state="planned")
    assert (coming.planned_for, coming.paused_at) == (date(2026, 5, 2), office.now)
    assert office.next_timer(case) is None
    # It was due on 1 April, and yet the month counts nothing as late.
    counted = {row["at"]: row for row in month.work("", Month.of(date(2026, 4, 1)), office.now)}[case.unit_path]
    assert (counted["in_time"], counted["too_late"], counted["overdue"]) == (1, 0, 0)
    office.go_to(local(4, 8))
    resume(office, made)
    # 2, 3 and 7 April: three working days of the time since it was planned; 1 to 5 May are holidays.
    coming.refresh_from_db()
    assert coming.planned_for == date(2026, 5, 8)


def test_an_alarm_never_waits(office: Care) -> None:
    """A clock of minutes goes on, whatever the family's pause."""
    case = office.case
    office.go_to(local(3, 26))
    office.do(case, "record_visit", office.volunteer, office.visited(physical="unconscious"))
    alarms = WorkItem.objects.filter(state="open").exclude(process="family_case")
    steps = set(alarms.values_list("step", flat=True))
    pause(office, case, "disaster")
    assert not alarms.filter(step__in=steps, paused_at__isnull=False).exists()


def test_e5_a_refusal_is_asked_again_after_half_a_year_whatever_pauses_meanwhile(office: Care) -> None:
    """E5: not sooner, and a stay in hospital does not put the question off for ever."""
    case = office.case
    office.send(case, "family_refused", level="all", reason="want_quiet")
    asked = office.next_timer(case)
    assert asked is not None
    assert asked.astimezone(LOCAL).date() == date(2026, 8, 31)
    made = pause(office, case)
    office.go_to(asked - timedelta(seconds=1))
    assert office.waiting(case) == []
    resume(office, made)
    office.go_to(asked)
    assert office.waiting(case) == ["ask_again"]


def test_what_begins_during_a_pause_stands_still_from_the_start(office: Care) -> None:
    family = factories.family(status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN)
    actor = factories.actor(office.caseworker)
    made = pauses.begin_pause(family=family, reason="disaster", actor=actor, now=office.now)
    case = office.open(family)
    assert office.item(case, "survey_family").paused_at == office.now
    office.go_to(local(4, 13))
    assert not Event.objects.filter(action="case.survey_reminded").exists()
    resume(office, made)
    # The tenth working day after 13 April, as if it had begun then.
    assert office.item(case, "survey_family").due_at.astimezone(LOCAL).date() == date(2026, 4, 27)


def test_a_pause_ends_by_itself_on_its_day_even_when_the_machine_was_off(office: Care) -> None:
    case = office.case
    office.go_to(local(3, 26))
    pause(office, case, expected_on=date(2026, 3, 30))
    assert pauses.turn(local(3, 29)) == 0
    assert pauses.turn(local(4, 2)) == 1
    assert pauses.turn(local(4, 2)) == 0
    assert Pause.objects.get().ended_on == date(2026, 3, 30)
    # Two working days: what was due on 1 April is due on the 3rd.
    assert office.item(case, "record_visit").due_at.astimezone(LOCAL).date() == date(2026, 4, 3)


def test_one_pause_at_a_time_and_no_impossible_days(office: Care) -> None:
    case = office.case
    made = pause(office, case)
    with pytest.raises(AlreadyPaused):
        pause(office, case, "disaster")
    with pytest.raises(WrongPauseDays):
        pauses.end_pause(pause=made, actor=factories.actor(), now=office.now, ended_on=date(2026, 3, 3))
    resume(office, made)
    with pytest.raises(PauseOver):
        resume(office, made)
    wrong: list[dict[str, Any]] = [
        {"from_date": date(2026, 3, 3)},
        {"from_date": date(2025, 12, 1)},
        {"expected_on": date(2026, 3, 2)},
    ]
    for days in wrong:
        with pytest.raises(WrongPauseDays):
            pause(office, case, **days)
    assert Pause.objects.count() == 1


def test_history_tells_that_it_pauses_never_why(office: Care) -> None:
    """In hospital is a matter of health (PIPL art. 28)."""
    case = office.case
    resume(office, pause(office, case))
    told = Event.objects.filter(action__startswith="family.pause")
    assert [event.action for event in told.order_by("seq")] == ["family.paused", "family.pause_ended"]
    assert not any("hospital" in event.body for event in told)


def test_many_families_need_no_more_statements_than_one(
    office: Care, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """E30: a township's families pause at once; doing it twice is harmless."""
    actor, now = factories.actor(), office.now
    families = [factories.family(status="draft", willingness="unknown", number=str(count)) for count in range(4)]
    for family in families:
        office.open(family)
    factories.family(number="closed", status="closed")

    def begin() -> int:
        return pauses.begin_many(
            families=Family.objects.exclude(pk=office.case.family_id), reason="disaster", actor=actor, now=now
        )

    with django_assert_max_num_queries(16):
        assert begin() == 4
    assert begin() == 0
    assert WorkItem.objects.filter(paused_at__isnull=False).count() == 4
    with django_assert_max_num_queries(16):
        assert (
            pauses.end_many(
                families=Family.objects.exclude(pk=office.case.family_id), reason="disaster", actor=actor, now=now
            )
            == 4
        )
    assert (
        pauses.end_many(
            families=Family.objects.exclude(pk=office.case.family_id), reason="disaster", actor=actor, now=now
        )
        == 0
    )
    assert not Instance.objects.filter(paused_at__isnull=False).exists()


def definitions() -> Mapping[str, Definition]:
    folder = settings.BPMN_FOLDER
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("**/*") if path.is_file()}
    names = [path.stem for path in folder.glob("*/*.bpmn")]
    return {name: compile_definition(files, process_id=name) for name in names}


def test_only_what_needs_the_family_stands_still() -> None:
    """Danger, rights, the law's time and what offices owe each other never do."""
    found = {name: sorted(each.pausable) for name, each in definitions().items() if each.pausable}
    assert found == {
        "care_visit": ["call_back", "record_visit", "still_missed", "visit_instead", "visit_missed", "visit_window"],
        "family_case": ["ask_again", "interim_visit"],
        "household_intake": [
            "collect_by_contact", "contact_overdue", "next_attempt", "record_consent", "survey_family",
            "survey_overdue",
        ],
        "pairing": [
            "ask_family", "family_silent", "hold_first_meeting", "meeting_delayed", "pairing_delayed",
            "sign_agreement",
        ],
        "referral": ["confirm_with_family", "deliver_by_department", "deliver_item", "department_late", "item_late"],
        "service_plan_referral": ["ask_family", "assess_needs", "half_year_over", "review_due", "review_effect"],
        "yearly_review": ["ask_family_wish"],
    }  # fmt: skip


def test_e1_away_means_a_call_each_month_and_back_home_means_visits() -> None:
    """E1: a family away is called once a month instead of visited; back home it is taken up again, not made anew."""
    office = Care(cadence="quarterly")
    case = office.case
    assert Visit.objects.get().planned_for == date(2026, 5, 31)
    made = pause(office, case, "away")
    call = Visit.objects.get(state="planned")
    assert (call.channel, call.planned_for, call.paused_at) == ("phone", date(2026, 4, 1), None)
    office.go_to(local(3, 26))
    assert office.waiting(case) == ["record_visit"]
    assert not WorkItem.objects.filter(paused_at__isnull=False).exists()
    office.do(case, "record_visit", office.volunteer, office.visited(channel="phone"))
    assert Visit.objects.get(state="planned").channel == "phone"
    resume(office, made)
    visit = Visit.objects.get(state="planned")
    assert (visit.channel, Family.objects.count(), Case.objects.count()) == ("home", 1, 1)
    assert Pairing.objects.get().to_date is None
