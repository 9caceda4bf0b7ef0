"""The list of who is on duty: dated spells of posts at a unit, and whom an emergency goes to next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.emergencies.models import DutySpell
from backend.org.access import Actor, upwards
from backend.org.models import Membership, Unit, User

Post = DutySpell.Post
CONFIDANTS = 2
"""So many officers of an office may know who reported (E9)."""
POSTS: tuple[str, ...] = (Post.FIRST, Post.DEPUTY, Post.LEADING_GROUP)
"""Who is told one after another."""
ANSWERS = "supervisor"
"""The role that acknowledges emergencies."""


class TooManyConfidants(Conflict):
    """Two officers of an office may know who reported, not more."""

    code = "too_many_confidants"
    message = _("Two officers of this office may know who reported already. End one of these spells first.")


class CannotAnswer(Invalid):
    """Whoever is on duty has to be able to acknowledge an emergency there."""

    code = "cannot_answer"
    message = _("Only a supervisor of this unit or of one above it can be on duty here.")


class WrongDates(Invalid):
    """The spell ends before it begins."""

    code = "wrong_dates"
    message = _("The last day lies before the first one.")


def add_spell(
    *, unit: Unit, post: str, user: User, phone: str, from_date: date, to_date: date | None, actor: Actor, now: datetime
) -> DutySpell:
    """Put somebody on the list. Raises WrongDates, CannotAnswer, TooManyConfidants."""
    if to_date is not None and to_date <= from_date:
        raise WrongDates([FieldProblem("/to_date", WrongDates.code, WrongDates.message)])
    if not _answers_at(user, unit, from_date):
        raise CannotAnswer([FieldProblem("/user", CannotAnswer.code, CannotAnswer.message)])
    if post == Post.CONFIDANT:
        _refuse_a_third(unit, user, from_date, to_date)
    spell = DutySpell.objects.create(
        unit=unit, post=post, user=user, phone=phone, from_date=from_date, to_date=to_date, created_at=now
    )
    _tell(spell, "duty.added", actor, now)
    return spell


def end_spell(*, spell: DutySpell, to_date: date, actor: Actor, now: datetime) -> None:
    """From that day on somebody else is on duty. Raises WrongDates."""
    if to_date < spell.from_date:
        raise WrongDates([FieldProblem("/to_date", WrongDates.code, WrongDates.message)])
    spell.to_date, spell.version = to_date, spell.version + 1
    spell.save(update_fields=["to_date", "version"])
    _tell(spell, "duty.ended", actor, now)


def on_duty(office: Unit, post: str, day: date) -> Sequence[User]:
    """Who is on duty in a post that day at the office, or at the nearest unit above that names somebody.

    Nobody named: every supervisor of the office for the first post, nobody for the others.
    """
    spells = DutySpell.objects.on(day).filter(post=post, unit__path__in=upwards(office.path), user__is_active=True)
    found = list(spells.select_related("user", "unit").order_by("from_date", "id"))
    nearest = max((spell.unit.path for spell in found), key=len, default="")
    if found:
        return [spell.user for spell in found if spell.unit.path == nearest]
    if post != Post.FIRST:
        return []
    held = Membership.objects.on(day).filter(role=ANSWERS, unit=office, user__is_active=True)
    return [membership.user for membership in held.select_related("user").order_by("from_date", "id")]


def everybody(office: Unit, day: date) -> Sequence[User]:
    """All who are on duty in any post that day, each once."""
    return told_so_far(office, POSTS[-1], day)


def told_so_far(office: Unit, last: str, day: date) -> Sequence[User]:
    """Who is on duty in the posts up to the one told last, each once: nobody hears of it for the first time."""
    posts = POSTS[: POSTS.index(last) + 1] if last in POSTS else POSTS
    return list({user.pk: user for post in posts for user in on_duty(office, post, day)}.values())


def is_confidant(user: User, office: Unit, day: date) -> bool:
    """Whether the user is one of the two of this very office: neither a deputy nor a superior steps into this."""
    return DutySpell.objects.on(day).filter(post=Post.CONFIDANT, unit=office, user=user).exists()


def _refuse_a_third(unit: Unit, user: User, from_date: date, to_date: date | None) -> None:
    Unit.objects.select_for_update().get(pk=unit.pk)  # two who name somebody at once come one after the other
    held = DutySpell.objects.filter(unit=unit, post=Post.CONFIDANT).exclude(to_date__lte=from_date)
    if to_date is not None:
        held = held.filter(from_date__lt=to_date)
    if len({*held.values_list("user_id", flat=True)} - {user.pk}) >= CONFIDANTS:
        raise TooManyConfidants


def _answers_at(user: User, unit: Unit, day: date) -> bool:
    held = Membership.objects.on(day).filter(user=user, role=ANSWERS, unit__path__in=upwards(unit.path))
    return user.is_active and held.exists()


def _tell(spell: DutySpell, action: str, actor: Actor, now: datetime) -> None:
    data = {"duty_post": spell.post, "from": spell.from_date.isoformat()}
    if spell.to_date is not None:
        data["to"] = spell.to_date.isoformat()
    record(action=action, object=spell, actor=actor, now=now, data=data)
