"""What is known beforehand when somebody opens a work item: values that fill its form, facts to decide by. Reads only.

Facts stand beside the form and are never sent back. Nobody is shown more than the step needs: a liaison or helper who
is asked sees no name (domain.md P-5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from django.utils import timezone

from backend.activities import certificates, sign_ups
from backend.activities.models import Activity, Certificate, Honour, HourClaim, Site, Volunteer
from backend.cases import reviews, surveys
from backend.cases.models import Case, Review
from backend.census import rounds
from backend.census.models import SurveyRound
from backend.core.errors import NotFound
from backend.emergencies.models import Incident
from backend.health.hospitals import hospitals
from backend.helpers import gates, offers, pairings, proposals, successions
from backend.helpers.gates import years_on
from backend.helpers.models import Difference, Offer, Succession
from backend.inspection.models import Finding
from backend.org import codes
from backend.org.roles import ROLE_NAMES
from backend.rights.models import AccessTicket, Grievance
from backend.services import share
from backend.services.models import Plan, PlanItem, Referral
from backend.visits.models import Visit
from workflows.steps import health_facts
from workflows.steps.context import Context
from workflows.steps.duplicates import judged
from workflows.steps.service_plan_referral import offered_entries

Known: TypeAlias = Mapping[str, Mapping[str, Any]]
"""`values`: by field of the form; `facts`: by name."""
Ask: TypeAlias = Callable[[Context, Mapping[str, Any]], Known]

ABOUT_FAMILY = ("residence", "child_state", "needs", "emergency_contact", "emergency_phone")


ANSWERING = frozenset({"village", "caseworker", "supervisor"})
"""Roles that do something in an emergency; nobody else reads in its work items whom it is about."""


def survey(context: Context, data: Mapping[str, Any]) -> Known:
    """The file as it stands, to be compared with what is found."""
    family = _case(context).family
    values = {key: value for key in ABOUT_FAMILY if (value := getattr(family, key))}
    facts = {
        "members": family.persons.filter(died_on__isnull=True).count(),
        "declared_categories": list(family.declared_categories),
        "willingness": str(family.willingness),
        "helper_number": family.helper_number,
        "attempts": data.get("attempts", 0),
    }
    return {"values": {**values, "surveyed_on": context.today.isoformat()}, "facts": facts}


def survey_progress(context: Context, data: Mapping[str, Any]) -> Known:
    """How far a village's yearly survey has come, in numbers."""
    round = SurveyRound.objects.get(pk=data["round"])
    progress = rounds.progress_of(round)
    facts = {
        "survey_listed": progress.listed,
        "survey_done": progress.done,
        "survey_percent": f"{progress.percent} %",
        "survey_threshold": f"{round.threshold} %",
        "survey_closes_on": round.closes_on.isoformat(),
        "survey_measure": round.measure,
    }
    return {"facts": facts}


def duplicates(context: Context, data: Mapping[str, Any]) -> Known:
    """Households that may be the same."""
    found = [
        {
            "family": str(each.duplicate.family.pk),
            "label": each.duplicate.family.label,
            "number": each.duplicate.family.number,
            "unit": each.duplicate.family.unit.name,
            "score": each.score,
            "reasons": list(each.duplicate.reasons),
        }
        for each in judged(context.instance.process, _case(context).family)
    ]
    return {"facts": {"duplicates": found}}


def check_file(context: Context, data: Mapping[str, Any]) -> Known:
    """What the tables advise, with their reasons, and what the survey says."""
    advised = {"categories": data.get("categories") or [], "tier": data.get("tier") or ""}
    reasons = {"category_reasons": data.get("category_reasons") or [], "tier_reason": data.get("tier_reason") or ""}
    family = _case(context).family
    facts = {
        **advised,
        **reasons,
        "declared_categories": list(family.declared_categories),
        "without_certificate": family.persons.filter(status="present", certificate="").count() or None,
        "survey": surveys.latest_answers(family),
    }
    return {"values": advised, "facts": facts}


