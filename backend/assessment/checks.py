"""Mid-year inspection and the year's end: samples by lot, call-backs by somebody else, self-score, cross-check."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.assessment import rules
from backend.assessment.agreements import NotNow, State, lines_of, move, tell
from backend.assessment.models import Assessment, CallBack, Evidence, Line
from backend.core.crypto import decrypt_bytes, encrypt_bytes
from backend.core.errors import Conflict, DomainError, FieldProblem, Invalid, NotAllowed
from backend.inspection.models import Sample, SampleRow
from backend.inspection.samples import NobodyThere, draw_sample
from backend.org.access import Actor
from backend.org.models import Membership, Unit
from backend.org.powers import behind, is_behind
from backend.reporting.months import Month
from backend.visits.models import Visit

MOST_BYTES = 5_000_000
MOST_FILES = 10
"""Of one line."""


class OwnPlace(NotAllowed):
    """Whoever belongs to the inspected unit draws no sample of it (domain.md 3.0)."""

    code = "own_place"
    message = _("You belong to the unit that is assessed: somebody else has to do this.")


class RowsLeft(Conflict):
    """Every drawn file is looked at, and every drawn visit called back, before the inspection ends."""

    code = "rows_left"
    message = _("Drawn files have not been looked at, or drawn visits not been called back.")


class SameCaller(NotAllowed):
    """Whoever recorded a visit does not check it."""

    code = "same_caller"
    message = _("You recorded this visit: somebody else has to call the family.")


class CalledBackAlready(Conflict):
    """One call-back for a drawn visit."""

    code = "called_back_already"
    message = _("This visit has been called back already.")


class LinesLeft(Conflict):
    """Every line has points."""

    code = "lines_left"
    message = _("Some indicators have no points yet.")


class BadPoints(Invalid):
    """Points between nothing and the line's weight."""

    code = "bad_points"
    message = _("Points lie between 0 and the weight of the indicator.")


class NobodyElse(Conflict):
    """There has to be another township."""

    code = "no_checker"
    message = _("Choose another township of the same county; a township never checks itself.")


class TooMuchEvidence(Conflict):
    """A line has as many files as are allowed."""

    code = "too_much_evidence"
    message = _("This indicator has as many files as are allowed.")


class EvidenceTooLarge(DomainError):
    """A file of more than five megabytes."""

    code = "evidence_too_large"
    status = 413
    message = _("The file is too large: at most 5 MB.")


class SentAlready(Conflict):
    """The same file twice proves nothing more."""

    code = "sent_already"
    message = _("This very file is there already.")


def check_stranger(assessment: Assessment, actor: Actor, now: datetime) -> None:
    """Raises OwnPlace when the person behind the actor, or whom they stand in for, belongs to the assessed unit."""
    today = timezone.localdate(now)
    held = Membership.objects.on(today).filter(user__in=behind(actor, day=today))
    if held.filter(unit__path__startswith=assessment.unit.path).exists():
        raise OwnPlace


def draw(*, assessment: Assessment, visits: int, files: int, actor: Actor, now: datetime) -> None:
    """Samples of last month's visits and of the files, by seeds made now: reproducible, and known to nobody before.

    Raises OwnPlace.
    """
    check_stranger(assessment, actor, now)
    last = Month.of(Month.of(timezone.localdate(now)).first - timedelta(days=1))
    assessment.visits_sample = _sample(assessment, Sample.Population.VISITS, visits, actor, now, period=str(last))
    assessment.files_sample = _sample(assessment, Sample.Population.FAMILIES, files, actor, now)
    assessment.sampled_by_id = actor.user_id
    move(assessment, State.INSPECTING, "assessment.sampled", actor, now, visits=visits, files=files)


def call_back(
    *, assessment: Assessment, row: SampleRow, answer: str, satisfied: bool | None, actor: Actor, now: datetime
) -> CallBack:
    """What the family of a drawn visit said. Raises NotNow, SameCaller, CalledBackAlready, OwnPlace."""
    if assessment.state != State.INSPECTING or row.sample_id != assessment.visits_sample_id:
        raise NotNow
    check_stranger(assessment, actor, now)
    recorder = Visit.objects.filter(pk=row.member_id).values_list("recorded_by_id", flat=True).first()
    if is_behind(actor, recorder, day=timezone.localdate(now)):
        raise SameCaller
    try:
        with transaction.atomic():
            call = CallBack.objects.create(
                assessment=assessment, row=row, answer=answer, recorded_by_id=recorder, created_at=now,
                satisfied=satisfied if answer in {"confirmed", "doubtful"} else None,
                called_by_id=cast(UUID, actor.user_id), called_label=actor.label,
            )  # fmt: skip
    except IntegrityError as error:
        raise CalledBackAlready from error
    tell(assessment, "assessment.called_back", actor, now, place=row.place)
    return call


def end_inspection(*, assessment: Assessment, note: str, actor: Actor, now: datetime) -> None:
    """What was found; the findings themselves go their own way. Raises RowsLeft."""
    if rows_left(assessment):
        raise RowsLeft
    assessment.inspected_label, assessment.inspected_at, assessment.inspection_note = actor.label, now, note
    move(assessment, State.RUNNING, "assessment.inspected", actor, now)


