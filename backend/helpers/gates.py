"""The facts of the pairing gate (table D05): consents, insurance, training, background check, service left."""

from __future__ import annotations

from datetime import date
from typing import Any

from backend.helpers.candidates import applicant, place_of
from backend.helpers.models import Helper, Offer
from backend.helpers.scoring import is_relative, months_left

GROWN = 18


def gate_facts(offer: Offer, day: date) -> dict[str, Any]:
    """What the table needs to know about this helper and this family. What a kind does not demand counts as met."""
    helper, case = offer.helper, offer.case
    place = place_of(case, day)
    demanded = helper.kind.gates
    return {
        "family_consents": offer.family_answer == "agree",
        "helper_consents": offer.state == Offer.State.ACCEPTED,
        "related": is_relative(place, applicant(helper, helper.kind, 0, day)),
        "minor_in_family": place.has_minor,
        "minor_allowed": helper.kind.minors,
        "background_checked": helper.check_until is not None and helper.check_until > day,
        "helper_kind": helper.kind_id,
        "months_left": months_left(helper.to_date, day),
        "helper_age": age_on(helper, day),
        "trained": helper.trained_on is not None or not demanded.get("training"),
        "insured": _insured(helper, day) or not demanded.get("insurance"),
    }


def age_on(helper: Helper, day: date) -> int:
    """Full years on that day; a helper whose birth date is not on file counts as grown up."""
    born = helper.birth_date
    return GROWN if born is None else years_on(born, day)


def years_on(born: date, day: date) -> int:
    """Full years of life on that day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _insured(helper: Helper, day: date) -> bool:
    return helper.insured_until is not None and helper.insured_until >= day
