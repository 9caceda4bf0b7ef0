"""Donated and bought goods of the store room become gifts of a festival, and what is left of them goes back (Q13).

A lot of the store room is handed over to a campaign with its price and its donor's limits: the campaign's lot says
where it came from. When the accounts are closed, what families got is given in the ledger and counts as the donation's
use, like any allocation; the rest is in the store room again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.benefits import stock as gifts_stock
from backend.benefits.models import Condolence, Gift, Lot
from backend.core import prepared
from backend.core.errors import Conflict
from backend.funds import allocations, donations, stock
from backend.funds.models import Donation, StockLot
from backend.funds.stock import CENT, Source
from backend.ledger.accounts import account
from backend.ledger.models import Account
from backend.org.access import Actor

PURPOSE = "condolence"
"""What a donor gave them for; what was given for families at large has its own way (diagram `donation`)."""
OPEN = frozenset({Condolence.State.LISTING, Condolence.State.LOCKED})
"""While goods come in."""


class OtherPurpose(Conflict):
    """The donor gave these goods for something else (公益事业捐赠法 18)."""

    code = "other_purpose"
    message = _("The donor gave these goods for something else. Only the donor can allow this use.")


class NotOpen(Conflict):
    """Goods come in between the plan's approval and the visits."""

    code = "condolence_takes_no_goods"
    message = _("This campaign takes no goods now.")


class FromElsewhere(Conflict):
    """The goods are not in this place's store room."""

    code = "other_store"
    message = _("These goods are not in the store room of this place.")


def available(condolence: Condolence) -> list[StockLot]:
    """What lies in the place's store room and may be given at the festival; what expires soonest first."""
    good = Q(expires_on__isnull=True) | Q(expires_on__gte=condolence.festival_on)
    rows = _lots(condolence).filter(good, left__gt=0).order_by(F("expires_on").asc(nulls_last=True), "created_at", "id")
    return [lot for lot in rows if (given := donations.of_lot(lot)) is None or _fits(given)]


def bring(*, condolence: Condolence, lot: UUID, item: str, quantity: int, actor: Actor, now: datetime) -> Lot:
    """Hand goods over from the store room. Raises NotOpen, FromElsewhere, OtherPurpose, Undecided, NotPlanned, Expired,
    OutOfStock."""
    row = prepared.found(Condolence, condolence.pk, follow=("unit",), lock=True)
    if row.state not in OPEN:
        raise NotOpen
    kept = _lots(row).filter(pk=lot).first()
    if kept is None:
        raise FromElsewhere
    donation = donations.of_lot(kept)
    if donation is not None:
        donations.check_purpose(donation)
        if not _fits(donation):
            raise OtherPurpose
    gifts_stock.check_goods(row, item, kept.expires_on)
    with collect():
        worth = stock.hand_over(
            lot=kept, quantity=quantity, to=_account(row), source=_source(row), actor=actor, now=now
        )
        return gifts_stock.bring_in(
            condolence=row,
            item=item,
            number=kept.number,
            quantity=quantity,
            expires_on=kept.expires_on,
            worth=worth,
            stock_lot=kept.pk,
            limited_path=donation.limited_to.path if donation and donation.limited_to else "",
            actor=actor,
            now=now,
        )


def settle(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """The accounts are closed: what was given is given, the rest goes back. Twice is harmless."""
    for lot in Lot.objects.select_for_update().filter(condolence=condolence, stock_lot__isnull=False, settled=False):
        assert lot.stock_lot is not None, "the query says so"
        kept = prepared.found(StockLot, lot.stock_lot, follow=("article__store__unit",))
        back = lot.quantity - lot.out
        worth_back = (lot.worth * back / lot.quantity).quantize(CENT, ROUND_HALF_UP)
        if back:
            stock.take_back(lot=kept, quantity=back, amount=worth_back, out_of=_account(condolence),
                            source=Source("condolence", lot.pk), actor=actor, now=now)  # fmt: skip
        if lot.out:
            given = account(kind=Account.Kind.GIVEN, unit=condolence.unit, code="condolence")
            stock.give_away(amount=lot.worth - worth_back, to=given, out_of=_account(condolence),
                            source=Source("condolence", lot.pk), actor=actor, now=now)  # fmt: skip
        donation = donations.of_lot(kept)
        if donation is not None:
            brought = _brought(condolence, lot.pk)
            allocations.record_gifts(donation=donation, families=brought, actor=actor, now=now)
        lot.settled = True
        lot.save(update_fields=["settled"])


def _brought(condolence: Condolence, lot: UUID) -> Iterable[allocations.Brought]:
    """The families that got a piece of the lot."""
    rows = Gift.objects.filter(condolence=condolence, lots__contains=[lot], state=Gift.State.DELIVERED)
    for gift in rows.select_related("family", "unit").order_by("id"):
        yield allocations.Brought(
            family=gift.family,
            unit=gift.unit,
            quantity=Decimal(gift.lots.count(lot)),
            on=_day(gift, condolence),
            received_by=gift.received_by,
            receipt=gift.receipt,
            label=gift.recorded_label,
        )


def _day(gift: Gift, condolence: Condolence) -> date:
    return gift.delivered_on or timezone.localdate(condolence.created_at)


def _fits(donation: Donation) -> bool:
    return donation.purpose == PURPOSE and donation.state == Donation.State.FUNDED


def _lots(condolence: Condolence) -> QuerySet[StockLot]:
    rows = StockLot.objects.filter(article__store__unit=condolence.unit, article__store__kind="room")
    return rows.select_related("article__store__unit")


def _source(condolence: Condolence) -> Source:
    return Source("condolence", condolence.pk)


def _account(condolence: Condolence) -> Account:
    """Goods that lie ready for families."""
    return account(kind=Account.Kind.STOCK, unit=condolence.unit, code="condolence")
