"""Documents in the layout of GB/T 9704-2012, into which nothing typed gets but as text."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from backend.documents import word
from backend.documents.word import Letterhead, Section, Table
from backend.org.forbidden_words import ForbiddenWord

pytestmark = pytest.mark.django_db
HEAD = Letterhead("武清区大黄堡镇计划生育协会", word.document_number("武黄计协", 2026, 3))
HOSTILE = "<w:br/></w:t> & {{ name }} {% include 'x' %} \x00\x0b\ud800 ]]>"


def notice(**fields: object) -> bytes:
    given: dict[str, object] = {
        "head": HEAD, "title": "关于扶助对象的公示", "to": "各村（居）委会", "paragraphs": ["现公示如下。"],
        "signed": HEAD.organ, "on": date(2026, 3, 2), **fields,
    }  # fmt: skip
    return word.notice(**given)  # type: ignore[arg-type]


def test_page_of_the_standard() -> None:
    """156 × 225 mm of A4, a grid of 22 lines and 28 characters, the number with 六角括号."""
    document = Document(BytesIO(notice()))
    [section] = document.sections
    assert None not in (section.page_width, section.page_height)
    millimetres = [round(getattr(section, name).mm) for name in word.MARGINS]
    assert millimetres == [37, 28, 26, 35]
    assert abs(section.page_width - section.left_margin - section.right_margin - Mm(156)) < Mm(1)  # type: ignore[operator]
    grid = section._sectPr.find(qn("w:docGrid"))
    assert grid is not None
    assert (grid.get(qn("w:type")), grid.get(qn("w:linePitch"))) == ("linesAndChars", "579")
    said = [paragraph.text for paragraph in document.paragraphs]
    assert "武黄计协〔2026〕3号" in said
    assert "各村（居）委会：" in said
    assert "2026年3月2日　　　　" in said
    body = next(paragraph for paragraph in document.paragraphs if paragraph.text == "现公示如下。")
    assert (body.runs[0].font.size.pt, body.runs[0].font.name) == (16.0, "仿宋")  # type: ignore[union-attr]


def test_what_is_typed_stays_text() -> None:
    table = Table([HOSTILE], [[HOSTILE]])
    document = Document(BytesIO(notice(title=HOSTILE, paragraphs=[HOSTILE], to=HOSTILE, table=table)))
    seen = "<w:br/></w:t> & {{ name }} {% include 'x' %}  ]]>"
    assert document.tables[0].rows[1].cells[0].text == seen
    assert any(paragraph.text == seen for paragraph in document.paragraphs)


def test_bulletin_with_sections_and_copies() -> None:
    sections = [
        Section("基本情况", ["全镇共有312户。"], [Table(["村", "户"], [["赵庄村", "48"]])]),
        Section("下步打算"),
    ]
    made = word.bulletin(
        head=Letterhead("领导小组办公室", issue="第3期"), title="7月工作简报", sections=sections,
        signed="领导小组办公室", on=date(2026, 7, 31), copies_to=["区卫健委", "区民政局"],
    )  # fmt: skip
    said = [paragraph.text for paragraph in Document(BytesIO(made)).paragraphs]
    assert "一、基本情况" in said
    assert "二、下步打算" in said
    assert "抄送：区卫健委，区民政局。" in said


def test_certificate_and_letter() -> None:
    certificate = word.certificate(
        head=HEAD, title="荣誉证书", paragraphs=["授予赵庄村“示范社区”称号。"], signed=HEAD.organ, on=date(2026, 5, 15),
        number="PX-1", check_code="3f2a",
    )  # fmt: skip
    letter = word.letter(
        head=HEAD, subject="关于申请不予确认的告知书", to="孙桂英", paragraphs=["您的申请……"], signed=HEAD.organ,
        on=date(2026, 3, 2), attachments=["依据", "申诉途径"],
    )  # fmt: skip
    assert "校验码：3f2a" in [paragraph.text for paragraph in Document(BytesIO(certificate)).paragraphs]
    assert any("附件：1. 依据" in paragraph.text for paragraph in Document(BytesIO(letter)).paragraphs)


@pytest.mark.parametrize("where", ["title", "paragraphs", "table", "signed"])
def test_no_letter_says_what_a_family_is_not_called(where: str) -> None:
    wrong: dict[str, object] = {
        "title": "失独家庭", "paragraphs": ["失 独"], "table": Table(["类别"], [["伤残"]]), "signed": "傷殘办",
    }  # fmt: skip
    with pytest.raises(ForbiddenWord):
        notice(**{where: wrong[where]})
