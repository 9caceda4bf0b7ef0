"""What the bank does: amounts that are owed are received, through the payment desk's own verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from backend.payments import answers, batches, payables, posting
from backend.payments.models import Payable
from tests import factories
from tests.payments.banking import answer


def paid_by_bank(owed: Sequence[Payable], now: datetime) -> None:
    """Drawn up by one person, released by another, answered in full."""
    _answered(owed, {}, now)


def first_returned(owed: Sequence[Payable], now: datetime) -> None:
    """As above, but the first one comes back."""
    _answered(owed, {1: "账户已销户"}, now)


def given_up(owed: Payable, now: datetime) -> None:
    """The county agrees that it is not owed any more."""
    payables.cancel(payable=owed, reason="本人不再需要", actor=factories.actor(role="county"), now=now)


def _answered(owed: Sequence[Payable], returned: Mapping[int, str], now: datetime) -> None:
    drawer, releaser = (factories.actor(factories.user(name), role="finance") for name in ("drawing", "releasing"))
    batch = batches.draw_up(
        unit=owed[0].unit, programme=owed[0].programme, pay_on=timezone.localdate(now), actor=drawer, now=now
    )
    batches.release(batch=batch, actor=releaser, now=now)
    answers.take(batch=batch, name="answer.csv", content=answer(batch, returned=returned), actor=drawer, now=now)
    posting.post_answers(batch_id=batch.pk, now=now)
    for each in owed:
        each.refresh_from_db()
