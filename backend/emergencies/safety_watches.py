"""When somebody whose capacity is in doubt says no (E27): relatives and two witnesses are heard, a supervisor decides,
then nothing but short looks whether the person is safe, gone over every month by the same named person.

A refusal of somebody who understands it is never overridden, nor one that guardian or kin stand by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.emergencies.models import SafetyCheck, SafetyWatch
from backend.org import parameters
from backend.org.access import Actor

KEY = "safety_watch.rules"
CHECK_DAYS, REVIEW_DAYS = 7, 30
"""Where the parameter is not set."""
NO_DOUBT, REFUSES = "none", "refuses"


class WatchedAlready(Conflict):
    """A family has one watch at a time."""

    code = "watched_already"
    message = _("This family's refusal is being looked into already.")


class RefusalCounts(Invalid):
    """Nobody overrides a refusal that is one."""

    code = "refusal_counts"
    message = _("The person understands it, or the relatives stand by it: the refusal counts.")


class TwoWitnesses(Invalid):
    """Two people have to have been there, neither of them the one who writes it down."""

    code = "two_witnesses"
    message = _("Name two different witnesses, neither of them yourself.")


def begin(*, case: Case, because: str, actor: Actor, now: datetime) -> SafetyWatch:
    """Somebody doubts that the person understood what was refused. Raises WatchedAlready."""
    try:
        with transaction.atomic():
            row = SafetyWatch.objects.create(
                case=case, doubted_because=because, begun_label=actor.label, created_at=now
            )
    except IntegrityError:
        raise WatchedAlready from None
    _tell("safety_watch.begun", row, actor, now)
    return row


def hear(*, watch: SafetyWatch, heard: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """What relatives and witnesses say. Raises TwoWitnesses."""
    first, second = (str(heard[name]).strip() for name in ("witness_1", "witness_2"))
    if first == second or actor.label.startswith((first, second)):
        raise TwoWitnesses([FieldProblem("/witness_2", TwoWitnesses.code, TwoWitnesses.message)])
    watch.ground, watch.relative_says = str(heard["ground"]), str(heard["relative_says"])
    watch.relative = str(heard.get("relative") or "")
    watch.witnesses, watch.heard_label = f"{first}、{second}", actor.label
    _move(watch, "safety_watch.heard", actor, now)


def decide(*, watch: SafetyWatch, is_watched: bool, actor: Actor, now: datetime) -> None:
    """The supervisor decides and looks after it every month. Raises RefusalCounts."""
    if not is_watched:
        end(watch=watch, outcome="refusal_counts", actor=actor, now=now)
        return
    if watch.ground == NO_DOUBT or watch.relative_says == REFUSES:
        raise RefusalCounts([FieldProblem("/watch_decision", RefusalCounts.code, RefusalCounts.message)])
    watch.state, watch.named_id = SafetyWatch.State.WATCHED, actor.user_id
    watch.review_on = timezone.localdate(next_review(watch, now))
    _move(watch, "safety_watch.decided", actor, now)


def check(*, watch: SafetyWatch, found: str, note: str, actor: Actor, now: datetime) -> SafetyCheck:
    """Somebody looked whether the person is safe."""
    row = SafetyCheck.objects.create(watch=watch, at=now, found=found, note=note, label=actor.label, created_at=now)
    _move(watch, "safety_watch.checked", actor, now, safety=found)
    return row


def review(*, watch: SafetyWatch, goes_on: bool, outcome: str, actor: Actor, now: datetime) -> None:
    """The named person's monthly word."""
    if not goes_on:
        end(watch=watch, outcome=outcome, actor=actor, now=now)
        return
    watch.review_on = timezone.localdate(next_review(watch, now))
    _move(watch, "safety_watch.reviewed", actor, now)


def end(*, watch: SafetyWatch, outcome: str, actor: Actor, now: datetime) -> None:
    """Nobody looks any more."""
    watch.state, watch.outcome, watch.ended_at, watch.review_on = SafetyWatch.State.ENDED, outcome, now, None
    _move(watch, "safety_watch.ended", actor, now, safety_outcome=outcome)


def next_check(watch: SafetyWatch, now: datetime) -> datetime:
    """When somebody looks again."""
    return now + timedelta(days=_number("check_days", CHECK_DAYS, watch, now))


def next_review(watch: SafetyWatch, now: datetime) -> datetime:
    """When the named person looks at it again."""
    return now + timedelta(days=_number("review_days", REVIEW_DAYS, watch, now))


def _number(name: str, default: int, watch: SafetyWatch, now: datetime) -> int:
    rules = parameters.value(KEY, path=watch.unit_path, day=timezone.localdate(now), default={})
    return int(rules.get(name, default))


def _move(watch: SafetyWatch, action: str, actor: Actor, now: datetime, **data: str) -> None:
    watch.version += 1
    watch.save()
    _tell(action, watch, actor, now, **data)


def _tell(action: str, watch: SafetyWatch, actor: Actor, now: datetime, **data: str) -> None:
    record(action=action, object=watch, actor=actor, now=now, data=data)
