"""Making something public, and taking it down: the only ways to and from a public list (D19, domain.md finding 3)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import drawn_numbers, prepared, small_numbers
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.small_numbers import Told
from backend.org import codes, forbidden_words, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.publicity import masking
from backend.publicity.masking import KINDS, NoticeRow, Shown
from backend.publicity.models import Figure, Line, Notice, Sheet, Subject
from backend.publicity.texts import text_of

PLACES = (Sheet.Place.BOARD, Sheet.Place.WEB)
LONGEST_DAYS = 90
CONTACT = "publicity.contact"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"\d{5}|\d(?:[\s-]?\d){6}")
A_YEAR = timedelta(days=366)


class BadNotice(Invalid):
    """Something does not fit a public notice."""

    code = "bad_notice"
    message = _("This cannot be made public like that.")


class PersonInText(Invalid):
    """Names and numbers of people stand in a notice's lines, where they are masked; nowhere else."""

    code = "person_in_text"
    message = _("A name or a long number stands in the text: people are named in the list only.")


class ToldElsewhere(Conflict):
    """Two levels that tell the same figures give away, by subtraction, what either keeps back."""

    code = "told_elsewhere"
    message = _("Figures of this kind were told by a unit above or below within the last year.")


class NotPublic(Conflict):
    """It has been taken down."""

    code = "not_public"
    message = _("This is not public any more.")


def announce(
    *, kind: str, unit: Unit, title: str, rows: Sequence[NoticeRow], stage: str = "", days: int | None = None,
    until: date | None = None, basis: str = "", places: Sequence[str] = PLACES, actor: Actor, now: datetime,
) -> Notice:  # fmt: skip
    """Make a list public, on the village board and on the web, from today for so many days or until that day.

    Who may not be listed (minors, health programmes, unknown kinds) is counted, and the count told where it gives
    nobody away. The position of a row in `rows` is its line's (from 1). Raises BadNotice, PersonInText, ForbiddenWord.
    """
    notice = _begun(kind, unit, title, stage, days, until, basis, len(rows), actor, now)
    _refuse_people([title, basis, *(row.school for row in rows)], rows)
    _tell_hidden(notice, _hidden(rows, notice), now)
    townships = _townships(rows)
    for place in places:
        _make_sheet(notice, place, rows, townships, now)
    _keep_subjects(notice, rows)
    _tell_history(notice, "notice.announced", actor, now)
    return notice


def announce_counts(
    *, kind: str, unit: Unit, title: str, counts: Mapping[str, int], stage: str = "", days: int | None = None,
    until: date | None = None, basis: str = "", places: Sequence[str] = PLACES, actor: Actor, now: datetime,
) -> Notice:  # fmt: skip
    """Make figures public, none of one to four and none from which such a one could be worked out; nobody is named.

    Raises BadNotice, PersonInText, ForbiddenWord, ToldElsewhere.
    """
    notice = _begun(kind, unit, title, stage, days, until, basis, sum(counts.values()), actor, now)
    _refuse_people([title, basis, *counts], ())
    if _told_elsewhere(notice):
        raise ToldElsewhere
    _tell_hidden(notice, counts, now)
    for place in places:
        _make_sheet(notice, place, (), {}, now)
    _tell_history(notice, "notice.announced", actor, now)
    return notice


def take_down(*, notice: Notice, actor: Actor, now: datetime, reason: str = "") -> Notice:
    """Not public any more: lines are deleted, the digest stays. Twice is once."""
    row = prepared.found(Notice, notice.pk, follow=("unit",), lock=True)
    if row.state == Notice.State.TAKEN_DOWN:
        return row
    Line.objects.filter(sheet__notice=row).delete()
    Subject.objects.filter(notice=row).delete()
    Sheet.objects.filter(notice=row).update(salt="", total_amount=None)
    row.state, row.taken_down_at, row.taken_down_because = Notice.State.TAKEN_DOWN, now, reason
    row.version += 1
    row.save(update_fields=["state", "taken_down_at", "taken_down_because", "version"])
    _tell_history(row, "notice.taken_down", actor, now, reason)
    return row


