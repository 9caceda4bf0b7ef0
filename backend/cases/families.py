"""Families and their people: edited, classified, put on file; refusals, moves and deaths (domain.md E1, E2, E5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.cases import LIVE, FamilyGone, NotAPlace
from backend.cases.certificates import refuse_twin, settle_certificate
from backend.cases.models import OF_AGE, Case, Family, Person
from backend.cases.search import initials, search_text
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid, StaleVersion
from backend.core.jobs import enqueue
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit

VISITED = frozenset({Family.Willingness.UNKNOWN, Family.Willingness.AGREED})
"""Wishes between which visits do not change."""
ASK_AGAIN_DAYS = 182
"""Six months: a family that refused is asked again then, not sooner (E5). Parameter `family.ask_again_days`."""

FAMILY_FIELDS = frozenset(
    {
        "label", "hukou_address", "live_address", "hukou_kind", "residence", "emergency_contact", "emergency_phone",
        "child_state", "needs", "policies", "languages", "wanted_sex",
    }
)  # fmt: skip
PERSON_FIELDS = frozenset(
    {
        "relation", "name", "alias", "certificate_kind", "certificate", "sex", "birth_date", "birth_is_lunar",
        "ethnicity", "marriage", "phone", "health", "self_care", "disability_kind", "disability_grade",
    }
)  # fmt: skip
SENSITIVE = frozenset(
    {
        "certificate", "phone", "health", "self_care", "disability_kind", "disability_grade", "emergency_contact",
        "emergency_phone", "child_state", "policies",
    }
)  # fmt: skip
"""Fields whose content never stands in the history: only that they changed (PIPL art. 28). That a child was lost, or
which support a family lives on, is as much its secret as an illness; whom to call is somebody else's name."""
OF_MINORS = frozenset({"name", "alias", "birth_date"})
"""Nor the content of these, where somebody is under age or may be: no birth date is known (PIPL art. 28 and 31)."""
HIGHEST = "A"
"""The tier that is seen weekly, and within 24 hours after what raised it (D03, D06)."""
HEADS = frozenset({"01", "02", "0"})
"""GB/T 4761: the person oneself, the head of the household."""
SPOUSES = frozenset({"1", "10", "11", "12"})
"""GB/T 4761: husband or wife of the head."""
REVEALABLE = frozenset({"certificate", "phone", "health", "self_care", "disability_kind", "name", "birth_date"})
"""What is told one by one, with a reason. Names and birthdays are closed only where they are a minor's."""


class NotEditable(Invalid):
    """This field is not changed this way."""

    code = "not_editable"
    message = _("This field cannot be changed here.")


class NoReason(Invalid):
    """Seeing sensitive data in full needs a reason."""

    code = "reason_missing"
    message = _("Please give a reason.")


class AlreadyDead(Conflict):
    """The death is on file already."""

    code = "already_dead"
    message = _("This death is on file already.")


class NumberTaken(Conflict):
    """Another household of the place has this number."""

    code = "family_number_taken"
    message = _("Another household of this village has this number.")


class InFuture(Invalid):
    """The day has not come yet."""

    code = "in_future"
    message = _("This day has not come yet.")


def create_family(
    *, unit: Unit, number: str, label: str, actor: Actor, now: datetime, changes: Mapping[str, Any] | None = None
) -> Family:
    """A household entered by hand: new resident, referral, own application. Its people come in by `add_person`.

    `changes`: other fields of FAMILY_FIELDS. Raises NumberTaken, NotAPlace, NotEditable.
    """
    if unit.kind not in {Unit.Kind.VILLAGE, Unit.Kind.TOWN}:
        raise NotAPlace([FieldProblem("/unit", NotAPlace.code, NotAPlace.message)])
    if Family.objects.filter(unit=unit, number=number).exists():
        raise NumberTaken([FieldProblem("/number", NumberTaken.code, NumberTaken.message)])
    family = Family(unit=unit, number=number, label=label, source="entered", created_at=now, updated_at=now)
    _apply(family, changes or {}, FAMILY_FIELDS, None, timezone.localdate(now))
    family.search, family.version = search_text(names=[label], others=[number, family.live_address]), 1
    family.save(force_insert=True)
    record(action="family.entered", object=family, actor=actor, now=now, data={"number": number})
    return family


