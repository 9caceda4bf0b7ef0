"""Trying to leak: whatever families are on a list, the API, the page and the paper say nothing but what D19 allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from docx import Document
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from backend.core.small_numbers import SMALLEST, Told, is_safe_beside, told
from backend.org import codes
from backend.org.forbidden_words import LIST, ForbiddenWord
from backend.org.models import CodeEntry, Unit
from backend.publicity import masks, notices
from backend.publicity.masking import KINDS, NoticeRow
from backend.publicity.models import Line, Sheet
from tests import factories
from tests.thoroughness import THOROUGH
from workflows.publicity import print_board

DAY = factories.TODAY
SECRETS = st.sampled_from(["13820001234", "三组18号院", "失独", "伤残", "（失 独）", "120114195001013021"])
LISTS = ("subsidy", "study_aid", "honour", "donation", "health", "condolence", "micro_loan")
FAMILY_NAMES = st.sampled_from("孙李王张欧阳赵")
NAMES = st.builds(
    lambda family, given, more: family + given + more,
    FAMILY_NAMES, st.text("桂英秀兰建国小明", min_size=1, max_size=3), st.one_of(st.just(""), SECRETS),
)  # fmt: skip
BIRTHDAYS = st.one_of(
    st.none(), st.dates(date(1940, 1, 1), date(1990, 1, 1)), st.dates(date(2007, 1, 1), date(2020, 1, 1))
)
IDENTITIES = st.builds(
    lambda day, end: f"120114{day:%Y%m%d}{end:03d}X" if day else "", BIRTHDAYS, st.integers(0, 999)
)  # fmt: skip


@st.composite
def people(draw: st.DrawFn) -> NoticeRow:
    """Somebody with everything that could leak, also where it does not belong."""
    return NoticeRow(
        name=draw(NAMES), birth_date=draw(BIRTHDAYS), identity=draw(IDENTITIES), school=draw(st.just("大黄堡中学")),
        amount=draw(st.sampled_from([None, Decimal("960.00"), Decimal("2000.00")])), consented=draw(st.booleans()),
    )  # fmt: skip


class Leaks(TestCase):
    """One notice of random people after another."""

    village: Unit

    @classmethod
    def setUpTestData(cls) -> None:
        cls.village = factories.village()
        CodeEntry.objects.create(list=LIST, code="bereaved", label="失独", label_en="bereaved")
        for kind in LISTS:
            data = {"health": kind == "health"}
            CodeEntry.objects.create(list=KINDS, code=kind, label=kind, label_en=kind, data=data)

    def setUp(self) -> None:
        codes.forget(LIST)
        codes.forget(KINDS)

    @settings(max_examples=200 if THOROUGH else 5, deadline=None, phases=[Phase.generate])
    @given(
        st.lists(people(), min_size=1, max_size=7),
        st.sampled_from(LISTS),
    )
    def test_nothing_leaks(self, rows: list[NoticeRow], kind: str) -> None:
        rows = [NoticeRow("赵建国13820001234", identity="120114195001013021", amount=Decimal("960.00")), *rows]
        now = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
        try:
            made = notices.announce(
                kind=kind, unit=self.village, title="公示", rows=rows, days=7, actor=factories.actor(), now=now
            )
        except ForbiddenWord:
            return  # refused whole: nothing is public
        paper = Document(BytesIO(print_board(notice=made, actor=factories.actor(), now=now)))
        cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
        said = "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells, *self.on_the_web(made.pk, now)])
        plain = re.sub(r"SHA-256.*|校验串.*|GS-\S+|[0-9a-f]{64}|[0-9a-f-]{36}", "", said)
        for row in rows:
            minor = row.is_minor(DAY)
            assert not row.identity or row.identity[6:14] not in plain
            assert not re.search(r"\d{11}|三组|失\s*独|伤\s*残", plain)
            name = masks.letters(row.name)
            allowed = kind in ("honour", "donation") and any(
                other.consented and not other.is_minor(DAY) and masks.letters(other.name) == name for other in rows
            )
            assert len(name) < 2 or allowed or name not in plain, (row, minor)
        web = Line.objects.filter(sheet__notice=made, sheet__place=Sheet.Place.WEB)
        listed = web.values_list("position", flat=True)
        assert not [position for position in listed if rows[position - 1].is_minor(DAY)]
        assert not (kind in ("health", "condolence") and listed)
        hidden = len(rows) - len(listed)
        assert {figure.number for figure in made.figures.all()} <= {None, hidden if hidden >= SMALLEST else None}

    def on_the_web(self, pk: object, now: datetime) -> Iterator[str]:
        """What anybody reads without an account, by the API and by the page."""
        with time_machine.travel(now, tick=False):
            yield Client().get(f"/api/public-notices/{pk}/").content.decode()
            yield Client().get(f"/board/{pk}/").content.decode()


def tables(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    """All rows of so many figures with this sum."""
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in tables(total - first, cells - 1))


@pytest.mark.parametrize(("cells", "most"), [(1, 12), (2, 20), (3, 20), (4, 18)])
def test_nobody_works_out_a_small_number(cells: int, most: int) -> None:
    """All lists with such totals, held against all that are told alike: no hidden figure of one to four is the only one
    possible (E32)."""
    for total in range(SMALLEST, most):
        alike: dict[tuple[int | None, ...], list[tuple[int, ...]]] = {}
        for figures in tables(total, cells):
            shown = tuple(told(dict(zip("abcd", figures, strict=False))).cells.values())
            alike.setdefault(shown, []).append(figures)
        for shown, possible in alike.items():
            for place, figure in enumerate(shown):
                found = {figures[place] for figures in possible}
                assert figure is None or figure >= SMALLEST
                assert figure is not None or len(found) > 1 or not found & set(range(1, SMALLEST)), (total, shown)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_two_lists_differ_by_one_to_four(lists: list[list[int]]) -> None:
    """Lists that follow one another: no difference of figures, totals or remainders is a small number."""
    earlier: list[Told] = []
    for figures in lists:
        result = told(dict(zip("abc", figures, strict=True)), earlier=earlier)
        assert all(is_safe_beside(result, before) for before in earlier)
        for before in earlier:
            for name in "abc":
                new, old = result.cells[name], before.cells[name]
                assert new is None or old is None or not 1 <= abs(new - old) < SMALLEST
            assert result.total is None or before.total is None or not 1 <= abs(result.total - before.total) < SMALLEST
        earlier.append(result)


@pytest.mark.parametrize(
    ("identity", "shown"),
    [("120114195001013021", "****3021"), ("12011419500101302x", "****302X"), ("120114500101302", ""), ("护照E123", "")],
)
def test_an_old_number_ends_with_the_birthday_and_is_not_shown(identity: str, shown: str) -> None:
    assert masks.last4(identity) == shown