def take_down_what_is_over(*, actor: Actor, now: datetime) -> int:
    """Take down every notice whose last day has passed; returns how many. The public has not seen them since."""
    rows = list(Notice.objects.over(now).order_by("pk"))
    for row in rows:
        take_down(notice=row, actor=actor, now=now)
    return len(rows)


def is_genuine(notice: Notice, text: str) -> bool:
    """Whether this is, word for word, what one of the notice's sheets said: also after it was taken down."""
    found = digest_of(text)
    return any(secrets.compare_digest(found, sheet.digest) for sheet in notice.sheets.all())


def digest_of(text: str) -> str:
    """SHA-256 of a sheet's text; spaces at the ends of lines and how lines end do not count."""
    plain = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return sha256(plain.encode()).hexdigest()


# --- parts


def _begun(
    kind: str, unit: Unit, title: str, stage: str, days: int | None, until: date | None, basis: str, covered: int,
    actor: Actor, now: datetime,
) -> Notice:  # fmt: skip
    today = timezone.localdate(now)
    last = until or today + timedelta(days=days or 0)
    wrong = [] if kind in codes.choices(KINDS, day=today) else ["kind"]
    if not today < last <= today + timedelta(days=LONGEST_DAYS):
        wrong.append("until")
    if not title.strip():
        wrong.append("title")
    if wrong:
        raise BadNotice([FieldProblem(f"/{name}", BadNotice.code, BadNotice.message) for name in wrong])
    forbidden_words.refuse([title, basis])
    number = drawn_numbers.draw(f"GS-{unit.code}-{today:%y%m%d}", Notice.objects.all())
    return Notice.objects.create(
        number=number, kind=kind, stage=stage, unit=unit, title=title.strip(), basis=basis,
        contact=_contact(unit, today), from_date=today, until=last, covered=covered, decided_by=masking.version(),
        made_label=actor.label, created_at=now,
    )  # fmt: skip


def _make_sheet(
    notice: Notice, place: str, rows: Sequence[NoticeRow], townships: Mapping[str, str], now: datetime
) -> None:
    """One place's lines, masked, and the digest of its text."""
    masked = {position: _through(row, notice, place, townships) for position, row in enumerate(rows, start=1)}
    listed = {position: found for position, found in masked.items() if found is not None}
    forbidden_words.refuse(text for found in listed.values() for text in (found.name, found.locality))
    sheet = Sheet(
        notice=notice, place=place, salt=secrets.token_hex(8), total_amount=_total(notice, rows, place), created_at=now
    )
    lines = [
        Line(sheet=sheet, position=position, name=found.name, identity=found.identity, locality=found.locality,
             amount=found.amount, created_at=now)
        for position, found in listed.items()
    ]  # fmt: skip
    sheet.digest = digest_of(text_of(notice, sheet, lines, notice.figures.order_by("label")))
    sheet.save(force_insert=True)
    Line.objects.bulk_create(lines)


def _through(row: NoticeRow, notice: Notice, place: str, townships: Mapping[str, str]) -> Shown | None:
    mask = masking.mask_for(row, kind=notice.kind, place=place, path=notice.unit.path, day=notice.from_date)
    township = townships.get(row.village.path, "") if row.village is not None else ""
    return masking.shown(row, mask, township) if mask.listed else None


def _hidden(rows: Sequence[NoticeRow], notice: Notice) -> Mapping[str, int]:
    """How many are not listed: by village where the list names nobody, else in one sum."""
    masks = [
        masking.mask_for(row, kind=notice.kind, place=PLACES[0], path=notice.unit.path, day=notice.from_date)
        for row in rows
    ]
    left_out = [row for row, mask in zip(rows, masks, strict=True) if not mask.listed]
    if left_out and len(left_out) < len(rows):
        return {"": len(left_out)}
    return Counter(row.village.name if row.village is not None else "" for row in left_out)


def _tell_hidden(notice: Notice, counts: Mapping[str, int], now: datetime) -> None:
    """Keep what may be told of these counts; nothing where a unit above or below tells figures of the same kind."""
    if not counts or _told_elsewhere(notice):
        return
    result = small_numbers.told(counts, earlier=_earlier(notice))
    cells = {label: number for label, number in result.cells.items() if label}
    rows = [Figure(notice=notice, label=label, number=number, created_at=now) for label, number in cells.items()]
    Figure.objects.bulk_create([Figure(notice=notice, label="", number=result.total, created_at=now), *rows])


