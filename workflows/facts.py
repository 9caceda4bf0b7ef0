"""The facts beside a form, in words: labels and values as the process's own forms, the code lists and a table say them.

Facts are codes and numbers, for programs; people read this. What has no label here and no field of that name in a form
of the process is shown under its own name: add it to LABELS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext, override, pgettext
from django.utils.translation import gettext_noop as _

from backend.org import codes
from backend.org.reasons import REASONS
from workflows.engine.forms import choices_of

Forms = Mapping[str, Mapping[str, Any]]

LISTS: Mapping[str, str] = {
    "categories": "category",
    "declared_categories": "category",
    "tier": "risk_tier",
    "willingness": "willingness",
    "needs": "need",
    "self_care": "self_care",
    "finding_kind": "finding_kind",
    "report_check": "report_problem",
    "grievance_kind": "grievance_kind",
    "access_subject": "access_subject",
    "access_purpose": "access_purpose",
    "reply_by": "grievance_reply",
    "purpose": "grievance_purpose",
    "emergency_kind": "emergency_kind",
    "emergency_level": "emergency_level",
    "situations": "report_situation",
    "volunteer_source": "volunteer_source",
    "training_done": "training_module",
    "service_content": "service_content",
    "hours_source": "hours_source",
    "hours_evidence": "hours_evidence",
    "hours_flags": "hours_flag",
    "health_kind": "health_kind",
    "health_advice": "health_advice",
    "health_reason": "health_reason",
    "activity_kind": "activity_kind",
    "activity_theme": "activity_theme",
    "activity_groups": "activity_group",
    "site_kind": "site_kind",
    "honour_kind": "honour_kind",
    "subsidy_change": "subsidy_change",
    "exit_stop": "exit_stop",
    "exit_collect": "exit_collect",
    "recovery_way": "recovery_way",
    "recovery_proposal_reason": "recovery_proposal_reason",
    "loan_project": "loan_project",
    "payment_purpose": "payment_purpose",
    "service_needs": "service_need",
    "department": "department",
    "measure": "service_measure",
    "survey_measure": "survey_measure",
    "frequency": "service_frequency",
    "decline_code": "referral_decline_reason",
    "subsidy_kind": "subsidy_kind",
    "subsidy_category": "subsidy_category",
    "verdict": "subsidy_verdict",
    "verdict_reason": "subsidy_reason",
    "combination": "subsidy_combination",
    "combination_reason": "subsidy_combination_reason",
    "papers": "subsidy_paper",
    "papers_missing": "subsidy_paper",
}
"""Facts whose values are codes of these lists."""

OFFERED: Mapping[str, tuple[str, str]] = {
    "helper": ("shortlist", "helper"),
    "other_family": ("duplicates", "family"),
    "services": ("catalogue", "entry"),
    "person": ("persons", "person"),
    "same_as": ("others", "emergency"),
    "hospital": ("hospitals", "hospital"),
}
"""Field that holds an id → the fact that lists the rows it can be, and the key of their ids."""
RANKING = "ranking"
"""The fact that tells what a shortlist was chosen from; `ranking` puts both side by side."""

LABELS: Mapping[str, str] = {
    "subsidy_number": _("Number of the application"),
    "subsidy_kind": _("Subsidy"),
    "subsidy_year": _("Programme year"),
    "subsidy_category": _("Category of the subsidy"),
    "applicant": _("Applicant"),
    "spouse": _("Spouse"),
    "declared_on": _("Declared on"),
    "papers": _("Papers handed in"),
    "papers_missing": _("Papers asked for"),
    "applicant_born_on": _("Applicant born on (identity card)"),
    "spouse_born_on": _("Spouse born on (identity card)"),
    "children_ever": _("Children, ever"),
    "children_living": _("Children living"),
    "paper_number": _("Number of the certificate"),
    "disability_grade": _("Grade of disability"),
    "card_until": _("Card valid until"),
    "village_opinion": _("What the village found"),
    "township_opinion": _("What the township found"),
    "county_opinion": _("What the county found"),
    "verdict": _("What the tables advise on eligibility"),
    "verdict_reason": _("Why"),
    "age_reached_on": _("Reaches the age on"),
    "combination": _("Beside other benefits"),
    "combination_reason": _("Why together or not"),
    "yearly_amount": _("Yuan a year"),
    "amount_layers": _("Layers of the amount"),
    "paid_from": _("Given from"),
    "application_state": _("State of the application"),
    "advice_reason": _("Reason of the advice"),
    "activities": _("Activities held"),
    "served": _("People served"),
    "served_first": _("Of these, for the first time"),
    "served_again": _("Of these, again"),
    "refusal_reason": _("Why it is refused"),
    "members": _("Members of the household"),
    "without_certificate": _("Members whose identity paper is still to be got"),
    "survey_listed": _("Families to be surveyed"),
    "survey_done": _("Families with a result"),
    "survey_percent": _("Share with a result"),
    "survey_threshold": _("Share wanted"),
    "survey_closes_on": _("Last day of the survey"),
    "survey_measure": _("Measure"),
    "declared_categories": _("Categories in the roster"),
    "categories": _("Categories"),
    "category_reasons": _("Reasons for the categories"),
    "tier": _("Risk tier"),
    "tier_reason": _("Reason for the tier"),
    "willingness": _("Wish about visits"),
    "helper_number": _("Number of the helper"),
    "helper": _("Helper"),
    "programme": _("Programme"),
    "attempts": _("Attempts so far"),
    "leaving_helper": _("Who leaves"),
    "successor": _("Who comes next"),
    "ends_on": _("The pairing ends on"),
    "survey": _("What the survey found"),
    "chosen": _("What the caseworker chose"),
    "advised": _("What the tables advise"),
    "proposed": _("Proposed"),
    "override_reason": _("Why it differs from the advice"),
    "age_band": _("Age"),
    "township": _("Township"),
    "village": _("Village"),
    "languages": _("Languages"),
    "needs": _("Needs"),
    "answer_until": _("Answer until"),
    "kind": _("Kind of help"),
    "gate": _("Check before pairing"),
    "gate_reason": _("Result of the check"),
    "agreement": _("The agreement"),
    "address": _("Address"),
    "planned_for": _("Planned for"),
    "emergency_contact": _("Emergency contact"),
    "emergency_phone": _("Emergency telephone"),
    "avoid": _("Better not mentioned"),
    "manner": _("How to come"),
    "flags": _("Flags"),
    "flag_reasons": _("Reasons"),
    "visit": _("The visit"),
    "recorded_by": _("Recorded by"),
    "recorded_at": _("Recorded at"),
    "done": _("Visits done"),
    "late": _("Recorded late"),
    "not_met": _("Nobody met"),
    "missed": _("Visits missed"),
    "extra": _("Extra visits"),
    "last_met": _("Last met"),
    "days_without_helper": _("Days without a helper"),
    "since": _("Since"),
    "wish": _("What the family wishes"),
    "proposal": _("What the caseworker proposes"),
    "family_consents": _("The family agrees"),
    "helper_consents": _("The helper agrees"),
    "related": _("Related to the family"),
    "minor_in_family": _("A minor in the family"),
    "minor_allowed": _("May be with minors"),
    "background_checked": _("Background check valid"),
    "months_left": _("Months of service left"),
    "helper_age": _("Age of the helper"),
    "trained": _("Trained"),
    "insured": _("Insured"),
    "volunteer": _("Volunteer"),
    "volunteer_source": _("Where from"),
    "age": _("Age in years"),
    "with_minors": _("Wants to work with children"),
    "risky": _("Wants to do work that may be dangerous"),
    "notice_accepted": _("Notice of risks accepted"),
    "guardian": _("Guardian"),
    "accompanied_by": _("Who comes along"),
    "training_done": _("Training on file"),
    "insured_to": _("Insured until"),
    "checked_to": _("Background check valid until"),
    "service_content": _("Service given"),
    "hours_source": _("Where the hours come from"),
    "began": _("Began"),
    "ended": _("Ended"),
    "hours_claimed": _("Hours claimed"),
    "where": _("Place of the service"),
    "hours_evidence": _("What shows it"),
    "hours_flags": _("What is odd about it"),
    "said_about_it": _("What was said about it"),
    "claimed_by": _("Claimed by"),
    "decided_before": _("Decided before"),
    "dispute": _("What the volunteer says"),
    "certificate_number": _("Number"),
    "certified_from": _("Hours from"),
    "certified_to": _("Hours to"),
    "hours_certified": _("Verified hours"),
    "announced_to": _("Announced until"),
    "objection_text": _("What somebody objects"),
    "finding_kind": _("Kind of finding"),
    "found": _("What was found"),
    "raised_by": _("Raised by"),
    "returned_because": _("Why the last answer was returned"),
    "unit_answer": _("What was done"),
    "unit_evidence": _("What shows it"),
    "answered_by": _("Answered by"),
    "confirmed_by": _("Confirmed by"),
    "payments": _("Payments"),
    "payment_sum": _("Sum in yuan"),
    "payment_programme": _("Of the programme"),
    "batch_number": _("Number of the batch"),
    "pay_on": _("Pay on"),
    "drawn_by": _("Drawn up by"),
    "payments_answered": _("Answered by the bank"),
    "payments_received": _("Arrived in the account"),
    "payments_returned": _("Returned by the bank"),
    "payee": _("Payee"),
    "payment_amount": _("Amount in yuan"),
    "payment_period": _("Period"),
    "payment_purpose": _("Purpose"),
    "payment_returned_because": _("Why it came back"),
    "payment_account": _("Account so far"),
    "payment_account_proposed": _("New account"),
    "payment_account_proposed_by": _("New account entered by"),
    "difference": _("Difference"),
    "told_by": _("Told by"),
    "helper_on_file": _("Helper on file"),
    "paired_from": _("Paired from"),
    "paired_until": _("Paired until"),
    "helper_reported": _("Who is reported"),
    "reported_since": _("Reported since"),
    "families_in_all": _("Families in all"),
    "emergency_number": _("Number"),
    "emergency_kind": _("What it is"),
    "emergency_level": _("How urgent"),
    "unverified": _("Told without an account, not verified yet"),
    "callback": _("Call back"),
    "report_due": _("To be reported by law"),
    "police_told_at": _("Police told at"),
    "place": _("Place"),
    "what": _("What was seen"),
    "who": _("Who is in danger"),
    "situations": _("Situations to be reported"),
    "tell_kin": _("Kin may be told"),
    "ticket_number": _("Number"),
    "asked_by": _("Asked by"),
    "asker_role": _("Role"),
    "about_person": _("The person"),
    "access_subject": _("What it opens"),
    "access_purpose": _("What for"),
    "access_reason": _("In the words of who asks"),
    "access_hours": _("For how many hours"),
    "access_from": _("Opens from"),
    "granted_by": _("Granted by"),
    "access_until": _("Opens until"),
    "access_looks": _("What was looked at"),
    "grievance_number": _("Number"),
    "grievance_kind": _("What it is"),
    "grievance_text": _("What was said"),
    "about_family": _("Family"),
    "about_helper": _("About the helper"),
    "about_officer": _("About"),
    "purpose": _("Consent for"),
    "complainant": _("Who said it (stays here)"),
    "complainant_contact": _("How to reach the person"),
    "reply_by": _("Wants to be answered"),
    "health_number": _("Voucher"),
    "health_person": _("The person"),
    "health_kind": _("Service"),
    "health_hospital": _("Hospital"),
    "health_company": _("Wants company"),
    "health_under_way": _("Under way already"),
    "health_notice": _("To be read out"),
    "residence_months": _("Months lived here"),
    "health_planning": _("Planned or begun, as the person says"),
    "health_had_before": _("Had it before, as the person says"),
    "health_advice": _("What the table advises"),
    "health_reason": _("Why"),
    "health_green": _("Green channel, level"),
    "health_valid_until": _("Valid until"),
    "health_appointment": _("Time agreed on"),
    "health_handed_out": _("Handed out so far (times)"),
    "activity": _("Activity"),
    "activity_number": _("Number"),
    "organiser": _("Organised by"),
    "activity_kind": _("Kind"),
    "activity_theme": _("Theme"),
    "activity_groups": _("Intended for"),
    "starts_at": _("Begins"),
    "ends_at": _("Ends"),
    "budget_left": _("Left of the year's budget (yuan)"),
    "late_reason": _("Why it is proposed so late"),
    "level_reason": _("Why at this level"),
    "proposed_by": _("Proposed by"),
    "signed_up": _("Signed up"),
    "volunteers": _("Volunteers"),
    "site": _("Site"),
    "site_kind": _("Kind"),
    "honour_number": _("Number"),
    "self_scores": _("Points that the community gave itself"),
    "site_checked_on": _("Checked on site on"),
    "site_scores": _("Points on site"),
    "review_listed": _("People to be checked"),
    "review_done": _("People checked"),
    "review_changes": _("Changes reported"),
    "review_closes_on": _("Last day of the review"),
    "exit_number": _("Number of the exit"),
    "exit_person": _("Person"),
    "entitlement": _("Number of the entitlement"),
    "subsidy_change": _("What changed"),
    "exit_happened_on": _("It happened on"),
    "exit_reported_by": _("Who reported it"),
    "exit_checked_by": _("Looked into by"),
    "exit_stop": _("Proposed: payments end"),
    "exit_stop_on": _("No payments from"),
    "exit_collect": _("Proposed: to be paid back"),
    "exit_overpaid": _("Received too much (yuan)"),
    "exit_decision_reason": _("What the county said"),
    "appeal_words": _("The appeal in their words"),
    "recovery_amount": _("Received too much (yuan)"),
    "recovery_received": _("Paid back (yuan)"),
    "recovery_left": _("Left (yuan)"),
    "recovery_months": _("Months in question"),
    "recovery_due": _("Next instalment due"),
    "recovery_known": _("Who knew what, and when"),
    "recovery_words": _("What they said"),
    "recovery_way": _("The table proposes"),
    "recovery_proposal_reason": _("Because"),
    "honour_kind": _("Honour"),
    "reported_month": _("Month"),
    "report_check": _("What the check found"),
    "reported": _("The report"),
    "counted": _("Counted by the system"),
    "told": _("Told by the units"),
    "told_before": _("Told the last time"),
    "reported_by": _("Written by"),
    "signed_by": _("Signed by"),
    "reporting_units": _("Who reported"),
    "on_time": _("In time"),
    "nil_on_time": _("Nothing to report"),
    "nil_late": _("Nothing to report, late"),
    "not_submitted": _("Not submitted"),
    "meeting_title": _("Meeting"),
    "held_at": _("Held at"),
    "agenda_items": _("On the agenda"),
    "resolutions": _("Resolutions"),
    "resolution": _("What was resolved"),
    "families": _("Families on file"),
    "paired": _("Families with a helper"),
    "made": _("Visits made"),
    "alarms": _("Red flags"),
    "referrals_sent": _("Referrals received"),
    "referrals_accepted": _("Referrals accepted"),
    "referrals_declined": _("Referrals declined"),
    "referrals_delivered": _("Referrals given"),
    "candidate": _("Who is nominated"),
    "merits": _("Why"),
    "nominated_by": _("Taken in by"),
    "honour_objection": _("The objection"),
    "objector": _("Who objects (stays here)"),
    "loan_number": _("Number"),
    "borrower": _("Borrower"),
    "loan_project": _("Project"),
    "loan_purpose": _("What for"),
    "loan_asked": _("Asked for (yuan)"),
    "loan_advice": _("What is advised"),
    "loan_advised": _("Advised (yuan)"),
    "loan_advised_months": _("Advised term (months)"),
    "loan_principal": _("Amount (yuan)"),
    "loan_outstanding": _("Still owed (yuan)"),
    "fund_holds": _("The fund holds (yuan)"),
    "recommended_by": _("Recommended by"),
    "guaranteed_by": _("Stood for by"),
    "proposal_reason": _("Why another plan"),
    "proposed_first_due_on": _("First instalment of the new plan"),
    "proposed_count": _("Instalments of the new plan"),
    "study_aid_number": _("Number"),
    "applications": _("Applications"),
    "unchecked": _("Still to be checked"),
    "listed": _("On the list"),
    "listed_total": _("Sum of the list (yuan)"),
    "study_aid_objection": _("The objection"),
    "plan_source": _("Where the need was found"),
    "service_needs": _("Needs"),
    "level": _("How pressing"),
    "plan_items": _("Services, cards and packages"),
    "composed_by": _("Composed by"),
    "came_of_it": _("What came of it"),
    "referral_number": _("Number"),
    "service": _("Service"),
    "department": _("Department"),
    "measure": _("What is counted"),
    "frequency": _("How often"),
    "quantity": _("Quantity"),
    "delivered_on": _("Given on"),
    "delivered_quantity": _("Given"),
    "decline_code": _("Why it was declined"),
    "evidence": _("What shows it"),
    "duplicate_score": _("How sure that it is the same household"),
    "duplicate_advice": _("Possible duplicates"),
    "duplicate_reason": _("Why"),
}
"""Fact → label, where no form of the process has a field of that name, or its label would say something else."""

WORDS: Mapping[str, str] = {
    **REASONS,
    # ranking (D04) and duplicates (D01)
    "same_village": _("same village"), "same_township": _("same township"), "same_county": _("same county"),
    "same_city": _("same city"), "same_language": _("speaks the same language"),
    "no_family_yet": _("has no family yet"), "known_to_family": _("known to the family"),
    "has_skills": _("can do what the family needs"), "preferred_sex": _("as the family wished: a man, a woman"),
    "ready": _("trained, insured and checked"),
    "same_certificate": _("same identity number"), "same_name_and_birth": _("same name and date of birth"),
    "same_head_and_address": _("same head of household and address"),
    "same_name_and_phone": _("same name and telephone number"), "no_sign": _("nothing speaks for it"),
    "same": _("the same household"), "check": _("to be compared"), "new": _("a new household"),
    # reconciliation: kinds of difference, and who says so
    "interrupted": _("came, but not any more"), "never_came": _("never came"), "replaced": _("another one helps"),
    "not_on_file": _("not on file"), "two_for_one": _("two for one place"),
    "over_capacity": _("more families than allowed"), "ended_on_paper": _("ended on paper, still helping"),
    "told_by_survey": _("a survey"), "told_by_roster": _("a roster"), "told_by_village": _("the village"),
    "told_by_visits": _("no visit so far"), "told_by_register": _("the register itself"),
    # how an application was decided
    "confirmed": _("confirmed"), "refused": _("refused"),
    # service plans: where a need was found, how pressing it is, why something is suggested (D10)
    "intake": _("survey"), "visit": _("visit"), "office": _("by hand"), "review": _("review of the last plan"),
    "urgent": _("urgent"), "ordinary": _("ordinary"), "low": _("can wait"), "asked_for": _("meets a need"),
}  # fmt: skip
"""Codes that no list and no form explains: reasons of tables, rankings and searches."""

YUAN = ("（元）", "(yuan)")
"""How the name of a sum of money ends."""

EXPLAINED_BY: Mapping[str, str] = {"late_record": "care_visit"}
"""Process → the other one by whose forms something shown beside its items was answered."""

SAME_AS: Mapping[str, str] = {"proposed": "check_result"}
"""Fact → field of a form whose choices say what it means."""


@dataclass(frozen=True)
class Fact:
    """One fact, or (with `facts`) a group of them under a heading."""

    name: str
    label: str
    text: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Offered:
    """A row that a field can hold the id of."""

    value: str
    label: str
    note: str


@dataclass(frozen=True)
class Points:
    """What one part of a score gave, and the most that it can give for this family."""

    part: str
    points: int
    most: int


@dataclass(frozen=True)
class Candidate:
    """A helper on a shortlist, as people compare helpers."""

    id: str
    name: str
    number: str
    kind: str
    unit: str
    languages: Sequence[str]
    free: int | None
    """Places neither taken nor promised on the day of the ranking."""
    score: int
    parts: Sequence[Points]
    reasons: Sequence[str]


@dataclass(frozen=True)
class Removed:
    """How many helpers a hard rule left out; each counts for the first rule that fails."""

    rule: str
    number: int


@dataclass(frozen=True)
class Ranking:
    """Who might be asked, side by side, and who was left out by which rule."""

    day: str
    looked_at: int
    fitting: int
    helpers: Sequence[Candidate]
    left_out: Sequence[Removed]


def in_words(facts: Mapping[str, Any], forms: Forms, language: str) -> list[Fact]:
    """The facts that say something, in that language and in their order; rows are left to `offered` and `ranking`."""
    lists = {RANKING, *(name for name, _key in OFFERED.values())}
    wanted = {name: value for name, value in facts.items() if name not in lists}
    with override(language):
        return list(_facts(wanted, forms, language))


def offered(schema: Mapping[str, Any], facts: Mapping[str, Any], language: str) -> dict[str, list[Offered]]:
    """By field of the form: the rows that it can hold the id of."""
    with override(language):
        return {
            field: [_offered(row, key, language) for row in facts[fact]]
            for field, (fact, key) in OFFERED.items()
            if field in schema.get("properties", {}) and fact in facts
        }


def ranking(facts: Mapping[str, Any], language: str) -> Ranking | None:
    """The shortlist among the facts, side by side; the rule that left out most comes first. None when there is none."""
    told = facts.get(RANKING)
    if told is None:
        return None
    removed = sorted(told["left_out"].items(), key=lambda each: (-each[1], each[0]))
    return Ranking(
        day=told["day"],
        looked_at=told["looked_at"],
        fitting=told["fitting"],
        helpers=[_candidate(row, told["most"], language) for row in facts["shortlist"]],
        left_out=[Removed(rule, number) for rule, number in removed],
    )


def _candidate(row: Mapping[str, Any], most: Mapping[str, int], language: str) -> Candidate:
    plain = {name: row[name] for name in ("name", "number", "unit", "languages", "free", "score", "reasons")}
    kind = (language.startswith("en") and row["kind_en"]) or row["kind"]
    parts = [Points(part, row["parts"].get(part, 0), full) for part, full in most.items() if full]
    return Candidate(id=row["helper"], kind=kind, parts=parts, **plain)


def _facts(facts: Mapping[str, Any], forms: Forms, language: str) -> Iterable[Fact]:
    for name, value in facts.items():
        if name.endswith("_en") or _says_nothing(value):
            continue
        if isinstance(value, Mapping):
            inner = tuple(_facts(value, forms, language))
            if inner:
                yield Fact(name, _label(name, forms, language), "", inner)
        else:
            shown = facts.get(f"{name}_en") if language.startswith("en") else None
            label, text = _label(name, forms, language), _text(name, shown or value, forms, language)
            yield Fact(name, label, _yuan(text) if label.endswith(YUAN) else text)


def _yuan(text: str) -> str:
    """A sum as books are kept in: thousands apart, two decimals."""
    try:
        return f"{Decimal(text):,.2f}"
    except InvalidOperation:
        return text


def _says_nothing(value: Any) -> bool:
    return value in (None, "", [], {}) or (isinstance(value, str) and _is_id(value))


def _is_id(text: str) -> bool:
    try:
        return len(text) == 36 and UUID(text) is not None
    except ValueError:
        return False


def _label(name: str, forms: Forms, language: str) -> str:
    if name in LABELS:
        return gettext(LABELS[name])
    title = _field(name, forms).get("title_en" if language.startswith("en") else "title")
    return str(title) if title else gettext(WORDS.get(name, name))


def _field(name: str, forms: Forms) -> Mapping[str, Any]:
    return next((form["properties"][name] for form in forms.values() if name in form.get("properties", {})), {})


def _text(name: str, value: Any, forms: Forms, language: str) -> str:
    if isinstance(value, list):
        return pgettext("facts", ", ").join(_text(name, each, forms, language) for each in value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value)
    if name in LISTS and text in codes.entries(LISTS[name]):
        return codes.name(LISTS[name], text, language)
    found = choices_of(_field(SAME_AS.get(name, name), forms), language).get(text)
    return found or (gettext(WORDS[text]) if text in WORDS else _time(text))


def _time(text: str) -> str:
    """A day or moment as people write it; any other text as it is."""
    try:
        if len(text) == 10:
            return str(date_format(date.fromisoformat(text), "DATE_FORMAT"))
        moment = parse_datetime(text)
    except ValueError:
        return text
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        return text
    local = timezone.localtime(moment)
    return f"{date_format(local, 'DATE_FORMAT')} {local:%H:%M}"


def _offered(row: Mapping[str, Any], key: str, language: str) -> Offered:
    """Name or label and what tells it from others; what speaks for it."""
    kind = row.get("kind_en") if language.startswith("en") else row.get("kind")
    label = " · ".join(str(part) for part in (row.get("name") or row.get("label"), kind, row.get("unit")) if part)
    comma = pgettext("facts", ", ")
    speaks = [gettext(WORDS.get(reason, reason)) for reason in row.get("reasons", [])]
    note = [
        str(row.get("number") or ""),
        gettext("%(score)s of 100 points") % {"score": row["score"]} if "score" in row else "",
        comma.join(speaks),
        comma.join(row.get("languages", [])),
    ]
    return Offered(str(row[key]), label, " · ".join(part for part in note if part))
