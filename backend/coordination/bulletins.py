"""A month's bulletin: how each unit reported, sums, supplements; approved by the chair, numbered, frozen (Q23)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination import papers
from backend.coordination.clocks import month_after
from backend.coordination.models import Bulletin, GroupDocument, MonthlyReport, Submission, Supplement
from backend.core.errors import Conflict
from backend.org.access import Actor
from backend.org.models import Unit

Print: TypeAlias = Callable[[Bulletin, str], bytes]
"""Makes the file of a bulletin with its number."""


class BulletinHeld(Conflict):
    """The month has its bulletin."""

    code = "bulletin_held"
    message = _("This month has its bulletin already.")


class NothingToTell(Conflict):
    """Nobody was asked for a report of this month."""

    code = "no_reports"
    message = _("No report was asked for in this month.")


def open_bulletin(*, office: Unit, month: date, actor: Actor, now: datetime) -> Bulletin:
    """Begin a month's bulletin, once. Raises BulletinHeld, NothingToTell."""
    if not MonthlyReport.objects.filter(office=office, month=month).exists():
        raise NothingToTell
    row = Bulletin(office=office, month=month, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise BulletinHeld from error
    record(action="bulletin.opened", object=row, actor=actor, now=now)
    return row


def consolidate(*, bulletin: Bulletin, now: datetime) -> None:
    """What the reports say at this moment: whatever came in meanwhile counts."""
    bulletin.content = content_of(bulletin, now)
    _save(bulletin)


def draft(*, bulletin: Bulletin, foreword: str, outlook: str, actor: Actor, now: datetime) -> None:
    """The office's words, and the reports as they stand now."""
    bulletin.foreword, bulletin.outlook, bulletin.state = foreword, outlook, Bulletin.State.APPROVING
    bulletin.drafted_by_id, bulletin.drafted_label = actor.user_id, actor.label
    consolidate(bulletin=bulletin, now=now)
    record(action="bulletin.drafted", object=bulletin, actor=actor, now=now)


def return_draft(*, bulletin: Bulletin, reason: str, actor: Actor, now: datetime) -> None:
    """The chair wants it otherwise."""
    bulletin.returned, bulletin.state = reason, Bulletin.State.DRAFTING
    _save(bulletin)
    record(action="bulletin.returned", object=bulletin, actor=actor, now=now)


def publish(*, bulletin: Bulletin, title: str, print_it: Print, actor: Actor, now: datetime) -> GroupDocument:
    """The chair approves: it gets its number, its file and the file's SHA-256, and never changes again."""
    with transaction.atomic():
        paper = papers.issue(
            office=bulletin.office, kind=GroupDocument.Kind.BULLETIN, title=title, actor=actor, now=now
        )
        bulletin.number, bulletin.published_at = paper.number, now
        bulletin.approved_by_id, bulletin.approved_label = actor.user_id, actor.label
        bulletin.file = print_it(bulletin, paper.number)
        bulletin.digest = paper.digest = hashlib.sha256(bulletin.file).hexdigest()
        paper.save(update_fields=["digest"])
        bulletin.state, bulletin.returned = Bulletin.State.PUBLISHED, ""
        _save(bulletin)
    data = {"number": bulletin.number, "digest": bulletin.digest}
    record(action="bulletin.published", object=bulletin, actor=actor, now=now, data=data)
    return paper


# --- what it tells


def how_reported(report: MonthlyReport, submission: Submission | None) -> str:
    """on_time, late, nil_on_time, nil_late; not_submitted: nothing signed has come, however much was written (E31)."""
    if report.handed_in_at is None or submission is None:
        return "not_submitted"
    when = "late" if report.is_late else "on_time"
    return f"nil_{when}" if submission.nil else when


def reports_of(office: Unit, month: date) -> list[tuple[MonthlyReport, Submission | None]]:
    """The month's reports in the order of the units' codes, each with what was signed last."""
    signed = Submission.objects.filter(signed_at__isnull=False).order_by("-round")
    rows = MonthlyReport.objects.filter(office=office, month=month).select_related("unit").order_by("unit__path")
    rows = rows.prefetch_related(Prefetch("submissions", signed, to_attr="signed"))
    return [(row, next(iter(row.signed), None)) for row in rows]  # type: ignore[attr-defined]


def content_of(bulletin: Bulletin, now: datetime) -> dict[str, Any]:
    """Units, sums and supplements, in numbers and codes: no free text."""
    found = reports_of(bulletin.office, bulletin.month)
    units = [_line(report, submission) for report, submission in found]
    accepted = [each for report, each in found if each is not None and report.state == MonthlyReport.State.ACCEPTED]
    return {
        "as_of": now.isoformat(),
        "units": units,
        "how": dict(sorted(Counter(each["how"] for each in units).items())),
        "told": _sums(each.told for each in accepted),
        "counted": _sums(each.counted for each in accepted),
        "supplements": [_correction(row) for row in _supplements(bulletin)],
    }


def _line(report: MonthlyReport, submission: Submission | None) -> dict[str, Any]:
    return {
        "unit": str(report.unit_id),
        "name": report.unit.name,
        "how": how_reported(report, submission),
        "state": report.state,
        "standing": submission.standing if submission and not submission.nil else "",
        "asks": bool(submission and submission.asks),
        "returned": report.rounds,
    }


def _sums(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update({name: value for name, value in row.items() if isinstance(value, int)})
    return dict(total)


def _supplements(bulletin: Bulletin) -> Iterable[Supplement]:
    """Those that came in while this bulletin's reports were written: about the months before it."""
    after = month_after(bulletin.month)
    rows = Supplement.objects.filter(
        report__office=bulletin.office,
        report__month__lt=bulletin.month,
        created_at__date__gte=after,
        created_at__date__lt=month_after(after),
    )
    return rows.select_related("report__unit").order_by("created_at", "id")


def _correction(row: Supplement) -> dict[str, Any]:
    return {"name": row.report.unit.name, "month": f"{row.report.month:%Y-%m}", "changes": row.changes}


def _save(bulletin: Bulletin) -> None:
    bulletin.version += 1
    bulletin.save()
