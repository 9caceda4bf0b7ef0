"""Helpers who leave on a known day: whoever follows is sought beside the visits, introduced, and goes on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from backend.audit.models import Event
from backend.cases.models import Case
from backend.helpers.models import Helper, Offer, Pairing, Succession
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Visit
from tests import factories
from tests.steps.office import Office
from workflows import services, successions
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db


class Leaving(Office):
    """A family in care whose helper leaves on a known day, and another helper with an account who is free."""

    def __init__(self, *, days: int = 60) -> None:
        super().__init__()
        self.old = self.helper(name="周班长")
        self.case = self.open()
        self.file(self.case)
        self.pair(self.case, self.old)
        self.comer: User = factories.user("comer", role="helper", name="小吴")
        self.new: Helper = factories.helper(name="小吴", user=self.comer)
        self.leaves_on: date = self.today + timedelta(days=days)
        Helper.objects.filter(pk=self.old.pk).update(to_date=self.leaves_on)

    def begin(self) -> int:
        """What the job of the night does."""
        begun = successions.start_due(self.now)
        self.work()
        return begun

    def accept(self) -> None:
        """The other helper is picked, agrees, and so does the family; from a week before the end on."""
        pick = {"pick_result": "pick", "helper": str(self.new.pk), "reason": "同村"}
        self.do(self.case, "pick_helper", self.caseworker, pick)
        self.do(self.case, "answer_offer", self.comer, {"answer": "accept"})
        self.agree(self.case, start_date=(self.leaves_on - timedelta(days=7)).isoformat())

    def fare_well(self) -> None:
        met = {"visited_on": self.today.isoformat(), "met": "met", "present": ["leaving", "coming", "village"]}
        self.do(self.case, "accompany_farewell", self.village, met)

    def visit(self) -> None:
        """Whatever visits are due meanwhile are made."""
        if "record_visit" in self.waiting(self.case):
            item = self.item(self.case, "record_visit")
            assert item.assignee is not None
            self.do(self.case, "record_visit", item.assignee, self.visited())
        if "call_back" in self.waiting(self.case):
            self.do(self.case, "call_back", self.caseworker, {"call_result": "confirmed"})

    def live(self, until: date) -> None:
        """Days pass, visits are made."""
        while self.today < until:
            self.pass_time(days=1)
            self.visit()

    def phase(self) -> str:
        return Case.objects.get(pk=self.case.pk).phase

    def told(self) -> list[str]:
        rows = Event.objects.filter(case_id=self.case.pk).order_by("seq")
        return [action for action in rows.values_list("action", flat=True) if action.startswith("succession")]


def test_visits_go_on_while_somebody_is_found_and_after() -> None:
    office = Leaving()
    assert office.begin() == 1
    assert office.begin() == 0  # once for each spell
    assert office.phase() == "care"
    assert "pick_helper" in office.waiting(office.case)
    office.accept()
    assert office.phase() == "care"
    office.live(office.leaves_on - timedelta(days=6))
    assert "accompany_farewell" in office.waiting(office.case)
    facts = office.form(office.case, "accompany_farewell", office.village).facts
    assert (facts["leaving_helper"], facts["successor"]) == ("周班长", "小吴")
    office.fare_well()
    office.live(office.leaves_on + timedelta(days=40))

    old, new = Pairing.objects.order_by("id")
    assert (old.to_date, new.from_date, new.to_date) == (office.leaves_on, office.leaves_on - timedelta(days=7), None)
    row = Succession.objects.get()
    assert (row.state, row.successor) == ("handed_over", new)
    assert office.phase() == "care"
    phases = Instance.objects.filter(case=office.case, process__key="care_visit")
    assert [each.state for each in phases] == ["running"]  # one and the same run of visits all along
    assert office.told() == ["succession.opened", "succession.farewell", "succession.handed_over"]
    last = Visit.objects.filter(state="done", helper__isnull=False).order_by("started_at").last()
    assert last is not None
    assert last.helper == office.new
    assert "case.gap_reported" not in office.told()


def test_idle_spells_cost_one_statement(django_assert_num_queries: object) -> None:
    """However many spells go on without a known end, the job's run reads once."""
    for number in range(30):
        factories.pairing(factories.case(), factories.helper(number=f"B9{number:03d}"))
    office = Office()
    successions.start_due(office.now)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert successions.start_due(office.now) == 0


