"""Steps of household intake (P01): survey, consent, duplicates, categories and tier, file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases import classification, families, merging, reviews, surveys
from backend.cases.models import Case, Family, Review, Survey
from backend.census import contacts as known_contacts
from backend.census import targets
from backend.census.models import LATE, SurveyTarget
from backend.core.errors import FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.emergencies import found
from backend.helpers import contacts
from backend.helpers.pairings import months_later
from backend.org import parameters
from backend.org.working_days import add_working_days, due_at, end_of_day
from backend.reminders.outbox import intend, one_user
from backend.services.catalogue import holds_more_than_visits
from backend.services.models import Plan
from workflows.engine.runner import Call
from workflows.steps import duplicates, needs
from workflows.steps.context import Context, Step, case_of, number, of, tell

ATTEMPTS = 3
"""Parameter `survey.max_attempts`."""
DAYS_BETWEEN = 7
"""Parameter `survey.days_between`: from one attempt to the next."""
REMIND = "10wd"
"""P01: a row unfinished after ten working days."""
CHECK = "5wd"
"""Within this span a file is checked, and confirmed."""
NEW_RESIDENT_DAYS = 15
"""Parameter `survey.new_resident_days`: working days until the file of somebody new is made (P01)."""
RENEW_MONTHS = 24
"""Parameter `consent.renew_months`: a consent older than this is asked for anew in the yearly survey (F03)."""
MORNING = time(9)
NO_CATEGORY = frozenset({"ordinary"})
TOLD_OF_FAMILY = frozenset({"residence", "child_state", "needs", "emergency_contact", "emergency_phone"})
"""Answers of a survey that are fields of the household's file."""


class WrongDay(Invalid):
    """The day lies ahead."""

    code = "in_future"
    message = _("This day has not come yet.")


class ReasonForOther(Invalid):
    """Whoever decides otherwise than the tables advise says why."""

    code = "override_reason_missing"
    message = _("Say why categories or tier differ from the advice.")


class NothingToConfirm(Invalid):
    """The caseworker has put no categories and no tier before the supervisor: there is no file to confirm."""

    code = "nothing_to_confirm"
    message = _("The caseworker says that this family is not one for the programme: agree to that, or return the file.")


class NotADuplicate(Invalid):
    """Only a household that was found as a possible duplicate can be merged with."""

    code = "not_a_duplicate"
    message = _("This household was not found as a possible duplicate.")


def choose_route(call: Call) -> dict[str, Any]:
    """A special family is never surveyed cold: only somebody whom it knows asks (S34)."""
    case, context = case_of(call), of(call)
    known_contact = case.family.is_special
    contact = _known_contact(case, context) if known_contact else None
    return {
        "known_contact": known_contact,
        "contact_user": contact,
        "attempts": 0,
        "max_attempts": number(call, "survey.max_attempts", ATTEMPTS),
        "remind_at": due_at(context.now, REMIND).isoformat(),
        "survey_by": _due(call, REMIND),
    }


def _due(call: Call, span: str, *, since: datetime | None = None) -> str:
    """When the span from now, or from that time on, is over; of somebody new who was entered or moved in, when the file
    has to be made if that is sooner (P01)."""
    case, context = case_of(call), of(call)
    family, due = case.family, due_at(since or context.now, span)
    is_new = family.source == "entered" or family.residence == "moved_in"
    if is_new and family.status == Family.Status.DRAFT:
        days = number(call, "survey.new_resident_days", NEW_RESIDENT_DAYS)
        due = min(due, end_of_day(add_working_days(timezone.localdate(family.created_at), days)))
    return due.isoformat()


def record_survey(call: Call) -> dict[str, Any]:
    """Keep the answers, bring the household's file up to date with them, and settle the family in the yearly round. A
    child who is not looked after becomes an emergency at once (D03, row 1); the survey goes on."""
    case, context, answers = case_of(call), of(call), call.answers
    surveyed_on, result = _day(answers, "surveyed_on", context), str(answers["survey_result"])
    survey = surveys.record_survey(
        case=case,
        answers=answers,
        method=str(answers.get("method") or "known_contact"),
        result=result,
        surveyed_on=surveyed_on,
        helper_reality=str(answers.get("helper_reality") or ""),
        actor=context.actor,
        now=context.now,
    )
    changes: dict[str, Any] = {key: answers[key] for key in sorted(TOLD_OF_FAMILY & set(answers))}
    if answers.get("language"):
        changes["languages"] = sorted({*case.family.languages, str(answers["language"])})
    if changes:
        case.family = families.update_family(
            family=case.family, changes=changes, actor=context.actor, now=context.now, reason="survey"
        )
    if result != "not_found":  # tried again; only the last attempt settles it
        targets.settle(family=case.family, survey=survey, result=result, actor=context.actor, now=context.now)
    _raise_alarm(survey, context)
    return {"consent_valid": _is_again(call) and not _is_consent_due(case, context)}


