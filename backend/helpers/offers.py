"""Offers: a family's place shown to one helper without a name. Both sides may say no, and no refusal counts anywhere.

志愿服务条例 art. 12, 25; domain.md P02 steps 4 to 8, P-5: a liaison sees places, not families.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, Family
from backend.cases.surveys import answers_of
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.accounts import account_of
from backend.helpers.candidates import applicant, place_of
from backend.helpers.matching import obstacle_of
from backend.helpers.models import Helper, Offer
from backend.helpers.places import promised_places, taken_places
from backend.org.access import Actor
from backend.org.models import Membership

DOUBLE_SURNAMES = frozenset(
    {"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "夏侯", "令狐"}
)
BAND = 5
"""Ages are told in bands of five years."""
OBSTACLES: Mapping[str, str | Promise] = {
    "kind_not_allowed": _("This programme does not work with this kind of helper."),
    "not_for_category": _("Helpers of this kind are for other families."),
    "no_free_seat": _("This family has a helper of this kind already."),
    "same_village": _("The helper lives in the family's own village, and this programme asks nobody from there."),
    "not_active": _("The helper is not available."),
    "outside_service": _("The helper is not in service today."),
    "service_too_short": _("The helper's service ends too soon."),
    "full": _("The helper has no free place."),
    "same_household": _("The helper belongs to this household."),
    "with_family_now": _("The helper is with this family already."),
    "not_for_minors": _("This kind of helper is not paired with families with children."),
}
"""What each hard rule of the matching says to people."""
AWAITING = (Offer.State.OPEN, Offer.State.ACCEPTED)


class NotFitting(Invalid):
    """A hard rule keeps this helper from this family; the problem's code tells which."""

    code = "helper_not_fitting"
    message = _("This helper cannot be asked for this family.")


class AlreadyAsked(Conflict):
    """The helper has an open offer for this case."""

    code = "already_asked"
    message = _("This helper has been asked for this family and has not answered yet.")


class AlreadyAnswered(Conflict):
    """The offer is not open any more."""

    code = "offer_answered"
    message = _("This offer has been answered, withdrawn or has lapsed.")


def make_offer(
    *,
    case: Case,
    helper: Helper,
    actor: Actor,
    now: datetime,
    answer_until: datetime | None = None,
    reason: str = "",
    instance_id: UUID | None = None,
) -> Offer:
    """Ask a helper. The row of the helper is locked: an offer promises a place. Raises NotFitting, AlreadyAsked."""
    today = timezone.localdate(now)
    held = prepared.found(Helper, helper.pk, follow=("unit", "kind"), lock=True)
    if Offer.objects.filter(case=case, helper=held, state=Offer.State.OPEN).exists():
        raise AlreadyAsked
    load = taken_places([held.pk], today).get(held.pk, 0) + promised_places([held.pk]).get(held.pk, 0)
    obstacle = obstacle_of(place_of(case, today), applicant(held, held.kind, load, today))
    if obstacle:
        raise NotFitting([FieldProblem("/helper", obstacle, OBSTACLES.get(obstacle, NotFitting.message))])
    offer = Offer.objects.create(
        case=case,
        helper=held,
        facts=facts_for(case.family, today),
        reason=reason,
        via=channel_to(held, today),
        answer_until=answer_until,
        instance_id=instance_id,
        created_at=now,
    )
    data = {"kind": held.kind_id, "via": str(offer.via)}
    _tell("offer.made", offer, actor, now, data, reason)
    return offer


def facts_for(family: Family, day: date) -> dict[str, Any]:
    """What a helper and the partner unit are told before both have agreed: no name, number, address or illness."""
    ages = [person.age_on(day) for person in family.persons.filter(died_on__isnull=True)]
    known = [age for age in ages if age is not None]
    parent = family.unit.parent
    return {
        "age_band": band(max(known)) if known else "",
        "members": len(ages),
        "township": parent.name if parent else family.unit.name,
        "village": family.unit.name,
        "languages": list(family.languages),
        "needs": list(family.needs),
    }


def told_name(offer: Offer) -> str:
    """What the family hears of the helper besides the programme: the agreed name, else the given name (给名不给姓)."""
    name = offer.alias or offer.helper.name
    if offer.alias or not ("一" <= name[:1] <= "鿿"):
        return name if offer.alias else name.split(" ")[0]
    surname = 2 if name[:2] in DOUBLE_SURNAMES and len(name) > 2 else 1
    return name[surname:] or name


