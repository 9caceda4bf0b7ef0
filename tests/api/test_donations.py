"""Donations (P10 A, D22, E23): terms by rule, receipt at once, order by need and lot, powers apart, totals only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Family
from backend.core.drawing import drawn
from backend.funds import donations, use_reports
from backend.funds.models import Allocation, Donation, Donor, PurposeChange, StockLot, UseReport
from backend.ledger.balances import balance, trial_balance
from backend.org import parameters
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import Membership, Unit, User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from workflows import deployment
from workflows.models import Process, WorkItem

pytestmark = pytest.mark.django_db

CLEAN = {"lawful": "yes", "tobacco": False, "linked": False, "demand": "none", "related": False}
MONEY = {"kind": "money", "amount": "500.00", "purpose": "families", "share": "200.00"}
PLANTS = {
    "kind": "goods", "amount": "1000.00", "purpose": "farming", "share": "300", "item": "枣树苗", "measure": "plant",
    "quantity": 900, "lot_number": "ZS-1",
}  # fmt: skip
_deployed: list[Process] = []


def deploy() -> None:
    """The process; checked once, afterwards the same row again."""
    if not _deployed:
        files = deployment.bundle(settings.BPMN_FOLDER, "donation")
        deployment.deploy(key="donation", files=files, actor=SYSTEM, now=timezone.now())
        _deployed.extend(Process.objects.all())
    else:
        Process.objects.bulk_create(_deployed)


class Office:
    """A township with families in need, and the people who give their gifts on."""

    def __init__(self) -> None:
        load_codes()
        parameters.load_parameters()
        deploy()
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.village = factories.user("village", role="village", name="李专干")
        self.town, self.place = factories.town(), factories.village()
        self.families = [self.family(f"李家{number}", ["hardship"]) for number in range(4)]
        self.today = timezone.localdate()

    def family(self, label: str, categories: list[str], tier: str = "B") -> Family:
        return factories.family(
            label=label, categories=categories, unit=self.place, status=Family.Status.REGISTERED, risk_tier=tier
        )

    def offer(self, **asked: Any) -> Donation:
        body = {"unit": str(self.town.pk), "donor_kind": "person", "donor_name": "王老板", **MONEY, **asked}
        response = Caller(self.caseworker).post("donations/", body)
        assert response.status_code == 201, response.content
        return Donation.objects.get(pk=response.json()["id"])

    def do(self, user: User, step: str, **answers: Any) -> Any:
        item = WorkItem.objects.get(step=step, state="open")
        with transaction.atomic():
            return Caller(user).post(f"work-items/{item.pk}/complete/", {"answers": answers})

    def done(self, user: User, step: str, **answers: Any) -> None:
        response = self.do(user, step, **answers)
        assert response.status_code == 200, response.content

    def received(self, **asked: Any) -> Donation:
        row = self.offer(**asked)
        self.done(self.caseworker, "check_offer", **CLEAN)
        self.done(self.caseworker, "receive_donation", arrived="yes", received_on=str(self.today))
        row.refresh_from_db()
        return row

    def put_forward(self, row: Donation, family: Family, **more: Any) -> Any:
        return Caller(self.caseworker).post(f"donations/{row.pk}/families/", {"family": str(family.pk), **more})

    def allocated(self, **asked: Any) -> Donation:
        row = self.received(**asked)
        for family in self.families:
            assert self.put_forward(row, family).status_code == 201
        self.done(self.caseworker, "propose_families", families_named=True)
        self.done(self.supervisor, "confirm_allocation", allocation="confirm", no_conflict=True)
        row.refresh_from_db()
        return row

    def signed(self, row: Donation, user: User | None = None, **more: Any) -> Any:
        told = {"result": "delivered", "delivered_on": str(self.today), "received_by": "self", "receipt": "signature"}
        chosen = row.allocations.filter(state="chosen").order_by("rank")
        rows = [{"allocation": str(each.pk), **told, **more} for each in chosen]
        return Caller(user or self.village).post("allocations/record/", {"rows": rows})


def also(user: User, role: str, unit: Unit) -> User:
    """Somebody with a second role, as a small office may have them."""
    Membership.objects.create(user=user, role=role, unit=unit, from_date=date(2020, 1, 1))
    return User.objects.get(pk=user.pk)  # what a user may do is kept on the object


@kept
def office() -> Office:
    return Office()


def test_money_goes_its_whole_way(office: Office) -> None:
    row = office.allocated()
    assert row.receipt_number.startswith("SJ-")
    fund = donations.fund_account(office.town, "families")
    assert balance(fund) == Decimal("500.00")
    assert list(row.allocations.order_by("rank").values_list("state", flat=True)) == ["chosen"] * 2 + ["reserve"] * 2
    assert_problem(office.do(office.caseworker, "settle_delivery", all_signed=True), 409, "shares_open")
    assert office.signed(row).json() == {"recorded": 2}
    assert balance(fund) == Decimal("100.00")
    office.done(office.caseworker, "settle_delivery", all_signed=True)
    told = {"told_on": str(office.today), "channel": "letter", "no_names": True}
    office.done(office.caseworker, "tell_donor", **told)
    row.refresh_from_db()
    assert row.state == Donation.State.USED
    # Two families: the number, and what they got together, would tell who they are.
    assert UseReport.objects.get().totals == {
        "received": "500.00", "donations": 1, "related": "0", "given": None, "families": None,
    }  # fmt: skip
    assert trial_balance(office.town).is_balanced


def test_goods_are_issued_when_they_are_signed_for(office: Office) -> None:
    row = office.allocated(**PLANTS)
    lot = StockLot.objects.get()
    assert (lot.left, lot.article.measure) == (900, "plant")
    office.signed(row)
    lot.refresh_from_db()
    assert lot.left == 0
    assert lot.moves.filter(reason="issued").count() == 3
    assert sum(move.amount for move in lot.moves.all()) == 0  # the last fen went with the last sapling
    assert trial_balance(office.town).is_balanced


@pytest.mark.parametrize("wrong", [{"lawful": "no"}, {"tobacco": True}, {"linked": True}])
def test_terms_that_the_law_forbids_are_refused(office: Office, wrong: dict[str, Any]) -> None:
    row = office.offer()
    office.done(office.caseworker, "check_offer", **{**CLEAN, **wrong})
    row.refresh_from_db()
    assert row.state == Donation.State.REFUSED
    assert not WorkItem.objects.filter(state="open").exists()


@pytest.mark.parametrize(("answer", "state"), [("yes", "promised"), ("no", "withdrawn")])
def test_a_demand_for_a_photo_is_refused_by_rule(office: Office, answer: str, state: str) -> None:
    """E23: never names or photographs; the donor goes on without, or withdraws."""
    row = office.offer()
    office.done(office.caseworker, "check_offer", **{**CLEAN, "demand": "photo"})
    assert WorkItem.objects.get(state="open").step == "explain_to_donor"
    office.done(office.caseworker, "explain_to_donor", goes_on=answer, told_on=str(office.today))
    row.refresh_from_db()
    assert row.state == state


def test_families_alike_are_ordered_by_a_lot_that_anybody_can_draw_again(office: Office) -> None:
    great = office.family("孙家", ["hardship"], tier="A")
    kin = office.family("陈家", ["hardship"], tier="A")
    row = office.received()
    for family, conflict in ((great, False), (kin, True), *((each, False) for each in office.families)):
        office.put_forward(row, family, conflict=conflict)
    office.done(office.caseworker, "propose_families", families_named=True)
    row.refresh_from_db()
    ranked = list(row.allocations.filter(rank__isnull=False).order_by("rank"))
    assert ranked[0].family == great
    assert ranked[0].aid_reason == "great_need"
    alike = [each.pk for each in ranked[1:]]
    held = [row.allocations.get(family=each).pk for each in (great, *office.families)]
    assert alike == [each for each in drawn(held, seed=row.seed, size=5) if each != ranked[0].pk]
    left_out = row.allocations.get(family=kin)
    assert (left_out.state, left_out.aid_reason) == ("excluded", "conflict")
    told = Event.objects.get(action="donation.ranked").data
    assert told["seed"] == row.seed
    assert told["table"] == left_out.table_version


def test_who_was_aided_lately_comes_later(office: Office) -> None:
    before = office.allocated()
    office.signed(before)
    aided = set(before.allocations.filter(state="delivered").values_list("family", flat=True))
    office.done(office.caseworker, "settle_delivery", all_signed=True)
    row = office.received()
    for family in office.families:
        office.put_forward(row, family)
    office.done(office.caseworker, "propose_families", families_named=True)
    assert set(row.allocations.filter(rank__gt=2).values_list("family", flat=True)) == aided


def test_powers_are_apart(office: Office) -> None:
    row = office.received()
    office.put_forward(row, office.families[0])
    office.done(office.caseworker, "propose_families", families_named=True)
    both = also(office.caseworker, "supervisor", office.town)
    refused = office.do(both, "confirm_allocation", allocation="confirm", no_conflict=True)
    assert refused.status_code == 403
    office.done(office.supervisor, "confirm_allocation", allocation="confirm", no_conflict=True)
    both = also(office.supervisor, "village", office.place)
    row.refresh_from_db()
    assert_problem(office.signed(row, both), 403, "chooser_delivers_not")


def test_the_database_keeps_powers_apart(office: Office) -> None:
    row = office.allocated()
    with pytest.raises(IntegrityError, match="donation_four_eyes"), transaction.atomic():
        Donation.objects.filter(pk=row.pk).update(confirmed_by=row.drafted_by_id)
    chosen = row.allocations.filter(state="chosen")
    with pytest.raises(IntegrityError, match="allocation_powers_apart"), transaction.atomic():
        chosen.update(delivered_by=row.drafted_by_id)
    with pytest.raises(IntegrityError, match="allocation_no_conflict"), transaction.atomic():
        chosen.update(conflict=True)


def test_another_use_needs_the_donors_consent(office: Office) -> None:
    """公益事业捐赠法 18."""
    row, caller = office.received(), Caller(office.caseworker)
    office.put_forward(row, office.families[0])
    asked = {"purpose": "study_aid", "reason": "今年需要助学的孩子多"}
    assert caller.post(f"donations/{row.pk}/other-use/", asked).status_code == 201
    assert_problem(office.do(office.caseworker, "propose_families", families_named=True), 409, "purpose_undecided")
    answer = {"agreed": True, "evidence": "3月5日来信"}
    for own in (caller, Caller(factories.deputy(office.caseworker))):
        assert_problem(own.post(f"donations/{row.pk}/consent/", answer), 403, "own_question")
    colleague = Caller(factories.user("colleague", role="caseworker", name="小周"))
    shown = colleague.post(f"donations/{row.pk}/consent/", answer).json()
    assert shown["purpose"] == "study_aid"
    assert balance(donations.fund_account(office.town, "families")) == 0
    assert balance(donations.fund_account(office.town, "study_aid")) == Decimal("500.00")
    change = PurposeChange.objects.get()
    assert change.answer == "agreed"
    with pytest.raises(IntegrityError, match="purpose_change_by_another"), transaction.atomic():
        PurposeChange.objects.update(recorded_by=change.asked_by_id)
    assert caller.post(f"donations/{row.pk}/consent/", answer).status_code == 404


@pytest.mark.parametrize("offered", [MONEY, PLANTS])
def test_the_donor_may_withdraw_until_it_is_on_its_way(office: Office, offered: dict[str, Any]) -> None:
    row = office.received(**offered)
    assert Caller(office.caseworker).post(f"donations/{row.pk}/withdraw/").json()["state"] == "withdrawn"
    assert not WorkItem.objects.filter(state="open").exists()
    assert balance(donations.fund_account(office.town, "families")) == 0
    assert trial_balance(office.town).is_balanced
    late = office.allocated()
    assert_problem(Caller(office.caseworker).post(f"donations/{late.pk}/withdraw/"), 409, "donation_settled")


def test_only_who_works_on_it_sees_the_donor(office: Office) -> None:
    row = office.offer(donor_contact="13800000000")
    assert Caller(office.caseworker).get(f"donations/{row.pk}/").json()["donor"]["name"] == "王老板"
    told = Caller(office.village).get(f"donations/{row.pk}/")
    assert told.json()["donor"] is None
    assert "王老板" not in told.content.decode()
    anonymous = office.offer(is_anonymous=True)
    assert Donor.objects.get(donations=anonymous).name == ""


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"share": "600"}, "/share"), ({"purpose": "party"}, "/purpose"), ({"donor_name": ""}, "/donor_name"),
     ({**PLANTS, "measure": "ton"}, "/measure"), ({**PLANTS, "lot_number": ""}, "/item"), ({"amount": "0"}, "/amount")],
)  # fmt: skip
def test_an_offer_that_does_not_fit(office: Office, wrong: dict[str, Any], field: str) -> None:
    body = {"unit": str(office.town.pk), "donor_kind": "person", "donor_name": "王", **MONEY, **wrong}
    problem = assert_problem(Caller(office.caseworker).post("donations/", body), 422, "bad_offer")
    assert field in {each["pointer"] for each in problem["errors"]}


def test_receipt_is_not_of_tomorrow_and_goods_only_are_counted(office: Office) -> None:
    office.offer()
    office.done(office.caseworker, "check_offer", **CLEAN)
    ahead = str(office.today + timedelta(days=1))
    for wrong in ({"received_on": ahead}, {"received_on": str(office.today), "quantity": 3}):
        assert_problem(office.do(office.caseworker, "receive_donation", arrived="yes", **wrong), 422, "bad_receipt")


def test_reports_come_due_by_themselves(office: Office) -> None:
    """Yearly (公益事业捐赠法 20); quarterly and at the end for long projects (慈善法 79); a figure told is frozen."""
    row = office.received()
    Donation.objects.filter(pk=row.pk).update(received_on=date(2026, 1, 10), ends_on=date(2026, 9, 30))
    now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    assert use_reports.make_due(now) == 4
    assert use_reports.make_due(now) == 0
    kinds = list(UseReport.objects.order_by("from_date", "kind").values_list("kind", flat=True))
    assert kinds == ["year", "end", "quarter", "quarter"]
    early = UseReport.objects.create(
        unit=office.town, kind="year", from_date=office.today, to_date=office.today, due_on=office.today
    )
    caller = Caller(office.caseworker)
    assert_problem(caller.post(f"use-reports/{early.pk}/publish/"), 409, "period_runs")
    past = UseReport.objects.create(
        unit=office.town, kind="year", from_date=date(2025, 1, 1), to_date=date(2025, 12, 31), due_on=office.today
    )
    assert caller.post(f"use-reports/{past.pk}/publish/").json()["totals"]["received"] == "0"
    assert_problem(caller.post(f"use-reports/{past.pk}/publish/"), 409, "published_already")
    assert results(caller.get("use-reports/?published=true"))


def test_five_families_may_be_counted(office: Office) -> None:
    office.families += [office.family("赵家", ["hardship"])]
    row = office.allocated(share="100.00")
    office.signed(row)
    report = use_reports.publish_end(donation=row, actor=factories.actor(office.caseworker), now=timezone.now())
    assert report.totals["families"] == 5
    assert report.totals["given"] == "500.00"
    assert Allocation.objects.filter(state="delivered").count() == 5
    office.received(amount="900.00")
    assert use_reports.totals(report)["received"] == "500.00", "a donation's report tells of that donation alone"
