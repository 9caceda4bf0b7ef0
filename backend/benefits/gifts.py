"""The families on a festival's list: found by decision D21, added and taken off, visited when it suits, given to.

Nobody who has died, moved or refused is greeted again (domain.md E2, E5); a family in mourning hears no drums; whoever
wants the telephone only gets a call. A gift that was brought is one of the family's own events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.benefits import condolences, stock
from backend.benefits.itinerary import Hours, Stop, half_days, spread
from backend.benefits.models import Condolence, Gift
from backend.cases.models import SPECIAL, SPECIAL_CHILD_STATES, Case, Family, Person
from backend.cases.surveys import families_with_photo_consent
from backend.core import bulk, prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.org import calendar, codes, parameters
from backend.org.access import SYSTEM, Actor
from backend.org.powers import is_behind
from backend.org.working_days import add_working_days

ELDERS = frozenset({"empty_nest", "seasonal_empty_nest", "left_behind_elder"})
GONE = (Family.Status.MOVED, Family.Status.CLOSED)
QUIET_ON = "qingming"
"""Day of the dead: no quiet family is visited."""
HOURS: Mapping[str, int] = {"per_half_day": 8, "morning_from": 9, "afternoon_from": 14}
"""Where the parameter `condolence.visits` is not set."""
SHOWN = frozenset({"", "refused", "has_gift", "taboo"})
"""Exclusions that a list shows: of who is gone and of who is no target it keeps nothing."""
TAKES_OFF = frozenset({"gone", "refused", "taboo"})
"""Exclusions that take a family off a list after it was made; the others only keep one from being put on it."""
BY_HAND = "by_hand"
IN_GROUP: Mapping[str, Mapping[str, bool]] = {
    "special": {"special": True},
    "hardship": {"hardship": True},
    "mother": {"single_mother": True},
    "elder": {"elder": True},
}
"""Group of a gift → the fact by which D21 finds it: judged again, a family stays in the group that was signed."""
JUDGED = ("manner", "visitor_kind", "no_photo", "avoid_days", "rule", "table_version")
"""What a later judgement changes; group, money and goods stay as they were signed."""


@dataclass(frozen=True)
class Verdict:
    """What decision D21 says of a family. `exclusion`: why it gets nothing; empty when it does."""

    exclusion: str
    group: str
    manner: str
    visitor: str
    rule: str
    table_version: str


Judge: TypeAlias = Callable[[Mapping[str, Any]], Verdict]
"""Decision D21 over a family's facts."""


class NotForThisFamily(Conflict):
    """A rule keeps the family from the list."""

    code = "not_for_this_family"
    message = _("This family cannot be put on the list: %(why)s.")


class OnListAlready(Conflict):
    """The family is on the list, or on another campaign's for the same festival."""

    code = "gift_taken"
    message = _("This family gets a gift for this festival already: one each, across all programmes.")


class ListClosed(Conflict):
    """The gifts are under way or the campaign is over."""

    code = "list_closed"
    message = _("The list can no longer be changed: the gifts are under way, or it is over.")


class NotAlone(NotAllowed):
    """A change of a frozen list is agreed to by somebody else."""

    code = "second_person_needed"
    message = _("Somebody else has to agree to this change.")


class NothingPending(Conflict):
    """No change waits for anybody."""

    code = "nothing_pending"
    message = _("No change is waiting here.")


class NoRoom(Conflict):
    """More families than can be visited."""

    code = "no_room"
    message = _("%(number)s families find no time: more visits in half a day, or more days.")


class BadDelivery(Invalid):
    """What was recorded does not fit the gift."""

    code = "bad_delivery"
    message = _("This record does not fit the gift.")


class NotUnderWay(Conflict):
    """Gifts are brought while the campaign is under way."""

    code = "not_under_way"
    message = _("The gifts of this campaign are not under way.")


@dataclass(frozen=True)
class Delivery:
    """How a visit ended. `result`: delivered, refused, undelivered, returned."""

    gift: UUID
    result: str
    delivered_on: date | None = None
    received_by: str = ""
    receipt: str = ""
    proxy: str = ""
    photo_agreed: bool = False
    reason: str = ""


