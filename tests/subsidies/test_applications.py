"""Applications (P06): from the village to the county, each power another person's, public three times, decided in
writing, with an amount that tells its layers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Person
from backend.org.access import Actor
from backend.org.models import Deputy
from backend.org.parameters import load_parameters, set_parameter
from backend.payments.models import Payable
from backend.publicity.models import Notice
from backend.reminders.models import Reminder
from backend.rights.models import Grievance
from backend.subsidies import applications, coming_of_age, rules
from backend.subsidies.amounts import next_month
from backend.subsidies.models import Application, Entitlement, Hand, Stage, Standard
from backend.subsidies.months import later, months_of
from backend.subsidies.owing import owe_due
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.queueing import queued
from tests.subsidies.county import COUNTY_FOUND, TOWN_FOUND, VILLAGE_FOUND, County
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db
REFUSED = {"decision": "refuse", "refusal": "not_entitled", "reason": "另有子女"}


@kept
def county() -> County:
    return County()


def test_from_the_village_to_what_is_owed(county: County) -> None:
    """The way of a special support in 大黄堡: 590 doubled, from the month after, what falls into the year owed."""
    row = county.before_decision()
    assert (row.verdict, row.category, row.true_on) == ("eligible", "child_died", date(2009, 5, 1))
    county.done(county.county, "decide", {"decision": "confirm"})
    county.done(county.village, "tell_confirmation", {"told": "in_person", "told_on": timezone.localdate().isoformat()})
    granted = Entitlement.objects.get()
    rate = granted.rates.get()
    assert rate.monthly == 1180
    assert [layer["level"] for layer in rate.layers] == ["national", "township"]
    assert granted.from_date == next_month(timezone.localdate())
    owed = Payable.objects.get()
    months = 13 - granted.from_date.month
    assert owed.amount == Decimal(1180) * months
    row.refresh_from_db()
    assert (row.state, row.told_on) == ("confirmed", timezone.localdate())
    assert Instance.objects.get(process__key="subsidy_application").state == "done"
    assert Stage.objects.filter(no_objection=True).count() == 3
    assert Notice.objects.filter(state="taken_down").count() == 3


def test_who_is_confirmed_between_a_standard_and_its_day_gets_it_from_that_day(county: County) -> None:
    """E15: the back pay of those who were there before it is confirmed already; nobody does it for her again."""
    county.before_decision()
    first = next_month(timezone.localdate())
    Standard.objects.create(
        code="county-more", kind="special_support", area=factories.region("120114000000").path, mode="add",
        amount=Decimal("10.00"), from_date=next_month(first), reference="县发〔2026〕5号",
    )  # fmt: skip
    county.done(county.county, "decide", {"decision": "confirm"})
    granted = Entitlement.objects.get()
    assert [(rate.from_date, rate.until_date, rate.monthly) for rate in granted.rates.all()] == [
        (first, next_month(first), Decimal(1180)), (next_month(first), None, Decimal(1200)),
    ]  # fmt: skip
    assert Payable.objects.get().amount == 1180 + Decimal(1200) * (12 - first.month)


def test_what_is_declared_of_a_child_reaches_no_history_and_no_list(county: County) -> None:
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    notice = Notice.objects.get()
    told = [line.name + line.identity + line.locality for sheet in notice.sheets.all() for line in sheet.lines.all()]
    assert told
    assert not any("孙桂兰" in text or "死亡" in text for text in told)
    for event in Event.objects.all():
        assert "死亡证明" not in event.body
        assert "2222" not in event.body
    seen = Caller(county.village).get(f"subsidy-applications/{row.pk}/").json()
    assert seen["account_tail"] == "2222"
    assert "12 号" not in str(seen)
    with_births = {"children_ever", "facts"} & seen.keys()
    assert not with_births


@pytest.mark.parametrize(
    ("power", "step", "answers"),
    [
        ("committee", "village_review", VILLAGE_FOUND),
        ("supervisor", "township_review", TOWN_FOUND),
        ("county", "county_review", COUNTY_FOUND),
    ],
)
def test_who_recorded_it_reviews_it_at_no_level(county: County, power: str, step: str, answers: dict[str, Any]) -> None:
    """3.0: never create and approve the same case. The engine hides it; the database refuses it."""
    place = {"committee": factories.village(), "supervisor": factories.town()}
    factories.member(county.village, power, place.get(power, factories.region("120114000000")))
    row = county.before_county() if power == "county" else county.before_village()
    if power == "supervisor":
        county.done(county.committee, "village_review", VILLAGE_FOUND)
        county.pass_days(row)
    item = WorkItem.objects.get(step=step, state="open")
    assert Caller(county.village).post(f"work-items/{item.pk}/complete/", {"answers": answers}).status_code in {
        403,
        404,
    }
    with pytest.raises(IntegrityError, match="hand_one_power"), transaction.atomic():
        Hand.objects.create(application=row, user=county.village, power=step.partition("_")[0])


def test_the_villages_reviewer_is_not_the_townships(county: County) -> None:
    """3.0: nobody reviews at two levels; nor does who stands in for the other."""
    factories.member(county.committee, "supervisor", factories.town())
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    county.pass_days(row)
    item = WorkItem.objects.get(step="township_review", state="open")
    assert_problem(
        Caller(county.committee).post(f"work-items/{item.pk}/complete/", {"answers": TOWN_FOUND}), 403, "four_eyes"
    )
    with pytest.raises(IntegrityError, match="stage_two_people"), transaction.atomic():
        Stage.objects.create(
            application=row, level="township", reviewer=county.committee, reviewer_label="x", agrees=True, opinion="x",
            reviewed_on=timezone.localdate(),
        )  # fmt: skip


def test_deputies_count_as_those_they_stand_in_for(county: County) -> None:
    """Who reviewed it for the absent committee keeps the absent one out as well."""
    deputy = factories.user("deputy", role="caseworker", name="代班")
    Deputy.objects.create(absent=county.committee, deputy=deputy, from_date=factories.LONG_AGO)
    factories.member(county.committee, "supervisor", factories.town())
    row = county.before_village()
    county.done(deputy, "village_review", VILLAGE_FOUND)
    county.pass_days(row)
    assert set(row.hands.filter(power="village").values_list("user__username", flat=True)) == {"deputy", "committee"}
    assert_problem(county.do(county.committee, "township_review", TOWN_FOUND), 403, "four_eyes")


def test_a_relative_decides_nothing(county: County) -> None:
    """E19: a colleague named as a relative is refused, whatever the inbox says."""
    county.before_village(relatives=["committee"])
    row = Application.objects.get()
    assert row.is_related
    assert_problem(county.do(county.committee, "village_review", VILLAGE_FOUND), 403, "recused")
    other = factories.user("other", role="committee", unit=factories.village())
    county.done(other, "village_review", VILLAGE_FOUND)


def test_a_helper_who_applies_has_no_hand_in_it(county: County) -> None:
    """E19: found by the certificate, without anybody saying so."""
    Person.objects.filter(pk=county.wife.pk).update(certificate_index=b"x" * 32)
    helper = factories.helper(user=county.committee)
    type(helper).objects.filter(pk=helper.pk).update(certificate_index=b"x" * 32)
    county.applied()
    assert Application.objects.get().recused.get() == county.committee


@pytest.mark.parametrize(("kind", "state", "reason"), [("refuse", "refused", "另有子女")])
def test_a_refusal_is_written_with_its_reason_and_the_appeal(
    county: County, kind: str, state: str, reason: str
) -> None:
    row = county.before_decision(children={"ever": 2})
    assert (row.verdict, row.verdict_reason) == ("no", "other_children")
    assert_problem(county.do(county.county, "decide", {"decision": "confirm"}), 422, "subsidy_reason_missing")
    county.done(county.county, "decide", REFUSED)
    told = {"told": "in_person", "told_on": timezone.localdate().isoformat(), "appeal_explained": True}
    county.done(county.village, "bring_refusal", told)
    seen = Caller(county.village).get(f"subsidy-applications/{row.pk}/").json()
    assert seen["state"] == state
    assert reason in seen["letter"][1]
    assert "60" in seen["letter"][2]
    assert not Entitlement.objects.exists()


def test_an_objection_holds_this_application_alone(county: County) -> None:
    """E13: who objected is in the grievance, never here; answered, it goes on."""
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    said = {"text": "他们还有一个孩子", "objector": "王某", "channel": "window"}
    answer = Caller(county.caseworker).post(f"subsidy-applications/{row.pk}/object/", said)
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "held"
    assert "王某" not in str(answer.json())
    assert_problem(Caller(county.caseworker).post(f"subsidy-applications/{row.pk}/object/", said), 409,
                   "application_not_public")  # fmt: skip
    grievance = Grievance.objects.get()
    assert grievance.about_family_id == county.family.pk
    county.pass_days(row)
    assert not WorkItem.objects.filter(step="township_review").exists()
    assert row.instance_id is not None
    services.send_message(
        instance_id=row.instance_id, name="objection_settled", data={"objection": "not_upheld"},
        actor=factories.actor(), now=timezone.now(),
    )  # fmt: skip
    county.pass_days(row)
    assert WorkItem.objects.filter(step="township_review", state="open").exists()


def test_an_upheld_objection_goes_to_the_county(county: County) -> None:
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    Caller(county.caseworker).post(f"subsidy-applications/{row.pk}/object/", {"text": "有异议"})
    assert row.instance_id is not None
    services.send_message(
        instance_id=row.instance_id, name="objection_settled", data={"objection": "upheld"}, actor=factories.actor(),
        now=timezone.now(),
    )  # fmt: skip
    assert WorkItem.objects.get(state="open", instance=row.instance_id).step == "decide"
    assert Stage.objects.get().no_objection is False


@pytest.mark.parametrize(
    ("finding", "said", "state", "next_step"),
    [("not_upheld", "not_upheld", "published", "township_review"), ("upheld", "upheld", "published", "decide"),
     ("partly_upheld", "upheld", "published", "decide")],
)  # fmt: skip
def test_when_the_objection_is_closed_the_held_application_hears_it(
    county: County, finding: str, said: str, state: str, next_step: str
) -> None:
    """E13, end to end: from the objection over whoever is independent back to the application that it held."""
    row = county.before_village()
    county.done(county.committee, "village_review", VILLAGE_FOUND)
    Caller(county.caseworker).post(f"subsidy-applications/{row.pk}/object/", {"text": "有异议"})
    users = {"auditor": county.auditor, "supervisor": county.supervisor, "caseworker": county.caseworker}
    found = {"finding": finding, "evidence": "查看了材料", "answer": "已核实", "measure": "none"}
    today = timezone.localdate().isoformat()
    told = {"replied_on": today, "replied_by": "letter", "appeal_told": True, "satisfied": "not_asked"}
    while (item := WorkItem.objects.filter(process="grievance", state="open").first()) is not None:
        assert not queued("processes.message")
        answers = found if item.step.startswith("investigate") else told
        done = Caller(users[item.role]).post(f"work-items/{item.pk}/complete/", {"answers": answers})
        assert done.status_code == 200, done.content
    assert Grievance.objects.get().state == "closed"
    (message,) = queued("processes.message")
    assert (message["instance_id"], message["name"]) == (str(row.instance_id), "objection_settled")
    assert message["data"] == {"objection": said}
    row.refresh_from_db()
    assert row.state == "held"
    services.send_message(
        instance_id=UUID(message["instance_id"]), name=message["name"], data=message["data"],
        actor=Actor.from_json(message["actor"]), now=timezone.now(),
    )  # fmt: skip
    row.refresh_from_db()
    assert row.grievance_id is None
    county.pass_days(row)
    assert WorkItem.objects.filter(step=next_step, state="open", instance=row.instance_id).exists()


def test_what_is_missing_is_said_once(county: County) -> None:
    row = county.applied()
    county.done(county.caseworker, "check_materials", {"materials": "missing", "missing": ["death_certificate"]})
    row.refresh_from_db()
    assert row.corrected_by == timezone.localdate() + timedelta(days=30)
    county.pass_days(row, 31)
    notice = {"withdrawal": "withdrawn", "notice_number": "告字3号", "served_on": timezone.localdate().isoformat()}
    assert_problem(county.do(county.caseworker, "give_withdrawal_notice", {"withdrawal": "withdrawn"}), 422,
                   "bad_answers")  # fmt: skip
    county.done(county.caseworker, "give_withdrawal_notice", notice)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert "告字3号" in row.reason


def test_the_family_can_take_it_back(county: County) -> None:
    row = county.applied()
    assert (
        Caller(county.village).post(f"subsidy-applications/{row.pk}/withdraw/", {"reason": "不想办了"}).json()["state"]
        == "withdrawn"
    )
    assert not WorkItem.objects.filter(state="open").exists()
    assert_problem(Caller(county.village).post(f"subsidy-applications/{row.pk}/withdraw/", {"reason": "再撤"}), 409,
                   "application_decided")  # fmt: skip
    assert county.post().status_code == 201


def test_one_open_application_for_a_person_and_a_subsidy(county: County) -> None:
    """E28: each of a couple has an own one."""
    county.applied()
    assert_problem(county.post(), 409, "applied_already")
    assert county.post(person=str(county.husband.pk), spouse=str(county.wife.pk)).status_code == 201


class TestWhoMoved:
    """E1, S30: out at the origin first, then registered anew; a file elsewhere is the same by the certificate."""

    @staticmethod
    def entitled_at_the_origin(county: County, **fields: Any) -> Entitlement:
        papers = {"certificate_index": b"w" * 32}
        Person.objects.filter(pk=county.wife.pk).update(**papers)
        origin = factories.person(factories.family(label="孙桂兰原籍"), name="孙桂兰", sex="2")
        Person.objects.filter(pk=origin.pk).update(**papers)
        return Entitlement.objects.create(**{
            "number": "DY-原籍-1", "person": origin, "unit": origin.family.unit, "kind": "special_support",
            "cycle": "month", "from_date": date(2024, 1, 1), "confirmed_on": date(2024, 1, 1), **fields,
        })  # fmt: skip

    def test_nobody_registers_anew_who_has_not_left_yet(self, county: County) -> None:
        there = self.entitled_at_the_origin(county)
        assert_problem(county.post(), 409, "entitled_already")
        assert not Application.objects.exists()
        assert not Instance.objects.exists()
        Entitlement.objects.filter(pk=there.pk).update(until_date=timezone.localdate(), end_reason="moved")
        assert county.post().status_code == 201

    def test_another_subsidy_can_be_applied_for(self, county: County) -> None:
        self.entitled_at_the_origin(county, kind="reward_support")
        assert county.post().status_code == 201

    def test_here_it_begins_when_it_ends_there(self, county: County) -> None:
        """The origin pays until its last day (a year at once, say): nobody is paid twice for a month, and no year is
        owed before it has come."""
        last = later(next_month(timezone.localdate()), 13)
        self.entitled_at_the_origin(county, until_date=last, end_reason="moved")
        row = county.before_decision()
        assert applications.advice_of(row)["from_date"] == last.isoformat()
        county.done(county.county, "decide", {"decision": "confirm"})
        assert Entitlement.objects.get(application=row).from_date == last
        assert not Payable.objects.exists()
        begins = datetime.combine(last, time(5, 7), timezone.get_default_timezone())
        assert (owe_due(begins - timedelta(days=1)), owe_due(begins)) == (0, 1)
        assert months_of(Payable.objects.get().period)[0] == last

    def test_an_end_that_is_past_changes_nothing(self, county: County) -> None:
        self.entitled_at_the_origin(county, until_date=date(2025, 1, 1), end_reason="moved")
        row = county.before_decision()
        county.done(county.county, "decide", {"decision": "confirm"})
        assert Entitlement.objects.get(application=row).from_date == next_month(timezone.localdate())

    def test_what_was_given_once_stands_in_nobodys_way(self, county: County) -> None:
        self.entitled_at_the_origin(county, cycle="once")
        assert county.post().status_code == 201

    def test_an_application_under_way_at_the_origin_is_enough(self, county: County) -> None:
        origin = self.entitled_at_the_origin(county, kind="reward_support").person
        Application.objects.create(
            number="FZ-原籍-1", kind="special_support", year=2026, family=origin.family, person=origin,
            unit=origin.family.unit, unit_path=origin.family.unit.path, channel="self", facts="{}",
            declared_on=date(2026, 1, 2), recorded_label="x",
        )  # fmt: skip
        assert_problem(county.post(), 409, "applied_already")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"account": "12"}, "account"),
        ({"papers": ["passport"]}, "papers"),
        ({"declared_on": "2199-01-01"}, "declared_on"),
        ({"children": {"living": 3}}, "children"),
        ({"year": 1999}, "year"),
    ],
)
def test_what_does_not_fit_is_refused(county: County, changes: dict[str, Any], field: str) -> None:
    answer = county.post(**changes)
    assert_problem(answer, 422, "bad_application")
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_reward_support_asks_the_county_for_yes_or_no_only(county: County) -> None:
    row = county.before_decision("yes", kind="reward_support", children={"state": "living", "living": 1})
    assert (row.verdict, row.category) == ("eligible", "one_child")
    county.done(county.county, "decide", {"decision": "confirm"})
    assert Entitlement.objects.get().rates.get().yearly == 1920
    county.done(county.village, "tell_confirmation", {"told": "phone", "told_on": timezone.localdate().isoformat()})


class TestWhereOnlyOneIsGiven:
    """D15, where the place lets people choose: what is given beside it counts on the day of the decision."""

    @staticmethod
    def other_right(county: County, number: str = "DY-1", cycle: str = "month") -> Entitlement:
        return Entitlement.objects.create(
            number=number, person=county.wife, unit=county.family.unit, kind="reward_support", cycle=cycle,
            from_date=date(2024, 1, 1), confirmed_on=date(2024, 1, 1),
        )  # fmt: skip

    @staticmethod
    def choose() -> None:
        load_parameters()
        set_parameter(key="subsidy.combination", value="choose", from_date=factories.LONG_AGO, source="test")

    def test_who_has_ended_the_other_one_gets_this_one(self, county: County) -> None:
        self.choose()
        other = self.other_right(county)
        row = county.before_decision()
        assert applications.advice_of(row)["combination"] == "choose"
        yes = {"decision": "confirm"}
        assert_problem(county.do(county.county, "decide", yes), 409, "chosen_already")
        Entitlement.objects.filter(pk=other.pk).update(until_date=next_month(timezone.localdate()), end_reason="other")
        county.done(county.county, "decide", yes)
        row.refresh_from_db()
        advice = applications.advice_of(row)
        assert (advice["combination"], row.state) == ("stack", "confirmed")
        assert advice["versions"]["combination"]

    def test_what_was_granted_since_it_was_advised_counts(self, county: County) -> None:
        """What was given once, long ago, is not given beside it."""
        self.choose()
        once = self.other_right(county, "DY-0", "once")
        row = county.before_decision()
        assert applications.advice_of(row)["combination"] == "stack"
        Entitlement.objects.filter(pk=once.pk).update(cycle="month")
        assert_problem(county.do(county.county, "decide", {"decision": "confirm"}), 409, "chosen_already")


def test_a_divorce_changes_nothing_of_either_entitlement(county: County) -> None:
    """E28: per person, wherever the person lives afterwards."""
    for person in (county.wife, county.husband):
        Entitlement.objects.create(
            number=f"DY-{person.pk}", person=person, unit=county.family.unit, kind="special_support", cycle="month",
            from_date=date(2026, 1, 1), confirmed_on=date(2026, 1, 1),
        )  # fmt: skip
    apart = factories.family(unit=factories.village("120114122202"), label="李大山")
    Person.objects.filter(pk=county.husband.pk).update(family=apart)
    rows = Caller(county.supervisor).get("entitlements/").json()["results"]
    assert {row["family"]["label"] for row in rows} == {"孙桂兰", "李大山"}
    assert Entitlement.objects.on(date(2026, 2, 1)).count() == 2


def test_nobody_has_the_same_subsidy_twice_at_once(county: County) -> None:
    told = {
        "person": county.wife, "unit": county.family.unit, "kind": "special_support", "cycle": "month",
        "confirmed_on": date(2026, 1, 1),
    }  # fmt: skip
    Entitlement.objects.create(number="DY-1", from_date=date(2026, 1, 1), **told)
    with pytest.raises(IntegrityError, match="entitlement_no_overlap"), transaction.atomic():
        Entitlement.objects.create(number="DY-2", from_date=date(2026, 6, 1), **told)


@pytest.mark.parametrize(
    ("born", "verdict", "becomes"),
    [
        (date(1977, 12, 31), "eligible", date(2026, 12, 31)),
        (date(1978, 1, 1), "not_yet", date(2027, 1, 1)),
        (date(1977, 2, 28), "eligible", date(2026, 2, 28)),
        (date(1980, 2, 29), "not_yet", date(2029, 3, 1)),
    ],
)
def test_49_on_the_reference_day(county: County, born: date, verdict: str, becomes: date) -> None:
    """E17: 31 December counts, 1 January does not; the day on which it becomes true is told."""
    Person.objects.filter(pk=county.wife.pk).update(birth_date=born)
    row = county.applied(year=2026) if timezone.localdate().year <= 2027 else None
    assert row is not None
    row = Application.objects.get(pk=row.pk)
    facts = rules.special_facts(row, day=date(2026, 3, 2))
    assert (facts["wife_age"] >= facts["needed_age"]) == (verdict == "eligible")
    assert rules.true_on(row, day=date(2026, 3, 2)) == becomes


def test_the_identity_cards_birth_date_governs(county: County) -> None:
    """E17: what the roster told by the lunar calendar counts for nothing."""
    county.wife.certificate, county.wife.birth_date, county.wife.birth_is_lunar = (
        "120114197803020028",
        date(1978, 1, 24),
        True,
    )
    assert rules.governing_birth(county.wife) == date(1978, 3, 2)
    county.wife.certificate = ""
    assert rules.governing_birth(county.wife) == date(1978, 1, 24)


def test_a_level_that_misses_its_day_is_told_of(county: County) -> None:
    row = county.before_village()
    county.pass_days(row, 400)
    assert Event.objects.filter(action="application.stage_late").count() == 1
    told = Reminder.objects.filter(kind="application.stage_late")
    assert sorted(told.values_list("role", flat=True)) == ["county", "supervisor"]


@pytest.mark.parametrize(("born", "told"), [(date(1977, 3, 3), 1), (date(1978, 3, 3), 0), (date(1977, 3, 1), 0)])
def test_the_village_is_asked_to_tell_who_comes_of_age(county: County, born: date, told: int) -> None:
    """P06: in the twelve months before 49, once; not who is past it or has applied."""
    now = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    Person.objects.filter(pk=county.wife.pk).update(birth_date=born)
    type(county.family).objects.update(categories=["bereaved"])
    assert coming_of_age.tell_villages(now=now) == told
    coming_of_age.tell_villages(now=now)
    rows = Reminder.objects.filter(kind="subsidy.age_near")
    assert [row.role for row in rows] == ["village"] * told
    assert not any("孙桂兰" in row.label for row in rows)
