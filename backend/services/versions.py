"""Versions of the catalogue: what is given, set anew from a day on at a unit; no row that was in force is ever changed.

A plan keeps the row it was made of, so what a family was promised stays as it was when the catalogue changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit
from backend.services import share
from backend.services.catalogue import in_force
from backend.services.models import Entry

CODED: Mapping[str, str] = {
    "need": "service_need", "measure": "service_measure", "frequency": "service_frequency", "department": "department",
}  # fmt: skip
"""Field → the code list that its value is from; all but `frequency` may be empty."""


class BadEntry(Invalid):
    """Something of the entry does not fit."""

    code = "bad_entry"
    message = _("This does not fit an entry of the catalogue.")


class PastVersion(Invalid):
    """What was offered on past days stays as it was."""

    code = "version_past"
    message = _("What was offered on past days stays: choose today or a later day.")


class VersionExists(Conflict):
    """One version a day."""

    code = "version_exists"
    message = _("There is a version from this day on already: choose a later day.")


class NotOffered(Conflict):
    """It is over, or was never set here."""

    code = "not_offered"
    message = _("This version is over already.")


@dataclass(frozen=True)
class Offer:
    """What is given from a day on; the fields of `Entry` that an office decides on."""

    code: str
    kind: str
    name: str
    name_en: str
    printed_name: str = ""
    need: str = ""
    measure: str = ""
    frequency: str = "once"
    quantity: int = 1
    department: str = ""
    days: int = 20
    months: int = 0
    contents: list[Mapping[str, Any]] = field(default_factory=list)
    shares: list[str] = field(default_factory=list)


def add_version(*, offer: Offer, unit: Unit, from_date: date, source: str, actor: Actor, now: datetime) -> Entry:
    """From that day on this is what the unit and those below it give under this code. Raises PastVersion, BadEntry,
    VersionExists."""
    if from_date < timezone.localdate(now):
        raise PastVersion([FieldProblem("/from_date", PastVersion.code, PastVersion.message)])
    known = Entry.objects.filter(code=offer.code).order_by("id").first()
    if wrong := sorted(set(_wrong(offer, known, unit, from_date))):
        raise BadEntry([FieldProblem(f"/{name}", BadEntry.code, BadEntry.message) for name in wrong])
    order = known.order if known else Entry.objects.count() + 1
    try:
        with transaction.atomic():
            made = Entry.objects.create(
                **asdict(offer), path=unit.path, from_date=from_date, order=order, source=source, created_at=now
            )
    except IntegrityError as error:
        raise VersionExists from error
    data = {"from_date": from_date.isoformat(), "unit_name": unit.name}
    _tell("catalogue.changed" if known else "catalogue.added", made, data, actor, now, source)
    return made


def end_version(*, entry: Entry, to_date: date, reason: str, actor: Actor, now: datetime) -> Entry:
    """It is offered until the day before; then what the wider area offers holds again, if anything. Raises PastVersion,
    NotOffered."""
    today = timezone.localdate(now)
    rows = Entry.objects.select_for_update().filter(code=entry.code, path=entry.path).order_by("from_date")
    open_rows = [row for row in rows if row.to_date is None or row.to_date > to_date]
    if entry.pk not in {row.pk for row in open_rows}:
        raise NotOffered
    if to_date < max(today, *(row.from_date for row in open_rows)):
        raise PastVersion([FieldProblem("/to_date", PastVersion.code, PastVersion.message)])
    # Earlier versions of the same area would come back otherwise: an end is meant for what is offered, not for a row.
    Entry.objects.filter(pk__in=[row.pk for row in open_rows]).update(to_date=to_date)
    entry.to_date = to_date
    _tell("catalogue.ended", entry, {"to_date": to_date.isoformat()}, actor, now, reason)
    return entry


def _wrong(offer: Offer, known: Entry | None, unit: Unit, day: date) -> Iterator[str]:
    """The fields that do not fit."""
    if known is not None and known.kind != offer.kind:
        yield "kind"
    for name, kind in CODED.items():
        value = getattr(offer, name)
        if (value or name == "frequency") and value not in codes.choices(kind, day=day):
            yield name
    if not set(offer.shares) <= set(share.FIELDS) or (offer.shares and not offer.department):
        yield "shares"
    if offer.kind != Entry.Kind.ITEM and not offer.printed_name:
        yield "printed_name"
    if offer.kind != Entry.Kind.CARD and offer.months:
        yield "months"
    if not _fits(offer, unit, day):
        yield "contents"


def _fits(offer: Offer, unit: Unit, day: date) -> bool:
    """A package holds services that are offered there, each once; nothing else holds anything."""
    if offer.kind != Entry.Kind.PACKAGE:
        return not offer.contents
    offered = {code for code, entry in in_force(path=unit.path, day=day).items() if entry.kind == Entry.Kind.ITEM}
    inside = [str(part["entry"]) for part in offer.contents]
    return bool(inside) and len(set(inside)) == len(inside) and set(inside) <= offered


def _tell(action: str, entry: Entry, data: Mapping[str, Any], actor: Actor, now: datetime, reason: str) -> None:
    record(
        action=action, object=entry, label=entry.name, unit_path=entry.path, actor=actor, now=now, data=data,
        reason=reason,
    )  # fmt: skip
