"""Rounds of reconciliation: opened, reported, compared again and again, settled as work items, closed with figures."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from backend.audit.models import Event
from backend.helpers.models import Difference, Helper, HelperKind, Pairing, Round
from backend.helpers.rounds import remind_rounds
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.api.reconciling import Township, said
from tests.kept import kept
from tests.queueing import messages
from tests.rosters.sheets import applied, certificate, people_csv, person
from workflows.models import Instance

pytestmark = pytest.mark.django_db


@kept
def town() -> Township:
    return Township()


def test_a_round_from_the_roster_to_its_figures(town: Township) -> None:
    """Six kinds of difference from roster, survey and village, each settled; a second run finds only what is new."""
    interrupted, never = town.pair("停了户"), town.pair("没来户", visited=False)
    replaced, crowded = town.pair("换人户"), town.pair("挤着户")
    ended = town.pair("结束户", number="JD-100")
    Pairing.objects.filter(pk=ended.pk).update(to_date=town.today - timedelta(days=30))
    roster = person(户编号=ended.family.number, 姓名="结束户", 证件号码=certificate("19500305", 1), 帮扶人编号="jd-100")
    stranger = person(户编号="H-9", 姓名="新户", 证件号码=certificate("19520709", 3), 帮扶人编号="NOBODY-7")
    applied(people_csv(roster, stranger), timezone.now())
    round = town.opened()
    town.survey(interrupted, "interrupted")
    town.survey(never, "never")
    case = town.pair("待查户").case
    assert town.report(round, case, spells=[said(case.pairings.get(), "helping")]).status_code == 200
    assert town.report(
        round, replaced.case, spells=[said(replaced, "interrupted", since="2026-01-31")],
        others=[{"name": "隔壁老刘", "kind": "soldier_son"}],
    ).status_code == 200  # fmt: skip
    second = factories.helper(kind_="soldier_son", name="第二人")
    HelperKind.objects.update(per_family=1)
    assert town.report(
        round, crowded.case, spells=[said(crowded, "helping")], others=[{"number": second.number.lower()}]
    ).status_code == 200  # fmt: skip
    town.compare(round)
    assert town.kinds() == [
        ("停了户", "interrupted"), ("挤着户", "two_for_one"), ("换人户", "replaced"), ("新户", "not_on_file"),
        ("没来户", "never_came"), ("结束户", "ended_on_paper"),
    ]  # fmt: skip
    assert town.settle("interrupted", settlement="confirm", note="上门核实，仍在帮").status_code == 200
    gone = town.settle("never_came", settlement="reselect", end_reason="left", note="从未来过")
    assert gone.status_code == 200, gone.content
    assert town.confirm("never_came").status_code == 200
    assert [each["data"]["helper"] for each in messages("helper_ended")] == [str(never.helper_id)]
    entered = town.settle("replaced", settlement="register", helper_name="刘师傅", note="已换人")
    assert entered.status_code == 200, entered.content
    assert Helper.objects.get(name="刘师傅").kind_id == "soldier_son"
    assert town.settle("replaced", settlement="reselect", end_reason="replaced", note="换人").status_code == 200
    assert town.confirm("replaced").status_code == 200
    assert town.settle("two_for_one", settlement="confirm", note="偶尔来帮忙").status_code == 200
    assert town.settle("ended_on_paper", settlement="register", note="仍在帮").status_code == 200
    [alone] = town.differences(state="open")
    assert (alone["kind"], alone["named"], alone["case"], alone["work_item"]) == (
        "not_on_file", "NOBODY-7", None, None,
    )  # fmt: skip
    done = Caller(town.caseworker).post(f"differences/{alone['id']}/settle/", {"note": "已电话核实，另行建档"})
    assert (done.status_code, done.json()["state"]) == (200, "settled")
    assert {each.outcome for each in Instance.objects.filter(process__key="reconciliation")} == {
        "file_is_right", "search_began", "helper_registered",
    }  # fmt: skip
    town.compare(round)
    assert len(town.differences()) == 6, "settled ones do not come back"
    town.report(round, case, spells=[said(case.pairings.get(), "interrupted")])
    town.compare(round)
    assert town.kinds(state="open") == [("待查户", "interrupted")]
    closed = Caller(town.supervisor).post(f"rounds/{round.pk}/close/")
    assert closed.status_code == 200, closed.content
    [village] = closed.json()["villages"]
    assert (village["open"], village["settled"], village["kinds"]["interrupted"]) == (1, 6, 2)


def test_a_spell_ends_only_when_a_second_person_agrees(town: Township) -> None:
    factories.member(town.caseworker, "supervisor")
    spell = town.pair("停了户")
    round = town.opened()
    town.survey(spell, "interrupted")
    town.compare(round)
    day = str(town.today - timedelta(days=3))
    town.settle("interrupted", settlement="reselect", end_reason="discharged", ended_on=day, note="退役")
    [waiting] = town.differences(state="waiting")
    refused = town.complete(waiting["work_item"], town.caseworker, confirmation="confirm")
    assert_problem(refused, 403, "four_eyes")
    spell.refresh_from_db()
    assert spell.to_date is None
    town.confirm("interrupted", confirmation="return", reason="请当面核实")
    [again] = town.differences(state="open")
    assert (again["returned"], again["settlement"]) == ("请当面核实", "")
    town.settle("interrupted", settlement="reselect", end_reason="discharged", ended_on=day, note="已见面")
    town.confirm("interrupted")
    spell.refresh_from_db()
    assert (str(spell.to_date), spell.end_reason) == (day, "discharged")
    told = town.differences()[0]
    assert (told["state"], told["settled_by"], told["confirmed_by"]) == ("settled", "陈姐", "老王")


def test_what_does_not_fit_is_refused_and_changes_nothing(town: Township) -> None:
    spell = town.pair("停了户")
    round = town.opened()
    town.survey(spell, "interrupted")
    town.compare(round)
    before = str(town.today - timedelta(days=999))
    for answers, code, pointer in (
        ({"settlement": "register", "helper_name": "某人"}, "not_this_way", "/answers/settlement"),
        ({"settlement": "end", "end_reason": "left"}, "nobody_left", "/answers/settlement"),
        ({"settlement": "reselect", "end_reason": "left", "ended_on": before}, "wrong_days", "/answers/ended_on"),
        ({"settlement": "reselect"}, "bad_answers", "/answers/end_reason"),
    ):
        assert_problem(town.settle("interrupted", note="核实", **answers), 422, code, pointer)
    assert town.state_of("interrupted") == ("open", "")


def test_a_stranger_needs_a_name_and_a_kind(town: Township) -> None:
    case = factories.case(factories.family(label="有人帮户"), phase="waiting")
    round = town.opened()
    assert town.report(round, case, others=[{"name": "老刘"}]).status_code == 200
    town.compare(round)
    assert_problem(town.settle("not_on_file", settlement="register", note="是"), 422, "name_missing")
    factories.kind("neighbour")
    entered = town.settle(
        "not_on_file", settlement="register", helper_name="刘师傅", helper_kind="neighbour", note="是"
    )
    assert entered.status_code == 200, entered.content
    helper = Helper.objects.get(name="刘师傅")
    assert [each["data"] for each in messages("helper_available")][-1] == {"helper": str(helper.pk)}


def test_over_capacity_counts_families_of_other_places_too(town: Township) -> None:
    spell = town.pair("一户")
    elsewhere = factories.case(factories.family(unit=factories.village("210403007201")))
    factories.pairing(elsewhere, spell.helper)
    town.compare(town.opened())
    [found] = town.differences()
    assert (found["kind"], found["count"], found["helper"]["number"]) == ("over_capacity", 2, spell.helper.number)


def test_one_work_item_about_a_spell_whatever_it_turns_into(town: Township) -> None:
    spell = town.pair("变化户", visited=False)
    round = town.opened()
    town.compare(round)
    [found] = town.differences()
    assert found["sources"] == ["visits"]
    town.report(round, spell.case, spells=[said(spell, "interrupted")])
    town.compare(round)
    [turned] = town.differences()
    assert (turned["id"], turned["kind"], turned["work_item"]) == (found["id"], "interrupted", found["work_item"])
    town.report(round, spell.case, spells=[said(spell, "helping")])
    town.compare(round)
    assert town.differences()[0]["still_found"] is False


def test_what_gets_a_case_later_comes_to_an_inbox(town: Township) -> None:
    case = factories.case(factories.family(label="无案户"), phase="care", state="closed")
    spell = town.pair("", case=case)
    round = town.opened()
    town.survey(spell, "interrupted")
    town.compare(round)
    [found] = town.differences(without_case="true")
    assert found["work_item"] is None
    factories.case(case.family)
    town.compare(round)
    assert town.differences()[0]["work_item"] is not None
    refused = Caller(town.caseworker).post(f"differences/{found['id']}/settle/", {"note": "x"})
    assert_problem(refused, 409, "has_work_item")


@pytest.mark.parametrize(
    ("days", "status", "code"),
    [((10, -10), 422, "wrong_days"), ((-5, 2000), 422, "wrong_days"), ((5, 30), 409, "round_overlaps")],
)
def test_days_that_a_round_cannot_have(town: Township, days: tuple[int, int], status: int, code: str) -> None:
    town.opened()
    begin, end = (str(town.today + timedelta(days=number)) for number in days)
    assert_problem(town.open(from_date=begin, to_date=end), status, code)
    village = town.open(unit=str(factories.village().pk), from_date=begin, to_date=end)
    assert_problem(village, status, code)
    assert Round.objects.count() == 1


def test_reports_that_are_refused(town: Township) -> None:
    spell = town.pair("报告户")
    round = town.opened()
    helping = [said(spell, "helping")]
    for asked, code, pointer in (
        ({"spells": helping, "others": [{"number": "NO-1"}]}, "unknown_helper", "/others/0/number"),
        ({"spells": helping, "others": [{}]}, "nobody_named", "/others/0/name"),
        ({"spells": helping, "others": [{"name": "x", "kind": "uncle"}]}, "invalid", "/others/0/kind"),
        ({}, "report_incomplete", f"/spells/{spell.pk}"),
        ({"spells": [{"pairing": str(uuid4()), "reality": "helping"}]}, "outside_round", None),
    ):
        assert_problem(town.report(round, spell.case, **asked), 422, code, pointer)
    bad: Any = town.report(round, spell.case, spells=[said(spell, "perhaps")])
    assert bad.status_code == 400
    elsewhere = factories.case(factories.family(unit=factories.village("210403007201")))
    assert town.report(round, elsewhere).status_code == 400, "a stranger's family is none"
    other_village = town.report(round, factories.case(factories.family(unit=factories.village("120114122202"))))
    assert other_village.status_code == 400, "not the own village"


def test_a_closed_round_takes_nothing_more(town: Township) -> None:
    spell = town.pair("报告户")
    round = town.opened()
    assert_problem(Caller(town.supervisor).post(f"rounds/{round.pk}/close/"), 409, "round_not_compared")
    town.compare(round)
    Round.objects.filter(pk=round.pk).update(state="comparing")
    assert_problem(Caller(town.caseworker).post(f"rounds/{round.pk}/compare/"), 409, "round_comparing")
    Round.objects.filter(pk=round.pk).update(state="open")
    assert Caller(town.supervisor).post(f"rounds/{round.pk}/close/").status_code == 200
    for refused in (
        town.report(round, spell.case, spells=[said(spell, "helping")]),
        Caller(town.caseworker).post(f"rounds/{round.pk}/compare/"),
        Caller(town.supervisor).post(f"rounds/{round.pk}/close/"),
    ):
        assert_problem(refused, 409, "round_closed")
    town.pair("后来户")
    [village] = Caller(town.auditor).get(f"rounds/{round.pk}/").json()["villages"]
    assert (village["families"], village["reported"], village["percent"]) == (1, 0, 0), "frozen"


def test_a_village_sees_its_list_and_its_figures_only(town: Township) -> None:
    here = town.pair("本村户")
    far = factories.case(factories.family(unit=factories.village("120114122202"), label="外村户"), phase="care")
    town.pair("", case=far)
    round = town.opened()
    caller = Caller(town.village)
    [family] = results(caller.get(f"rounds/{round.pk}/families/"))
    assert (family["label"], family["reported"]) == ("本村户", False)
    assert [spell["helper"] for spell in family["spells"]] == [here.helper.name]
    town.report(round, here.case, spells=[said(here, "helping")], others=[{"name": "=老刘"}], note="常来")
    [family] = results(caller.get(f"rounds/{round.pk}/families/", reported="true"))
    assert (family["reported_by"], family["others"][0]["name"], family["note"]) == ("李专干", "=老刘", "常来")
    assert [village["name"] for village in caller.get(f"rounds/{round.pk}/").json()["villages"]] == ["赵庄村"]
    assert len(Caller(town.caseworker).get(f"rounds/{round.pk}/").json()["villages"]) == 2
    assert_problem(caller.get("differences/"), 403, "not_allowed")


def test_the_workbook_has_figures_and_differences_and_no_formula(town: Township) -> None:
    case = factories.case(factories.family(label="有人帮户"), phase="waiting")
    round = town.opened()
    town.report(round, case, others=[{"name": "=HYPERLINK(1)"}])
    town.compare(round)
    response = Caller(town.auditor).get(f"rounds/{round.pk}/workbook.xlsx")
    assert response.status_code == 200, response.content
    book = CalamineWorkbook.from_object(BytesIO(response.content))
    villages, differences = (book.get_sheet_by_index(place).to_python() for place in (0, 1))
    assert villages[1][:4] == ["赵庄村", 1, 1, 100]
    assert "=HYPERLINK(1)" in differences[1]
    with ZipFile(BytesIO(response.content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet2.xml"), "no formula"
        assert b'quotePrefix="1"' in archive.read("xl/styles.xml")
    assert Event.objects.filter(action="round.downloaded").count() == 1


def test_history_tells_no_name_and_lists_take_few_statements(town: Township) -> None:
    round = town.opened()
    for number in range(6):
        spell = town.pair(f"户{number}")
        town.report(round, spell.case, spells=[said(spell, "interrupted")], others=[{"name": "老刘某"}])
    town.compare(round)
    assert not [event for event in Event.objects.all() if "老刘某" in event.body]
    assert Caller(town.caseworker).statements("differences/") <= 2
    assert Caller(town.caseworker).statements("rounds/") <= 2
    assert Caller(town.caseworker).statements(f"rounds/{round.pk}/") <= 5
    assert Caller(town.village).statements(f"rounds/{round.pk}/families/") <= 6


def test_the_yearly_day_is_called_to_mind(town: Township) -> None:
    [told] = Caller(town.supervisor).get("rounds/coming/").json()
    assert (told["day"][5:], told["round"], told["behind"]) == ("04-15", None, 0)
    town.pair("一户")
    round = town.opened()
    [told] = Caller(town.supervisor).get("rounds/coming/").json()
    assert (told["round"], told["behind"]) == (str(round.pk), 1)


def test_strangers_meet_nothing(town: Township) -> None:
    spell = town.pair("停了户")
    round = town.opened()
    town.survey(spell, "interrupted")
    town.compare(round)
    found = Difference.objects.get()
    stranger = Caller(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert results(stranger.get("rounds/")) == results(stranger.get("differences/")) == []
    for path in (f"rounds/{round.pk}/", f"rounds/{round.pk}/families/", f"differences/{found.pk}/"):
        assert_problem(stranger.get(path), 404, "not_found")
    for path in (f"rounds/{round.pk}/compare/", f"rounds/{round.pk}/close/", f"differences/{found.pk}/settle/"):
        assert_problem(stranger.post(path, {"note": "x"}), 404, "not_found")
    assert_problem(Caller(town.auditor).post(f"rounds/{round.pk}/compare/"), 403, "not_allowed")


def test_villages_that_are_behind_are_told_once_before_the_end(town: Township) -> None:
    town.pair("一户")
    round = town.opened()
    now = timezone.now()
    assert remind_rounds(now=now) == 0, "there is time"
    Round.objects.filter(pk=round.pk).update(to_date=town.today + timedelta(days=5))
    assert remind_rounds(now=now) == 1
    assert set(Reminder.objects.values_list("role", flat=True)) == {"caseworker", "supervisor"}
    assert remind_rounds(now=now) == 0
    assert Event.objects.get(action="round.reminded").data["villages"] == 1