# --- the list ---------------------------------------------------------------------------------------------------------


def draft_list(*, condolence: Condolence, judge: Judge, actor: Actor, now: datetime) -> int:
    """Everybody whom decision D21 finds, and who of the target groups gets nothing and why; returns how many get
    something. The same number of statements for ten families and for thousands."""
    families = list(_candidates(condolence))
    rows = [row for row in _rows(condolence, families, judge, now) if row.exclusion in SHOWN]
    bulk.insert(rows)
    counted = Counter(row.exclusion for row in rows)
    data = {"calendar_day": condolence.festival, "families": counted[""], "left_out": len(rows) - counted[""]}
    record(action="condolence.listed", object=condolence, label=str(condolence), actor=actor, now=now, data=data)
    return counted[""]


def _candidates(condolence: Condolence) -> Iterable[Family]:
    rows = Family.objects.filter(unit__path__startswith=condolence.unit.path, merged_into__isnull=True)
    rows = rows.exclude(status=Family.Status.DRAFT)
    if condolence.programme_id:
        rows = rows.filter(pk__in=Case.objects.filter(programme=condolence.programme_id).values("family"))
    return rows.select_related("unit").defer("emergency_phone", "notes").order_by("unit__path", "number")


@dataclass(frozen=True)
class _Known:
    """What is known of the families of a list: days of death, in which of them somebody lives, which get a gift
    elsewhere, which agreed to photographs."""

    deaths: Mapping[UUID, list[date]]
    living: Set[UUID]
    given: Set[UUID]
    photos: Set[UUID]


def _known_of(condolence: Condolence, ids: Sequence[UUID]) -> _Known:
    deaths, living = _people(ids)
    given = set(_given(condolence).filter(family__in=ids).values_list("family_id", flat=True))
    return _Known(deaths, living, given, families_with_photo_consent(ids))


def _rows(condolence: Condolence, families: Sequence[Family], judge: Judge, now: datetime) -> list[Gift]:
    known = _known_of(condolence, [family.pk for family in families])
    return [_judged(condolence, family, known, judge, now) for family in families]


def _judged(
    condolence: Condolence, family: Family, known: _Known, judge: Judge, now: datetime, group: str = ""
) -> Gift:
    """The row as D21 has it. `group`: the one that the family is in whatever its file says by now."""
    days, has_gift = known.deaths[family.pk], family.pk in known.given
    is_gone = family.status in GONE or (bool(days) and family.pk not in known.living)
    facts = facts_of(family, condolence, days, has_gift=has_gift, is_gone=is_gone, now=now)
    row = _row(condolence, family, judge({**facts, **IN_GROUP.get(group, {})}), now)
    row.avoid_days = sorted({day.strftime("%m-%d") for day in days})
    row.no_photo = row.manner != Gift.Manner.USUAL or family.pk not in known.photos
    return row


def facts_of(
    family: Family, condolence: Condolence, deaths: Sequence[date], *, has_gift: bool, is_gone: bool, now: datetime
) -> dict[str, Any]:
    """What decision D21 looks at."""
    known, today = family.known_categories, timezone.localdate(now)
    last = max(deaths, default=None)
    return {
        "festival": condolence.festival,
        "gone": is_gone,
        "willingness": family.willingness,
        "has_gift": has_gift,
        "special": bool(known & SPECIAL) or family.child_state in SPECIAL_CHILD_STATES,
        "months_since_death": -1 if last is None else _months(last, today),
        "hardship": "hardship" in known,
        "single_mother": "single_mother" in known,
        "elder": bool(known & ELDERS),
        "tier": family.risk_tier,
    }


def _people(families: Sequence[UUID]) -> tuple[Mapping[UUID, list[date]], set[UUID]]:
    """Days of death by family, and the families in which somebody lives."""
    deaths: dict[UUID, list[date]] = defaultdict(list)
    living: set[UUID] = set()
    rows = Person.objects.filter(family__in=families).values_list("family_id", "died_on", "status")
    for family, died_on, status in rows:
        if died_on is not None:
            deaths[family].append(died_on)
        elif status == "present":
            living.add(family)
    return deaths, living


