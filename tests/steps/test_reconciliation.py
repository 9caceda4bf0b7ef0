"""A difference on the real diagrams: re-selection ends the spell and goes straight into matching."""

from __future__ import annotations

import pytest

from backend.cases.models import Case, Family
from backend.helpers import rounds
from backend.helpers.models import Difference, Pairing
from tests import factories
from tests.kept import kept
from tests.queueing import queued
from tests.steps.office import Office
from workflows.models import Instance
from workflows.rounds import compare_round

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


def compared(office: Office, reality: str) -> Difference:
    """The one difference that a round finds when the village says this of the only helper."""
    round = rounds.open_round(
        unit=factories.town(), from_date=office.today, to_date=office.today,
        actor=factories.actor(office.supervisor, role="supervisor"), now=office.now,
    )  # fmt: skip
    spell = Pairing.objects.latest("from_date")
    actor = factories.actor(office.village, role="village")
    rounds.report_family(
        round=round, family=spell.family, spells={spell.pk: (reality, None)}, others=[], actor=actor, now=office.now
    )
    held = rounds.start_comparing(round=round, actor=actor, now=office.now)
    compare_round(round_id=held.pk, run=held.runs, actor=actor, now=office.now)
    assert queued("rounds.compare")
    return Difference.objects.get()


def test_somebody_else_is_looked_for_by_the_case_itself(office: Office) -> None:
    first = office.helper()
    case = office.open()
    office.file(case)
    office.pair(case, first)
    second = factories.helper(name="王志愿", number="B-2")
    office.pass_time(days=20)
    found = compared(office, "never")
    assert found.kind == "never_came"
    answers = {"settlement": "reselect", "end_reason": "left", "note": "从未来过"}
    office.do(case, "settle_difference", office.caseworker, answers)
    assert Case.objects.get(pk=case.pk).phase == "care", "nothing ends before the supervisor agrees"
    told = office.form(case, "confirm_ending", office.supervisor).facts
    assert (told["settlement"], told["end_reason"], told["note"]) == ("reselect", "left", "从未来过")
    office.do(case, "confirm_ending", office.supervisor, {"confirmation": "confirm"})
    spell = Pairing.objects.get()
    assert (spell.to_date, spell.end_reason) == (office.today, "left")
    assert Case.objects.get(pk=case.pk).phase == "pairing"
    listed = office.form(case, "pick_helper", office.caseworker).facts["shortlist"]
    assert str(second.pk) in {row["helper"] for row in listed}
    found.refresh_from_db()
    assert found.state == "settled"
    assert Instance.objects.get(process__key="reconciliation").outcome == "search_began"


def test_the_file_is_right_and_the_visits_go_on(office: Office) -> None:
    helper = office.helper()
    case = office.open()
    office.file(case)
    office.pair(case, helper)
    office.pass_time(days=20)
    compared(office, "interrupted")
    office.do(case, "settle_difference", office.caseworker, {"settlement": "confirm", "note": "上门核实，仍在帮"})
    assert Pairing.objects.get().to_date is None
    assert Case.objects.get(pk=case.pk).phase == "care"
    assert Family.objects.get().status == "registered"


def test_a_helper_taken_into_the_file_is_somebody_to_ask_for_the_case_that_waits(office: Office) -> None:
    case = office.open()
    office.file(case)
    assert Case.objects.get(pk=case.pk).phase == "waiting"
    actor = factories.actor(office.village, role="village")
    round = rounds.open_round(
        unit=factories.town(), from_date=office.today, to_date=office.today, actor=actor, now=office.now
    )
    others = [rounds.Other(name="老刘", kind="volunteer")]
    rounds.report_family(round=round, family=case.family, spells={}, others=others, actor=actor, now=office.now)
    held = rounds.start_comparing(round=round, actor=actor, now=office.now)
    compare_round(round_id=held.pk, run=held.runs, actor=actor, now=office.now)
    answers = {"settlement": "register", "helper_name": "刘师傅", "helper_kind": "volunteer", "note": "一直在帮"}
    office.do(case, "settle_difference", office.caseworker, answers)
    listed = office.form(case, "pick_helper", office.caseworker).facts["shortlist"]
    assert [row["name"] for row in listed] == ["刘师傅"]
