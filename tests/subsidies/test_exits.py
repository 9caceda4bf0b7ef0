"""P07 over the API: reviews person by person, exits explained with an appeal, instalments (E1, E2, E11)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from docx import Document

from backend.audit.models import Event
from backend.cases.models import Family
from backend.ledger.balances import trial_balance
from backend.org.access import SYSTEM
from backend.org.models import Deputy, User
from backend.payments.models import Payable
from backend.payments.payables import owe_all
from backend.reminders.models import Reminder
from backend.subsidies import applications
from backend.subsidies.models import AnnualReview, Entitlement, Exit, Instalment, Receipt, Recovery, ReviewCheck
from backend.subsidies.months import later, month_of
from backend.subsidies.owing import first_owed
from backend.subsidies.paid import paid_by_month, payables_of
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.payments.owing import CONFIRMER, county
from tests.subsidies.paid import Township, entitled, in_account, owed, paid, paid_months
from tests.web.visitor import text, visitor
from workflows import annual_reviews, deaths, subsidy_exits
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
THIS = month_of(TODAY)
JANUARY = date(TODAY.year - 1, 1, 1)
ADOPTED = later(THIS, -24) + timedelta(days=9)
"""Two years ago: another child was adopted, and nobody at the office knew (E11)."""
FOUND = {"founded": "yes", "reason": "rebirth_adoption", "happened_on": ADOPTED.isoformat(), "evidence": "收养登记证"}
EXIT = {"decision": "exit", "collect": "yes", "reason": "再收养一孩，不再符合"}
TOLD = {
    "manner": "home", "explained_on": TODAY.isoformat(), "told": "self", "notice_given": True,
    "appeal_explained": True, "words": "没想到会影响",
}  # fmt: skip
CAUSE = {"cause": "late_report", "known": "本人以为不影响", "hardship": False, "figures_checked": True}
NOTICE = {"manner": "home", "served_on": TODAY.isoformat(), "explained": True}
HEARD = {"answer": "instalments", "months": 24, "summary": "每月能还一些"}
SOON = (TODAY + timedelta(days=10)).isoformat()
PLAN = {"decision": "instalment", "months": 24, "first_due": SOON, "reason": "按24个月归还"}


@kept
def town() -> Township:
    return Township(timezone.now())


@pytest.fixture
def two_years(town: Township) -> Entitlement:
    """A right since long ago; the last 24 months were paid, 590 yuan each."""
    row = entitled(town.person, since=later(THIS, -40))
    months = [f"{later(THIS, number):%Y-%m}" for number in range(-24, 0)]
    paid_months(row, months, "590.00", timezone.now())
    return row


def reported(town: Township, row: Entitlement, reason: str = "rebirth_adoption", **more: Any) -> Exit:
    said = {"entitlement": row.number, "reason": reason, "happened_on": ADOPTED.isoformat(), **more}
    response = Caller(town.village).post("subsidy-exits/", said)
    assert response.status_code == 201, response.content
    return Exit.objects.get(pk=response.json()["id"])


def explained(town: Township, row: Entitlement) -> Exit:
    made = reported(town, row)
    for user, step, answers in (
        (town.caseworker, "check_report", FOUND),
        (town.county, "confirm_exit", EXIT),
        (town.village, "explain_exit", TOLD),
    ):
        assert town.do(user, step, answers).status_code == 200
    made.refresh_from_db()
    return made


def noticed(town: Township, row: Entitlement, **changes: Any) -> Recovery:
    """The notice is handed over, and the person was heard."""
    made = explained(town, row)
    town.work()
    for user, step, answers in (
        (town.caseworker, "classify_cause", {**CAUSE, **changes}),
        (town.village, "serve_notice", NOTICE),
        (town.caseworker, "hear_person", HEARD),
    ):
        assert town.do(user, step, answers).status_code == 200
    return Recovery.objects.get(exit=made)


def paying(town: Township, row: Entitlement) -> Recovery:
    made = noticed(town, row)
    assert town.do(town.county, "decide_recovery", PLAN).status_code == 200
    made.refresh_from_db()
    return made


def held(row: Payable) -> bool:
    """Whether no batch takes it now."""
    return Payable.objects.get(pk=row.pk).is_held


def receipt(town: Township, amount: str, number: str) -> Any:
    said = {"amount": amount, "received_on": TODAY.isoformat(), "method": "bank", "receipt_number": number}
    return town.do(town.finance, "receive_instalment", said)


# --- the yearly review


def test_the_review_of_a_village_from_january_to_its_end(town: Township) -> None:
    row = entitled(town.person)
    january = datetime(TODAY.year, 1, 5, 6, tzinfo=timezone.get_default_timezone())
    assert (annual_reviews.start_due(january - timedelta(days=1)), annual_reviews.start_due(january)) == (0, 1)
    assert annual_reviews.start_due(january) == 0
    review = AnnualReview.objects.get()
    assert (review.closes_on.month, review.closes_on.day) == (2, 15)
    (shown,) = results(Caller(town.village).get("review-checks/", review=str(review.pk)))
    assert_problem(town.do(town.village, "check_alive", {"done": True}), 409, "checks_open")
    far = {"method": "statement", "checked_on": TODAY.isoformat()}
    path = f"review-checks/{shown['id']}/check/"
    assert_problem(Caller(town.village).post(path, far), 422, "bad_check", "/document")
    done = Caller(town.village).post(path, {**far, "document": "驻外使馆公证第8号"})
    assert (done.status_code, done.json()["state"]) == (200, "alive")
    assert_problem(Caller(town.village).post(path, {**far, "document": "驻外使馆公证第8号"}), 409, "check_closed")
    assert town.do(town.village, "check_alive", {"done": True}).status_code == 200
    assert town.do(town.caseworker, "look_through", {"looked": "agree"}).status_code == 200
    assert town.do(town.supervisor, "confirm_review", {"confirmed": "confirm"}).status_code == 200
    review.refresh_from_db()
    assert (review.state, review.figures) == ("closed", {"states": {"alive": 1}})
    assert row.until_date is None


def test_nobodys_money_stops_by_itself_when_the_review_ends(town: Township) -> None:
    row = entitled(town.person)
    waiting = owed(row, f"{THIS:%Y-%m}", "590.00", timezone.now())
    review = annual_reviews.start_review(
        unit=factories.village(), closes_on=TODAY, actor=factories.actor(town.caseworker), now=timezone.now()
    )
    town.wait(review.instance_id, timezone.now() + timedelta(days=2))
    assert not held(waiting)
    hold = {"measure": "hold", "reason": "两次联系不上"}
    assert town.do(town.supervisor, "decide_unchecked", hold).status_code == 200
    assert held(waiting)
    check = ReviewCheck.objects.get()
    said = {"method": "video", "checked_on": TODAY.isoformat()}
    assert Caller(town.village).post(f"review-checks/{check.pk}/check/", said).status_code == 200
    assert not held(waiting)


def test_a_change_found_in_the_review_goes_to_the_caseworker(town: Township, two_years: Entitlement) -> None:
    review = annual_reviews.start_review(
        unit=factories.village(), closes_on=TODAY, actor=factories.actor(town.caseworker), now=timezone.now()
    )
    check = ReviewCheck.objects.get(review=review)
    change = {"change": "rebirth_adoption", "happened_on": ADOPTED.isoformat()}
    said = {"method": "home", "checked_on": TODAY.isoformat(), **change}
    assert Caller(town.village).post(f"review-checks/{check.pk}/check/", said).status_code == 200
    made = Exit.objects.get()
    assert (made.source, made.check_row, made.state) == ("review", check, "reported")
    assert WorkItem.objects.filter(step="check_report", state="open", unit=factories.town()).count() == 1


# --- exits


def test_a_death_stops_payments_at_once_and_ends_them_from_the_next_month(town: Township) -> None:
    """E2: exit from the month by the place's rule; what is due for the months before stays owed: the last payment is
    checked, and nothing that comes too late is asked of the family by a message."""
    row = entitled(town.person)
    died = THIS - timedelta(days=3)
    before = owed(row, f"{later(THIS, -1):%Y-%m}", "590.00", timezone.now())
    after = owed(row, f"{THIS:%Y-%m}", "590.00", timezone.now())
    deaths.record_death(person=town.person, died_on=died, actor=factories.actor(town.village), now=timezone.now())
    made = Exit.objects.get()
    assert (made.reason, made.source) == ("death", "event")
    assert not Payable.objects.filter(is_held=False).exists()
    checked = {"founded": "yes", "reason": "death", "happened_on": died.isoformat(), "evidence": "死亡证明"}
    assert town.do(town.caseworker, "check_report", checked).status_code == 200
    assert town.do(town.county, "confirm_exit", {**EXIT, "reason": "去世"}).status_code == 200
    row.refresh_from_db()
    before.refresh_from_db()
    after.refresh_from_db()
    assert (row.until_date, row.end_reason) == (THIS, "died")
    assert (before.state, before.is_held, after.state) == ("open", False, "cancelled")
    assert not WorkItem.objects.filter(process="recovery").exists()


def test_who_moves_leaves_here_first(town: Township) -> None:
    """E1: cross-county, the exit at the origin comes before a new application at the destination."""
    row = entitled(town.person)
    Family.objects.filter(pk=town.person.family_id).update(status="moved")
    assert (subsidy_exits.find_events(timezone.now()), subsidy_exits.find_events(timezone.now())) == (1, 0)
    assert not applications.may_register_anew(town.person, row.kind)
    found = {**FOUND, "reason": "moved_out", "happened_on": TODAY.isoformat()}
    assert town.do(town.caseworker, "check_report", found).status_code == 200
    assert town.do(town.county, "confirm_exit", {**EXIT, "collect": "no"}).status_code == 200
    row.refresh_from_db()
    assert (row.until_date, row.end_reason) == (later(THIS, 1), "moved")
    assert applications.may_register_anew(town.person, row.kind)


def test_a_single_payment_does_not_end(town: Township) -> None:
    """Received for what happened once: neither a death nor a move later cuts it into months."""
    row = entitled(town.person, cycle="once")
    waiting = owed(row, f"{TODAY:%Y}", "100.00", timezone.now())
    said = {"entitlement": row.number, "reason": "moved_out", "happened_on": TODAY.isoformat()}
    assert_problem(Caller(town.village).post("subsidy-exits/", said), 409, "given_once")
    deaths.record_death(person=town.person, died_on=TODAY, actor=factories.actor(town.village), now=timezone.now())
    assert subsidy_exits.find_events(timezone.now()) == 0
    waiting.refresh_from_db()
    assert (waiting.state, waiting.is_held, Exit.objects.count()) == ("open", False, 0)


def test_a_death_is_found_that_came_while_a_move_was_looked_into(town: Township) -> None:
    """E1, E2: that the move ends nothing says nothing of the death."""
    row, now = entitled(town.person), timezone.now()
    Family.objects.filter(pk=town.person.family_id).update(status="moved")
    assert subsidy_exits.find_events(now) == 1
    town.person.died_on = TODAY
    town.person.save(update_fields=["died_on"])
    assert subsidy_exits.find_events(now) == 0, "one change at a time"
    found = {**FOUND, "reason": "moved_out", "happened_on": TODAY.isoformat()}
    assert town.do(town.caseworker, "check_report", found).status_code == 200
    goes_on = {"decision": "continue", "reason": "户籍未迁出"}
    assert town.do(town.county, "confirm_exit", goes_on).status_code == 200
    assert (subsidy_exits.find_events(now), subsidy_exits.find_events(now)) == (1, 0)
    death = Exit.objects.get(entitlement=row, reason="death")
    assert (death.source, death.happened_on) == ("event", TODAY)
    assert town.do(town.caseworker, "check_report", {"founded": "no", "evidence": "同名者"}).status_code == 200
    assert subsidy_exits.find_events(now) == 0, "looked into"


def test_ten_days_without_a_result_hold_payments(town: Township) -> None:
    row = entitled(town.person)
    waiting = owed(row, f"{THIS:%Y-%m}", "590.00", timezone.now())
    made = reported(town, row)
    assert not held(waiting)
    town.wait(made.instance_id, timezone.now() + timedelta(days=11))
    assert held(waiting)
    assert town.do(town.caseworker, "check_report", {"founded": "no", "evidence": "同名者"}).status_code == 200
    made.refresh_from_db()
    assert (made.state, held(waiting)) == ("continued", False)


def test_an_appeal_upheld_restores_everything(town: Township, two_years: Entitlement) -> None:
    waiting = owed(two_years, f"{THIS:%Y-%m}", "590.00", timezone.now())
    made = explained(town, two_years)
    town.work()
    assert Recovery.objects.get().amount == Decimal("14160.00")
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    response = Caller(town.village).post(f"subsidy-exits/{made.pk}/appeal/", {"text": "不是我们家"})
    assert response.json()["state"] == "appealed"
    said = {"appeal": "upheld", "findings": "同名者", "reason": "系同名，恢复"}
    assert town.do(town.auditor, "decide_appeal", said).status_code == 200
    town.work()
    two_years.refresh_from_db()
    again = payables_of(two_years).get(state="open")
    assert (two_years.until_date, again.amount, again.is_adjustment) == (None, Decimal("590.00"), True)
    assert Recovery.objects.get().state == "withdrawn"


def appealed(town: Township, made: Exit) -> None:
    """The appeal against it is upheld."""
    response = Caller(town.village).post(f"subsidy-exits/{made.pk}/appeal/", {"text": "不是我们家"})
    assert response.json()["state"] == "appealed"
    said = {"appeal": "upheld", "findings": "同名者", "reason": "系同名，恢复"}
    assert town.do(town.auditor, "decide_appeal", said).status_code == 200
    town.work()


def test_a_second_appeal_gives_back_only_what_its_own_exit_took(town: Township, two_years: Entitlement) -> None:
    owed(two_years, f"{THIS:%Y-%m}", "590.00", timezone.now())
    for number in (1, 2):
        appealed(town, explained(town, two_years))
        again = payables_of(two_years).get(state="open")
        assert (again.amount, again.period) == (Decimal("590.00"), f"{THIS:%Y-%m}")
        assert payables_of(two_years).filter(state="cancelled").count() == number


def test_what_exits_cancelled_before_is_told_by_history(town: Township, two_years: Entitlement) -> None:
    waiting = owed(two_years, f"{THIS:%Y-%m}", "590.00", timezone.now())
    made = explained(town, two_years)
    Exit.objects.update(cancelled=[])
    with connection.cursor() as cursor:
        cursor.execute(import_module("backend.subsidies.migrations.0006_what_an_exit_cancelled").TOLD)
    made.refresh_from_db()
    assert made.cancelled == [str(waiting.pk)]


def test_an_appeal_moves_no_day_that_another_exit_set(town: Township) -> None:
    """Moved away, so it ends with this month; then a namesake's adoption is taken for hers."""
    row = entitled(town.person)
    moved = reported(town, row, "moved_out", happened_on=TODAY.isoformat())
    found = {**FOUND, "reason": "moved_out", "happened_on": TODAY.isoformat()}
    for user, step, answers in (
        (town.caseworker, "check_report", found), (town.county, "confirm_exit", EXIT),
        (town.village, "explain_exit", TOLD),
    ):  # fmt: skip
        assert town.do(user, step, answers).status_code == 200
    town.wait(moved.instance_id, timezone.now() + timedelta(days=62))
    moved.refresh_from_db()
    assert (moved.state, moved.stop_on) == ("exited", later(THIS, 1))
    appealed(town, explained(town, row))
    row.refresh_from_db()
    assert (row.until_date, row.end_reason) == (later(THIS, 1), "moved")


