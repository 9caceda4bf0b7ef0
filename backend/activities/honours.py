"""Honours: called for, nominated, made public with consent only, awarded for a term, withdrawn with a reason (P13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities.models import Call, Honour
from backend.audit.history import record
from backend.cases.families import InFuture
from backend.cases.models import Family
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.models import Helper
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.publicity import notices
from backend.publicity.masking import NoticeRow
from backend.publicity.masks import NOBODY
from backend.publicity.models import Notice, Sheet
from workflows.engine.durations import after

State = Honour.State
DEMONSTRATION = "demo_community"
"""The honour of a whole community (W28): it checks itself and is checked on site before anybody votes (P13)."""
THEMES = ("civility", "health", "good_birth", "prosperity", "giving")
"""The five themes of happy families (W1), up to 20 points each."""
TERM: Mapping[str, int] = {"least": 24, "most": 36}
"""Months; P13, where the parameter `honour.demonstration_term` is not set."""


class BadCall(Invalid):
    """Something of the call does not fit."""

    code = "bad_call"
    message = _("This does not fit a call for nominations.")


class BadTerm(Invalid):
    """A model community is one for two to three years (P13)."""

    code = "bad_term"
    message = _("A model community is one for %(least)s to %(most)s months.")


class CalledAlready(Conflict):
    """One call per honour, unit and year."""

    code = "called_already"
    message = _("There is a call for this honour in this year already.")


class NotCalled(Conflict):
    """Nominations come in between the call's days."""

    code = "not_called"
    message = _("Nobody can be nominated now: the call is not open.")


class BadNomination(Invalid):
    """The candidate does not fit."""

    code = "bad_nomination"
    message = _("This does not fit a nomination: one family of the village, one volunteer, or the village itself.")


class NominatedAlready(Conflict):
    """Once per call."""

    code = "nominated_already"
    message = _("This candidate is nominated already.")


class NotPublished(Conflict):
    """Objections are raised while it is public."""

    code = "not_published"
    message = _("This is not public now, or an objection is being looked into already.")


class QuotaReached(Conflict):
    """All honours of the call are given."""

    code = "quota_reached"
    message = _("All honours of this call are awarded.")


class NotAwarded(Conflict):
    """Only what was awarded is withdrawn."""

    code = "not_awarded"
    message = _("This honour was not awarded, or has been withdrawn.")


@dataclass(frozen=True)
class Nomination:
    """Who is nominated, and why. Neither family nor helper: the village itself, as for every model community."""

    call: Call
    unit: Unit
    origin: str
    merits: str
    candidate_family: Family | None = None
    helper: Helper | None = None
    name_consented: bool = False


