"""What is known when a helper is picked, asked and agreed with. Whoever is only asked sees no name (domain.md P-5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.helpers import gates, offers, pairings, proposals, successions
from backend.helpers.models import Offer
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, case_of, text


def pick_helper(context: Context, data: Mapping[str, Any]) -> Known:
    """The shortlist with score, its parts and reasons, and how many each hard rule left out."""
    batch = proposals.newest_shortlist(case_of(context))
    if batch is None:
        return {"facts": {"shortlist": []}}
    rows = batch.proposals.select_related("helper__kind", "helper__unit").order_by("place")
    chosen_from = proposals.considered(batch)
    listed = [
        {
            "helper": str(row.helper_id),
            "name": row.helper.name,
            "number": row.helper.number,
            "kind": row.helper.kind.label,
            "kind_en": row.helper.kind.label_en,
            "unit": row.helper.unit.name,
            "languages": list(row.helper.languages),
            "score": row.score,
            "parts": dict(row.parts),
            "reasons": list(row.reasons),
            "free": chosen_from.free.get(row.helper.pk) if chosen_from else None,
        }
        for row in rows
        if row.helper is not None
    ]
    if chosen_from is None:
        return {"facts": {"shortlist": listed}}
    ranking = {
        "day": batch.day.isoformat(),
        "looked_at": batch.helpers,
        "fitting": batch.helpers - sum(batch.left_out.values()),
        "most": dict(chosen_from.most),
        "left_out": dict(batch.left_out),
    }
    return {"facts": {"shortlist": listed, "ranking": ranking}}


def offer_told(context: Context, data: Mapping[str, Any]) -> Known:
    """What a helper and the unit are told before both have agreed: no name, no address, no illness."""
    offer = _offer(data)
    return {"facts": {**offer.facts, "answer_until": text(offer.answer_until)}}


def offer_asked(context: Context, data: Mapping[str, Any]) -> Known:
    """The same for the village worker who asks in person, with the helper's name."""
    offer = _offer(data)
    return {"facts": {**offer.facts, "helper": offer.helper.name, "helper_number": offer.helper.number}}


def ask_family(context: Context, data: Mapping[str, Any]) -> Known:
    """What the family hears of the helper: a first name or agreed name, the kind and the programme."""
    offer = _offer(data)
    kind, programme = offer.helper.kind, offer.case.programme
    facts = {
        "helper": offers.told_name(offer),
        "kind": kind.label,
        "kind_en": kind.label_en,
        "programme": programme.name,
        "programme_en": programme.name_en,
    }
    return {"values": {"given_on": context.today.isoformat()}, "facts": facts}


def fix_gate(context: Context, data: Mapping[str, Any]) -> Known:
    """What the gate found missing."""
    facts = gates.gate_facts(_offer(data), context.today)
    return {"facts": {**facts, "gate": data.get("gate"), "gate_reason": data.get("gate_reason")}}


def sign_agreement(context: Context, data: Mapping[str, Any]) -> Known:
    """A year from today, as often as the kind of helper usually comes; a successor begins some days before the end."""
    helper, spell = _offer(data).helper, data.get("succeeds")
    start = successions.overlap_begins(case_of(context), UUID(spell) if spell else None, context.today)
    end = pairings.months_later(start, helper.kind.months)
    planned = min(end, helper.to_date) if helper.to_date else end
    values = {"start_date": start.isoformat(), "planned_end": planned.isoformat(), "cadence": "monthly"}
    return {"values": values, "facts": {"helper": helper.name, "gate": data.get("gate")}}


def confirm_pairing(context: Context, data: Mapping[str, Any]) -> Known:
    """The agreement as signed, and what the gate said."""
    offer = _offer(data)
    agreement = offers.terms(offer).get("agreement", {})
    facts = {"helper": offer.helper.name, "gate": data.get("gate"), "gate_reason": data.get("gate_reason")}
    return {"facts": {**facts, "agreement": agreement}}


def _offer(data: Mapping[str, Any]) -> Offer:
    return Offer.objects.select_related("helper__kind", "helper__unit", "case__family__unit", "case__programme").get(
        pk=data["offer"]
    )


FORM_VALUES: FormValues = {
    ("pairing", "pick_helper"): pick_helper,
    ("pairing", "answer_for_unit"): offer_told,
    ("pairing", "answer_offer"): offer_told,
    ("pairing", "ask_helper"): offer_asked,
    ("pairing", "ask_family"): ask_family,
    ("pairing", "fix_gate"): fix_gate,
    ("pairing", "sign_agreement"): sign_agreement,
    ("pairing", "confirm_pairing"): confirm_pairing,
}
