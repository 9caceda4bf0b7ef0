"""Steps of requests and complaints: placed with somebody independent, acted upon first, decided, carried out, told.

What comes first: contact with a helper who is complained about is suspended, with all families, so that nobody can
tell which of them complained; a case that is objected to is held. What a withdrawn consent was for stops at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.activities import bans
from backend.activities.bans import ProposedAlready
from backend.cases import cases, families, surveys
from backend.cases.models import Case, Family
from backend.core.errors import FieldProblem, Invalid
from backend.helpers import register, suspensions
from backend.helpers.models import Helper, Pairing
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.org.roles import INDEPENDENT
from backend.reminders.outbox import intend, role_at
from backend.rights import grievances
from backend.rights.models import Grievance
from backend.rights.offices import guardian_of_data, office_for
from backend.subsidies import applications
from workflows.engine.runner import Call
from workflows.steps.context import Context, Step, of

SUSPENDED = "complaint"
"""Why contact is suspended (code list suspension_reason)."""
UPHELD = frozenset({"upheld", "partly_upheld"})


class NoHelper(Invalid):
    """A measure about a helper, where none is complained about."""

    code = "no_helper"
    message = _("This is not about a helper: please choose another measure.")


def route_facts(call: Call) -> Mapping[str, Any]:
    """What decision D31 looks at: nothing that tells who complained or about whom."""
    row = _grievance(call)
    officer = guardian_of_data(row.about_family.unit, of(call).today)
    told = {"kind": row.kind, "target": row.target, "danger": row.danger, "minor": row.minor}
    return {**told, "dpo": officer is not None}


def open_grievance(call: Call) -> Mapping[str, Any]:
    """The office, the clock, and what has to happen before anybody asks questions."""
    context, row, data = of(call), _grievance(call), call.data
    office = office_for(str(data["handler"]), place=row.about_family.unit, about=row.about_user, day=context.today)
    grievances.place_grievance(
        grievance=row, office=office, handler=str(data["handler"]), clock=str(data["clock"]),
        holds_case=bool(data["hold"]), alarm=bool(data["alarm"]), actor=context.actor, now=context.now,
    )  # fmt: skip
    if row.holds_case and row.about_case is not None:
        cases.hold_case(case=row.about_case, number=row.number, actor=SYSTEM, now=context.now)
    if data["suspend"] and row.about_helper is not None:
        _suspend(row, row.about_helper, context)
    told = {
        "office": str(office.pk),
        "due_at": row.due_at.isoformat(),
        "notice_by": (row.notice_by or row.due_at).isoformat(),
        "closed_to": str(row.closed_to or ""),
    }
    if data["handler"] == "dpo":
        desk = guardian_of_data(row.about_family.unit, context.today)
        told["desk"] = str((desk or office).pk)
    if data["handler"] == "nobody":
        grievances.decide(grievance=row, found={"finding": "upheld"}, actor=SYSTEM, now=context.now)
        return {**told, "finding": "upheld"}
    return told


def record_investigation(call: Call) -> Mapping[str, Any] | None:
    """What was found; or more time, once."""
    context, row, answers = of(call), _grievance(call), call.answers
    if answers["finding"] == grievances.EXTEND:
        return _extend(call, row)
    if str(answers["measure"]).startswith("helper_") and row.about_helper is None:
        raise NoHelper([FieldProblem("/measure", NoHelper.code, NoHelper.message)])
    grievances.decide(grievance=row, found=answers, actor=context.actor, now=context.now)
    return None


def record_request(call: Call) -> Mapping[str, Any] | None:
    """How the request is to be answered; or more time, once."""
    context, row, answers = of(call), _grievance(call), call.answers
    if answers["finding"] == grievances.EXTEND:
        return _extend(call, row)
    grievances.propose(grievance=row, found=answers, actor=context.actor, now=context.now)
    return None


def record_confirmation(call: Call) -> None:
    """The supervisor signs, or returns it."""
    context, row = of(call), _grievance(call)
    if call.answers["confirmation"] == "return":
        reason = str(call.answers["reason"])
        grievances.return_proposal(grievance=row, reason=reason, actor=context.actor, now=context.now)
    else:
        grievances.confirm(grievance=row, actor=context.actor, now=context.now)


def carry_out(call: Call) -> None:
    """What follows from the decision."""
    context, row = of(call), _grievance(call)
    if row.about_helper is not None and row.helper_was:
        _settle_helper(row, row.about_helper, context)
    if row.kind == Grievance.Kind.WITHDRAW:
        _withdraw(row.about_family, row.purpose, row, context)
    if row.kind == Grievance.Kind.DELETE and row.restricted:
        _restrict(row.about_family, row, context)


def record_reply(call: Call) -> None:
    """The person was told, in the way the person chose."""
    context, answers = of(call), call.answers
    grievances.reply(
        grievance=_grievance(call),
        way=str(answers["replied_by"]),
        told_on=date.fromisoformat(str(answers["replied_on"])),
        satisfied=str(answers["satisfied"]),
        why=str(answers.get("way_reason") or ""),
        actor=context.actor,
        now=context.now,
    )


def close_grievance(call: Call) -> None:
    """Closed; a case that it held can be decided again, unless another objection holds it too; so can an
    application."""
    context, row = of(call), _grievance(call)
    grievances.close(grievance=row, actor=context.actor, now=context.now)
    applications.tell_settled(objection=row.pk, upheld=row.decision in UPHELD, actor=SYSTEM)
    if row.holds_case and row.about_case is not None:
        other = grievances.holding(row.about_case, beside=row)
        cases.release_case(case=row.about_case, number=row.number, held_by=other, actor=SYSTEM, now=context.now)


def remind_notice(call: Call) -> None:
    """15 days are over: whoever looks into it is asked to tell the person that somebody does."""
    context, row = of(call), _grievance(call)
    if not row.waits_for_notice(context.now + timedelta(seconds=1)):
        return
    grievances.remind_notice(grievance=row, actor=context.actor, now=context.now)
    intend(
        "grievance.notice_due", to=role_at(row.handler, row.office), key=f"grievance.notice_due:{row.pk}",
        now=context.now, about=row, label=row.number, label_en=row.number, page=f"/grievances/{row.pk}/",
        closed_to=row.closed_to,
    )  # fmt: skip


def tell_overdue(call: Call) -> None:
    """Its clock has run out: the supervisor hears it, or, where nobody of the office looks into it, whoever does."""
    context, row = of(call), _grievance(call)
    if not grievances.escalate(grievance=row, actor=context.actor, now=context.now):
        return
    hears = row.handler if row.handler in INDEPENDENT else "supervisor"
    intend(
        "grievance.overdue", to=role_at(hears, row.office), key=f"grievance.overdue:{row.pk}:{row.due_at:%Y%m%d}",
        now=context.now, about=row, label=row.number, label_en=row.number, page=f"/grievances/{row.pk}/",
        closed_to=row.closed_to,
    )  # fmt: skip


# --- parts


def _extend(call: Call, row: Grievance) -> Mapping[str, Any]:
    context = of(call)
    reason = str(call.answers["extension_reason"])
    due_at = grievances.extend(grievance=row, reason=reason, actor=context.actor, now=context.now)
    return {"due_at": due_at.isoformat()}


def _suspend(row: Grievance, helper: Helper, context: Context) -> None:
    """No contact with any family, no new one; history tells no reason that would name who complained."""
    grievances.suspended(grievance=row, before=helper.status)
    if helper.status == Helper.Status.ENDED:
        return
    register.set_status(helper=helper, status=Helper.Status.SUSPENDED, reason=row.number, actor=SYSTEM, now=context.now)
    for spell in Pairing.objects.on(context.today).filter(helper=helper):
        if not spell.suspensions.filter(to_date__isnull=True, reason=SUSPENDED).exists():
            suspensions.suspend_pairing(pairing=spell, reason=SUSPENDED, actor=SYSTEM, now=context.now, note=row.number)


def _settle_helper(row: Grievance, helper: Helper, context: Context) -> None:
    """The helper's service ends, stays suspended, or goes on: then contact is taken up again (E10, E22)."""
    if helper.status == Helper.Status.ENDED or row.measure == "helper_suspended":
        return
    if row.measure == "helper_banned" and row.decided_by is not None:
        _ban(row, helper, row.decided_by, context)
        return
    if row.measure == "helper_ends":
        register.end_helper(
            helper=helper, reason="complaint", ended_on=context.today, actor=context.actor, now=context.now
        )
        return
    others = Grievance.objects.open().filter(about_helper=helper).exclude(helper_was="").exclude(pk=row.pk)
    if others.exists():
        return
    register.set_status(helper=helper, status=row.helper_was, reason=row.number, actor=SYSTEM, now=context.now)
    for spell in Pairing.objects.on(context.today).filter(helper=helper):
        held = set(spell.suspensions.filter(to_date__isnull=True).values_list("reason", flat=True))
        # Lifting ends all but a missing check: what somebody suspended for another reason is that person's to lift.
        if SUSPENDED in held and held <= {SUSPENDED, "check_expired"}:
            suspensions.lift_suspension(pairing=spell, reason="cleared", actor=SYSTEM, now=context.now, note=row.number)


