"""What codes mean, in the reader's language: states of rows, and the entries of code lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.activities.models import Activity, Ban, Booking, DayCount, Honour, SignUp
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Case, Family, Roster
from backend.cases.rosters.problems import MENDED
from backend.census.models import SurveyRound, SurveyTarget
from backend.coordination.models import AgendaItem, Bulletin, GroupDocument, GroupTask, Meeting, MonthlyReport
from backend.coordination.models import Submission as ReportSubmission
from backend.documents.models import Export
from backend.emergencies.models import Incident
from backend.funds.models import (
    Allocation,
    Donation,
    Instalment,
    Loan,
    StockCount,
    Store,
    StudyAidApplication,
    StudyAidCall,
    UseReport,
)
from backend.helpers.models import Batch, Difference, Helper, Offer, Proposal, Rotation, RotationRow, Round, Succession
from backend.inspection.models import Finding, Sample
from backend.org import codes
from backend.org.models import Unit
from backend.org.reasons import REASONS
from backend.org.roles import ROLE_NAMES
from backend.payments.models import Batch as PaymentBatch
from backend.payments.models import BatchFile, Payable, Transfer
from backend.publicity.models import Notice, Sheet
from backend.rights.models import AccessTicket, Grievance
from backend.services.models import Card, Entry, Plan, PlanItem, Referral
from backend.subsidies.models import AnnualReview, Application, Exit, Recovery, ReviewCheck, Stage, Standard
from backend.visits.models import Visit

register = template.Library()

STATES: Mapping[str, Mapping[str, str | Promise]] = MappingProxyType(
    {
        "family_status": dict(Family.Status.choices),
        "case_state": dict(Case.State.choices),
        "helper_status": dict(Helper.Status.choices),
        "offer_state": dict(Offer.State.choices),
        "rotation_state": dict(Rotation.State.choices),
        "rotation_row_state": dict(RotationRow.State.choices),
        "succession_state": dict(Succession.State.choices),
        "match_reason": {
            "same_village": _("same village"),
            "same_township": _("same township"),
            "same_county": _("same county"),
            "same_city": _("same city"),
            "same_language": _("speaks their language"),
            "has_skills": _("can do what is needed"),
            "preferred_sex": _("as the family prefers"),
            "no_family_yet": _("has no family yet"),
            "ready": _("trained and insured"),
            "known_to_family": _("known to the family"),
        },
        "waits_because": {
            "none_fits": _("nobody fits"),
            "needed_elsewhere": _("all who fit go to families in greater need"),
            "nobody_wanted": _("nobody is to be named"),
            "under_way": _("somebody is being sought already"),
        },
        "plan_state": dict(Plan.State.choices),
        "plan_source": dict(Plan.Source.choices),
        "plan_item_state": dict(PlanItem.State.choices),
        "plan_effect": {"met": _("needs met"), "partly": _("met in part"), "unmet": pgettext_lazy("needs", "not met")},
        "plan_result": {
            "delivered": _("needs met"),
            "partly": _("met in part"),
            "declined": _("the family declined"),
            "impossible": pgettext_lazy("plan", "not met"),
            "no_need": _("nothing needed"),
            "renewed": _("goes on in a new plan"),
            "stopped_refused": _("the family refuses"),
            "stopped_moved": _("the family moved"),
            "stopped_died": _("the family has died"),
            "stopped_closed": _("the case was closed"),
        },
        "entry_kind": dict(Entry.Kind.choices),
        "card_state": dict(Card.State.choices),
        "referral_state": dict(Referral.State.choices),
        "share_field": {
            "name": _("Name"),
            "phone_number": _("Telephone"),
            "address": _("Address"),
            "village": _("Village"),
            "age": _("Age"),
        },
        "emergency_state": dict(Incident.State.choices),
        "visit_state": dict(Visit.State.choices),
        "roster_state": dict(Roster.State.choices),
        "role": ROLE_NAMES,
        "unit_kind": dict(Unit.Kind.choices),
        "mended": MENDED,
        "phase": {
            "survey": _("survey"),
            "filing": _("filing"),
            "pairing": _("pairing"),
            "waiting": _("waiting for a helper"),
            "care": _("care"),
            "review": _("yearly review"),
            "closing": _("closing"),
        },
        "person_status": {"present": _("lives here"), "left": _("moved out"), "dead": _("deceased")},
        "population": dict(Sample.Population.choices),
        "finding_state": dict(Finding.State.choices),
        "batch_state": dict(Batch.State.choices),
        "proposal_state": dict(Proposal.State.choices),
        "match_rule": {
            "not_active": _("not available"),
            "outside_service": _("not in service"),
            "service_too_short": _("serves not long enough"),
            "full": _("no free place"),
            "kind_not_allowed": _("kind not of this programme"),
            "not_for_category": _("kind for other families"),
            "no_free_seat": _("has one of this kind already"),
            "not_for_minors": _("kind not for families with children"),
            "same_village": _("of the same village"),
            "same_household": _("of the same household"),
            "with_family_now": _("with the family now"),
            "asked_before": _("asked before"),
        },
        "match_part": {
            "distance": _("distance"),
            "language": _("language"),
            "skills": _("skills"),
            "load": _("free places"),
            "window": _("time of service left"),
            "sex": _("the family's wish"),
            "ready": _("gates in force"),
            "previous": _("known before"),
        },
        "nobody_because": {
            "none_fits": _("Nobody fits: the rules leave no helper."),
            "needed_elsewhere": _("Whoever fits is proposed to families in greater need."),
        },
        "input_kind": {"family": _("family"), "helper": _("helper")},
        "input_change": {"changed": _("changed"), "added": _("new"), "gone": _("gone")},
        "input_field": {
            "is_active": _("availability"),
            "from_date": _("begin of service"),
            "to_date": _("end of service"),
            "load": _("families helped"),
            "places": _("places"),
            "languages": _("languages"),
            "skills": _("skills"),
            "needs": _("needs"),
            "weights": _("weights"),
            "tier": _("risk tier"),
            "asked": _("who was asked"),
            "paired": _("present helpers"),
            "previous": _("former helpers"),
            "ready": _("gates in force"),
            "checked": _("background check"),
            "since": _("waiting since"),
            "path": _("place"),
            "sex": _("sex"),
            "wanted_sex": _("the family's wish"),
        },
        "in_force": {"true": _("yes"), "false": _("no")},
        "payable_state": dict(Payable.State.choices),
        "payment_batch_state": dict(PaymentBatch.State.choices),
        "batch_file_kind": dict(BatchFile.Kind.choices),
        "transfer_state": dict(Transfer.State.choices),
        "condolence_state": dict(Condolence.State.choices),
        "donation_state": dict(Donation.State.choices),
        "donation_kind": dict(Donation.Kind.choices),
        "allocation_state": dict(Allocation.State.choices),
        "use_report_kind": dict(UseReport.Kind.choices),
        "store_kind": dict(Store.Kind.choices),
        "stock_count_state": dict(StockCount.State.choices),
        "gift_state": dict(Gift.State.choices),
        "gift_manner": dict(Gift.Manner.choices),
        "gift_pending": dict(Gift.Pending.choices),
        "access_state": dict(AccessTicket.State.choices),
        "person_field": {
            "certificate": _("Identity number"),
            "phone": _("Telephone"),
            "health": _("Health"),
            "self_care": _("Need of care"),
            "disability_kind": _("Disability"),
            "name": _("Name"),
            "birth_date": _("Date of birth"),
        },
        "grievance_state": dict(Grievance.State.choices),
        "grievance_satisfied": {"yes": _("satisfied"), "no": _("not satisfied"), "not_asked": _("not asked")},
        "activity_state": dict(Activity.State.choices),
        "activity_level": dict(Activity.Level.choices),
        "reason": {code: _(said) for code, said in REASONS.items()},
        "sign_up_state": dict(SignUp.State.choices),
        "booking_state": dict(Booking.State.choices),
        "ban_state": dict(Ban.State.choices),
        "export_state": dict(Export.State.choices),
        "export_register": {"families": _("Families"), "visits": _("Visits"), "pairings": _("Pairings")},
        "notice_state": dict(Notice.State.choices),
        "notice_place": dict(Sheet.Place.choices),
        "annual_review_state": dict(AnnualReview.State.choices),
        "review_check_state": dict(ReviewCheck.State.choices),
        "review_check_method": dict(ReviewCheck.Method.choices),
        "exit_state": dict(Exit.State.choices),
        "exit_source": dict(Exit.Source.choices),
        "recovery_state": dict(Recovery.State.choices),
        "recovery_cause": dict(Recovery.Cause.choices),
        "honour_state": dict(Honour.State.choices),
        "monthly_report_state": dict(MonthlyReport.State.choices),
        "report_standing": dict(ReportSubmission.Standing.choices),
        "report_how": {
            "on_time": pgettext_lazy("monthly report", "in time"),
            "late": pgettext_lazy("monthly report", "late"),
            "nil_on_time": _("nothing to report"),
            "nil_late": _("nothing to report, late"),
            "not_submitted": _("not submitted"),
        },
        "report_number": {
            "activities": _("Activities held"),
            "served": _("People served"),
            "served_first": _("Of these, for the first time"),
            "served_again": _("Of these, again"),
            "families": _("Families on file"),
            "paired": _("Families with a helper"),
            "due": _("Visits due"),
            "made": _("Visits made"),
            "late": _("Visits made late"),
            "missed": _("Visits missed"),
            "alarms": _("Red flags"),
            "referrals_sent": _("Referrals received"),
            "referrals_accepted": _("Referrals accepted"),
            "referrals_declined": _("Referrals declined"),
            "referrals_delivered": _("Referrals given"),
        },
        "bulletin_state": dict(Bulletin.State.choices),
        "meeting_kind": dict(Meeting.Kind.choices),
        "meeting_state": dict(Meeting.State.choices),
        "agenda_kind": dict(AgendaItem.Kind.choices),
        "group_task_state": dict(GroupTask.State.choices),
        "group_document_kind": dict(GroupDocument.Kind.choices),
        "honour_origin": dict(Honour.Origin.choices),
        "application_state": dict(Application.State.choices),
        "application_channel": dict(Application.Channel.choices),
        "subsidy_level": dict(Stage.Level.choices),
        "standard_mode": dict(Standard.Mode.choices),
        "standard_per": dict(Standard.Per.choices),
        "standard_residence": dict(Standard.Residence.choices),
        "loan_state": dict(Loan.State.choices),
        "study_aid_call_state": dict(StudyAidCall.State.choices),
        "study_aid_state": dict(StudyAidApplication.State.choices),
        "study_aid_level": dict(StudyAidApplication.Level.choices),
        "instalment_state": dict(Instalment.State.choices),
        "loan_use": {
            "as_agreed": _("as agreed"),
            "partly": _("partly as agreed"),
            "otherwise": _("for something else"),
            "not_met": _("nobody was met"),
        },
        "day_count": dict(DayCount.What.choices),
        "round_state": dict(Round.State.choices),
        "survey_round_state": dict(SurveyRound.State.choices),
        "survey_target_state": dict(SurveyTarget.State.choices),
        "difference_kind": dict(Difference.Kind.choices),
        "difference_state": dict(Difference.State.choices),
        "settlement": dict(Difference.Settlement.choices),
        "difference_source": {
            "survey": _("a survey"),
            "roster": _("a roster"),
            "village": _("the village"),
            "visits": _("no visit so far"),
            "register": _("the register itself"),
        },
        "purpose": {"care": _("care and visits"), "photo": _("photographs"), "handover": _("handing the file over")},
        "consent_item": {
            "basics": _("name and address"),
            "health": _("health"),
            "contact": _("telephone"),
            "share_helper": _("telling the helper"),
            "photo": _("photographs"),
        },
        "given_by": {"self": _("the person"), "guardian": _("the guardian"), "proxy": _("a proxy")},
        "survey_method": {
            "home": _("at home"),
            "phone": _("by telephone"),
            "known_contact": _("through an acquaintance"),
        },
        "survey_result": {
            "surveyed": _("surveyed"),
            "not_found": _("nobody met"),
            "moved": _("moved away"),
            "refused": _("refused"),
        },
        "about": {
            "work": _("Work"),
            "people": _("Family and people"),
            "helpers": _("Helpers"),
            "visits": _("Visits"),
            "decisions": _("Decisions"),
            "audits": _("Audits"),
            "course": _("Course of the case"),
            "reads": _("Looked at sensitive data"),
            "accounts": _("Accounts and rights"),
            "system": _("Units, processes, rosters"),
        },
        "roster_kind": {"families": _("families"), "helpers": _("helpers")},
        "problem": {
            "missing": _("missing"),
            "id_checksum": _("wrong identity number"),
            "id_disagrees": _("disagrees with the identity number"),
            "unknown_village": _("unknown village"),
            "bad_code": _("unknown word or code"),
            "bad_date": _("not a date"),
            "bad_phone": _("not a telephone number"),
            "duplicate_person": _("person twice"),
            "household_conflict": _("household disagrees"),
            "outside_unit": _("outside your unit"),
        },
    }
)
"""Lists of words that no code list of the office holds."""


@register.filter
def in_order(figures: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
    """Figures by name, in the order in which the list says the names (the database keeps an order of its own)."""
    return [(name, figures[name]) for name in STATES[kind] if name in figures]


@register.filter
def named(value: Any, kind: str) -> str:
    """What a code means in the list `kind`: one of STATES, or a code list of the office. Nothing for none."""
    text = str(value if value is not None else "")
    if kind in STATES:
        return str(STATES[kind].get(text, text))
    return codes.name(kind, text) if text else ""


@register.filter
def all_named(values: Iterable[Any] | None, kind: str) -> list[str]:
    """The same for several."""
    return [named(value, kind) for value in values or ()]
