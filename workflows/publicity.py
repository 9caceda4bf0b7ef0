"""What people do with public notices: print one for the village board, bring an objection to one to somebody who looks
into it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.documents import word
from backend.documents.word import Letterhead, Table
from backend.org.access import Actor
from backend.publicity.models import Line, Notice, Sheet
from backend.publicity.notices import NotPublic
from backend.publicity.texts import figure_texts, money, objection_text
from backend.rights.grievances import Intake
from backend.rights.models import Grievance
from workflows.grievances import take_in

GROUP = 8
"""Characters of the digest that are printed together, so that two papers can be compared."""


class NoSuchLine(Invalid):
    """The notice has no such line."""

    code = "no_such_line"
    message = _("There is no such line on this notice.")


class NotHere(Conflict):
    """Whoever is on the line has no case: the process that made it public takes the objection in."""

    code = "objection_not_here"
    message = _("Objections to this line are taken in where it was decided: nobody's case hangs on it here.")


def object_to(*, notice: Notice, line: int, text: str, complainant: str, contact: str, reply_by: str, channel: str,
              actor: Actor, now: datetime) -> Grievance:  # fmt: skip
    """Bring an objection to somebody independent (D31): the case of that line is held, the others go on (E13).

    The answer goes to whoever objected; nobody else learns who it was. Raises NotPublic, NoSuchLine, NotHere, and what
    `take_in` raises.
    """
    if not notice.is_public(timezone.localdate(now)):
        raise NotPublic
    found = notice.subjects.filter(position=line).first()
    if found is None and not Line.objects.filter(sheet__notice=notice, position=line).exists():
        raise NoSuchLine([FieldProblem("/line", NoSuchLine.code, NoSuchLine.message)])
    cases = Case.objects.select_related("family__unit")
    case = cases.filter(pk=found.case_id).first() if found is not None and found.case_id is not None else None
    if case is None:
        raise NotHere
    intake = Intake(
        kind=Grievance.Kind.OBJECTION, target=Grievance.Target.DECISION, family=case.family, case=case, text=text,
        channel=channel, reply_by=reply_by, complainant=complainant, contact=contact,
    )  # fmt: skip
    row = take_in(intake=intake, actor=actor, now=now)
    record(action="notice.objected", object=notice, actor=actor, now=now, data={"notice_kind": notice.kind})
    return row


def print_board(*, notice: Notice, actor: Actor, now: datetime) -> bytes:
    """The sheet for the village board as .docx, with the digest by which paper and register are compared: an event.

    Raises NotPublic.
    """
    if not notice.is_public(timezone.localdate(now)):
        raise NotPublic
    sheet = notice.sheets.get(place=Sheet.Place.BOARD)
    record(action="notice.printed", object=notice, actor=actor, now=now, data={"notice_kind": notice.kind})
    return word.notice(
        head=Letterhead(notice.unit.name), title=notice.title, paragraphs=_told(notice), table=_table(sheet),
        remarks=_remarks(notice, sheet), signed=notice.unit.name, on=notice.from_date,
    )  # fmt: skip


def _told(notice: Notice) -> list[str]:
    first, last = notice.from_date, notice.until
    basis = f"依据{notice.basis}，" if notice.basis else ""
    period = f"{first.year}年{first.month}月{first.day}日至{last.year}年{last.month}月{last.day}日"
    return [f"{basis}现将有关情况公示如下。公示时间：{period}。", objection_text(notice)]


def _table(sheet: Sheet) -> Table | None:
    """The lines, with only those columns that have something in them."""
    lines = list(sheet.lines.order_by("position"))
    columns = {
        "序号": [str(line.position) for line in lines],
        "姓名": [line.name for line in lines],
        "证件号码": [line.identity for line in lines],
        "所在地": [line.locality for line in lines],
        "金额": [money(line.amount) if line.amount is not None else "" for line in lines],
    }
    used = {heading: cells for heading, cells in columns.items() if any(cells)}
    return Table(list(used), list(zip(*used.values(), strict=True))) if used else None


def _remarks(notice: Notice, sheet: Sheet) -> list[str]:
    total = [f"金额合计：{money(sheet.total_amount)}"] if sheet.total_amount is not None else []
    digest = " ".join(sheet.digest[place : place + GROUP] for place in range(0, len(sheet.digest), GROUP))
    numbers = [f"编号：{notice.number}　校验串：{sheet.salt}", f"SHA-256：{digest}"]
    return [*figure_texts(notice.figures.order_by("label")), *total, *numbers]
