"""The yearly agreement: drawn up with targets and weights, signed by the unit's head, scored, decided, archived.

Every change is an event. A result needs a named person; another score than the calculated one needs two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.assessment import rules
from backend.assessment.figures import figure
from backend.assessment.indicators import INDICATORS
from backend.assessment.models import Assessment, Line, PolicyGrade
from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.small_numbers import SMALLEST, Pair
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import add_working_days, end_of_day
from backend.reporting.indicators import value
from backend.reporting.months import Year

State = Assessment.State
HUNDRED = Decimal(100)


class AssessedAlready(Conflict):
    """One agreement per unit and year."""

    code = "assessed_already"
    message = _("This unit has an agreement for this year already.")


class NotATownship(Invalid):
    """Townships are assessed by their county."""

    code = "not_a_township"
    message = _("Only townships are assessed, by the county above them.")


class AgreementSigned(Conflict):
    """Targets are set before the head signs."""

    code = "agreement_signed"
    message = _("The agreement is signed: its targets stay as they are.")


class BadLine(Invalid):
    """No such indicator, or a target or weight that cannot be."""

    code = "bad_line"
    message = _("Choose an indicator; targets are not negative, rates at most 100, weights whole numbers up to 100.")


class WeightsDoNotAddUp(Conflict):
    """Weights are shares of a hundred."""

    code = "weights"
    message = _("The weights of an agreement add up to 100.")


class BadGrade(Invalid):
    """No such policy, or no such step."""

    code = "bad_grade"
    message = _("Choose a policy from the list and one of the steps 0, 25, 50, 75, 100.")


class NotNow(Conflict):
    """It is another step's time."""

    code = "not_now"
    message = _("This is not the time for it: look at what waits in the inbox.")


def open_agreement(*, unit: Unit, year: int, actor: Actor, now: datetime) -> Assessment:
    """A draft with the targets and weights of its place. Raises NotATownship, AssessedAlready."""
    if unit.kind != Unit.Kind.TOWN or unit.parent is None:
        raise NotATownship([FieldProblem("/unit", NotATownship.code, NotATownship.message)])
    today = timezone.localdate(now)
    scope = f"KH-{township_code(unit)}-{year}"
    try:
        with transaction.atomic():
            row = Assessment.objects.create(
                number=f"{scope}-{next_number(scope)}", unit=unit, office=unit.parent, year=year, created_at=now
            )
    except IntegrityError as error:
        raise AssessedAlready from error
    targets, weights = rules.targets(unit.path, today), rules.weights(unit.path, today)
    Line.objects.bulk_create(
        Line(assessment=row, indicator=name, target=Decimal(str(targets.get(name, 0))), weight=weight, created_at=now)
        for name, weight in weights.items()
        if weight and name in INDICATORS
    )
    tell(row, "assessment.opened", actor, now, year=year)
    return row


def set_line(
    *, assessment: Assessment, indicator: str, target: Decimal, weight: int, actor: Actor, now: datetime
) -> Line:
    """Another target or weight; 0 leaves the indicator out. Raises AgreementSigned, BadLine."""
    if assessment.state != State.AGREEING or assessment.drawn_up_by_id is not None:
        raise AgreementSigned
    known = INDICATORS.get(indicator)
    most = HUNDRED if known is not None and known.unit == "percent" else Decimal(9_999_999)
    if known is None or not (known.is_scored or weight == 0) or not 0 <= target <= most or not 0 <= weight <= 100:
        raise BadLine([FieldProblem("/indicator", BadLine.code, BadLine.message)])
    line, _made = Line.objects.update_or_create(
        assessment=assessment, indicator=indicator, defaults={"target": target, "weight": weight}
    )
    tell(assessment, "assessment.target_set", actor, now, indicator=indicator, target=str(target), weight=weight)
    return line


def draw_up(*, assessment: Assessment, actor: Actor, now: datetime) -> None:
    """The county's side of the agreement. Raises WeightsDoNotAddUp."""
    if sum(assessment.lines.values_list("weight", flat=True)) != 100:
        raise WeightsDoNotAddUp
    assessment.drawn_up_by_id, assessment.drawn_up_label = actor.user_id, actor.label
    move(assessment, State.AGREEING, "assessment.drawn_up", actor, now)


