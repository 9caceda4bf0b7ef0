"""The yearly review of a village: opened, everybody listed and checked, what was not checked decided, closed (P07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import parameters
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.payments import payables
from backend.subsidies.models import AnnualReview, Entitlement, ReviewCheck
from backend.subsidies.paid import payables_of

DAYS: Mapping[str, str] = {"opens": "01-05", "warns": "02-01", "closes": "02-15"}
"""Where the parameter `annual_review.days` is not set (2b: until 15 February in Jinzhai, January to February in
Ankang)."""
HELD = "annual_review"
"""Why payments are held until somebody was checked."""
State = ReviewCheck.State


class ReviewHeld(Conflict):
    """The village has its review of this year."""

    code = "annual_review_held"
    message = _("This village has its review of this year already.")


class NoVillage(Invalid):
    """Reviews are held village by village."""

    code = "not_a_village"
    message = _("This has to be a village.")


class ReviewOver(Invalid):
    """The last day has to lie ahead."""

    code = "annual_review_over"
    message = _("The last day of the review has to lie ahead.")


class Unchecked(Conflict):
    """Somebody was not checked."""

    code = "checks_open"
    message = _("%(number)s people have not been checked yet.")


class CheckClosed(Conflict):
    """The review is closed, or somebody else has checked this person."""

    code = "check_closed"
    message = _("This person has been checked already, or the review is closed.")


class BadCheck(Invalid):
    """A check says how, on which day, and by which papers."""

    code = "bad_check"
    message = _("Say how it was checked, on a day that has come; a certified statement has a number.")


def days_of(path: str, today: date) -> Mapping[str, date]:
    """This year's days of the place: opens, warns, closes."""
    said = parameters.value("annual_review.days", path=path, day=today, default=DAYS)
    return {name: date.fromisoformat(f"{today.year}-{said[name]}") for name in DAYS}


def open_review(*, unit: Unit, actor: Actor, now: datetime, closes_on: date | None = None) -> AnnualReview:
    """This year's review of a village, until the programme's day or another one. Raises NoVillage, ReviewOver,
    ReviewHeld."""
    if unit.kind != Unit.Kind.VILLAGE:
        raise NoVillage([FieldProblem("/unit", NoVillage.code, NoVillage.message)])
    today = timezone.localdate(now)
    days = days_of(unit.path, today)
    last = closes_on or days["closes"]
    if last < today:
        raise ReviewOver([FieldProblem("/closes_on", ReviewOver.code, ReviewOver.message)])
    held = AnnualReview(
        unit=unit,
        year=today.year,
        opens_on=today,
        warn_on=max(today, last - (days["closes"] - days["warns"])),
        closes_on=last,
        opened_label=actor.label,
        created_at=now,
    )
    try:
        with transaction.atomic():
            held.save(force_insert=True)
    except IntegrityError as error:
        raise ReviewHeld from error
    _tell("annual_review.opened", held, actor, now, {"year": held.year, "closes_on": last.isoformat()})
    return held


def list_entitled(*, review: AnnualReview, now: datetime) -> int:
    """Everybody who is entitled in the village on the first day; how many. The same again adds whoever is missing."""
    entitled = Entitlement.objects.on(review.opens_on).filter(person__family__unit=review.unit)
    rows = [
        ReviewCheck(review=review, entitlement=each, unit_path=review.unit.path, created_at=now)
        for each in entitled.exclude(cycle=Entitlement.Cycle.ONCE).order_by("number")
    ]
    ReviewCheck.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def check(
    *, row: ReviewCheck, method: str, checked_on: date, changed: bool, actor: Actor, now: datetime, document: str = "",
    note: str = "",
) -> ReviewCheck:  # fmt: skip
    """Somebody made sure that the person is alive, in a way that suits them; `changed`: something is to be looked
    into. Payments that were held for want of a check, of this review or one before, go on. Raises BadCheck,
    CheckClosed."""
    wrong = [] if method in ReviewCheck.Method.values else ["method"]
    wrong += ["checked_on"] if checked_on > timezone.localdate(now) or checked_on < row.review.opens_on else []
    wrong += ["document"] if method == ReviewCheck.Method.STATEMENT and not document else []
    if wrong:
        raise BadCheck([FieldProblem(f"/{name}", BadCheck.code, BadCheck.message) for name in wrong])
    held = _locked(row)
    if held.state not in {State.TODO, State.HELD}:
        raise CheckClosed
    was_held = _is_held(held)
    held.state = State.CHANGED if changed else State.ALIVE
    held.method, held.checked_on, held.document, held.note = method, checked_on, document, note
    held.checked_by_id, held.checked_label = actor.user_id, actor.label
    _save_check(held, "method", "checked_on", "document", "note", "checked_by", "checked_label")
    if was_held and not changed:
        payables.let_go(payables=payables_of(held.entitlement), reason=HELD, actor=actor, now=now)
    told = {"check_method": method, "result": held.state}
    _tell_check("annual_review.checked", held, actor, now, told)
    return held


