"""Who sees what and who may do what: one place, read by every `visible_to`.

A *grant* is one role at one unit that is in force today: from an own membership, or from that of somebody whom the
user stands in for. Grants are read once per request (two statements) and kept on the user object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from backend.core import prepared
from backend.org.roles import ACTIONS, ADMINISTRATORS

if TYPE_CHECKING:
    from typing import TypeAlias

    from django.contrib.auth.models import AnonymousUser

    from backend.org.models import UnitQuerySet, User, UserQuerySet

    Viewer: TypeAlias = User | AnonymousUser
    """Whoever a door lets in."""


@dataclass(frozen=True)
class Actor:
    """Who does something, as history tells it. `user_id` is None for the system itself."""

    user_id: UUID | None
    label: str
    role: str = ""
    unit_id: UUID | None = None
    unit_name: str = ""
    for_id: UUID | None = None
    """The absent colleague in whose place somebody acts: what is to be done by others is not for that one either."""

    @property
    def is_system(self) -> bool:
        """Whether no person acts."""
        return self.user_id is None

    def as_json(self) -> dict[str, Any]:
        """As a job's argument; `from_json` reads it."""
        return {
            "user_id": str(self.user_id) if self.user_id else None,
            "label": self.label,
            "role": self.role,
            "unit_id": str(self.unit_id) if self.unit_id else None,
            "unit_name": self.unit_name,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any] | None) -> Actor:
        """The actor that `as_json` wrote; without one the system."""
        if not fields:
            return SYSTEM
        return cls(
            user_id=UUID(fields["user_id"]) if fields.get("user_id") else None,
            label=fields["label"],
            role=fields.get("role", ""),
            unit_id=UUID(fields["unit_id"]) if fields.get("unit_id") else None,
            unit_name=fields.get("unit_name", ""),
        )


@dataclass(frozen=True)
class Grant:
    """A role at a unit, in force today."""

    role: str
    unit_id: UUID
    unit_name: str
    path: str
    holder_id: UUID
    """Whose membership it is: the user's own, or an absent colleague's."""
    on_behalf_of: str = ""
    """Name of the absent colleague when the grant comes from standing in."""
    former_paths: tuple[str, ...] = ()
    """Where what was written before units were merged still stands (E16)."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The subtrees that it reaches, those of the past too."""
        return (self.path, *self.former_paths)

    def actor(self, user: User) -> Actor:
        """The user acting by this grant, as history tells it."""
        label = f"{user.name}（代 {self.on_behalf_of}）" if self.on_behalf_of else user.name
        absent = self.holder_id if self.on_behalf_of else None
        return Actor(user.pk, label, role=self.role, unit_id=self.unit_id, unit_name=self.unit_name, for_id=absent)


SYSTEM = Actor(user_id=None, label="system", role="system")


HELD = """
SELECT held.role, held.unit_id, unit.name, unit.path, held.user_id, holder.name, unit.former_paths
FROM org_membership held JOIN org_unit unit ON unit.id = held.unit_id JOIN org_user holder ON holder.id = held.user_id
WHERE held.from_date <= %(day)s AND (held.to_date IS NULL OR held.to_date > %(day)s)
  AND held.user_id = ANY (%(user)s::uuid || ARRAY(
      SELECT absent_id FROM org_deputy
      WHERE deputy_id = %(user)s AND from_date <= %(day)s AND (to_date IS NULL OR to_date > %(day)s)))
ORDER BY held.from_date, held.id
"""
"""User.memberships_held in SQL: every request asks it, and building it took Django six times as long as asking it.
An array, because with OR … IN PostgreSQL reads everybody's memberships."""


def grants(user: Viewer, *, day: date | None = None) -> tuple[Grant, ...]:
    """The user's grants on that day (default: today in the local calendar). Inactive and anonymous users have none."""
    if not user.is_authenticated or not user.is_active:
        return ()
    today = day or timezone.localdate()
    kept: dict[date, tuple[Grant, ...]] = user.__dict__.setdefault("_grants", {})
    if today not in kept:
        held = prepared.execute(HELD, {"user": user.pk, "day": today}).fetchall()
        kept[today] = tuple(
            Grant(role, unit_id, unit_name, path, holder_id, "" if holder_id == user.pk else holder, tuple(former))
            for role, unit_id, unit_name, path, holder_id, holder, former in held
            # An administrator's duty is personal: nobody may come to hold two of the three by standing in.
            if holder_id == user.pk or role not in ADMINISTRATORS
        )
    return kept[today]


