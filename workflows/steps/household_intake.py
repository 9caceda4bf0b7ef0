"""Steps of household intake (P01): survey, consent, duplicates, categories and tier, file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases import classification, families, merging, reviews, surveys
from backend.cases.models import Case, Family, Review
from backend.core.errors import FieldProblem, Invalid
from backend.helpers import contacts
from backend.org.access import grants
from backend.org.models import User
from backend.org.working_days import due_at
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
    contact = _known_contact(case) if known_contact else None
    return {
        "known_contact": known_contact,
        "contact_user": contact,
        "attempts": 0,
        "max_attempts": number(call, "survey.max_attempts", ATTEMPTS),
        "remind_at": due_at(context.now, REMIND).isoformat(),
    }


def record_survey(call: Call) -> None:
    """Keep the answers, and bring the household's file up to date with them."""
    case, context, answers = case_of(call), of(call), call.answers
    surveyed_on = _day(answers, "surveyed_on", context)
    surveys.record_survey(
        case=case,
        answers=answers,
        method=str(answers.get("method") or "known_contact"),
        result=str(answers["survey_result"]),
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


def remind_survey(call: Call) -> None:
    """Ten working days without a survey: the village worker and the supervisor are told."""
    tell(call, "case.survey_reminded")


def count_attempt(call: Call) -> dict[str, Any]:
    """One more time nobody was met; the next attempt is a week later."""
    context = of(call)
    day = context.today + timedelta(days=number(call, "survey.days_between", DAYS_BETWEEN))
    next_attempt = timezone.make_aware(datetime.combine(day, MORNING))
    return {
        "attempts": int(call.data.get("attempts") or 0) + 1,
        "next_attempt_at": next_attempt.isoformat(),
        "remind_at": due_at(next_attempt, REMIND).isoformat(),
    }


def record_consent(call: Call) -> None:
    """What the family agreed to after it was told (F03)."""
    case, context, answers = case_of(call), of(call), call.answers
    given_on = _day(answers, "given_on", context)
    if answers["consent"] != Family.Willingness.REFUSED:
        surveys.record_consent(
            family=case.family,
            purpose="care",
            notice_version=str(answers["notice_version"]),
            items=dict.fromkeys(answers["items"], True),
            given_by=str(answers["given_by"]),
            given_at=timezone.make_aware(datetime.combine(given_on, time(12))),
            witness=str(answers.get("witness") or ""),
            actor=context.actor,
            now=context.now,
        )
    families.set_willingness(
        family=case.family, willingness=str(answers["consent"]), actor=context.actor, now=context.now
    )


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
        asking=case,
    )
    case.refresh_from_db()


def category_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D02."""
    return _facts(classification.category_facts, call)


def risk_facts(call: Call) -> dict[str, Any]:
    """The inputs of table D03."""
    return _facts(classification.risk_facts, call)


def check_file(call: Call) -> None:
    """The officer's categories and tier; they may differ from the advice, with a reason (PIPL art. 24).

    What the officer proposes, also that the family is not one for the programme, is laid before the supervisor.
    """
    answers = call.answers
    if answers["check_result"] == "return":
        return
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


def confirm_file(call: Call) -> None:
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


def file_family(call: Call) -> dict[str, Any]:
    """The household is on file; a special family has its statutory contacts before anybody is asked to pair. What it
    needs beyond visits goes into a service plan (P05)."""
    case, context = case_of(call), of(call)
    families.put_on_file(family=case.family, actor=context.actor, now=context.now)
    family = case.family
    if holds_more_than_visits(family.needs, is_special=family.is_special, path=case.unit_path, day=context.today):
        needs.pass_on(context, case, source=Plan.Source.INTAKE, needs=family.needs)
    return {"contacts": contacts.name_contacts(case=case, actor=context.actor, now=context.now)}


def record_minimal(call: Call) -> None:
    """Refused, or not found after several attempts: no more is kept than the roster's row."""
    case, context = case_of(call), of(call)
    if call.node_id == "record_minimal":
        _refused(case, context)
    else:
        tell(call, "case.not_located", {"attempts": call.data.get("attempts")})


def record_moved(call: Call) -> None:
    """The family does not live there any more."""
    case, context = case_of(call), of(call)
    families.move_away(family=case.family, to="unknown", moved_on=context.today, actor=context.actor, now=context.now)


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


def _known_contact(case: Case) -> str | None:
    """A village worker of the place who surveyed this family before: the voice it knows. None: the village decides."""
    before = case.family.surveys.filter(result="surveyed", enumerator__isnull=False).order_by("-surveyed_on", "-id")
    for user_id in dict.fromkeys(before.values_list("enumerator", flat=True)[:5]):
        user = User.objects.get(pk=user_id)
        if any(grant.role == "village" and case.unit_path.startswith(grant.path) for grant in grants(user)):
            return str(user.pk)
    return None


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
    "household_intake.check_file": check_file,
    "household_intake.confirm_file": confirm_file,
    "household_intake.file_family": file_family,
    "household_intake.record_minimal": record_minimal,
    "household_intake.record_moved": record_moved,
    "household_intake.record_not_target": record_not_target,
    "household_intake.record_merged": record_merged,
    "household_intake.wind_up": wind_up,
}