def _raise_alarm(survey: Survey, context: Context) -> None:
    """Nothing of it stands in the history of the case: whoever surveyed the family is the finder (E9)."""
    incident = found.raise_alarm_of_survey(survey=survey, finder=context.actor, now=context.now)
    if incident is not None:
        enqueue("processes.begin", lock=f"emergency:{incident.pk}", noun="emergency", id=str(incident.pk))


def _is_again(call: Call) -> bool:
    """The file is looked through again in a yearly round; else the family gets its first one."""
    return "target" in call.data


def _is_consent_due(case: Case, context: Context) -> bool:
    key, path = "consent.renew_months", case.unit_path
    months = int(parameters.value(key, path=path, day=context.today, default=RENEW_MONTHS))
    since = datetime.combine(months_later(context.today, -months), time(0))
    return surveys.is_consent_due(case.family, since=timezone.make_aware(since))


def remind_survey(call: Call) -> None:
    """Ten working days without a survey: the village worker is told; of a family that only its contact may ask, the
    contact alone."""
    contact, context = call.data.get("contact_user"), of(call)
    if not contact:
        tell(call, "case.survey_reminded")
        return
    case = case_of(call)
    record(action="case.survey_reminded", object=case, actor=context.actor, now=context.now)
    intend(
        "case.survey_reminded",
        to=one_user(UUID(contact)),
        key=f"case.survey_reminded:{context.instance_id}:{context.today:%Y%m%d}",
        about=case,
        label=case.number,
        page=f"/cases/{case.pk}/",
        now=context.now,
    )


def count_attempt(call: Call) -> dict[str, Any]:
    """One more time nobody was met; the next attempt is a week later."""
    context = of(call)
    day = context.today + timedelta(days=number(call, "survey.days_between", DAYS_BETWEEN))
    next_attempt = timezone.make_aware(datetime.combine(day, MORNING))
    return {
        "attempts": int(call.data.get("attempts") or 0) + 1,
        "next_attempt_at": next_attempt.isoformat(),
        "remind_at": due_at(next_attempt, REMIND).isoformat(),
        "survey_by": _due(call, REMIND, since=next_attempt),
    }


def record_consent(call: Call) -> None:
    """What the family agreed to after it was told, purpose by purpose (F03): a no to one ends just that use."""
    case, context, answers = case_of(call), of(call), call.answers
    given_on = _day(answers, "given_on", context)
    if answers["consent"] != Family.Willingness.REFUSED:
        items = dict.fromkeys(answers["items"], True)
        _agree(call, "care", given_on, items)
    elif _is_again(call):
        _withdraw(case, context)
    if answers.get("handover") == "agreed":
        _agree(call, "handover", given_on, {})
    elif answers.get("handover") == "refused":
        surveys.record_refusal(
            family=case.family,
            purpose="handover",
            notice_version=str(answers["notice_version"]),
            given_by=str(answers["given_by"]),
            actor=context.actor,
            now=context.now,
        )
    families.set_willingness(
        family=case.family, willingness=str(answers["consent"]), actor=context.actor, now=context.now
    )


def _agree(call: Call, purpose: str, given_on: date, items: Mapping[str, bool]) -> None:
    case, context, answers = case_of(call), of(call), call.answers
    surveys.record_consent(
        family=case.family,
        purpose=purpose,
        notice_version=str(answers["notice_version"]),
        items=items,
        given_by=str(answers["given_by"]),
        given_at=timezone.make_aware(datetime.combine(given_on, time(12))),
        witness=str(answers.get("witness") or ""),
        actor=context.actor,
        now=context.now,
    )


def _withdraw(case: Case, context: Context) -> None:
    """A family on file takes its consent back when it is asked anew: what is under way for it hears that (E5)."""
    for purpose in surveys.PURPOSES:
        surveys.withdraw_consent(family=case.family, purpose=purpose, actor=context.actor, now=context.now)
    data = {"level": "all", "reason": "consent_withdrawn"}
    families.tell_cases(family=case.family, name="family_refused", data=data, actor=context.actor)


def check_data(call: Call) -> dict[str, Any]:
    """The inputs of table D01: what speaks for the household that is the surest to be the same; nothing without one.

    `duplicates`, how many there are, is read by versions of the process that had no table.
    """
    found = duplicates.judged(of(call).instance.process, case_of(call).family)
    return {**duplicates.facts(found[0].duplicate if found else None), "duplicates": len(found)}


