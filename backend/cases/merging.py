"""Households entered twice (E7): found by certificate or by name and birth, merged by a person, undone within 30 days.

Never merged by name alone, never without a person's word. The household that is given up keeps its number as an alias.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.cases import LIVE, close_case, follow_family
from backend.cases.families import refresh_search
from backend.cases.models import Case, Family, Merge, Person
from backend.core.errors import Conflict
from backend.core.jobs import enqueue
from backend.org.access import Actor

UNDO_DAYS = 30
TOWNSHIP_LEVELS = 4
LIMIT = 20
"""Candidates shown at most."""
NAMESAKES = 200
"""People of one name in a township whose telephone numbers are compared at most."""


class NotMergeable(Conflict):
    """One of the two was merged already, or both are the same."""

    code = "not_mergeable"
    message = _("These two households cannot be merged.")


class NotUndoable(Conflict):
    """There is no merge, it was undone already, or is too long ago."""

    code = "not_undoable"
    message = _("This merge can no longer be undone.")


class MergedOn(Conflict):
    """The household that took the other in was itself merged into a third since: what lies there is that merge's."""

    code = "merged_on"
    message = _("The household that took this one in was merged into another since. Undo that merge first.")


@dataclass(frozen=True)
class Duplicate:
    """A household that may be the same, and what speaks for it. How sure that is, table D01 says."""

    family: Family
    same_village: bool
    reasons: tuple[str, ...]
    """same_certificate, same_name_and_birth, same_head_and_address, same_name_and_phone."""


def duplicates_of(family: Family) -> list[Duplicate]:
    """Households that may be the same as this one (domain.md D01): never by a name alone.

    By certificate anywhere; by the rest in the same township.
    """
    members = list(family.persons.all())
    others = Family.objects.filter(merged_into__isnull=True).exclude(pk=family.pk).exclude(status=Family.Status.CLOSED)
    near = others.filter(unit__path__startswith=_township(family.unit.path))
    found: dict[UUID, set[str]] = {}
    for reason, ids in (
        ("same_certificate", _with_certificates(others, members)),
        ("same_name_and_birth", _with_births(near, members)),
        ("same_head_and_address", _at_home(near, family)),
        ("same_name_and_phone", _with_phones(near, members)),
    ):
        for pk in ids:
            found.setdefault(pk, set()).add(reason)
    families = Family.objects.select_related("unit").in_bulk(found)
    return [
        Duplicate(families[pk], families[pk].unit_id == family.unit_id, tuple(sorted(found[pk])))
        for pk in sorted(families, key=str)
    ]


def _with_certificates(others: QuerySet[Family], members: Sequence[Person]) -> list[UUID]:
    certificates = [bytes(person.certificate_index) for person in members if person.certificate_index]
    if not certificates:
        return []
    return list(others.filter(persons__certificate_index__in=certificates).values_list("pk", flat=True)[:LIMIT])


def _with_births(near: QuerySet[Family], members: Sequence[Person]) -> list[UUID]:
    same = Q(pk__in=[])
    for person in members:
        if person.birth_date:
            same |= Q(persons__name=person.name, persons__birth_date=person.birth_date)
    return list(near.filter(same).values_list("pk", flat=True)[:LIMIT])


def _at_home(near: QuerySet[Family], family: Family) -> list[UUID]:
    if not family.live_address:
        return []
    same = near.filter(label=family.label, live_address=family.live_address)
    return list(same.values_list("pk", flat=True)[:LIMIT])


def _with_phones(near: QuerySet[Family], members: Sequence[Person]) -> list[UUID]:
    """Of people with these names, those with the same number: it is stored encrypted, and looked for one by one."""
    phones = {(person.name, person.phone) for person in members if person.phone}
    if not phones:
        return []
    namesakes = Person.objects.filter(family__in=near, name__in={name for name, _phone in phones})
    return [person.family_id for person in namesakes[:NAMESAKES] if (person.name, person.phone) in phones]