def confirm_file(context: Context, data: Mapping[str, Any]) -> Known:
    """What was advised, what the caseworker chose, and why."""
    open_reviews = Review.objects.filter(case=_case(context), subject="filing", decided_at__isnull=True)
    review = open_reviews.order_by("-id").first()
    return {"facts": dict(review.facts) if review else {}}


def pick_helper(context: Context, data: Mapping[str, Any]) -> Known:
    """The shortlist with score, its parts and reasons, and how many each hard rule left out."""
    batch = proposals.newest_shortlist(_case(context))
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
    return {"facts": {**offer.facts, "answer_until": _text(offer.answer_until)}}


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
    start = successions.overlap_begins(_case(context), UUID(spell) if spell else None, context.today)
    end = pairings.months_later(start, helper.kind.months)
    planned = min(end, helper.to_date) if helper.to_date else end
    values = {"start_date": start.isoformat(), "planned_end": planned.isoformat(), "cadence": "monthly"}
    return {"values": values, "facts": {"helper": helper.name, "gate": data.get("gate")}}


def farewell(context: Context, data: Mapping[str, Any]) -> Known:
    """Who leaves, when, and who comes next; the day of the visit is today's, mostly."""
    row = Succession.objects.select_related("pairing__helper").get(pk=data["succession"])
    successor = successions.successor_of(row.pairing, context.today)
    facts = {
        "leaving_helper": row.pairing.helper.name,
        "ends_on": row.ends_on.isoformat(),
        "successor": successor.helper.name if successor else "",
    }
    return {"values": {"visited_on": context.today.isoformat()}, "facts": facts}


def confirm_pairing(context: Context, data: Mapping[str, Any]) -> Known:
    """The agreement as signed, and what the gate said."""
    offer = _offer(data)
    agreement = offers.terms(offer).get("agreement", {})
    facts = {"helper": offer.helper.name, "gate": data.get("gate"), "gate_reason": data.get("gate_reason")}
    return {"facts": {**facts, "agreement": agreement}}


def visit(context: Context, data: Mapping[str, Any]) -> Known:
    """What a visitor needs: where, how to reach whom in an emergency, what to mind, when to come."""
    family = _case(context).family
    planned = _visit(data)
    mind = surveys.latest_answers(family)
    facts = {
        "address": family.live_address,
        "emergency_contact": family.emergency_contact,
        "emergency_phone": family.emergency_phone,
        "needs": list(family.needs),
        "avoid": mind.get("avoid", ""),
        "manner": mind.get("manner", ""),
        "planned_for": _text(planned.planned_for) if planned else None,
    }
    channel = planned.channel if planned else "home"
    return {"values": {"channel": channel, "visit_result": "met"}, "facts": facts}


