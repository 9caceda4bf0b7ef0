"""Indicators (2h): each by one statement, never lowered by a refusal, opened within rights, small numbers kept back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.assessment.indicators import INDICATORS
from backend.cases.models import Case
from backend.coordination.models import MonthlyReport
from backend.health.models import HealthCount, HealthService
from backend.org.codes import load_codes
from backend.org.models import Unit
from backend.payments.models import Payable
from backend.payments.payables import hold, let_go
from backend.reporting.months import Month
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.funds.bank import paid_by_bank
from tests.payments.owing import owed

pytestmark = pytest.mark.django_db

LAST = Month.of(Month.of(timezone.localdate()).first - timedelta(days=1))
DAY = LAST.first + timedelta(days=5)
OTHER_VILLAGE = "120114122202"


def made(case: Case, state: str = "done", **fields: Any) -> Visit:
    at = timezone.make_aware(datetime.combine(DAY, time(10)))
    pairing = case.pairings.first() or factories.pairing(case, factories.helper())
    return factories.visit(pairing, state=state, planned_for=DAY, due_at=at + timedelta(days=1), **fields)


def family_case(village: str = factories.VILLAGE, **fields: Any) -> Case:
    since = timezone.now() - timedelta(days=90)
    return factories.case(factories.family(unit=factories.village(village), created_at=since, **fields))


def board(role: str = "supervisor", **query: str) -> dict[str, Any]:
    user = factories.user(role=role, unit=factories.region("120114000000") if role == "county" else None)
    response = Caller(user).get("indicators/", unit=factories.TOWN, **{"period": str(LAST), **query})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return {each["name"]: each for each in found["indicators"]} | {"": found}


def test_one_statement_each(django_assert_num_queries: Any) -> None:
    factories.village()
    now = timezone.now()
    with django_assert_num_queries(sum(1 + len(each.also) for each in INDICATORS.values())):
        for indicator in INDICATORS.values():
            assert indicator.pairs("12.01.14.122.", LAST, now) == {}


def test_every_indicator_says_what_it_counts_and_none_counts_births() -> None:
    for indicator in INDICATORS.values():
        assert str(indicator.text).endswith((".", "。"))
        assert indicator.source
        assert "birth" not in indicator.name


def test_a_refusal_lowers_nothing() -> None:
    """E5: refused visits and families that want no contact are not among the rows."""
    load_codes()
    case = family_case(categories=["bereaved"])
    made(case)
    made(case, "refused")
    family_case(categories=["bereaved"], willingness="refused")
    found = board()
    assert (found["visit_rate"]["total"]["hits"], found["visit_rate"]["total"]["of"]) == (1, 1)
    assert found["contact_coverage"]["total"]["of"] == 1
    assert found["landing_rate"]["total"]["value"] is None  # nothing was due: no rate, not zero


def test_two_contacts_are_one_of_each_post() -> None:
    load_codes()
    case = family_case(categories=["bereaved"])
    statutory = factories.kind("double_post", statutory=True)
    factories.pairing(case, factories.helper(kind_=statutory, unit=factories.town()))
    assert board()["contact_coverage"]["total"]["hits"] == 0
    factories.pairing(case, factories.helper(kind_=statutory, unit=factories.village()))
    assert board()["contact_coverage"]["total"]["hits"] == 1


def test_a_figure_opens_to_its_families_within_rights() -> None:
    load_codes()
    there, missing = family_case(), family_case(OTHER_VILLAGE)
    made(there)
    made(missing, "not_met")
    query = {"unit": factories.TOWN, "period": str(LAST)}
    supervisor = Caller(factories.user(role="supervisor"))
    for hit, case in (("yes", there), ("no", missing)):
        rows = supervisor.get("indicators/families/", indicator="visit_rate", **query, hit=hit).json()["results"]
        assert [row["id"] for row in rows] == [str(case.family_id)]
    head = Caller(factories.user(role="head"))
    assert head.get("indicators/families/", indicator="visit_rate", **query).json()["results"] == []
    assert supervisor.get("indicators/families/", indicator="doctor_coverage", **query).json()["results"] == []
    assert_problem(supervisor.get("indicators/families/", indicator="visit_rate", **query, hit="maybe"), 400, "invalid")
    assert supervisor.get("indicators/families/", indicator="unknown", **query).status_code == 404
    stranger = Caller(factories.user(role="supervisor", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get("indicators/", **query).status_code == 404


def test_small_numbers_are_kept_back_from_whoever_may_not_open_the_cases() -> None:
    """E32: also by subtraction from the total, and no sum that grows from day to day."""
    load_codes()
    case, other = family_case(), family_case(OTHER_VILLAGE)
    for _each in range(8):
        made(case)
        made(case, "not_met")
    for _each in range(2):
        made(other)
    shared = board("county")
    assert shared[""]["shared"] is True
    assert all(row["hidden"] for row in shared["visit_rate"]["rows"])
    assert not any(row["hidden"] for row in board()["visit_rate"]["rows"])
    county = Caller(factories.user(role="county", unit=factories.region("120114000000")))
    for period in (str(timezone.localdate().year), f"{timezone.localdate():%Y-%m}"):
        assert_problem(county.get("indicators/", unit=factories.TOWN, period=period), 400, "invalid")


def contracted(case: Case) -> None:
    """Somebody of the family has a family doctor."""
    HealthService.objects.create(
        number=f"JK-{case.family.number}", kind="doctor_contract", place=case.family.unit,
        person=case.family.persons.get(), outcome="registered", contract_from=factories.LONG_AGO,
        contract_to=timezone.localdate(),
    )  # fmt: skip


def hidden(figures: dict[str, Any]) -> set[bool]:
    """Whether the total and the rows are kept back."""
    return {figures["total"]["hidden"], *(row["hidden"] for row in figures["rows"])}


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_small_numbers_of_health_are_told_to_who_reads_health_only(role: str) -> None:
    """P08, E32: whoever opens the cases does not learn by counting who has a doctor, nor from a sum that grows."""
    load_codes()
    for place in range(12):
        case = family_case(categories=["bereaved"])
        if place < 2:
            contracted(case)
    seen = board(role)
    assert seen["contact_coverage"]["total"]["of"] == 12  # a contact is no matter of health
    assert hidden(seen["doctor_coverage"]) == {True}
    assert board("caseworker")["doctor_coverage"]["total"]["hits"] == 2
    for case in Case.objects.filter(family__persons__health_services=None)[:4]:
        contracted(case)
    assert board(role)["doctor_coverage"]["total"]["hits"] == 6
    for period in (f"{timezone.localdate():%Y-%m}", str(timezone.localdate().year)):
        assert hidden(board(role, period=period)["doctor_coverage"]) == {True}


def test_what_was_counted_without_names_is_told_in_small_numbers_to_nobody() -> None:
    load_codes()
    for code, number in ((factories.VILLAGE, 9), (OTHER_VILLAGE, 3), ("120114122203", 8)):
        HealthCount.objects.create(
            office=factories.town(), site=factories.village(code), month=LAST.first, what="talk", number=number
        )
    told = board("caseworker")["people_at_talks"]
    assert (told["total"]["hits"], [row["hits"] for row in told["rows"]]) == (20, [9, None, None])
    assert hidden(board("caseworker", period=str(LAST.first.year))["people_at_talks"]) == {True}


def test_linked_households_are_helped_or_not() -> None:
    """G2: a household with a linked leader counts once it was visited by them; volunteers' visits do not count."""
    load_codes()
    since = DAY - timedelta(days=60)
    for code, visited in (("linked", True), ("area_duty", False), ("volunteer", True)):
        case = family_case()
        pairing = factories.pairing(case, factories.helper(kind_=factories.kind(code)), from_date=since)
        if visited:
            at = timezone.make_aware(datetime.combine(DAY, time(10)))
            factories.visit(pairing, state="done", planned_for=DAY, due_at=at)
    total = board()["linked_help"]["total"]
    assert (total["hits"], total["of"]) == (1, 2)


