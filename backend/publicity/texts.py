"""A sheet's text: what its digest covers, what is printed on the board and read on the web. Chinese, for it is a public
document; whoever has the paper can type or copy it and ask whether it is genuine."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from backend.publicity.models import Figure, Line, Notice, Sheet

BETWEEN = "　"


def text_of(notice: Notice, sheet: Sheet, lines: Iterable[Line], figures: Iterable[Figure]) -> str:
    """The whole sheet, line by line."""
    shown = [*_head(notice), *map(line_text, lines), *figure_texts(figures)]
    if sheet.total_amount is not None:
        shown.append(f"金额合计：{money(sheet.total_amount)}")
    return "\n".join([*shown, objection_text(notice), f"校验串：{sheet.salt}"])


def line_text(line: Line) -> str:
    """Somebody on the list."""
    amount = money(line.amount) if line.amount is not None else ""
    return BETWEEN.join(part for part in (f"{line.position}.", line.name, line.identity, line.locality, amount) if part)


def figure_texts(figures: Iterable[Figure]) -> list[str]:
    """Counts; what is kept back is said to be fewer or not told, never which."""
    return [
        f"{figure.label or '另有（只公布人数）'}：{figure.number if figure.number is not None else '不单独公布'}"
        for figure in figures
        if figure.label or figure.number is not None
    ]


def objection_text(notice: Notice) -> str:
    """How to object: by whom, by when, to whom."""
    last = f"{notice.until.year}年{notice.until.month}月{notice.until.day}日"
    return f"任何人对公示内容有异议，可在{last}前（含当日）向{notice.contact}反映，反映人的情况予以保密。"


def money(amount: Decimal) -> str:
    """Yuan with two places."""
    return f"{amount:.2f}元"


def _head(notice: Notice) -> list[str]:
    period = f"公示时间：{notice.from_date.isoformat()} 至 {notice.until.isoformat()}"
    basis = [f"依据：{notice.basis}"] if notice.basis else []
    return [notice.title, f"公示单位：{notice.unit.name}", f"编号：{notice.number}", period, *basis]