@pytest.fixture
def grown(town: Township) -> Entitlement:
    """10 yuan a month in the year before this one, 110 from May on: 920 for that year, drawn up at once."""
    row = entitled(town.person, (JANUARY, "120.00"), (later(JANUARY, 4), "1320.00"), since=JANUARY)
    whole = first_owed(row, confirmed_by=frozenset({CONFIRMER}), day=JANUARY)
    (made,) = owe_all(whole, actor=SYSTEM, now=timezone.now())
    assert made.amount == Decimal("920.00")
    return row


def died(town: Township, row: Entitlement) -> Exit:
    """In April."""
    day = later(JANUARY, 3) + timedelta(days=9)
    made = reported(town, row, "death", happened_on=day.isoformat())
    found = {**FOUND, "reason": "death", "happened_on": day.isoformat(), "evidence": "死亡证明"}
    assert town.do(town.caseworker, "check_report", found).status_code == 200
    assert town.do(town.county, "confirm_exit", {**EXIT, "reason": "去世"}).status_code == 200
    made.refresh_from_db()
    return made


def test_the_months_before_the_stop_stay_owed_by_what_each_came_to(town: Township, grown: Entitlement) -> None:
    died(town, grown)
    kept = payables_of(grown).get(state="open")
    assert (kept.period, kept.amount) == (f"{JANUARY:%Y-%m}/{later(JANUARY, 3):%Y-%m}", Decimal("40.00"))


