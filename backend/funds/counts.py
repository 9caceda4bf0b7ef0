"""A store's month: opened, counted by somebody who took nothing in, its differences settled by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, NotAllowed
from backend.funds import stock
from backend.funds.models import CountLine, StockCount, StockLot, StockMove, Store
from backend.funds.stock import Source
from backend.org.access import Actor
from backend.org.powers import behind

State: TypeAlias = StockCount.State


class NotCounted(Conflict):
    """Every lot is counted."""

    code = "not_counted"
    message = _("%(number)s lots have not been counted yet.")


class TookIn(NotAllowed):
    """Who takes goods in does not count them."""

    code = "took_in_counts_not"
    message = _("You took goods in this month: somebody else has to count.")


class CountOver(Conflict):
    """The count is closed, or waits for its settlement."""

    code = "count_over"
    message = _("This count is finished.")


class CountAgain(Conflict):
    """So much went out since that the difference cannot be booked."""

    code = "count_again"
    message = _("Goods went out since this was counted. Count again.")


def begin(*, store: Store, month: date, actor: Actor, now: datetime) -> StockCount | None:
    """A store's month; none when it has begun already."""
    made, is_new = StockCount.objects.get_or_create(store=store, month=month, defaults={"created_at": now})
    if not is_new:
        return None
    record(action="stock_count.begun", object=made, actor=actor, now=now)
    return made


def write_lines(*, count: StockCount, counted: Mapping[UUID, int], actor: Actor, now: datetime) -> None:
    """What somebody counted, lot by lot, beside what should be there now. Once it is counted nobody writes it anew:
    whoever settles the difference would sign for figures of their own. Raises CountOver, TookIn."""
    if count.state != State.OPEN:
        raise CountOver
    _check_took_none_in(count, actor, now)
    lots = StockLot.objects.filter(article__store=count.store_id, pk__in=counted)
    for lot in lots:
        told = {"expected": lot.left, "counted": counted[lot.pk], "created_at": now}
        CountLine.objects.update_or_create(count=count, lot=lot, defaults=told)
    record(action="stock_count.lines_written", object=count, actor=actor, now=now, data={"lots": len(lots)})


def finish(*, count: StockCount, actor: Actor, now: datetime) -> int:
    """All is counted; how many lots differ. Without a difference it is closed. Raises NotCounted, TookIn."""
    _check_took_none_in(count, actor, now)
    lots = StockLot.objects.filter(article__store=count.store_id, left__gt=0)
    missing = lots.exclude(pk__in=count.lines.values("lot")).count()
    if missing:
        raise NotCounted(params={"number": missing})
    differing = sum(1 for line in count.lines.all() if line.difference)
    count.counted_by_id, count.counted_label, count.counted_at = actor.user_id, actor.label, now
    count.state = State.COUNTED if differing else State.CLOSED
    _store(count)
    record(action="stock_count.counted", object=count, actor=actor, now=now, data={"differences": differing})
    return differing


def count_again(*, count: StockCount, reason: str, actor: Actor, now: datetime) -> None:
    """The lines are taken down and written anew."""
    count.lines.all().delete()
    count.state, count.counted_by, count.counted_at, count.counted_label = State.OPEN, None, None, ""
    _store(count)
    record(action="stock_count.returned", object=count, actor=actor, now=now, reason=reason)


def settle(*, count: StockCount, cause: str, reason: str, actor: Actor, now: datetime) -> None:
    """Booked as counted; what is missing is written off. Raises CountAgain, and a database error for the counter."""
    lines = count.lines.select_related("lot__article__store__unit").select_for_update(of=("self", "lot"))
    differing = [line for line in lines.order_by("id") if line.difference]
    if any(line.lot.left + line.difference < 0 for line in differing):
        raise CountAgain
    for line in differing:
        source = Source("stock_count", count.pk)
        stock.correct(lot=line.lot, difference=line.difference, source=source, actor=actor, now=now)
    count.settled_by_id, count.settled_label, count.settled_at = actor.user_id, actor.label, now
    count.state = State.CLOSED
    _store(count)
    data = {"differences": len(differing), "cause": cause}
    record(action="stock_count.settled", object=count, actor=actor, now=now, reason=reason, data=data)


def _check_took_none_in(count: StockCount, actor: Actor, now: datetime) -> None:
    """The database refuses it too (trigger funds_count)."""
    moves = StockMove.objects.filter(lot__article__store=count.store_id, reason=StockMove.Reason.RECEIVED)
    people = behind(actor, day=timezone.localdate(now))
    if moves.filter(by__in=people, on_date__gte=count.month).exists():
        raise TookIn


def _store(count: StockCount) -> None:
    count.version += 1
    count.save()