def granting(user: Viewer, action: str) -> tuple[Grant, ...]:
    """The grants whose role may do this."""
    return tuple(grant for grant in grants(user) if action in ACTIONS.get(grant.role, ()))


def may(user: Viewer, action: str, *, path: str | None = None) -> bool:
    """Whether the user may do this, anywhere or (with a path) at the unit with this path."""
    return any(path is None or path.startswith(grant.path) for grant in granting(user, action))


def actions(user: Viewer) -> list[str]:
    """Everything the user may do somewhere, sorted."""
    return sorted({action for grant in grants(user) for action in ACTIONS.get(grant.role, ())})


def actor_of(user: User, *, action: str = "", role: str = "", path: str | None = None) -> Actor:
    """The user as history tells it: in the first grant that fits role, action and place, else in the first grant."""
    held = grants(user)
    fitting = [
        grant
        for grant in held
        if (not role or grant.role == role)
        and (not action or action in ACTIONS.get(grant.role, ()))
        and (path is None or path.startswith(grant.path) or grant.path.startswith(path))
    ]
    best = next(iter(fitting or held), None)
    if best is None:
        return Actor(user_id=user.pk, label=user.name)
    return best.actor(user)


def upwards(path: str) -> list[str]:
    """The path of a unit and those of all above it, the widest first."""
    return [path[: end + 1] for end, letter in enumerate(path) if letter == "."]


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie inside another's subtree: they add nothing but a slower plan."""
    roots: list[str] = []
    for path in sorted(set(paths)):
        if not roots or not path.startswith(roots[-1]):
            roots.append(path)
    return roots


def under(field: str, paths: Iterable[str]) -> Q:
    """The condition "this path column lies in one of these subtrees"; no paths: nothing."""
    return reduce(or_, (Q(**{f"{field}__startswith": path}) for path in outermost(paths)), Q(pk__in=[]))


def in_subtree(user: Viewer, action: str, field: str) -> Q:
    """The condition "lies in a subtree where the user's role may do this"."""
    return under(field, (path for grant in granting(user, action) for path in grant.paths))


def in_line(user: Viewer, action: str, field: str) -> Q:
    """The condition "lies at, below or above where the user's role may do this": a village sees its township's."""
    above = {path for grant in granting(user, action) for path in upwards(grant.path)}
    return in_subtree(user, action, field) | Q(**{f"{field}__in": above})


def visible_units(units: UnitQuerySet, user: Viewer) -> UnitQuerySet:
    """Units at, above and below the user's own; system and security administrators see the whole tree."""
    held = grants(user)
    if any(grant.role in ADMINISTRATORS for grant in held):
        return units
    readers = [path for grant in held if "unit.read" in ACTIONS.get(grant.role, ()) for path in grant.paths]
    above = {path for reader in readers for path in upwards(reader)}
    own = {grant.path for grant in held}
    return units.filter(under("path", readers) | Q(path__in=above | own))


def visible_users(users: UserQuerySet, user: Viewer) -> UserQuerySet:
    """Oneself; with `user.read` also everybody with a membership in the subtree; administrators everybody."""
    if any(grant.role in ADMINISTRATORS for grant in grants(user)):
        return users
    mine = Q(pk=user.pk)
    readers = granting(user, "user.read")
    if not readers:
        return users.filter(mine)
    colleagues = users.model._default_manager.filter(
        under("memberships__unit__path", (grant.path for grant in readers))
    )
    return users.filter(mine | Q(pk__in=colleagues.values("pk")))


def visible_memberships(user: Viewer) -> Q:
    """The condition under which a membership may be read: own, in the `user.read` subtree; administrators read all."""
    if any(grant.role in ADMINISTRATORS for grant in grants(user)):
        return Q(pk__isnull=False)
    return Q(user=user.pk) | in_subtree(user, "user.read", "unit__path")


def visible_parameters(user: Viewer) -> Q:
    """The condition under which a parameter's row may be read: it holds at, above or below the user's own units;
    administrators read all."""
    if any(grant.role in ADMINISTRATORS for grant in granting(user, "parameter.read")):
        return Q(pk__isnull=False)
    return around(user, "parameter.read")


def around(user: Viewer, action: str) -> Q:
    """The condition that a row with an area (`path`, empty: everywhere) holds at, above or below where the user holds
    this action."""
    places = granting(user, action)
    if not places:
        return Q(pk__in=[])
    above = {path for grant in places for path in upwards(grant.path)}
    return under("path", (grant.path for grant in places)) | Q(path__in=above | {""})
