"""Hours of service: claimed from records or by hand, placed by table D24, verified by somebody else (F23).

Counted in half hours: a started one does not count. Whoever served or claimed never verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities import rules
from backend.activities.models import Ban, HourClaim
from backend.activities.notices import notify
from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.core.jobs import enqueue
from backend.helpers.models import Helper
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import is_behind
from backend.org.working_days import due_at

HALF = timedelta(minutes=30)
LIVE = (HourClaim.State.CLAIMED, HourClaim.State.VERIFIED, HourClaim.State.ADJUSTED, HourClaim.State.DISPUTED)
"""States in which somebody else cannot claim the same time again."""


class BadSpan(Invalid):
    """The times contradict each other or the clock."""

    code = "bad_span"
    message = _("The times are not right: the end lies after the beginning, in the past, and at most a day later.")


class TooShort(Invalid):
    """Less than half an hour."""

    code = "too_short"
    message = _("Hours count from half an hour on.")


class TooOld(Invalid):
    """So long ago that nobody can verify it."""

    code = "too_old"
    message = _("This is too long ago to be claimed.")


class OwnHours(NotAllowed):
    """Four eyes: nobody verifies hours of one's own giving or claiming (domain.md 3.0)."""

    code = "own_hours"
    message = _("These are your own hours, or you entered them: somebody else has to verify them.")


class DecidedBefore(NotAllowed):
    """A dispute goes to somebody who has not decided yet."""

    code = "decided_before"
    message = _("You decided about these hours before: somebody else has to look at the dispute.")


class NotDecided(Conflict):
    """There is nothing to dispute."""

    code = "not_decided"
    message = _("Only hours that were counted in another way, or not counted, can be disputed.")


class DisputedAlready(Conflict):
    """A dispute is decided once."""

    code = "disputed_already"
    message = _("This was disputed before, and decided.")


class MoreThanClaimed(Invalid):
    """Nobody is given more than was claimed."""

    code = "more_than_claimed"
    message = _("At most as many hours as were claimed can count.")