def test_the_months_after_the_stop_are_overpaid_by_what_each_came_to(town: Township, grown: Entitlement) -> None:
    paid(list(payables_of(grown)), timezone.now())
    assert died(town, grown).overpaid == 8 * Decimal("110.00")


def test_an_appeal_waits_for_its_time(town: Township) -> None:
    made = reported(town, entitled(town.person))
    response = Caller(town.village).post(f"subsidy-exits/{made.pk}/appeal/", {"text": "不同意"})
    assert_problem(response, 409, "no_time_to_appeal")


def test_one_change_at_a_time(town: Township) -> None:
    row = entitled(town.person)
    reported(town, row)
    said = {"entitlement": row.number, "reason": "death", "happened_on": TODAY.isoformat()}
    assert_problem(Caller(town.village).post("subsidy-exits/", said), 409, "exit_open")
    bad = {**said, "happened_on": (TODAY + timedelta(days=1)).isoformat()}
    assert_problem(Caller(town.village).post("subsidy-exits/", bad), 422, "bad_change", "/happened_on")


# --- powers apart (domain.md 3.0), in the database too


def test_who_checked_neither_confirms_nor_hears_the_appeal(town: Township) -> None:
    made = reported(town, entitled(town.person))
    both = factories.member(town.county, "caseworker", unit=factories.town())
    assert town.do(town.county, "check_report", FOUND).status_code == 200
    assert both is not None
    item = WorkItem.objects.get(step="confirm_exit")
    path = f"work-items/{item.pk}/complete/"
    assert_problem(Caller(town.county).post(path, {"answers": EXIT}), 403, "four_eyes")
    with pytest.raises(IntegrityError, match="exit_two_people"), transaction.atomic():
        Exit.objects.filter(pk=made.pk).update(confirmed_by=town.county)
    Exit.objects.filter(pk=made.pk).update(confirmed_by=town.finance)
    for hand in (town.county, town.finance):
        with pytest.raises(IntegrityError, match="exit_appeal_by_another"), transaction.atomic():
            Exit.objects.filter(pk=made.pk).update(appeal_by=hand)