def _ban(row: Grievance, helper: Helper, proposed_by: User, context: Context) -> None:
    """The service and its pairings end; that the helper is not taken on again is laid before a second person (E22)."""
    actor, now = context.actor, context.now
    register.end_helper(helper=helper, reason="complaint", ended_on=context.today, actor=actor, now=now)
    with suppress(ProposedAlready):
        bans.propose(
            helper=helper, reason=row.ban_reason, to_date=None, note=row.number, user=proposed_by, actor=actor, now=now
        )


def _withdraw(family: Family, purpose: str, row: Grievance, context: Context) -> None:
    """What rested on the consent stops (PIPL art. 15): photographs are shown no more and deleted the next night;
    helpers hear nothing any more; visits end. What the law gives the family is untouched (E5)."""
    actor, now = context.actor, context.now
    if purpose == Grievance.Purpose.PHOTO:
        surveys.withdraw_item(family=family, purpose="care", item="photo", actor=actor, now=now, reason=row.number)
        return
    if purpose == Grievance.Purpose.CARE:
        surveys.withdraw_consent(family=family, purpose="care", actor=actor, now=now, reason=row.number)
    else:
        item = "share_helper"
        surveys.withdraw_item(family=family, purpose="care", item=item, actor=actor, now=now, reason=row.number)
    surveys.withdraw_consent(family=family, purpose="handover", actor=actor, now=now, reason=row.number)
    # Without a helper who may know where to go, a case has nothing to offer: it pauses as after any refusal, offers
    # are taken back, spells and planned visits end, and the family is asked again after six months, not sooner.
    families.tell_cases(
        family=family, name="family_refused", data={"level": "all", "reason": "consent_withdrawn"}, actor=actor
    )
    if not Case.objects.filter(family=family, state__in=cases.LIVE).exists():
        families.set_willingness(family=family, willingness=Family.Willingness.REFUSED, actor=actor, now=now)


