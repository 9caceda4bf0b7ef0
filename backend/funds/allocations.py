"""The families of a donation: put forward, put in order by D22, chosen as far as it reaches, brought their share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.models import Family
from backend.core.drawing import new_seed
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.funds import donations, stock
from backend.funds.aid import NO_SCHOOL, Candidate, Judge, in_order, need_points, need_score
from backend.funds.models import Allocation, Donation
from backend.funds.stock import Source
from backend.ledger import entries
from backend.ledger.accounts import account
from backend.ledger.entries import Line
from backend.ledger.models import Account
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import behind

State: TypeAlias = Allocation.State
PRIOR_DAYS = 365
"""Where the parameter `aid.prior_days` is not set."""
RESULTS = (State.DELIVERED, State.RETURNED)


class NotForThis(Conflict):
    """A family that is not on file here, or stands on the list already."""

    code = "not_for_this_donation"
    message = _("This family cannot be put forward: not on file here, or on the list already.")


class NobodyNamed(Conflict):
    """There is nobody to choose from."""

    code = "nobody_named"
    message = _("Put at least one family forward first.")


class StillOpen(Conflict):
    """Every share has a result first."""

    code = "shares_open"
    message = _("%(number)s families have no result yet.")


class ChoseIt(NotAllowed):
    """Who chose the families does not bring the shares."""

    code = "chooser_delivers_not"
    message = _("You chose or confirmed these families: somebody else has to bring it.")


class BadHandover(Invalid):
    """What was recorded does not fit the share."""

    code = "bad_handover"
    message = _("This record does not fit the share: signed for by whom and how, or why it went back.")


@dataclass(frozen=True)
class Handover:
    """How it ended with one family. `result`: delivered or returned."""

    allocation: UUID
    result: str
    delivered_on: date | None = None
    received_by: str = ""
    receipt: str = ""
    reason: str = ""


def put_forward(*, donation: Donation, family: Family, conflict: bool, actor: Actor, now: datetime) -> Allocation:
    """A family that might get a share; a relative is named as one, and left out by the table. Raises NotForThis."""
    if donation.state != Donation.State.RECEIVED:
        raise donations.TooLate
    here = family.unit.path.startswith(donation.unit.path) and family.status == Family.Status.REGISTERED
    if not here or donation.allocations.filter(family=family).exists():
        raise NotForThis([FieldProblem("/family", NotForThis.code, NotForThis.message)])
    made = Allocation.objects.create(
        donation=donation, family=family, unit=family.unit, unit_path=family.unit.path, conflict=conflict,
        created_at=now,
    )  # fmt: skip
    record(action="allocation.put_forward", object=made, actor=actor, now=now, data={"conflict": conflict})
    return made


def check_named(donation: Donation) -> None:
    """Raises NobodyNamed; Undecided while the donor has not answered about another use."""
    donations.check_purpose(donation)
    if not donation.allocations.exists():
        raise NobodyNamed


def rank(*, donation: Donation, judge: Judge, actor: Actor, now: datetime) -> None:
    """Decision D22 for every family, and the lot for those alike; as many shares as the donation holds."""
    rows = list(donation.allocations.select_for_update(of=("self",)).select_related("family__unit").order_by("id"))
    day = timezone.localdate(now)
    points, before = need_points(donation.unit.path, day), _aided(rows, donation, day)
    for row in rows:
        row.need_score, row.prior_aid = need_score(row.family, points), before.get(row.family_id, 0)
        made = judge(_facts(row, donation))
        row.aid_class, row.aid_reason = made.aid_class, made.aid_reason
        row.rule, row.table_version = made.rule, made.table_version
    donation.seed, donation.drafted_by_id = donation.seed or new_seed(), actor.user_id
    _choose(donation, rows)
    donation.version += 1
    donation.save()
    chosen = sum(1 for row in rows if row.state == State.CHOSEN)
    # What the table saw of each family, so that anybody can decide again.
    facts = {str(row.pk): [row.aid_class, row.need_score, row.prior_aid] for row in rows}
    version = rows[0].table_version if rows else ""
    data = {"families": chosen, "seed": donation.seed, "facts": facts, "table": version}
    record(action="donation.ranked", object=donation, actor=actor, now=now, data=data)


def confirm(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """Somebody else than who put them forward signs. The database refuses the same person (donation_four_eyes)."""
    donation.confirmed_by_id, donation.confirmed_label = actor.user_id, actor.label
    donation.state = Donation.State.ALLOCATED
    donation.version += 1
    donation.save()
    donation.allocations.filter(state=State.CHOSEN).update(chosen_by=donation.drafted_by_id)
    record(action="donation.allocated", object=donation, actor=actor, now=now, data={"families": _chosen(donation)})


def send_back(*, donation: Donation, reason: str, actor: Actor, now: datetime) -> None:
    """The list is looked through again."""
    record(action="donation.allocation_returned", object=donation, actor=actor, now=now, reason=reason)


def record_handovers(
    *, handovers: Sequence[Handover], allocations: QuerySet[Allocation], actor: Actor, now: datetime
) -> list[Allocation]:
    """How shares were brought, any number, all or none. Raises BadHandover (a pointer per row), ChoseIt."""
    wanted = {each.allocation: each for each in handovers}
    rows = allocations.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk")
    held = list(rows.select_related("donation__unit", "donation__donor", "family"))
    place = {each.allocation: number for number, each in enumerate(handovers)}
    today = timezone.localdate(now)
    wrong = [f"/{place[row.pk]}/{name}" for row in held if (name := _wrong(row, wanted[row.pk], today))]
    if len(held) < len(wanted):
        wrong.append("")
    if wrong:
        raise BadHandover([FieldProblem(f"/rows{where}", BadHandover.code, BadHandover.message) for where in wrong])
    people = behind(actor, day=today)
    if any(people & {row.chosen_by_id, row.donation.confirmed_by_id} for row in held):
        raise ChoseIt
    with collect():
        for row in held:
            _hand_over(row, wanted[row.pk], actor, now)
    return held


@dataclass(frozen=True)
class Brought:
    """What a family got of a donation with a festival's gift."""

    family: Family
    unit: Unit
    quantity: Decimal
    on: date
    received_by: str
    receipt: str
    label: str


