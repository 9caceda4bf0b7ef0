"""A member unit's monthly report: asked for, handed in, signed, returned or accepted, then only supplemented (P14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination import quality
from backend.coordination.clocks import Clock
from backend.coordination.models import Member, MonthlyReport, Submission, Supplement, SupportDecision
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor

State = MonthlyReport.State
FINE = "none"
"""What D28 says when it found nothing."""


class ReportHeld(Conflict):
    """The unit has its report of this month."""

    code = "report_held"
    message = _("This unit has its report of this month already.")


class NoteMissing(Invalid):
    """The check found something, and the report is accepted all the same."""

    code = "note_missing"
    message = _("The check found something: please say why the report is accepted all the same.")


class NotAccepted(Conflict):
    """Before it is accepted a report is returned and written anew, not supplemented."""

    code = "report_not_accepted"
    message = _("Only an accepted report is supplemented; before, it is returned and handed in again.")


class UnknownNumber(Invalid):
    """A supplement names a number that reports do not have."""

    code = "unknown_number"
    message = _("Reports have no such number.")


@dataclass(frozen=True)
class Content:
    """What a correspondent hands in; of a nil report nothing but that."""

    nil: bool
    standing: str = Submission.Standing.ON_TRACK
    words: Mapping[str, str] = field(default_factory=dict)
    """progress, content, effect, problems, support."""
    asks: bool = False
    told: Mapping[str, int] = field(default_factory=dict)


def open_report(*, member: Member, month: date, clock: Clock, actor: Actor, now: datetime) -> MonthlyReport:
    """Ask a member unit for its month, once. Raises ReportHeld."""
    row = MonthlyReport(
        office=member.office, unit=member.unit, month=month, due_at=clock.due_at, listed_at=clock.list_at,
        created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise ReportHeld from error
    _tell("monthly_report.opened", row, actor, now, {"due": clock.due_at.isoformat()})
    return row


def hand_in(
    *, report: MonthlyReport, content: Content, counted: Mapping[str, Any], actor: Actor, now: datetime
) -> Submission:
    """Keep what the correspondent wrote and what the system counted at this moment; none of it changes any more."""
    row = Submission.objects.create(
        report=report,
        round=report.rounds,
        nil=content.nil,
        standing=content.standing,
        asks=content.asks,
        told={} if content.nil else dict(content.told),
        counted=dict(counted),
        author_id=actor.user_id,
        author_label=actor.label,
        created_at=now,
        **({} if content.nil else content.words),
    )
    _move(report, State.SIGNING)
    _tell("monthly_report.nil" if row.nil else "monthly_report.written", report, actor, now)
    return row


def latest(report: MonthlyReport) -> Submission | None:
    """What was handed in last."""
    return report.submissions.order_by("-round").first()


def facts_of(report: MonthlyReport, today: date) -> dict[str, int]:
    """The inputs of table D28 for what was handed in last."""
    row = last_of(report)
    return quality.facts(told=row.told, before=told_before(report), nil=row.nil, month=report.month, today=today)


def told_before(report: MonthlyReport) -> Mapping[str, int]:
    """The unit's numbers in its last accepted report before this one that had any."""
    earlier = Submission.objects.filter(
        report__unit=report.unit_id, report__month__lt=report.month, report__state=State.ACCEPTED, nil=False
    )
    found = earlier.order_by("-report__month", "-round").values_list("told", flat=True).first()
    return found or {}


def last_of(report: MonthlyReport) -> Submission:
    """The same as `latest`, of a report that was handed in."""
    row = latest(report)
    assert row is not None, "it was handed in"
    return row


