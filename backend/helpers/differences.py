"""Differences between file and reality: taken in from a comparison, settled by a caseworker, confirmed by a supervisor.

Nothing is changed on a report alone: a named person says which of the two is right, and a spell ends only when a second
one agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.cases import LIVE
from backend.cases.models import Case, Family
from backend.core.crypto import blind_index
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.helpers.models import Difference, HelperKind, Pairing, Round
from backend.helpers.pairings import AlreadyEnded, end_pairing, stop_pairing
from backend.helpers.reconciliation import Found
from backend.helpers.register import register_helper
from backend.helpers.waiting import WAITING_PHASE
from backend.org.access import Actor

Settlement = Difference.Settlement
ENDING = frozenset({Settlement.END, Settlement.RESELECT})
POSSIBLE: Mapping[str, frozenset[str]] = {
    "interrupted": frozenset({"confirm", "end", "reselect"}),
    "never_came": frozenset({"confirm", "end", "reselect"}),
    "replaced": frozenset({"confirm", "end", "reselect", "register"}),
    "not_on_file": frozenset({"confirm", "register"}),
    "two_for_one": frozenset({"confirm", "end"}),
    "over_capacity": frozenset({"confirm", "end", "reselect"}),
    "ended_on_paper": frozenset({"confirm", "register"}),
}
"""Kind of difference → how it can be settled."""


class NotThisWay(Invalid):
    """This kind of difference is settled otherwise."""

    code = "not_this_way"
    message = _("This kind of difference cannot be settled this way.")


class NobodyLeft(Invalid):
    """The family would be without a helper, and nobody would look for another."""

    code = "nobody_left"
    message = _("Nobody else is with this family: choose to look for somebody else.")


class WrongEnd(Invalid):
    """The day lies before the spell began, or ahead."""

    code = "wrong_days"
    message = _("The end lies before the beginning of the pairing, or in the future.")


class NameMissing(Invalid):
    """Somebody who is taken into the register has a name and a kind."""

    code = "name_missing"
    message = _("Name and kind of helper are needed.")


class HasWorkItem(Conflict):
    """It lies in somebody's inbox: there it is settled."""

    code = "has_work_item"
    message = _("This difference has a work item: settle it there.")


class AlreadySettled(Conflict):
    """It was settled."""

    code = "difference_settled"
    message = _("This difference has been settled already.")


def take_in(*, round: Round, found: Found, families: Mapping[UUID, Family], actor: Actor, now: datetime) -> Difference:
    """Keep what a comparison found; `run` of what comes back tells whether it is new.

    A fact that was settled in this round stays settled. One about the same that is still open, in this round or an
    earlier one, becomes the new fact: nobody gets two work items about one spell.
    """
    key, subject = _digest(found.fact), _digest(found.subject)
    known = Difference.objects.select_for_update().filter(round=round, key=key).first()
    if known is not None:
        return _turned(known, round, found, key, actor, now)
    is_open = Difference.objects.select_for_update().filter(subject=subject).exclude(state=Difference.State.SETTLED)
    other = is_open.order_by("-id").first()
    if other is not None:
        return _turned(other, round, found, key, actor, now)
    family = families[found.family]
    one = Difference(
        round=round, family=family, unit_path=family.unit_path, case=case_under_way(family), key=key, subject=subject,
        run=round.runs, last_run=round.runs, created_at=now, **_facts(found),
    )  # fmt: skip
    one.save(force_insert=True)
    _tell(one, "difference.found", actor, now)
    return one


def case_under_way(family: Family) -> Case | None:
    """The case whose caseworker settles it: the newest that is open."""
    return Case.objects.filter(family=family, state__in=LIVE).order_by("-opened_at", "-pk").first()


def settle(
    *,
    difference: Difference,
    settlement: str,
    actor: Actor,
    now: datetime,
    note: str = "",
    reason: str = "",
    ended_on: date | None = None,
    name: str = "",
    kind: str = "",
) -> Difference:
    """What the caseworker makes of it. To end a spell waits for the supervisor; all else is done at once.

    `reason`, `ended_on`: of the spell that ends; `name`, `kind`: of the reported helper whom the register does not know
    yet. A difference of two helpers (replaced) stays open after the new one was registered: the old one has to be
    settled. Raises AlreadySettled, NotThisWay, NobodyLeft, WrongEnd, NameMissing.
    """
    held = _locked(difference)
    if held.state != Difference.State.OPEN:
        raise AlreadySettled
    if settlement not in POSSIBLE[held.kind] or (settlement in ENDING and held.pairing is None):
        raise NotThisWay([FieldProblem("/settlement", NotThisWay.code, NotThisWay.message)])
    held.settlement, held.note, held.settled_label = Settlement(settlement), note, actor.label
    if settlement in ENDING:
        held.end_reason, held.ended_on = reason, _checked_end(held, settlement, ended_on, now)
        return _move(held, Difference.State.WAITING, "difference.answered", actor, now)
    if settlement == Settlement.REGISTER:
        _take_into_file(held, name, kind, actor, now)
        if held.kind == Difference.Kind.REPLACED:
            return _move(held, Difference.State.OPEN, "difference.registered", actor, now)
    return _settled(held, actor, now)


