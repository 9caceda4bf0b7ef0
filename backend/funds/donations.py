"""Donations (P10 A): offered, held against the terms, received with a receipt the same day, allocated by decision D22,
brought to families against a signature, told of without names; given back when the donor withdraws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.funds import stock
from backend.funds.models import Donation, Donor, PurposeChange, StockLot, StockMove, Store
from backend.funds.stock import Goods, Source
from backend.ledger import entries
from backend.ledger.accounts import account
from backend.ledger.entries import Line
from backend.ledger.models import Account
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit, User
from backend.org.powers import is_behind

State: TypeAlias = Donation.State
Kind = Account.Kind
BASIS = "公益事业捐赠法 16、17、18；慈善法 38"
"""Receipt, use as designated, change only with the donor's consent."""
DIRECT = frozenset({"families", "farming", "health_kits"})
"""Purposes that go to families at once; the others wait in a fund, the shop or the store room."""
NOT_YET_OUT = frozenset({State.OFFERED, State.PROMISED, State.RECEIVED})


class BadOffer(Invalid):
    """Something of the offer does not fit."""

    code = "bad_offer"
    message = _("This does not fit a donation.")


class TooLate(Conflict):
    """It is on its way to families, or over."""

    code = "donation_settled"
    message = _("This donation is on its way already, or over.")


class Undecided(Conflict):
    """The donor has been asked for another use and has not answered."""

    code = "purpose_undecided"
    message = _("The donor has been asked for another use and has not answered yet.")


class OwnQuestion(NotAllowed):
    """Who wants another use does not write down that the donor agreed."""

    code = "own_question"
    message = _("You asked for the other use; somebody else has to record what the donor answered.")


class BadReceipt(Invalid):
    """What came does not fit what was offered."""

    code = "bad_receipt"
    message = _("This does not fit what was offered, or lies ahead.")


@dataclass(frozen=True)
class Giver:
    """Who gives, as they want to be kept."""

    kind: str
    name: str = ""
    contact: str = ""
    is_anonymous: bool = False
    user: User | None = None


@dataclass(frozen=True)
class Offer:
    """What is offered. `share`: what one family gets of it, yuan or pieces."""

    unit: Unit
    kind: str
    amount: Decimal
    purpose: str
    share: Decimal
    item: str = ""
    measure: str = ""
    quantity: int = 0
    lot_number: str = ""
    expires_on: date | None = None
    limited_to: Unit | None = None
    terms: str = ""
    ends_on: date | None = None


def offer(*, offered: Offer, giver: Giver, actor: Actor, now: datetime) -> Donation:
    """Keep an offer. Raises BadOffer."""
    day = timezone.localdate(now)
    _check(offered, giver, day)
    donor = Donor.objects.create(
        unit=offered.unit, kind=giver.kind, name="" if giver.is_anonymous else giver.name, contact=giver.contact,
        is_anonymous=giver.is_anonymous, user=giver.user, created_at=now,
    )  # fmt: skip
    scope = f"JZ-{township_code(offered.unit)}-{day.year}"
    values = {name: getattr(offered, name) for name in Offer.__dataclass_fields__}
    made = Donation.objects.create(
        number=f"{scope}-{next_number(scope):04d}", donor=donor, **values, related_party=giver.user is not None,
        created_at=now,
    )  # fmt: skip
    _tell(made, "donation.offered", actor, now)
    return made


def judge(*, donation: Donation, terms: str, refusal: str, actor: Actor, now: datetime) -> None:
    """What table `donation_terms` says of the terms: accepted, refused, or the donor is told first what is not done."""
    donation.refusal = refusal if terms == "refuse" else ""
    donation.state = {"refuse": State.REFUSED, "accept": State.PROMISED}.get(terms, State.OFFERED)
    _move(donation, "donation.judged", actor, now, {"terms": terms, "donation_refusal": refusal})


def note_relation(*, donation: Donation, related: bool, relation: str) -> None:
    """Whether donor and house are connected; kept sealed, and told in every report."""
    donation.related_party = donation.related_party or related
    donation.relation = relation
    donation.save(update_fields=["related_party", "relation"])


