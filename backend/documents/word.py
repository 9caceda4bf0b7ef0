"""Official documents as .docx in the layout of GB/T 9704-2012 (党政机关公文格式).

Bulletins, notices, letters, certificates.

A4; margins 37 mm above, 28 mm at the binding; a text block of 156 × 225 mm with 22 lines of 28 characters in 三号仿宋.
Built by python-docx alone, not from templates: what is fixed here is the standard itself, a template would be a binary
file that nobody can review, and what people typed is only ever put in as text, so it can become neither markup of the
document nor of a template language. Words that stand on no letter are refused (backend.org.forbidden_words).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from itertools import chain

from docx import Document
from docx.document import Document as Sheet
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from backend.documents import numerals
from backend.org import forbidden_words

MARGINS = {"top_margin": Mm(37), "left_margin": Mm(28), "right_margin": Mm(26), "bottom_margin": Mm(35)}
"""What leaves 156 × 225 mm of A4."""
SIZE_3, SIZE_2, SIZE_4 = Pt(16), Pt(22), Pt(14)
"""三号, 二号, 四号."""
LINE = Pt(28.95)
"""225 mm in 22 lines."""
GRID_LINE, GRID_SPACE = "579", "-849"
"""The same in twentieths of a point; and 28 characters in 156 mm: 15.79 points each instead of 16, in 1/4096 points."""
BODY, TITLE, HEADING, SUBHEADING = "仿宋", "方正小标宋简体", "黑体", "楷体"
RED = RGBColor(0xC0, 0x00, 0x00)
LEFT, CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML cannot hold."""


@dataclass(frozen=True)
class Letterhead:
    """Whose document it is: the red head (发文机关标志), the document number (发文字号), the signer (签发人)."""

    organ: str
    number: str = ""
    """See `document_number`."""
    issue: str = ""
    """Of a bulletin: 第 3 期."""
    signer: str = ""