def report(unit: Unit, month: Month, *, late: bool = False, rounds: int = 0, state: str = "accepted") -> None:
    due_at = timezone.make_aware(datetime.combine(DAY, time(23)))
    handed = None if state == "missing" else due_at + timedelta(hours=1 if late else -1)
    MonthlyReport.objects.create(office=factories.town(), unit=unit, month=month.first, state=state, due_at=due_at,
                                 listed_at=due_at + timedelta(days=5), handed_in_at=handed, rounds=rounds)  # fmt: skip


def test_reports_in_time_and_accepted_at_once() -> None:
    """P14: late is late even if accepted; returned once is not at once; one still with the office is not decided."""
    before = Month.of(LAST.first - timedelta(days=1))
    villages = [factories.village(f"12011412220{number}") for number in range(1, 6)]
    report(villages[0], before)
    report(villages[1], before, late=True)
    report(villages[2], before, rounds=1)
    report(villages[3], before, state="missing")
    report(villages[4], before, state="checking")
    told = board()
    assert (told["report_timeliness"]["total"]["hits"], told["report_timeliness"]["total"]["of"]) == (3, 5)
    assert (told["report_acceptance"]["total"]["hits"], told["report_acceptance"]["total"]["of"]) == (2, 4)
    assert told["report_timeliness"]["page"] == "/monthly-reports/"


def test_landing_joins_plans_subsidies_and_gifts() -> None:
    """G20: a subsidy that was paid and one that was not; what is no subsidy counts for nothing here."""
    at = timezone.make_aware(datetime.combine(DAY, time(10)))
    person = factories.person(factories.family())
    first, second = (
        owed(at, unit=factories.town(), payee=person, payee_label=person.name, period=str(number), due_on=DAY)
        for number in range(2)
    )
    hold(payables=Payable.objects.filter(pk=second.pk), reason="核对", actor=factories.actor(), now=at)
    paid_by_bank([first], timezone.now())
    let_go(payables=Payable.objects.filter(pk=second.pk), reason="无误", actor=factories.actor(), now=at)
    grant = owed(at, unit=factories.town(), purpose="study_aid", period="x")
    Payable.objects.filter(pk=grant.pk).update(due_on=DAY)
    landed = board()["landing_rate"]["total"]
    assert (landed["hits"], landed["of"]) == (1, 2)
    supervisor = Caller(factories.user(role="supervisor"))
    query = {"indicator": "landing_rate", "unit": factories.TOWN, "period": str(LAST), "hit": "no"}
    [row] = supervisor.get("indicators/families/", **query).json()["results"]
    assert row["id"] == str(person.family_id)
