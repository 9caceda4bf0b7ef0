"""The payment desk over the API: two finance officers, a bank, and who calls whoever received nothing (E14)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.ledger.balances import trial_balance
from backend.org.access import SYSTEM, actor_of
from backend.org.codes import load_codes
from backend.org.models import Deputy, User
from backend.payments import batches, posting
from backend.payments.batches import OwnBatch
from backend.payments.models import Batch, Payable
from backend.reminders.models import Reminder
from backend.subsidies.models import Application, Entitlement, Hand
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.payments.banking import answer
from tests.payments.owing import ACCOUNT, county, owed
from tests.queueing import queued
from tests.web.visitor import text, visitor
from workflows import deployment, payments, services
from workflows.models import Instance, Process, WorkItem

pytestmark = pytest.mark.django_db
_deployed: list[Process] = []


class Desk:
    """A county's finance office, and one township."""

    def __init__(self) -> None:
        load_codes()
        if not _deployed:
            for key in ("payment_batch", "returned_payment"):
                files = deployment.bundle(settings.BPMN_FOLDER, key)
                deployment.deploy(key=key, files=files, actor=SYSTEM, now=timezone.now())
            _deployed.extend(Process.objects.all())
        else:
            Process.objects.bulk_create(_deployed)
        self.county = county()
        self.drawer = self.at_county("finance", "李会计")
        self.releaser = self.at_county("finance", "王出纳")
        self.reviewer = self.at_county("county", "赵审核")
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")

    def at_county(self, role: str, name: str) -> User:
        return factories.user(role=role, unit=self.county, name=name)

    def do(self, step: str, user: User, **answers: Any) -> Any:
        item = WorkItem.objects.get(step=step, state="open")
        return Caller(user).post(f"work-items/{item.pk}/complete/", {"answers": answers})

    def begun(self) -> Any:
        return Caller(self.drawer).post("payment-batches/", {"unit": str(self.county.pk), "programme": "tefu"})

    def drawn(self) -> Batch:
        assert self.begun().status_code == 201
        done = self.do("draw_up", self.drawer, drawing="draw_up", pay_on=timezone.localdate().isoformat())
        assert done.status_code == 200, done.content
        return Batch.objects.order_by("created_at").last()  # type: ignore[return-value]

    def sent(self) -> Batch:
        batch = self.drawn()
        assert self.do("release_batch", self.releaser, release="release").status_code == 200
        batch.refresh_from_db()
        return batch

    def bank_says(self, batch: Batch, content: bytes) -> Any:
        file = SimpleUploadedFile("回盘.csv", content)
        path = f"/api/payment-batches/{batch.pk}/answer/"
        said = Caller(self.drawer).http.post(path, {"file": file}, format="multipart")
        for job in queued("payments.post_answers"):
            posting.post_answers(batch_id=UUID(job["batch_id"]), now=timezone.now())
        for job in queued("payments.start_correction"):
            payments.start_correction(payable_id=UUID(job["payable_id"]), now=timezone.now())
        return said


def applied(desk: Desk) -> Application:
    """An application that the county granted, and what is owed by it."""
    person, day = factories.person(factories.family(), name="周玉兰"), date(2026, 1, 1)
    row = Application.objects.create(
        number="FZ-1", kind="special_support", year=2026, family=person.family, person=person, unit=person.family.unit,
        unit_path=person.family.unit.path, channel="self", facts="{}", declared_on=day, recorded_label="x",
        state="confirmed",
    )  # fmt: skip
    granted = Entitlement.objects.create(
        number="DY-1", person=person, unit=person.family.unit, kind="special_support", cycle="month", from_date=day,
        confirmed_on=day, application=row,
    )  # fmt: skip
    owed(timezone.now(), reference=("entitlement", granted.pk))
    return row


@kept
def desk() -> Desk:
    return Desk()