def sign(*, report: MonthlyReport, codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """The unit's head signs: it goes to the office. `codes`: what D28 found."""
    row = last_of(report)
    row.signer_id, row.signer_label, row.signed_at = actor.user_id, actor.label, now
    row.codes = [code for code in codes if code != FINE]
    row.save(update_fields=["signer", "signer_label", "signed_at", "codes"])
    report.handed_in_at = report.handed_in_at or now
    _move(report, State.CHECKING)
    _tell("monthly_report.signed", report, actor, now)


def send_back(*, report: MonthlyReport, reason: str, actor: Actor, now: datetime) -> None:
    """The head gives it back to the correspondent."""
    _return(report, reason, ())
    _tell("monthly_report.sent_back", report, actor, now)


def return_report(*, report: MonthlyReport, codes: Sequence[str], reason: str, actor: Actor, now: datetime) -> None:
    """The office returns it, with codes and in words."""
    _return(report, reason, codes)
    _tell("monthly_report.returned", report, actor, now, {"report_problem": list(codes)})


def accept(*, report: MonthlyReport, note: str, actor: Actor, now: datetime) -> None:
    """The office accepts it; from now on it is frozen. Raises NoteMissing when D28 found something and no reason
    says why it is accepted all the same."""
    found = last_of(report).codes
    if found and not note.strip():
        raise NoteMissing([FieldProblem("/note", NoteMissing.code, NoteMissing.message)])
    report.accepted_at, report.accepted_by_id, report.accepted_label = now, actor.user_id, actor.label
    report.accepted_note, report.returned, report.return_codes = note, "", []
    _move(report, State.ACCEPTED)
    _tell("monthly_report.accepted", report, actor, now, {"report_problem": list(found)})


def note_missing(*, report: MonthlyReport, actor: Actor, now: datetime) -> None:
    """It never came: absence is no report (E31)."""
    _move(report, State.MISSING)
    _tell("monthly_report.missing", report, actor, now)


def note_reminded(*, report: MonthlyReport, now: datetime) -> bool:
    """The correspondent is reminded, once; whether that was the first time."""
    return _once(report, "reminded_at", now)


def note_late(*, report: MonthlyReport, actor: Actor, now: datetime) -> bool:
    """Its day is over: head and office are told, once; whether that was the first time."""
    first = report.handed_in_at is None and _once(report, "late_told_at", now)
    if first:
        _tell("monthly_report.late", report, actor, now)
    return first


def supplement(
    *, report: MonthlyReport, text: str, changes: Mapping[str, int], actor: Actor, now: datetime
) -> Supplement:
    """Correct or add to an accepted report; it stays as it was, and the next bulletin tells of it.

    Raises NotAccepted, UnknownNumber.
    """
    if report.state != State.ACCEPTED:
        raise NotAccepted
    if set(changes) - set(quality.TOLD):
        raise UnknownNumber([FieldProblem("/changes", UnknownNumber.code, UnknownNumber.message)])
    row = Supplement.objects.create(
        report=report, text=text, changes=dict(changes), author_id=actor.user_id, author_label=actor.label,
        created_at=now,
    )  # fmt: skip
    _tell("monthly_report.supplemented", report, actor, now, {"numbers": len(changes)})
    return row


def decide_support(*, report: MonthlyReport, kind: str, text: str, actor: Actor, now: datetime) -> SupportDecision:
    """The linked leader says what the unit gets (S13)."""
    row = SupportDecision.objects.create(
        report=report, kind=kind, text=text, leader_id=actor.user_id, leader_label=actor.label, created_at=now
    )
    _tell("monthly_report.support_decided", report, actor, now, {"support_kind": kind})
    return row


def _return(report: MonthlyReport, reason: str, codes: Sequence[str]) -> None:
    report.returned, report.return_codes, report.rounds = reason, list(codes), report.rounds + 1
    _move(report, State.WRITING)


def _once(report: MonthlyReport, name: str, now: datetime) -> bool:
    if getattr(report, name) is not None:
        return False
    setattr(report, name, now)
    report.version += 1
    report.save(update_fields=[name, "version"])
    return True


def _move(report: MonthlyReport, state: MonthlyReport.State) -> None:
    report.state, report.version = state, report.version + 1
    report.save()


def _tell(
    action: str, report: MonthlyReport, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    record(action=action, object=report, actor=actor, now=now, data=data)