def promise(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """The donor goes on without what is not done (E23)."""
    donation.state = State.PROMISED
    _move(donation, "donation.promised", actor, now)


def drop(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """Withdrawn before anything came."""
    donation.state, donation.settled_on = State.WITHDRAWN, timezone.localdate(now)
    _move(donation, "donation.withdrawn", actor, now)


def receive(
    *, donation: Donation, received_on: date, amount: Decimal | None, quantity: int | None, actor: Actor, now: datetime
) -> None:
    """It came: receipt, ledger and stock in the same moment, so that the receipt is of the same day. Raises
    BadReceipt, and as stock.take_in."""
    _check_receipt(donation, received_on, quantity, timezone.localdate(now))
    donation.amount, donation.quantity = amount or donation.amount, quantity or donation.quantity
    scope = f"SJ-{township_code(donation.unit)}-{received_on.year}"
    donation.receipt_number, donation.received_on = f"{scope}-{next_number(scope):04d}", received_on
    donation.taken_by_id, donation.taken_label = actor.user_id, actor.label
    donation.state = State.RECEIVED
    if donation.is_goods:
        _store(donation, actor, now)
    else:
        _post(donation, "donation_received", _fund(donation), _donor(donation), donation.amount, actor, now)
    _move(donation, "donation.received", actor, now, {"number": donation.receipt_number})


def keep_in_fund(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """It stays in its fund or store until that gives it out."""
    donation.state = State.FUNDED
    _move(donation, "donation.kept", actor, now)


def give_back(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """The donor withdraws before it is on its way: what came goes back."""
    if donation.received_on is not None and donation.is_goods:
        article = store_for(donation, now).articles.get(name=donation.item)
        source = Source("donation", donation.pk)
        stock.issue(
            article=article, quantity=donation.quantity, reason="withdrawn", source=source, actor=actor, now=now
        )
    elif donation.received_on is not None:
        _post(donation, "donation_given_back", _donor(donation), _fund(donation), donation.amount, actor, now)
    drop(donation=donation, actor=actor, now=now)


def check_withdrawable(donation: Donation) -> None:
    """Raises TooLate."""
    if donation.state not in NOT_YET_OUT:
        raise TooLate


# --- the donor's purpose ----------------------------------------------------------------------------------------------


def ask_for_other_use(*, donation: Donation, purpose: str, reason: str, actor: Actor, now: datetime) -> PurposeChange:
    """Only the donor can allow another use (公益事业捐赠法 18). Raises TooLate, Undecided, BadOffer."""
    check_withdrawable(donation)
    if donation.purpose_changes.filter(answer=PurposeChange.Answer.ASKED).exists():
        raise Undecided
    if purpose == donation.purpose or purpose not in codes.choices("donation_purpose", day=timezone.localdate(now)):
        raise BadOffer([FieldProblem("/purpose", BadOffer.code, BadOffer.message)])
    made = PurposeChange.objects.create(
        donation=donation, purpose=purpose, reason=reason, asked_by_id=actor.user_id, created_at=now
    )
    _tell(donation, "donation.other_use_asked", actor, now, {"donation_purpose": purpose})
    return made


def record_consent(*, change: PurposeChange, agreed: bool, evidence: str, actor: Actor, now: datetime) -> None:
    """What the donor answered; the money follows its purpose. Raises TooLate, OwnQuestion."""
    if is_behind(actor, change.asked_by_id, day=timezone.localdate(now)):
        raise OwnQuestion
    donation = Donation.objects.select_for_update().select_related("unit", "donor").get(pk=change.donation_id)
    check_withdrawable(donation)
    change.answer = PurposeChange.Answer.AGREED if agreed else PurposeChange.Answer.DECLINED
    change.evidence, change.answered_on = evidence, timezone.localdate(now)
    change.recorded_by_id = actor.user_id
    change.save()
    if agreed:
        before = _fund(donation)
        donation.purpose = change.purpose
        if donation.received_on is not None and not donation.is_goods:
            to, mark = _fund(donation), f":{change.pk}"
            _post(donation, "purpose_changed", to, before, donation.amount, actor, now, mark=mark)
    _move(donation, "donation.other_use_answered", actor, now, {"agreed": agreed, "evidence": evidence})


def check_purpose(donation: Donation) -> None:
    """Raises Undecided while the donor has not answered."""
    if donation.purpose_changes.filter(answer=PurposeChange.Answer.ASKED).exists():
        raise Undecided


# --- what it did ------------------------------------------------------------------------------------------------------


def record_told(*, donation: Donation, told_on: date, channel: str, actor: Actor, now: datetime) -> None:
    """The donor heard how it was used: totals, no names."""
    donation.told_on = told_on
    _move(donation, "donation.told", actor, now, {"channel": channel})


def finish(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """Used, and its use published."""
    donation.state, donation.settled_on = State.USED, timezone.localdate(now)
    _move(donation, "donation.used", actor, now)


def use_of(donation: Donation) -> dict[str, Any]:
    """What a donor may hear: how many families, how much, in how many villages. No name, no place smaller than the
    township, and no number below the least that hides a family."""
    rows = donation.allocations.filter(state="delivered")
    told = rows.aggregate(families=Count("pk"), villages=Count("unit", distinct=True))
    return {"families": told["families"], "villages": told["villages"], "share": str(donation.share)}


# --- parts ------------------------------------------------------------------------------------------------------------


def fund_account(unit: Unit, purpose: str) -> Account:
    """A township's fund for one purpose, in the ledger: what study aid and loans draw on."""
    return account(kind=Kind.FUND, unit=unit, code=purpose)


def of_lot(lot: StockLot) -> Donation | None:
    """The donation that brought a lot; none when it was bought."""
    came = lot.moves.filter(reason=StockMove.Reason.RECEIVED, source_kind="donation").values_list("source_id")
    return Donation.objects.filter(pk__in=came).select_related("unit", "donor", "limited_to").first()


def store_for(donation: Donation, now: datetime) -> Store:
    """Where its goods are kept: the shop for the shop, else the store room."""
    kind = Store.Kind.SHOP if donation.purpose == "shop" else Store.Kind.ROOM
    return stock.store_of(donation.unit, kind, now=now)


def locked(pk: Any) -> Donation:
    """The row, for one command."""
    return prepared.found(Donation, pk, follow=("unit", "donor"), lock=True)


def _check(offered: Offer, giver: Giver, day: date) -> None:
    goods = offered.kind == Donation.Kind.GOODS
    lists = {"purpose": ("donation_purpose", offered.purpose), "donor_kind": ("donor_kind", giver.kind)}
    if goods:
        lists["measure"] = ("measure", offered.measure)
    wrong = [name for name, (kind, code) in lists.items() if code not in codes.choices(kind, day=day)]
    if goods and (not offered.item or not offered.lot_number or offered.quantity < 1):
        wrong.append("item")
    if offered.amount <= 0:
        wrong.append("amount")
    whole = Decimal(offered.quantity) if goods else offered.amount
    if not 0 < offered.share <= whole or (goods and offered.share % 1):
        wrong.append("share")
    if not giver.is_anonymous and not giver.name:
        wrong.append("donor_name")
    if wrong:
        raise BadOffer([FieldProblem(f"/{name}", BadOffer.code, BadOffer.message) for name in wrong])


def _check_receipt(donation: Donation, received_on: date, quantity: int | None, today: date) -> None:
    if received_on > today:
        raise BadReceipt([FieldProblem("/received_on", BadReceipt.code, BadReceipt.message)])
    if quantity and not donation.is_goods:
        raise BadReceipt([FieldProblem("/quantity", BadReceipt.code, BadReceipt.message)])


def _store(donation: Donation, actor: Actor, now: datetime) -> None:
    goods = Goods(
        name=donation.item, measure=donation.measure, number=donation.lot_number, quantity=donation.quantity,
        amount=donation.amount, expires_on=donation.expires_on,
    )  # fmt: skip
    source = Source("donation", donation.pk)
    store = store_for(donation, now)
    stock.take_in(store=store, goods=goods, source=source, giver=_donor(donation), actor=actor, now=now)


def _fund(donation: Donation) -> Account:
    return fund_account(donation.unit, donation.purpose)


def _donor(donation: Donation) -> Account:
    return account(kind=Kind.DONOR, unit=donation.unit, code=donation.donor.kind, holder=donation.donor_id)


def _post(
    donation: Donation, kind: str, to: Account, out_of: Account, amount: Decimal, actor: Actor, now: datetime,
    *, mark: str = "",
) -> None:  # fmt: skip
    entries.post(
        kind=kind, on=timezone.localdate(now), lines=[Line(to, amount), Line(out_of, -amount)],
        reference=("donation", donation.pk), basis=BASIS, actor=actor, now=now, key=f"{kind}:{donation.pk}{mark}",
    )  # fmt: skip


def _move(donation: Donation, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    donation.version += 1
    donation.save()
    _tell(donation, action, actor, now, data)


def _tell(donation: Donation, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    record(action=action, object=donation, actor=actor, now=now, data=data)