def after_visit(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found at the visit, for whoever follows up."""
    made = _visit(data)
    found = surveys.answers_of(made.answers) if made else {}
    facts = {"flags": data.get("flags") or [], "flag_reasons": data.get("flag_reasons") or [], "visit": found}
    if made:
        facts |= {"recorded_by": made.recorded_by_label, "recorded_at": _text(made.recorded_at)}
        facts |= _where_it_went(context, made)
    return {"facts": facts}


def _where_it_went(context: Context, made: Visit) -> Mapping[str, Any]:
    """The emergency that the visit became, unless it is sealed; whom a health service can be for, and where."""
    persons = made.family.persons.filter(died_on__isnull=True).order_by("-is_head", "id")
    told = {
        "persons": [{"person": str(each.pk), "name": each.name} for each in persons],
        "hospitals": [
            {"hospital": str(each.pk), "name": each.name} for each in hospitals(made.family.unit, context.today)
        ],
    }
    incident = Incident.objects.filter(visit=made).first()
    if incident is None or incident.is_delicate:
        return told
    return {"emergency_number": incident.number, **told}


def review(context: Context, data: Mapping[str, Any]) -> Known:
    """The year's facts and what has been said so far."""
    row = Review.objects.get(pk=data["review"])
    said = reviews.notes(row)
    wish, proposal = said.get("wish", {}), said.get("proposal", {})
    return {"facts": {**row.facts, "wish": wish, "proposal": proposal}}


def finding(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found, by when it has to be answered, why the last answer was returned; then the answer itself."""
    row = Finding.objects.get(pk=data["finding"])
    facts: dict[str, Any] = {
        "finding_kind": row.kind,
        "found": row.text,
        "raised_by": row.raised_label,
        "answer_until": _text(row.due_at),
        "returned_because": row.returned if row.state == Finding.State.OPEN else "",
    }
    if row.state != Finding.State.OPEN:
        answered = f"{row.answered_label}, {timezone.localdate(row.answered_at)}" if row.answered_at else ""
        facts |= {"unit_answer": row.answer, "unit_evidence": row.evidence, "answered_by": answered}
    return {"facts": {**facts, "confirmed_by": row.confirmed_label}}


def difference(context: Context, data: Mapping[str, Any]) -> Known:
    """What file and reports say, who says so, and what the supervisor returned or has to confirm."""
    row = Difference.objects.select_related("pairing__helper", "pairing__kind", "helper__kind").get(
        pk=data["difference"]
    )
    spell, helper = row.pairing, row.helper
    facts: dict[str, Any] = {"difference": row.kind, "told_by": [f"told_by_{source}" for source in row.sources]}
    if spell is not None:
        facts |= {
            "helper_on_file": f"{spell.helper.name} {spell.helper.number}",
            "kind": spell.kind.label,
            "kind_en": spell.kind.label_en,
            "paired_from": spell.from_date.isoformat(),
            "paired_until": _text(spell.to_date),
        }
    facts |= {
        "helper_reported": f"{helper.name} {helper.number}" if helper else row.named,
        "reported_since": _text(row.since),
        "families_in_all": row.count or None,
        "returned_because": row.returned,
    }
    if row.state == Difference.State.WAITING:
        facts |= {"settlement": row.settlement, "end_reason": row.end_reason, "ended_on": _text(row.ended_on)}
        facts |= {"note": row.note, "answered_by": row.settled_label}
    kind = row.helper_kind or (spell.kind_id if spell else "")
    values = {"helper_kind": kind} if kind and helper is None else {}
    return {"values": values, "facts": facts}


def access_asked(context: Context, data: Mapping[str, Any]) -> Known:
    """Who wants to look at what, what for and for how long."""
    row = _ticket(data)
    return {
        "facts": {
            "ticket_number": row.number,
            "asked_by": row.asked_label,
            "asker_role": str(ROLE_NAMES.get(row.role, row.role)),
            "about_family": f"{row.family.label} · {row.family.unit.name}",
            "about_person": row.person.name if row.person else "",
            "access_subject": row.subject,
            "access_purpose": row.purpose,
            "access_reason": row.reason,
            "access_hours": row.hours,
            "access_from": _text(row.from_at),
        }
    }


def access_used(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, and what was looked at."""
    row = _ticket(data)
    uses = row.uses.select_related("person").order_by("used_at", "id")
    looks = [f"{timezone.localtime(use.used_at):%Y-%m-%d %H:%M} {use.person.name}" for use in uses]
    used = {"granted_by": row.decided_label, "access_until": _text(row.to_at), "access_looks": looks}
    return {"facts": {**access_asked(context, data)["facts"], **used}}


def grievance(context: Context, data: Mapping[str, Any]) -> Known:
    """What was said, by whom, about whom; how the answer is to be given. Nobody whom it is about gets here."""
    row = _grievance(data)
    facts: dict[str, Any] = {
        "grievance_number": row.number,
        "grievance_kind": row.kind,
        "grievance_text": row.text,
        "about_family": f"{row.about_family.label} · {row.about_family.unit.name}",
        "about_helper": row.about_helper.name if row.about_helper else "",
        "about_officer": row.about_user.name if row.about_user else "",
        "purpose": row.purpose,
        "complainant": row.complainant,
        "complainant_contact": row.contact,
        "reply_by": row.reply_by,
        "answer_until": _text(row.due_at),
        "returned_because": row.returned,
    }
    return {"values": {"identity": row.identity} if row.identity else {}, "facts": facts}


def proposed_answer(context: Context, data: Mapping[str, Any]) -> Known:
    """The request, and how it is to be answered."""
    row = _grievance(data)
    answered = {
        "finding": row.decision,
        "answer": row.answer,
        "kept_by_law": row.kept_by_law,
        "restrict": row.restricted,
        "answered_by": row.decided_label,
    }
    return {"facts": {**grievance(context, data)["facts"], **answered}}


def grievance_reply(context: Context, data: Mapping[str, Any]) -> Known:
    """What to tell the person, in the way the person chose."""
    row = _grievance(data)
    facts = {**grievance(context, data)["facts"], "answer": row.answer, "kept_by_law": row.kept_by_law}
    values = {"replied_on": context.today.isoformat(), "replied_by": row.reply_by}
    return {"values": values, "facts": facts}


def activity(context: Context, data: Mapping[str, Any]) -> Known:
    """The plan as it stands, with what could go wrong; nobody's name but the proposer's."""
    row = _activity(data)
    facts = {
        "activity": row.title,
        "activity_number": row.number,
        "organiser": row.unit.name,
        "activity_kind": row.kind,
        "activity_theme": row.theme,
        "activity_groups": row.groups,
        "starts_at": _text(row.starts_at),
        "ends_at": _text(row.ends_at),
        "where": row.site.name if row.site else row.place,
        "expected": row.expected,
        "budget": str(row.budget),
        "minors": row.minors,
        "outdoors": row.outdoors,
        "risk": row.risk,
        "late_reason": row.late_reason,
        "level_reason": row.level_reason,
        "proposed_by": row.proposed_label,
        "returned_because": row.returned,
    }
    return {"facts": facts}


def activity_plan(context: Context, data: Mapping[str, Any]) -> Known:
    """What can be changed, as it was proposed."""
    row, facts = _activity(data), activity(context, data)["facts"]
    values = {name: getattr(row, name) for name in ("expected", "minors", "outdoors", "risk")}
    return {"values": {**values, "budget": float(row.budget)}, "facts": facts}


def activity_outcome(context: Context, data: Mapping[str, Any]) -> Known:
    """Numbers from the list of who was there, to be completed."""
    row, facts = _activity(data), activity(context, data)["facts"]
    counted = sign_ups.counts(row)
    values: dict[str, Any] = {"attended_minors": counted["attended_minors"]}
    if counted["attended"]:
        values |= {"attended": counted["attended"], "headcount_source": "sign_in"}
    return {"values": values, "facts": {**facts, "signed_up": counted["placed"], "volunteers": counted["volunteers"]}}


def activity_record(context: Context, data: Mapping[str, Any]) -> Known:
    """What was spent against what was approved, and what happened."""
    row, facts = _activity(data), activity(context, data)["facts"]
    found = {
        "spent": str(row.spent),
        "attended": row.attended,
        "headcount_source": row.headcount_source,
        "incidents": row.incidents,
        "recorded_by": row.recorded_label,
    }
    return {"facts": {**facts, **found}}


def site(context: Context, data: Mapping[str, Any]) -> Known:
    """The site, and what it lacked."""
    row = Site.objects.select_related("unit").get(pk=data["site"])
    facts = {
        "site": row.name,
        "site_kind": row.kind,
        "village": row.unit.name,
        "address": row.address,
        "inspected_on": _text(row.inspected_on),
        "wanting": row.wanting,
    }
    return {"facts": facts}


def inspection(context: Context, data: Mapping[str, Any]) -> Known:
    """The site with the standards that it met last time."""
    standards = Site.objects.values_list("standards", flat=True).get(pk=data["site"])
    values = {"inspected_on": context.today.isoformat(), "standards": standards}
    return {"values": values, "facts": site(context, data)["facts"]}


def equipment(context: Context, data: Mapping[str, Any]) -> Known:
    """The site, looked at today."""
    return {"values": {"checked_on": context.today.isoformat()}, "facts": site(context, data)["facts"]}


def honour(context: Context, data: Mapping[str, Any]) -> Known:
    """Who is nominated for what, by whom, and what was found so far."""
    row = _honour(data)
    facts = {
        "honour_number": row.number,
        "honour_kind": row.call.kind,
        "candidate": row.candidate,
        "village": row.unit.name,
        "merits": row.merits,
        "nominated_by": row.nominated_label,
        "votes_for": row.votes_for,
        "votes_against": row.votes_against,
        "recused": row.recused,
        "score": row.score,
    }
    return {"facts": facts}


def honour_objection(context: Context, data: Mapping[str, Any]) -> Known:
    """The objection, and who raised it: for whoever looks into it, and nobody else."""
    row = _honour(data)
    told = {"honour_objection": row.objection, "objector": row.objector}
    return {"facts": {**honour(context, data)["facts"], **told}}


def _honour(data: Mapping[str, Any]) -> Honour:
    return Honour.objects.select_related("call", "unit", "candidate_family", "helper").get(pk=data["honour"])


def _activity(data: Mapping[str, Any]) -> Activity:
    return Activity.objects.select_related("unit", "site").get(pk=data["activity"])


def emergency(context: Context, data: Mapping[str, Any]) -> Known:
    """Where to go and to whom, for those who act; who reported it stands nowhere here."""
    row = Incident.objects.select_related("about_family", "place").get(pk=data["emergency"])
    facts: dict[str, Any] = {
        "emergency_number": row.number,
        "emergency_kind": row.kind,
        "emergency_level": row.level,
        "report_due": row.report_due,
        "police_told_at": _text(row.reported_at),
        "place": row.place.name,
    }
    if context.actor.role not in ANSWERING:
        return {"facts": facts}
    family = row.about_family
    facts |= {
        "where": row.where or (family.live_address if family else ""),
        "what": row.what,
        "who": row.who or (family.label if family else ""),
        "situations": row.situations,
        "tell_kin": row.tell_kin,
        "unverified": row.unverified,
        "callback": row.callback,
        "emergency_contact": family.emergency_contact if family and row.tell_kin else "",
        "emergency_phone": family.emergency_phone if family and row.tell_kin else "",
    }
    return {"facts": facts}


def acknowledgement(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, with what is open besides: two people may have told of one thing."""
    row = Incident.objects.get(pk=data["emergency"])
    others = Incident.objects.open().filter(office=row.office_id, sealed=False).exclude(pk=row.pk).order_by("-pk")[:20]
    told = emergency(context, data)["facts"]
    rows = [
        {
            "emergency": str(each.pk),
            "name": each.number,
            "kind": codes.name("emergency_kind", each.kind, "zh-hans"),
            "kind_en": codes.name("emergency_kind", each.kind, "en"),
            "unit": f"{timezone.localtime(each.found_at):%m-%d %H:%M}",
        }
        for each in others
    ]
    return {"facts": {**told, "others": rows}}


def arrival(context: Context, data: Mapping[str, Any]) -> Known:
    """The same, and that it is now."""
    return {**emergency(context, data), "values": {"arrived_at": context.now.isoformat()}}


def _ticket(data: Mapping[str, Any]) -> AccessTicket:
    return AccessTicket.objects.select_related("family__unit", "person").get(pk=data["ticket"])


def _grievance(data: Mapping[str, Any]) -> Grievance:
    rows = Grievance.objects.select_related("about_family__unit", "about_helper", "about_user")
    return rows.get(pk=data["grievance"])


def volunteer(context: Context, data: Mapping[str, Any]) -> Known:
    """Who wants to serve, what they offer, for a minor whose word there is; what the register says of the papers."""
    row = Volunteer.objects.select_related("helper", "kind").get(pk=data["volunteer"])
    facts: dict[str, Any] = {
        "volunteer": row.name,
        "volunteer_source": row.source,
        "age": years_on(row.birth_date, context.today),
        "kind": row.kind.label,
        "kind_en": row.kind.label_en,
        "with_minors": row.with_minors,
        "risky": row.risky,
        "notice_accepted": f"{row.notice_version} · {row.accepted_on.isoformat()}",
        "guardian": row.guardian,
        "accompanied_by": row.accompanied_by,
    }
    if row.helper is not None:
        facts |= {
            "helper_number": row.helper.number,
            "training_done": [each.module for each in row.helper.trainings.order_by("module")],
            "insured_to": _text(row.helper.insured_until),
            "checked_to": _text(row.helper.check_until),
        }
    return {"facts": facts}


def claim(context: Context, data: Mapping[str, Any]) -> Known:
    """What somebody claims, what shows it, and what is odd about it; never which family it was."""
    row = HourClaim.objects.select_related("helper", "place").get(pk=data["claim"])
    facts = {
        "volunteer": row.helper.name,
        "service_content": row.content,
        "hours_source": row.source,
        "began": _text(row.started_at),
        "ended": _text(row.ended_at),
        "hours_claimed": row.claimed / 2,
        "where": row.place.name if row.place else "",
        "hours_evidence": row.evidence,
        "hours_flags": list(row.flags),
        "said_about_it": row.note,
        "claimed_by": row.claimed_label,
        "decided_before": f"{row.counted / 2} · {row.reason}" if row.disputed_at else "",
        "dispute": row.dispute,
    }
    return {"values": {"verification": "all"}, "facts": facts}


def certificate(context: Context, data: Mapping[str, Any]) -> Known:
    """Whose hours, of which months, how many, and what somebody objects."""
    row = Certificate.objects.select_related("helper").get(pk=data["certificate"])
    facts = {
        "certificate_number": row.number,
        "volunteer": row.name,
        "helper_number": row.helper.number,
        "certified_from": _text(row.from_date),
        "certified_to": _text(row.to_date),
        "hours_certified": certificates.half_hours(row) / 2,
        "announced_to": _text(row.announced_until),
        "objection_text": row.objection,
        "answered_by": row.handled_label,
    }
    return {"facts": facts}


def needs(context: Context, data: Mapping[str, Any]) -> Known:
    """What was found so far, where it comes from, and what is on file."""
    plan = _plan(data)
    facts = {"plan_source": plan.source, "service_needs": list(plan.needs), "level": plan.level}
    return {"values": {"assessment": "needs", "needs": list(plan.needs)}, "facts": facts}


def compose_plan(context: Context, data: Mapping[str, Any]) -> Known:
    """The catalogue, what needs and the table suggest ticked; why the supervisor returned an earlier plan."""
    plan = _plan(data)
    advised = dict(zip(data.get("services") or [], data.get("service_reasons") or [], strict=False))
    rows = offered_entries(plan, advised, context.today)
    before = [item.package.code if item.package else item.entry.code for item in _items(plan)]
    ticked = before or [row["entry"] for row in rows if row["reasons"]]
    facts: dict[str, Any] = {"service_needs": list(plan.needs), "level": plan.level, "evidence": plan.evidence}
    facts |= {"returned_because": plan.returned, "catalogue": rows}
    return {"values": {"services": list(dict.fromkeys(ticked))}, "facts": facts}


def plan_told(context: Context, data: Mapping[str, Any]) -> Known:
    """The plan as composed: for the supervisor who signs it and the village worker who asks the family."""
    plan = _plan(data)
    facts = {
        "service_needs": list(plan.needs),
        "level": plan.level,
        "evidence": plan.evidence,
        "plan_items": [item.entry.title for item in _items(plan)],
        "composed_by": plan.composed_label,
    }
    return {"values": {"asked_on": context.today.isoformat()}, "facts": facts}


def plan_effect(context: Context, data: Mapping[str, Any]) -> Known:
    """What was promised, and what came of it."""
    plan = _plan(data)
    came = {item.entry.title: str(item.get_state_display()) for item in _items(plan)}
    return {"facts": {"service_needs": list(plan.needs), "came_of_it": came}}


def referral_told(context: Context, data: Mapping[str, Any]) -> Known:
    """What a department decides by and works with: no name. What it may know is opened on the referral's own page."""
    row = Referral.objects.select_related("item__entry", "item__plan__family__unit__parent").get(pk=data["referral"])
    facts = {"referral_number": row.number, "department": row.department, **share.told_before(row.item, context.today)}
    if row.state == Referral.State.SENT:
        facts["answer_until"] = _text(row.answer_by)
    today = context.today.isoformat()
    return {"values": {"quantity": row.item.quantity, "delivered_on": today}, "facts": facts}


def own_item(context: Context, data: Mapping[str, Any]) -> Known:
    """What the village worker brings, and where."""
    item = _item_of(data)
    family = item.plan.family
    facts = {**_of_item(item), "address": family.live_address}
    today = context.today.isoformat()
    return {"values": {"quantity": item.quantity, "delivered_on": today}, "facts": facts}


def given_item(context: Context, data: Mapping[str, Any]) -> Known:
    """What is said to have been given, for whoever asks the family; or why nobody can."""
    item = _item_of(data)
    last = item.referrals.order_by("-id").first()
    facts = {**_of_item(item), "delivered_on": _text(item.delivered_on), "delivered_quantity": item.delivered_quantity}
    facts |= {"evidence": item.evidence, "recorded_by": item.delivered_label}
    if last is not None and last.state == Referral.State.DECLINED:
        facts |= {"decline_code": last.reason, "answered_by": last.answered_label}
    return {"values": {"told_on": context.today.isoformat()}, "facts": facts}


def _of_item(item: PlanItem) -> dict[str, Any]:
    entry = item.entry
    told = {"service": entry.name, "service_en": entry.name_en, "quantity": item.quantity, "measure": entry.measure}
    return {**told, "frequency": entry.frequency, "department": item.department}


def _items(plan: Plan) -> list[PlanItem]:
    return list(plan.items.select_related("entry", "package").order_by("id"))


def _item_of(data: Mapping[str, Any]) -> PlanItem:
    return PlanItem.objects.select_related("entry", "plan__family").get(pk=data["item"])


def _plan(data: Mapping[str, Any]) -> Plan:
    return Plan.objects.select_related("case").get(pk=data["plan"])


def _case(context: Context) -> Case:
    if context.case is None:
        raise NotFound
    return context.case


def _offer(data: Mapping[str, Any]) -> Offer:
    return Offer.objects.select_related("helper__kind", "helper__unit", "case__family__unit", "case__programme").get(
        pk=data["offer"]
    )


def _visit(data: Mapping[str, Any]) -> Visit | None:
    return Visit.objects.select_related("family__unit").get(pk=data["visit"]) if data.get("visit") else None


def _text(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


FORM_VALUES: Mapping[tuple[str, str], Ask] = {
    ("household_intake", "survey_family"): survey,
    ("household_intake", "collect_by_contact"): survey,
    ("household_intake", "resolve_duplicates"): duplicates,
    ("household_intake", "check_file"): check_file,
    ("household_intake", "confirm_file"): confirm_file,
    ("pairing", "pick_helper"): pick_helper,
    ("pairing", "answer_for_unit"): offer_told,
    ("pairing", "answer_offer"): offer_told,
    ("pairing", "ask_helper"): offer_asked,
    ("pairing", "ask_family"): ask_family,
    ("pairing", "fix_gate"): fix_gate,
    ("pairing", "sign_agreement"): sign_agreement,
    ("pairing", "confirm_pairing"): confirm_pairing,
    ("care_visit", "record_visit"): visit,
    ("care_visit", "visit_instead"): visit,
    ("care_visit", "follow_up"): after_visit,
    ("care_visit", "call_back"): after_visit,
    ("care_visit", "allow_late_record"): after_visit,
    ("access_ticket", "decide_access"): access_asked,
    ("access_ticket", "review_use"): access_used,
    ("access_ticket", "review_in_office"): access_used,
    ("finding", "answer_finding"): finding,
    ("finding", "confirm_answer"): finding,
    ("finding", "check_answer"): finding,
    ("succession", "accompany_farewell"): farewell,
    ("reconciliation", "settle_difference"): difference,
    ("reconciliation", "confirm_ending"): difference,
    ("grievance", "investigate"): grievance,
    ("grievance", "investigate_independently"): grievance,
    ("grievance", "handle_request"): grievance,
    ("grievance", "confirm_request"): proposed_answer,
    ("grievance", "reply_to_person"): grievance_reply,
    ("grievance", "reply_independently"): grievance_reply,
    ("volunteer_service", "screen_volunteer"): volunteer,
    ("volunteer_service", "prepare_volunteer"): volunteer,
    ("volunteer_service", "renew_papers"): volunteer,
    ("hours_claim", "verify_hours"): claim,
    ("hours_claim", "verify_in_village"): claim,
    ("hours_claim", "verify_in_unit"): claim,
    ("hours_claim", "settle_dispute"): claim,
    ("hours_certificate", "check_hours"): certificate,
    ("hours_certificate", "settle_objection"): certificate,
    ("hours_certificate", "sign_certificate"): certificate,
    ("activity_site", "approve_at_township"): activity,
    ("activity_site", "approve_in_village"): activity,
    ("activity_site", "record_group_decision"): activity,
    ("activity_site", "revise_at_township"): activity_plan,
    ("activity_site", "revise_in_village"): activity_plan,
    ("activity_site", "record_at_township"): activity_outcome,
    ("activity_site", "record_in_village"): activity_outcome,
    ("activity_site", "check_record"): activity_record,
    ("site_inspection", "inspect_site"): inspection,
    ("site_inspection", "check_equipment"): equipment,
    ("site_inspection", "repair_site"): site,
    ("site_inspection", "confirm_closing"): site,
    ("service_plan_referral", "assess_needs"): needs,
    ("service_plan_referral", "compose_plan"): compose_plan,
    ("service_plan_referral", "confirm_plan"): plan_told,
    ("service_plan_referral", "ask_family"): plan_told,
    ("service_plan_referral", "review_effect"): plan_effect,
    ("referral", "answer_referral"): referral_told,
    ("referral", "deliver_by_department"): referral_told,
    ("referral", "deliver_item"): own_item,
    ("referral", "confirm_with_family"): given_item,
    ("referral", "tell_family"): given_item,
    ("emergency_response", "acknowledge"): acknowledgement,
    ("emergency_response", "arrive"): arrival,
    ("emergency_response", "go_from_office"): arrival,
    ("emergency_response", "take_measures"): emergency,
    ("emergency_response", "follow_up_weekly"): emergency,
    ("emergency_response", "add_what_is_missing"): emergency,
    ("emergency_response", "report_at_once"): emergency,
    ("emergency_response", "write_brief"): emergency,
    ("emergency_response", "review_response"): emergency,
    ("honours_selection", "review_in_village"): honour,
    ("honours_selection", "check_records"): honour,
    ("honours_selection", "review_at_township"): honour,
    ("honours_selection", "settle_objection"): honour_objection,
    ("honours_selection", "approve_award"): honour,
    ("honours_selection", "ask_story"): honour,
    ("survey_round", "survey_families"): survey_progress,
    ("survey_round", "look_at_village"): survey_progress,
    ("survey_round", "give_reasons"): survey_progress,
    ("yearly_review", "ask_family_wish"): review,
    ("yearly_review", "prepare_review"): review,
    ("yearly_review", "decide_review"): review,
    **health_facts.FORM_VALUES,
}
"""Process and step → what is known for its form."""