def _given(condolence: Condolence) -> Any:
    """Gifts that other campaigns give for the same festival."""
    year = condolence.festival_on.year
    return Gift.objects.listed().filter(festival=condolence.festival, year=year).exclude(condolence=condolence)


def _row(condolence: Condolence, family: Family, verdict: Verdict, now: datetime) -> Gift:
    listed = not verdict.exclusion
    return Gift(
        condolence=condolence,
        festival=condolence.festival,
        year=condolence.festival_on.year,
        family=family,
        unit=family.unit,
        unit_path=family.unit.path,
        group=verdict.group,
        money=int(condolence.standards.get(verdict.group, 0)) if listed else 0,
        goods=list(condolence.goods) if listed else [],
        manner=verdict.manner,
        visitor_kind=verdict.visitor,
        exclusion=verdict.exclusion,
        rule=verdict.rule,
        table_version=verdict.table_version,
        created_at=now,
    )


def _months(since: date, day: date) -> int:
    return (day.year - since.year) * 12 + day.month - since.month - (day.day < since.day)


# --- changes of the list ----------------------------------------------------------------------------------------------


def add_family(
    *, condolence: Condolence, family: Family, group: str, reason: str, judge: Judge, actor: Actor, now: datetime
) -> Gift:
    """Put a family on the list by hand; once the list is frozen somebody else has to agree.

    Raises ListClosed, NotForThisFamily, OnListAlready.
    """
    held = _changeable(condolence)
    [row] = _rows(held, [family], judge, now)
    if row.exclusion not in {"", "not_in_group"}:
        why = codes.name("gift_exclusion", row.exclusion)
        raise NotForThisFamily([FieldProblem("/family", NotForThisFamily.code, why)], params={"why": why})
    known = Gift.objects.filter(condolence=held, family=family).first()
    if known is not None and (not known.exclusion or known.pending):
        raise OnListAlready([FieldProblem("/family", OnListAlready.code, OnListAlready.message)])
    row.pk, row._state.adding = (known.pk, False) if known else (row.pk, True)
    row.version = known.version + 1 if known else 1
    row.group, row.rule, row.change_reason = group, BY_HAND, reason
    row.money, row.goods = int(held.standards.get(group, 0)), list(held.goods)
    row.manner = row.manner if row.manner in Gift.Manner.values else Gift.Manner.USUAL
    row.visitor_kind = row.visitor_kind or "village"
    frozen = held.is_frozen(now)
    row.exclusion = "pending" if frozen else ""
    _pend(row, Gift.Pending.ADD if frozen else "", actor)
    _store(row)
    _tell("gift.addition_asked" if frozen else "gift.added", row, actor, now, reason=reason)
    return row


def remove(*, gift: Gift, reason: str, actor: Actor, now: datetime) -> Gift:
    """Take a family off the list; once the list is frozen somebody else has to agree. Raises ListClosed."""
    condolence = _changeable(gift.condolence)
    held = _locked(gift)
    if held.exclusion or held.pending:
        raise ListClosed
    held.change_reason = reason
    frozen = condolence.is_frozen(now)
    _pend(held, Gift.Pending.REMOVE if frozen else "", actor)
    held.exclusion = "" if frozen else "removed"
    _store(held)
    _tell("gift.removal_asked" if frozen else "gift.removed", held, actor, now, reason=reason)
    return held


def agree(*, gift: Gift, actor: Actor, now: datetime) -> Gift:
    """A second person agrees to a change of the frozen list. Raises NotAlone, NothingPending, OverBudget,
    OnListAlready, ListClosed."""
    condolence = _changeable(gift.condolence)
    held = _pending(gift, actor, now)
    adding = held.pending == Gift.Pending.ADD
    held.exclusion = "" if adding else "removed"
    _pend(held, "", None)
    _store(held)
    if adding and condolence.locked_at is not None:
        condolences.check_budget(condolence, condolences.totals(condolence).sum)
    _tell("gift.added" if adding else "gift.removed", held, actor, now)
    return held


