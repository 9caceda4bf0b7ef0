"""The papers that are handed over in person: the notice of an exit with how to appeal, the notice of a recovery with
its figures, how to answer and object, and the instalments (P07, F12). Chinese, in the layout of GB/T 9704.

Each is an event: it names somebody, and what they got.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict
from backend.documents import word
from backend.documents.word import Letterhead, Table
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.subsidies import exits, recoveries
from backend.subsidies.models import Exit, Recovery
from backend.subsidies.owing import payer_of

CHINESE = "zh-hans"
OUT = frozenset(
    {Exit.State.CONFIRMED, Exit.State.EXPLAINED, Exit.State.APPEALED, Exit.State.EXITED, Exit.State.RESTORED}
)
"""The county has said that it ends."""


class NoLetterYet(Conflict):
    """There is nothing to hand over before it is decided, or its cause is known."""

    code = "no_letter_yet"
    message = _(
        "There is no notice yet: first the county decides on the exit, or the cause of the overpayment is found."
    )


def exit_notice(*, row: Exit, actor: Actor, now: datetime) -> bytes:
    """The notice of an exit: why, from when on, what was received too much, and where to appeal until when.

    Raises NoLetterYet.
    """
    if row.state not in OUT or row.stop_on is None:
        raise NoLetterYet
    kind = codes.name("subsidy_kind", row.entitlement.kind, CHINESE)
    change = codes.name(exits.CHANGES, row.reason, CHINESE)
    county = payer_of(row.unit)
    told = [
        f"您享受的{kind}（{row.entitlement.number}），经核实发生下列变动：{change}（{_day(row.happened_on)}）。",
        f"根据有关规定，决定自{_day(row.stop_on)}起不再发放。理由：{row.decision_reason}。此前应发放的仍然发放。",
        *_overpaid(row),
        _appeal_way(row, now, county),
        "如需说明情况或者办理有困难，请联系村（居）委会，村里可以协助您。",
    ]
    record(action="subsidy_exit.letter_made", object=row, family_id=_family(row), actor=actor, now=now)
    return word.letter(
        head=Letterhead(county.name), subject="扶助退出告知书", to=row.entitlement.person.name,
        paragraphs=[f"编号：{row.number}", *told], signed=county.name, on=row.confirmed_on or timezone.localdate(now),
    )  # fmt: skip


def recovery_notice(*, row: Recovery, actor: Actor, now: datetime) -> bytes:
    """The notice of a recovery: months and yuan, how to answer and object, and the plan of instalments once there is
    one. Nothing is deducted, and it says so. Raises NoLetterYet."""
    if not row.cause or row.state == Recovery.State.WITHDRAWN:
        raise NoLetterYet
    county, today = payer_of(row.unit), timezone.localdate(now)
    days = _days_of(row, today)
    answer = row.answer_until or today + timedelta(days=days["answer"])
    objection = row.objection_until or today + timedelta(days=days["objection"])
    entitlement = row.exit.entitlement
    kind = codes.name("subsidy_kind", entitlement.kind, CHINESE)
    told = [
        f"编号：{row.number}",
        f"经核实，您享受的{kind}（{entitlement.number}）自{_day(row.exit.overpaid_from)}起多发放{_yuan(row.amount)}，明细见下表。",
        f"原因：{CAUSES[row.cause]}。",
        f"您可以在{_day(answer)}前向村（居）委会或者镇里说明情况：可以一次归还，也可以申请分期归还；确有困难的请如实说明。",
        f"对金额或者事实有异议的，可以在{_day(objection)}前向{county.name}提出，也可以依法申请行政复议。",
        "在您收到本通知并有机会说明之前，不要求归还；任何情况下都不从您的其他待遇中扣减。",
        *_plan(row),
    ]
    record(action="recovery.letter_made", object=row, family_id=_family(row.exit), actor=actor, now=now)
    return word.notice(
        head=Letterhead(county.name), title="多发扶助金退还通知书", to=entitlement.person.name, paragraphs=told,
        table=_figures(row), signed=county.name, on=row.served_on or today,
    )  # fmt: skip


def _overpaid(row: Exit) -> list[str]:
    if not row.overpaid or row.overpaid_from is None:
        return []
    told = f"自{_day(row.overpaid_from)}起您已领取{_yuan(row.overpaid)}。"
    if row.collect:
        return [told + "是否归还、怎样归还，另行当面送达通知，您可以说明情况并申请分期。"]
    return [told + "这部分不要求归还。"]


def _appeal_way(row: Exit, now: datetime, county: Unit) -> str:
    """Until the day that the explanation has set; before it, so many days from when it is handed over."""
    if row.appeal_until is not None:
        until = f"在{_day(row.appeal_until)}前"
    else:
        until = f"自收到本告知书之日起{exits.days_of(row, now)['appeal']}日内"
    return f"如不同意，可以{until}向{county.name}提出申诉，由没有经办过此事的人处理；也可依法申请行政复议或提起诉讼。"


def _plan(row: Recovery) -> list[str]:
    parts = row.instalments.filter(plan=row.plan).order_by("number")
    listed = [f"第{part.number + 1}期：{_day(part.due_on)}前，{_yuan(part.amount)}。" for part in parts]
    return ["县级决定分期归还，安排如下：", *listed] if listed else []


def _figures(row: Recovery) -> Table:
    months = sorted(row.months.items())
    rows = [[f"{month[:4]}年{int(month[5:])}月", _yuan(Decimal(amount))] for month, amount in months]
    return Table(["月份", "多发金额"], [*rows, ["合计", _yuan(row.amount)]])


def _days_of(row: Recovery, day: date) -> Mapping[str, int]:
    found: Mapping[str, int] = parameters.value("recovery.days", path=row.unit.path, day=day, default=recoveries.DAYS)
    return found


CAUSES: Mapping[str, str] = {
    "office": "我方办理有误，不是您的责任",
    "late_report": "变动告知较晚",
    "fraud": "提供的情况与事实不符",
}
"""What the paper says; never the word fraud, which only the law decides on."""


def _family(row: Exit) -> UUID:
    return row.entitlement.person.family_id


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day is not None else ""


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}元"