def test_the_database_keeps_the_hands_on_a_recovery_apart(town: Township, two_years: Entitlement) -> None:
    row = noticed(town, two_years)
    both = factories.member(town.caseworker, "county", unit=county())
    assert both is not None
    assert_problem(town.do(town.caseworker, "decide_recovery", PLAN), 403, "four_eyes")
    with pytest.raises(IntegrityError, match="recovery_two_people"), transaction.atomic():
        Recovery.objects.filter(pk=row.pk).update(decided_by=town.caseworker)
    Recovery.objects.filter(pk=row.pk).update(decided_by=town.county)
    for hand in (town.caseworker, town.county):
        with pytest.raises(IntegrityError, match="recovery_appeal_by_another"), transaction.atomic():
            Recovery.objects.filter(pk=row.pk).update(appeal_by=hand)


def test_who_stands_in_for_the_checker_does_not_confirm(town: Township) -> None:
    """3.0: neither the one nor, in the one's name, the other."""
    reported(town, entitled(town.person))
    factories.member(town.caseworker, "county", unit=county())
    Deputy.objects.create(absent=town.caseworker, deputy=town.supervisor, from_date=factories.LONG_AGO)
    assert town.do(town.caseworker, "check_report", FOUND).status_code == 200
    item = WorkItem.objects.get(step="confirm_exit")
    refused = Caller(town.supervisor).post(f"work-items/{item.pk}/complete/", {"answers": EXIT})
    assert_problem(refused, 403, "four_eyes")
    assert town.do(town.county, "confirm_exit", EXIT).status_code == 200


