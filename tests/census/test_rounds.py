"""P01, J21: yearly rounds of surveys, village by village, from 1 March to 15 April."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase

from backend.audit.models import Event
from backend.cases.families import set_willingness
from backend.cases.models import Case, Consent, Family
from backend.cases.surveys import is_consent_due
from backend.census import rounds, targets
from backend.census.models import SurveyRound, SurveyTarget
from backend.census.rounds import Progress, RoundHeld, TooLate, Unsettled
from backend.core.errors import DomainError
from backend.org.access import SYSTEM
from backend.org.models import CodeEntry, Unit, User
from backend.org.parameters import set_parameter
from backend.reminders.models import Reminder
from tests import factories
from tests.steps.office import CONSENTED, SURVEYED, Office
from workflows import services, survey_rounds
from workflows.models import Instance, WorkItem

OPENING = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def intake_of(family: Family) -> Instance:
    instance_id = of(family).instance_id
    assert instance_id is not None
    return Instance.objects.get(pk=instance_id)


def of(family: Family) -> SurveyTarget:
    return SurveyTarget.objects.get(family=family)


@pytest.mark.parametrize(
    ("listed", "done", "behind"), [(100, 94, True), (100, 95, False), (20, 19, False), (21, 19, True), (0, 0, False)]
)
def test_both_sides_of_ninety_five_percent(listed: int, done: int, behind: bool) -> None:
    assert Progress(listed, done).is_behind(95) is behind


def refuse(family: Family, day: date, office: Office) -> None:
    """A no of that day."""
    moment = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    actor = factories.actor(office.supervisor)
    set_willingness(family=family, willingness=Family.Willingness.REFUSED, actor=actor, now=moment)


class Village(TestCase):
    """赵庄村 with three families on file and one without a file."""

    office: Office
    place: Unit
    families: list[Family]
    cases: list[Case]
    fresh: Family
    round: SurveyRound

    @classmethod
    def setUpTestData(cls) -> None:
        cls.office = Office(OPENING)
        cls.place = factories.village()
        CodeEntry.objects.create(list="survey_missed", code="away", label="外出", label_en="away")
        cls.families = [factories.family(label=label) for label in ("钱家", "孙家", "李家")]
        cls.cases = [factories.case(family, phase="care") for family in cls.families]
        cls.fresh = factories.family(label="新家", status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN)
        factories.family(label="搬走", status=Family.Status.MOVED)
        factories.family(
            label="拒绝", willingness=Family.Willingness.REFUSED, refused_on=date(2026, 2, 1)
        )  # not asked before August
        factories.village("120114122202")  # nobody lives there
        survey_rounds.start_due(OPENING)
        cls.round = SurveyRound.objects.get()

    def office_at(self, moment: datetime) -> Office:
        self.office.now = moment
        return self.office

    def items(self, step: str) -> Any:
        return WorkItem.objects.select_related("instance__process").filter(step=step, state=WorkItem.State.OPEN)

    def done(self, step: str, user: User, answers: dict[str, Any]) -> None:
        with transaction.atomic():
            services.complete(item=self.items(step).get(), answers=answers, user=user, now=self.office.now)
        self.office.work()

    def begin(self, family: Family, programme: Any = None) -> None:
        actor = factories.actor(self.office.village, role="village", unit=self.place)
        survey_rounds.begin_survey(target=of(family), programme=programme, actor=actor, now=self.office.now)
        self.office.work()

    def survey(self, number: int, **found: Any) -> None:
        """The family's survey at the door."""
        if of(self.families[number]).instance_id is None:
            self.begin(self.families[number])
        answers = {**SURVEYED, "surveyed_on": self.office.today.isoformat(), **found}
        if found.get("survey_result", "surveyed") != "surveyed":
            answers = {name: answers[name] for name in ("surveyed_on", "survey_result", "method")}
        self.office.do(self.cases[number], "survey_family", self.office.village, answers)

    # --- the round

    def test_one_for_each_village_with_families_and_only_once(self) -> None:
        assert (self.round.unit, self.round.year, self.round.closes_on) == (self.place, 2026, date(2026, 4, 15))
        assert set(self.round.targets.values_list("family__label", "first")) == {
            ("钱家", False), ("孙家", False), ("李家", False), ("新家", True),
        }  # fmt: skip
        assert survey_rounds.start_due(OPENING + timedelta(days=1)) == 0
        with pytest.raises(RoundHeld):
            survey_rounds.start_round(unit=self.place, actor=factories.actor(), now=OPENING)
        with pytest.raises(IntegrityError), transaction.atomic():
            SurveyRound.objects.create(
                unit=self.place, year=2026, opens_on=OPENING, warn_on=OPENING, closes_on=OPENING, opened_label=""
            )
        item = self.items("survey_families").get()
        assert (item.unit, item.role, item.case_number) == (self.place, "village", "赵庄村 2026")
        assert item.due_at.astimezone(UTC) == datetime(2026, 4, 15, 15, 59, 59, 999999, tzinfo=UTC)

    def test_each_area_has_its_own_days_and_by_hand_another_last_day(self) -> None:
        other = factories.village("210403007201", "别处村")
        factories.family(unit=other)
        days = {"opens": "05-01", "warns": "06-01", "closes": "06-05"}
        set_parameter(key="survey_round.days", value=days, path=other.path[:3], from_date=date(2026, 1, 1))
        assert survey_rounds.start_due(OPENING) == 0
        with pytest.raises(TooLate):
            survey_rounds.start_round(unit=other, actor=factories.actor(), now=datetime(2026, 7, 1, tzinfo=UTC))
        until = date(2026, 8, 31)
        late = survey_rounds.start_round(
            unit=other, closes_on=until, actor=factories.actor(), now=datetime(2026, 7, 1, tzinfo=UTC)
        )
        assert (late.warn_on, late.closes_on) == (date(2026, 8, 27), until)

    def test_below_the_threshold_the_supervisor_looks_at_it(self) -> None:
        """Three of four is 75 %: on 10 April, not a day before."""
        office = self.office_at(OPENING + timedelta(days=2))
        for number in range(3):
            self.survey(number)
        office.go_to(datetime(2026, 4, 9, 15, 0, tzinfo=UTC))
        assert not self.items("look_at_village").exists()
        office.go_to(datetime(2026, 4, 10, 1, 0, tzinfo=UTC))
        item = self.items("look_at_village").get()
        assert (item.role, item.unit) == ("supervisor", factories.town())
        facts = services.form_of(item, user=office.supervisor, language="en", now=office.now).facts
        assert [facts[f"survey_{name}"] for name in ("listed", "done", "percent", "threshold")] == [
            4,
            3,
            "75 %",
            "95 %",
        ]
        self.done("look_at_village", office.supervisor, {"measure": "evenings"})
        self.round.refresh_from_db()
        assert self.round.measure == "evenings"
        told = Event.objects.get(action="survey_round.looked_at").data
        assert (told["done"], told["families"]) == (3, 4)

    def test_with_enough_done_nobody_is_bothered(self) -> None:
        set_parameter(key="survey_round.threshold", value=75, from_date=date(2026, 1, 1))
        SurveyRound.objects.update(threshold=75)
        office = self.office_at(OPENING + timedelta(days=2))
        for number in range(3):
            self.survey(number)
        office.go_to(datetime(2026, 4, 10, 1, 0, tzinfo=UTC))
        assert not self.items("look_at_village").exists()

    def test_on_the_last_day_whoever_was_not_reached_has_a_reason_by_name(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        self.survey(0, helper_reality="interrupted")
        self.survey(1, survey_result="refused")
        factories.pairing(self.cases[0])
        office.go_to(datetime(2026, 4, 15, 15, 0, tzinfo=UTC))
        assert self.items("survey_families").exists()
        office.go_to(datetime(2026, 4, 15, 16, 1, tzinfo=UTC))
        assert not self.items("survey_families").exists()
        with pytest.raises(Unsettled):
            self.done("give_reasons", office.village, {"done": True})
        left = [of(self.families[2]), of(self.fresh)]
        actor = factories.actor(office.village, role="village", unit=self.place)
        targets.give_reason(targets=left, reason="away", note="在深圳打工", actor=actor, now=office.now)
        self.done("give_reasons", office.village, {"done": True})
        self.round.refresh_from_db()
        assert self.round.state == "closed"
        assert self.round.figures["states"] == {"surveyed": 1, "refused": 1, "not_reached": 2}
        assert self.round.figures["reselect"] == 1
        again = self.round.targets.filter(rounds.to_reselect(office.today))
        assert [target.family.label for target in again] == ["钱家"]
        assert Instance.objects.get(process__key="survey_round").outcome == "closed_with_gaps"
        assert (of(self.families[2]).settled_label, of(self.families[2]).note) == ("李专干", "在深圳打工")
        assert not Event.objects.filter(body__contains="深圳").exists()
        # It stays open to a survey; the figures of the round stay what they were.
        self.survey(2)
        assert of(self.families[2]).state == "surveyed"
        self.round.refresh_from_db()
        assert self.round.figures["states"]["not_reached"] == 2

    def test_all_done_before_the_last_day(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        with pytest.raises(Unsettled):
            self.done("survey_families", office.village, {"done": True})
        for number in range(3):
            self.survey(number)
        Family.objects.filter(pk=self.fresh.pk).update(status=Family.Status.MOVED)
        self.done("survey_families", office.village, {"done": True})
        self.round.refresh_from_db()
        assert (self.round.state, self.round.figures["states"]) == ("closed", {"surveyed": 3, "moved": 1})
        assert Instance.objects.get(process__key="survey_round").outcome == "all_surveyed"

    # --- a family

    def test_a_first_survey_opens_a_case_and_settles_the_family(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        with pytest.raises(DomainError) as refused:
            self.begin(self.fresh)
        assert refused.value.code == "programme_missing"
        self.begin(self.fresh, factories.programme())
        case = of(self.fresh).case
        assert case is not None
        self.begin(self.fresh)  # goes on with the same intake
        assert Instance.objects.filter(case=case, process__key="household_intake").count() == 1
        office.file(case)
        assert (of(self.fresh).state, Family.objects.get(pk=self.fresh.pk).status) == ("surveyed", "registered")
        assert of(self.fresh).survey == self.fresh.surveys.get()

    def test_a_file_that_did_not_change_is_kept_without_anybodys_signature(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        family = self.families[0]
        for purpose in ("care", "handover"):
            Consent.objects.create(
                family=family, purpose=purpose, notice_version="1", given_by="self", given_at=office.now
            )
        Family.objects.filter(pk=family.pk).update(categories=["empty_nest", "left_behind_elder"], risk_tier="B")
        self.survey(0, self_care=2)
        assert intake_of(family).outcome == "kept"
        assert office.waiting(self.cases[0]) == []

    def test_a_file_that_changed_goes_before_the_supervisor(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        self.survey(0, self_care=3)
        office.do(self.cases[0], "record_consent", office.village, {**CONSENTED, "handover": "agreed"})
        advised = office.form(self.cases[0], "check_file", office.caseworker).values
        office.do(self.cases[0], "check_file", office.caseworker, {"check_result": "submit", **advised})
        office.do(self.cases[0], "confirm_file", office.supervisor, {"confirm_result": "confirm"})
        assert Family.objects.get(pk=self.families[0].pk).risk_tier == "A"

    def test_who_does_not_want_to_be_asked_keeps_the_help(self) -> None:
        self.office_at(OPENING + timedelta(days=2))
        self.survey(0, survey_result="refused")
        family = Family.objects.get(pk=self.families[0].pk)
        assert (of(family).state, family.willingness) == ("refused", "agreed")
        assert intake_of(family).outcome == "refused"

    def refuse(self, family: Family, day: date) -> None:
        """Said elsewhere than in this survey."""
        refuse(family, day, self.office)

    def test_who_refused_is_asked_within_the_round_when_six_months_are_over_and_not_sooner(self) -> None:
        """E5: said on 2 October, 182 days before 2 April."""
        self.refuse(self.families[0], date(2025, 10, 2))
        self.office_at(datetime(2026, 4, 1, 15, 0, tzinfo=UTC))
        with pytest.raises(DomainError) as refused:
            self.begin(self.families[0])
        assert refused.value.code == "asked_too_soon"
        assert "2026-04-02" in str(refused.value)
        assert of(self.families[0]).instance_id is None
        self.office_at(datetime(2026, 4, 1, 16, 0, tzinfo=UTC))  # midnight
        self.begin(self.families[0])
        assert intake_of(self.families[0]).state == Instance.State.RUNNING

    def test_who_refuses_after_it_was_listed_is_not_waited_for(self) -> None:
        """E5: it may be asked only after the round; whose day lies within the round is still to do."""
        self.refuse(self.families[0], date(2026, 3, 2))
        self.refuse(self.families[1], date(2025, 10, 2))
        self.office_at(OPENING).go_to(datetime(2026, 4, 10, 1, 0, tzinfo=UTC))
        left_out = of(self.families[0])
        assert (left_out.state, left_out.settled_label, left_out.survey) == ("refused", SYSTEM.label, None)
        assert of(self.families[1]).state == "todo"

    def test_not_met_three_times_is_a_result(self) -> None:
        office = self.office_at(OPENING + timedelta(days=2))
        for _attempt in range(3):
            assert of(self.families[0]).state == "todo"
            self.survey(0, survey_result="not_found")
            office.pass_time(days=7)
        assert of(self.families[0]).state == "not_found"

    # --- consent by purpose (F03)

    def consents(self, answers: dict[str, Any]) -> Family:
        office = self.office_at(OPENING + timedelta(days=2))
        self.survey(0)
        assert office.waiting(self.cases[0]) == ["record_consent"]
        office.do(self.cases[0], "record_consent", office.village, {**CONSENTED, **answers})
        return Family.objects.get(pk=self.families[0].pk)

    def test_a_no_to_one_purpose_closes_just_that_use(self) -> None:
        Consent.objects.create(
            family=self.families[0], purpose="handover", notice_version="0", given_by="self", given_at=OPENING
        )
        family = self.consents({"handover": "refused"})
        in_force = Consent.objects.filter(family=family, withdrawn_at__isnull=True)
        assert [consent.purpose for consent in in_force] == ["care"]
        assert family.willingness == "agreed"
        assert Event.objects.get(action="consent.refused").data["purpose"] == "handover"

    def test_an_old_consent_or_a_purpose_never_asked_is_asked_for_anew(self) -> None:
        family = self.families[0]
        given = {"family": family, "notice_version": "1", "given_by": "self"}
        recent = OPENING - timedelta(days=600)
        Consent.objects.create(purpose="care", given_at=recent, **given)
        self.assert_asked(True)
        handover = Consent.objects.create(purpose="handover", given_at=recent, withdrawn_at=recent, **given)
        self.assert_asked(False)  # a no is an answer
        Consent.objects.filter(pk=handover.pk).update(given_at=OPENING - timedelta(days=800))
        self.assert_asked(True)

    def assert_asked(self, expected: bool) -> None:
        since = OPENING - timedelta(days=730)
        assert is_consent_due(self.families[0], since=since) is expected

    def test_taken_back_in_the_round_ends_what_rests_on_it(self) -> None:
        Consent.objects.create(
            family=self.families[0], purpose="care", notice_version="0", given_by="self", given_at=OPENING
        )
        answers = {**CONSENTED, "consent": "refused", "items": []}
        family = self.consents(answers)
        assert not Consent.objects.filter(family=family, withdrawn_at__isnull=True).exists()
        assert family.willingness == "refused"
        assert Event.objects.filter(action="consent.withdrawn").count() == 1
        assert of(family).state == "surveyed"


class Bereaved(TestCase):
    """S34: a family that lost its only child is asked by whom it knows, and nobody else sees that it is asked."""

    office: Office
    contact: User
    place: Unit
    family: Family
    case: Case
    orphaned: Family
    round: SurveyRound

    @classmethod
    def setUpTestData(cls) -> None:
        cls.office = Office(OPENING)
        cls.contact = factories.user("contact", role="village", name="老村长")
        cls.place = factories.village()
        cls.family = factories.family(label="周家", categories=["bereaved"])
        cls.case = factories.case(cls.family, phase="care")
        helper = factories.helper(kind_="statutory", unit=cls.place, user=cls.contact)
        factories.kind("statutory")
        type(helper.kind).objects.filter(code=helper.kind_id).update(statutory=True)
        factories.pairing(cls.case, helper)
        cls.orphaned = factories.family(label="吴家", child_state="none_living")
        cls.round = survey_rounds.start_round(unit=cls.place, actor=factories.actor(), now=OPENING)
        survey_rounds.ask_known(round_id=cls.round.pk, now=OPENING)

    def test_only_the_contact_sees_the_family_in_the_round(self) -> None:
        target = of(self.family)
        assert (target.by_contact, target.contact) == (True, self.contact)
        auditor = factories.user(role="auditor")
        for user in (self.office.village, self.office.caseworker, self.office.supervisor, auditor):
            assert target not in SurveyTarget.objects.visible_to(user), user
            assert target not in SurveyTarget.objects.reached(user, "survey_round.ask"), user
        assert target in SurveyTarget.objects.visible_to(self.contact)

    def test_only_the_contact_receives_it(self) -> None:
        item = WorkItem.objects.get(step="collect_by_contact", case=self.case)
        assert item.assignee == self.contact
        with pytest.raises(DomainError) as refused:
            services.claim(item=item, user=self.office.village, now=OPENING)
        assert refused.value.code == "taken"
        assert (
            services.hand_out_next(user=self.office.village, now=OPENING, items=WorkItem.objects.filter(case=self.case))
            is None
        )
        self.office.now = OPENING
        self.office.go_to(OPENING + timedelta(days=20))
        heard = Reminder.objects.filter(kind__in=("survey_target.asked", "case.survey_reminded"))
        assert set(heard.values_list("kind", "user_id", "role")) == {
            ("survey_target.asked", self.contact.pk, ""), ("case.survey_reminded", self.contact.pk, ""),
        }  # fmt: skip

    def test_without_anybody_known_the_supervisor_names_somebody(self) -> None:
        target = of(self.orphaned)
        assert target.contact is None
        assert target in SurveyTarget.objects.visible_to(self.office.supervisor)
        assert target not in SurveyTarget.objects.visible_to(self.office.caseworker)
        assert target not in SurveyTarget.objects.visible_to(self.office.village)
        with pytest.raises(DomainError) as refused:
            survey_rounds.begin_survey(target=target, programme=None, actor=factories.actor(), now=OPENING)
        assert refused.value.code == "contact_missing"
        named: dict[str, Any] = {
            "target": target,
            "reason": "邻居多年",
            "actor": factories.actor(self.office.supervisor),
            "now": OPENING,
        }
        with pytest.raises(DomainError) as refused:
            survey_rounds.name_contact(contact=self.office.supervisor, **named)
        assert refused.value.code == "not_a_contact"
        survey_rounds.name_contact(contact=self.contact, **named)
        assert target not in SurveyTarget.objects.visible_to(self.office.supervisor)
        assert target in SurveyTarget.objects.visible_to(self.contact)

    def test_whose_contact_has_left_is_named_another(self) -> None:
        self.contact.memberships.update(to_date=date(2026, 1, 1))
        assert of(self.family) in SurveyTarget.objects.visible_to(self.office.supervisor)

    def test_what_the_contact_is_told_names_nobody(self) -> None:
        reminder = Reminder.objects.get(kind="survey_target.asked")
        assert (reminder.family_id, reminder.label) == (None, "")
        assert UUID(str(reminder.user_id)) == self.contact.pk

    def test_one_that_refused_comes_to_its_contact_on_its_day_and_not_sooner(self) -> None:
        """E5, S34: neither begun nor told of before, then once and by itself."""
        refuse(self.orphaned, date(2025, 10, 2), self.office)
        factories.case(self.orphaned)
        actor = factories.actor(self.office.supervisor)
        survey_rounds.name_contact(
            target=of(self.orphaned), contact=self.contact, reason="邻居多年", actor=actor, now=OPENING
        )
        assert (of(self.orphaned).contact, of(self.orphaned).instance_id) == (self.contact, None)
        assert survey_rounds.ask_known(round_id=self.round.pk, now=OPENING) == 0
        assert survey_rounds.ask_again(datetime(2026, 4, 1, 15, 0, tzinfo=UTC)) == 0
        told = Reminder.objects.filter(kind="survey_target.asked", user=self.contact)
        assert told.count() == 1  # of the other family
        day = datetime(2026, 4, 1, 21, 11, tzinfo=UTC)  # the morning of 2 April
        assert [survey_rounds.ask_again(day), survey_rounds.ask_again(day)] == [1, 0]
        assert WorkItem.objects.get(step="collect_by_contact", family=self.orphaned).assignee == self.contact
        assert told.count() == 2

    def test_a_contact_is_not_told_of_a_family_before_its_day(self) -> None:
        """E5: the list of a new round holds it, the contact hears of it on its day."""
        SurveyTarget.objects.all().delete()
        Reminder.objects.all().delete()
        refuse(self.family, date(2025, 10, 2), self.office)
        SurveyRound.objects.update(year=2025)
        survey_rounds.start_round(unit=self.place, actor=factories.actor(), now=OPENING)
        assert of(self.family).contact == self.contact
        assert not Reminder.objects.filter(kind="survey_target.asked").exists()
