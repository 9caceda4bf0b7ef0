"""Whose powers somebody uses: their own and, standing in, an absent colleague's (四权分离, domain.md section 3.0)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from backend.org.access import Actor, grants
from backend.org.models import User


def behind(actor: Actor, *, day: date) -> frozenset[UUID]:
    """The user who acts, and the absent colleagues by whose grant the user does: powers that are kept apart (domain.md
    3.0) are those of all of them. Who has the same role at the same place in one's own right acts in it. Nobody for the
    system."""
    if actor.user_id is None:
        return frozenset()
    user = User.objects.get(pk=actor.user_id)
    used = [grant for grant in grants(user, day=day) if (grant.role, grant.unit_id) == (actor.role, actor.unit_id)]
    if any(not grant.on_behalf_of for grant in used):
        return frozenset({user.pk})
    return frozenset({user.pk, *(grant.holder_id for grant in used)})


def is_behind(actor: Actor, *people: UUID | None, day: date) -> bool:
    """Whether one of these people acts, or is stood in for by whoever acts. Nothing is read where nobody is named."""
    named = {each for each in people if each is not None}
    return actor.user_id in named or bool(named and named & behind(actor, day=day))