def _earlier(notice: Notice) -> Iterable[Told]:
    """What earlier notices of the same unit and kind have told."""
    rows = Figure.objects.filter(notice__unit=notice.unit_id, notice__kind=notice.kind).exclude(notice=notice.pk)
    by_notice: dict[object, dict[str, int | None]] = {}
    for pk, label, number in rows.values_list("notice_id", "label", "number"):
        by_notice.setdefault(pk, {})[label] = number
    return [Told(cells.pop("", None), cells) for cells in by_notice.values()]


def _told_elsewhere(notice: Notice) -> bool:
    """Whether a unit above or below has told figures of this kind within a year."""
    rows = Figure.objects.filter(
        notice__kind=notice.kind, notice__from_date__gt=notice.from_date - A_YEAR, number__isnull=False
    )
    paths = rows.exclude(notice__unit=notice.unit_id).values_list("notice__unit__path", flat=True).distinct()
    own = notice.unit.path
    return any(path.startswith(own) or own.startswith(path) for path in paths)


def _total(notice: Notice, rows: Sequence[NoticeRow], place: str) -> Decimal | None:
    """The sum of a list that tells no single amount; None where it, or its change, would be that of one to four."""
    day, path = notice.from_date, notice.unit.path
    masks = [masking.mask_for(row, kind=notice.kind, place=place, path=path, day=day) for row in rows]
    amounts = [row.amount for row in rows if row.amount is not None]
    totals = [mask for mask in masks if mask.listed and mask.amount == "total"]
    if len(totals) < max(len(rows), small_numbers.SMALLEST) or not amounts:
        return None  # some are not listed: from equal amounts one could work out how many
    before = Notice.objects.filter(unit=notice.unit_id, kind=notice.kind).exclude(pk=notice.pk)
    moves = [abs(len(rows) - covered) for covered in before.values_list("covered", flat=True)]
    return sum(amounts, Decimal(0)) if all(move == 0 or move >= small_numbers.SMALLEST for move in moves) else None


def _refuse_people(texts: Iterable[str], rows: Sequence[NoticeRow]) -> None:
    """Raises PersonInText, ForbiddenWord: what people type beside a list says nothing about anybody in it."""
    given = list(texts)
    forbidden_words.refuse(given)
    names = {row.name for row in rows if len(row.name) > 1 and not row.is_body}
    for text in given:
        plain = _DAY.sub("", unicodedata.normalize("NFKC", text))
        if _NUMBER.search(plain) or any(name in plain for name in names):
            raise PersonInText


def _keep_subjects(notice: Notice, rows: Sequence[NoticeRow]) -> None:
    Subject.objects.bulk_create(
        Subject(notice=notice, position=position, family_id=row.family_id, case_id=row.case_id)
        for position, row in enumerate(rows, start=1)
        if row.family_id is not None
    )


def _townships(rows: Sequence[NoticeRow]) -> Mapping[str, str]:
    """By a village's path the name of its township, in one statement."""
    villages = {row.village.path: row.village.parent_id for row in rows if row.village is not None}
    towns = Unit.objects.filter(pk__in=[pk for pk in villages.values() if pk], kind=Unit.Kind.TOWN)
    names = dict(towns.values_list("pk", "name"))
    return {path: names[parent] for path, parent in villages.items() if parent in names}


def _contact(unit: Unit, day: date) -> str:
    """Where objections go: what the office has set, else the unit itself."""
    given: Mapping[str, str] = parameters.value(CONTACT, path=unit.path, day=day, default={})
    told = [str(given.get(name) or "") for name in ("office", "address", "phone")]
    return "，".join(part for part in told if part) or unit.name


def _tell_history(notice: Notice, action: str, actor: Actor, now: datetime, reason: str = "") -> None:
    digests = {f"digest_{sheet.place}": sheet.digest for sheet in notice.sheets.order_by("place")}
    data = {"notice_kind": notice.kind, "until": notice.until.isoformat(), "decided_by": notice.decided_by, **digests}
    record(action=action, object=notice, actor=actor, now=now, data=data, reason=reason)