def decline(*, gift: Gift, actor: Actor, now: datetime) -> Gift:
    """The change is not made; whoever asked for it may take it back alone. Raises NothingPending."""
    held = _locked(gift)
    if not held.pending:
        raise NothingPending
    held.exclusion = "removed" if held.pending == Gift.Pending.ADD else ""
    _pend(held, "", None)
    _store(held)
    _tell("gift.change_declined", held, actor, now)
    return held


def leave_out_gone(*, condolence: Condolence, now: datetime) -> int:
    """Take off the list whoever died, moved or refused since; nobody has to agree to that. How many."""
    waiting = condolences.open_gifts(condolence).select_related("family", "condolence")
    gone = list(waiting.filter(family__status__in=GONE).select_for_update(of=("self",)))
    refused = list(
        waiting.filter(family__willingness=Family.Willingness.REFUSED)
        .exclude(family__status__in=GONE)
        .select_for_update(of=("self",))
    )
    _take_off([*((row, "gone") for row in gone), *((row, "refused") for row in refused)], now)
    return len(gone) + len(refused)


def judge_again(*, condolence: Condolence, judge: Judge, now: datetime, family: UUID | None = None) -> int:
    """What decision D21 says by now of gifts that were not brought yet, of all families or of one: who was bereaved
    since the list was drafted is visited quietly, without photographs, and never on the new day of loss; whom a rule
    forbids to greet is taken off (E2). Nobody has to agree to that. How many changed.

    A visit that was planned for a day of loss has to be planned anew.
    """
    waiting = condolences.open_gifts(condolence).select_related("family__unit", "condolence").order_by("pk")
    held = list((waiting.filter(family=family) if family else waiting).select_for_update(of=("self",)))
    known = _known_of(condolence, [row.family_id for row in held])
    judged = [(row, _judged(condolence, row.family, known, judge, now, row.group)) for row in held]
    off = [(row, fresh.exclusion) for row, fresh in judged if fresh.exclusion in TAKES_OFF]
    quiet_day = calendar.day_of(QUIET_ON, condolence.festival_on.year)
    changed = [row for row, fresh in judged if fresh.exclusion not in TAKES_OFF and _take_over(row, fresh, quiet_day)]
    _take_off(off, now)
    Gift.objects.bulk_update(changed, [*JUDGED, "planned_at", "version"], batch_size=stock.PORTION)
    with collect():
        for row in changed:
            _tell("gift.judged_again", row, SYSTEM, now)
    return len(off) + len(changed)


def _take_over(row: Gift, fresh: Gift, quiet_day: date | None) -> bool:
    """Set what differs; whether anything did. Of a family that somebody added, D21 may find no manner: it keeps its."""
    names = JUDGED if not fresh.exclusion else ("avoid_days",)
    news = {name: getattr(fresh, name) for name in names if getattr(row, name) != getattr(fresh, name)}
    if row.rule == BY_HAND:
        news.pop("rule", None)
    if not news.keys() - {"rule", "table_version"}:
        return False
    for name, value in news.items():
        setattr(row, name, value)
    if row.planned_at is not None and f"{timezone.localtime(row.planned_at):%m-%d}" in _avoided(row, quiet_day):
        row.planned_at = None
    row.version += 1
    return True


def _take_off(rows: Sequence[tuple[Gift, str]], now: datetime) -> None:
    """These are off the list for these reasons, their goods back in stock."""
    gifts = [row for row, _why in rows]
    stock.put_back(gifts)
    for row, why in rows:
        row.exclusion, row.pending, row.version = why, "", row.version + 1
    Gift.objects.bulk_update(gifts, ["exclusion", "pending", "lots", "version"], batch_size=stock.PORTION)
    with collect():
        for row in gifts:
            _tell("gift.removed", row, SYSTEM, now)


# --- visits -----------------------------------------------------------------------------------------------------------


