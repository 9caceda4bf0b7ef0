"""The demo's payments: one batch answered by the bank, of which one payment came back; a second one waits to be
released."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.cases.models import Person
from backend.org.access import actor_of
from backend.org.models import Unit, User
from backend.payments import answers, posting
from backend.payments.models import Batch, Payable, Transfer
from backend.payments.payables import Owed, owe_all
from workflows import payments, services
from workflows.models import WorkItem

PROGRAMME, YUAN, BASIS = "reward_support", Decimal("960.00"), "国家奖励扶助标准（2012年起）每人每年960元"
FIRST, SECOND = 4, 3
"""Payments of each batch."""


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    heads = Person.objects.filter(family__unit__parent=town, is_head=True, status="present")
    elders = list(heads.select_related("family__unit").order_by("birth_date", "id")[: FIRST + SECOND])
    county = town.parent or town
    _owe(elders[:FIRST], county, users, now)
    batch = _draw_up(county, users, now)
    _complete("release_batch", users["cashier"], {"release": "release"}, now)
    _bank_answers(batch, users["finance"], now)
    for row in Payable.objects.filter(state=Payable.State.RETURNED):
        payments.start_correction(payable_id=row.pk, now=now)
    _owe(elders[FIRST:], county, users, now)
    _draw_up(county, users, now)


def _owe(elders: list[Person], county: Unit, users: dict[str, User], now: datetime) -> None:
    owed = [
        Owed(
            payee=elder,
            payee_label=elder.name,
            account_number=f"62170000{elder.pk.int % 10**11:011d}",
            amount=YUAN,
            purpose="subsidy",
            reference=("demo", elder.pk),
            period=str(timezone.localdate(now).year),
            programme=PROGRAMME,
            unit=county,
            basis=BASIS,
        )
        for elder in elders
    ]
    owe_all(owed, actor=actor_of(users["county"]), now=now)


def _draw_up(county: Unit, users: dict[str, User], now: datetime) -> Batch:
    payments.start_batch(unit=county, programme=PROGRAMME, actor=actor_of(users["finance"]), now=now)
    day = timezone.localdate(now).isoformat()
    _complete("draw_up", users["finance"], {"drawing": "draw_up", "pay_on": day}, now)
    return Batch.objects.latest("created_at", "id")


def _complete(step: str, user: User, given: dict[str, Any], now: datetime) -> None:
    item = WorkItem.objects.get(step=step, state=WorkItem.State.OPEN)
    services.complete(item=item, answers=given, user=user, now=now)


def _bank_answers(batch: Batch, user: User, now: datetime) -> None:
    """All paid but the first, whose account is closed."""
    batch.refresh_from_db()
    rows = ["序号,账号,金额,结果,原因"]
    for line in Transfer.objects.filter(batch=batch).order_by("number"):
        result = "退回,账户已销户" if line.number == 1 else "成功,"
        rows.append(f"{line.number},{line.account_number},{line.amount},{result}")
    content = "\n".join(rows).encode()
    answers.take(batch=batch, name="回盘.csv", content=content, actor=actor_of(user), now=now)
    posting.post_answers(batch_id=batch.pk, now=now)