def test_the_search_begins_sixty_days_before_and_not_sooner() -> None:
    office = Leaving(days=61)
    assert office.begin() == 0
    office.live(office.today + timedelta(days=1))
    assert office.begin() == 1


def test_nobody_found_in_time_then_the_search_goes_on_as_the_phase_of_the_case() -> None:
    """The helper's yes is not asked again when the spell is over."""
    office = Leaving()
    office.begin()
    office.live(office.leaves_on - timedelta(days=29))
    told = Event.objects.filter(case_id=office.case.pk, action="case.successor_missing").count()
    assert told == 1
    office.do(
        office.case, "pick_helper", office.caseworker,
        {"pick_result": "pick", "helper": str(office.new.pk), "reason": "同村"},
    )  # fmt: skip
    office.do(office.case, "answer_offer", office.comer, {"answer": "accept"})
    office.live(office.leaves_on + timedelta(days=1))
    assert office.phase() == "pairing"
    assert Pairing.objects.get().to_date == office.leaves_on
    assert "ask_family" in office.waiting(office.case)
    assert Instance.objects.filter(case=office.case, process__key="pairing").count() == 2  # the first one and this
    office.agree(office.case)
    assert office.phase() == "care"
    assert [str(each.helper) for each in Pairing.objects.order_by("id")] == ["周班长", "小吴"]
    assert Succession.objects.get().state == "gap"


def test_nobody_at_all_then_the_village_worker_visits() -> None:
    office = Leaving(days=20)
    Helper.objects.filter(pk=office.new.pk).update(status="away")
    office.begin()
    office.live(office.leaves_on + timedelta(days=1))
    assert office.phase() == "waiting"
    assert "interim_visit" in office.waiting(office.case)
    assert Succession.objects.get().state == "gap"


def test_the_family_dies_and_nobody_is_left_waiting() -> None:
    office = Leaving()
    office.begin()
    office.do(
        office.case, "pick_helper", office.caseworker,
        {"pick_result": "pick", "helper": str(office.new.pk), "reason": "同村"},
    )  # fmt: skip
    office.send(office.case, "family_died", died_on=office.today.isoformat())
    assert Offer.objects.get(helper=office.new).state == "withdrawn"
    assert Succession.objects.get().state == "stopped"
    assert not Instance.objects.filter(case=office.case, state="running").exists()
    assert not WorkItem.objects.filter(case=office.case, state="open").exists()


def test_who_was_asked_leaves_and_the_search_begins_again() -> None:
    office = Leaving()
    office.begin()
    office.do(
        office.case, "pick_helper", office.caseworker,
        {"pick_result": "pick", "helper": str(office.new.pk), "reason": "同村"},
    )  # fmt: skip
    office.send(office.case, "helper_ended", helper=str(office.new.pk), reason="ill")
    assert office.phase() == "care"
    assert Offer.objects.get(helper=office.new).state == "withdrawn"
    assert "pick_helper" in office.waiting(office.case)
    assert Pairing.objects.get().to_date is None


def survey_again(office: Leaving) -> Instance:
    """The yearly survey looks through the family's file: a run of the case that reports to nobody."""
    data = {"target": "of this year"}
    survey = services.start(process="household_intake", case=office.case, data=data, actor=SYSTEM, now=office.now)
    # A timer came and went: the database finds the case's process after the survey, where nobody asks for an order.
    umbrella = Instance.objects.filter(case=office.case, process__key="family_case")
    for timer in (office.now, None):
        umbrella.update(wake_at=timer)
    return survey


