"""A round as a workbook: coverage per village, then every difference, for the office's meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from backend.audit.history import record
from backend.helpers.coverage import figures_of
from backend.helpers.models import Difference, DifferenceQuerySet, Round
from backend.org import codes
from backend.org.access import Actor

MOST = 100_000
"""Differences on the sheet."""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Whatever was reported is written as text: nothing of it becomes a formula, a link or a number.
_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


def workbook(
    *, round: Round, differences: DifferenceQuerySet, within: Sequence[str], actor: Actor, now: datetime
) -> bytes:
    """The round's figures and differences, as far as they lie `within` these places: an event, for names leave."""
    record(action="round.downloaded", object=round, label=str(round), unit_path=round.unit_path, actor=actor, now=now)
    output = BytesIO()
    with xlsxwriter.Workbook(output, _OPTIONS) as book:
        _Sheet(book, _("Villages")).write(_village_rows(round, within, now))
        _Sheet(book, _("Differences")).write(_difference_rows(differences.filter(round=round)))
    return output.getvalue()


class _Sheet:
    """A sheet with a bold first row."""

    def __init__(self, book: Any, title: str) -> None:
        self.page = book.add_worksheet(title)
        self.looks = {
            "head": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1}),
            "plain": book.add_format({"num_format": "@"}),
            "guarded": book.add_format({"num_format": "@", "quote_prefix": True}),
        }

    def write(self, rows: Iterable[Sequence[str | int]]) -> None:
        """The rows, headings first."""
        for line, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, int):
                    self.page.write_number(line, place, value)
                else:
                    self.page.write_string(line, place, value, self._look(line, value))
        self.page.freeze_panes(1, 0)
        self.page.set_column(0, 20, 16)

    def _look(self, line: int, value: str) -> Any:
        if not line:
            return self.looks["head"]
        return self.looks["guarded" if value.startswith(_STARTS_FORMULA) else "plain"]


def _village_rows(round: Round, within: Sequence[str], now: datetime) -> Iterable[Sequence[str | int]]:
    kinds = dict(Difference.Kind.choices)
    head = [_("Village"), _("Families"), _("Reported"), _("Percent"), _("Open"), _("Settled")]
    yield [*head, *map(str, kinds.values())]
    for each in figures_of(round, timezone.localdate(now)):
        if any(each.path.startswith(path) for path in within):
            counted = [each.kinds.get(kind, 0) for kind in kinds]
            yield [each.name, each.families, each.reported, each.percent, each.open, each.settled, *counted]


def _difference_rows(differences: DifferenceQuerySet) -> Iterable[Sequence[str | int]]:
    yield [
        _("Village"), _("Family"), _("Number"), _("Difference"), _("On file"), _("Reported"), _("Since"), _("State"),
        _("Settled as"), _("Reason"), _("Settled by"), _("Confirmed by"),
    ]  # fmt: skip
    rows = differences.select_related("family__unit", "pairing__helper", "helper").order_by("unit_path", "id")
    for each in rows[:MOST]:
        yield [
            each.family.unit.name,
            each.family.label,
            each.family.number,
            each.get_kind_display(),
            each.pairing.helper.name if each.pairing else "",
            each.helper.name if each.helper else each.named,
            each.since.isoformat() if each.since else "",
            each.get_state_display(),
            each.get_settlement_display() if each.settlement else "",
            codes.name("helper_end_reason", each.end_reason) if each.end_reason else "",
            each.settled_label,
            each.confirmed_label,
        ]