@dataclass(frozen=True)
class Stretch:
    """What somebody did, from when to when, and what shows it."""

    content: str
    """Code list `service_content`."""
    started_at: datetime
    ended_at: datetime
    evidence: str
    """Code list `hours_evidence`."""
    place: Unit | None = None
    confirmation: str = "waived"
    note: str = ""

    @property
    def half_hours(self) -> int:
        """Full half hours."""
        return int((self.ended_at - self.started_at) // HALF)


def claim_by_hand(*, helper: Helper, stretch: Stretch, actor: Actor, now: datetime) -> HourClaim:
    """Hours that no visit and no activity tells of. Raises BadSpan, TooShort, TooOld.

    The caller has it verified (workflows.hours.have_verified).
    """
    begin, end = stretch.started_at, stretch.ended_at
    if end <= begin or end > now:
        raise BadSpan([FieldProblem("/ended_at", BadSpan.code, BadSpan.message)])
    if stretch.half_hours < 1:
        raise TooShort([FieldProblem("/ended_at", TooShort.code, TooShort.message)])
    oldest = timedelta(days=int(_rules(helper, now)["claim_days"]))
    if now - end > oldest:
        raise TooOld([FieldProblem("/started_at", TooOld.code, TooOld.message)])
    return _create(helper, HourClaim.Source.MANUAL, None, stretch, actor, now, now)


def claim_attendance(
    *, helper: Helper, activity: UUID, stretch: Stretch, actor: Actor, now: datetime
) -> HourClaim | None:
    """Hours of a volunteer who was at an activity: call it when the attendance is recorded, in its transaction.

    `activity`: its id, one claim for each activity and volunteer; said again, nothing happens and None comes back. What
    follows (table D24, verification) happens in a job queued here. `stretch.evidence`: `sign_in` for a list signed at
    the door, `leader` for one that the leader filled in; whoever records attendance is told to history as the claimant
    and cannot verify it. A stay of less than half an hour makes no claim.
    """
    return _from_record(helper, HourClaim.Source.ACTIVITY, activity, stretch, actor, now, now)


def claim_visit(
    *, helper: Helper, visit: UUID, stretch: Stretch, recorded_at: datetime, actor: Actor, now: datetime
) -> HourClaim | None:
    """Hours of a visit that was made and recorded; `actor`: who wrote the record. Each visit once."""
    return _from_record(helper, HourClaim.Source.VISIT, visit, stretch, actor, recorded_at, now)


def facts(claim: HourClaim) -> Mapping[str, Any]:
    """What table D24 looks at: codes and numbers, nobody's name."""
    day, others = timezone.localdate(claim.started_at), _others(claim)
    return {
        "banned": Ban.objects.on(day).filter(helper=claim.helper_id).exists(),
        "hours": claim.claimed / 2,
        "overlap": _overlap(claim, others),
        "evidence": claim.evidence,
        "confirmation": claim.confirmation,
        "source": claim.source,
        "day_hours": (_of_day(claim, others) + claim.claimed) / 2,
        "days_late": (timezone.localdate(claim.claimed_at) - timezone.localdate(claim.ended_at)).days,
    }


def place(*, claim: HourClaim, route: str, reason: str, actor: Actor, now: datetime) -> datetime:
    """Who decides, by table D24, and by when. What the table counts or refuses by itself is decided at once."""
    claim.route, claim.flags = route, [] if reason == "all_met" else [reason]
    days = int(_rules(claim.helper, now)["verify_working_days"])
    claim.due_at = due_at(now, f"{days}wd")
    if route == "auto":
        _decide(claim, HourClaim.State.VERIFIED, claim.claimed, actor, now)
    elif route == "reject":
        _decide(claim, HourClaim.State.REJECTED, 0, actor, now)
    else:
        _move(claim, "hours.placed", actor, now, {"route": route, "hours_flag": reason})
    return claim.due_at


def verify(*, claim: HourClaim, half_hours: int, reason: str, actor: Actor, now: datetime) -> None:
    """Somebody else counts all of them, some, or none. Raises OwnHours, MoreThanClaimed."""
    check_other(claim, actor, now)
    if half_hours > claim.claimed:
        raise MoreThanClaimed([FieldProblem("/hours", MoreThanClaimed.code, MoreThanClaimed.message)])
    claim.reason, claim.verified_by_id = reason, actor.user_id
    if half_hours == 0:
        _decide(claim, HourClaim.State.REJECTED, 0, actor, now)
    elif half_hours < claim.claimed:
        _decide(claim, HourClaim.State.ADJUSTED, half_hours, actor, now)
    else:
        _decide(claim, HourClaim.State.VERIFIED, half_hours, actor, now)


def check_other(claim: HourClaim, actor: Actor, now: datetime) -> None:
    """Raises OwnHours when the actor served or claimed, DecidedBefore when the actor's own decision is disputed."""
    day = timezone.localdate(now)
    if is_behind(actor, claim.claimed_by_id, claim.helper.user_id, day=day):
        raise OwnHours
    if claim.state == HourClaim.State.DISPUTED and is_behind(actor, claim.verified_by_id, day=day):
        raise DecidedBefore


def dispute(*, claim: HourClaim, text: str, actor: Actor, now: datetime) -> HourClaim:
    """The volunteer does not agree. Raises NotDecided, DisputedAlready, TooOld.

    Somebody else than whoever decided looks at it again (workflows.hours.have_verified).
    """
    row = prepared.found(HourClaim, claim.pk, follow=("helper__unit", "unit"), lock=True)
    if row.disputed_at is not None:
        raise DisputedAlready
    if row.state not in {HourClaim.State.ADJUSTED, HourClaim.State.REJECTED} or row.verified_at is None:
        raise NotDecided
    if now - row.verified_at > timedelta(days=int(_rules(row.helper, now)["dispute_days"])):
        raise TooOld
    row.state, row.dispute, row.disputed_at = HourClaim.State.DISPUTED, text, now
    days = int(_rules(row.helper, now)["verify_working_days"])
    row.due_at = due_at(now, f"{days}wd")
    _move(row, "hours.disputed", actor, now, {})
    return row


def remind(*, claim: HourClaim, actor: Actor, now: datetime) -> None:
    """Nobody verified it in time."""
    _move(claim, "hours.overdue", actor, now, {})


# --- parts


def _from_record(
    helper: Helper, source: str, source_id: UUID, stretch: Stretch, actor: Actor, known_at: datetime, now: datetime
) -> HourClaim | None:
    if stretch.half_hours < 1:
        return None
    try:
        with transaction.atomic():  # the unique index refuses the second one and keeps the caller's transaction whole
            claim = _create(helper, source, source_id, stretch, actor, known_at, now)
    except IntegrityError:
        return None
    enqueue("hours.have_verified", lock=f"helper:{helper.pk}", claim_id=str(claim.pk), actor=actor.as_json())
    return claim


def _create(
    helper: Helper, source: str, source_id: UUID | None, stretch: Stretch, actor: Actor, known_at: datetime,
    now: datetime,
) -> HourClaim:  # fmt: skip
    claim = HourClaim.objects.create(
        helper=helper, unit=helper.unit, source=source, source_id=source_id, content=stretch.content,
        place=stretch.place, started_at=stretch.started_at, ended_at=stretch.ended_at, claimed=stretch.half_hours,
        evidence=stretch.evidence, confirmation=stretch.confirmation, note=stretch.note,
        claimed_by_id=actor.user_id, claimed_label=actor.label, claimed_at=known_at, created_at=now,
    )  # fmt: skip
    record(action="hours.claimed", object=claim, actor=actor, now=now, data=_told(claim) | {"hours_source": source})
    return claim


Other = tuple[datetime, datetime, int]
"""When another claim begins and ends, and its half hours."""


def _others(claim: HourClaim) -> list[Other]:
    """What else the volunteer claims of the same local day, or of the same time."""
    begin = _midnight(claim)
    that_day = Q(started_at__gte=begin, started_at__lt=begin + timedelta(days=1))
    that_time = Q(started_at__lt=claim.ended_at, ended_at__gt=claim.started_at)
    rows = HourClaim.objects.filter(that_day | that_time, helper=claim.helper_id, state__in=LIVE).exclude(pk=claim.pk)
    return list(rows.values_list("started_at", "ended_at", "claimed"))


def _overlap(claim: HourClaim, others: Iterable[Other]) -> str:
    """How it meets other claims of the volunteer: none, part (at two places at once), same (within another one)."""
    spans = [(begin, end) for begin, end, _count in others if begin < claim.ended_at and end > claim.started_at]
    if not spans:
        return "none"
    within = any(begin <= claim.started_at and claim.ended_at <= end for begin, end in spans)
    return "same" if within and claim.source == HourClaim.Source.MANUAL else "part"


def _of_day(claim: HourClaim, others: Iterable[Other]) -> int:
    """Half hours of the same local day that count or may yet count, without this claim."""
    begin = _midnight(claim)
    return sum(claimed for started_at, _end, claimed in others if begin <= started_at < begin + timedelta(days=1))


def _midnight(claim: HourClaim) -> datetime:
    return timezone.localtime(claim.started_at).replace(hour=0, minute=0, second=0, microsecond=0)


def _decide(claim: HourClaim, state: str, half_hours: int, actor: Actor, now: datetime) -> None:
    claim.state, claim.counted = HourClaim.State(state), half_hours
    claim.verified_label, claim.verified_at = actor.label, now
    data = {"counted": half_hours / 2, "hours_flag": claim.flags[0] if claim.flags else ""}
    _move(claim, f"hours.{state}", actor, now, data)
    if state != HourClaim.State.VERIFIED:
        key = f"hours:{claim.pk}:{claim.version}"
        text = _("Some of your hours were not counted: see why")
        notify(helper=claim.helper, text=text, about=claim, key=key, page="/hours/", now=now)


def _move(claim: HourClaim, action: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    claim.version += 1
    claim.save()
    record(action=action, object=claim, actor=actor, now=now, data={**_told(claim), **data}, reason=claim.reason)


def _told(claim: HourClaim) -> dict[str, Any]:
    return {"day": timezone.localdate(claim.started_at).isoformat(), "hours": claim.claimed / 2}


def _rules(helper: Helper, now: datetime) -> Mapping[str, Any]:
    return rules.of_hours(helper.unit_path, timezone.localdate(now))
