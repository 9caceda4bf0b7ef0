"""A unit goes into another one: townships merged, a village that became part of a community (domain.md E16).

What lives goes along: the units below, people's posts, families, cases, open work. What was written stays as it was
written, under the old path, and whoever works at the successor reads it. The old unit keeps its code and tells its
successor, so that numbers can be asked for by either code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, cast

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem
from backend.org.access import Actor
from backend.org.models import Membership, Parameter, Unit

KINDS = frozenset({Unit.Kind.COUNTY, Unit.Kind.TOWN, Unit.Kind.VILLAGE, Unit.Kind.DEPARTMENT, Unit.Kind.PARTNER})
HISTORY = frozenset({"audit", "ledger"})
"""The apps whose rows are never written again."""


class NotMergeableUnit(Conflict):
    """These two cannot become one."""

    code = "unit_not_mergeable"
    message = _("Only a unit in force can go into another one of the same kind that is in force, and not below it.")


def merge_unit(*, unit: Unit, into: Unit, reason: str, actor: Actor, now: datetime) -> Counter[str]:
    """The unit ends today, and everything that lives there goes into the other one. Returns how many rows of each kind.

    Raises NotMergeableUnit.
    """
    today = timezone.localdate(now)
    held = {row.pk: row for row in Unit.objects.select_for_update(of=("self",)).filter(pk__in=[unit.pk, into.pk])}
    old, new = held[unit.pk], held[into.pk]
    below = new.path.startswith(old.path)
    if below or old.kind != new.kind or old.kind not in KINDS or old.successor_id or new.successor_id:
        raise NotMergeableUnit([FieldProblem("/into", NotMergeableUnit.code, NotMergeableUnit.message)])
    moved = Counter[str]()
    for child in list(old.children.filter(successor__isnull=True)):
        _put_below(child, new)
        moved["org.unit"] += 1
    moved["org.membership"] = _move_posts(old, new, today)
    _keep_numbers_apart(old, new)
    for field in _pointers():
        if number := _repoint(field, old, new):
            moved[field.model._meta.label_lower] += number
    _move_paths(old.path, new.path)
    Unit.objects.filter(successor=old).update(successor=new)
    old.successor, old.valid_to, old.version = new, today, old.version + 1
    old.save(update_fields=["successor", "valid_to", "version"])
    new.former_paths = [*new.former_paths, old.path, *old.former_paths]
    new.save(update_fields=["former_paths"])
    data = {"code": old.code, "into": new.code, "into_name": new.name, "moved": sum(moved.values())}
    for each in (old, new):
        record(action="unit.merged", object=each, unit_path=each.path, actor=actor, now=now, data=data, reason=reason)
    return moved


def areas(unit: Unit) -> list[Unit]:
    """Where to count for a unit: itself; for one that went into another, the units that once lay below it, wherever
    they are now, or its successor when there were none."""
    if unit.successor is None:
        return [unit]
    moved = list(Unit.objects.filter(successor__isnull=True).exclude(former_paths=[]))
    once = [each for each in moved if any(_is_below(path, unit.path) for path in each.former_paths)]
    outermost = [each for each in once if not any(_is_below(each.path, other.path) for other in once)]
    return outermost or [unit.successor]


def _is_below(path: str, above: str) -> bool:
    return path != above and path.startswith(above)


def _put_below(child: Unit, parent: Unit) -> None:
    """The child and all below it get a place under the new parent; codes stay until the statistical office gives
    others."""
    old = child.path
    last = old.rstrip(".").rpartition(".")[2]
    path = f"{parent.path}{last}."
    if Unit.objects.filter(path=path).exists():
        path = f"{parent.path}{child.code.lower()}."
    for each in list(Unit.objects.filter(path__startswith=old)):
        each.former_paths = [*each.former_paths, each.path]
        each.path = path + each.path[len(old) :]
        each.parent = parent if each.pk == child.pk else each.parent
        each.version += 1
        each.save(update_fields=["former_paths", "path", "parent", "version"])
    _move_paths(old, path)


def _move_posts(old: Unit, new: Unit, today: date) -> int:
    """Who works at the old unit works at the new one from today on."""
    held = Membership.objects.filter(unit=old).filter(Q(to_date__isnull=True) | Q(to_date__gt=today))
    posts = list(held.order_by("id"))
    for post in posts:
        until, post.to_date = post.to_date, max(today, post.from_date)
        post.version += 1
        post.save(update_fields=["to_date", "version"])
        fresh = Membership(user_id=post.user_id, role=post.role, unit=new, from_date=post.to_date, to_date=until)
        if not _held_there(fresh):
            fresh.save(force_insert=True)
    return len(posts)


def _held_there(post: Membership) -> bool:
    there = Membership.objects.filter(user=post.user_id, role=post.role, unit=post.unit)
    ends_later = Q(to_date__isnull=True) | Q(to_date__gt=post.from_date)
    begins_before = Q() if post.to_date is None else Q(from_date__lt=post.to_date)
    return there.filter(ends_later & begins_before).exists()


def _keep_numbers_apart(old: Unit, new: Unit) -> None:
    """A number is one household's at a place: where both have it, the newcomer's begins with its old place's code."""
    family = apps.get_model("cases", "Family")
    taken = family._default_manager.filter(unit=new).values("number")
    twice = family._default_manager.filter(unit=old, number__in=taken)
    twice.update(number=Concat(Value(f"{old.code[-3:]}-"), F("number")))


def _pointers() -> Iterator[models.ForeignKey[Unit, Unit]]:
    """Every column by which something is at a unit, but for history and for posts, which end and begin anew."""
    for model in apps.get_models():
        if model in {Unit, Membership} or model._meta.app_label in HISTORY:
            continue
        for field in model._meta.local_fields:
            if field.related_model is Unit:
                yield cast("models.ForeignKey[Unit, Unit]", field)


def _repoint(field: models.ForeignKey[Unit, Unit], old: Unit, new: Unit) -> int:
    """Rows go along; returns how many. What the successor has already (this year's call, this festival's condolence)
    stays where it was."""
    rows = field.model._default_manager.filter(**{field.name: old})
    try:
        with transaction.atomic():
            return rows.update(**{field.name: new})
    except IntegrityError:
        return sum(_repoint_one(field, row.pk, new) for row in list(rows.only("pk")))


def _repoint_one(field: models.ForeignKey[Unit, Unit], pk: Any, new: Unit) -> int:
    try:
        with transaction.atomic():
            return field.model._default_manager.filter(pk=pk).update(**{field.name: new})
    except IntegrityError:
        return 0


def _move_paths(old: str, new: str) -> None:
    """Every column that repeats a unit's path, but for history; numbers that hold for a unit below go along."""
    for model in apps.get_models():
        if model._meta.app_label in HISTORY or not any(field.name == "unit_path" for field in model._meta.local_fields):
            continue
        model._default_manager.filter(unit_path__startswith=old).update(unit_path=_with_prefix("unit_path", old, new))
    below = Parameter.objects.filter(path__startswith=old).exclude(path=old)
    below.update(path=_with_prefix("path", old, new))


def _with_prefix(field: str, old: str, new: str) -> Concat:
    return Concat(Value(new), Substr(field, len(old) + 1), output_field=models.CharField())
