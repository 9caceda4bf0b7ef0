"""What happens outside and is entered by whoever hears of it: cases opened, subsidies applied for, people who die, move
or refuse, soldiers whose discharge is told; and what an office does without a work item: batches begun."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from backend.cases.cases import LIVE, FamilyGone
from backend.cases.models import Case, Family, Person, Programme
from backend.helpers.models import Helper
from backend.org.models import Unit
from backend.payments import batches
from backend.subsidies.applications import AppliedAlready, Intake
from backend.subsidies.rules import Children
from tests.year.chance import Chance
from tests.year.places import SOLDIERS, officer
from workflows import cases, deaths, payments, services, subsidies, successions

OPENED = (date(2025, 12, 1), 10)
APPLIED = (date(2025, 11, 3), 8)
APPLIED_LATE = (date(2026, 1, 5), 7)
TOLD = date(2026, 2, 9)
"""When soldiers of spring hear when they go, …"""
LEAVES = date(2026, 3, 16)
"""… and when they do."""
SUBSIDY, LATE_SUBSIDY = 0.48, 0.03
"""Families that apply for a monthly subsidy in autumn, or for a yearly one in January; who is too young does not."""
DEATHS, MOVES, REFUSALS = 0.012, 0.01, 0.01
PAY_DAY = 20
BEREAVED = Children(state="dead", ever=1, living=0, certificate="死亡证明 12 号", certificate_on="2015-06-01")
ONE_CHILD = Children(state="living", ever=1, living=1)
SPECIAL, REWARD = "special_support", "reward_support"


@dataclass(frozen=True)
class Event:
    """What happens to whom: the name of a function here, and an id."""

    what: str
    about: UUID
    more: str = ""


Diary = dict[date, list[Event]]


def diary(chance: Chance) -> Diary:
    """Everything that will happen, by day: the same in every process."""
    days: Diary = defaultdict(list)
    for family in Family.objects.order_by("unit__path", "number").only("id", "number"):
        for day, event in _of_family(family, chance):
            days[day].append(event)
    for helper in Helper.objects.filter(number__startswith=SOLDIERS["spring"].prefix).order_by("number"):
        days[TOLD + timedelta(days=chance.number(0, 4, helper.number))].append(Event("tell_discharge", helper.pk))
    for county in Unit.objects.filter(kind=Unit.Kind.COUNTY):
        for month in range(1, 13):
            days[date(2026, month, PAY_DAY)].append(Event("pay", county.pk))
    return days


def _of_family(family: Family, chance: Chance) -> Iterator[tuple[date, Event]]:
    def day(begin: date, length: int, what: str) -> date:
        return begin + timedelta(days=chance.number(0, length - 1, what, family.number))

    yield day(*OPENED, "opened"), Event("open_case", family.pk)
    applies = chance("subsidy", family.number)
    if applies < SUBSIDY:
        yield day(*APPLIED, "applied"), Event("apply", family.pk, SPECIAL)
    elif applies < SUBSIDY + LATE_SUBSIDY:
        yield day(*APPLIED_LATE, "applied"), Event("apply", family.pk, REWARD)
    fate = chance("fate", family.number)
    for what, share in (("die", DEATHS), ("move", MOVES), ("refuse", REFUSALS)):
        if fate < share:
            yield day(date(2026, 1, 10), 330, what), Event(what, family.pk)
            return
        fate -= share


# --- what each is -----------------------------------------------------------------------------------------------------


def open_case(event: Event, now: datetime) -> None:
    """The township takes a family into the programme."""
    family = _family(event)
    programme = Programme.objects.get(code="jmgj")
    town = family.unit.parent or family.unit
    cases.start_case(family=family, programme=programme, actor=officer("caseworker", town), now=now)


def apply(event: Event, now: datetime) -> None:
    """The village writes an application down for the oldest of a family, who declares what the programme asks for."""
    family, today = _family(event), timezone.localdate(now)
    person = _applicant(family)
    if person is None:
        return
    is_special = event.more == SPECIAL
    children = BEREAVED if is_special else ONE_CHILD
    intake = Intake(
        kind=event.more, year=subsidies.programme_year(path=family.unit.path, day=today), family=family, person=person,
        children=children, channel="proxy", declared_on=today, papers=("form", "identity"),
        account=f"62170001{family.pk.int % 10**11:011d}",
    )  # fmt: skip
    subsidies.apply(intake=intake, actor=officer("village", family.unit), now=now)


def _applicant(family: Family) -> Person | None:
    """The oldest woman who is old enough for any subsidy."""
    women = family.persons.filter(status="present", sex="2")
    return women.filter(birth_date__range=("1933-01-01", "1965-12-31")).order_by("birth_date", "id").first()


def die(event: Event, now: datetime) -> None:
    """The oldest of the family has died."""
    family = _family(event)
    person = family.persons.filter(died_on__isnull=True).order_by("birth_date", "id").first()
    if person is not None:
        actor = officer("village", family.unit)
        deaths.record_death(person=person, died_on=timezone.localdate(now) - timedelta(days=1), actor=actor, now=now)


def move(event: Event, now: datetime) -> None:
    """The family has left the county."""
    _send(event, "family_moved", {"to": "out_of_county", "moved_on": timezone.localdate(now).isoformat()}, now)


def refuse(event: Event, now: datetime) -> None:
    """The family wants nobody any more."""
    _send(event, "family_refused", {"level": "all"}, now)


def tell_discharge(event: Event, now: datetime) -> None:
    """A soldier's last day is known."""
    helper = Helper.objects.get(pk=event.about)
    town = helper.unit if helper.unit.kind == Unit.Kind.TOWN else helper.unit.parent or helper.unit
    actor = officer("caseworker", town)
    successions.announce_leaving(helper=helper, leaving_on=LEAVES, reason="discharged", actor=actor, now=now)


def pay(event: Event, now: datetime) -> None:
    """The month's payment batches are begun, for each programme in which something is owed."""
    county, today = Unit.objects.get(pk=event.about), timezone.localdate(now)
    for programme in (SPECIAL, REWARD):
        if batches.payable_for(unit=county, programme=programme, pay_on=today).exists():
            payments.start_batch(unit=county, programme=programme, actor=officer("finance", county), now=now)


def _send(event: Event, name: str, data: dict[str, Any], now: datetime) -> None:
    for case in Case.objects.filter(family=event.about, state__in=LIVE).select_related("unit__parent"):
        actor = officer("caseworker", case.unit.parent or case.unit)
        services.send_to_case(case=case, name=name, data=data, actor=actor, now=now)


def _family(event: Event) -> Family:
    return Family.objects.select_related("unit__parent").get(pk=event.about)


EVENTS = {each.__name__: each for each in (open_case, apply, die, move, refuse, tell_discharge, pay)}
EXPECTED = (AppliedAlready, FamilyGone)
"""What may have come before the event: nothing happens then."""
