"""Cards: issued with a plan, frozen the moment one is lost, renewed under another number (S8, G8)."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Family
from backend.cases.numbers import next_number, township_code
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.helpers.pairings import months_later
from backend.org import codes
from backend.org.access import Actor
from backend.services.models import Card, Entry, Plan

REASONS = "card_freeze_reason"


class NotInUse(Conflict):
    """Only a card in use can be frozen."""

    code = "card_not_in_use"
    message = _("This card is not in use any more.")


class AlreadyReplaced(Conflict):
    """A newer card takes its place."""

    code = "card_replaced"
    message = _("This card has been replaced already.")


class UnknownReason(Invalid):
    """The reason is no entry of the list."""

    code = "bad_code"
    message = _("Choose a reason from the list.")


def issue_card(
    *, family: Family, entry: Entry, actor: Actor, now: datetime, plan: Plan | None = None, replaces: Card | None = None
) -> Card:
    """A card with a number of its own, valid from today for as many months as the catalogue says."""
    today = timezone.localdate(now)
    scope = f"K-{township_code(family.unit)}-{today.year}"
    card = Card.objects.create(
        number=f"{scope}-{next_number(scope):04d}", family=family, entry=entry, plan=plan, replaces=replaces,
        issued_on=today, expires_on=_end(entry, today), created_at=now,
    )  # fmt: skip
    record(action="card.issued", object=card, actor=actor, now=now, data={"card_name": entry.name})
    return card


def freeze_card(*, card: Card, reason: str, actor: Actor, now: datetime, version: int | None = None) -> Card:
    """Lost or stolen: from this moment it opens no door. Raises NotInUse, UnknownReason, StaleVersion."""
    row = _locked(card, version)
    if row.state != Card.State.ISSUED:
        raise NotInUse
    if reason not in codes.choices(REASONS, day=timezone.localdate(now)):
        raise UnknownReason([FieldProblem("/reason", UnknownReason.code, UnknownReason.message)])
    row.state, row.frozen_at, row.frozen_because = Card.State.FROZEN, now, reason
    row.version += 1
    row.save(update_fields=["state", "frozen_at", "frozen_because", "version"])
    record(action="card.frozen", object=row, actor=actor, now=now, data={"card_reason": reason})
    return row


def renew_card(*, card: Card, actor: Actor, now: datetime, version: int | None = None) -> Card:
    """A new number in place of a lost, worn or expired card; the old one is of no use any more. Raises
    AlreadyReplaced, StaleVersion."""
    row = _locked(card, version)
    if row.state == Card.State.REPLACED:
        raise AlreadyReplaced
    row.state, row.version = Card.State.REPLACED, row.version + 1
    row.save(update_fields=["state", "version"])
    fresh = issue_card(family=row.family, entry=row.entry, plan=row.plan, replaces=row, actor=actor, now=now)
    record(action="card.renewed", object=row, actor=actor, now=now, data={"card_number": fresh.number})
    return fresh


def held_cards(family: Family, day: date) -> list[Card]:
    """What the family can use on that day."""
    return list(Card.objects.in_use(day).filter(family=family).select_related("entry").order_by("id"))


def _end(entry: Entry, today: date) -> date | None:
    return months_later(today, entry.months) if entry.months else None


def _locked(card: Card, version: int | None) -> Card:
    row = prepared.found(Card, card.pk, follow=("family__unit", "entry", "plan"), lock=True)
    if version is not None and version != row.version:
        raise StaleVersion
    return row