def test_not_received_then_corrected_and_received(desk: Desk) -> None:
    """E14: account closed, the caseworker calls, another person agrees, the next batch pays; not called paid before."""
    head = factories.person(factories.family(), name="王秀英")
    owed(timezone.now(), payee=head, payee_label=head.name)
    owed(timezone.now(), "460.00")
    batch = desk.sent()
    assert desk.bank_says(batch, answer(batch, returned={2: "账户已销户"})).status_code == 202
    told = results(Caller(desk.caseworker).get("payables/", not_received="true"))
    assert [(row["payee"], row["state"], row["account"]) for row in told] == [("王秀英", "returned", ACCOUNT[-4:])]
    assert desk.do("read_answer", desk.drawer, complete="complete").status_code == 200
    new = {"finding": "new_account", "account_number": "6222 0000 0000 9999", "identity_check": "home_visit"}
    assert desk.do("ask_payee", desk.caseworker, **new).status_code == 200
    assert desk.do("check_account", desk.releaser, account_fits="agree").status_code == 200
    second = desk.sent()
    assert (second.count, second.total) == (1, Decimal("590.00"))
    desk.bank_says(second, answer(second))
    assert set(Payable.objects.values_list("state", flat=True)) == {"paid"}
    assert {row.kind: str(row.balance) for row in trial_balance(desk.county).rows if row.balance} == {
        "budget_line": "-1050.00",
        "paid": "1050.00",
    }
    assert not Event.objects.filter(body__contains="9999").filter(body__contains="6222").exists()
    assert Event.objects.filter(action="payable.paid", family_id=head.family_id).exists()


class TestTwoPeople:
    """The engine refuses what the database refuses too (tests/payments/test_batches.py)."""

    def test_who_drew_up_is_not_offered_the_release(self, desk: Desk) -> None:
        owed(timezone.now())
        desk.drawn()
        assert_problem(desk.do("release_batch", desk.drawer, release="release"), 403, "four_eyes")

    def test_who_confirmed_the_right_does_not_release(self, desk: Desk) -> None:
        owed(timezone.now(), confirmed_by=[desk.releaser.pk])
        desk.drawn()
        assert_problem(desk.do("release_batch", desk.releaser, release="release"), 403, "own_confirmation")
        assert Batch.objects.get().state == "drawn"

    def test_who_stands_in_for_who_drew_up_does_not_release(self, desk: Desk) -> None:
        """In the absent colleague's name it is the same hand; in one's own right it is another."""
        owed(timezone.now())
        desk.drawn()
        deputy = factories.user("deputy", role="caseworker", name="代班")
        Deputy.objects.create(absent=desk.drawer, deputy=deputy, from_date=factories.LONG_AGO)
        assert_problem(desk.do("release_batch", deputy, release="release"), 403, "four_eyes")
        with pytest.raises(OwnBatch):
            batches.release(batch=Batch.objects.get(), actor=actor_of(deputy, role="finance"), now=timezone.now())
        factories.member(deputy, "finance", desk.county)
        again = User.objects.get(pk=deputy.pk)
        assert desk.do("release_batch", again, release="release").status_code == 200

    def test_who_stands_in_for_who_confirmed_does_not_pay(self, desk: Desk) -> None:
        """The confirmer went to finance, and is absent: nobody draws up or releases in their name."""
        owed(timezone.now(), confirmed_by=[desk.releaser.pk])
        deputy = factories.user("deputy", role="caseworker", name="代班")
        Deputy.objects.create(absent=desk.releaser, deputy=deputy, from_date=factories.LONG_AGO)
        assert desk.begun().status_code == 201
        day = timezone.localdate().isoformat()
        assert_problem(desk.do("draw_up", deputy, drawing="draw_up", pay_on=day), 409, "nothing_to_pay")
        assert desk.do("draw_up", desk.drawer, drawing="draw_up", pay_on=day).status_code == 200
        assert_problem(desk.do("release_batch", deputy, release="release"), 403, "own_confirmation")

    @pytest.mark.parametrize("power", ["record", "village", "township", "county"])
    def test_who_had_any_power_over_an_application_does_not_pay_it(self, desk: Desk, power: str) -> None:
        """3.0 through P06: the power to pay is a power over the application like the others, held by nobody twice."""
        row = applied(desk)
        Hand.objects.create(application=row, user=desk.releaser, power=power)
        desk.drawn()
        assert_problem(desk.do("release_batch", desk.releaser, release="release"), 403, "one_power")
        assert Batch.objects.get().state == "drawn"
        third = desk.at_county("finance", "孙出纳")
        assert desk.do("release_batch", third, release="release").status_code == 200
        assert Hand.objects.get(user=third).power == "pay"
        with pytest.raises(IntegrityError, match="hand_one_power"), transaction.atomic():
            Hand.objects.create(application=row, user=third, power="county")

    def test_a_relative_of_the_applicant_does_not_pay(self, desk: Desk) -> None:
        applied(desk).recused.add(desk.releaser)
        desk.drawn()
        assert_problem(desk.do("release_batch", desk.releaser, release="release"), 403, "recused")

    def test_the_same_hand_pays_every_month(self, desk: Desk) -> None:
        row = applied(desk)
        desk.sent()
        owed(timezone.now(), reference=("entitlement", row.entitlement.pk), period="2026-08")
        desk.sent()
        assert row.hands.get().user == desk.releaser

    def test_a_county_reviewer_pays_nothing(self, desk: Desk) -> None:
        owed(timezone.now())
        batch = desk.drawn()
        assert desk.do("release_batch", desk.reviewer, release="release").status_code in {403, 404}
        assert_problem(Caller(desk.reviewer).get(f"payment-batches/{batch.pk}/file/"), 403, "not_allowed")

    def test_who_entered_the_account_does_not_agree(self, desk: Desk) -> None:
        owed(timezone.now())
        batch = desk.sent()
        desk.bank_says(batch, answer(batch, returned={1: "户名不符"}))
        new = {"finding": "new_account", "account_number": "6222000000009999", "identity_check": "bank_letter"}
        assert desk.do("find_account", desk.drawer, **new).status_code == 200
        assert_problem(desk.do("check_account", desk.drawer, account_fits="agree"), 403, "four_eyes")