def sign(*, assessment: Assessment, actor: Actor, now: datetime) -> None:
    """The unit's side: from now on the targets stay."""
    assessment.signed_by_id, assessment.signed_label, assessment.signed_at = actor.user_id, actor.label, now
    move(assessment, State.RUNNING, "assessment.signed", actor, now)


def return_draft(*, assessment: Assessment, reason: str, actor: Actor, now: datetime) -> None:
    """The head does not sign: the county draws up another one."""
    assessment.drawn_up_by, assessment.drawn_up_label, assessment.returned = None, "", reason
    move(assessment, State.AGREEING, "assessment.returned", actor, now, reason=reason)


def grade_policy(*, assessment: Assessment, policy: str, hundredths: int, actor: Actor, now: datetime) -> PolicyGrade:
    """How far a policy is built up (S68). Raises NotNow, BadGrade."""
    if assessment.state in {State.TOLD, State.APPEALED, State.ARCHIVED}:
        raise NotNow
    if (
        policy not in codes.choices("assessed_policy", day=timezone.localdate(now))
        or hundredths not in PolicyGrade.GRADES
    ):
        raise BadGrade([FieldProblem("/policy", BadGrade.code, BadGrade.message)])
    grade, _made = PolicyGrade.objects.update_or_create(
        assessment=assessment, policy=policy, defaults={"hundredths": hundredths, "graded_label": actor.label}
    )
    tell(assessment, "assessment.policy_graded", actor, now, policy=policy, grade=hundredths)
    return grade


def freeze_year(*, assessment: Assessment, actor: Actor, now: datetime) -> None:
    """The year's values as they stand: what the unit scores itself by does not move any more."""
    period = Year.of(assessment.year)
    for line in lines_of(assessment):
        pair = figure(line.indicator, unit=assessment.unit, period=period, now=now)
        told = value(pair)
        line.hits, line.of, line.value = pair.hits, pair.of, None if told is None else Decimal(str(told))
        line.save(update_fields=["hits", "of", "value"])
    move(assessment, State.SELF_SCORING, "assessment.frozen", actor, now)


