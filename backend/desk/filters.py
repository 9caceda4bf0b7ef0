"""Saved filters: kept, changed, removed. What is shared with a unit is told to history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict, Invalid, NotAllowed, StaleVersion
from backend.desk.models import SavedFilter
from backend.org.access import Actor
from backend.org.models import Unit, User

MOST = 50
"""Filters of one person, or of one unit."""


class NameTaken(Conflict):
    """There is a filter of this name."""

    code = "name_taken"
    message = _("There is a filter of this name already.")


class TooMany(Invalid):
    """No more filters fit."""

    code = "too_many"
    message = _("There are too many saved filters: remove one first.")


def save_filter(
    *, name: str, query: Mapping[str, Any], unit: Unit | None, user: User, actor: Actor, now: datetime
) -> SavedFilter:
    """Keep a filter for oneself, or for everybody of a unit. Raises NameTaken, TooMany, NotAllowed."""
    made = SavedFilter(name=name, query=dict(query), owner=user, unit=unit, created_at=now)
    if not made.is_changeable_by(user):
        raise NotAllowed
    beside = _beside(made)
    if beside.filter(name=name).exists():
        raise NameTaken
    if beside.count() >= MOST:
        raise TooMany
    made.save(force_insert=True)
    _tell("saved_filter.shared", made, actor, now)
    return made


def change_filter(
    *, saved: SavedFilter, changes: Mapping[str, Any], version: int | None, user: User, actor: Actor, now: datetime
) -> SavedFilter:
    """Another name or other conditions. Raises StaleVersion, NameTaken, NotAllowed."""
    if not saved.is_changeable_by(user):
        raise NotAllowed
    row = prepared.found(SavedFilter, saved.pk, follow=("unit",), lock=True)
    if version is not None and version != row.version:
        raise StaleVersion
    if "name" in changes and _beside(row).filter(name=changes["name"]).exclude(pk=row.pk).exists():
        raise NameTaken
    for field, value in changes.items():
        setattr(row, field, value)
    row.version += 1
    row.save(update_fields=[*changes, "version"])
    _tell("saved_filter.changed", row, actor, now)
    return row


def remove_filter(*, saved: SavedFilter, user: User, actor: Actor, now: datetime) -> None:
    """It is gone, for everybody who shared it. Raises NotAllowed."""
    if not saved.is_changeable_by(user):
        raise NotAllowed
    _tell("saved_filter.removed", saved, actor, now)
    saved.delete()


def _beside(saved: SavedFilter) -> Any:
    """Filters among which a name must be the only one of its kind."""
    if saved.unit_id:
        return SavedFilter.objects.filter(unit=saved.unit_id)
    return SavedFilter.objects.filter(owner=saved.owner_id, unit__isnull=True)


def _tell(action: str, saved: SavedFilter, actor: Actor, now: datetime) -> None:
    if saved.unit is None:
        return
    data = {"unit_name": saved.unit.name, "query": dict(saved.query)}
    record(action=action, object=saved, label=saved.name, unit_path=saved.unit.path, actor=actor, now=now, data=data)