def call(
    *, kind: str, year: int, unit: Unit, opens_on: date, closes_on: date, quota: int, publicity_days: int,
    term_months: int, actor: Actor, now: datetime,
) -> Call:  # fmt: skip
    """Call for nominations. Raises BadCall, BadTerm, CalledAlready."""
    wrong = [] if kind in codes.choices("honour_kind", day=timezone.localdate(now)) else ["kind"]
    if closes_on < opens_on:
        wrong.append("closes_on")
    if wrong:
        raise BadCall([FieldProblem(f"/{name}", BadCall.code, BadCall.message) for name in wrong])
    if kind == DEMONSTRATION:
        _check_term(term_months, unit, timezone.localdate(now))
    try:
        with transaction.atomic():
            made = Call.objects.create(
                kind=kind, year=year, unit=unit, opens_on=opens_on, closes_on=closes_on, quota=quota,
                publicity_days=publicity_days, term_months=term_months, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise CalledAlready from error
    record(action="honour.called", object=made, actor=actor, now=now)
    return made


def _check_term(months: int, unit: Unit, day: date) -> None:
    term = parameters.value("honour.demonstration_term", path=unit.path, day=day, default=TERM)
    if not term["least"] <= months <= term["most"]:
        raise BadTerm([FieldProblem("/term_months", BadTerm.code, str(BadTerm.message) % term)], params=term)


def nominate(*, nomination: Nomination, actor: Actor, now: datetime) -> Honour:
    """Keep a nomination. Raises NotCalled, BadNomination, NominatedAlready."""
    day = timezone.localdate(now)
    held = nomination.call
    if not held.opens_on <= day <= held.closes_on:
        raise NotCalled
    _check(nomination)
    scope = f"PX-{township_code(nomination.unit)}-{day.year}"
    values = {name: getattr(nomination, name) for name in Nomination.__dataclass_fields__}
    try:
        with transaction.atomic():
            made = Honour.objects.create(
                number=f"{scope}-{next_number(scope):04d}", **values, nominated_by_id=actor.user_id,
                nominated_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise NominatedAlready from error
    _tell(made, "honour.nominated", actor, now)
    return made


def note(*, honour: Honour, action: str, actor: Actor, now: datetime, state: str = "", **values: Any) -> None:
    """What somebody found or decided about it, and where it stands then."""
    for name, value in values.items():
        setattr(honour, name, value)
    if state:
        honour.state = state
    _move(honour, action, actor, now)


def check_itself(*, honour: Honour, scores: Mapping[str, int], findings: str, actor: Actor, now: datetime) -> None:
    """What a community says of itself, theme by theme."""
    told: dict[str, Any] = {"self_scores": dict(scores), "self_findings": findings}
    note(honour=honour, action="honour.self_checked", actor=actor, now=now, **told)


def check_on_site(
    *, honour: Honour, scores: Mapping[str, int], findings: str, visited_on: date, reason: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """What somebody else found on site. `reason`: why it is not up to the standard, empty when it is.

    Raises InFuture.
    """
    if visited_on > timezone.localdate(now):
        raise InFuture([FieldProblem("/visited_on", InFuture.code, InFuture.message)])
    told = {"site_scores": dict(scores), "site_findings": findings, "site_checked_on": visited_on, "reason": reason}
    state = State.DEFERRED if reason else ""
    note(honour=honour, action="honour.checked_on_site", state=state, actor=actor, now=now, **told)


def publish(*, honour: Honour, actor: Actor, now: datetime) -> datetime:
    """Make it public as D19 allows: a name only where the candidate agreed to it; returns until when."""
    notice = notices.announce(
        kind="honour",
        unit=honour.call.unit,
        title=f"{honour.call.year}年{codes.entries('honour_kind')[honour.call.kind].label}评选公示",
        rows=[_notice_row(honour)],
        stage="town",
        days=honour.call.publicity_days,
        actor=actor,
        now=now,
    )
    sheet = notice.sheets.get(place=Sheet.Place.BOARD)
    line = sheet.lines.order_by("position").first()
    honour.published_text = f"{honour.unit.name} {line.name if line is not None else NOBODY}"
    honour.notice_id, honour.published_digest = notice.pk, sheet.digest
    honour.published_from, honour.published_until = notice.from_date, notice.until
    honour.state = State.PUBLISHED
    _move(honour, "honour.published", actor, now, {"digest": honour.published_digest})
    return end_of_day(notice.until)


def take_down(*, honour: Honour, actor: Actor, now: datetime) -> None:
    """What was public is so no longer; the digest proves what it said."""
    notice = Notice.objects.filter(pk=honour.notice_id).first() if honour.notice_id else None
    if notice is not None:
        notices.take_down(notice=notice, actor=actor, now=now)
    honour.published_text = ""
    _move(honour, "honour.taken_down", actor, now)


def object_to(*, honour: Honour, text: str, objector: str, actor: Actor, now: datetime) -> None:
    """Somebody objects; who, stays with whoever looks into it. Raises NotPublished."""
    if honour.state != State.PUBLISHED or honour.objection:
        raise NotPublished
    honour.objection, honour.objector = text, objector
    _move(honour, "honour.objected", actor, now)


def settle(*, honour: Honour, upheld: bool, evidence: str, actor: Actor, now: datetime) -> None:
    """Whether the objection holds."""
    honour.evidence = evidence
    if upheld:
        honour.state = State.OBJECTED
    else:
        honour.objection = ""
    _move(honour, "honour.objection_settled", actor, now, {"upheld": upheld})


def award(*, honour: Honour, minutes: str, actor: Actor, now: datetime) -> None:
    """Given for its term. Raises QuotaReached."""
    held = Call.objects.select_for_update().get(pk=honour.call_id)
    if held.honours.filter(state=State.AWARDED).count() >= held.quota:
        raise QuotaReached
    day = timezone.localdate(now)
    honour.state, honour.minutes, honour.decided_label = State.AWARDED, minutes, actor.label
    honour.awarded_on, honour.held_until = day, after(timezone.localtime(now), f"P{held.term_months}M").date()
    _move(honour, "honour.awarded", actor, now)


def withdraw(*, honour: Honour, reason: str, actor: Actor, now: datetime) -> None:
    """Taken back, with a reason. Raises NotAwarded."""
    if honour.state != State.AWARDED:
        raise NotAwarded
    honour.state, honour.reason, honour.story = State.WITHDRAWN, reason, ""
    honour.held_until = timezone.localdate(now)
    _move(honour, "honour.withdrawn", actor, now)


def _notice_row(honour: Honour) -> NoticeRow:
    """A household and a village are no person; the village's name is no secret either."""
    helper = honour.helper
    return NoticeRow(
        name=honour.candidate,
        village=honour.unit,
        birth_date=helper.birth_date if helper is not None else None,
        consented=honour.name_consented or (helper is None and honour.candidate_family is None),
        is_body=helper is None,
        family_id=honour.candidate_family_id,
    )


def _check(nomination: Nomination) -> None:
    wrong = []
    if nomination.unit.kind != Unit.Kind.VILLAGE or not nomination.unit.path.startswith(nomination.call.unit_path):
        wrong.append("unit")
    if nomination.candidate_family is not None and nomination.helper is not None:
        wrong.append("helper")
    family, is_community = nomination.candidate_family, nomination.call.kind == DEMONSTRATION
    if family is not None and (is_community or family.unit_id != nomination.unit.pk):
        wrong.append("candidate_family")
    if nomination.helper is not None and is_community:
        wrong.append("helper")
    if wrong:
        message = BadNomination.message
        raise BadNomination([FieldProblem(f"/{name}", BadNomination.code, message) for name in wrong])


def _move(honour: Honour, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    honour.version += 1
    honour.save()
    _tell(honour, action, actor, now, data)


def _tell(honour: Honour, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    record(action=action, object=honour, actor=actor, now=now, data=data)
