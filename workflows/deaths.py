"""Somebody of a family has died, with all that follows for those who are left (domain.md E2)."""

from __future__ import annotations

from datetime import date, datetime

from backend.audit.history import collect
from backend.cases import families
from backend.cases.models import Person
from backend.org.access import Actor
from workflows import condolences, store, subsidy_exits


def record_death(*, person: Person, died_on: date, actor: Actor, now: datetime) -> Person:
    """The dead get no letter, greeting or visit any more. Who is left behind becomes tier A, for twelve months by table
    D03, and is visited within 24 hours (D06): that is the visit of condolence; a gift on its way comes quietly (D21).
    When nobody is left, everything stops.

    Raises AlreadyDead, InFuture.
    """
    with collect():
        dead = families.record_death(person=person, died_on=died_on, actor=actor, now=now)
        store.relabel(dead.family)
        subsidy_exits.person_died(person=dead, actor=actor, now=now)
        condolences.judge_again(now, family=dead.family_id)
    return dead