def settle_alone(*, difference: Difference, note: str, actor: Actor, now: datetime) -> Difference:
    """Settle one that has no work item, because no case is under way: what was done is noted.

    Raises AlreadySettled, HasWorkItem.
    """
    held = _locked(difference)
    if held.state == Difference.State.SETTLED:
        raise AlreadySettled
    if held.instance_id is not None:
        raise HasWorkItem
    held.settlement, held.note, held.settled_label = Settlement.CONFIRM, note, actor.label
    return _settled(held, actor, now)


def return_settlement(*, difference: Difference, reason: str, actor: Actor, now: datetime) -> Difference:
    """The supervisor does not agree: the caseworker decides anew."""
    held = _locked(difference)
    held.returned, held.settlement = reason, ""
    return _move(held, Difference.State.OPEN, "difference.returned", actor, now)


def confirm_settlement(*, difference: Difference, actor: Actor, now: datetime) -> Difference:
    """The supervisor agrees that the spell ends."""
    held = _locked(difference)
    held.confirmed_label = actor.label
    return _move(held, Difference.State.WAITING, "difference.confirmed", actor, now)


def end_spell(*, difference: Difference, actor: Actor, now: datetime) -> Difference:
    """The spell ends on the day that was named; the case hears it and looks for somebody else, unless another is there.

    One that ended in the meantime is no error: what was wanted is so.
    """
    held = _locked(difference)
    assert held.pairing is not None, "only a spell is ended"
    assert held.ended_on is not None, "settled with a day"
    # The law's contacts are not whom the case waits for: nobody is told when one of two is struck off.
    verb = end_pairing if held.pairing.kind.statutory else stop_pairing
    with suppress(AlreadyEnded):
        verb(pairing=held.pairing, reason=held.end_reason, ended_on=held.ended_on, actor=actor, now=now)
    return _settled(held, actor, now)


def _checked_end(difference: Difference, settlement: str, ended_on: date | None, now: datetime) -> date:
    spell, today = difference.pairing, timezone.localdate(now)
    assert spell is not None
    day = ended_on or today
    if not spell.from_date <= day <= today:
        raise WrongEnd([FieldProblem("/ended_on", WrongEnd.code, WrongEnd.message)])
    others = Pairing.objects.on(today).filter(family=spell.family_id, kind__statutory=False).exclude(pk=spell.pk)
    if settlement == Settlement.END and not spell.kind.statutory and not others.exists():
        raise NobodyLeft([FieldProblem("/settlement", NobodyLeft.code, NobodyLeft.message)])
    return day


def _take_into_file(difference: Difference, name: str, kind: str, actor: Actor, now: datetime) -> None:
    """Enter whom the register does not know; a case that waits for somebody hears who can be asked."""
    if difference.helper is None:
        known = HelperKind.objects.filter(code=kind or difference.helper_kind).first()
        if not name or known is None:
            field = "helper_kind" if name else "helper_name"
            raise NameMissing([FieldProblem(f"/{field}", NameMissing.code, NameMissing.message)])
        unit = difference.family.unit
        difference.helper = register_helper(kind=known, name=name, unit=unit, actor=actor, now=now)
    case = difference.case
    if case is not None and case.phase == WAITING_PHASE:
        enqueue(
            "processes.message_case",
            lock=f"case:{case.pk}",
            case_id=str(case.pk),
            name="helper_available",
            data={"helper": str(difference.helper.pk)},
            actor=actor.as_json(),
        )


def _turned(difference: Difference, round: Round, found: Found, key: bytes, actor: Actor, now: datetime) -> Difference:
    """An open difference takes over what is known of it now; a settled one, or one that waits for the supervisor, only
    notes that it was found again."""
    difference.last_run = round.runs
    before, facts = difference.kind, _facts(found)
    same = bytes(difference.key) == key and all(getattr(difference, name) == value for name, value in facts.items())
    if same or difference.state != Difference.State.OPEN:
        difference.save(update_fields=["last_run"])
        return difference
    for name, value in facts.items():
        setattr(difference, name, value)
    difference.key, difference.version = key, difference.version + 1
    difference.save()
    if difference.kind != before:
        _tell(difference, "difference.changed", actor, now)
    return difference


def _facts(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "pairing_id": found.spell,
        "helper_id": found.helper,
        "named": found.named,
        "helper_kind": found.helper_kind,
        "since": found.since,
        "sources": list(found.sources),
        "count": found.count,
    }


def _digest(parts: tuple[str, ...]) -> bytes:
    """Keyed, for a name may be among them."""
    return blind_index("\x1f".join(parts))


def _locked(difference: Difference) -> Difference:
    rows = Difference.objects.select_for_update(of=("self",))
    return rows.select_related("family__unit", "case", "pairing__kind", "helper").get(pk=difference.pk)


def _settled(difference: Difference, actor: Actor, now: datetime) -> Difference:
    difference.settled_at = now
    return _move(difference, Difference.State.SETTLED, "difference.settled", actor, now)


def _move(difference: Difference, state: Difference.State, action: str, actor: Actor, now: datetime) -> Difference:
    difference.state, difference.version = state, difference.version + 1
    difference.save()
    _tell(difference, action, actor, now)
    return difference


def _tell(difference: Difference, action: str, actor: Actor, now: datetime) -> None:
    record(
        action=action,
        object=difference,
        label=difference.family.label,
        case_id=difference.case_id,
        unit_path=difference.unit_path,
        actor=actor,
        now=now,
        data={
            "difference": str(difference.kind),
            **({"settlement": str(difference.settlement)} if difference.settlement else {}),
            **({"reason_code": difference.end_reason} if difference.end_reason else {}),
        },
    )
