"""A month's bulletin as an official document (GB/T 9704): who reported, sums, progress. Chinese, as papers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from backend.coordination.bulletins import reports_of
from backend.coordination.models import Bulletin, MonthlyReport
from backend.coordination.papers import issuer_of
from backend.documents import word

HOW: Mapping[str, str] = {
    "on_time": "按时上报",
    "late": "迟报",
    "nil_on_time": "零报告",
    "nil_late": "零报告（迟报）",
    "not_submitted": "未报",
}
"""As backend.coordination.bulletins.how_reported says it; the order of the paper."""
STANDING: Mapping[str, str] = {"on_track": "按计划", "behind": "滞后", "no_progress": "无进展", "": "—"}
NUMBERS: Mapping[str, str] = {
    "activities": "活动场次",
    "served": "服务人次",
    "served_first": "其中首次",
    "served_again": "其中再次",
    "families": "在册家庭",
    "paired": "结对家庭",
    "due": "应探访",
    "made": "已探访",
    "late": "其中迟访",
    "missed": "漏访",
    "alarms": "预警",
    "referrals_sent": "收到转介",
    "referrals_accepted": "接受转介",
    "referrals_declined": "退回转介",
    "referrals_delivered": "已落实转介",
}
"""Numbers of reports, as a paper calls them."""


def title_of_bulletin(row: Bulletin) -> str:
    """创建幸福家庭活动情况通报（2026年2月）."""
    return f"创建幸福家庭活动情况通报（{row.month.year}年{row.month.month}月）"


def bulletin(row: Bulletin, number: str) -> bytes:
    """The file, from what is frozen by now: content, words, accepted reports."""
    on = timezone.localdate(row.published_at)
    who = issuer_of(row.office, on)["name"]
    return word.bulletin(
        head=word.Letterhead(organ=who, number=number, issue="", signer=row.approved_label),
        title=title_of_bulletin(row),
        sections=list(_sections(row)),
        signed=who,
        on=on,
        copies_to=[each["name"] for each in row.content.get("units", ())],
    )


def _sections(row: Bulletin) -> Sequence[word.Section]:
    content: Mapping[str, Any] = row.content
    units = content.get("units", ())
    found = [
        word.Section(heading="本月情况", paragraphs=_lines(row.foreword)),
        word.Section(heading="上报情况", paragraphs=_how(units), tables=[_table(units)]),
    ]
    told = {**content.get("told", {}), **content.get("counted", {})}
    if told:
        numbers = [[label, str(told[name])] for name, label in NUMBERS.items() if name in told]
        found.append(word.Section(heading="合计", tables=[word.Table(headings=["项目", "数"], rows=numbers)]))
    found.append(word.Section(heading="各单位进展", paragraphs=_progress(row)))
    if content.get("supplements"):
        found.append(word.Section(heading="更正", paragraphs=[_correction(each) for each in content["supplements"]]))
    if row.outlook:
        found.append(word.Section(heading="下步工作", paragraphs=_lines(row.outlook)))
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _how(units: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each way, with the names."""
    by_how = {how: [each["name"] for each in units if each["how"] == how] for how in HOW}
    return [f"{HOW[how]}{len(names)}个：{'、'.join(names)}。" for how, names in by_how.items() if names]


def _table(units: Sequence[Mapping[str, Any]]) -> word.Table:
    rows = [[each["name"], HOW[each["how"]], STANDING[each["standing"]], str(each["returned"])] for each in units]
    return word.Table(headings=["单位", "上报", "进度", "退回次数"], rows=rows)


def _progress(row: Bulletin) -> list[str]:
    told = [
        f"{report.unit.name}：{submission.progress}；效果：{submission.effect}"
        for report, submission in reports_of(row.office, row.month)
        if submission is not None and not submission.nil and report.state == MonthlyReport.State.ACCEPTED
    ]
    return told or ["无。"]


def _correction(each: Mapping[str, Any]) -> str:
    changes = "、".join(f"{NUMBERS.get(name, name)}应为{value}" for name, value in each["changes"].items())
    return f"{each['name']}{each['month']}月报：{changes or '文字补充'}。"