def test_what_is_no_longer_owed_is_decided_by_the_county(desk: Desk) -> None:
    owed(timezone.now())
    batch = desk.sent()
    desk.bank_says(batch, answer(batch, returned={1: "账户已销户"}))
    assert desk.do("find_account", desk.drawer, finding="not_owed", note="本人书面放弃").status_code == 200
    assert desk.do("confirm_cancelling", desk.reviewer, cancelling="agree", reason="书面放弃").status_code == 200
    assert Payable.objects.get().state == "cancelled"
    assert {row.balance for row in trial_balance(desk.county).rows} == {Decimal(0)}
    assert set(Instance.objects.values_list("outcome", flat=True)) == {"", "cancelled"}


def test_while_lines_have_no_result_it_is_not_done(desk: Desk) -> None:
    owed(timezone.now())
    batch = desk.sent()
    assert_problem(desk.do("read_answer", desk.drawer, complete="complete"), 409, "bank_silent")
    late = Instance.objects.get().wake_at
    assert late is not None
    services.wake(instance_id=Instance.objects.get().pk, now=late)
    assert Reminder.objects.get().kind == "batch.late"
    changed = answer(batch).replace(b"590.00", b"950.00")
    assert_problem(desk.bank_says(batch, changed), 422, "bank_answer_differs", "/rows/2")


def test_sent_back_and_given_up(desk: Desk) -> None:
    owed(timezone.now())
    desk.drawn()
    assert desk.do("release_batch", desk.releaser, release="return", reason="日期不对").status_code == 200
    assert_problem(desk.do("draw_up", desk.drawer, drawing="draw_up"), 422, "bad_answers", "/answers/pay_on")
    assert desk.do("draw_up", desk.drawer, drawing="give_up", reason="预算未下达").status_code == 200
    assert (Instance.objects.get().outcome, Payable.objects.get().state) == ("given_up", "open")


