"""Who may do a work item: role and place, the person it was given to, stand-ins, and the four-eyes rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.core.errors import Conflict, DomainError, NotAllowed
from backend.org.access import Actor, Grant, actor_of, grants, may
from backend.org.models import User
from backend.org.roles import ACTIONS, INDEPENDENT
from workflows.models import WorkItem

if TYPE_CHECKING:
    from backend.org.models import UserQuerySet


class AlreadyDone(Conflict):
    """The work item is not open any more."""

    code = "already_done"
    message = _("This has been done already, or is no longer needed.")


class Taken(Conflict):
    """Somebody else has claimed the work item."""

    code = "taken"
    message = _("Somebody else has taken this.")


class NotYours(NotAllowed):
    """The work item is for another role, place or person."""

    code = "not_yours"
    message = _("This is not in your inbox.")


class FourEyes(NotAllowed):
    """Who did an earlier step may not do this one."""

    code = "four_eyes"
    message = _("You, or the person you stand in for, did an earlier step of this case; this one needs another person.")


def grant_for(row: WorkItem, user: User) -> Grant:
    """The user's grant by which the item is theirs to do, their own before one that is lent. Raises NotYours."""
    for grant in sorted(grants(user), key=lambda each: bool(each.on_behalf_of)):
        in_place = row.unit_path.startswith(grant.path)
        if grant.role == row.role == "helper":
            if row.assignee_id == grant.holder_id:
                return grant
        elif grant.role == row.role and in_place and "work_item.complete" in ACTIONS[grant.role]:
            return grant
    raise NotYours


def may_do(row: WorkItem, user: User) -> bool:
    """Whether the item is the user's to do, by role and place (four eyes apart)."""
    try:
        grant_for(row, user)
    except NotYours:
        return False
    return True


def onlooker(row: WorkItem, user: User) -> Actor:
    """Who looks at an item: the user in the role that may do it, else the user in any role."""
    return grant_for(row, user).actor(user) if may_do(row, user) else actor_of(user)


def is_told(row: WorkItem, user: User) -> bool:
    """Whether the user is told what is known for the item: whoever may do it, and whoever works with the families of
    its place (`person.care`), as a supervisor who looks at the township's work.

    What an independent role looks into (an objection, how a ticket was used) is told to nobody else. All others see
    that something waits and what its form asks, and look at the rest by a ticket (domain.md P-7, F22).
    """
    if may_do(row, user):
        return True
    return row.role not in INDEPENDENT and may(user, "person.care", path=row.unit_path)


def overseer(row: WorkItem, user: User, action: str) -> Actor:
    """Who may move the item to another person or day: its own role, or a supervisor above its place.

    An independent role's item stays where it is, whoever stands above its place.
    """
    for grant in grants(user):
        if row.role in INDEPENDENT and grant.role != row.role:
            continue
        if action in ACTIONS[grant.role] and row.unit_path.startswith(grant.path):
            return grant.actor(user)
    raise NotYours


def check_free(row: WorkItem, user: User) -> None:
    """Raises Taken when another person has it, FourEyes when the user did an earlier step that excludes them."""
    if row.assignee_id not in {None, user.pk} and not stands_in(row, user):
        raise Taken
    if str(user.pk) in row.excluded:
        raise FourEyes


def refusal_for(row: WorkItem, user: User, doers: Iterable[UUID] = ()) -> DomainError | None:
    """Why the user may not complete the item now; None when nothing is in the way. `doers`: who did the steps that
    its four-eyes rule names."""
    if row.state != WorkItem.State.OPEN:
        return AlreadyDone()
    try:
        grant = grant_for(row, user)
        check_free(row, user)
    except DomainError as refused:
        return refused
    return FourEyes() if {user.pk, grant.holder_id}.intersection(doers) else None


def verbs_for(row: WorkItem, user: User, refusal: DomainError | None) -> list[str]:
    """What the user may do with an open item; `refusal`: what is in the way of completing it."""
    held = grants(user)
    is_own = any(grant.holder_id == row.assignee_id for grant in held)
    doable = refusal is None
    rules = {
        "claim": doable and row.assignee_id is None,
        "release": row.assignee_id is not None
        and row.role != "helper"
        and may_do(row, user)
        and (is_own or "work_item.assign" in ACTIONS[grant_for(row, user).role]),
        "complete": doable,
        "delegate": row.role != "helper" and _may_oversee(row, user, "work_item.delegate"),
        "postpone": _may_oversee(row, user, "work_item.postpone"),
    }
    return [verb for verb, applies in rules.items() if applies]


def able_to_do(row: WorkItem, *, day: date) -> UserQuerySet:
    """Active users who hold the item's role at its place that day and did no step that excludes them."""
    return User.objects.holding(row.role, row.unit_path, day).exclude(pk__in=row.excluded)


def _may_oversee(row: WorkItem, user: User, action: str) -> bool:
    try:
        overseer(row, user, action)
    except NotYours:
        return False
    return True


def stands_in(row: WorkItem, user: User) -> bool:
    """Whether the item is an absent colleague's for whom the user stands in today."""
    return any(grant.on_behalf_of and grant.holder_id == row.assignee_id for grant in grants(user))
