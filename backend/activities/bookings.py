"""Half hours in a video room, and families that eat at a canteen (G10, G15). Nothing of a conversation is kept."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ExclusionViolation

from backend.activities.models import Booking, Enrolment, Site
from backend.activities.sites import SiteClosed
from backend.audit.history import record
from backend.cases.models import Family
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import parameters
from backend.org.access import Actor

KEY = "site.booking_minutes"
MINUTES = 30
"""Where the parameter is not set."""
VIDEO_ROOM = "video_room"
CANTEENS = ("canteen", "mutual_home")
State = Booking.State
Row = TypeVar("Row", bound=models.Model)


class NoVideoRoom(Invalid):
    """Only video rooms are booked."""

    code = "no_video_room"
    message = _("Only a video room can be booked.")


class NoCanteen(Invalid):
    """Meals are at canteens and mutual-aid homes."""

    code = "no_canteen"
    message = _("Families eat at a canteen or mutual-aid home only.")


class OutsideHours(Invalid):
    """The room is not open then, or the time has passed."""

    code = "outside_hours"
    message = _("The room is not open then, or the time has passed; bookings begin on the full or half hour.")


class TimeTaken(Conflict):
    """Somebody else was faster."""

    code = "time_taken"
    message = _("This time is taken.")


class EnrolledAlready(Conflict):
    """The family eats there already."""

    code = "enrolled_already"
    message = _("This family is enrolled there already.")


class BookingOver(Conflict):
    """What took place cannot be taken back; what is to come cannot be told."""

    code = "booking_over"
    message = _("This cannot be done with this booking now.")


def book(*, site: Site, family: Family, starts_at: datetime, actor: Actor, now: datetime) -> Booking:
    """Half an hour for a family. Raises NoVideoRoom, OutsideHours, TimeTaken."""
    if site.kind != VIDEO_ROOM:
        raise NoVideoRoom([FieldProblem("/site", NoVideoRoom.code, NoVideoRoom.message)])
    length = _length(site, now)
    if starts_at <= now or starts_at not in slots(site, timezone.localdate(starts_at), length):
        raise OutsideHours([FieldProblem("/starts_at", OutsideHours.code, OutsideHours.message)])
    made = _only_one(
        Booking(
            site=site, family=family, starts_at=starts_at, ends_at=starts_at + length, booked_label=actor.label,
            created_at=now,
        ),
        TimeTaken,
    )  # fmt: skip
    _tell(made, "booking.made", actor, now)
    return made


def slots(site: Site, day: date, length: timedelta) -> list[datetime]:
    """When bookings of that day begin: one after the other from opening to closing."""
    if not site.is_open_on(day):
        return []
    begin, end = _at(day, site.opens), _at(day, site.closes)
    return [begin + place * length for place in range(int((end - begin) / length))]


def free_slots(site: Site, day: date, now: datetime) -> list[datetime]:
    """Those that nobody has booked and that are still to come."""
    taken = set(site.bookings.valid().filter(starts_at__date=day).values_list("starts_at", flat=True))
    return [each for each in slots(site, day, _length(site, now)) if each > now and each not in taken]


def cancel(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """The time is free again. Raises BookingOver."""
    if booking.state != State.BOOKED or booking.starts_at <= now:
        raise BookingOver
    _move(booking, State.CANCELLED, "booking.cancelled", actor, now)


def tell_held(*, booking: Booking, held: bool, actor: Actor, now: datetime) -> None:
    """Whether it took place. Raises BookingOver."""
    if booking.state == State.CANCELLED or booking.starts_at > now:
        raise BookingOver
    _move(booking, State.HELD if held else State.MISSED, "booking.told", actor, now)


def enrol(*, site: Site, family: Family, persons: int, from_date: date, actor: Actor, now: datetime) -> Enrolment:
    """A family eats there from that day on. Raises NoCanteen, SiteClosed, EnrolledAlready."""
    if site.kind not in CANTEENS:
        raise NoCanteen([FieldProblem("/site", NoCanteen.code, NoCanteen.message)])
    if site.closed_on is not None:
        raise SiteClosed
    made = _only_one(
        Enrolment(site=site, family=family, persons=persons, from_date=from_date, created_at=now), EnrolledAlready
    )
    record(action="enrolment.made", object=made, actor=actor, now=now, data={"from_date": from_date.isoformat()})
    return made


def end_enrolment(*, enrolment: Enrolment, to_date: date, actor: Actor, now: datetime) -> None:
    """It does not any more from that day on."""
    enrolment.to_date = max(to_date, enrolment.from_date)
    enrolment.version += 1
    enrolment.save()
    data = {"to_date": enrolment.to_date.isoformat()}
    record(action="enrolment.ended", object=enrolment, actor=actor, now=now, data=data)


# --- parts


def _length(site: Site, now: datetime) -> timedelta:
    day = timezone.localdate(now)
    return timedelta(minutes=int(parameters.value(KEY, path=site.unit_path, day=day, default=MINUTES)))


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=timezone.get_default_timezone())


def _only_one(row: Row, taken: type[Conflict]) -> Row:
    """Saved unless another row overlaps: the database decides, however many ask at once."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if isinstance(error.__cause__, ExclusionViolation):
            raise taken from error
        raise
    return row


def _move(booking: Booking, state: str, action: str, actor: Actor, now: datetime) -> None:
    booking.state = state
    booking.version += 1
    booking.save()
    _tell(booking, action, actor, now)


def _tell(booking: Booking, action: str, actor: Actor, now: datetime) -> None:
    data = {"starts_at": booking.starts_at.isoformat(), "booking_state": booking.state}
    record(action=action, object=booking, actor=actor, now=now, data=data)
