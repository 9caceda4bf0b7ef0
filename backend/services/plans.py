"""Plans: opened for a need, composed, confirmed, agreed with the family, begun, looked at after half a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.cases.numbers import next_number, township_code
from backend.core.errors import FieldProblem, Invalid
from backend.helpers.pairings import months_later
from backend.org.access import Actor
from backend.services import catalogue, share
from backend.services.cards import held_cards, issue_card
from backend.services.models import SETTLED, Entry, Plan, PlanItem


class NothingChosen(Invalid):
    """A plan has at least one item."""

    code = "nothing_chosen"
    message = _("Choose at least one service from the catalogue.")


class NotInCatalogue(Invalid):
    """The code is no entry in force at the family's place."""

    code = "not_in_catalogue"
    message = _("This is not in the catalogue today.")


class AskedTooEarly(Invalid):
    """The family is asked after the plan was confirmed, and not on a day to come."""

    code = "wrong_day"
    message = _("The day lies in the future.")


def open_plan(*, case: Case, source: str, needs: Iterable[str], actor: Actor, now: datetime) -> tuple[Plan, bool]:
    """The case's open plan, with these needs added, or a new one; and whether it is new.

    A family has one plan at a time: another need joins the one under way (E6: tasks merge).
    """
    wanted = sorted(set(needs))
    running = Plan.objects.select_for_update(of=("self",)).open().filter(case=case).first()
    if running is not None:
        return _add_needs(running, wanted, source, actor, now), False
    scope = f"FW-{township_code(case.unit)}-{timezone.localdate(now).year}"
    plan = Plan.objects.create(
        number=f"{scope}-{next_number(scope):04d}", family=case.family, case=case, source=source, needs=wanted,
        created_at=now,
    )  # fmt: skip
    record(
        action="plan.opened", object=plan, actor=actor, now=now, data={"plan_source": source, "service_needs": wanted}
    )
    return plan, True


def record_assessment(*, plan: Plan, found: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """What the family needs, how pressing it is, and what shows it; or that it needs nothing."""
    if found["assessment"] == "no_need":
        plan.evidence = str(found.get("evidence") or "")
        close_plan(plan=plan, result="no_need", actor=actor, now=now)
        return
    plan.needs, plan.level = sorted(found["needs"]), str(found["level"])
    plan.evidence = str(found.get("evidence") or "")
    _move(plan, "plan.assessed", actor, now, {"service_needs": plan.needs})


def propose(*, plan: Plan, chosen: Sequence[str], advised: Sequence[str], actor: Actor, now: datetime) -> None:
    """The caseworker's choice from the catalogue; decision D10 advised `advised`. Raises NothingChosen,
    NotInCatalogue."""
    if not chosen:
        raise NothingChosen([FieldProblem("/services", NothingChosen.code, NothingChosen.message)])
    entries = catalogue.in_force(path=plan.unit_path, day=timezone.localdate(now))
    if set(chosen) - entries.keys():
        raise NotInCatalogue([FieldProblem("/services", NotInCatalogue.code, NotInCatalogue.message)])
    plan.items.all().delete()
    rows = [row for code in dict.fromkeys(chosen) for row in _rows(plan, entries[code], entries)]
    PlanItem.objects.bulk_create(rows)
    plan.advised, plan.composed_label, plan.returned = list(advised), actor.label, ""
    plan.state = Plan.State.PROPOSED
    _move(plan, "plan.proposed", actor, now, {"services": list(dict.fromkeys(chosen))})


def confirm(*, plan: Plan, actor: Actor, now: datetime) -> None:
    """The supervisor signs it."""
    plan.confirmed_label, plan.state = actor.label, Plan.State.CONFIRMED
    _move(plan, "plan.confirmed", actor, now)


def return_plan(*, plan: Plan, reason: str, actor: Actor, now: datetime) -> None:
    """It has to be composed in another way."""
    plan.returned, plan.state = reason, Plan.State.ASSESSING
    _move(plan, "plan.returned", actor, now)


def record_family_answer(
    *, plan: Plan, agrees: bool, may_share: bool, asked_on: date, actor: Actor, now: datetime
) -> None:
    """What the family says to it, and whether departments may hear its name. Raises AskedTooEarly."""
    if asked_on > timezone.localdate(now):
        raise AskedTooEarly([FieldProblem("/asked_on", AskedTooEarly.code, AskedTooEarly.message)])
    plan.asked_on, plan.may_share = asked_on, agrees and may_share
    if not agrees:
        plan.items.update(state=PlanItem.State.DECLINED)
        close_plan(plan=plan, result="declined", actor=actor, now=now)
        return
    _move(plan, "plan.agreed", actor, now, {"may_share": plan.may_share})


def begin(*, plan: Plan, actor: Actor, now: datetime) -> list[PlanItem]:
    """Cards are issued, and everything else is to be given from now on; returns the items that somebody has to give."""
    today = timezone.localdate(now)
    held = {card.entry.code for card in held_cards(plan.family, today)}
    items = list(plan.items.select_related("entry").order_by("id"))
    for item in items:
        if item.entry.kind == Entry.Kind.CARD and item.entry.code not in held:
            issue_card(family=plan.family, entry=item.entry, plan=plan, actor=actor, now=now)
    months = int(share.days_of(plan.unit_path, today)["review_months"])
    plan.review_on, plan.state = months_later(today, months), Plan.State.RUNNING
    _move(plan, "plan.begun", actor, now, {"items": len(items)})
    return items


def is_settled(plan: Plan) -> bool:
    """Whether nothing of it is left to do."""
    return not plan.items.exclude(state__in=SETTLED).exists()


def record_effect(*, plan: Plan, effect: str, note: str, actor: Actor, now: datetime) -> None:
    """Whether the needs are met."""
    plan.effect, plan.effect_note = effect, note
    _move(plan, "plan.reviewed", actor, now, {"effect": effect})


def list_for_meeting(*, plan: Plan, actor: Actor, now: datetime) -> None:
    """Unmet: the leading group coordinates at its next meeting."""
    plan.listed_at = now
    _move(plan, "plan.listed", actor, now)


def close_plan(*, plan: Plan, result: str, actor: Actor, now: datetime) -> None:
    """It is over; what was not given by then is withdrawn. Closing twice is harmless."""
    if plan.state == Plan.State.CLOSED:
        return
    plan.items.exclude(state__in=SETTLED).update(state=PlanItem.State.WITHDRAWN)
    plan.state, plan.result, plan.closed_at = Plan.State.CLOSED, result, now
    _move(plan, "plan.closed", actor, now, {"plan_result": result})


def _rows(plan: Plan, entry: Entry, entries: Mapping[str, Entry]) -> list[PlanItem]:
    package = entry if entry.kind == Entry.Kind.PACKAGE else None
    return [
        PlanItem(plan=plan, entry=part, package=package, quantity=quantity, department=part.department)
        for part, quantity in catalogue.unpacked(entry, entries)
    ]


def _add_needs(plan: Plan, needs: list[str], source: str, actor: Actor, now: datetime) -> Plan:
    fresh = sorted(set(needs) - set(plan.needs))
    if fresh:
        plan.needs = sorted({*plan.needs, *fresh})
        _move(plan, "plan.need_added", actor, now, {"plan_source": source, "service_needs": fresh})
    return plan


def _move(plan: Plan, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None) -> None:
    plan.version += 1
    plan.save()
    record(action=action, object=plan, actor=actor, now=now, data=data)