def record_gifts(*, donation: Donation, families: Iterable[Brought], actor: Actor, now: datetime) -> None:
    """A festival's gifts are a use of the donation: told to the donor and in every report like any share."""
    brought = list(families)
    known = {row.family_id: row for row in donation.allocations.filter(family__in=[each.family for each in brought])}
    for each in brought:
        if (row := known.get(each.family.pk)) is not None:
            row.share = (row.share if row.state == State.DELIVERED else Decimal(0)) + each.quantity
            row.state = State.DELIVERED
            row.delivered_on, row.delivered_label, row.version = each.on, each.label, row.version + 1
    changed = ["share", "state", "delivered_on", "delivered_label", "version"]
    Allocation.objects.bulk_update(known.values(), changed)
    Allocation.objects.bulk_create(
        Allocation(
            donation=donation, family=each.family, unit=each.unit, unit_path=each.unit.path, share=each.quantity,
            state=State.DELIVERED, delivered_on=each.on, delivered_label=each.label, received_by=each.received_by,
            receipt=each.receipt, created_at=now,
        )
        for each in brought
        if each.family.pk not in known
    )  # fmt: skip
    pieces = sum((each.quantity for each in brought), Decimal(0))
    told = {"families": len(brought), "pieces": int(pieces)}
    record(action="donation.given_at_festival", object=donation, actor=actor, now=now, data=told)


def settle(donation: Donation) -> None:
    """Raises StillOpen while a family waits for its share."""
    if number := _chosen(donation):
        raise StillOpen(params={"number": number})


# --- parts ------------------------------------------------------------------------------------------------------------


