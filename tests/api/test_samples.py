"""Samples: drawn, told only to auditors, drawn again, looked at."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Case, Family
from backend.inspection.models import SampleRow
from backend.org.models import Unit
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db

COUNTY = "120114000000"


@pytest.fixture
def county() -> Unit:
    for name in ("甲", "乙", "丙", "丁", "戊"):
        factories.family(label=f"{name}户")
    return factories.region(COUNTY)


@pytest.fixture
def auditor(county: Unit) -> Caller:
    return Caller(factories.user("auditor", role="auditor", unit=county, name="刘科"))


def draw(caller: Caller, county: Unit, **asked: Any) -> Any:
    return caller.post("samples/", {"unit": str(county.pk), "population": "families", "size": 3, **asked})


def drawn(caller: Caller, county: Unit, **asked: Any) -> dict[str, Any]:
    response = draw(caller, county, **asked)
    assert response.status_code == 201, response.content
    told: dict[str, Any] = response.json()
    return told


def test_the_same_seed_gives_the_same_list(auditor: Caller, county: Unit) -> None:
    one, other = (drawn(auditor, county, seed="2026-06-30") for _time in range(2))
    assert one["rows"] == other["rows"]
    assert (one["count"], one["rows_drawn"], one["rows_looked_at"]) == (5, 3, 0)
    assert [row["place"] for row in one["rows"]] == [1, 2, 3]
    assert {row["family"]["label"] for row in one["rows"]} < {"甲户", "乙户", "丙户", "丁户", "戊户"}
    made = drawn(auditor, county)
    assert len(made["seed"]) == 16
    assert [row["id"] for row in results(auditor.get("samples/"))] == [made["id"], other["id"], one["id"]]


def test_the_population_is_there_for_whoever_recomputes(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, county, seed="s")
    content = auditor.get(f"samples/{sample['id']}/population/").content
    assert hashlib.sha256(content).hexdigest() == sample["digest"]
    ids = content.decode().split()
    first = min(ids, key=lambda each: hashlib.sha256(f"s:{each}".encode()).hexdigest())
    assert first == sample["rows"][0]["member_id"]


def test_drawing_again(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, county)
    path = f"samples/{sample['id']}/verify/"
    again = auditor.get(path).json()
    assert (again["is_same"], again["is_same_today"], again["added"], again["gone"]) == (True, True, [], [])
    factories.family(label="新户")  # made later than the sample's time: no part of it
    assert auditor.get(path).json()["digest_today"] == sample["digest"]
    gone = sample["rows"][1]["family"]["id"]
    Family.objects.filter(pk=gone).update(status="closed")
    again = auditor.get(path).json()
    assert (again["is_same"], again["is_same_today"], again["gone"]) == (True, False, [gone])
    assert again["differing"][0] == 2
    SampleRow.objects.filter(sample=sample["id"], place=1).update(member_id=gone)
    assert auditor.get(path).json()["is_same"] is False


def test_other_populations_and_their_periods(auditor: Caller, county: Unit) -> None:
    march = datetime(2026, 3, 2, tzinfo=UTC)
    case = factories.case(opened_at=march)
    over = factories.case(opened_at=march, state="closed", closed_at=march + timedelta(days=9))
    visit = factories.visit(
        factories.pairing(case), state="done", started_at=march, recorded_at=march + timedelta(hours=1)
    )
    factories.visit(factories.pairing(over), state="planned")

    def members(population: str, period: str = "", **more: Any) -> set[str]:
        told = drawn(auditor, county, population=population, period=period, **more)
        return {row["member_id"] for row in told["rows"]}

    assert members("open_cases") == {str(case.pk)}
    assert members("open_cases", as_of="2026-03-05T00:00:00Z") == {str(case.pk), str(over.pk)}
    assert members("closed_cases", "2026") == {str(over.pk)}
    assert members("visits", "2026-03") == {str(visit.pk)}
    assert_problem(draw(auditor, county, population="visits", period="2026-04"), 409, "population_empty")
    assert_problem(draw(auditor, county, population="visits"), 422, "bad_period", "/period")
    assert_problem(draw(auditor, county, population="families", period="2026"), 422, "bad_period")
    ahead = (timezone.now() + timedelta(days=1)).isoformat()
    assert_problem(draw(auditor, county, as_of=ahead), 422, "ahead", "/as_of")
    assert draw(auditor, county, size=201).status_code == 400


def test_history_tells_that_it_was_drawn_but_not_what(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, county, seed="secret-seed")
    event = Event.objects.get(action="sample.drawn")
    assert event.data["digest"] == sample["digest"]
    ids = "".join(f"{row['member_id']}\n" for row in sample["rows"])
    assert event.data["list"] == hashlib.sha256(ids.encode()).hexdigest()
    assert "secret-seed" not in event.body
    assert sample["rows"][0]["member_id"] not in event.body


def test_a_row_is_looked_at(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, county)
    path = f"samples/{sample['id']}/look/"
    told = auditor.post(path, {"place": 2, "note": "电话无人接"}).json()
    row = told["rows"][1]
    assert (row["note"], row["looked_by"], bool(row["looked_at"])) == ("电话无人接", "刘科", True)
    assert told["rows_looked_at"] == 1
    event = Event.objects.get(action="sample.looked_at")
    assert str(event.family_id) == row["family"]["id"]
    assert "电话" not in event.body
    assert_problem(auditor.post(path, {"place": 4}), 404, "not_found")


def test_whoever_is_inspected_never_sees_what_was_drawn(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, factories.town())
    for role in ("caseworker", "supervisor"):
        inspected = Caller(factories.user(role, role=role))
        assert_problem(inspected.get("samples/"), 403, "not_allowed")
        assert_problem(inspected.get(f"samples/{sample['id']}/"), 403, "not_allowed")
        assert_problem(draw(inspected, factories.town()), 403, "not_allowed")
    elsewhere = Caller(factories.user("far", role="auditor", unit=factories.town(factories.OTHER_TOWN)))
    assert_problem(elsewhere.get(f"samples/{sample['id']}/"), 404, "not_found")
    assert draw(elsewhere, county).status_code == 400  # a unit that one does not see


def test_a_family_that_moved_away_is_not_named_any_more(auditor: Caller, county: Unit) -> None:
    sample = drawn(auditor, county)
    moved = sample["rows"][0]["family"]["id"]
    village = factories.village("210403007201", "别处村")
    Family.objects.filter(pk=moved).update(unit=village)
    assert auditor.get(f"samples/{sample['id']}/").json()["rows"][0]["family"] is None
    assert not Case.objects.exists()


def test_a_sample_of_many_costs_as_few_statements_as_one_of_few(auditor: Caller, county: Unit) -> None:
    few = drawn(auditor, county, size=1)
    for _family in range(20):
        factories.family()
    many = drawn(auditor, county, size=25)
    few_cost, many_cost = (auditor.statements(f"samples/{each['id']}/") for each in (few, many))
    assert many_cost == few_cost
    assert many_cost <= 8
