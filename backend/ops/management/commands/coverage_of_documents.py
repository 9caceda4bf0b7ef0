"""Prints what does each thing that the documents name, and what shows it."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language
from rich.console import Console
from rich.table import Table

from backend.ops.coverage import Row, gaps, rows


class Command(BaseCommand):
    help = "Prints the 131 rows of the documents with what does each and what shows it; exit code 1 when one has a gap."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        table = rows()
        if options["json"]:
            self.stdout.write(json.dumps({row.number: vars(row) for row in table}, ensure_ascii=False, indent=1))
        else:
            Console(file=self.stdout).print(_shown(table))  # type: ignore[arg-type]
            out = sum(not row.by for row in table)
            self.stdout.write(f"{len(table)} rows, {out} left out, {sum(len(row.tests) for row in table)} tests")
        if wrong := gaps(table, settings.ROOT):
            raise CommandError("\n".join(wrong), returncode=1)


def _shown(table: list[Row]) -> Table:
    chinese = (get_language() or "").startswith("zh")
    shown = Table("", "", "", "", show_lines=False)
    for row in table:
        reason = row.left_out if chinese else row.left_out_en
        name = row.name if chinese else row.name_en
        shown.add_row(row.number, f"{name}\n[{reason}]" if reason else name, "\n".join(row.by), _proof(row))
    return shown


def _proof(row: Row) -> str:
    return "\n".join([*row.tests, *row.scenarios])
