"""The outbox: what somebody shall hear is written down in the transaction that is the reason for it.

Rolled back, it was never intended; committed, it is sent once: the key is unique, whatever calls again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from backend.audit.history import id_of, kind_of, place_of
from backend.core.jobs import enqueue
from backend.org.models import Unit, User
from backend.reminders.kinds import KINDS
from backend.reminders.models import Reminder

AT_ONCE = "reminders.send_urgent"


@dataclass(frozen=True)
class To:
    """Who shall hear it: whoever holds a role at a unit, a user, or a helper; deputies when they are away.

    Made by `role_at`, `one_user`, `one_helper`.
    """

    role: str = ""
    unit_id: UUID | None = None
    user_id: UUID | None = None
    helper_id: UUID | None = None


def role_at(role: str, unit: Unit | UUID) -> To:
    """Whoever holds the role at this unit when it is sent; with nobody there, at the nearest unit above."""
    return To(role=role, unit_id=unit.pk if isinstance(unit, Unit) else unit)


def one_user(user: User | UUID) -> To:
    """This user, or whoever stands in."""
    return To(user_id=user.pk if isinstance(user, User) else user)


def one_helper(helper_id: UUID) -> To:
    """This helper, with or without an account."""
    return To(helper_id=helper_id)


def intend(
    kind: str,
    *,
    to: To,
    key: str,
    now: datetime,
    about: models.Model | None = None,
    family_id: UUID | None = None,
    case_id: UUID | None = None,
    unit_path: str = "",
    label: str = "",
    label_en: str = "",
    page: str = "",
    closed_to: UUID | None = None,
    urgent: bool | None = None,
) -> None:
    """Write down that somebody shall hear something of this kind (see kinds.py), once for this key.

    `about`: the row it is about; family, case and place are taken from it where it has them. `label`: a title and a
    number for those who log in, never a name. `page`: where a click leads, a path of this site. `closed_to`: the user
    whom it concerns and who must not hear it. `urgent`: at once, also at night (default: as the kind says). Raises
    KeyError for an unknown kind.
    """
    pressing = KINDS[kind].urgent if urgent is None else urgent
    reminder = reminder_for(
        to,
        kind=kind,
        key=key,
        about_kind=kind_of(about),
        about_id=about.pk if about is not None and isinstance(about.pk, UUID) else None,
        family_id=family_id or id_of(about, "family"),
        case_id=case_id or id_of(about, "case"),
        unit_path=unit_path or place_of(about),
        label=label[:200],
        label_en=label_en[:200],
        page=page,
        closed_to=closed_to,
        urgent=pressing,
        created_at=now,
    )
    intend_all([reminder])
    if pressing:
        enqueue(AT_ONCE, queueing_lock=AT_ONCE)


def reminder_for(to: To, **told: Any) -> Reminder:
    """A reminder to them that is not stored yet."""
    return Reminder(role=to.role, unit_id=to.unit_id, user_id=to.user_id, helper_id=to.helper_id, **told)


def intend_all(reminders: Iterable[Reminder]) -> None:
    """Many at once, by one statement; those whose key is there already stay as they were."""
    Reminder.objects.bulk_create(list(reminders), ignore_conflicts=True)


def withdraw(about: models.Model, *, now: datetime) -> None:
    """What was not sent yet about this thing is never sent: it was answered, or called off."""
    waiting = _about(about)
    waiting.filter(state=Reminder.State.INTENDED).update(
        state=Reminder.State.DROPPED, why=Reminder.Why.DONE, told_at=now, send_at=None
    )
    waiting.filter(send_at__isnull=False).update(send_at=None)


def forget(about: models.Model, *, now: datetime) -> None:
    """Withdraw what was not sent yet about this thing, and take the words out of what was: nothing of it is kept.

    That somebody was reminded of something stays, as after the time that words are kept (see retention.py).
    """
    withdraw(about, now=now)
    _about(about).update(label="", label_en="", page="")


def _about(thing: models.Model) -> models.QuerySet[Reminder]:
    return Reminder.objects.filter(about_kind=kind_of(thing), about_id=thing.pk)