def _restrict(family: Family, row: Grievance, context: Context) -> None:
    """The optional parts of a file that has to be kept (E34)."""
    actor, now = context.actor, context.now
    empty: dict[str, Any] = {}
    if "contact" in row.restricted:
        empty |= {"emergency_contact": "", "emergency_phone": ""}
    if "needs" in row.restricted:
        empty |= {"needs": [], "languages": []}
    if empty:
        families.update_family(family=family, changes=empty, actor=actor, now=now, reason=row.number, erased=True)
    if "photo" in row.restricted:
        _withdraw(family, Grievance.Purpose.PHOTO, row, context)
    if "pairing" in row.restricted:
        _withdraw(family, Grievance.Purpose.CARE, row, context)


def _grievance(call: Call) -> Grievance:
    rows = Grievance.objects.select_related(
        "office", "about_family__unit__parent", "about_case__family", "about_case__unit", "about_helper__unit",
        "about_helper__kind", "about_user", "decided_by",
    )  # fmt: skip
    return rows.get(pk=call.data["grievance"])


STEPS: Mapping[str, Step] = {
    "grievance.route_facts": route_facts,
    "grievance.open_grievance": open_grievance,
    "grievance.record_investigation": record_investigation,
    "grievance.record_request": record_request,
    "grievance.record_confirmation": record_confirmation,
    "grievance.carry_out": carry_out,
    "grievance.record_reply": record_reply,
    "grievance.close_grievance": close_grievance,
    "grievance.tell_overdue": tell_overdue,
    "grievance.remind_notice": remind_notice,
}
