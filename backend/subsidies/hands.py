"""Powers apart (四权分离, domain.md 3.0): who recorded an application reviews it at no level, who reviewed it for one
level does for no other, and nobody decides on a relative's. The engine keeps such work out of their inboxes; this keeps
it out of the rows, whoever acts for whom."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import NotAllowed
from backend.org.access import Actor, grants
from backend.org.models import User
from backend.subsidies.models import Application, Hand


class OnePower(NotAllowed):
    """The same person never holds two powers over one application."""

    code = "one_power"
    message = _(
        "You, or the person you stand in for, had a hand in this application before: somebody else decides here."
    )


class Recused(NotAllowed):
    """A relative's application is decided by others (E19)."""

    code = "recused"
    message = _("You are related to the applicant, or are the applicant: somebody else decides here.")


def hold(*, application: Application, power: Hand.Power, actor: Actor, now: datetime) -> frozenset[UUID]:
    """The actor, and whoever the actor stands in for, hold this power over the application; returns who they are.

    Raises OnePower when one of them holds another one, Recused when one of them is a relative.
    """
    people = behind(actor, now=now)
    if application.recused.filter(pk__in=people).exists():
        raise Recused
    held = dict(application.hands.filter(user__in=people).values_list("user_id", "power"))
    if set(held.values()) - {power.value}:
        raise OnePower
    new = [Hand(application=application, user_id=one, power=power, created_at=now) for one in people - held.keys()]
    try:
        with transaction.atomic():
            Hand.objects.bulk_create(new)
    except IntegrityError as error:  # at the same moment in another power
        raise OnePower from error
    return people


def behind(actor: Actor, *, now: datetime) -> frozenset[UUID]:
    """The user who acts, and the absent colleagues by whose grant the user does."""
    if actor.user_id is None:
        return frozenset()
    user = User.objects.get(pk=actor.user_id)
    lent = {
        grant.holder_id
        for grant in grants(user, day=timezone.localdate(now))
        if grant.on_behalf_of and (grant.role, grant.unit_id) == (actor.role, actor.unit_id)
    }
    return frozenset({user.pk, *lent})