def test_the_yearly_survey_that_ends_meanwhile_stops_no_search() -> None:
    office = Leaving()
    survey = survey_again(office)
    assert successions.start_due(office.now) == 1
    services.cancel(instance_id=survey.pk, reason="done", actor=SYSTEM, now=office.now)
    office.work()
    assert "pick_helper" in office.waiting(office.case)
    assert Succession.objects.get().instance_id is not None


def test_during_the_yearly_survey_the_search_hears_of_the_case() -> None:
    office = Leaving()
    survey_again(office)
    assert office.begin() == 1
    office.send(office.case, "family_died", died_on=office.today.isoformat())
    assert office.waiting(office.case) == []
    assert Succession.objects.get().state == "stopped"


@pytest.mark.parametrize("account", [True, False], ids=["account", "no account"])
def test_the_visit_that_waits_for_its_record_goes_to_whoever_follows(account: bool) -> None:
    """Without an account it is the village worker's to record; nothing stays with the one who has left."""
    office = Leaving(days=26)
    office.begin()
    office.accept()
    if not account:
        Helper.objects.filter(pk=office.new.pk).update(user=None)
    office.go_to(office.now.replace(day=26))
    item = office.item(office.case, "record_visit")
    assert item.assignee == office.volunteer
    office.pass_time(days=2)
    assert Pairing.objects.order_by("id")[0].to_date == office.leaves_on == date(2026, 3, 28)
    after = office.item(office.case, "record_visit")
    assert (after.pk, after.role) == (item.pk, "helper" if account else "village")
    assert (after.assignee, after.unit.kind) == (office.comer if account else None, "village")
    assert after.version > item.version
    told = Event.objects.filter(action="work_item.readdressed" if account else "work_item.left_to_village")
    assert told.count() == 1
    office.do(office.case, "record_visit", office.comer if account else office.village, office.visited())
    assert Visit.objects.filter(state="done", pairing=Succession.objects.get().successor).exists()


def test_gone_earlier_than_known() -> None:
    """The search that runs beside goes on as the phase of the case."""
    office = Leaving()
    office.begin()
    office.send(office.case, "helper_ended", helper=str(office.old.pk), reason="ill")
    assert office.phase() == "pairing"
    assert Succession.objects.get().state == "gap"
    assert Instance.objects.filter(case=office.case, process__key="pairing").count() == 2
    office.accept()
    assert office.phase() == "care"


def test_the_unit_moves_within_forty_eight_hours() -> None:
    """By hand, with a day after a longer one was known: the supervisor is told and the farewell due at once."""
    office = Leaving()
    office.begin()
    soon = office.today + timedelta(days=2)
    actor = factories.actor(office.caseworker)
    old = Helper.objects.get(pk=office.old.pk)
    [row] = successions.announce_leaving(
        helper=old, leaving_on=soon, reason="transferred", actor=actor, now=office.now
    )  # fmt: skip
    office.work()
    assert Event.objects.filter(action="case.successor_missing").count() == 1
    assert "accompany_farewell" in office.waiting(office.case)
    assert WorkItem.objects.filter(case=office.case, step="pick_helper", state="open").count() == 1
    office.fare_well()
    office.pass_time(days=2)
    assert (Pairing.objects.get().to_date, office.phase()) == (soon, "pairing")
    row.refresh_from_db()
    assert row.state == "gap"


def test_the_family_wants_nobody_new() -> None:
    """Visits go on until the last day; then the family is left in peace."""
    office = Leaving()
    office.begin()
    office.do(
        office.case, "pick_helper", office.caseworker,
        {"pick_result": "pick", "helper": str(office.new.pk), "reason": "同村"},
    )  # fmt: skip
    office.do(office.case, "answer_offer", office.comer, {"answer": "accept"})
    refused = {"family_answer": "refuse", "given_by": "self", "given_on": office.today.isoformat(), "method": "home"}
    office.do(office.case, "ask_family", office.village, refused)
    assert Case.objects.get(pk=office.case.pk).family.willingness == "agreed"
    office.live(office.leaves_on + timedelta(days=1))
    case = Case.objects.get(pk=office.case.pk)
    assert (case.state, case.family.willingness) == ("paused", "refused")