def test_nobody_is_out_without_reasons_and_without_being_told(town: Township) -> None:
    made = reported(town, entitled(town.person))
    for state, name in (("confirmed", "exit_with_reasons"), ("exited", "exit_with_reasons|exit_explained")):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Exit.objects.filter(pk=made.pk).update(state=state)


# --- recoveries


def test_two_years_after_an_adoption_are_paid_back_in_instalments(town: Township, two_years: Entitlement) -> None:
    """E11: cause analysed, notice with figures, hearing, 24 instalments by the county; the payments that were made stay
    as they are, and the ledger shows claim and receipts."""
    paid_before = payables_of(two_years).filter(state="paid").count()
    row = paying(town, two_years)
    shown = Caller(town.county).get(f"recoveries/{row.pk}/").json()
    assert (shown["amount"], len(shown["months"]), shown["proposal"]) == ("14160.00", 24, "instalment")
    assert (row.answer_until, row.objection_until) == (TODAY + timedelta(days=15), TODAY + timedelta(days=60))
    rows = Instalment.objects.filter(recovery=row)
    assert (rows.count(), sum(each.amount for each in rows)) == (24, Decimal("14160.00"))
    assert in_account("receivable", two_years.person_id) == Decimal("14160.00")
    for number in range(2):
        assert receipt(town, "590.00", f"SJ-{number}").status_code == 200
    row.refresh_from_db()
    assert (row.received, row.left, row.state) == (Decimal("1180.00"), Decimal("12980.00"), "paying")
    assert in_account("recovered") == Decimal("1180.00")
    assert payables_of(two_years).filter(state="paid").count() == paid_before
    assert receipt(town, "12980.00", "SJ-9").status_code == 200
    row.refresh_from_db()
    assert row.state == "settled"
    assert in_account("receivable", two_years.person_id) == 0
    assert trial_balance(county()).is_balanced
    connection.check_constraints()


