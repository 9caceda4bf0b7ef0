"""Small rosters written by hand, as files and as stored rosters."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from stdnum.cn import ric

from backend.cases.models import Roster
from backend.cases.rosters import services
from backend.cases.rosters.columns import FAMILIES, HELPERS
from backend.cases.rosters.synthetic import Sheet, write
from backend.cases.rosters.values import Cell
from backend.org.models import Unit
from tests import factories

NEEDED = ("村(居)代码", "村(居)名称", "户编号", "与户主关系码", "姓名", "证件号码")
FAMILY_HEADINGS = [column.heading for column in FAMILIES]
HELPER_HEADINGS = [column.heading for column in HELPERS]
VILLAGE = factories.VILLAGE


def certificate(born: str = "19500305", sequence: int = 1, area: str = "120199") -> str:
    """A valid id number of an area that does not exist; an even sequence is a woman's."""
    body = f"{area}{born}{sequence:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def wrong_certificate() -> str:
    """An id number with a typing mistake in its last place."""
    number = certificate("19520709", 2)
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def person(**cells: Cell) -> dict[str, Cell]:
    """A head of household; keyword names are headings."""
    return {
        "村(居)代码": VILLAGE,
        "村(居)名称": "赵庄村",
        "户编号": "1",
        "与户主关系码": "02",
        "姓名": "王德福",
        "证件号码": certificate(),
        **cells,
    }


def lines(people: Sequence[Mapping[str, Cell]], headings: Sequence[str] = FAMILY_HEADINGS) -> list[list[Cell]]:
    """A header row and a row per person; headings that the layout does not know come last."""
    extra = [heading for heading in dict.fromkeys(key for one in people for key in one) if heading not in headings]
    names: list[Cell] = [*headings, *extra]
    return [names, *([one.get(str(name)) for name in names] for one in people)]


def as_csv(rows: Sequence[Sequence[Cell]], *, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """The rows as separated values."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(
    rows: Sequence[Sequence[Cell]], *, merged: Sequence[tuple[int, int, int, int]] = (), **options: Any
) -> bytes:
    """The rows as a workbook; `merged`: first row, first column, last row, last column, counted from 0."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"strings_to_formulas": False, **options}) as book:
        page = book.add_worksheet()
        for area in merged:
            page.merge_range(*area, "")
        for number, cells in enumerate(rows):
            for position, cell in enumerate(cells):
                if cell is not None:
                    page.write(number, position, cell)
    return output.getvalue()


def people_csv(*people: Mapping[str, Cell], headings: Sequence[str] = FAMILY_HEADINGS) -> bytes:
    """A roster of these people."""
    return as_csv(lines(people, headings))


def written(sheet: Sheet, folder: Path, ending: str = ".csv") -> bytes:
    """A synthetic roster as a file's content."""
    path = folder / f"roster{ending}"
    write(sheet, path)
    return path.read_bytes()


def uploaded(content: bytes, now: datetime, *, kind: str = "families", unit: Unit | None = None, **more: Any) -> Roster:
    """A stored roster, not yet checked."""
    return services.upload(
        kind=kind,
        file=io.BytesIO(content),
        name="花名册.csv",
        actor=factories.actor(unit=unit),
        now=now,
        unit=unit or factories.town(),
        **more,
    )


def checked(content: bytes, now: datetime, **more: Any) -> Roster:
    """A roster after its dry run."""
    return services.dry_run(roster=uploaded(content, now, **more), now=now)


def applied(content: bytes, now: datetime, **more: Any) -> Roster:
    """A roster after its application."""
    return services.apply(roster=checked(content, now, **more), now=now)


def found(roster: Roster) -> set[tuple[int, str, str]]:
    """The problems of a roster: row, column, code."""
    return {(problem["row"], problem["column"], problem["code"]) for problem in roster.problems}


def levels(roster: Roster) -> dict[str, str]:
    """Code → level of the problems of a roster."""
    return {problem["code"]: problem["level"] for problem in roster.problems}
