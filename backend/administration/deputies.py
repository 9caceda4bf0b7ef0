"""Who stands in for whom while somebody is absent, always with dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.administration.memberships import check_dates, overlapping
from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.org.access import Actor, under
from backend.org.models import Deputy, Membership, MembershipQuerySet, User, UserQuerySet
from backend.org.roles import OFFICE


class DeputyIsAnother(Invalid):
    """Nobody stands in for oneself."""

    code = "deputy_is_another"
    message = _("Somebody else has to stand in.")


class OwnDeputy(NotAllowed):
    """Who made oneself somebody's deputy would widen the own rights; an own absence is entered by another."""

    code = "own_deputy"
    message = _("Nobody decides who stands in where it concerns oneself: for the own absence, or as the deputy.")


class NotTheSameWork(NotAllowed):
    """By oneself, work is left only to who has the same rights already: nobody's are widened by it."""

    code = "not_the_same_work"
    message = _("On all of these days the colleague has to do the same work as you, at the same place.")


class StandInIsAway(Conflict):
    """Work left to somebody who is away too would lie."""

    code = "stand_in_is_away"
    message = _("This colleague is away on some of these days.")


class NotAColleague(NotAllowed):
    """A supervisor moves rights within the office only: nothing held elsewhere, no oversight, no helper's part."""

    code = "not_a_colleague"
    message = _(
        "This is possible only between people of the office who work in your area, for nobody who also works elsewhere."
    )


class DeputyOverlaps(Conflict):
    """The same person stands in for the same person on some of these days already."""

    code = "deputy_overlaps"
    message = _("This person stands in for the same colleague on some of these days already.")


def appoint_deputy(
    *,
    absent: User,
    deputy: User,
    from_date: date,
    to_date: date | None,
    reason: str,
    actor: Actor,
    now: datetime,
    within: Sequence[str] | None = None,
) -> Deputy:
    """`deputy` stands in for the memberships of `absent` (never for administrators' duties), from a day (included) to a
    day (excluded).

    `within`: paths of the subtrees to which the actor's say is confined; None: it reaches everywhere.
    Raises DeputyIsAnother, OwnDeputy, NotAColleague, DeputyOverlaps and Invalid.
    """
    if absent.pk == deputy.pk:
        raise DeputyIsAnother
    check_dates(from_date, to_date)
    _check_not_own(absent, deputy, actor)
    if within is not None:
        _check_colleagues(absent, deputy, from_date, to_date, within)
    return _appoint(absent, deputy, from_date, to_date, reason, actor, now)


def take_days_away(
    *, absent: User, deputy: User, from_date: date, to_date: date, reason: str, actor: Actor, now: datetime
) -> Deputy:
    """`absent` is away and leaves the own work to a colleague who has the same role at the same place, from a day
    (included) to a day (excluded).

    Other than a supervisor's appointment it moves no rights: see can_stand_in. Raises DeputyIsAnother, NotAColleague,
    NotTheSameWork, StandInIsAway, DeputyOverlaps and Invalid.
    """
    if absent.pk == deputy.pk:
        raise DeputyIsAnother
    check_dates(from_date, to_date)
    _check_not_over("/from_date", from_date, now)
    _check_same_work(absent, deputy, from_date, to_date)
    if Deputy.objects.filter(overlapping(from_date, to_date), absent=deputy).exclude(to_date=F("from_date")).exists():
        raise StandInIsAway([FieldProblem("/deputy", StandInIsAway.code, StandInIsAway.message)])
    return _appoint(absent, deputy, from_date, to_date, reason, actor, now)


def come_back(*, deputy: Deputy, to_date: date, actor: Actor, now: datetime) -> Deputy:
    """The absent is back on that day, earlier than was said. Longer is another absence, with checks of its own.

    Raises Invalid.
    """
    check_dates(deputy.from_date, to_date)
    _check_not_over("/to_date", to_date, now)
    if deputy.to_date is not None and to_date > deputy.to_date:
        later = _("Days after these are recorded as days away of their own.")
        raise Invalid(problems=[FieldProblem("/to_date", "bad_date", later)])
    return _dismiss(deputy, to_date, actor, now)


def can_stand_in(absent: User, day: date) -> UserQuerySet:
    """Colleagues who on that day have a role of the office at the same unit as `absent`, by name."""
    same = Membership.objects.on(day).filter(role=OuterRef("role"), unit=OuterRef("unit"), user=absent)
    theirs = Membership.objects.on(day).filter(Exists(same), role__in=OFFICE)
    return User.objects.filter(pk__in=theirs.values("user"), is_active=True).exclude(pk=absent.pk).order_by("name")