def plan_visits(*, condolence: Condolence, actor: Actor, now: datetime) -> int:
    """A half day for each family that has none yet: capacity by village, no day of loss, no Qingming for quiet
    families, never early, at noon or in the evening. Returns how many were planned. Raises NoRoom."""
    today = timezone.localdate(now)
    rows = list(condolences.open_gifts(condolence).filter(planned_at__isnull=True).select_for_update())
    hours = Hours(
        **{**HOURS, **parameters.value("condolence.visits", path=condolence.unit.path, day=today, default={})}
    )
    zone = timezone.get_default_timezone()
    when = half_days(max(condolence.deliver_from, today), condolence.eve, hours, zone)
    quiet_day = calendar.day_of(QUIET_ON, condolence.festival_on.year)
    stops = [Stop(row.pk, row.unit_id, _avoided(row, quiet_day)) for row in rows]
    taken = Counter(
        (village, timezone.localtime(start))
        for village, start in condolence.gifts.filter(planned_at__isnull=False).values_list("unit_id", "planned_at")
    )
    planned, left = spread(stops, when, hours, taken=taken)
    if left:
        raise NoRoom(params={"number": len(left)})
    for row in rows:
        row.planned_at = planned[row.pk]
    Gift.objects.bulk_update(rows, ["planned_at"], batch_size=stock.PORTION)
    data = {"calendar_day": condolence.festival, "families": len(rows)}
    record(
        action="condolence.visits_planned", object=condolence, label=str(condolence), actor=actor, now=now, data=data
    )
    return len(rows)


def _avoided(row: Gift, quiet_day: date | None) -> frozenset[str]:
    quiet = row.manner != Gift.Manner.USUAL and quiet_day is not None
    return frozenset({*row.avoid_days, *([quiet_day.strftime("%m-%d")] if quiet and quiet_day else ())})


def name_visitor(*, gifts: Sequence[Gift], visitor: str, actor: Actor, now: datetime) -> None:
    """Who goes to these families of one campaign; history tells of how many. Raises NotUnderWay when it is over."""
    if not gifts:
        return
    condolence = gifts[0].condolence
    if condolence.state in {Condolence.State.CLOSED, Condolence.State.DROPPED}:
        raise NotUnderWay
    chosen = [gift.pk for gift in gifts if gift.condolence_id == condolence.pk]
    Gift.objects.filter(pk__in=chosen).update(visitor=visitor)
    data = {"calendar_day": condolence.festival, "families": len(chosen), "visitor": visitor}
    label = str(condolence)
    record(action="condolence.visitor_named", object=condolence, label=label, actor=actor, now=now, data=data)


# --- bringing ---------------------------------------------------------------------------------------------------------


def record_deliveries(*, deliveries: Sequence[Delivery], gifts: Any, actor: Actor, now: datetime) -> list[Gift]:
    """How visits ended, any number with the same number of statements. `gifts`: those that the actor may see; one that
    is not among them is as unknown as none. Raises BadDelivery (a pointer per row), NotUnderWay."""
    wanted = {each.gift: each for each in deliveries}
    rows = gifts.filter(pk__in=wanted).select_for_update(of=("self",)).order_by("pk")
    held = list(rows.select_related("condolence__unit", "family", "unit"))
    today, place = timezone.localdate(now), {each.gift: number for number, each in enumerate(deliveries)}
    wrong = [f"/{place[row.pk]}/{field}" for row in held if (field := _wrong(row, wanted[row.pk], today))]
    if len(held) < len(deliveries):
        wrong.append("")
    problems = [FieldProblem(f"/rows{where}", BadDelivery.code, BadDelivery.message) for where in wrong]
    if problems:
        raise BadDelivery(problems)
    if any(row.condolence.state != Condolence.State.DELIVERING for row in held):
        raise NotUnderWay
    stock.put_back([row for row in held if wanted[row.pk].result in {"refused", "returned"}])
    for row in held:
        _apply(row, wanted[row.pk], actor)
    Gift.objects.bulk_update(held, RECORDED, batch_size=stock.PORTION)
    with collect():
        for row in held:
            _tell(f"gift.{row.state}", row, actor, now)
    return held


