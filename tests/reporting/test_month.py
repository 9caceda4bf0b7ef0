"""A small month made by hand, the one before this: every number is known beforehand. Times are local."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from backend.audit.history import record
from backend.cases.models import Case, Family
from backend.helpers.models import Helper
from backend.org.codes import load_codes
from backend.org.models import User
from backend.reporting.definitions import DEFINITIONS
from backend.reporting.months import Month
from backend.visits.models import FollowUp, Visit
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.workflows.stage import Stage
from workflows.models import WorkItem, past_due, was_past_due

pytestmark = pytest.mark.django_db

THIS = Month.of(timezone.localdate())
MONTH = Month.of(THIS.first - timedelta(days=1))
LAST = MONTH.next_first - timedelta(days=1)
NEXT = MONTH.next_first
DRAFT = {"from": "draft", "to": "registered"}
VILLAGE_B = "120114122202"


def day(number: int) -> date:
    """A day of the month."""
    return MONTH.first.replace(day=number)


def at(on: date, hour: int = 12, minute: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(on, time(hour, minute)))


LAST_MINUTE, MIDNIGHT = at(LAST, 23, 59), at(NEXT, 0)
BEFORE = at(MONTH.first - timedelta(days=60))


def family(village: str = factories.VILLAGE, *, since: datetime = BEFORE, **fields: Any) -> Family:
    return factories.family(unit=factories.village(village), created_at=since, **fields)


def told(action: str, thing: Any, now: datetime, **data: str) -> None:
    record(action=action, object=thing, actor=factories.actor(), now=now, data=data)


@pytest.fixture
def case() -> Case:
    """赵庄村: a family that has been with us for long."""
    load_codes()
    factories.village(VILLAGE_B)
    return factories.case(family(), opened_at=BEFORE, phase="care")


@pytest.fixture
def month() -> Callable[..., dict[str, Any]]:
    """The report of the township, of its total or of one village."""
    supervisor = factories.user("reader", role="supervisor")

    def read(village: str = "") -> dict[str, Any]:
        answer = Caller(supervisor).get("reports/month/", unit=factories.TOWN, month=str(MONTH))
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        rows = {row["unit"]["name"]: row for row in found["rows"]}
        return rows[village] if village else dict(found["total"])

    return read


def some(numbers: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: numbers[name] for name in names}


def test_families_and_cases_at_the_end_of_the_month(case: Case, month: Callable[..., dict[str, Any]]) -> None:
    filed = family(since=at(day(5)), status="registered")
    told("family.filed", filed, LAST_MINUTE, **DRAFT)
    told("person.died", filed.persons.get(), LAST_MINUTE)
    searching = factories.case(filed, opened_at=at(day(5)), phase="care")
    told("case.phase_entered", searching, MIDNIGHT, field="phase", **{"from": "waiting", "to": "care"})
    factories.case(family(), opened_at=BEFORE, state="closed", closed_at=LAST_MINUTE, close_reason="moved")
    factories.case(family(VILLAGE_B), opened_at=BEFORE, state="closed", closed_at=MIDNIGHT, close_reason="died")
    left = family(VILLAGE_B, status="moved")  # a moment too late for this month
    told("family.moved", left, MIDNIGHT, **{"from": "registered", "to": "moved"})
    gone = family(VILLAGE_B, status="moved")
    told("family.moved", gone, at(day(15)), **{"from": "registered", "to": "moved"})
    told("family.filed", family(VILLAGE_B, since=MIDNIGHT), MIDNIGHT, **DRAFT)
    names = ("families", "cases", "filed", "closed", "seeking", "died", "moved")
    assert some(month("赵庄村"), *names) == dict(zip(names, (3, 2, 1, 1, 1, 1, 0), strict=True))
    assert some(month("后蒲棒村"), *names) == dict(zip(names, (2, 1, 0, 0, 0, 0, 1), strict=True))
    assert some(month(), *names) == dict(zip(names, (5, 3, 1, 1, 1, 1, 1), strict=True))
    assert month()["closed_by"] == [{"code": "moved", "name": "moved away", "number": 1}]


def test_who_has_a_helper(case: Case, month: Callable[..., dict[str, Any]]) -> None:
    def spell(of: Case, first: date, last: date | None, **fields: Any) -> None:
        factories.pairing(of, factories.helper(), from_date=first, to_date=last, **fields)

    spell(case, factories.LONG_AGO, NEXT, end_reason="discharged")  # in force on the last day
    spell(case, LAST, None)
    spell(case, day(10), day(10), end_reason="replaced")  # never was in force
    other = factories.case(family(), opened_at=BEFORE)
    spell(other, factories.LONG_AGO, LAST, end_reason="family_wish")
    spell(other, NEXT, None)
    found = month("赵庄村")
    assert some(found, "paired", "begun", "unpaired") == {"paired": 1, "begun": 1, "unpaired": 1}
    assert found["unpaired_by"] == [{"code": "family_wish", "name": "the family's wish", "number": 1}]


@pytest.fixture
def visit(case: Case) -> Callable[..., Visit]:
    pairing = factories.pairing(case, factories.helper())

    def made(on: date, state: str, started_at: datetime | None = None, **fields: Any) -> Visit:
        due = at(on + timedelta(days=1), 0)
        return factories.visit(
            pairing, planned_for=on, due_at=due, state=state, started_at=started_at, created_at=BEFORE, **fields
        )

    return made


def test_visits_due_and_what_became_of_them(visit: Callable[..., Visit], month: Callable[..., dict[str, Any]]) -> None:
    visit(day(3), "done", at(day(3), 10))
    visit(LAST, "done", MIDNIGHT)  # a day late
    for number, state in ((10, "refused"), (12, "not_met"), (14, "missed"), (16, "planned"), (18, "held")):
        visit(day(number), state)
    extra = visit(day(21), "done", at(day(21)), is_extra=True)
    visit(day(22), "cancelled", replaced_by=extra)
    visit(day(20), "cancelled")  # taken back
    visit(MONTH.first - timedelta(days=1), "done", at(day(1)))
    visit(NEXT, "planned")
    names = ("due", "made", "late", "missed", "not_met", "refused", "undecided", "visit_rate")
    assert some(month("赵庄村"), *names) == dict(zip(names, (8, 3, 1, 2, 1, 1, 1, 50.0), strict=True))
    assert month("后蒲棒村")["visit_rate"] is None


def test_refusals_and_unplanned_visits_change_no_rate(
    visit: Callable[..., Visit], month: Callable[..., dict[str, Any]]
) -> None:
    """E5: a refusal lowers no score."""
    visit(day(3), "done", at(day(3), 10))
    visit(day(4), "missed")
    assert month()["visit_rate"] == 50.0
    for number in (5, 6, 7):
        visit(day(number), "refused")
        visit(day(number), "done", at(day(number)), is_extra=True)
    assert month()["visit_rate"] == 50.0


def test_how_soon_somebody_reacted_to_a_red_flag(
    visit: Callable[..., Visit], month: Callable[..., dict[str, Any]]
) -> None:
    def flagged(recorded_at: datetime, *reactions: tuple[str, datetime]) -> None:
        row = visit(day(3), "done", at(day(3)), recorded_at=recorded_at, red_flags=["safety"])
        for kind, done_at in reactions:
            FollowUp.objects.create(visit=row, kind=kind, result="done", done_at=done_at)

    flagged(at(day(3)), ("emergency", at(day(4))), ("follow_up", at(day(9))))
    flagged(LAST_MINUTE, ("follow_up", LAST_MINUTE + timedelta(hours=25)))
    flagged(at(day(12)), ("call_back", at(day(12))))  # asks about the visit, helps nobody
    flagged(MIDNIGHT)
    visit(day(3), "done", at(day(3)), recorded_at=at(day(3)))
    names = ("alarms", "alarms_soon", "alarms_later", "alarms_open")
    assert some(month("赵庄村"), *names) == dict(zip(names, (3, 1, 1, 1), strict=True))


def test_work_in_time_too_late_and_overdue(month: Callable[..., dict[str, Any]]) -> None:
    stage = Stage(case=factories.case(family(), opened_at=BEFORE))
    stage.start(BEFORE)
    first = WorkItem.objects.get()

    def item(due_at: datetime, state: str = "open", ended_at: datetime | None = None) -> None:
        row = WorkItem.objects.get(pk=first.pk)
        row.pk = WorkItem().pk
        row.token, row._state.adding = str(row.pk), True
        row.created_at, row.due_at, row.state, row.ended_at = BEFORE, due_at, state, ended_at
        row.save()

    item(at(day(6)), "done", at(day(6)))
    item(at(LAST, 23), "done", LAST_MINUTE)
    item(at(day(25)), "done", MIDNIGHT)  # overdue when the month ended
    item(at(day(25)), "cancelled", at(day(26)))
    item(at(day(20)))
    item(MIDNIGHT)
    first.delete()
    names = ("in_time", "too_late", "overdue")
    assert some(month("赵庄村"), *names) == dict(zip(names, (1, 1, 2), strict=True))
    now = timezone.now()
    assert set(WorkItem.objects.filter(was_past_due(now))) == set(WorkItem.objects.filter(past_due(now)))


@pytest.fixture
def people(case: Case) -> dict[str, User]:
    roles = ("supervisor", "auditor", "caseworker", "village", "helper", "liaison", "sysadmin")
    return {role: factories.user(role, role=role) for role in roles}


def test_whose_month_it_is(people: dict[str, User]) -> None:
    village = factories.village()
    for role in ("supervisor", "auditor", "caseworker"):
        caller = Caller(people[role])
        found = caller.get("reports/month/").json()
        assert (found["unit"]["name"], found["month"], found["is_over"]) == ("大黄堡镇", str(THIS), False)
        below = caller.get("reports/month/", unit=str(village.pk)).json()
        assert [row["unit"]["name"] for row in below["rows"]] == ["赵庄村"]
        for strange in (factories.OTHER_TOWN, "120114000000", "nowhere"):
            factories.town(factories.OTHER_TOWN)
            assert_problem(caller.get("reports/month/", unit=strange), 404, "not_found")
    for role in ("village", "helper", "liaison", "sysadmin"):
        assert_problem(Caller(people[role]).get("reports/month/"), 403, "not_allowed")


@pytest.mark.parametrize("text", ["2026-13", "soon", "1949-10", f"{THIS.next_first:%Y-%m}"])
def test_what_is_no_month(people: dict[str, User], text: str) -> None:
    caller = Caller(people["auditor"])
    assert_problem(caller.get("reports/month/", month=text), 400, "invalid", "?month")
    assert_problem(caller.get("reports/month/", year="2026"), 400, "invalid", "?year")


def test_as_many_statements_for_any_number_of_villages(case: Case, visit: Callable[..., Visit]) -> None:
    auditor = Caller(factories.user("auditor", role="auditor"))
    parameters = {"unit": factories.TOWN, "month": str(MONTH)}
    helper: Helper = factories.helper()

    def busy(village: int) -> None:
        other = factories.case(family(f"120114122{village}"), opened_at=BEFORE, state="closed", closed_at=at(day(3)))
        factories.visit(factories.pairing(other, helper), planned_for=day(3), state="done")

    busy(203)
    auditor.statements("reports/month/", **parameters)  # code lists are held in memory from the first time on
    before = auditor.statements("reports/month/", **parameters)
    assert before <= 13
    for village in range(204, 210):
        busy(village)
    assert auditor.statements("reports/month/", **parameters) == before


def test_every_number_is_defined_in_both_languages() -> None:
    with translation.override("zh-hans"):
        chinese = [(str(each.label), str(each.text)) for each in DEFINITIONS]
    with translation.override("en"):
        english = [(str(each.label), str(each.text)) for each in DEFINITIONS]
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in zip(chinese, english, strict=True))
    assert len({label for label, _text in english}) == len(english)