def merge(
    *, kept: Family, merged: Family, reason: str, actor: Actor, now: datetime, asking: Case | None = None
) -> Merge:
    """Hand everything of `merged` over to `kept`: members not there yet, cases, pairings, visits and so on.

    An open case in a programme in which `kept` has one too is closed first, and its process told; not so `asking`, the
    case whose process calls this and ends itself. Cases that go on lie where `kept` lives. Raises NotMergeable.
    """
    keep, give = _both_locked(kept, merged)
    closed = list(_close_doubles(keep, give, actor, now))
    moved: dict[str, list[str]] = {"cases.person": _move_persons(keep, give)}
    for field in _pointers():
        moved[field.model._meta.label_lower] = _move(field, _rows(field).filter(**{field.name: give}), keep)
    _take_along(moved["cases.case"], keep, reason, actor, now)
    row = Merge.objects.create(
        kept=keep, merged=give, moved=moved, merged_status=give.status, reason=reason[:400], merged_at=now
    )
    give.merged_into, give.status, give.updated_at, give.version = keep, Family.Status.CLOSED, now, give.version + 1
    give.save(update_fields=["merged_into", "status", "updated_at", "version"])
    refresh_search(keep)
    data: dict[str, Any] = {
        "number": give.number,
        "unit": give.unit.name,
        "into": str(keep.pk),
        "moved": _counts(moved),
    }
    record(action="family.merged", object=give, actor=actor, now=now, data=data, reason=reason)
    record(
        action="family.received", object=keep, actor=actor, now=now, data={**data, "from": str(give.pk)}, reason=reason
    )
    for case in closed:
        if asking is None or case.pk != asking.pk:
            _tell_closed(case, actor)
    return row


def undoable(family: Family, now: datetime) -> Merge | None:
    """The merge by which this household was given up, while it can be undone."""
    since = now - timedelta(days=UNDO_DAYS)
    return Merge.objects.filter(merged=family, undone_at__isnull=True, merged_at__gte=since).first()


def undo_by(merge: Merge) -> datetime:
    """Until when it can be undone."""
    return merge.merged_at + timedelta(days=UNDO_DAYS)


def unmerge(*, family: Family, reason: str, actor: Actor, now: datetime) -> Family:
    """Give a household that was merged into another its file back (E7), as it is now.

    Every row that moved goes back, and what was made in its cases since goes with them; closed cases stay closed. What
    was made for the other household stays there. Raises NotUndoable after 30 days, without a merge or when it was
    undone before, and MergedOn.
    """
    row = undoable(family, now)
    if row is None:
        raise NotUndoable
    keep, give = _locked(row.kept_id, row.merged_id)
    if give.merged_into_id != keep.pk:  # somebody else undid it meanwhile
        raise NotUndoable
    if keep.merged_into_id is not None:
        raise MergedOn
    _give_persons_back(row.moved["cases.person"], keep, give)
    for field in _pointers():
        _move(field, _going_back(field, row, keep), give)
    _take_along(row.moved["cases.case"], give, reason, actor, now)
    give.merged_into, give.status, give.updated_at, give.version = None, row.merged_status, now, give.version + 1
    give.save(update_fields=["merged_into", "status", "updated_at", "version"])
    row.undone_at = now
    row.save(update_fields=["undone_at"])
    for each in (give, keep):
        refresh_search(each)
        data = {"merge": str(row.pk)}
        record(action="family.unmerged", object=each, actor=actor, now=now, data=data, reason=reason)
    return give


def _both_locked(kept: Family, merged: Family) -> tuple[Family, Family]:
    if kept.pk == merged.pk:
        raise NotMergeable
    keep, give = _locked(kept.pk, merged.pk)
    if keep.merged_into_id or give.merged_into_id or keep.status == Family.Status.CLOSED:
        raise NotMergeable
    return keep, give


def _locked(kept: UUID, merged: UUID) -> tuple[Family, Family]:
    """Both rows under lock, always taken in the same order."""
    rows = Family.objects.select_for_update(of=("self",)).select_related("unit").filter(pk__in=[kept, merged])
    by_id = {family.pk: family for family in rows.order_by("pk")}
    return by_id[kept], by_id[merged]


def _close_doubles(keep: Family, give: Family, actor: Actor, now: datetime) -> Iterator[Case]:
    taken = Case.objects.filter(family=keep, state__in=LIVE).values("programme")
    for case in Case.objects.select_for_update().filter(family=give, state__in=LIVE, programme__in=taken):
        close_case(case=case, reason="merged", actor=actor, now=now)
        yield case