RECORDED = (
    "state", "delivered_on", "received_by", "receipt", "proxy", "photo_agreed", "undelivered_reason", "tries", "lots",
    "recorded_label", "version",
)  # fmt: skip


def _wrong(row: Gift, told: Delivery, today: date) -> str:
    """The field that does not fit; empty when all do."""
    if row.exclusion or row.family.status in GONE:
        return "gift"
    if told.result == Gift.State.RETURNED:
        return "" if row.state == Gift.State.UNDELIVERED else "result"
    if row.state not in {Gift.State.LISTED, Gift.State.UNDELIVERED} or told.result not in Gift.State.values:
        return "result"
    if told.result == Gift.State.UNDELIVERED:
        return "" if codes.knows("gift_undelivered", told.reason) else "reason"
    if told.result == Gift.State.REFUSED:
        return ""
    return _wrong_delivery(row, told, today)


def _wrong_delivery(row: Gift, told: Delivery, today: date) -> str:
    day = told.delivered_on
    if day is None or not min(row.condolence.deliver_from, today) <= day <= today:
        return "delivered_on"
    if not codes.knows("gift_receiver", told.received_by) or not codes.knows("gift_receipt", told.receipt):
        return "received_by"
    if told.received_by == "proxy" and not told.proxy.strip():
        return "proxy"
    return "photo_agreed" if told.photo_agreed and row.no_photo else ""


def _apply(row: Gift, told: Delivery, actor: Actor) -> None:
    row.state, row.recorded_label, row.version = Gift.State(told.result), actor.label, row.version + 1
    row.undelivered_reason = told.reason if told.result == Gift.State.UNDELIVERED else row.undelivered_reason
    row.tries += told.result != Gift.State.RETURNED
    if told.result == Gift.State.DELIVERED:
        row.delivered_on, row.received_by, row.receipt = told.delivered_on, told.received_by, told.receipt
        row.proxy, row.photo_agreed = told.proxy, told.photo_agreed


def settle_by(condolence: Condolence, now: datetime) -> date:
    """By when gifts that were not brought are brought after all or put back."""
    today = timezone.localdate(now)
    days = {**condolences.DAYS, **parameters.value("condolence.days", path=condolence.unit.path, day=today, default={})}
    return add_working_days(max(today, condolence.eve), int(days["return_working_days"]))


# --- parts ------------------------------------------------------------------------------------------------------------


def _changeable(condolence: Condolence) -> Condolence:
    """The campaign, locked, while its list may still be changed. Raises ListClosed."""
    held = prepared.found(Condolence, condolence.pk, follow=("unit",), lock=True)
    if held.state not in {Condolence.State.LISTING, Condolence.State.LOCKED}:
        raise ListClosed
    return held


def _locked(gift: Gift) -> Gift:
    rows = Gift.objects.select_for_update(of=("self",)).select_related("condolence__unit", "family", "unit")
    return rows.get(pk=gift.pk)


def _pending(gift: Gift, actor: Actor, now: datetime) -> Gift:
    held = _locked(gift)
    if not held.pending:
        raise NothingPending
    if is_behind(actor, held.pending_by_id, day=timezone.localdate(now)):
        raise NotAlone
    return held


def _pend(row: Gift, what: str, actor: Actor | None) -> None:
    row.pending, row.version = what, row.version + 1
    row.pending_by_id = actor.user_id if actor is not None and what else None
    row.pending_label = actor.label if actor is not None else ""


def _store(row: Gift) -> None:
    """Write the row: the database itself refuses a second gift. Raises OnListAlready."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise OnListAlready([FieldProblem("/family", OnListAlready.code, OnListAlready.message)]) from error


def _tell(action: str, row: Gift, actor: Actor, now: datetime, reason: str = "") -> None:
    data = {"calendar_day": row.festival}
    record(
        action=action,
        object=row,
        label=row.family.label,
        unit_path=row.unit_path,
        actor=actor,
        now=now,
        data=data,
        reason=reason,
    )