def _appoint(
    absent: User, deputy: User, from_date: date, to_date: date | None, reason: str, actor: Actor, now: datetime
) -> Deputy:
    _check_once(absent, deputy, from_date, to_date)
    made = Deputy.objects.create(
        absent=absent, deputy=deputy, from_date=from_date, to_date=to_date, reason=reason, created_at=now
    )
    data = {"deputy": deputy.pk, "deputy_name": deputy.name, "from_date": from_date, "to_date": to_date}
    path = _place_of(absent, from_date, to_date)
    record(action="deputy.appointed", actor=actor, now=now, object=absent, unit_path=path, data=data, reason=reason)
    return made


def dismiss_deputy(
    *, deputy: Deputy, to_date: date, actor: Actor, now: datetime, within: Sequence[str] | None = None
) -> Deputy:
    """The standing in ends on that day (excluded); a set end can be moved. `within`, errors: see appoint_deputy."""
    check_dates(deputy.from_date, to_date)
    absent, stand_in = deputy.absent, deputy.deputy
    _check_not_own(absent, stand_in, actor)
    until = max(to_date, deputy.from_date + timedelta(days=1))  # a span of no day is nobody's
    if within is not None:
        _check_colleagues(absent, stand_in, deputy.from_date, until, within)
    _check_once(absent, stand_in, deputy.from_date, to_date, but=deputy)
    return _dismiss(deputy, to_date, actor, now)


def _dismiss(deputy: Deputy, to_date: date, actor: Actor, now: datetime) -> Deputy:
    absent, stand_in = deputy.absent, deputy.deputy
    before, deputy.to_date = deputy.to_date, to_date
    deputy.save(update_fields=["to_date"])
    data = {
        "deputy": stand_in.pk,
        "deputy_name": stand_in.name,
        "from": {"to_date": before},
        "to": {"to_date": to_date},
    }
    path = _place_of(absent, deputy.from_date, max(to_date, deputy.from_date + timedelta(days=1)))
    record(action="deputy.dismissed", actor=actor, now=now, object=absent, unit_path=path, data=data)
    return deputy


def _check_not_own(absent: User, deputy: User, actor: Actor) -> None:
    if actor.user_id in {absent.pk, deputy.pk}:
        raise OwnDeputy


def _check_colleagues(absent: User, deputy: User, from_date: date, to_date: date | None, within: Sequence[str]) -> None:
    """The deputy is handed all that the absent holds in that time, so all of it has to lie within; the deputy has to
    belong to the same office."""
    here = under("unit__path", within)
    held = _held(absent, from_date, to_date)
    if not held.exists() or held.exclude(here, role__in=OFFICE).exists():
        raise NotAColleague([FieldProblem("/absent", NotAColleague.code, NotAColleague.message)])
    if not _held(deputy, from_date, to_date).filter(here, role__in=OFFICE).exists():
        raise NotAColleague([FieldProblem("/deputy", NotAColleague.code, NotAColleague.message)])


def _check_same_work(absent: User, deputy: User, from_date: date, to_date: date) -> None:
    """All that the absent holds in that time the deputy holds all of that time."""
    held = _held(absent, from_date, to_date)
    if not held.exists() or held.exclude(role__in=OFFICE).exists():
        raise NotAColleague
    lasting = Q(to_date__isnull=True) | Q(to_date__gte=to_date)
    same = Membership.objects.filter(
        lasting, user=deputy, role=OuterRef("role"), unit=OuterRef("unit"), from_date__lte=from_date
    )
    if not deputy.is_active or held.exclude(Exists(same)).exists():
        raise NotTheSameWork([FieldProblem("/deputy", NotTheSameWork.code, NotTheSameWork.message)])


def _check_not_over(pointer: str, day: date, now: datetime) -> None:
    """What was is not arranged afterwards by whom it concerns."""
    if day < timezone.localdate(now):
        raise Invalid(problems=[FieldProblem(pointer, "bad_date", _("This day is over."))])


def _check_once(absent: User, deputy: User, from_date: date, to_date: date | None, but: Deputy | None = None) -> None:
    User.objects.select_for_update(of=("self",)).get(pk=absent.pk)  # two appointments at once see each other
    others = Deputy.objects.filter(overlapping(from_date, to_date), absent=absent, deputy=deputy)
    others = others.exclude(to_date=F("from_date"))  # taken back before it began
    if others.exclude(pk=but.pk if but else None).exists():
        raise DeputyOverlaps


def _held(user: User, from_date: date, to_date: date | None) -> MembershipQuerySet:
    return Membership.objects.filter(overlapping(from_date, to_date), user=user)


def _place_of(absent: User, from_date: date, to_date: date | None) -> str:
    """Where the absent works: whoever reads history there reads who stands in."""
    paths = _held(absent, from_date, to_date).order_by("from_date", "pk").values_list("unit__path", flat=True)
    return paths.first() or ""
