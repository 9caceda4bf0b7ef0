"""Goods in stores: taken in lot by lot, given out the soonest to expire first; every move is in the ledger.

A move's yuan are its part of what the lot is worth in the books, so that the last piece takes the last fen with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.funds.models import Article, StockLot, StockMove, Store
from backend.ledger import entries
from backend.ledger.accounts import account
from backend.ledger.entries import Line
from backend.ledger.models import Account
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit

Kind = Account.Kind
Reason = StockMove.Reason
CENT = Decimal("0.01")
UNIT_VALUE = Decimal("0.0001")
BASIS = "公益事业捐赠法 17、20"
"""Goods given are kept, used as meant and accounted for."""


class OutOfStock(Conflict):
    """There is less than is asked for, or what there is has expired."""

    code = "out_of_stock"
    message = _("%(item)s: only %(left)s left. Goods that have expired do not count.")


class LotKnown(Conflict):
    """One number, one lot."""

    code = "lot_known"
    message = _("This lot is in the store already.")


class BadLot(Invalid):
    """Something of the lot does not fit."""

    code = "bad_lot"
    message = _("This does not fit goods that come in: a known measure, not expired, worth something.")


@dataclass(frozen=True)
class Source:
    """What a move belongs to: a donation, an allocation, a redemption, a count."""

    kind: str
    id: UUID


@dataclass(frozen=True)
class Goods:
    """What comes in together. `amount`: yuan, all of it."""

    name: str
    measure: str
    number: str
    quantity: int
    amount: Decimal
    expires_on: date | None = None


def store_of(unit: Unit, kind: str, *, now: datetime) -> Store:
    """A unit's store room or shop; the first goods make it."""
    return Store.objects.get_or_create(unit=unit, kind=kind, defaults={"created_at": now})[0]


def article_of(store: Store, name: str, measure: str, *, now: datetime) -> Article:
    """The article of that name in a store; the first goods make it."""
    made = {"measure": measure, "created_at": now}
    return Article.objects.get_or_create(store=store, name=name, defaults=made)[0]


def take_in(*, store: Store, goods: Goods, source: Source, giver: Account, actor: Actor, now: datetime) -> StockLot:
    """Goods came in. Raises BadLot, LotKnown."""
    day = timezone.localdate(now)
    _check(goods, day)
    article = article_of(store, goods.name, goods.measure, now=now)
    lot = StockLot(
        article=article,
        number=goods.number,
        expires_on=goods.expires_on,
        value=(goods.amount / goods.quantity).quantize(UNIT_VALUE),
        created_at=now,
    )
    try:
        with transaction.atomic():
            lot.save(force_insert=True)
    except IntegrityError as error:
        raise LotKnown([FieldProblem("/number", LotKnown.code, LotKnown.message)]) from error
    _move(lot, goods.quantity, goods.amount, Reason.RECEIVED, source, actor, now)
    _post("goods_received", goods.amount, stock_account(store), giver, source, actor, now, mark=str(lot.pk))
    record(action="stock.received", object=lot, actor=actor, now=now, data={"quantity": goods.quantity})
    return lot


def issue(
    *, article: Article, quantity: int, reason: str, source: Source, actor: Actor, now: datetime
) -> Sequence[StockMove]:
    """Take goods out, the soonest to expire first, never what has expired. Raises OutOfStock; nothing is taken then."""
    lots = list(usable(article, timezone.localdate(now)).select_for_update())
    there = sum(lot.left for lot in lots)
    if there < quantity:
        raise OutOfStock(params={"item": article.name, "left": there})
    moves, wanted = [], quantity
    for lot in lots:
        if part := min(lot.left, wanted):
            moves.append(_move(lot, -part, -_worth(lot, part), reason, source, actor, now))
            wanted -= part
    worth = -sum((move.amount for move in moves), Decimal(0))
    given = account(kind=Kind.GIVEN, unit=article.store.unit, code=reason)
    _post(f"goods_{reason}", worth, given, stock_account(article.store), source, actor, now, mark=str(article.pk))
    return moves


def hand_over(*, lot: StockLot, quantity: int, to: Account, source: Source, actor: Actor, now: datetime) -> Decimal:
    """Goods of one lot go to another account of stock, out of the store's hands; what they are worth in yuan.

    Raises OutOfStock, also for what has expired.
    """
    held = prepared.found(StockLot, lot.pk, follow=("article__store__unit",), lock=True)
    fresh = held.expires_on is None or held.expires_on >= timezone.localdate(now)
    if quantity > held.left or not fresh:
        raise OutOfStock(params={"item": held.article.name, "left": held.left if fresh else 0})
    worth = _worth(held, quantity)
    move = _move(held, -quantity, -worth, Reason.HANDED, source, actor, now)
    _post("goods_handed", worth, to, stock_account(held.article.store), source, actor, now, mark=str(move.pk))
    return worth


