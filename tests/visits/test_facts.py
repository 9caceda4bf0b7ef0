"""What tables D06 and D07 and the yearly review are told about visits."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from backend.org.models import Parameter
from backend.visits.facts import cadence_days, gap_days, period_facts, visit_facts, year_facts
from backend.visits.models import Visit
from backend.visits.visits import note_flags, record_visit, unanswered
from tests import factories
from tests.visits.test_recording import found
from workflows.engine.decisions import decide

pytestmark = pytest.mark.django_db
FOLDER = settings.BPMN_FOLDER / "care_visit"
TODAY = factories.TODAY


def flags(visit: Visit) -> list[str]:
    """What the shipped table of red flags says."""
    facts = visit_facts(Visit.objects.get(pk=visit.pk))
    assert None not in facts.values()
    return sorted(decide((FOLDER / "red_flags.dmn").read_bytes(), facts).outputs["flags"])


def period(tier: str, **changed: Any) -> tuple[int, str]:
    """What the shipped table of periods says for a family of this tier."""
    pairing = factories.pairing(
        factories.case(factories.family(risk_tier=tier, **changed)),
        factories.helper(kind_=factories.kind("volunteer", cadence_days=0)),
    )
    facts = period_facts(pairing.case, pairing, TODAY)
    outputs = decide((FOLDER / "visit_period.dmn").read_bytes(), facts).outputs
    return outputs["period_days"], outputs["channel"]


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        ({"physical": "well", "mental": "calm"}, ["none"]),
        ({"physical": "well", "needs": ["health", "legal"]}, ["need"]),
        ({"physical": "ill", "mental": "low"}, ["health", "health"]),
        ({"hazards": ["gas"]}, ["safety"]),
        ({"worries": ["gas_or_fire"]}, ["emergency"]),
        ({"worries": ["abuse_signs", "minor_alone"]}, ["abuse", "abuse"]),
        ({"mental": "self_harm"}, ["mental_crisis"]),
        ({"money_or_gifts": True}, ["boundary"]),
        ({"physical": "unconscious"}, ["emergency"]),
    ],
)
def test_red_flags(now: datetime, answers: dict[str, Any], raised: list[str]) -> None:
    visit = factories.visit()
    plain = {"physical": "unknown", **answers}
    record_visit(visit_id=visit.pk, answers=found(now, **plain), actor=factories.actor(), now=now)
    assert flags(visit) == raised


def test_three_times_nobody_answers(now: datetime) -> None:
    pairing = factories.pairing()
    for days in (9, 6, 3):
        assert unanswered(pairing.family) == {9: 0, 6: 1, 3: 2}[days]
        visit = factories.visit(pairing)
        then = now - timedelta(days=days)
        record_visit(visit_id=visit.pk, answers=found(then, visit_result="not_met"), actor=factories.actor(), now=then)
    assert "welfare_check" in flags(visit)
    met = factories.visit(pairing)
    record_visit(visit_id=met.pk, answers=found(now), actor=factories.actor(), now=now)
    assert unanswered(pairing.family) == 0


@pytest.mark.parametrize(
    ("tier", "changed", "answer"),
    [
        ("A", {}, (7, "home")),
        ("B", {}, (30, "home")),
        ("C", {}, (90, "home")),
        ("", {}, (90, "home")),
        ("B", {"willingness": "phone"}, (30, "phone")),
        ("B", {"willingness": "unknown"}, (30, "home")),
        ("B", {"willingness": "refused"}, (0, "none")),
        ("C", {"willingness": "festival"}, (0, "none")),
        ("D", {}, (0, "none")),
    ],
)
def test_periods(tier: str, changed: dict[str, Any], answer: tuple[int, str]) -> None:
    assert period(tier, **changed) == answer


def test_who_is_away_for_work_is_called_each_month() -> None:
    assert period("C", residence="away") == (30, "phone")
    assert period("A", residence="away") == (7, "phone")
    assert period("C", residence="away", willingness="refused") == (0, "none")


def test_the_stricter_of_tier_and_agreement() -> None:
    kind = factories.kind("league_child", cadence_days=30)
    pairing = factories.pairing(factories.case(), factories.helper(kind_=kind))
    assert cadence_days(pairing) == 30
    pairing.agreement = {"cadence": "weekly"}
    assert cadence_days(pairing) == 7
    assert cadence_days(None) == 0
    often = factories.kind("neighbour", cadence_days=14)
    factories.pairing(
        factories.case(pairing.family, programme=factories.programme("jllq")), factories.helper(kind_=often)
    )
    pairing.agreement = {}
    assert period_facts(pairing.case, pairing, TODAY)["cadence_days"] == 14  # of all the family's helpers (E6)


def test_the_season_is_set_for_some_days() -> None:
    Parameter.objects.create(
        key="visit.season",
        path=factories.town().path,
        value="festival",
        from_date=date(2026, 2, 15),
        to_date=date(2026, 3, 3),
    )
    case = factories.case()
    assert period_facts(case, None, date(2026, 3, 2))["season"] == "festival"
    assert period_facts(case, None, date(2026, 3, 3))["season"] == "normal"


def test_the_year_in_figures(now: datetime) -> None:
    pairing = factories.pairing(from_date=date(2026, 1, 1))
    before = now - timedelta(days=400)
    factories.visit(pairing, state="done", created_at=before)
    for state, more in (
        ("done", {"started_at": now - timedelta(days=2)}),
        ("done", {"is_late": True, "is_extra": True}),
        ("not_met", {}),
        ("missed", {"missed_at": now}),
        ("done", {"missed_at": now}),
        ("cancelled", {}),
    ):
        visit = factories.visit(pairing, state=state, created_at=now, **more)
    note_flags(visit=visit, flags=["need", "none", "need"])
    facts = year_facts(pairing.case, since=now - timedelta(days=61), now=now)
    assert facts == {
        "done": 3,
        "late": 1,
        "not_met": 1,
        "missed": 2,
        "extra": 1,
        "last_met": "2026-02-28",
        "flags": {"need": 1},
        "days_without_helper": 1,
        "tier": "",
    }


def test_days_without_anybody() -> None:
    case = factories.case()
    since, until = date(2026, 1, 1), date(2026, 1, 31)
    assert gap_days(case, since=since, until=until) == 30
    factories.pairing(case, factories.helper(), from_date=date(2025, 12, 1), to_date=date(2026, 1, 11))
    factories.pairing(case, factories.helper(), from_date=date(2026, 1, 6), to_date=date(2026, 1, 16))
    factories.pairing(case, factories.helper(), from_date=date(2026, 1, 21))
    assert gap_days(case, since=since, until=until) == 5
