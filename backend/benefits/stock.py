"""Goods of a campaign: what came in, lot by lot; taken for families, the soonest to expire first; put back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.benefits.models import Condolence, Gift, Lot
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor

PORTION = 500
"""Rows written with one statement."""


class StockShort(Conflict):
    """There is less of an item than families get."""

    code = "stock_short"
    message = _("%(item)s: %(missing)s short. Goods that expire before the festival do not count.")


class LotTaken(Conflict):
    """This lot has been received already."""

    code = "lot_taken"
    message = _("This lot has been received already.")


class NotPlanned(Invalid):
    """Families get no such goods in this campaign."""

    code = "goods_not_planned"
    message = _("These goods are not planned in this campaign.")


class Expired(Invalid):
    """The goods do not last until the festival."""

    code = "goods_expired"
    message = _("These goods expire before the festival.")


def receive_lot(
    *,
    condolence: Condolence,
    item: str,
    number: str,
    quantity: int,
    expires_on: date | None,
    actor: Actor,
    now: datetime,
) -> Lot:
    """Goods came in. Raises NotPlanned, Expired, LotTaken."""
    check_goods(condolence, item, expires_on)
    lot = Lot(
        condolence=condolence,
        item=item,
        number=number,
        quantity=quantity,
        expires_on=expires_on,
        received_label=actor.label,
        created_at=now,
    )
    try:
        with transaction.atomic():
            lot.save(force_insert=True)
    except IntegrityError as error:
        raise LotTaken([FieldProblem("/number", LotTaken.code, LotTaken.message)]) from error
    record(action="lot.received", object=lot, actor=actor, now=now, data={"quantity": quantity})
    return lot


def bring_in(
    *,
    condolence: Condolence,
    item: str,
    number: str,
    quantity: int,
    expires_on: date | None,
    worth: Decimal,
    stock_lot: UUID,
    limited_path: str,
    actor: Actor,
    now: datetime,
) -> Lot:
    """Goods came out of the store room; more of the same lot joins what is there. `worth`: yuan, all of it."""
    made = {"quantity": quantity, "worth": worth, "expires_on": expires_on, "limited_path": limited_path,
            "received_label": actor.label, "created_at": now}  # fmt: skip
    lot, is_new = Lot.objects.select_for_update().get_or_create(
        condolence=condolence, item=item, number=number, stock_lot=stock_lot, defaults=made
    )
    if not is_new:
        lot.quantity, lot.worth = lot.quantity + quantity, lot.worth + worth
        lot.save(update_fields=["quantity", "worth"])
    record(action="lot.brought", object=lot, actor=actor, now=now, data={"quantity": quantity})
    return lot


def check_goods(condolence: Condolence, item: str, expires_on: date | None) -> None:
    """Raises NotPlanned, Expired."""
    if item not in condolence.goods:
        raise NotPlanned([FieldProblem("/item", NotPlanned.code, NotPlanned.message)])
    if expires_on is not None and expires_on < condolence.festival_on:
        raise Expired([FieldProblem("/expires_on", Expired.code, Expired.message)])


def take(condolence: Condolence, gifts: list[Gift]) -> None:
    """Take each gift's goods out of the lots: those that a donor meant for the family's place first, then the soonest
    to expire. Raises StockShort; nothing is taken then."""
    lots = list(Lot.objects.select_for_update().filter(condolence=condolence).order_by("expires_on", "id"))
    usable = [lot for lot in lots if lot.expires_on is None or lot.expires_on >= condolence.festival_on]
    usable.sort(key=lambda lot: -len(lot.limited_path))  # the order within equals stays
    short: Counter[str] = Counter()
    for gift in gifts:
        taken = [(item, _take_one(usable, item, gift.unit_path)) for item in gift.goods]
        short.update(item for item, lot in taken if lot is None)
        gift.lots = [lot.pk for _item, lot in taken if lot is not None]
    for item, missing in short.items():
        raise StockShort(params={"item": item, "missing": missing})
    Gift.objects.bulk_update(gifts, ["lots"], batch_size=PORTION)
    Lot.objects.bulk_update(usable, ["out"])


def put_back(gifts: Iterable[Gift]) -> None:
    """The goods of these gifts are in stock again; the caller saves the gifts."""
    back = Counter(lot for gift in gifts for lot in gift.lots)
    for lot, number in back.items():  # as many statements as lots, however many families
        Lot.objects.filter(pk=lot).update(out=F("out") - number)
    for gift in gifts:
        gift.lots = []


def _take_one(lots: list[Lot], item: str, place: str) -> Lot | None:
    for lot in lots:
        if lot.item == item and lot.out < lot.quantity and place.startswith(lot.limited_path):
            lot.out += 1
            return lot
    return None
