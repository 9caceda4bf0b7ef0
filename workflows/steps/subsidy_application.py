"""Steps of an application for a subsidy: papers, reviews at three levels, publicity, advice of D12 to D15, decision.

Decision D14 is asked for every layer of the amount; its node in the diagram asks it for the last one, so that history
shows the table with what it looked at. What all layers gave stands in the advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, override

from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.publicity import notices
from backend.publicity.masking import NoticeRow
from backend.publicity.models import Notice, Sheet
from backend.reminders.outbox import intend, role_at
from backend.subsidies import amounts, applications, decisions, rules
from backend.subsidies.amounts import Amount, Circumstances, Judge
from backend.subsidies.applications import Finding
from backend.subsidies.decisions import first_day
from backend.subsidies.models import Application, Stage
from workflows.engine.decisions import decide
from workflows.engine.runner import Call
from workflows.steps.context import Step, of
from workflows.subsidy_tables import AMOUNT, COMBINATION, judge_of
from workflows.tables import table_of

COUNTS = ("participants", "recused", "votes_for", "votes_against")
NO_LAYER = {"mode": "add", "value": 0, "above": 0, "min_age": 0, "age": 0}


# --- papers


def record_materials(call: Call) -> None:
    """Complete, or the one list of what is missing."""
    context, missing = of(call), list(call.answers.get("missing") or [])
    row = _application(call)
    applications.check_papers(application=row, missing=missing, actor=context.actor, now=context.now)


def ask_correction(call: Call) -> Mapping[str, Any]:
    """The village is asked to tell the family; when to remind, when it counts as withdrawn."""
    context, row = of(call), _application(call)
    remind_at, withdraw_at = applications.ask_correction(application=row, actor=context.actor, now=context.now)
    return {"remind_at": remind_at.isoformat(), "withdraw_at": withdraw_at.isoformat()}


def remind_family(call: Call) -> None:
    """Ten days are over: the village reminds the family."""
    _let_hear(call, "application.reminded", "village")


def record_correction(call: Call) -> None:
    """What was handed in."""
    context, papers = of(call), list(call.answers["handed_in"])
    applications.hand_in(application=_application(call), papers=papers, actor=context.actor, now=context.now)


def record_withdrawal_notice(call: Call) -> None:
    """Withdrawn by silence only with a written notice; or the papers came after all."""
    context, row, answers = of(call), _application(call), call.answers
    if answers["withdrawal"] == "withdrawn":
        reason = f"逾期未补正，告知书 {answers['notice_number']}，{answers['served_on']} 送达"
        applications.withdraw(application=row, reason=reason, actor=context.actor, now=context.now)
    else:
        applications.hand_in(application=row, papers=(), actor=context.actor, now=context.now)


def note_withdrawal(call: Call) -> None:
    """The family took it back."""
    context = of(call)
    reason = str(call.data.get("reason") or "家庭撤回")
    applications.withdraw(application=_application(call), reason=reason, actor=context.actor, now=context.now)


# --- reviews and publicity


def record_village_review(call: Call) -> Mapping[str, Any]:
    """Looked at in their home, deliberated, votes and who stood aside."""
    answers = call.answers
    counts = {name: int(answers[name]) for name in COUNTS}
    seen = date.fromisoformat(str(answers["home_checked_on"]))
    return _review(call, Stage.Level.VILLAGE, counts=counts, home_checked_on=seen)


def record_township_review(call: Call) -> Mapping[str, Any]:
    """The township's first review."""
    return _review(call, Stage.Level.TOWNSHIP)


def record_county_review(call: Call) -> Mapping[str, Any]:
    """The county's review, its cross-checks, and its yes or no where the programme asks for one."""
    row, said = _application(call), str(call.answers["determination"])
    if said != "not_needed":
        Application.objects.filter(pk=row.pk).update(county_determination=said == "yes")
    return _review(call, Stage.Level.COUNTY)


def publish(call: Call) -> Mapping[str, Any]:
    """Public for the level's days, through decision D19; nothing on the list says for what somebody applies."""
    context, row = of(call), _application(call)
    until = applications.publicity_until(row, day=context.today)
    notice = notices.announce(
        kind=rules.notice_of(row.kind), unit=_level_unit(call, row), stage=row.stage, until=until,
        title=_title(row),
        rows=[_row(row)], actor=context.actor, now=context.now,
    )  # fmt: skip
    applications.publish(
        application=row, until=until, notice_id=notice.pk, digest=_digest(notice), actor=context.actor, now=context.now
    )
    return {"publicity_until": end_of_day(until).isoformat()}


def _title(row: Application) -> str:
    """In Chinese, whatever the language of whoever completes the review: a notice is one text for everybody."""
    with override("zh-hans"):
        return gettext("Public list of applicants for subsidies, %(year)s") % {"year": row.year}