def add_person(*, family: Family, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Person:
    """A member entered by hand. Raises NotEditable, FamilyGone, BadNumber, DuplicatePerson."""
    held = prepared.found(Family, family.pk, follow=("unit",), lock=True)
    if held.status == Family.Status.CLOSED:
        raise FamilyGone([FieldProblem("/family", FamilyGone.code, FamilyGone.message)])
    person = Person(family=held, status="present", created_at=now, updated_at=now)
    _apply(person, changes, PERSON_FIELDS, None, timezone.localdate(now))
    person.version, person.initials = 1, initials(person.name)
    settle_certificate(person)
    refuse_twin(person, actor)
    person.is_head = person.relation in HEADS and not held.persons.filter(is_head=True).exists()
    person.save(force_insert=True)
    refresh_search(held)
    record(action="person.entered", object=person, actor=actor, now=now, data={"relation": person.relation})
    return person


def update_family(
    *,
    family: Family,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    version: int | None = None,
    reason: str = "",
    erased: bool = False,
) -> Family:
    """Correct a household's file. Of what is `erased` at the family's wish history names the fields only: what was to
    be deleted would stand there for good (PIPL art. 47, E34).

    Raises NotEditable for other fields, StaleVersion when somebody was faster (E26).
    """
    held = prepared.found(Family, family.pk, follow=("unit",), lock=True)
    today, members = timezone.localdate(now), list(held.persons.all())
    told = _apply(held, changes, FAMILY_FIELDS, version, today, names_of_minors(members, today))
    if told:
        held.updated_at = now
        held.search = found_by(held, members)
        held.save()
        told = dict.fromkeys(told, "changed") if erased else told
        record(action="family.updated", object=held, actor=actor, now=now, data=told, reason=reason)
    return held


def update_person(
    *,
    person: Person,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    version: int | None = None,
    reason: str = "",
) -> Person:
    """Correct a member's data. Raises NotEditable, StaleVersion, BadNumber.

    The number of somebody else on file is taken, too: two who turn out to be one are merged afterwards (E7).
    """
    held = prepared.found(Person, person.pk, follow=("family__unit",), lock=True)
    told = _apply(held, changes, PERSON_FIELDS, version, timezone.localdate(now))
    if not told:
        return held
    held.updated_at, held.initials = now, initials(held.name)
    if told.keys() & {"certificate", "certificate_kind", "birth_is_lunar"}:
        settle_certificate(held)
    held.save()
    refresh_search(held.family)
    record(action="person.updated", object=held, actor=actor, now=now, data=told, reason=reason)
    return held


def check_revealable(field: str, reason: str) -> None:
    """Whether a field is told one by one, and a reason given. Raises NotEditable, NoReason."""
    if field not in REVEALABLE:
        raise NotEditable([FieldProblem("/field", NotEditable.code, NotEditable.message)])
    if not reason.strip():
        raise NoReason([FieldProblem("/reason", NoReason.code, NoReason.message)])


def reveal(
    *, person: Person, field: str, reason: str, actor: Actor, now: datetime, told: Mapping[str, str] | None = None
) -> str:
    """A sensitive field in full: itself an event, with its reason and what else is `told`.

    Raises NotEditable for other fields, NoReason.
    """
    check_revealable(field, reason)
    data = {"field": field, **(told or {})}
    record(action="person.revealed", object=person, actor=actor, now=now, data=data, reason=reason)
    value = getattr(person, field)
    return "" if value is None else str(value)


def classify(
    *,
    family: Family,
    categories: Iterable[str],
    tier: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    is_event: bool = False,
) -> None:
    """Set categories and risk tier as a named person confirmed them (PIPL art. 24: a table only advises).

    With another tier visits are planned anew. When it rose to A, or something else happened (`is_event`), the first one
    is within 24 hours (D06).
    """
    before = {"categories": list(family.categories), "tier": family.risk_tier}
    family.categories, family.risk_tier = sorted(set(categories)), tier
    after = {"categories": list(family.categories), "tier": tier}
    is_event = is_event or (tier == HIGHEST and before["tier"] not in {"", HIGHEST})
    if before == after and not is_event:
        return
    family.event_at = now if is_event else family.event_at
    _save(family, now, "categories", "risk_tier", "event_at")
    if is_event or before["tier"] not in {"", tier}:
        _plan_anew(family, is_event=is_event)
    if before == after:
        return
    record(
        action="family.classified",
        object=family,
        actor=actor,
        now=now,
        data={"from": before, "to": after},
        reason=reason,
    )


def put_on_file(*, family: Family, actor: Actor, now: datetime) -> None:
    """The household's file is complete and confirmed."""
    if family.status == Family.Status.REGISTERED:
        return
    _set_status(family, Family.Status.REGISTERED, "family.filed", actor, now)


def set_willingness(*, family: Family, willingness: str, actor: Actor, now: datetime, reason: str = "") -> None:
    """What contact the family wants: agreed, by telephone, at festivals, none. A later no begins a new half-year."""
    today = timezone.localdate(now)
    refused = willingness == Family.Willingness.REFUSED
    if family.willingness == willingness and (not refused or family.refused_on == today):
        return
    before, family.willingness = family.willingness, willingness
    if refused:
        family.refused_on = today
    else:
        family.refused_on, family.consented_on = None, today
    _save(family, now, "willingness", "refused_on", "consented_on")
    if before != willingness and {before, willingness} != VISITED:
        _plan_anew(family)
    data = {"from": str(before), "to": str(willingness)}
    action = "family.refused" if refused else "family.agreed"
    record(action=action, object=family, actor=actor, now=now, data=data, reason=reason)


def ask_again_on(family: Family) -> date | None:
    """The first day on which a family that refused may be asked again; None when it did not refuse."""
    if family.refused_on is None:
        return None
    days = parameters.value(
        "family.ask_again_days", path=family.unit.path, day=family.refused_on, default=ASK_AGAIN_DAYS
    )
    return family.refused_on + timedelta(days=int(days))


def asked_too_soon(family: Family, day: date) -> bool:
    """Whether the family refused, and may not be asked again on that day yet (E5)."""
    again = ask_again_on(family) if family.willingness == Family.Willingness.REFUSED else None
    return again is not None and again > day


def move_away(*, family: Family, to: str, moved_on: date, actor: Actor, now: datetime, reason: str = "") -> None:
    """The family lives elsewhere now (E1): visits stop, the file and its history stay; back home it is taken up again.

    `to`: within, out_of_county, unknown. What the family is entitled to is settled at its old place first.
    """
    if family.status == Family.Status.MOVED:
        return
    family.residence = "away"
    data = {"to": to, "moved_on": moved_on.isoformat()}
    _set_status(family, Family.Status.MOVED, "family.moved", actor, now, data=data, reason=reason, fields=["residence"])


def come_back(*, family: Family, actor: Actor, now: datetime, reason: str = "") -> None:
    """A family that had moved away is back: its old file lives again, no second one is made (E1)."""
    if family.status != Family.Status.MOVED:
        return
    family.residence = "home"
    _set_status(family, Family.Status.REGISTERED, "family.came_back", actor, now, reason=reason, fields=["residence"])


def record_death(*, person: Person, died_on: date, actor: Actor, now: datetime, reason: str = "") -> Person:
    """Somebody has died (E2). Those who are left behind become tier A, until a review says otherwise; a household that
    was called after the dead is called after its new head.

    When nobody is left, the file is closed and every open case hears it (message `family_died`). No letter, no
    greeting is ever made for the dead again. Raises AlreadyDead, InFuture.
    """
    if died_on > timezone.localdate(now):
        raise InFuture([FieldProblem("/died_on", InFuture.code, InFuture.message)])
    held = prepared.found(Person, person.pk, follow=("family__unit",), lock=True)
    if held.died_on is not None:
        raise AlreadyDead
    held.died_on, held.status, held.updated_at, held.version = died_on, "dead", now, held.version + 1
    held.save(update_fields=["died_on", "status", "updated_at", "version"])
    data = {"died_on": died_on.isoformat()}
    record(action="person.died", object=held, actor=actor, now=now, data=data, reason=reason)
    family = held.family
    if family.persons.filter(died_on__isnull=True).exclude(status="left").exists():
        _head_anew(family, held, actor, now)
        classify(
            family=family, categories=family.categories, tier=HIGHEST, actor=actor, now=now, reason="bereaved",
            is_event=True,
        )  # fmt: skip
        return held
    close_file(family=family, why="died", actor=actor, now=now)
    tell_cases(family=family, name="family_died", data=data, actor=actor)
    return held


def name_head(family: Family, now: datetime) -> Person | None:
    """A household that has lost its head is headed by the husband or wife who is left, else by the eldest; who that is.
    None: it has its head."""
    left = list(family.persons.filter(status="present").order_by("birth_date", "id").select_for_update())
    if not left or any(person.is_head for person in left):
        return None
    head = next((person for person in left if person.relation in SPOUSES), left[0])
    head.is_head, head.updated_at, head.version = True, now, head.version + 1
    head.save(update_fields=["is_head", "updated_at", "version"])
    return head


def _head_anew(family: Family, dead: Person, actor: Actor, now: datetime) -> None:
    """No letter, list or sheet bears the name of the dead (E2); the household is still found by it, as by each of its
    people's. A child who is left alone lends it the surname only."""
    named = name_head(family, now)
    head = named or family.persons.filter(status="present", is_head=True).first()
    if head is None or (named is None and dead.name not in family.label):
        return
    Person.objects.filter(pk=dead.pk).update(is_head=False)
    before, name = family.label, head.history_label(timezone.localdate(now))
    if dead.name in before:
        family.label = name
        family.search = found_by(family, list(family.persons.all()))
        _save(family, now, "label", "search")
    data = {"from": before, "to": family.label, "head": name}
    record(action="family.headed_anew", object=family, actor=actor, now=now, data=data)


def close_file(*, family: Family, why: str, actor: Actor, now: datetime) -> None:
    """Nobody is left whom the file is about. It stays, to be read only."""
    if family.status == Family.Status.CLOSED:
        return
    _set_status(family, Family.Status.CLOSED, "family.closed", actor, now, data={"why": why})


def tell_cases(*, family: Family, name: str, data: Mapping[str, Any], actor: Actor) -> None:
    """Queue a message to the process of every open case of the family."""
    for case_id in Case.objects.filter(family=family, state__in=LIVE).values_list("pk", flat=True):
        enqueue(
            "processes.message_case",
            lock=f"case:{case_id}",
            case_id=str(case_id),
            name=name,
            data=dict(data),
            actor=actor.as_json(),
        )


def _plan_anew(family: Family, *, is_event: bool = False) -> None:
    """Visits that were planned by what was known before are planned anew, in the background."""
    enqueue("processes.plan_anew", lock=f"family:{family.pk}", family_id=str(family.pk), is_event=is_event)


def found_by(family: Family, persons: Iterable[Person]) -> str:
    """What the family is found by: names, their initials, number, address, and the numbers merged into it."""
    names = [family.label, *(name for person in persons for name in (person.name, person.alias))]
    former = family.aliases.values_list("number", flat=True)
    return search_text(names=names, others=[family.number, family.live_address, family.hukou_address, *former])


def refresh_search(family: Family) -> None:
    """Write anew what the family is found by."""
    family.search = found_by(family, list(family.persons.all()))
    family.save(update_fields=["search"])


def set_fields(
    thing: Family | Person, values: Mapping[str, Any], day: date, minors: Collection[str] = ()
) -> dict[str, Any]:
    """Set what differs; what history tells of it, from what to what, of closed fields only that they changed.

    `minors`: whose names a household's label does not bring into the history (see `names_of_minors`).
    """
    before = {name: getattr(thing, name) for name in values}
    changed = {name: value for name, value in values.items() if value != before[name]}
    closed = SENSITIVE | _closed(thing, day, minors)
    for name, value in changed.items():
        setattr(thing, name, value)
    closed |= _closed(thing, day, minors)
    return {
        name: "changed" if name in closed else {"from": before[name], "to": value} for name, value in changed.items()
    }


def names_of_minors(persons: Iterable[Person], day: date) -> frozenset[str]:
    """What those of the persons are called who are minors on that day, or may be."""
    return frozenset(person.name for person in persons if _may_be_minor(person, day))


def _closed(thing: Family | Person, day: date, minors: Collection[str]) -> frozenset[str]:
    """The fields of which history is told only that they changed because they tell of somebody under age."""
    if isinstance(thing, Person):
        return OF_MINORS if _may_be_minor(thing, day) else frozenset()
    return frozenset({"label"} if thing.label in minors else ())


def _may_be_minor(person: Person, day: date) -> bool:
    age = person.age_on(day)
    return age is None or age < OF_AGE


def _apply(
    held: Family | Person,
    changes: Mapping[str, Any],
    allowed: frozenset[str],
    version: int | None,
    day: date,
    minors: Collection[str] = (),
) -> dict[str, Any]:
    """Set the fields that differ; what the history says of it, empty when nothing differs."""
    if version is not None and version != held.version:
        raise StaleVersion
    foreign = sorted(set(changes) - allowed)
    if foreign:
        raise NotEditable([FieldProblem(f"/{name}", NotEditable.code, NotEditable.message) for name in foreign])
    told = set_fields(held, dict(sorted(changes.items())), day, minors)
    if told:
        held.version += 1
    return told


def _set_status(
    family: Family,
    status: Family.Status,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    fields: Iterable[str] = (),
) -> None:
    before, family.status = family.status, status
    _save(family, now, "status", *fields)
    told = {"from": str(before), "to": str(status), **(data or {})}
    record(action=action, object=family, actor=actor, now=now, data=told, reason=reason)


def _save(family: Family, now: datetime, *fields: str) -> None:
    family.updated_at = now
    family.version += 1
    family.save(update_fields=[*fields, "updated_at", "version"])
