"""The bank's answer: a file read line by line against the batch, kept, and only then believed.

Nothing of a file counts when one of its lines names another account or amount than the batch has. Lines that it leaves
out have no answer yet; a later file may bring them, and may call returned what an earlier one called paid.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.rosters.reading import read
from backend.core.crypto import encrypt_bytes
from backend.core.errors import Conflict, DomainError, FieldProblem
from backend.core.jobs import enqueue
from backend.org.access import Actor
from backend.payments.models import Batch, BatchFile, Transfer

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("序号", "编号"),
    "account": ("账号", "帐号", "卡号"),
    "amount": ("金额", "发放金额"),
    "answer": ("结果", "状态", "处理结果"),
    "reason": ("原因", "失败原因", "备注"),
    "on": ("日期", "入账日期", "处理日期"),
}
NEEDED = ("number", "account", "amount", "answer")
PAID = frozenset({"成功", "已入账", "交易成功", "付讫", "paid", "success"})
RETURNED = frozenset({"失败", "退回", "退汇", "交易失败", "returned", "failed"})
HEADER_WITHIN = 20
MOST_PROBLEMS = 50
PORTION = 1000


class AnswerColumns(DomainError):
    """The file is no answer of a bank."""

    code = "bank_answer_columns"
    message = _("The file has to have the columns 序号, 账号, 金额 and 结果.")


class AnswerDiffers(DomainError):
    """The file does not fit the batch; nothing of it was taken over."""

    code = "bank_answer_differs"
    message = _("The file does not fit this payment batch. Nothing of it was taken over.")


class NotSent(Conflict):
    """The bank knows nothing of this batch."""

    code = "batch_not_released"
    message = _("This payment batch has not been released.")


@dataclass(frozen=True)
class Answered:
    """What the bank says of one line."""

    row: int
    number: str
    account: str
    amount: str
    answer: str
    reason: str
    on: str


def take(*, batch: Batch, name: str, content: bytes, actor: Actor, now: datetime) -> BatchFile:
    """Read the bank's file; a job posts what it says. The same file again changes nothing.

    Raises NotSent, AnswerColumns, AnswerDiffers, and what `cases.rosters.reading.read` raises.
    """
    if batch.state not in {Batch.State.RELEASED, Batch.State.SETTLED}:
        raise NotSent
    digest = hashlib.sha256(content).hexdigest()
    known = batch.files.filter(kind=BatchFile.Kind.ANSWER, digest=digest).first()
    if known is not None:
        return known
    told = list(rows_of(content))
    lines = {str(line.number): line for line in batch.transfers.exclude(state=Transfer.State.DROPPED)}
    if problems := _problems(told, lines, now):
        raise AnswerDiffers(problems[:MOST_PROBLEMS])
    believed = [_believe(lines[each.number], each, now) for each in told]
    Transfer.objects.bulk_update(believed, ["answer", "answered_on", "reason"], batch_size=PORTION)
    file = BatchFile(
        created_at=now,
        batch=batch,
        kind=BatchFile.Kind.ANSWER,
        name=name[-120:],
        content=encrypt_bytes(content),
        digest=digest,
        count=len(told),
        total=sum((line.amount for line in believed), Decimal("0.00")),
        label=actor.label,
    )
    file.save(force_insert=True)
    data = {"count": len(told), "sha256": digest}
    record(action="batch.answered", object=batch, actor=actor, now=now, data=data)
    enqueue("payments.post_answers", lock=f"batch:{batch.pk}", batch_id=str(batch.pk))
    return file


def rows_of(content: bytes) -> Iterator[Answered]:
    """The lines of a .csv, .xls or .xlsx file, below the header that names the columns. Raises AnswerColumns."""
    places: dict[str, int] = {}
    for line in read([content]).lines():
        if not line.startswith("["):
            continue
        row, *cells = json.loads(line)
        texts = ["" if cell is None else str(cell).strip().lstrip("'") for cell in cells]
        if not places:
            places = _places(texts)
            if not places and row > HEADER_WITHIN:
                break
            continue
        told = {name: texts[place] if place < len(texts) else "" for name, place in places.items()}
        if told["number"].removesuffix(".0").isdecimal():  # titles and sums have none
            yield _answered(row, told)
    if not places:
        raise AnswerColumns


def _places(texts: Sequence[str]) -> dict[str, int]:
    found = {name: place for name, headings in COLUMNS.items() for place, text in enumerate(texts) if text in headings}
    return found if all(name in found for name in NEEDED) else {}


def _answered(row: int, told: Mapping[str, str]) -> Answered:
    word = told["answer"].lower()
    return Answered(
        row=row,
        number=told["number"].removesuffix(".0"),
        account=re.sub(r"[\s-]", "", told["account"]),
        amount=told["amount"].replace(",", "").removesuffix("元"),
        answer="paid" if word in PAID else "returned" if word in RETURNED else "",
        reason=told.get("reason", "")[:100],
        on=told.get("on", "")[:10],
    )


def _problems(told: Sequence[Answered], lines: Mapping[str, Transfer], now: datetime) -> list[FieldProblem]:
    """Whatever is not as it was ordered, by the file's rows; never an account number."""
    found: list[FieldProblem] = []
    if not told:
        found.append(FieldProblem("/file", "empty", _("The file holds no line of this batch.")))
    seen: set[str] = set()
    for each in told:
        problem = "twice" if each.number in seen else _problem(each, lines.get(each.number), now)
        if problem:
            found.append(FieldProblem(f"/rows/{each.row}", problem, PROBLEMS[problem]))
        seen.add(each.number)
    return found


PROBLEMS = {
    "twice": _("The number stands in the file twice."),
    "unknown_line": _("The batch has no line with this number."),
    "other_account": _("The batch has another account in this line."),
    "other_amount": _("The batch has another amount in this line."),
    "no_answer": _("The result is neither paid nor returned."),
    "returned_before": _("This line was returned before; what is paid after that is another line."),
    "bad_day": _("The day makes no sense."),
}


def _problem(told: Answered, line: Transfer | None, now: datetime) -> str:
    if line is None:
        return "unknown_line"
    try:
        same_amount = Decimal(told.amount) == line.amount
    except InvalidOperation:
        same_amount = False
    wrong = {
        "other_account": told.account != line.account_number,
        "other_amount": not same_amount,
        "no_answer": not told.answer,
        "returned_before": line.answer == "returned" and told.answer == "paid",
        "bad_day": _day(told.on, now) is None,
    }
    return next((name for name, is_wrong in wrong.items() if is_wrong), "")


def _day(text: str, now: datetime) -> date | None:
    """The day that the file names, by default today; none when it is no day, or not here yet."""
    today = timezone.localdate(now)
    if not text:
        return today
    try:
        found = date.fromisoformat(text.replace("/", "-").replace(".", "-"))
    except ValueError:
        return None
    return found if found <= today else None


def _believe(line: Transfer, told: Answered, now: datetime) -> Transfer:
    if line.answer != told.answer:
        line.answer, line.reason, line.answered_on = told.answer, told.reason, _day(told.on, now)
    return line