def _facts(row: Allocation, donation: Donation) -> Mapping[str, Any]:
    limit = donation.limited_to
    return {
        "need_score": row.need_score,
        "school_level": NO_SCHOOL,
        "prior_aid": row.prior_aid,
        "within_limits": limit is None or row.unit_path.startswith(limit.path),
        "conflict": row.conflict,
    }


def _aided(rows: Iterable[Allocation], donation: Donation, day: date) -> Mapping[UUID, int]:
    """How often each family was given to lately, by other donations."""
    days = int(parameters.value("aid.prior_days", path=donation.unit.path, day=day, default=PRIOR_DAYS))
    since = date.fromordinal(day.toordinal() - days)
    found = Allocation.objects.filter(family__in=[row.family_id for row in rows], state=State.DELIVERED)
    found = found.filter(delivered_on__gte=since).exclude(donation=donation)
    return dict(found.order_by().values_list("family").annotate(times=Count("pk")))


def _choose(donation: Donation, rows: Sequence[Allocation]) -> None:
    """The first in order get a share as long as there is enough; the next are in reserve."""
    order = in_order([Candidate(row.pk, row.aid_class, row.need_score) for row in rows], seed=donation.seed)
    places = {pk: place for place, pk in enumerate(order, start=1)}
    whole = Decimal(donation.quantity) if donation.is_goods else donation.amount
    shares = int(whole // donation.share)
    for row in rows:
        row.rank = places.get(row.pk)
        row.share = donation.share
        row.state = State.EXCLUDED if row.rank is None else State.CHOSEN if row.rank <= shares else State.RESERVE
        row.version += 1
    fields = ["need_score", "prior_aid", "aid_class", "aid_reason", "rule", "table_version", "rank", "share", "state"]
    Allocation.objects.bulk_update(rows, [*fields, "version"])


def _chosen(donation: Donation) -> int:
    return donation.allocations.filter(state=State.CHOSEN).count()


def _wrong(row: Allocation, told: Handover, today: date) -> str:
    """The field that does not fit; empty when all do."""
    if row.state != State.CHOSEN or row.donation.state != Donation.State.ALLOCATED:
        return "allocation"
    if told.result not in RESULTS:
        return "result"
    if told.result == State.RETURNED:
        return "" if codes.knows("gift_undelivered", told.reason) else "reason"
    if told.delivered_on is None or told.delivered_on > today:
        return "delivered_on"
    if not codes.knows("gift_receiver", told.received_by):
        return "received_by"
    return "" if codes.knows("gift_receipt", told.receipt) else "receipt"


def _hand_over(row: Allocation, told: Handover, actor: Actor, now: datetime) -> None:
    row.state, row.delivered_on, row.received_by = told.result, told.delivered_on, told.received_by
    row.receipt, row.undelivered_reason = told.receipt, told.reason
    row.delivered_by_id, row.delivered_label = actor.user_id, actor.label
    row.version += 1
    row.save()
    if row.state == State.DELIVERED:
        _give(row, actor, now)
    record(action=f"allocation.{row.state}", object=row, actor=actor, now=now)


def _give(row: Allocation, actor: Actor, now: datetime) -> None:
    """The share leaves store or fund in the moment it is signed for."""
    donation, source = row.donation, Source("allocation", row.pk)
    if donation.is_goods:
        article = donations.store_for(donation, now).articles.get(name=donation.item)
        quantity = int(row.share)
        stock.issue(article=article, quantity=quantity, reason="issued", source=source, actor=actor, now=now)
        return
    given = account(kind=Account.Kind.GIVEN, unit=donation.unit, code=donation.purpose)
    fund = donations.fund_account(donation.unit, donation.purpose)
    entries.post(
        kind="donation_given", on=row.delivered_on or timezone.localdate(now),
        lines=[Line(given, row.share), Line(fund, -row.share)], reference=("allocation", row.pk),
        basis=donations.BASIS, actor=actor, now=now, key=f"donation_given:{row.pk}",
    )  # fmt: skip
