"""A roster from the command line: the same dry run and application as through the API."""

from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backend.cases.models import Roster
from backend.cases.rosters import services
from backend.cases.rosters.places import place_of
from backend.cases.rosters.problems import message
from backend.core import checks
from backend.core.errors import DomainError
from backend.org.access import SYSTEM, Actor, actor_of
from backend.org.models import Unit, User

SHOWN = 20
"""Problems printed; the rest is counted."""


class Command(BaseCommand):
    """Dry run, report, and (without --dry-run) application with a progress bar."""

    # The secrets; Django's own checks would load every address of the API and the pages, and their memory.
    requires_system_checks = (checks.TAG,)
    help = "Imports a roster of families or helpers (.xlsx, .xls, .csv). Repeating a file changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """KIND FILE [--dry-run] [--unit CODE] [--user USERNAME] [--start-programme CODE]."""
        parser.add_argument("kind", choices=["families", "helpers"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only report what it would do")
        parser.add_argument(
            "--unit", help="code of the unit it is for; by default the smallest that holds all villages"
        )
        parser.add_argument("--user", help="user name of whoever uploads it; by default the system")
        parser.add_argument(
            "--start-programme", default="", help="code of a programme in which new families get a case"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Parse, dry run, print; then apply."""
        console = Console(file=self.stdout)  # type: ignore[arg-type]
        try:
            with Path(options["file"]).open("rb") as file:
                self._import(console, file, options)
        except OSError as wrong:
            raise CommandError(str(wrong)) from wrong
        except DomainError as refused:
            raise CommandError(f"{refused.code}: {refused}") from refused

    def _import(self, console: Console, file: BinaryIO, options: dict[str, Any]) -> None:
        now = timezone.now()
        unit = self._unit(file, options)
        request: dict[str, Any] = {"kind": options["kind"], "file": file, "name": options["file"].name, "unit": unit}
        actor = self._actor(options["user"], unit)
        if options["dry_run"]:
            self._report(console, services.preview(**request, actor=actor, now=now))
            return
        with transaction.atomic():
            roster = services.upload(**request, actor=actor, now=now, start_programme=options["start_programme"])
        self._report(console, services.dry_run(roster=roster, now=now))
        with self._bar(console) as bar:
            task = bar.add_task(roster.name, total=roster.total)
            services.apply(
                roster=roster, now=now, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )
        console.print(", ".join(f"{name}: {count}" for name, count in sorted(roster.counts.get("applied", {}).items())))

    def _unit(self, file: BinaryIO, options: dict[str, Any]) -> Unit:
        code = options["unit"]
        unit = Unit.objects.filter(code=code).first() if code else place_of(options["kind"], file)
        if unit is None:
            raise CommandError(_("Say for which unit the roster is: --unit CODE"))
        return unit

    def _actor(self, username: str | None, unit: Unit) -> Actor:
        if not username:
            return SYSTEM
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(_("There is no user %(name)s.") % {"name": username})
        return actor_of(user, action="roster.upload", path=unit.path)

    def _bar(self, console: Console) -> Progress:
        return Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )

    def _report(self, console: Console, roster: Roster) -> None:
        told = {name: count for name, count in roster.counts.items() if isinstance(count, int)}
        console.print(", ".join(f"{name}: {count}" for name, count in told.items()), soft_wrap=True)
        for problem in roster.problems[:SHOWN]:
            place = f"{problem['row']} {problem['column']} {problem['level']} {problem['code']}"
            console.print(f"  {place}: {message(problem)}", highlight=False, markup=False, soft_wrap=True)
        more = roster.counts["errors"] + roster.counts["warnings"] - SHOWN
        if more > 0:
            console.print(_("  … and %(count)s more") % {"count": more})
