"""Bans from volunteering (E22): proposed by one person, confirmed by another, appealed against before a third.

Only a confirmed one is in force: service and pairings end, stars go, verified hours stay on record.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities import rules, stars, volunteers
from backend.activities.models import Ban
from backend.activities.notices import notify_supervisors
from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.helpers.models import Helper
from backend.helpers.pairings import check_reason, months_later
from backend.org.access import Actor
from backend.org.models import User
from backend.org.powers import is_behind

State = Ban.State
WAITING = _("A ban from volunteering waits for the second signature")
APPEALED = _("An appeal against a ban waits for an answer")


class OwnBan(NotAllowed):
    """Nobody decides about oneself."""

    code = "own_ban"
    message = _("This is about yourself: somebody else has to decide.")


class BadTerm(Invalid):
    """A ban ends on a day to come, at most after the longest term; or it has no end."""

    code = "bad_term"
    message = _("The end of the ban lies in the past or too far ahead.")


class ProposedAlready(Conflict):
    """One ban at a time."""

    code = "ban_proposed_already"
    message = _("A ban of this person waits for the second signature already, or is in force.")


class SecondPerson(NotAllowed):
    """Whoever proposed it, or signed it, has had a say."""

    code = "second_person_needed"
    message = _("Somebody who had no part in it so far has to decide this.")


class NotInState(Conflict):
    """It was decided in the meantime."""

    code = "ban_state"
    message = _("This ban is in another state: look again.")


def propose(
    *, helper: Helper, reason: str, to_date: date | None, note: str, user: User, actor: Actor, now: datetime
) -> Ban:
    """Lay a ban before somebody else; nothing happens yet. `reason`: code list `ban_reason`; no `to_date`: for good.
    Raises UnknownReason, BadTerm, OwnBan, ProposedAlready."""
    check_reason("ban_reason", reason)
    _not_about(helper, actor, now)
    today = timezone.localdate(now)
    _check_term(helper, to_date, today)
    if Ban.objects.on(today).filter(helper=helper).exists():
        raise ProposedAlready
    try:
        with transaction.atomic():
            row = Ban.objects.create(
                helper=helper, from_date=today, to_date=to_date, reason=reason, note=note, state=State.PROPOSED,
                proposed_by=user, proposed_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise ProposedAlready from error
    _tell(row, "ban.proposed", actor, now, ban_reason=reason, until=_until(row))
    notify_supervisors(
        unit=helper.unit, text=WAITING, about=row, key=f"ban:{row.pk}:proposed", page="/bans/",
        closed_to=helper.user_id, now=now,
    )  # fmt: skip
    return row


def confirm(*, ban: Ban, user: User, actor: Actor, now: datetime) -> Ban:
    """The second signature: from today on nobody serves against whom it is. Raises NotInState, SecondPerson, OwnBan,
    BadTerm when its term has passed meanwhile."""
    row, today = _second(ban, actor, now), timezone.localdate(now)
    _check_term(row.helper, row.to_date, today)
    row.state, row.from_date = State.IN_FORCE, today
    row.decided_by, row.decided_label = user, actor.label
    row.save()
    told = {"ban_reason": row.reason, "until": _until(row), "helper_name": row.helper.name}
    _tell(row, "volunteer.banned", actor, now, **told)
    volunteers.stop(helper=row.helper, reason=row.reason, actor=actor, now=now)
    stars.withdraw(helper=row.helper, actor=actor, now=now)
    return row


def decline(*, ban: Ban, reason: str, user: User, actor: Actor, now: datetime) -> Ban:
    """No second signature. Raises NotInState, SecondPerson, OwnBan."""
    row = _second(ban, actor, now)
    row.state, row.decided_by, row.decided_label = State.DECLINED, user, actor.label
    row.save()
    record(action="ban.declined", object=row, actor=actor, now=now, reason=reason)
    return row


def appeal(*, ban: Ban, text: str, actor: Actor, now: datetime) -> Ban:
    """The person objects, once; the words are kept encrypted. Raises NotInState."""
    row = _locked(ban, State.IN_FORCE)
    if row.appealed_at is not None:
        raise NotInState
    row.appeal, row.appealed_at = text, now
    row.save()
    _tell(row, "ban.appealed", actor, now)
    notify_supervisors(
        unit=row.helper.unit, text=APPEALED, about=row, key=f"ban:{row.pk}:appealed", page="/bans/",
        closed_to=row.helper.user_id, now=now,
    )  # fmt: skip
    return row


def settle(*, ban: Ban, lifted: bool, answer: str, user: User, actor: Actor, now: datetime) -> Ban:
    """A third person answers the appeal: it stays, or is lifted. What has ended does not begin again by itself, but
    they may register anew. Raises NotInState, SecondPerson, OwnBan."""
    row = _locked(ban, State.IN_FORCE)
    _not_about(row.helper, actor, now)
    if row.appealed_at is None or row.settled_by_id is not None:
        raise NotInState
    if is_behind(actor, row.proposed_by_id, row.decided_by_id, day=timezone.localdate(now)):
        raise SecondPerson
    row.settled_by, row.settled_label, row.answer = user, actor.label, answer
    row.state = State.LIFTED if lifted else State.IN_FORCE
    row.save()
    _tell(row, "ban.lifted" if lifted else "ban.upheld", actor, now)
    return row


# --- parts


def _second(ban: Ban, actor: Actor, now: datetime) -> Ban:
    """The proposal, before somebody who may sign it."""
    row = _locked(ban, State.PROPOSED)
    _not_about(row.helper, actor, now)
    if is_behind(actor, row.proposed_by_id, day=timezone.localdate(now)):
        raise SecondPerson
    return row


def _locked(ban: Ban, state: str) -> Ban:
    row = prepared.found(Ban, ban.pk, follow=("helper__unit",), lock=True)
    if row.state != state:
        raise NotInState
    return row


def _not_about(helper: Helper, actor: Actor, now: datetime) -> None:
    if is_behind(actor, helper.user_id, day=timezone.localdate(now)):
        raise OwnBan


def _check_term(helper: Helper, to_date: date | None, today: date) -> None:
    most = int(rules.of_volunteers(helper.unit_path, today)["longest_ban_months"])
    if to_date is not None and not today < to_date <= months_later(today, most):
        raise BadTerm([FieldProblem("/to_date", BadTerm.code, BadTerm.message)])


def _until(row: Ban) -> str:
    return row.to_date.isoformat() if row.to_date else ""


def _tell(row: Ban, action: str, actor: Actor, now: datetime, **data: str) -> None:
    record(action=action, object=row, actor=actor, now=now, data=data)