def band(age: int) -> str:
    """An age as a band: 76 → 75-79."""
    low = age // BAND * BAND
    return f"{low}-{low + BAND - 1}"


def channel_to(helper: Helper, day: date) -> Offer.Via:
    """Who asks: the partner unit's liaison when it has one, else the helper's own inbox, else the village worker."""
    unit = helper.partner_unit_id
    if unit and Membership.objects.on(day).filter(unit=unit, role="liaison").exists():
        return Offer.Via.UNIT
    return Offer.Via.HELPER if account_of(helper, day) else Offer.Via.VILLAGE


def answer_offer(
    *,
    offer: Offer,
    accept: bool,
    actor: Actor,
    now: datetime,
    note: str = "",
    alias: str = "",
    decline_reason: str = "",
) -> Offer:
    """The helper's or the unit's yes or no. A no needs no reason and is counted nowhere; one that is told all the same
    (it may be an illness) is kept encrypted. Raises AlreadyAnswered.
    """
    state = Offer.State.ACCEPTED if accept else Offer.State.DECLINED
    held = _close(offer, (Offer.State.OPEN,), state, now)
    if alias:
        held.alias = alias
        held.save(update_fields=["alias"])
    why = {"decline_reason": decline_reason} if decline_reason else {}
    keep(offer=held, key="helper_answer", answers={"note": note, "by": actor.label, **why})
    _tell("offer.accepted" if accept else "offer.declined", held, actor, now)
    return held


def record_family_answer(
    *, offer: Offer, answer: str, answers: Mapping[str, Any], actor: Actor, now: datetime
) -> Offer:
    """What the family says to this helper (known by first name and programme): agree, other_helper, refuse.

    Raises AlreadyAnswered when the offer is closed.
    """
    held = _held(offer, AWAITING)
    held.family_answer = answer
    held.save(update_fields=["family_answer"])
    keep(offer=held, key="family_answer", answers=answers)
    _tell("offer.family_answered", held, actor, now, {"answer": answer, "given_by": answers.get("given_by", "")})
    return held


def keep(*, offer: Offer, key: str, answers: Mapping[str, Any]) -> None:
    """Keep what was said or agreed on the way to a pairing, encrypted."""
    offer.terms = json.dumps({**terms(offer), key: dict(answers)}, ensure_ascii=False, default=str)
    offer.save(update_fields=["terms"])


def terms(offer: Offer) -> dict[str, Any]:
    """What was said or agreed so far, by key."""
    return answers_of(offer.terms)


def lapse_offer(*, offer: Offer, actor: Actor, now: datetime) -> Offer:
    """Nobody answered in time; no fault of anybody's. Raises AlreadyAnswered."""
    held = _close(offer, (Offer.State.OPEN,), Offer.State.EXPIRED, now)
    _tell("offer.lapsed", held, actor, now)
    return held


def withdraw_offers(*, case: Case, actor: Actor, now: datetime, reason: str = "", helper: UUID | None = None) -> int:
    """Take back every offer of the case that is open or accepted without a pairing (of one helper); how many."""
    rows = Offer.objects.select_for_update(of=("self",)).filter(case=case, state__in=AWAITING, pairing__isnull=True)
    if helper is not None:
        rows = rows.filter(helper=helper)
    held = list(rows)
    for offer in held:
        offer.state, offer.answered_at = Offer.State.WITHDRAWN, now
        offer.save(update_fields=["state", "answered_at"])
        _tell("offer.withdrawn", offer, actor, now, reason=reason)
    return len(held)


def _held(offer: Offer, states: tuple[Offer.State, ...]) -> Offer:
    held = prepared.found(Offer, offer.pk, follow=("case", "helper"), lock=True)
    if held.state not in states:
        raise AlreadyAnswered
    return held


def _close(offer: Offer, states: tuple[Offer.State, ...], state: Offer.State, now: datetime) -> Offer:
    held = _held(offer, states)
    held.state, held.answered_at = state, now
    held.save(update_fields=["state", "answered_at"])
    return held


def _tell(
    action: str,
    offer: Offer,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    told = {"helper": str(offer.helper_id), "helper_name": offer.helper.name, **(data or {})}
    record(
        action=action,
        object=offer,
        label=offer.helper.name,
        family_id=offer.case.family_id,
        actor=actor,
        now=now,
        data=told,
        reason=reason,
    )
