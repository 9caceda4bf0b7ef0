"""A batch is drawn up by one person and released by another; what the bank did not pay is not called paid (E14)."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from backend.core.crypto import decrypt_bytes
from backend.ledger.balances import trial_balance
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.payments import answers, bank_file, batches, payables, posting
from backend.payments.models import Batch, BatchFile, Payable, Transfer
from tests.payments.banking import answer
from tests.payments.owing import county, owed, person

pytestmark = pytest.mark.django_db
PAY_ON = date(2026, 3, 2)


@pytest.fixture
def drawer() -> Actor:
    return person()


@pytest.fixture
def other() -> Actor:
    return person()


def drawn(by: Actor, now: datetime, programme: str = "") -> Batch:
    return batches.draw_up(unit=county(), programme=programme, pay_on=PAY_ON, actor=by, now=now)


def sent(drawer: Actor, other: Actor, now: datetime) -> Batch:
    batch = drawn(drawer, now)
    batches.release(batch=batch, actor=other, now=now)
    return batch


def answered(batch: Batch, content: bytes, by: Actor, now: datetime) -> None:
    answers.take(batch=batch, name="回盘.csv", content=content, actor=by, now=now)
    posting.post_answers(batch_id=batch.pk, now=now)
    batch.refresh_from_db()


def kinds(unit: Unit) -> dict[str, str]:
    return {row.kind: str(row.balance) for row in trial_balance(unit).rows if row.balance}


def test_from_owed_to_received(drawer: Actor, other: Actor, now: datetime) -> None:
    rows = [owed(now, "590.00"), owed(now, "460.00")]
    batch = sent(drawer, other, now)
    assert (batch.count, batch.total, batch.state) == (2, Decimal("1050.00"), "released")
    assert set(Payable.objects.values_list("state", flat=True)) == {"batched"}, "not paid before the bank says so"
    answered(batch, answer(batch, on="2026-03-02"), drawer, now)
    assert set(Payable.objects.values_list("state", flat=True)) == {"paid"}
    assert kinds(county()) == {"budget_line": "-1050.00", "paid": "1050.00"}
    assert batch.state == "settled"
    assert posting.progress(batch) == posting.Progress(lines=2, answered=2, paid=2, returned=0)
    connection.check_constraints()
    assert len(rows) == 2


def test_a_batch_run_again_pays_nobody_twice(drawer: Actor, other: Actor, now: datetime) -> None:
    owed(now)
    batch = sent(drawer, other, now)
    with pytest.raises(batches.NothingToPay):
        drawn(drawer, now)
    for _ in range(2):
        answered(batch, answer(batch), drawer, now)
    with pytest.raises(batches.NothingToPay):
        drawn(drawer, now)
    assert kinds(county()) == {"budget_line": "-590.00", "paid": "590.00"}
    assert batch.files.filter(kind="answer").count() == 1


def test_one_payable_is_in_one_live_line_only(drawer: Actor, now: datetime) -> None:
    owed(now)
    line = drawn(drawer, now).transfers.get()
    Payable.objects.update(state="open")
    with pytest.raises(IntegrityError, match="transfer_pays_once"), transaction.atomic():
        drawn(drawer, now)
    assert Transfer.objects.get() == line


def test_returned_is_not_received_and_comes_in_the_next_batch(drawer: Actor, other: Actor, now: datetime) -> None:
    """E14: account closed; new account after an identity check; paid with the next batch."""
    codes.load_codes()
    owed(now)
    batch = sent(drawer, other, now)
    answered(batch, answer(batch, returned={1: "账户已销户"}), drawer, now)
    row = Payable.objects.get()
    assert (row.state, row.get_state_display()) == ("returned", "未收到：银行退回")
    assert kinds(county()) == {"budget_line": "-590.00", "returned": "590.00"}
    with pytest.raises(batches.NothingToPay):
        drawn(drawer, now)
    payables.propose_account(
        payable=row, number="6222000000009999", identity_check="in_person", actor=person("caseworker"), now=now
    )
    payables.agree_account(payable=row, actor=other, now=now)
    second = sent(drawer, other, now)
    assert second.transfers.get().account_tail == "9999"
    answered(second, answer(second), drawer, now)
    row.refresh_from_db()
    assert row.state == "paid"
    assert kinds(county()) == {"budget_line": "-590.00", "paid": "590.00"}
    assert list(row.transfers.order_by("id").values_list("state", flat=True)) == ["returned", "paid"]


def test_what_the_bank_called_paid_may_still_come_back(drawer: Actor, other: Actor, now: datetime) -> None:
    owed(now)
    batch = sent(drawer, other, now)
    answered(batch, answer(batch), drawer, now)
    answered(batch, answer(batch, returned={1: "户名不符"}), drawer, now)
    assert Payable.objects.get().state == "returned"
    assert kinds(county()) == {"budget_line": "-590.00", "returned": "590.00"}
    with pytest.raises(answers.AnswerDiffers):
        answered(batch, answer(batch, on="2026-03-01"), drawer, now)


def test_what_a_file_leaves_out_has_no_answer_yet(drawer: Actor, other: Actor, now: datetime) -> None:
    for _ in range(3):
        owed(now)
    batch = sent(drawer, other, now)
    answered(batch, answer(batch, only=range(1, 3)), drawer, now)
    assert (batch.state, posting.progress(batch).posted) == ("released", 2)
    answered(batch, answer(batch, only=range(3, 4)), drawer, now)
    assert batch.state == "settled"


class TestPowersApart:
    """Who confirmed, who draws up, who releases: three people (3.0), also where one stands in for another."""

    def test_who_drew_up_does_not_release(self, drawer: Actor, now: datetime) -> None:
        owed(now)
        batch = drawn(drawer, now)
        with pytest.raises(batches.OwnBatch):
            batches.release(batch=batch, actor=drawer, now=now)
        with pytest.raises(IntegrityError, match="batch_by_two"), transaction.atomic():
            Batch.objects.update(released_by=drawer.user_id)

    @pytest.mark.parametrize("stands_in", [False, True])
    def test_who_confirmed_does_not_release(self, drawer: Actor, other: Actor, now: datetime, stands_in: bool) -> None:
        """Standing in for somebody else, it is still the same person."""
        acting = replace(other, label=f"{other.label}（代 李会计）") if stands_in else other
        owed(now, confirmed_by=[], actor=replace(other, role="county"))
        batch = drawn(drawer, now)
        with pytest.raises(batches.OwnConfirmation):
            batches.release(batch=batch, actor=acting, now=now)
        with pytest.raises(IntegrityError, match="who confirmed a right"), transaction.atomic():
            Batch.objects.update(released_by=other.user_id)

    def test_who_confirmed_does_not_draw_up(self, drawer: Actor, other: Actor, now: datetime) -> None:
        mine = owed(now, confirmed_by=[drawer.user_id])
        with pytest.raises(batches.NothingToPay):
            drawn(drawer, now)
        owed(now)
        batch = drawn(drawer, now)
        assert batch.count == 1
        with pytest.raises(IntegrityError, match="who confirmed a right"), transaction.atomic():
            Transfer.objects.create(batch=batch, number=2, payable=mine, account_tail="1", amount=mine.amount)
        assert drawn(other, now).transfers.get().payable == mine

    def test_nobody_in_particular_releases_nothing(self, drawer: Actor, now: datetime) -> None:
        owed(now)
        drawn(drawer, now)
        with pytest.raises(IntegrityError, match="batch_released"), transaction.atomic():
            Batch.objects.update(state="released")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_transfer SET amount = 1",
        "UPDATE payments_transfer SET account_number = 'x'",
        "UPDATE payments_transfer SET state = 'dropped'",
        "UPDATE payments_batch SET total = 1",
        "UPDATE payments_batch SET state = 'drawn'",
        "DELETE FROM payments_transfer",
        "DELETE FROM payments_batch",
        "DELETE FROM payments_batchfile",
        """INSERT INTO payments_transfer SELECT gen_random_uuid(), created_at, 2, payee_label, account_number,
           account_tail, amount, 'waiting', '', NULL, '', batch_id, payable_id FROM payments_transfer""",
    ],
)
def test_what_was_released_stays(drawer: Actor, other: Actor, now: datetime, statement: str) -> None:
    owed(now)
    sent(drawer, other, now)
    kept = r"stays as it was|payments are kept|before the release"
    with pytest.raises(IntegrityError, match=kept), transaction.atomic():
        connection.cursor().execute(statement)


def test_what_was_stopped_is_not_paid(drawer: Actor, other: Actor, now: datetime) -> None:
    """A death report before the release takes the line off; nobody else waits for that."""
    row = owed(now)
    owed(now)
    batch = drawn(drawer, now)
    payables.hold(payables=Payable.objects.filter(pk=row.pk), reason="去世", actor=person("county"), now=now)
    batches.release(batch=batch, actor=other, now=now)
    assert (batch.count, batch.total) == (1, Decimal("590.00"))
    row.refresh_from_db()
    assert (row.state, row.is_held) == ("open", True)
    payables.let_go(payables=Payable.objects.all(), reason="弄错了", actor=person("county"), now=now)
    assert drawn(drawer, now).transfers.get().payable_id == row.pk


def test_not_due_without_account_or_of_another_unit_waits(drawer: Actor, now: datetime) -> None:
    owed(now, due_on=date(2026, 3, 3))
    owed(now, account_number="")
    owed(now, programme="jiangfu")
    with pytest.raises(batches.NothingToPay):
        drawn(drawer, now, programme="tefu")


def test_given_up_or_sent_back_everything_waits_again(drawer: Actor, other: Actor, now: datetime) -> None:
    owed(now)
    batches.give_up(batch=drawn(drawer, now), reason="预算未下达", actor=drawer, now=now)
    second = drawn(drawer, now)
    batches.send_back(batch=second, reason="日期不对", actor=other, now=now)
    assert Payable.objects.get().state == "open"
    with pytest.raises(batches.NotDrawn):
        batches.release(batch=second, actor=other, now=now)


class TestFile:
    """The order carries every line, how many and how much, and a checksum; the answer has to fit it."""

    @pytest.fixture
    def batch(self, drawer: Actor, now: datetime) -> Batch:
        owed(now, "590.00", payee_label="=HYPERLINK(1)")
        owed(now, "0.10", payee_label="李桂兰")
        return drawn(drawer, now)

    def released(self, batch: Batch, by: Actor, now: datetime) -> bytes:
        file = batches.release(batch=batch, actor=by, now=now)
        content = decrypt_bytes(bytes(BatchFile.objects.get(pk=file.pk).content))
        assert (file.digest, file.count, file.total) == (
            hashlib.sha256(content).hexdigest(), 2, Decimal("590.10"),
        )  # fmt: skip
        return content

    def test_a_workbook_of_texts(self, batch: Batch, other: Actor, now: datetime) -> None:
        content = self.released(batch, other, now)
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        assert [row[1] for row in rows] == ["户名", "=HYPERLINK(1)", "李桂兰", ""]
        assert [row[3] for row in rows] == ["金额", "590.00", "0.10", "590.10"]
        assert rows[-1][0] == "合计 2"
        assert b"<f>" not in content

    def test_a_text_file_in_the_countys_order(self, batch: Batch, other: Actor, now: datetime) -> None:
        asked = {"form": "csv", "columns": ["account", "name", "amount", "number"]}
        parameters.set_parameter(key="payment.bank_file", value=asked, from_date=date(2026, 1, 1), path=county().path)
        content = self.released(batch, other, now).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(content)))
        assert rows[0] == ["账号", "户名", "金额", "序号"]
        assert rows[1][1] == "'=HYPERLINK(1)"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (("6217000010001234567", "6217000010007654321"), "other_account"),
            ((",0.10,", ",0.11,"), "other_amount"),
            ((",0.10,成功", ",0.10,处理中"), "no_answer"),
            (("\n2,", "\n7,"), "unknown_line"),
            (("\n2,", "\n1,"), "twice"),
            (("成功,,", "成功,,2027-01-01"), "bad_day"),
        ],
    )
    def test_an_answer_that_does_not_fit_changes_nothing(
        self, batch: Batch, drawer: Actor, other: Actor, now: datetime, change: tuple[str, str], code: str
    ) -> None:
        batches.release(batch=batch, actor=other, now=now)
        content = answer(batch).decode("utf-8-sig").replace(*change).encode()
        with pytest.raises(answers.AnswerDiffers) as refused:
            answers.take(batch=batch, name="x.csv", content=content, actor=drawer, now=now)
        assert code in {problem.code for problem in refused.value.problems}
        assert not Transfer.objects.exclude(answer="").exists()

    def test_no_answer_at_all(self, batch: Batch, drawer: Actor, other: Actor, now: datetime) -> None:
        with pytest.raises(answers.NotSent):
            answers.take(batch=batch, name="x.csv", content=b"x", actor=drawer, now=now)
        batches.release(batch=batch, actor=other, now=now)
        for content, error in (
            (b"a,b\n1,2\n", answers.AnswerColumns),
            (answer(batch, only=range(0)), answers.AnswerDiffers),
        ):
            with pytest.raises(error):
                answers.take(batch=batch, name="x.csv", content=content, actor=drawer, now=now)


@given(st.text(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert bank_file.guarded(text)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
