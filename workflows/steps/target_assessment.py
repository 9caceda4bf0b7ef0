"""Steps of an assessment (P15): agreement, inspection, self-score, cross-check, score, veto, result, appeal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import floor
from typing import Any

from django.utils import timezone

from backend.assessment import agreements, checks, rules
from backend.assessment.models import Assessment, row_of
from backend.reporting.indicators import value
from workflows.engine.decisions import Table, decide, read_table
from workflows.engine.runner import Call
from workflows.models import Process
from workflows.steps.context import Step, of

SCORE = "score"
LANDING = "landing_rate"


def draw_up(call: Call) -> None:
    """The county's side is ready to be signed."""
    context = of(call)
    agreements.draw_up(assessment=_row(call), actor=context.actor, now=context.now)


def record_signature(call: Call) -> None:
    """Signed by the unit's head, or returned."""
    context, row = of(call), _row(call)
    if call.answers["signature"] == "sign":
        agreements.sign(assessment=row, actor=context.actor, now=context.now)
    else:
        agreements.return_draft(assessment=row, reason=_reason(call), actor=context.actor, now=context.now)


def draw_samples(call: Call) -> None:
    """By lot, by somebody who does not belong to the unit."""
    context, answers = of(call), call.answers
    checks.draw(
        assessment=_row(call), visits=answers["visits"], files=answers["files"], actor=context.actor, now=context.now
    )


def record_inspection(call: Call) -> None:
    """Everything drawn was looked at and called back."""
    context = of(call)
    checks.check_stranger(_row(call), context.actor, context.now)
    checks.end_inspection(assessment=_row(call), note=str(call.answers["note"]), actor=context.actor, now=context.now)


def freeze_values(call: Call) -> None:
    """From now on the year's values stay."""
    context = of(call)
    agreements.freeze_year(assessment=_row(call), actor=context.actor, now=context.now)


def hand_in(call: Call) -> Mapping[str, Any]:
    """The unit's own word goes to another township."""
    context, row = of(call), _row(call)
    checker = checks.checker_for(row)
    checks.hand_in(
        assessment=row, statement=str(call.answers["statement"]), checker=checker, actor=context.actor, now=context.now
    )
    return {"checker": str(checker.pk)}


def record_check(call: Call) -> None:
    """What the other township says."""
    context = of(call)
    checks.end_check(assessment=_row(call), opinion=str(call.answers["opinion"]), actor=context.actor, now=context.now)


def compute_score(call: Call) -> None:
    """Table `score` (D29), line by line: what its rules give is added up."""
    context, row = of(call), _row(call)
    table = _table(context.instance.process)
    points: dict[str, Decimal] = {}
    bonus, version = Decimal(0), ""
    for line in agreements.lines_of(row):
        counted = line.value is not None
        facts = {
            "indicator": line.indicator, "counted": counted, "achieved": agreements.achieved(line),
            "weight": line.weight,
        }  # fmt: skip
        made = decide(table, facts)
        version = made.version
        bonus += sum(map(_exact, made.outputs["bonus"]), Decimal(0))
        if counted:
            points[line.indicator] = sum(map(_exact, made.outputs["points"]), Decimal(0))
    agreements.keep_score(
        assessment=row, points=points, bonus=bonus, versions=[version], actor=context.actor, now=context.now
    )


def veto_facts(call: Call) -> Mapping[str, Any]:
    """What decision D30 looks at: never births, never refusals."""
    row = _row(call)
    threshold = rules.rules(row.unit.path, timezone.localdate(of(call).now))["landing_threshold"]
    landed = next((line for line in agreements.lines_of(row) if line.indicator == LANDING), None)
    rate = value(agreements.pair_of(landed)) if landed is not None and landed.value is not None else None
    return {
        "landing_gap": 0 if rate is None else floor(rate - threshold),
        "falsified": bool(call.data["falsified"]),
        "misused": bool(call.data["misused"]),
        "report_missed": bool(call.data["report_missed"]),
    }


def note_veto(call: Call) -> None:
    """What the table advises."""
    context, reason = of(call), str(call.data.get("veto_reason") or "")
    agreements.note_veto(
        assessment=_row(call), reasons=[reason] if reason else [], actor=context.actor, now=context.now
    )


def confirm_veto(call: Call) -> None:
    """A named person says whether it holds."""
    context = of(call)
    checks.check_stranger(_row(call), context.actor, context.now)
    confirmed = call.answers["veto_holds"] == "yes"
    agreements.confirm_veto(
        assessment=_row(call), confirmed=confirmed, reason=_reason(call), actor=context.actor, now=context.now
    )


def record_decision(call: Call) -> None:
    """The calculated score, or another one that needs a second signature."""
    context, answers = of(call), call.answers
    checks.check_stranger(_row(call), context.actor, context.now)
    override = _exact(answers["score"]) if answers["decision"] == "override" else None
    agreements.decide(
        assessment=_row(call), override=override, reason=_reason(call), actor=context.actor, now=context.now
    )


def record_second(call: Call) -> None:
    """The second signature under another score."""
    context, agreed = of(call), call.answers["second"] == "agree"
    agreements.sign_override(
        assessment=_row(call), agreed=agreed, reason=_reason(call), actor=context.actor, now=context.now
    )


def tell_result(call: Call) -> Mapping[str, Any]:
    """Told inside; until when it may be appealed."""
    context, row = of(call), _row(call)
    until = agreements.tell_result(assessment=row, actor=context.actor, now=context.now)
    return {"appeal_until": until.isoformat(), "result": str(row.result)}


def record_reply(call: Call) -> None:
    """Accepted, or appealed."""
    context = of(call)
    if call.answers["reply"] == "appeal":
        agreements.appeal(assessment=_row(call), text=str(call.answers["text"]), actor=context.actor, now=context.now)


def record_appeal(call: Call) -> Mapping[str, Any]:
    """What became of the appeal."""
    context, upheld = of(call), call.answers["appeal"] == "upheld"
    checks.check_stranger(_row(call), context.actor, context.now)
    agreements.settle_appeal(
        assessment=_row(call), upheld=upheld, answer=str(call.answers["answer"]), actor=context.actor, now=context.now
    )
    return {"changed": upheld}


def archive(call: Call) -> None:
    """The year is closed."""
    context = of(call)
    agreements.archive(assessment=_row(call), actor=context.actor, now=context.now)


# --- parts


def _table(process: Process) -> Table:
    """Decision D29 as this version of the process has it."""
    files: Mapping[str, str] = Process.objects.values_list("files", flat=True).get(pk=process.pk)
    return read_table(files[next(name for name in files if name.endswith(f"/{SCORE}.dmn"))].encode())


def _exact(number: Any) -> Decimal:
    return Decimal(str(number)).quantize(Decimal("0.01"))


def _reason(call: Call) -> str:
    return str(call.answers.get("reason") or "")


def _row(call: Call) -> Assessment:
    return row_of(call.data["assessment"])


STEPS: Mapping[str, Step] = {
    f"target_assessment.{step.__name__}": step
    for step in (
        draw_up,
        record_signature,
        draw_samples,
        record_inspection,
        freeze_values,
        hand_in,
        record_check,
        compute_score,
        veto_facts,
        note_veto,
        confirm_veto,
        record_decision,
        record_second,
        tell_result,
        record_reply,
        record_appeal,
        archive,
    )
}