def resolve_duplicates(call: Call) -> None:
    """The caseworker's word: another household, or the same; then this one goes into the other."""
    case, context, answers = case_of(call), of(call), call.answers
    if answers["resolution"] != "merge":
        return
    found = {str(each.family.pk): each.family for each in merging.duplicates_of(case.family)}
    kept = found.get(str(answers.get("other_family")))
    if kept is None:
        raise NotADuplicate([FieldProblem("/other_family", NotADuplicate.code, NotADuplicate.message)])
    merging.merge(
        kept=kept,
        merged=case.family,
        reason=str(answers["reason"]),
        actor=context.actor,
        now=context.now,
        asking=None if _is_again(call) else case,
    )
    case.refresh_from_db()


def category_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D02."""
    return _facts(classification.category_facts, call)


def risk_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D03."""
    return _facts(classification.risk_facts, call)


def compare_file(call: Call) -> dict[str, Any]:
    """Whether a file that was looked through again says what the tables say now; then nobody has to sign it anew."""
    family, data = case_of(call).family, call.data
    same = set(_listed(data.get("categories"))) == set(family.categories) - NO_CATEGORY
    unchanged = same and data.get("tier") == family.risk_tier and family.status == Family.Status.REGISTERED
    return {"unchanged": _is_again(call) and unchanged, "check_by": _due(call, CHECK)}


def keep_file(call: Call) -> None:
    """The file stays as it is; what the family needs now goes into its service plan, as from a first survey."""
    tell(call, "case.file_kept")
    _pass_on_needs(case_of(call), of(call))


def check_file(call: Call) -> dict[str, Any]:
    """The officer's categories and tier; they may differ from the advice, with a reason (PIPL art. 24).

    What the officer proposes, also that the family is not one for the programme, is laid before the supervisor.
    """
    answers = call.answers
    if answers["check_result"] == "return":
        return {"survey_by": _due(call, REMIND)}
    _propose(call)
    return {"confirm_by": _due(call, CHECK)}


def _propose(call: Call) -> None:
    answers = call.answers
    advised = {"categories": _listed(call.data.get("categories")), "tier": call.data.get("tier") or ""}
    if answers["check_result"] == "not_target":
        _lay_before(call, {"advised": advised, "proposed": "not_target", "note": answers.get("note") or ""})
        return
    chosen = {
        "categories": sorted(answers.get("categories") or advised["categories"]),
        "tier": answers.get("tier") or advised["tier"],
    }
    reason = str(answers.get("override_reason") or "")
    differs = set(chosen["categories"]) - NO_CATEGORY != set(advised["categories"]) or chosen["tier"] != advised["tier"]
    if differs and not reason.strip():
        raise ReasonForOther([FieldProblem("/override_reason", "missing", ReasonForOther.message)])
    _lay_before(call, {"advised": advised, "proposed": "submit", "chosen": chosen, "override_reason": reason})


def _lay_before(call: Call, facts: Mapping[str, Any]) -> None:
    """The facts that the supervisor decides the file by."""
    case, context = case_of(call), of(call)
    review = _open_review(case)
    if review is None:
        reviews.open_review(case=case, subject="filing", facts=facts, actor=context.actor, now=context.now)
        return
    review.facts = dict(facts)
    review.save(update_fields=["facts"])


def confirm_file(call: Call) -> dict[str, Any]:
    """The supervisor signs: only then categories and tier are the family's. Raises NothingToConfirm."""
    case, context, answers = case_of(call), of(call), call.answers
    review = _open_review(case)
    if review is None:
        review = reviews.open_review(case=case, subject="filing", facts={}, actor=context.actor, now=context.now)
    if answers["confirm_result"] == "confirm" and "chosen" not in review.facts:
        raise NothingToConfirm([FieldProblem("/confirm_result", NothingToConfirm.code, NothingToConfirm.message)])
    reviews.decide(
        review=review,
        decision=str(answers["confirm_result"]),
        reason_code=str(answers.get("return_reason") or ""),
        reason=str(answers.get("note") or ""),
        actor=context.actor,
        now=context.now,
    )
    if answers["confirm_result"] == "confirm":
        chosen = review.facts["chosen"]
        families.classify(
            family=case.family,
            categories=chosen["categories"],
            tier=chosen["tier"],
            actor=context.actor,
            now=context.now,
            reason=str(review.facts.get("override_reason") or ""),
        )
    return {"check_by": _due(call, CHECK)}