def _is_held(row: ReviewCheck) -> bool:
    unseen = ReviewCheck.objects.filter(entitlement=row.entitlement_id, state=State.HELD)
    return unseen.filter(review__year__lte=row.review.year).exists()


def leave_out_ended(*, review: AnnualReview) -> None:
    """Whose subsidy ended meanwhile is not checked any more."""
    ended = review.checks.filter(state=State.TODO, entitlement__until_date__lte=review.opens_on)
    ended.update(state=State.LEFT_OUT, version=F("version") + 1)


def unchecked(review: AnnualReview) -> int:
    """How many are still to be checked."""
    leave_out_ended(review=review)
    return review.checks.filter(state=State.TODO).count()


def extend(*, review: AnnualReview, until: date, reason: str, actor: Actor, now: datetime) -> None:
    """A later last day. Raises ReviewOver."""
    if until <= timezone.localdate(now):
        raise ReviewOver([FieldProblem("/extend_to", ReviewOver.code, ReviewOver.message)])
    held = _locked_review(review)
    held.closes_on = until
    _save(held, "closes_on")
    _tell("annual_review.extended", held, actor, now, {"closes_on": until.isoformat()}, reason)


def hold_unchecked(*, review: AnnualReview, reason: str, actor: Actor, now: datetime) -> int:
    """A named person holds the payments of whoever was not checked; a later check lets them go. Returns how many."""
    rows = list(review.checks.filter(state=State.TODO).select_related("entitlement__person__family", "review"))
    for row in rows:
        row.state = State.HELD
        _save_check(row)
        payables.hold(payables=payables_of(row.entitlement), reason=HELD, actor=actor, now=now)
        _tell_check("annual_review.held", row, actor, now, reason=reason)
    return len(rows)


def note_result(*, review: AnnualReview, action: str, actor: Actor, now: datetime, reason: str = "") -> None:
    """What the caseworker or the supervisor said of it."""
    held = _locked_review(review)
    held.confirmed_label = actor.label if action == "annual_review.confirmed" else held.confirmed_label
    _save(held, "confirmed_label")
    _tell(action, held, actor, now, reason=reason)


def close_review(*, review: AnnualReview, actor: Actor, now: datetime) -> int:
    """The figures are frozen; returns how many were not checked. Raises Unchecked while somebody has no result."""
    held = _locked_review(review)
    leave_out_ended(review=held)
    counted = Counter(held.checks.values_list("state", flat=True))
    if left := counted[State.TODO]:
        raise Unchecked(params={"number": left})
    held.state, held.closed_at, held.figures = AnnualReview.State.CLOSED, now, {"states": dict(counted)}
    _save(held, "state", "closed_at", "figures")
    _tell("annual_review.closed", held, SYSTEM if actor.is_system else actor, now, {"states": dict(counted)})
    return counted[State.HELD]


def _locked(row: ReviewCheck) -> ReviewCheck:
    rows = ReviewCheck.objects.select_for_update(of=("self",))
    return rows.select_related("review", "entitlement__person__family").get(pk=row.pk)


def _locked_review(review: AnnualReview) -> AnnualReview:
    return prepared.found(AnnualReview, review.pk, follow=("unit",), lock=True)


def _save_check(row: ReviewCheck, *fields: str) -> None:
    row.version += 1
    row.save(update_fields=["state", *fields, "version"])


def _save(review: AnnualReview, *fields: str) -> None:
    review.version += 1
    review.save(update_fields=[*fields, "version"])


def _tell(
    action: str, review: AnnualReview, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:  # fmt: skip
    record(action=action, object=review, actor=actor, now=now, data=data, reason=reason)


def _tell_check(
    action: str, row: ReviewCheck, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:  # fmt: skip
    family = row.entitlement.person.family_id
    record(action=action, object=row, family_id=family, actor=actor, now=now, data=data, reason=reason)