def rows_left(assessment: Assessment) -> int:
    """How many drawn files wait to be looked at, and drawn visits to be called back."""
    drawn = [each for each in (assessment.visits_sample_id, assessment.files_sample_id) if each]
    uncalled = Q(sample=assessment.visits_sample_id, call_back__isnull=True)
    unseen = Q(sample=assessment.files_sample_id, looked_at__isnull=True)
    return SampleRow.objects.filter(uncalled | unseen, sample__in=drawn).count()


def self_score(
    *, assessment: Assessment, indicator: str, points: Decimal, note: str, actor: Actor, now: datetime
) -> Line:
    """What the unit gives itself for one line. Raises NotNow, BadPoints."""
    line = _line(assessment, State.SELF_SCORING, indicator, points)
    line.self_points, line.self_note = points, note
    line.save(update_fields=["self_points", "self_note"])
    tell(assessment, "assessment.self_scored", actor, now, indicator=indicator, points=str(points))
    return line


def hand_in(*, assessment: Assessment, statement: str, checker: Unit, actor: Actor, now: datetime) -> None:
    """The unit's own word, to be checked by another township. Raises LinesLeft, NobodyElse."""
    if any(line.self_points is None for line in lines_of(assessment)):
        raise LinesLeft
    if checker.pk == assessment.unit_id or checker.parent_id != assessment.office_id:
        raise NobodyElse
    assessment.self_scored_by_id, assessment.self_scored_label = actor.user_id, actor.label
    assessment.statement, assessment.checker = statement, checker
    move(assessment, State.CHECKING, "assessment.handed_in", actor, now, checker=checker.name)


def checker_for(assessment: Assessment) -> Unit:
    """The next township of the county in the order of the codes, after the last the first: everybody checks somebody
    else, and nobody chooses whom. Raises NobodyElse."""
    towns = list(Unit.objects.filter(parent=assessment.office_id, kind=Unit.Kind.TOWN).order_by("code"))
    others = [town for town in towns if town.pk != assessment.unit_id]
    if not others:
        raise NobodyElse
    return next((town for town in others if town.code > assessment.unit.code), others[0])


def check_line(
    *, assessment: Assessment, indicator: str, points: Decimal, note: str, actor: Actor, now: datetime
) -> Line:
    """Other points than the figures give, with the reason. Raises NotNow, BadPoints."""
    line = _line(assessment, State.CHECKING, indicator, points)
    line.check_points, line.check_note = points, note
    line.save(update_fields=["check_points", "check_note"])
    tell(assessment, "assessment.line_checked", actor, now, indicator=indicator, points=str(points))
    return line


def end_check(*, assessment: Assessment, opinion: str, actor: Actor, now: datetime) -> None:
    """The other township's word. Raises OwnPlace."""
    check_stranger(assessment, actor, now)
    assessment.checked_by_id, assessment.checked_label, assessment.check_opinion = actor.user_id, actor.label, opinion
    move(assessment, State.CHECKING, "assessment.checked", actor, now)


def add_evidence(
    *, assessment: Assessment, indicator: str, name: str, data: bytes, actor: Actor, now: datetime
) -> Evidence:
    """A file that shows it. Raises NotNow, EvidenceTooLarge, TooMuchEvidence, SentAlready."""
    line = _line(assessment, State.SELF_SCORING, indicator, Decimal(0))
    if len(data) > MOST_BYTES:
        raise EvidenceTooLarge
    if line.evidence.count() >= MOST_FILES:
        raise TooMuchEvidence
    assert actor.user_id is not None, "evidence is people's"
    try:
        with transaction.atomic():
            made = Evidence.objects.create(
                line=line, name=name[:120], size=len(data), digest=hashlib.sha256(data).hexdigest(),
                content=encrypt_bytes(data), sent_by_id=actor.user_id, sent_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise SentAlready from error
    tell(assessment, "assessment.evidence_added", actor, now, indicator=indicator, digest=made.digest)
    return made


def open_evidence(*, evidence: Evidence, actor: Actor, now: datetime) -> bytes:
    """The file; that somebody opened it is an event."""
    tell(evidence.line.assessment, "assessment.evidence_opened", actor, now, digest=evidence.digest)
    return decrypt_bytes(bytes(evidence.content))


def files_of(assessment: Assessment) -> Mapping[UUID, list[Evidence]]:
    """The files by line, without their content."""
    found: dict[UUID, list[Evidence]] = {}
    rows = Evidence.objects.filter(line__assessment=assessment).defer("content").order_by("created_at", "id")
    for each in rows:
        found.setdefault(each.line_id, []).append(each)
    return found


def _sample(
    assessment: Assessment, population: str, size: int, actor: Actor, now: datetime, *, period: str = ""
) -> Sample | None:
    """None where there is nothing to draw from."""
    with suppress(NobodyThere):
        return draw_sample(
            unit=assessment.unit, population=population, size=size, as_of=now, period=period, actor=actor, now=now
        )
    return None


def _line(assessment: Assessment, state: str, indicator: str, points: Decimal) -> Line:
    if assessment.state != state:
        raise NotNow
    line = assessment.lines.filter(indicator=indicator, weight__gt=0).first()
    if line is None or not 0 <= points <= line.weight:
        raise BadPoints([FieldProblem("/points", BadPoints.code, BadPoints.message)])
    return line


def usual_sizes(assessment: Assessment, now: datetime) -> tuple[int, int]:
    """How many visits and files are drawn where nobody says otherwise."""
    ruled = rules.rules(assessment.unit.path, timezone.localdate(now))
    return ruled["visits_sampled"], ruled["files_sampled"]