def test_a_batch_is_begun_once(desk: Desk) -> None:
    owed(timezone.now())
    assert desk.begun().status_code == 201
    assert_problem(desk.begun(), 409, "batch_begun")
    Payable.objects.update(is_held=True)
    refused = desk.do("draw_up", desk.drawer, drawing="draw_up", pay_on=timezone.localdate().isoformat())
    assert_problem(refused, 409, "nothing_to_pay")


def test_the_file_leaves_with_its_checksum_and_an_event(desk: Desk) -> None:
    owed(timezone.now())
    batch = desk.sent()
    told = Caller(desk.drawer).get(f"payment-batches/{batch.pk}/").json()
    assert [(file["kind"], file["count"], file["total"]) for file in told["files"]] == [("order", 1, "590.00")]
    fetched = Caller(desk.drawer).get(f"payment-batches/{batch.pk}/file/")
    assert fetched.content[:2] == b"PK"
    event = Event.objects.get(action="batch.downloaded")
    assert event.data["sha256"] == told["files"][0]["digest"]


def test_what_waits_and_what_is_stopped(desk: Desk) -> None:
    row = owed(timezone.now())
    owed(timezone.now(), account_number="")
    due = Caller(desk.drawer).get("payables/due/").json()
    assert [(each["ready"], each["ready_sum"], each["without_account"]) for each in due] == [(1, "590.00", 1)]
    held = Caller(desk.reviewer).post(f"payables/{row.pk}/hold/", {"reason": "收到异议"})
    assert held.json()["is_held"]
    assert Caller(desk.drawer).get("payables/due/").json()[0]["ready"] == 0
    seen = Caller(desk.drawer).post(f"payables/{row.pk}/reveal/", {"reason": "银行来电核对"})
    assert seen.json() == {"account_number": ACCOUNT}
    assert Event.objects.get(action="payable.revealed").reason == "银行来电核对"


def test_the_ledger_is_read(desk: Desk) -> None:
    row = owed(timezone.now())
    caller = Caller(desk.reviewer)
    trial = caller.get("ledger-accounts/trial-balance/").json()
    assert (trial["is_balanced"], trial["arrived"], len(trial["rows"])) == (True, "590.00", 2)
    account = results(caller.get("ledger-accounts/", kind="obligation"))[0]
    assert (account["balance"], account["holder"]) == ("590.00", str(row.pk))
    entry = results(caller.get("ledger-entries/", account=account["id"]))[0]
    assert [line["amount"] for line in entry["lines"]] == ["590.00", "-590.00"]
    assert caller.get("ledger-accounts/trial-balance/", on="2020-01-01").json()["arrived"] == "0.00"
    assert_problem(caller.get("ledger-accounts/trial-balance/", on="x"), 400, "invalid", "?on")


def test_what_was_settled_meanwhile_asks_nobody(desk: Desk, now: datetime) -> None:
    payments.start_correction(payable_id=owed(now).pk, now=now)
    assert not Instance.objects.exists()


def test_who_does_not_see_the_batch_is_not_led_to_it(desk: Desk) -> None:
    """The county pays; the township's own people see that it was tried, not the county's batches."""
    head = factories.person(factories.family(), name="周玉兰")
    owed(timezone.now(), payee=head, payee_label=head.name)
    batch = desk.sent()
    payable = Payable.objects.get()
    for unit, is_seen in ((county(), True), (factories.town(), False)):
        auditor = factories.user(f"auditor-{unit.code}", role="auditor", unit=unit)
        told = Caller(auditor).get(f"payables/{payable.pk}/").json()["tries"][0]
        assert ((told["batch"] is not None), bool(told["batch_number"])) == (is_seen, True)
        page = text(visitor(auditor).get(f"/payments/payables/{payable.pk}/"))
        assert (f"/payments/batches/{batch.pk}/" in page) is is_seen