def _move_persons(keep: Family, give: Family) -> list[str]:
    """Hand over the members whom the other household does not have yet; the doubles stay with the alias."""
    there = list(keep.persons.all())
    certificates = {bytes(person.certificate_index) for person in there if person.certificate_index}
    births = {(person.name, person.birth_date) for person in there if person.birth_date}
    fresh = [
        person
        for person in give.persons.all()
        if not (person.certificate_index and bytes(person.certificate_index) in certificates)
        and (person.name, person.birth_date) not in births
    ]
    Person.objects.filter(pk__in=[person.pk for person in fresh]).update(family=keep, is_head=False)
    return [str(person.pk) for person in fresh]


def _pointers() -> Iterator[models.ForeignKey[Any, Any]]:
    """Every foreign key to a family, of whatever app: new kinds of rows are handed over without being named here."""
    for relation in Family._meta.related_objects:
        field = relation.field
        if isinstance(field, models.ForeignKey) and relation.related_model not in {Family, Merge, Person}:
            yield field


def _rows(field: models.ForeignKey[Any, Any]) -> QuerySet[Any]:
    return cast("QuerySet[Any]", field.model._default_manager.all())


def _move(field: models.ForeignKey[Any, Any], some: QuerySet[Any], to: Family) -> list[str]:
    """Point some rows at another family. A row that it has in the same way (the same helper, the same days) stays.

    Rows that stand in places of a family, as pairings do, take places there that are free (`make_room`).
    """
    make_room = getattr(some, "make_room", None)
    if make_room is not None:
        make_room(to)
    rows, ids = _rows(field), list(some.values_list("pk", flat=True))
    if _pointed(rows.filter(pk__in=ids), field, to):
        return [str(pk) for pk in ids]
    return [str(pk) for pk in ids if _pointed(rows.filter(pk=pk), field, to)]


def _going_back(field: models.ForeignKey[Any, Any], row: Merge, keep: Family) -> QuerySet[Any]:
    """The rows that a merge brought to `keep`, and those made there since in one of the cases that it brought."""
    brought = Q(pk__in=row.moved.get(field.model._meta.label_lower, []))
    for other in field.model._meta.concrete_fields:
        if isinstance(other, models.ForeignKey) and other.related_model is Case:
            brought |= Q(**{f"{other.name}__in": row.moved["cases.case"]})
    return _rows(field).filter(brought, **{field.name: keep})


def _give_persons_back(ids: Sequence[str], keep: Family, give: Family) -> None:
    """The members who were handed over; a household whose head was among them has its head again."""
    Person.objects.filter(pk__in=ids, family=keep).update(family=give, is_head=False)
    there = give.persons.filter(status="present")
    if there.filter(is_head=True).exists():
        return
    named = there.filter(name=give.label).first() or there.order_by("birth_date", "id").first()
    if named is not None:
        Person.objects.filter(pk=named.pk).update(is_head=True)


def _take_along(ids: Sequence[str], family: Family, reason: str, actor: Actor, now: datetime) -> None:
    """Cases that were handed over and go on lie where their family lives: its village does what waits in them."""
    rows = Case.objects.filter(pk__in=ids, family=family, state__in=LIVE).select_related("unit").order_by("pk")
    for case in rows.select_for_update(of=("self",)):
        follow_family(case=case, family=family, actor=actor, now=now, reason=reason)


def _pointed(rows: QuerySet[Any], field: models.ForeignKey[Any, Any], to: Family) -> bool:
    try:
        with transaction.atomic():
            rows.update(**{field.name: to})
    except IntegrityError:
        return False
    return True


def _tell_closed(case: Case, actor: Actor) -> None:
    enqueue(
        "processes.message_case",
        lock=f"case:{case.pk}",
        case_id=str(case.pk),
        name="case_closed",
        data={"reason": "merged"},
        actor=actor.as_json(),
    )


def _counts(moved: dict[str, list[str]]) -> dict[str, int]:
    return {label: len(ids) for label, ids in moved.items() if ids}


def _township(path: str) -> str:
    return "".join(f"{part}." for part in _parts(path)[:TOWNSHIP_LEVELS])


def _parts(path: str) -> list[str]:
    return path.rstrip(".").split(".")