def keep_score(
    *, assessment: Assessment, points: dict[str, Decimal], bonus: Decimal, versions: Sequence[str], actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """What table `score` said of each line, made a score of 100: a line with nothing to count is left out of both
    sides. The cross-check's points go before the table's."""
    earned, possible = Decimal(0), 0
    for line in lines_of(assessment):
        line.points = points.get(line.indicator)
        line.save(update_fields=["points"])
        counted = line.check_points if line.check_points is not None else line.points
        if counted is not None:
            earned, possible = earned + counted, possible + line.weight
    share = earned * HUNDRED / possible if possible else Decimal(0)
    most = Decimal(rules.rules(assessment.unit.path, timezone.localdate(now))["bonus_most"])
    assessment.bonus = min(bonus, most)
    assessment.score = min(share + assessment.bonus, HUNDRED).quantize(Decimal("0.01"))
    told = {"score": str(assessment.score), "bonus": str(assessment.bonus), "tables": list(versions)}
    move(assessment, State.DECIDING, "assessment.scored", actor, now, **told)


def note_veto(*, assessment: Assessment, reasons: Sequence[str], actor: Actor, now: datetime) -> None:
    """What table `veto` found: advice, until somebody confirms it."""
    assessment.veto_reasons, assessment.is_vetoed = list(reasons), False
    move(assessment, State.DECIDING, "assessment.veto_advised", actor, now, reasons=list(reasons))


def confirm_veto(*, assessment: Assessment, confirmed: bool, reason: str, actor: Actor, now: datetime) -> None:
    """A named person says whether the veto holds."""
    assessment.veto_confirmed_by_id, assessment.veto_label = actor.user_id, actor.label
    assessment.is_vetoed = confirmed
    action = "assessment.vetoed" if confirmed else "assessment.veto_lifted"
    move(assessment, State.DECIDING, action, actor, now, reason=reason)


def decide(*, assessment: Assessment, override: Decimal | None, reason: str, actor: Actor, now: datetime) -> None:
    """Sign the calculated score, or propose another one, which needs a second signature."""
    assessment.decided_by_id, assessment.decided_label = actor.user_id, actor.label
    assessment.override, assessment.override_reason = override, reason
    assessment.second_by, assessment.second_label = None, ""
    told = {} if override is None else {"override": str(override), "reason": reason}
    move(assessment, State.DECIDING, "assessment.decided", actor, now, **told)


def sign_override(*, assessment: Assessment, agreed: bool, reason: str, actor: Actor, now: datetime) -> None:
    """The second signature; refused, the override is gone."""
    if agreed:
        assessment.second_by_id, assessment.second_label = actor.user_id, actor.label
    else:
        assessment.override, assessment.override_reason = None, ""
    action = "assessment.override_signed" if agreed else "assessment.override_refused"
    move(assessment, State.DECIDING, action, actor, now, reason=reason)


def tell_result(*, assessment: Assessment, actor: Actor, now: datetime) -> datetime:
    """The result is told inside the house; until when it may be appealed. Nobody is ranked."""
    final = assessment.override if assessment.override is not None and assessment.second_by_id else assessment.score
    today = timezone.localdate(now)
    ruled = rules.rules(assessment.unit.path, today)
    assessment.result = result_of(final or Decimal(0), vetoed=assessment.is_vetoed, ruled=ruled)
    assessment.told_at = now
    assessment.appeal_until = end_of_day(add_working_days(today, ruled["appeal_working_days"]))
    move(assessment, State.TOLD, "assessment.result_told", actor, now, result=assessment.result, score=str(final))
    return assessment.appeal_until


def result_of(score: Decimal, *, vetoed: bool, ruled: Any) -> str:
    """The result of a score."""
    if vetoed:
        return Assessment.Result.VETO
    if score >= ruled["excellent_from"]:
        return Assessment.Result.EXCELLENT
    return Assessment.Result.PASS if score >= ruled["pass_from"] else Assessment.Result.FAIL


def appeal(*, assessment: Assessment, text: str, actor: Actor, now: datetime) -> None:
    """The head does not agree: somebody else than whoever decided looks into it."""
    assessment.appeal, assessment.appealed_label = text, actor.label
    move(assessment, State.APPEALED, "assessment.appealed", actor, now)


def settle_appeal(*, assessment: Assessment, upheld: bool, answer: str, actor: Actor, now: datetime) -> None:
    """What became of the appeal; upheld, the result is decided anew."""
    assessment.appeal_decided_by_id, assessment.appeal_answer = actor.user_id, answer
    if upheld:  # whoever decided may not decide again, and whoever hears an appeal never decided
        assessment.decided_by, assessment.second_by = None, None
    action = "assessment.appeal_upheld" if upheld else "assessment.appeal_dismissed"
    move(assessment, State.DECIDING if upheld else State.TOLD, action, actor, now)


def archive(*, assessment: Assessment, actor: Actor, now: datetime) -> None:
    """The year is closed."""
    assessment.archived_at = now
    move(assessment, State.ARCHIVED, "assessment.archived", actor, now, result=assessment.result)


def lines_of(assessment: Assessment) -> list[Line]:
    """The lines that count, in the order of the indicators."""
    order = {name: place for place, name in enumerate(INDICATORS)}
    lines = [line for line in assessment.lines.all() if line.weight and line.indicator in order]
    return sorted(lines, key=lambda line: order[line.indicator])


def achieved(line: Line) -> int:
    """How many per cent of its target a line has reached, rounded down; 0 where there is nothing to reach."""
    if line.value is None:
        return 0
    return int(HUNDRED * line.value / line.target) if line.target else 100


def pair_of(line: Line) -> Pair:
    """The frozen figure."""
    return Pair(line.hits or 0, line.of)


def move(row: Assessment, state: str, action: str, actor: Actor, now: datetime, **told: Any) -> None:
    row.state, row.version = Assessment.State(state), row.version + 1
    row.save()
    tell(row, action, actor, now, **told)


def tell(row: Assessment, action: str, actor: Actor, now: datetime, **told: Any) -> None:
    record(action=action, object=row, actor=actor, now=now, data=told, unit_path=row.unit.path, label=row.number)


def smallest(assessment: Assessment, now: datetime) -> int:
    """Counts below it are not shown to whoever may not open the cases (E32)."""
    day = timezone.localdate(now)
    return int(parameters.value("indicator.smallest", path=assessment.unit.path, day=day, default=SMALLEST))