def close_publicity(call: Call) -> None:
    """Its days are over."""
    _close(call, no_objection=True)


def take_down(call: Call) -> None:
    """An objection holds."""
    _close(call, no_objection=False)


def hold_application(call: Call) -> None:
    """Nothing goes on until the objection is answered."""
    context = of(call)
    applications.hold_for(application=_application(call), actor=context.actor, now=context.now)


def note_objection(call: Call) -> None:
    """What became of it."""
    context, upheld = of(call), call.data.get("objection") == "upheld"
    applications.release(application=_application(call), upheld=upheld, actor=context.actor, now=context.now)


def tell_objection_waits(call: Call) -> None:
    """Sixty days, and still not answered."""
    _let_hear(call, "application.objection_waits", "supervisor")


def tell_village_late(call: Call) -> None:
    """The village missed its day."""
    _tell_late(call, "village")


def tell_township_late(call: Call) -> None:
    """The township missed its day."""
    _tell_late(call, "township")


def tell_county_late(call: Call) -> None:
    """The county missed its day."""
    _tell_late(call, "county")


# --- advice


def special_facts(call: Call) -> Mapping[str, Any]:
    """What decision D12 looks at."""
    return rules.special_facts(_application(call), day=of(call).today)


def reward_facts(call: Call) -> Mapping[str, Any]:
    """What decision D13 looks at."""
    return rules.reward_facts(_application(call), day=of(call).today)


def advise_local(call: Call) -> Mapping[str, Any]:
    """A local rule is its standard: whoever it gives something to is entitled."""
    row, day = _application(call), of(call).today
    found = _amount(call, rules.circumstances(row, category="", day=day), row)
    if found.yearly > 0:
        return {"verdict": "eligible", "verdict_reason": "local_rule", "category": ""}
    young = any(part.reason == "too_young" for part in found.parts)
    told = ("not_yet", "too_young") if young else ("no", "no_standard")
    return {"verdict": told[0], "verdict_reason": told[1], "category": ""}


def note_eligibility(call: Call) -> None:
    """Kept with the day on which the age is reached."""
    context, row, data = of(call), _application(call), call.data
    becomes = rules.true_on(row, day=context.today)
    advice = {name: data.get(name) for name in ("verdict", "verdict_reason", "category")}
    told = {**advice, "true_on": becomes.isoformat() if becomes else ""}
    applications.note_advice(application=row, advice=told, actor=context.actor, now=context.now)


def combination_facts(call: Call) -> Mapping[str, Any]:
    """What decision D15 looks at."""
    row, day = _application(call), of(call).today
    return rules.combination_facts(row, day=day, begins=first_day(row, day=day))


def amount_facts(call: Call) -> Mapping[str, Any]:
    """What decision D14 looks at for the last layer, with all others above it."""
    row = _application(call)
    whose = _circumstances(call, row)
    rows = amounts.layers(whose, day=first_day(row, day=of(call).today))
    if not rows:
        return NO_LAYER
    parts = _amount(call, whose, row).parts
    above = sum(amounts.fen(Decimal(part.part)) for part in parts[:-1])
    return amounts.layer_facts(rows[-1], whose, above)


def advise_amount(call: Call) -> None:
    """What all layers come to, beside what the other tables advise."""
    context, row, data = of(call), _application(call), call.data
    found = _amount(call, _circumstances(call, row), row)
    advice = {
        **applications.advice_of(row),
        "combination": data["combination"],
        "combination_reason": data["combination_reason"],
        "yearly": str(found.yearly),
        "layers": found.as_rate()["layers"],
        "from_date": first_day(row, day=context.today).isoformat(),
        "versions": {"standard": found.version},
    }
    applications.note_advice(application=row, advice=advice, actor=context.actor, now=context.now)


# --- decision


def record_decision(call: Call) -> None:
    """Confirmed: the entitlement, its rate, what is owed. Refused: in writing, with the reason."""
    context, row, answers = of(call), _application(call), call.answers
    reason = str(answers.get("reason") or "")
    if answers["decision"] == "refuse":
        code = str(answers["refusal"])
        decisions.refuse(application=row, code=code, reason=reason, actor=context.actor, now=context.now)
        return
    category = str(answers.get("category") or "")
    combination = _combination(call, row)
    decisions.check(application=row, category=category, combination=combination, reason=reason)
    whose = _circumstances(call, row, category)
    found = amounts.less(_amount(call, whose, row), _others(row, context.today) if combination == "offset" else None)
    decisions.confirm(
        application=row, amount=found, circumstances=whose, reason=reason, judge=_judge(call), actor=context.actor,
        now=context.now,
    )  # fmt: skip


def record_told(call: Call) -> None:
    """The family knows."""
    context, answers = of(call), call.answers
    told_on = date.fromisoformat(str(answers["told_on"]))
    way = str(answers["told"])
    applications.tell(application=_application(call), told_on=told_on, way=way, actor=context.actor, now=context.now)


