"""Taking in a request or complaint: the row, and the process that brings it to somebody independent and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.cases import LIVE
from backend.cases.models import Case, Review
from backend.core.errors import FieldProblem, Invalid, NotAllowed
from backend.emergencies.incidents import Report
from backend.emergencies.models import Incident
from backend.helpers.models import Pairing
from backend.org import codes
from backend.org.access import SYSTEM, Actor
from backend.org.powers import is_behind
from backend.rights import grievances
from backend.rights.grievances import Intake
from backend.rights.models import Grievance
from workflows import services
from workflows.emergencies import report_emergency

Kind, Target, Suspect = Grievance.Kind, Grievance.Target, Incident.Suspect
CHANNELS = {"visit": "visit", "hotline": "hotline"}
"""How the complaint came in → how the emergency did; by telephone where nothing fits better."""
TARGETS = {
    Kind.COMPLAINT: {Target.HELPER, Target.OFFICER, Target.DECISION},
    Kind.OBJECTION: {Target.DECISION},
}
"""What may be complained about or objected to; all other kinds are about the data kept."""


class AboutYourself(NotAllowed):
    """Whoever is complained about does not take the complaint in."""

    code = "about_yourself"
    message = _("This is about yourself: somebody else has to take it in.")


class Incomplete(Invalid):
    """Something is missing that this kind of request needs, or does not fit it."""

    code = "incomplete"
    message = _("This does not fit the kind of request.")


def take_in(*, intake: Intake, actor: Actor, now: datetime) -> Grievance:
    """Keep what was said and bring it to whoever looks into it. Raises Incomplete, AboutYourself.

    A helper without a name is the family's present one; a decision's signer is whoever signed the case's last review.
    """
    whole = _completed(_checked(intake, now), now)
    about = {whole.officer.pk} if whole.officer else set()
    if whole.helper is not None and whole.helper.user_id:
        about.add(whole.helper.user_id)
    if is_behind(actor, *about, day=timezone.localdate(now)):
        raise AboutYourself
    with collect():
        row = grievances.create_grievance(intake=whole, actor=actor, now=now)
        begin(grievance=row, actor=actor, now=now)
    row.refresh_from_db()
    return row


def begin(*, grievance: Grievance, actor: Actor, now: datetime) -> None:
    """Start its process, and help for who is in danger. Sealed, it runs without a case: whoever it is about may read
    the case."""
    data = {"grievance": str(grievance.pk), "reference": grievance.number, "reply_by": grievance.reply_by}
    case = None if grievance.is_sealed else grievance.about_case
    services.start(process="grievance", case=case, data=data, actor=actor, now=now)
    grievance.refresh_from_db()
    if grievance.alarm:
        _raise_alarm(grievance, now)


def _raise_alarm(row: Grievance, now: datetime) -> None:
    """Somebody may be in danger: help comes first, by the emergency's own way (P04), whatever becomes of the complaint.

    Who complained is told to nobody there but the two who may know who reported an emergency. Nothing of a complaint
    about the office itself goes there: whoever is complained about may be on duty.
    """
    helper = row.about_helper if row.target == Target.HELPER else None
    told = row if row.target != Target.OFFICER and row.target != Target.DECISION else None
    report = Report(
        id=row.pk, kind="violence", place=row.about_family.unit, family=row.about_family, case=row.about_case,
        found_at=row.created_at, channel=CHANNELS.get(row.channel, "phone"), what=told.text if told else "",
        minor=row.minor, violence=True, suspect=Suspect.HELPER if helper else Suspect.OTHER, suspect_helper=helper,
        secret=True, finder=told.complainant if told else "", finder_contact=told.contact if told else "",
    )  # fmt: skip
    incident = report_emergency(report=report, now=now)
    grievances.note_alarm(grievance=row, incident_id=incident.pk, number=incident.number, actor=SYSTEM, now=now)


def _checked(intake: Intake, now: datetime) -> Intake:
    day = timezone.localdate(now)
    coded = {"channel": "grievance_channel", "identity": "grievance_identity"}
    wrong = [
        name
        for name, kind in coded.items()
        if getattr(intake, name) and getattr(intake, name) not in codes.choices(kind, day=day)
    ]
    if intake.target not in TARGETS.get(Kind(intake.kind), {Target.DATA}):
        wrong.append("target")
    if (intake.kind == Kind.WITHDRAW) != bool(intake.purpose):
        wrong.append("purpose")
    if intake.target == Target.DATA and not intake.identity:
        wrong.append("identity")
    if (intake.target == Target.DATA or intake.reply_by != Grievance.Reply.NONE) and not intake.complainant:
        wrong.append("complainant")
    if intake.target == Target.DATA and intake.reply_by == Grievance.Reply.NONE:
        wrong.append("reply_by")
    if intake.kind == Kind.OBJECTION and intake.case is None:
        wrong.append("case")
    if intake.case is not None and intake.case.family_id != intake.family.pk:
        wrong.append("case")
    _refuse(wrong)
    return intake


def _completed(intake: Intake, now: datetime) -> Intake:
    """With the helper, the case and the officer that were meant without being named. Raises Incomplete."""
    case = intake.case or _case_of(intake)
    helper, officer = None, None
    if intake.target == Target.HELPER:
        helper = intake.helper
        if helper is None:
            spells = Pairing.objects.asked().on(timezone.localdate(now)).filter(family=intake.family)
            spell = spells.select_related("helper").order_by("from_date", "id").last()
            helper = spell.helper if spell else None
        _refuse(["helper"] if helper is None else [])
    elif intake.target == Target.OFFICER:
        officer = intake.officer
    elif intake.target == Target.DECISION and case is not None:
        signed = Review.objects.filter(case=case, reviewer__isnull=False, decided_at__isnull=False)
        review = signed.select_related("reviewer").order_by("decided_at", "id").last()
        officer = review.reviewer if review else None
    return replace(intake, case=case, helper=helper, officer=officer)


def _case_of(intake: Intake) -> Case | None:
    """The family's case under way, else its last one."""
    found = list(Case.objects.filter(family=intake.family).select_related("family__unit").order_by("-opened_at", "-pk"))
    return next((case for case in found if case.state in LIVE), next(iter(found), None))


def _refuse(fields: list[str]) -> None:
    if fields:
        raise Incomplete([FieldProblem(f"/{name}", Incomplete.code, Incomplete.message) for name in fields])
