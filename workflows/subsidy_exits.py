"""Exits at their doors: a change is reported by hand, by an event on file, or found by night; an appeal is taken in."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from backend.audit.history import collect
from backend.cases.models import Family, Person
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.org.working_days import add_working_days, end_of_day
from backend.rights.offices import office_for
from backend.subsidies import exits
from backend.subsidies.exits import ExitOpen, NotInForce
from backend.subsidies.models import Entitlement, Exit, ReviewCheck
from workflows import services
from workflows.activities import office_of

PROCESS = "subsidy_exit"
DEATH, MOVED_OUT = "death", "moved_out"
"""What is found on file; codes of the list subsidy_change."""
CHECK_DAYS = 3
"""Working days in which the caseworker looks into a report; payments stop within ten days whatever happens."""


def report(
    *, entitlement: Entitlement, reason: str, happened_on: date, source: str, actor: Actor, now: datetime,
    check: ReviewCheck | None = None, reported_on: date | None = None, evidence: str = "",
) -> Exit:  # fmt: skip
    """Somebody says what changed: the row, and the process that looks into it. Raises BadChange, GivenOnce,
    NotInForce, ExitOpen."""
    with collect():
        row = exits.report(
            entitlement=entitlement, reason=reason, happened_on=happened_on, source=source, check=check,
            reported_on=reported_on, evidence=evidence, actor=actor, now=now,
        )  # fmt: skip
        data = {
            "exit": str(row.pk),
            "reference": row.number,
            "village": str(row.unit_id),
            "office": str(office_of(row.unit).pk),
            "county": str(county_of(row.unit).pk),
            "independent": str(office_for("auditor", place=row.unit, about=None, day=timezone.localdate(now)).pk),
            "check_by": end_of_day(add_working_days(timezone.localdate(now), CHECK_DAYS)).isoformat(),
            "stop_by": end_of_day(exits.stop_by(row, now)).isoformat(),
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        Exit.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def person_died(*, person: Person, actor: Actor, now: datetime) -> int:
    """What somebody was entitled to is looked into as soon as the death is on file (E2); returns how many exits."""
    if person.died_on is None:
        return 0
    held = Entitlement.objects.going_on().filter(person=person)
    return sum(_begun(each, DEATH, person.died_on, actor, now) for each in held.order_by("number"))


def find_events(now: datetime) -> int:
    """By night: whoever died or moved away and is still entitled; returns how many exits began. Twice is harmless."""
    held = Entitlement.objects.going_on().filter(_not_looked_into())
    begun = 0
    for each in held.select_related("person__family__unit").order_by("number"):
        died = each.person.died_on
        reason, day = (DEATH, died) if died else (MOVED_OUT, timezone.localdate(now))
        begun += _begun(each, reason, day, SYSTEM, now)
    return begun


def appeal(*, row: Exit, text: str, actor: Actor, now: datetime) -> None:
    """An appeal goes to somebody who had no hand in it. Raises NoTimeToAppeal."""
    with collect():
        exits.take_appeal(row=row, text=text, actor=actor, now=now)
        if row.instance_id is not None:
            services.send_message(instance_id=row.instance_id, name="appeal_lodged", data={}, actor=actor, now=now)


def county_of(unit: Unit) -> Unit:
    """The county in which a village lies; the highest unit there is where none is set up."""
    above = unit
    while above.kind != Unit.Kind.COUNTY and above.parent is not None:
        above = above.parent
    return above


def _not_looked_into() -> Q:
    """Who died, or moved away and lives, and no exit began for that. Whoever died while a move was looked into, or
    after an earlier death on file turned out to be none, is found: the one decides nothing about the other."""
    begun = Exit.objects.filter(entitlement=OuterRef("pk"), source=Exit.Source.EVENT)
    death = begun.filter(created_at__date__gte=OuterRef("person__died_on")).exclude(reason=MOVED_OUT)
    dead = Q(~Exists(death), person__died_on__isnull=False)
    moved = Q(person__died_on__isnull=True, person__family__status=Family.Status.MOVED)
    return dead | (moved & Q(~Exists(begun.exclude(reason=DEATH))))


def _begun(entitlement: Entitlement, reason: str, day: date, actor: Actor, now: datetime) -> bool:
    with suppress(ExitOpen, NotInForce), transaction.atomic():
        report(entitlement=entitlement, reason=reason, happened_on=day, source=Exit.Source.EVENT, actor=actor, now=now)
        return True
    return False