@dataclass(frozen=True)
class Table:
    """A table: headings, and rows of as many texts."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int] = ()
    """In millimetres, 156 in all; unless given, equal."""


@dataclass(frozen=True)
class Section:
    """A part of a bulletin: its heading gets 一、二、…, its paragraphs and tables follow."""

    heading: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = field(default_factory=tuple)


def document_number(code: str, year: int, serial: int) -> str:
    """A document number: 武计协〔2026〕3号. The year stands in 六角括号, the serial without 第 and without zeros."""
    return f"{code}〔{year}〕{serial}号"


def bulletin(*, head: Letterhead, title: str, sections: Sequence[Section], signed: str, on: date,
             copies_to: Sequence[str] = ()) -> bytes:  # fmt: skip
    """A bulletin (简报, 通报) with numbered sections. Raises ForbiddenWord."""
    page = _Page(head)
    page.title(title)
    for place, section in enumerate(sections, start=1):
        page.heading(f"{numerals.chinese(place)}、{section.heading}")
        page.paragraphs(section.paragraphs)
        for table in section.tables:
            page.table(table)
    page.signature(signed, on)
    page.record(copies_to, signed, on)
    return page.content()


def notice(*, head: Letterhead, title: str, paragraphs: Sequence[str], signed: str, on: date, to: str = "",
           table: Table | None = None, remarks: Sequence[str] = ()) -> bytes:  # fmt: skip
    """A notice (通知, 公示, 公告): to whom, text, a table where there is one, remarks below. Raises ForbiddenWord."""
    page = _Page(head)
    page.title(title)
    page.addressed(to)
    page.paragraphs(paragraphs)
    if table is not None:
        page.table(table)
    page.paragraphs(remarks)
    page.signature(signed, on)
    return page.content()


def letter(*, head: Letterhead, subject: str, to: str, paragraphs: Sequence[str], signed: str, on: date,
           attachments: Sequence[str] = ()) -> bytes:  # fmt: skip
    """A letter (函) or a decision to somebody (告知书). Raises ForbiddenWord."""
    page = _Page(head)
    page.title(subject)
    page.addressed(to)
    page.paragraphs(paragraphs)
    page.attachments(attachments)
    page.signature(signed, on)
    return page.content()


def certificate(*, head: Letterhead, title: str, paragraphs: Sequence[str], signed: str, on: date, number: str,
                check_code: str = "") -> bytes:  # fmt: skip
    """A certificate (证书, 证明) with its number and, where there is one, the code by which it is checked."""
    page = _Page(head)
    page.title(title)
    page.line(f"编号：{number}", align=CENTRE)
    page.paragraphs(paragraphs)
    page.signature(signed, on)
    if check_code:
        page.line(f"校验码：{check_code}", size=SIZE_4)
    return page.content()


class _Page:
    """A document while it is written: everything goes in as text of a run, never as markup."""

    def __init__(self, head: Letterhead) -> None:
        self.texts: list[str] = []
        self.document: Sheet = Document()
        self._lay_out()
        self._head(head)

    def content(self) -> bytes:
        """The file. Raises ForbiddenWord."""
        forbidden_words.refuse(self.texts)
        output = BytesIO()
        self.document.save(output)
        return output.getvalue()

    def title(self, text: str) -> None:
        """二号小标宋, centred, with a line before and after."""
        self.line("")
        self.line(text, font=TITLE, size=SIZE_2, align=CENTRE)
        self.line("")

    def addressed(self, to: str) -> None:
        """主送机关: at the left edge, with a colon."""
        if to:
            self.line(f"{to}：")

    def heading(self, text: str) -> None:
        """一级标题: 三号黑体."""
        self.line(text, font=HEADING, indent=2)

    def paragraphs(self, texts: Sequence[str]) -> None:
        """Body text, each paragraph indented by two characters."""
        for text in chain.from_iterable(each.splitlines() for each in texts):
            self.line(text, indent=2)

    def attachments(self, names: Sequence[str]) -> None:
        """附件说明: a line below the text, numbered where there are several."""
        if names:
            self.line("")
        for place, name in enumerate(names, start=1):
            number = f"{place}. " if len(names) > 1 else ""
            self.line(f"{'附件：' if place == 1 else '　　　'}{number}{name}", indent=2)

    def signature(self, signed: str, on: date) -> None:
        """发文机关署名 and 成文日期 in Arabic numerals, four characters from the right edge."""
        self.line("")
        self.line(f"{signed}　　　　", align=RIGHT)
        self.line(f"{on.year}年{on.month}月{on.day}日　　　　", align=RIGHT)

    def record(self, copies_to: Sequence[str], organ: str, on: date) -> None:
        """版记: copies and printing, in 四号, between two lines."""
        if not copies_to:
            return
        self.line("")
        self._ruled(self.line(f"抄送：{'，'.join(copies_to)}。", size=SIZE_4), "top", "000000")
        self._ruled(self.line(f"{organ}　{on.year}年{on.month}月{on.day}日印发", size=SIZE_4), "bottom", "000000")

    def table(self, table: Table) -> None:
        """A table over the width of the text block; its head repeats on every page."""
        made = self.document.add_table(rows=1, cols=len(table.headings))
        made.style, made.alignment = "Table Grid", WD_TABLE_ALIGNMENT.CENTER
        widths = table.widths or [156 // len(table.headings)] * len(table.headings)
        for row in (table.headings, *table.rows):
            cells = made.rows[0].cells if row is table.headings else made.add_row().cells
            for cell, text, width in zip(cells, row, widths, strict=True):
                cell.width = Mm(width)
                self._write(cell.paragraphs[0], text, HEADING if row is table.headings else BODY, SIZE_4)
                cell.paragraphs[0].alignment = CENTRE
        made.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))

    def line(
        self, text: str, *, font: str = BODY, size: Pt = SIZE_3, align: WD_ALIGN_PARAGRAPH = LEFT, indent: int = 0,
        colour: RGBColor | None = None,
    ) -> Paragraph:  # fmt: skip
        """A paragraph. `indent`: of its first line, in characters of that size."""
        paragraph = self.document.add_paragraph()
        shape = paragraph.paragraph_format
        paragraph.alignment, shape.first_line_indent = align, Pt(size.pt * indent)
        shape.space_before = shape.space_after = Pt(0)
        shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, LINE
        if size > SIZE_2:
            shape.line_spacing_rule = WD_LINE_SPACING.SINGLE
        self._write(paragraph, text, font, size, colour)
        return paragraph

    def _head(self, head: Letterhead) -> None:
        """The red head, the number below it, and the red line."""
        self.line(head.organ, font=TITLE, size=Pt(36), align=CENTRE, colour=RED)
        told = "　".join(part for part in (head.number, head.issue) if part)
        signer = f"　　　　签发人：{head.signer}" if head.signer else ""
        self._ruled(self.line(f"{told}{signer}", align=CENTRE), "bottom", str(RED))

    def _write(self, paragraph: Paragraph, text: str, font: str, size: Pt, colour: RGBColor | None = None) -> None:
        self.texts.append(text)
        run = paragraph.add_run(_NO_XML.sub("", text))
        _set_font(run, font, size)
        if colour is not None:
            run.font.color.rgb = colour

    def _lay_out(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        for name, size in MARGINS.items():
            setattr(section, name, size)
        grid = section._sectPr.find(qn("w:docGrid"))
        if grid is None:
            grid = OxmlElement("w:docGrid")
            section._sectPr.append(grid)
        for name, value in (("type", "linesAndChars"), ("linePitch", GRID_LINE), ("charSpace", GRID_SPACE)):
            grid.set(qn(f"w:{name}"), value)
        self.document.core_properties.author = self.document.core_properties.comments = ""
        footer = section.footer.paragraphs[0]
        footer.alignment = CENTRE
        _add_page_number(footer)

    def _ruled(self, paragraph: Paragraph, side: str, colour: str) -> None:
        """A line along one side of a paragraph."""
        borders, border = OxmlElement("w:pBdr"), OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "12"), ("space", "4"), ("color", colour)):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
        # The schema wants it before what says how lines are spaced.
        shape = paragraph._p.get_or_add_pPr()
        spacing = shape.find(qn("w:spacing"))
        shape.insert(len(shape) if spacing is None else shape.index(spacing), borders)


def _set_font(run: Run, font: str, size: Pt) -> None:
    """One font for Chinese and Latin characters alike."""
    run.font.size, run.font.name = size, font
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _add_page_number(paragraph: Paragraph) -> None:
    """— 1 — in 四号 (GB/T 9704-2012, 7.5)."""
    for kind, text in (("", "— "), ("begin", ""), ("", "PAGE"), ("end", ""), ("", " —")):
        run = paragraph.add_run("" if text == "PAGE" else text)
        _set_font(run, "宋体", SIZE_4)
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        elif text == "PAGE":
            code = OxmlElement("w:instrText")
            code.text = text
            run._r.append(code)
