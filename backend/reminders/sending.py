"""From intended to sent: put before people here at once, and handed to other channels at the right hour.

A text message is sent at most once. It is marked in a transaction before it is handed over and noted in another one
after that; when the program dies between the two nobody knows whether it went out, so it is shown as unknown and not
repeated. What a channel certainly did not take is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backend.core.models import new_id
from backend.org.models import User
from backend.reminders.channels import Message, NotTaken, Reporting, adapter, available
from backend.reminders.kinds import KINDS
from backend.reminders.models import Channel, Choice, Delivery, Reminder, Try
from backend.reminders.quiet import hours_at
from backend.reminders.recipients import Book, HelperFound, Person, choices_of, resolve
from backend.reminders.reports import climb

BATCH = 2000
"""Reminders looked at in one transaction; a person's are collected within it."""
TRIES = 4
WAIT = timedelta(minutes=10)
"""Before the second try; twice as long before each further one."""
LANGUAGE = "zh-hans"
"""Of whoever has no account."""


@dataclass
class Parcel:
    """What goes to one person by one channel, as one message."""

    id: UUID
    channel: str
    person: Person
    address: str
    kinds: Counter[str] = field(default_factory=Counter)

    def message(self) -> Message:
        """In the person's language: sorts and numbers, nothing else."""
        with translation.override(self.person.language or LANGUAGE):
            told = _("; ").join(KINDS[kind].told(count) for kind, count in sorted(self.kinds.items()))
            text = _("Jieqin: %(told)s. Please log in to see more.") % {"told": told}
            return Message(self.id, self.channel, self.address, _("Reminders from Jieqin"), text)


# --- here, after logging in


def show(*, now: datetime, book: Book) -> int:
    """Put what is new before the people it is for; returns how many reminders were looked at, 0 when none is left."""
    new = Reminder.objects.filter(told_at__isnull=True, state=Reminder.State.INTENDED)
    rows = list(new.select_for_update(skip_locked=True).order_by("created_at", "id")[:BATCH])
    wanted = _still_wanted(rows, book)
    people = resolve(wanted, book, timezone.localdate(now))
    shown = [
        Delivery(reminder=row, user_id=person.user_id, channel=Channel.IN_APP, state=Delivery.State.SENT, at=now)
        for row in wanted
        for person in people[row.pk]
        if person.user_id
    ]
    reached = {delivery.reminder_id for delivery in shown}
    for row in rows:
        row.told_at = now
    for row in wanted:
        if people[row.pk]:
            row.state = Reminder.State.SENT if row.pk in reached else Reminder.State.INTENDED
            row.send_at = _first_sent(row, now)
        else:
            row.state, row.why = Reminder.State.FAILED, Reminder.Why.NOBODY
    Delivery.objects.bulk_create(shown, ignore_conflicts=True)
    Reminder.objects.bulk_update(rows, ["told_at", "state", "why", "send_at"])
    return len(rows)


def unread(user: User) -> int:
    """How many reminders the user has not looked at."""
    return Delivery.objects.visible_to(user).unread().count()


def read_all(*, user: User, now: datetime, ids: Iterable[UUID] | None = None) -> int:
    """The user has looked at these of their reminders (default: at all); returns how many were new to them."""
    unread = Delivery.objects.visible_to(user).unread()
    chosen = unread if ids is None else unread.filter(pk__in=list(ids))
    reminders = list(chosen.values_list("reminder", flat=True))
    read = chosen.update(read_at=now, state=Delivery.State.DELIVERED, at=now)
    Reminder.objects.filter(pk__in=reminders).update(state=Reminder.State.DELIVERED)
    return read


# --- by other channels


def mark(*, now: datetime, book: Book) -> list[Message]:
    """Mark what is due for other channels as handed over; returns the messages, for after the commit."""
    due = Reminder.objects.filter(send_at__lte=now).order_by("send_at", "id")
    rows = list(due.select_for_update(skip_locked=True)[:BATCH])
    free = [row for row in rows if not _put_off(row, now)]
    wanted = _still_wanted(free, book)
    people = resolve(wanted, book, timezone.localdate(now))
    choices = choices_of(person for found in people.values() for person in found)
    parcels: dict[tuple[UUID | None, str], Parcel] = {}
    deliveries = []
    for row in wanted:
        for person in people[row.pk]:
            for parcel in _parcels_for(person, choices, parcels):
                parcel.kinds[row.kind] += 1
                deliveries.append(_marked(row, parcel, now))
    reached = {delivery.reminder_id for delivery in deliveries}
    for row in free:
        row.send_at = None
        if row.state == Reminder.State.INTENDED:  # nobody could be shown it here
            row.state = Reminder.State.SENT if row.pk in reached else Reminder.State.FAILED
            row.why = "" if row.pk in reached else Reminder.Why.NOBODY
    Delivery.objects.bulk_create(deliveries)
    Try.objects.bulk_create(_try(parcel.id, parcel.channel, Try.Outcome.MARKED, now) for parcel in parcels.values())
    Reminder.objects.bulk_update(rows, ["send_at", "state", "why"])
    return [parcel.message() for parcel in parcels.values()]


