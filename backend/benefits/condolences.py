"""Festival condolence (P09): a campaign is opened, planned, approved, its list locked, brought, and closed with totals.

Every verb writes its event under the campaign; what concerns one family (a gift brought, refused, put back) goes to
the family's own history, and never with the group it is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Programme
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import calendar, parameters
from backend.org.access import Actor
from backend.org.models import Unit

GROUPS = ("special", "hardship", "mother", "elder")
"""What decision D21 may find, each with a standard of its own."""
DAYS: Mapping[str, int] = {"freeze_days": 15, "delivery_days": 12, "return_working_days": 3, "close_days": 15}
STANDARDS: Mapping[str, int] = dict.fromkeys(GROUPS, 0)
"""Where the parameters are not set."""
FEWEST = 5
"""Smaller counts are not published (domain.md E32)."""


class HeldAlready(Conflict):
    """The unit has a campaign for this festival."""

    code = "condolence_held"
    message = _("There is a campaign for this festival already.")


class NoSuchFestival(Invalid):
    """The calendar does not know the day, or it is past."""

    code = "no_such_festival"
    message = _("Choose a festival of the calendar that lies ahead.")


class OverBudget(Invalid):
    """What is on the list costs more than was approved."""

    code = "over_budget"
    message = _("The list costs %(sum)s yuan, the approved budget is %(budget)s.")


class Unsettled(Conflict):
    """Some gifts have neither been brought nor put back."""

    code = "gifts_unsettled"
    message = _("%(number)s gifts are neither brought nor put back yet.")


class ListIsEmpty(Conflict):
    """Nobody is on the list."""

    code = "list_empty"
    message = _("Nobody is on the list.")


class NotPlanned(Conflict):
    """Some families have no time yet."""

    code = "visits_not_planned"
    message = _("%(number)s families have no time yet: plan the visits first.")


class PendingChanges(Conflict):
    """Changes of the list wait for a second person."""

    code = "changes_pending"
    message = _("%(number)s changes of the list wait for a second person.")


@dataclass(frozen=True)
class Plan:
    """What is given, as the office planned it."""

    budget: int
    standards: Mapping[str, int]
    goods: Sequence[str] = ()


def open_condolence(
    *, unit: Unit, festival: str, festival_on: date, actor: Actor, now: datetime, programme: Programme | None = None
) -> Condolence:
    """Begin a festival's campaign; its days follow from the parameters of the area. Raises HeldAlready,
    NoSuchFestival."""
    today = timezone.localdate(now)
    if calendar.day_of(festival, festival_on.year) != festival_on or festival_on <= today:
        raise NoSuchFestival([FieldProblem("/festival", NoSuchFestival.code, NoSuchFestival.message)])
    days = {**DAYS, **parameters.value("condolence.days", path=unit.path, day=today, default=DAYS)}
    standards = parameters.value("condolence.standards", path=unit.path, day=today, default=STANDARDS)
    row = Condolence(
        unit=unit,
        programme=programme,
        festival=festival,
        festival_on=festival_on,
        standards={group: int(standards.get(group, 0)) for group in GROUPS},
        freeze_on=festival_on - timedelta(days=days["freeze_days"]),
        deliver_from=festival_on - timedelta(days=days["delivery_days"]),
        close_on=festival_on + timedelta(days=days["close_days"]),
        opened_label=actor.label,
        created_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise HeldAlready([FieldProblem("/festival", HeldAlready.code, HeldAlready.message)]) from error
    _tell("condolence.opened", row, actor, now)
    return row


def plan(*, condolence: Condolence, plan: Plan, actor: Actor, now: datetime) -> None:
    """Groups, standards, goods and budget, to be approved."""
    condolence.budget, condolence.goods = plan.budget, list(plan.goods)
    condolence.standards = {group: int(plan.standards.get(group, 0)) for group in GROUPS}
    _save(condolence, "budget", "goods", "standards")
    _tell("condolence.planned", condolence, actor, now, {"budget": plan.budget})


def approve(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """A named person signs plan and budget."""
    condolence.approved_label, condolence.state = actor.label, Condolence.State.LISTING
    _save(condolence, "approved_label", "state")
    _tell("condolence.approved", condolence, actor, now, {"budget": condolence.budget})


def return_plan(*, condolence: Condolence, reason: str, actor: Actor, now: datetime) -> None:
    """It has to be planned differently."""
    _tell("condolence.returned", condolence, actor, now, reason=reason)


def drop(*, condolence: Condolence, reason: str, actor: Actor, now: datetime) -> None:
    """It is not held this year."""
    condolence.state = Condolence.State.DROPPED
    _save(condolence, "state")
    _tell("condolence.dropped", condolence, actor, now, reason=reason)


def lock(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """The supervisor signs the list. Raises ListIsEmpty, PendingChanges, OverBudget."""
    sums = totals(condolence)
    if not sums.families:
        raise ListIsEmpty
    if waiting := condolence.gifts.exclude(pending="").count():
        raise PendingChanges(params={"number": waiting})
    check_budget(condolence, sums.sum)
    condolence.locked_at, condolence.locked_label, condolence.state = now, actor.label, Condolence.State.LOCKED
    _save(condolence, "locked_at", "locked_label", "state")
    _tell("condolence.locked", condolence, actor, now, {"families": sums.families, "sum": sums.sum})


def check_budget(condolence: Condolence, money: int) -> None:
    """Raises OverBudget."""
    if money > condolence.budget:
        raise OverBudget(params={"sum": money, "budget": condolence.budget})


def return_list(*, condolence: Condolence, reason: str, actor: Actor, now: datetime) -> None:
    """The list has to be looked through again."""
    _tell("condolence.list_returned", condolence, actor, now, reason=reason)


def return_accounts(*, condolence: Condolence, reason: str, actor: Actor, now: datetime) -> None:
    """The accounts do not agree."""
    _tell("condolence.accounts_returned", condolence, actor, now, reason=reason)


def check_ready(condolence: Condolence, waiting: Sequence[Gift]) -> None:
    """Raises PendingChanges, NotPlanned."""
    if pending := condolence.gifts.exclude(pending="").count():
        raise PendingChanges(params={"number": pending})
    if unplanned := sum(gift.planned_at is None for gift in waiting):
        raise NotPlanned(params={"number": unplanned})


def tell_eve(*, condolence: Condolence, village: Unit, actor: Actor, now: datetime) -> None:
    """The eve has passed, and a village has gifts left."""
    left = open_gifts(condolence, village).count()
    data = {"calendar_day": condolence.festival, "families": left}
    record(action="condolence.eve_passed", object=condolence, label=str(condolence), unit_path=village.path,
           actor=actor, now=now, data=data)  # fmt: skip


def start_delivering(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """The gifts go out."""
    condolence.state = Condolence.State.DELIVERING
    _save(condolence, "state")
    _tell("condolence.delivering", condolence, actor, now)


def tell_late(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """The day on which the list is frozen has come, and it is not locked."""
    _tell("condolence.list_late", condolence, actor, now, {"due": condolence.freeze_on.isoformat()})


def check_settled(condolence: Condolence) -> None:
    """Raises Unsettled while a gift is neither brought, refused nor put back."""
    if left := open_gifts(condolence).count():
        raise Unsettled(params={"number": left})


def close(*, condolence: Condolence, actor: Actor, now: datetime) -> None:
    """The accounts are closed; history and the public hear totals only. Raises Unsettled."""
    check_settled(condolence)
    sums = totals(condolence)
    condolence.closed_at, condolence.closed_label, condolence.state = now, actor.label, Condolence.State.CLOSED
    _save(condolence, "closed_at", "closed_label", "state")
    told = {"families": sums.delivered, "sum": sums.paid}
    _tell("condolence.closed", condolence, actor, now, told)


def open_gifts(condolence: Condolence, village: Unit | None = None) -> Any:
    """Gifts still to be brought or put back, of all villages or of one."""
    rows = condolence.gifts.filter(exclusion="", state__in=(Gift.State.LISTED, Gift.State.UNDELIVERED))
    return rows.filter(unit=village) if village is not None else rows


@dataclass(frozen=True)
class Totals:
    """A campaign in numbers; `sum`: yuan of all gifts, `paid`: of those brought."""

    families: int = 0
    sum: int = 0
    delivered: int = 0
    paid: int = 0
    refused: int = 0
    undelivered: int = 0
    returned: int = 0
    planned: int = 0


_COUNTS = {
    "families": Count("id"),
    "sum": Sum("money", default=0),
    "delivered": Count("id", filter=Q(state=Gift.State.DELIVERED)),
    "paid": Sum("money", filter=Q(state=Gift.State.DELIVERED), default=0),
    "refused": Count("id", filter=Q(state=Gift.State.REFUSED)),
    "undelivered": Count("id", filter=Q(state=Gift.State.UNDELIVERED)),
    "returned": Count("id", filter=Q(state=Gift.State.RETURNED)),
    "planned": Count("id", filter=Q(planned_at__isnull=False)),
}


def totals(condolence: Condolence) -> Totals:
    """Of the families on the list; one statement."""
    return Totals(**Gift.objects.filter(condolence=condolence).listed().aggregate(**_COUNTS))


def by_village(condolence: Condolence, gifts: Any) -> list[dict[str, Any]]:
    """The same village by village, of the gifts that the reader may see; one statement."""
    rows = gifts.filter(condolence=condolence, exclusion="").order_by()
    counted = rows.values("unit_id", "unit__name").annotate(**_COUNTS)
    return sorted(counted, key=lambda row: str(row["unit__name"]))


def statement(condolence: Condolence, sums: Totals) -> dict[str, Any]:
    """What may be published: totals, no names, nothing that is about fewer than five families."""
    few = sums.delivered < FEWEST
    return {"families": None if few else sums.delivered, "sum": None if few else sums.paid}


def eve_of(condolence: Condolence) -> datetime:
    """The end of the last day on which gifts are brought."""
    return datetime.combine(condolence.eve, time(23, 59, 59), tzinfo=timezone.get_default_timezone())


def _save(condolence: Condolence, *fields: str) -> None:
    condolence.version += 1
    condolence.save(update_fields=[*fields, "version"])


def _tell(
    action: str,
    row: Condolence,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    told = {"calendar_day": row.festival, **(data or {})}
    record(action=action, object=row, label=str(row), actor=actor, now=now, data=told, reason=reason)