def test_a_receipt_is_for_no_more_than_what_is_left_and_counts_once(town: Township, two_years: Entitlement) -> None:
    paying(town, two_years)
    assert_problem(receipt(town, "14160.01", "SJ-1"), 422, "bad_receipt", "/answers/amount")
    assert receipt(town, "590.00", "SJ-1").status_code == 200
    assert_problem(receipt(town, "590.00", "SJ-1"), 422, "bad_receipt", "/answers/receipt_number")
    assert Receipt.objects.count() == 1


def test_nothing_is_claimed_without_a_notice(town: Township, two_years: Entitlement) -> None:
    row = noticed(town, two_years)
    for values, name in (
        ({"served_on": None, "state": "paying"}, "recovery_never_without_notice"),
        ({"served_on": None, "received": Decimal("1.00")}, "recovery_nothing_taken_before"),
        ({"received": row.amount + 1}, "recovery_never_more"),
        ({"state": "settled"}, "recovery_settled"),
        ({"state": "waived"}, "recovery_waived_when_our_mistake"),
        ({"decided_by": town.caseworker}, "recovery_two_people"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Recovery.objects.filter(pk=row.pk).update(**values)


def test_only_our_own_mistake_is_waived(town: Township, two_years: Entitlement) -> None:
    noticed(town, two_years)
    waiver = {"decision": "waiver", "reason": "生活困难"}
    assert_problem(town.do(town.county, "decide_recovery", waiver), 422, "waiver_not_possible", "/answers/decision")


def test_our_mistake_is_waived_by_the_county(town: Township, two_years: Entitlement) -> None:
    row = noticed(town, two_years, cause="office", hardship=True)
    row.refresh_from_db()
    assert (row.proposal, row.proposal_reason) == ("waiver", "our_fault_hardship")
    assert town.do(town.county, "decide_recovery", {"decision": "waiver", "reason": "我方登记错误"}).status_code == 200
    row.refresh_from_db()
    assert row.state == "waived"
    assert in_account("written_off") == Decimal("14160.00")
    assert in_account("receivable", two_years.person_id) == 0


def test_an_objection_holds_and_when_upheld_the_claim_is_undone(town: Township, two_years: Entitlement) -> None:
    row = paying(town, two_years)
    response = Caller(town.village).post(f"recoveries/{row.pk}/object/", {"text": "收养是后来的事"})
    assert response.json()["state"] == "appealed"
    assert not WorkItem.objects.filter(step="receive_instalment", state="open").exists()
    said = {"appeal": "upheld", "findings": "登记日期有误", "reason": "日期有误，撤销"}
    assert town.do(town.auditor, "decide_appeal", said).status_code == 200
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert in_account("receivable", two_years.person_id) == 0
    assert in_account("paid") == Decimal("14160.00")


def test_what_was_paid_back_goes_back_when_an_objection_is_upheld(town: Township, two_years: Entitlement) -> None:
    """Twice 590 yuan were paid back: they are owed to her again, and nothing is left of claim and receipts."""
    row = paying(town, two_years)
    for number in range(2):
        assert receipt(town, "590.00", f"SJ-{number}").status_code == 200
    Caller(town.village).post(f"recoveries/{row.pk}/object/", {"text": "收养是后来的事"})
    said = {"appeal": "upheld", "findings": "登记日期有误", "reason": "日期有误，撤销"}
    assert town.do(town.auditor, "decide_appeal", said).status_code == 200
    row.refresh_from_db()
    back = Payable.objects.get(reference_kind="recovery", reference_id=str(row.pk))
    assert (row.state, back.amount, back.state, back.person) == ("withdrawn", Decimal("1180.00"), "open", town.person)
    assert (back.purpose, back.basis, back.account_tail, back.is_adjustment) == ("refund", row.number, "4567", True)
    assert {town.auditor.pk, town.county.pk} < set(back.confirmed_by)
    assert in_account("obligation", two_years.person_id) == Decimal("1180.00")
    assert in_account("recovered") == in_account("receivable", two_years.person_id) == 0
    assert (in_account("paid"), in_account("budget_line")) == (Decimal("12980.00"), Decimal("-14160.00"))
    assert sum(paid_by_month(two_years).values()) == Decimal("14160.00")
    assert trial_balance(county()).is_balanced


@pytest.mark.parametrize(
    ("cause", "decision", "stood"), [("office", "waiver", "written_off"), ("fraud", "refer", "receivable")]
)
def test_a_claim_is_undone_from_where_it_stands(
    town: Township, two_years: Entitlement, cause: str, decision: str, stood: str
) -> None:
    row = noticed(town, two_years, cause=cause)
    assert town.do(town.county, "decide_recovery", {"decision": decision, "reason": "见调查材料"}).status_code == 200
    holder = two_years.person_id if stood == "receivable" else None
    assert in_account(stood, holder) == Decimal("14160.00")
    appealed(town, row.exit)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert (in_account("paid"), in_account("written_off")) == (Decimal("14160.00"), Decimal(0))
    assert in_account("receivable", two_years.person_id) == 0


def test_arrears_are_reminded_of_in_person_every_month_and_go_to_the_county(
    town: Township, two_years: Entitlement
) -> None:
    row = paying(town, two_years)
    for number, days in enumerate((2, 36, 70, 104), start=1):
        town.wait(row.instance_id, timezone.now() + timedelta(days=10 + days))
        assert Event.objects.filter(action="recovery.reminded").count() == number
    assert WorkItem.objects.filter(step="look_at_arrears", state="open").count() == 1
    assert row.next_due() == date.fromisoformat(SOON)
    assert Reminder.objects.filter(kind="recovery.unpaid").values_list("role", flat=True)[0] == "village"


def test_a_plan_has_a_first_day_ahead_and_not_too_many_parts(town: Township, two_years: Entitlement) -> None:
    noticed(town, two_years)
    response = town.do(town.county, "decide_recovery", {**PLAN, "months": 25})
    assert_problem(response, 422, "bad_plan", "/answers/months")


# --- papers that are handed over


def paper(user: User, path: str) -> str:
    """The text of a .docx, paragraphs and tables."""
    answer = Caller(user).get(path)
    assert answer.status_code == 200, answer.content
    document = Document(BytesIO(answer.content))
    cells = [cell.text for table in document.tables for line in table.rows for cell in line.cells]
    return "\n".join([each.text for each in document.paragraphs] + cells)


def test_the_notice_of_an_exit_says_why_and_where_to_appeal(town: Township, two_years: Entitlement) -> None:
    made = reported(town, two_years)
    address = f"subsidy-exits/{made.pk}/letter/"
    assert_problem(Caller(town.village).get(address), 409, "no_letter_yet")
    assert not Event.objects.filter(action="subsidy_exit.letter_made").exists()
    assert town.do(town.caseworker, "check_report", FOUND).status_code == 200
    assert town.do(town.county, "confirm_exit", EXIT).status_code == 200
    before = paper(town.village, address)
    assert all(said in before for said in ("扶助退出告知书", "周玉兰", EXIT["reason"], "60日内", "申诉", "14160.00元"))
    assert town.do(town.village, "explain_exit", TOLD).status_code == 200
    until = TODAY + timedelta(days=60)
    assert f"{until.year}年{until.month}月{until.day}日前" in paper(town.village, address)
    assert Event.objects.filter(action="subsidy_exit.letter_made", family_id=town.person.family_id).count() == 2
    assert f"/subsidy-exits/{made.pk}/letter/" in text(visitor(town.village).get(f"/subsidy-exits/{made.pk}/"))


def test_the_notice_of_a_recovery_has_figures_answer_objection_and_instalments(
    town: Township, two_years: Entitlement
) -> None:
    explained(town, two_years)
    town.work()
    row = Recovery.objects.get()
    address = f"recoveries/{row.pk}/letter/"
    assert_problem(Caller(town.village).get(address), 409, "no_letter_yet")
    assert town.do(town.caseworker, "classify_cause", CAUSE).status_code == 200
    first = paper(town.village, address)
    month = later(THIS, -24)
    figures = ("周玉兰", f"{month.year}年{month.month}月", "14160.00元", "分期")
    assert all(said in first for said in ("退还通知书", *figures))
    assert "不从您的其他待遇中扣减" in first
    assert "骗" not in first
    for user, step, answers in (
        (town.village, "serve_notice", NOTICE), (town.caseworker, "hear_person", HEARD),
        (town.county, "decide_recovery", PLAN),
    ):  # fmt: skip
        assert town.do(user, step, answers).status_code == 200
    second = paper(town.finance, address)
    assert "第24期" in second
    assert "590.00元" in second
    assert Event.objects.filter(action="recovery.letter_made").count() == 2
    response = visitor(town.village).get(f"/recoveries/{row.pk}/letter/")
    assert response["Content-Type"].endswith("wordprocessingml.document")


def test_papers_are_for_those_who_see_the_row(town: Township, two_years: Entitlement) -> None:
    made = explained(town, two_years)
    stranger = factories.user("stranger", role="caseworker", unit=factories.town("120114001000"))
    assert Caller(stranger).get(f"subsidy-exits/{made.pk}/letter/").status_code == 404
    assert Caller(town.finance).get(f"subsidy-exits/{made.pk}/letter/").status_code == 403
    assert not Event.objects.filter(action="subsidy_exit.letter_made").exists()
    page = visitor(town.village).get(f"/recoveries/{two_years.pk}/letter/")
    assert page.status_code == 404


def test_the_familys_page_shows_what_its_people_get_to_who_may_see_it(town: Township) -> None:
    row = entitled(town.person)
    page = f"/families/{town.person.family_id}/benefits/"
    shown = text(visitor(town.village).get(page))
    assert row.number in shown
    assert f"/subsidies/entitlements/?family={town.person.family_id}" in shown
    Entitlement.objects.update(until_date=THIS, end_reason="died")
    assert "died" in text(visitor(town.caseworker).get(page))