def mark_again(*, now: datetime, book: Book) -> list[Message]:
    """The same for messages that a channel did not take the last time, or that come from another channel."""
    waiting = Delivery.objects.filter(state=Delivery.State.AGAIN, at__lte=now).select_related("reminder", "user")
    rows = list(waiting.select_for_update(skip_locked=True, of=("self",)).order_by("message")[:BATCH])
    wanted = {row.pk for row in _still_wanted([row.reminder for row in rows], book)}
    helpers = book.helpers({row.helper_id for row in rows if row.helper_id})
    people = {_owner(row): _person(row, helpers.get(row.helper_id) if row.helper_id else None) for row in rows}
    choices = choices_of(people.values())
    parcels: dict[UUID, Parcel] = {}
    for row in rows:
        address = _address_by(row.channel, people[_owner(row)], choices) if row.reminder_id in wanted else ""
        row.state, row.at = (Delivery.State.MARKED if address else Delivery.State.FAILED), now
        if address and row.message:
            fresh = Parcel(row.message, row.channel, people[_owner(row)], address)
            parcels.setdefault(row.message, fresh).kinds[row.reminder.kind] += 1
    Delivery.objects.bulk_update(rows, ["state", "at"])
    Try.objects.bulk_create(_try(parcel.id, parcel.channel, Try.Outcome.MARKED, now) for parcel in parcels.values())
    return [parcel.message() for parcel in parcels.values()]


def hand_over(message: Message) -> tuple[str, str]:
    """Give a marked message to its channel, outside any transaction: the outcome, and the kind of error if any."""
    try:
        adapter(message.channel).send(message)
    except NotTaken as refused:
        return Try.Outcome.REFUSED, str(refused)
    except Exception as error:
        return Try.Outcome.UNKNOWN, type(error).__name__
    return Try.Outcome.SENT, ""


def note(*, message: Message, outcome: str, detail: str, now: datetime) -> None:
    """Write down what came of it. A refused message is tried again, some times; one of unknown outcome never."""
    Try.objects.bulk_create([_try(message.id, message.channel, outcome, now, detail)])
    handed = Delivery.objects.filter(message=message.id, state=Delivery.State.MARKED)
    if outcome == Try.Outcome.SENT:
        handed.update(state=Delivery.State.SENT, at=now)
    elif outcome == Try.Outcome.REFUSED:
        tries = Try.objects.filter(message=message.id, outcome=Try.Outcome.REFUSED).count()
        if tries < TRIES:
            handed.update(state=Delivery.State.AGAIN, at=now + WAIT * 2 ** (tries - 1))
        else:
            handed.update(state=Delivery.State.FAILED, at=now)
            climb(message=message.id, now=now)


def reporting() -> list[Reporting]:
    """The adapters of this installation that hear later what became of messages."""
    ways = (adapter(channel) for channel in available())
    return [way for way in ways if isinstance(way, Reporting)]


# --- parts


def _still_wanted(rows: Sequence[Reminder], book: Book) -> list[Reminder]:
    """Those that still have a reason; the others are dropped, or, shown here already, go no further."""
    needless = book.needless(rows) if rows else {}
    for row in rows:
        if row.pk in needless and row.state == Reminder.State.INTENDED:
            row.state, row.why = Reminder.State.DROPPED, needless[row.pk]
    return [row for row in rows if row.pk not in needless]


def _first_sent(row: Reminder, now: datetime) -> datetime | None:
    """When what is shown now goes out by other channels; None for what does not."""
    if row.shown_only:
        return None
    return now if row.urgent else hours_at(row.unit_path, now).next_collection(now)


def _put_off(row: Reminder, now: datetime) -> bool:
    """Caught up at night, it waits for the morning."""
    later = now if row.urgent else hours_at(row.unit_path, now).after_quiet(now)
    row.send_at = later
    return later > now


def _parcels_for(
    person: Person, choices: Mapping[UUID, list[Choice]], parcels: dict[tuple[UUID | None, str], Parcel]
) -> list[Parcel]:
    """The person's parcels, one per channel that the person wants and the installation has."""
    owner = person.user_id or person.helper_id
    found = []
    for choice in choices.get(owner, ()) if owner else ():
        address = _address(choice, person)
        if choice.channel in available() and address:
            fresh = Parcel(new_id(), choice.channel, person, address)
            found.append(parcels.setdefault((owner, choice.channel), fresh))
    return found


def _address(choice: Choice, person: Person) -> str:
    return choice.address or (person.email if choice.channel == Channel.EMAIL else person.phone)


def _address_by(channel: str, person: Person, choices: Mapping[UUID, list[Choice]]) -> str:
    """Where this person gets messages of the channel: as chosen, else by the account's e-mail address."""
    owner = person.user_id or person.helper_id
    chosen = (each for each in (choices.get(owner, ()) if owner else ()) if each.channel == channel)
    return next((_address(each, person) for each in chosen), person.email if channel == Channel.EMAIL else "")


def _marked(row: Reminder, parcel: Parcel, now: datetime) -> Delivery:
    person = parcel.person
    return Delivery(
        reminder=row,
        user_id=person.user_id,
        helper_id=person.helper_id,
        channel=parcel.channel,
        message=parcel.id,
        at=now,
    )


def _try(message: UUID, channel: str, outcome: str, now: datetime, detail: str = "") -> Try:
    return Try(message=message, channel=channel, outcome=outcome, at=now, detail=detail[:120])


def _owner(row: Delivery) -> UUID:
    owner = row.user_id or row.helper_id
    assert owner is not None  # a constraint of the table
    return owner


def _person(row: Delivery, helper: HelperFound | None) -> Person:
    if row.user is not None:
        return Person(row.user_id, email=row.user.email, language=row.user.language)
    return Person(None, row.helper_id, phone=helper.phone if helper else "")
