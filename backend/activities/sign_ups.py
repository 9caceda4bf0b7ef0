"""Signing up for an activity: places under a lock, a waiting list, children only with their guardian's consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities import volunteers
from backend.activities.models import Activity, SignUp
from backend.audit.history import record
from backend.cases.models import Family
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.models import Helper
from backend.org.access import Actor

State = SignUp.State


class NoSignUp(Conflict):
    """It is not published, or sign-up is over."""

    code = "no_sign_up"
    message = _("Nobody can sign up for this activity now.")


class GuardianMissing(Invalid):
    """A child takes part only with the guardian's consent (未保法 72, PIPL 31)."""

    code = "guardian_missing"
    message = _("For a child the guardian's name and the day of consent are needed.")


class SignedUpAlready(Conflict):
    """This volunteer is on the list."""

    code = "signed_up_already"
    message = _("This volunteer has signed up already.")


class UnfitVolunteer(Invalid):
    """A ban, missing papers or a tender age keep a volunteer from this activity (P11, E22, E29)."""

    code = "unfit_volunteer"
    message = _("This volunteer cannot help to hold this activity.")


class NotOver(Conflict):
    """Who was there is known when it is over."""

    code = "not_over"
    message = _("Attendance can be told once the activity has begun.")


class NotOnList(Conflict):
    """The sign-up was taken back, or never had a place."""

    code = "not_on_list"
    message = _("This person has no place any more.")


@dataclass(frozen=True)
class Person:
    """Who signs up. `helper`: a volunteer who helps to hold it and takes no place."""

    name: str
    phone: str = ""
    family: Family | None = None
    helper: Helper | None = None
    minor: bool = False
    guardian: str = ""
    guardian_consented_on: date | None = None


def sign_up(*, activity: Activity, person: Person, actor: Actor, now: datetime) -> SignUp:
    """A place, or one on the waiting list. Raises NoSignUp, GuardianMissing, SignedUpAlready,
    UnfitVolunteer."""
    held = _locked(activity)
    if not held.takes_sign_ups(now):
        raise NoSignUp
    _check(held, person, now)
    made = SignUp.objects.create(
        activity=held, name=person.name, phone=person.phone, family=person.family, helper=person.helper,
        minor=person.minor, guardian=person.guardian if person.minor else "",
        guardian_consented_on=person.guardian_consented_on if person.minor else None,
        state=State.PLACED if person.helper is not None or _has_place(held) else State.WAITING,
        registered_label=actor.label, created_at=now,
    )  # fmt: skip
    _tell(made, "activity.signed_up", actor, now)
    return made


def withdraw(*, row: SignUp, actor: Actor, now: datetime) -> None:
    """Taken back: whoever waits longest moves up. Raises NotOnList."""
    activity = _locked(row.activity)
    row.refresh_from_db()
    if row.state not in {State.PLACED, State.WAITING}:
        raise NotOnList
    row.state = State.WITHDRAWN
    _save(row, "activity.sign_up_withdrawn", actor, now)
    move_up(activity=activity, actor=actor, now=now)


def move_up(*, activity: Activity, actor: Actor, now: datetime) -> int:
    """Give free places to those who wait, in their order; returns how many moved up. The activity is locked."""
    moved = 0
    for row in activity.sign_ups.filter(state=State.WAITING).order_by("id"):
        if not _has_place(activity):
            break
        row.state = State.PLACED
        _save(row, "activity.moved_up", actor, now)
        moved += 1
    return moved


def mark(*, row: SignUp, attended: bool, actor: Actor, now: datetime) -> None:
    """Whether the person was there. Raises NotOver, NotOnList."""
    if now < row.activity.starts_at or row.activity.state not in {Activity.State.PUBLISHED, Activity.State.CLOSED}:
        raise NotOver
    if row.state in {State.WITHDRAWN, State.WAITING}:
        raise NotOnList
    row.state = State.ATTENDED if attended else State.ABSENT
    _save(row, "activity.attendance_marked", actor, now, {"attended": attended})


def move_to(*, activity: Activity, into: Activity, actor: Actor, now: datetime) -> int:
    """Everybody on the list signs up for the activity into which it was merged; returns how many."""
    target = _locked(into)
    rows = list(activity.sign_ups.filter(state__in=(State.PLACED, State.WAITING)).order_by("id"))
    there = set(target.sign_ups.valid().filter(helper__isnull=False).values_list("helper_id", flat=True))
    for row in rows:
        if row.helper_id is not None and row.helper_id in there:
            row.state = State.WITHDRAWN
        else:
            row.activity = target
            row.state = State.PLACED if row.helper_id is not None or _has_place(target) else State.WAITING
        row.version += 1
        row.save()
    return len(rows)


def volunteers_there(activity: Activity) -> list[Helper]:
    """Volunteers who helped to hold it."""
    rows = activity.sign_ups.filter(state=State.ATTENDED, helper__isnull=False).select_related("helper__unit")
    return [row.helper for row in rows.order_by("id") if row.helper is not None]


def counts(activity: Activity) -> dict[str, int]:
    """Numbers without names: what everybody but the organiser sees."""
    rows = list(activity.sign_ups.valid())
    guests = [row for row in rows if row.helper_id is None]
    there = [row for row in guests if row.state == State.ATTENDED]
    waiting = sum(row.state == State.WAITING for row in guests)
    return {
        "placed": len(guests) - waiting,
        "waiting": waiting,
        "attended": len(there),
        "attended_minors": sum(row.minor for row in there),
        "volunteers": len(rows) - len(guests),
    }


# --- parts


def _locked(activity: Activity) -> Activity:
    """The row, locked: two who want the last place come one after the other."""
    return prepared.found(Activity, activity.pk, follow=("unit",), lock=True)


def _has_place(activity: Activity) -> bool:
    if activity.places is None:
        return True
    taken = activity.sign_ups.filter(helper__isnull=True).exclude(state__in=(State.WITHDRAWN, State.WAITING))
    return taken.count() < activity.places


def _check(activity: Activity, person: Person, now: datetime) -> None:
    if person.minor:
        missing = [] if person.guardian.strip() else ["guardian"]
        day = person.guardian_consented_on
        if day is None or day > timezone.localdate(now):
            missing.append("guardian_consented_on")
        if missing:
            message = GuardianMissing.message
            raise GuardianMissing([FieldProblem(f"/{name}", GuardianMissing.code, message) for name in missing])
    if person.helper is None:
        return
    if activity.sign_ups.valid().filter(helper=person.helper).exists():
        raise SignedUpAlready
    day = timezone.localdate(activity.starts_at)
    found = volunteers.obstacles(helper=person.helper, day=day, risky=activity.outdoors, with_minors=activity.minors)
    if found:
        raise UnfitVolunteer([FieldProblem("/helper", each, volunteers.OBSTACLES[each]) for each in found])


def _save(row: SignUp, action: str, actor: Actor, now: datetime, data: dict[str, bool] | None = None) -> None:
    row.version += 1
    row.save()
    _tell(row, action, actor, now, data)


def _tell(row: SignUp, action: str, actor: Actor, now: datetime, data: dict[str, bool] | None = None) -> None:
    """History tells the activity, never who signed up."""
    record(action=action, object=row.activity, actor=actor, now=now, data=data)