def file_family(call: Call) -> dict[str, Any]:
    """The household is on file; a special family has its statutory contacts before anybody is asked to pair. What it
    needs beyond visits goes into a service plan (P05)."""
    case, context = case_of(call), of(call)
    families.put_on_file(family=case.family, actor=context.actor, now=context.now)
    _pass_on_needs(case, context)
    return {"contacts": contacts.name_contacts(case=case, actor=context.actor, now=context.now)}


def _pass_on_needs(case: Case, context: Context) -> None:
    family = case.family
    if holds_more_than_visits(family.needs, is_special=family.is_special, path=case.unit_path, day=context.today):
        needs.pass_on(context, case, source=Plan.Source.INTAKE, needs=family.needs)


def record_minimal(call: Call) -> None:
    """Refused, or not found after several attempts: no more is kept than the roster's row.

    A family on file that did not want to be asked this year keeps its help: only who takes the consent back ends it.
    """
    case, context = case_of(call), of(call)
    if call.node_id == "record_minimal":
        if not _is_again(call):
            _refused(case, context)
        return
    tell(call, "case.not_located", {"attempts": call.data.get("attempts")})
    last = case.family.surveys.order_by("-surveyed_on", "-id").first()
    if last is not None:
        targets.settle(family=case.family, survey=last, result="not_found", actor=context.actor, now=context.now)


def record_moved(call: Call) -> None:
    """The family does not live there any more."""
    case, context = case_of(call), of(call)
    families.move_away(family=case.family, to="unknown", moved_on=context.today, actor=context.actor, now=context.now)
    if _is_again(call):  # else the case waits for this end
        data = {"to": "unknown", "moved_on": context.today.isoformat()}
        families.tell_cases(family=case.family, name="family_moved", data=data, actor=context.actor)


def record_not_target(call: Call) -> None:
    """The programme is not for this family; nothing else follows from it."""
    tell(call, "case.not_target")


def record_merged(call: Call) -> None:
    """The household went into another one; the case tells it too."""
    tell(call, "case.merged")


def wind_up(call: Call) -> None:
    """Something ended the survey: nothing is left open in it."""
    case, context = case_of(call), of(call)
    if call.node_id == "wind_up_refused":
        _refused(case, context)


def _refused(case: Case, context: Context) -> None:
    families.set_willingness(
        family=case.family, willingness=Family.Willingness.REFUSED, actor=context.actor, now=context.now
    )


def _known_contact(case: Case, context: Context) -> str | None:
    """Whom the family knows: the contact of the yearly round, its statutory contact, or who surveyed it before. None:
    the village decides."""
    named = SurveyTarget.objects.filter(family=case.family_id, state__in=LATE, contact__isnull=False).order_by("-id")
    user = named.values_list("contact_id", flat=True).first()
    user = user or known_contacts.of_families([case.family], context.today).get(case.family_id)
    return str(user) if user else None


def _facts(facts: Any, call: Call) -> dict[str, Any]:
    case, context = case_of(call), of(call)
    family = case.family
    found: dict[str, Any] = facts(family, family.persons.all(), surveys.latest_answers(family), context.today)
    return found


def _open_review(case: Case) -> Review | None:
    return Review.objects.filter(case=case, subject="filing", decided_at__isnull=True).order_by("-id").first()


def _listed(value: Any) -> list[str]:
    return sorted(set(value or []))


def _day(answers: Mapping[str, Any], key: str, context: Context) -> date:
    day = date.fromisoformat(str(answers[key]))
    if day > context.today:
        raise WrongDay([FieldProblem(f"/{key}", WrongDay.code, WrongDay.message)])
    return day


STEPS: Mapping[str, Step] = {
    "household_intake.choose_route": choose_route,
    "household_intake.record_survey": record_survey,
    "household_intake.remind_survey": remind_survey,
    "household_intake.count_attempt": count_attempt,
    "household_intake.record_consent": record_consent,
    "household_intake.check_data": check_data,
    "household_intake.resolve_duplicates": resolve_duplicates,
    "household_intake.category_facts": category_facts,
    "household_intake.risk_facts": risk_facts,
    "household_intake.compare_file": compare_file,
    "household_intake.keep_file": keep_file,
    "household_intake.check_file": check_file,
    "household_intake.confirm_file": confirm_file,
    "household_intake.file_family": file_family,
    "household_intake.record_minimal": record_minimal,
    "household_intake.record_moved": record_moved,
    "household_intake.record_not_target": record_not_target,
    "household_intake.record_merged": record_merged,
    "household_intake.wind_up": wind_up,
}