# --- parts


def _review(call: Call, level: Stage.Level, **more: Any) -> Mapping[str, Any]:
    context, answers = of(call), call.answers
    found = Finding(level=level, agrees=answers["agrees"] == "yes", opinion=str(answers["opinion"]), **more)
    applications.review(application=_application(call), finding=found, actor=context.actor, now=context.now)
    return {"stage": level.value}


def _close(call: Call, *, no_objection: bool) -> None:
    context, row = of(call), _application(call)
    for notice in Notice.objects.filter(pk__in=row.stages.filter(level=row.stage).values("notice_id")):
        notices.take_down(notice=notice, actor=context.actor, now=context.now)
    applications.close_publicity(application=row, no_objection=no_objection, actor=context.actor, now=context.now)


def _row(row: Application) -> NoticeRow:
    person = row.person
    identity = person.certificate if person.certificate_kind == "id" else ""
    return NoticeRow(
        name=person.name, village=row.unit, birth_date=rules.governing_birth(person), identity=identity,
        family_id=row.family_id,
    )  # fmt: skip


def _level_unit(call: Call, row: Application) -> Unit:
    key = {"village": "place", "township": "office", "county": "county"}[row.stage]
    return Unit.objects.get(pk=call.data[key])


def _digest(notice: Notice) -> str:
    """Of the sheet on the village's board."""
    return notice.sheets.filter(place=Sheet.Place.BOARD).values_list("digest", flat=True).first() or ""


def _circumstances(call: Call, row: Application, category: str = "") -> Circumstances:
    day = first_day(row, day=of(call).today)
    return rules.circumstances(row, category=category or row.category, day=day)


def _amount(call: Call, whose: Circumstances, row: Application) -> Amount:
    return amounts.amount(whose, day=first_day(row, day=of(call).today), judge=_judge(call))


def _judge(call: Call) -> Judge:
    return judge_of(table_of(of(call).instance.process_id, AMOUNT))


def _combination(call: Call, row: Application) -> str:
    """Decision D15 as it is on the day of the decision: another benefit may have been ended since it was advised. What
    differs from the advice is kept with it."""
    context, known = of(call), applications.advice_of(row)
    made = decide(table_of(context.instance.process_id, COMBINATION), combination_facts(call))
    told = {name: str(made.outputs[name]) for name in ("combination", "combination_reason")}
    if any(known.get(name) != value for name, value in told.items()):
        versions = {**known.get("versions", {}), "combination": made.version}
        advice = {**known, **told, "versions": versions}
        applications.note_advice(application=row, advice=advice, actor=context.actor, now=context.now)
    return told["combination"]


def _others(row: Application, day: date) -> Decimal:
    """What the person gets a year by other subsidies on the day on which this begins."""
    held = rules.held_beside(row, day=first_day(row, day=day)).exclude(kind=row.kind).prefetch_related("rates")
    return sum((rate.yearly for one in held for rate in one.rates.all() if rate.until_date is None), Decimal(0))


def _tell_late(call: Call, stage: str) -> None:
    context, row = of(call), _application(call)
    applications.note(
        application=row, action="application.stage_late", actor=context.actor, now=context.now, level=stage
    )
    for role in ("supervisor", "county"):
        _hear(call, row, "application.stage_late", role, f":{stage}:{role}")


def _let_hear(call: Call, action: str, role: str) -> None:
    context, row = of(call), _application(call)
    applications.note(application=row, action=action, actor=context.actor, now=context.now)
    _hear(call, row, action, role)


def _hear(call: Call, row: Application, action: str, role: str, more: str = "") -> None:
    intend(
        action, to=role_at(role, row.unit), key=f"{action}:{row.pk}{more}:{of(call).today:%Y%m%d}", now=of(call).now,
        about=row, unit_path=row.unit_path, label=row.number, label_en=row.number, page=f"/subsidies/{row.pk}/",
    )  # fmt: skip


def _application(call: Call) -> Application:
    rows = Application.objects.select_related("family", "person", "spouse", "unit__parent")
    return rows.get(pk=call.data["application"])


STEPS: Mapping[str, Step] = {
    f"subsidy_application.{step.__name__}": step
    for step in (
        record_materials,
        ask_correction,
        remind_family,
        record_correction,
        record_withdrawal_notice,
        note_withdrawal,
        record_village_review,
        record_township_review,
        record_county_review,
        publish,
        close_publicity,
        take_down,
        hold_application,
        note_objection,
        tell_objection_waits,
        tell_village_late,
        tell_township_late,
        tell_county_late,
        special_facts,
        reward_facts,
        advise_local,
        note_eligibility,
        combination_facts,
        amount_facts,
        advise_amount,
        record_decision,
        record_told,
    )
}