def take_back(
    *, lot: StockLot, quantity: int, amount: Decimal, out_of: Account, source: Source, actor: Actor, now: datetime
) -> None:
    """What was handed over and not needed is in the store again, at the price at which it went."""
    held = prepared.found(StockLot, lot.pk, follow=("article__store__unit",), lock=True)
    move = _move(held, quantity, amount, Reason.HANDED, source, actor, now)
    _post("goods_handed_back", amount, stock_account(held.article.store), out_of, source, actor, now, mark=str(move.pk))


def give_away(*, amount: Decimal, to: Account, out_of: Account, source: Source, actor: Actor, now: datetime) -> None:
    """Goods that were handed over reached families."""
    _post("goods_issued", amount, to, out_of, source, actor, now)


def change_article(*, article: Article, points: int | None, low_at: int, actor: Actor, now: datetime) -> Article:
    """What one costs at the counter, and from when on there is too little of it."""
    article.points, article.low_at, article.version = points, low_at, article.version + 1
    article.save()
    data = {"points": points, "low_at": low_at}
    record(action="stock.article_changed", object=article, actor=actor, now=now, data=data)
    return article


def correct(*, lot: StockLot, difference: int, source: Source, actor: Actor, now: datetime) -> None:
    """What counting found: more, or less, which is written off."""
    amount = lot.value * difference if difference > 0 else -_worth(lot, -difference)
    amount = Decimal(amount).quantize(CENT, ROUND_HALF_UP)
    _move(lot, difference, amount, Reason.COUNTED, source, actor, now)
    store = lot.article.store
    lost = account(kind=Kind.WRITTEN_OFF, unit=store.unit, code=f"stock_{store.kind}")
    _post("goods_counted", amount, stock_account(store), lost, source, actor, now, mark=str(lot.pk))


def usable(article: Article, day: date) -> QuerySet[StockLot]:
    """Lots with something left that is good on that day, the soonest to expire first."""
    good = Q(expires_on__isnull=True) | Q(expires_on__gte=day)
    return article.lots.filter(good, left__gt=0).order_by(F("expires_on").asc(nulls_last=True), "created_at", "id")


def left_of(article: Article, day: date) -> int:
    """Pieces that can be given out on that day."""
    return int(usable(article, day).aggregate(sum=Coalesce(Sum("left"), 0))["sum"])


def low(store: Store, day: date) -> list[Article]:
    """Articles of which there is too little."""
    watched = store.articles.filter(low_at__gt=0).order_by("name")
    return [each for each in watched if left_of(each, day) < each.low_at]


def stock_account(store: Store) -> Account:
    """The store's account in the ledger."""
    return account(kind=Kind.STOCK, unit=store.unit, code=store.kind)


def _check(goods: Goods, day: date) -> None:
    wrong = [] if goods.measure in codes.choices("measure", day=day) else ["measure"]
    if goods.expires_on is not None and goods.expires_on < day:
        wrong.append("expires_on")
    if goods.quantity < 1:
        wrong.append("quantity")
    if goods.amount <= 0:
        wrong.append("amount")
    if wrong:
        raise BadLot([FieldProblem(f"/{name}", BadLot.code, BadLot.message) for name in wrong])


def _worth(lot: StockLot, quantity: int) -> Decimal:
    """Yuan of so many pieces: their part of what the books hold; the last ones take all that is left of it."""
    book = lot.moves.aggregate(sum=Coalesce(Sum("amount"), Decimal(0)))["sum"]
    return Decimal(book * quantity / lot.left).quantize(CENT, ROUND_HALF_UP) if lot.left else Decimal(0)


def _move(
    lot: StockLot, quantity: int, amount: Decimal, reason: str, source: Source, actor: Actor, now: datetime
) -> StockMove:
    made = StockMove(
        lot=lot, quantity=quantity, reason=reason, on_date=timezone.localdate(now), amount=amount,
        source_kind=source.kind, source_id=source.id, by_id=actor.user_id, by_label=actor.label, created_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    lot.left += quantity  # as the trigger did
    return made


def _post(
    kind: str, amount: Decimal, to: Account, out_of: Account, source: Source, actor: Actor, now: datetime,
    *, mark: str = "",
) -> None:  # fmt: skip
    """An entry of the ledger; goods worth less than a fen move no yuan."""
    if amount:
        entries.post(
            kind=kind, on=timezone.localdate(now), lines=[Line(to, amount), Line(out_of, -amount)],
            reference=(source.kind, source.id), basis=BASIS, actor=actor, now=now, key=f"{kind}:{source.id}:{mark}",
        )  # fmt: skip
