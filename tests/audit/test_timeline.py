"""Every event reads as a sentence in both languages."""

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, pgettext

from backend.audit.models import Event
from backend.audit.sentences import SENTENCES
from backend.audit.timeline import sentence
from backend.audit.words import FIELDS, WORDS
from backend.org.codes import load_codes

pytestmark = pytest.mark.django_db


def said(action: str, language: str, data: Mapping[str, Any] | None = None, **told: Any) -> str:
    event = Event(
        action=action, **{"actor": "王五", "role": "caseworker", "object_label": "张三", "data": data or {}} | told
    )
    return sentence(event, language=language)


@pytest.mark.parametrize(
    ("action", "data", "zh", "en"),
    [
        ("family.filed", {}, "王五为家庭张三建档。", "王五 put family 张三 on file."),
        (
            "family.updated",
            {"phone": "changed", "live_address": {"from": "甲", "to": "乙"}, "roster": "1"},
            "王五更新了家庭张三的联系电话、居住地址。",
            "王五 changed telephone, address of family 张三.",
        ),
        (
            "user.updated",
            {"from": {"name": "张三", "language": "en"}, "to": {"name": "张四", "language": "zh-hans"}},
            "王五更新了用户张三的姓名、语言。",
            "王五 changed name, language of the user 张三.",
        ),
        (
            "case.phase_entered",
            {"from": {"phase": "survey"}, "to": {"phase": "filing"}},
            "个案张三进入“建档”阶段。",
            "Case 张三 entered the phase “filing”.",
        ),
        (
            "monthly_report.returned",  # a value named as a list of codes is one of its codes
            {"report_problem": ["missing", "unclear"]},
            "王五退回张三月报：缺项、内容不清。",
            "王五 returned the monthly report of 张三: something is missing, not clear.",
        ),
        (
            "case.transferred",
            {"from": "赵庄村", "to": "后蒲棒村"},
            "王五将个案张三由赵庄村移交后蒲棒村。",
            "王五 transferred case 张三 from 赵庄村 to 后蒲棒村.",
        ),
        (
            "pairing.ended",
            {"helper_name": "李四", "to_date": "2026-03-01", "reason_code": "discharged"},
            "与李四的结对于2026年3月1日结束：退役。",
            "The pairing with 李四 ended on 1 March 2026: discharged.",
        ),
        (
            "work_item.completed",
            {"title": "入户摸底", "title_en": "Survey the family", "outcome": "met"},
            "王五完成了“入户摸底”：见到。",
            "王五 completed “Survey the family”: met.",
        ),
        (
            "work_item.completed",
            {
                "title": "审定",
                "title_en": "Decide",
                "outcome": "renew",
                "outcome_title": "续签",
                "outcome_title_en": "Renew",
            },
            "王五完成了“审定”：续签。",
            "王五 completed “Decide”: Renew.",
        ),
        (
            "work_item.completed",
            {"title": "入户摸底", "title_en": "Survey the family", "outcome": ""},
            "王五完成了“入户摸底”。",
            "王五 completed “Survey the family”.",
        ),
        (
            "work_item.postponed",
            {"title": "摸底", "title_en": "Survey", "until": "2026-03-09T15:59:59.999999Z"},
            "王五将“摸底”延期至2026年3月9日 23:59。",
            "王五 put “Survey” off until 9 March 2026 23:59.",
        ),
        (
            "decision.made",
            {"table": "risk_tier", "outputs": {"tier_reason": "alone_at_80", "flags": ["need"]}},
            "决策表风险等级得出：理由：80 岁以上且独居、信号：有需要。",
            "Decision table risk tier gave: reason: 80 or older and alone, flags: needs something.",
        ),
        ("visit.alarm_raised", {}, "探访发现紧急情况。", "A visit raised an alarm."),
        (
            "visit.alarm_raised",
            {"flags": ["emergency"]},
            "探访发现紧急情况：紧急。",
            "A visit raised an alarm: emergency.",
        ),
        (
            "membership.granted",
            {"role": "supervisor", "unit_name": "大黄堡镇", "from_date": "2026-03-02"},
            "王五任命张三自2026年3月2日起在大黄堡镇担任审批人。",
            "王五 made 张三 supervisor at 大黄堡镇 from 2 March 2026 on.",
        ),
    ],
)
def test_a_sentence_tells_who_did_what(action: str, data: dict[str, Any], zh: str, en: str) -> None:
    load_codes()
    assert said(action, "zh-hans", data) == zh
    assert said(action, "en", data) == en


def test_the_system_has_a_name() -> None:
    assert said("case.paused", "zh-hans", actor="system", role="system") == "系统中止了个案张三。"
    assert said("case.paused", "en", actor="system", role="system") == "The system paused case 张三."


def test_an_unknown_action_gets_a_neutral_sentence() -> None:
    assert said("garden.watered", "zh-hans") == "王五：garden.watered 张三"
    assert said("garden.watered", "en") == "王五: garden.watered 张三"


def test_what_is_not_told_is_left_out_and_percent_signs_do_no_harm() -> None:
    assert said("offer.made", "zh-hans") == "王五邀请…结对。"
    assert said("offer.made", "en", {"helper_name": "100%(actor)s"}) == "王五 asked 100%(actor)s to help."


def test_everything_is_translated() -> None:
    with translation.override("zh-hans"):
        missing = [text for text in SENTENCES.values() if gettext(text) == text]
        missing += [text for text in [*FIELDS.values(), *WORDS.values()] if pgettext("history", text) == text]
        differing = [text for text in SENTENCES.values() if _names(gettext(text)) - _names(text)]
    assert missing == []
    assert differing == []


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def test_every_action_that_code_records_has_a_sentence() -> None:
    recorded = set(_recorded_actions())
    assert len(recorded) > 50
    assert recorded - SENTENCES.keys() == set()


RECORDERS = {
    "record",
    "record_instance",
    "record_item",
    "tell",
    "_tell",
    "_set_status",
    "_set_state",
    "_set_password",
    "_reassign",
}


def _recorded_actions() -> Iterator[str]:
    """Every action written out in the code where something is recorded."""
    for folder in ("backend", "workflows"):
        for file in Path(settings.ROOT, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RECORDERS:
                    arguments = [*node.args, *(word.value for word in node.keywords if word.arg == "action")]
                    for argument in arguments:
                        yield from _literals(argument)


def _literals(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.IfExp):
        yield from _literals(argument.body)
        yield from _literals(argument.orelse)
    elif isinstance(argument, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(argument.value)):
        yield str(argument.value)


def test_times_are_local() -> None:
    at = datetime(2026, 3, 2, 16, 30, tzinfo=UTC).isoformat()
    assert "2026年3月3日 00:30" in said("login.locked", "zh-hans", {"until": at})
