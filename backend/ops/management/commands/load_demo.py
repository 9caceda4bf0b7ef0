"""`load_demo`: the invented township, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from backend.ops.demo import load_demo


class Command(BaseCommand):
    """Make the demo's people, rosters and cases, unless they are there."""

    help = "Loads invented families, helpers and accounts for trying things out. Repeating it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """[--password PASSWORD]."""
        parser.add_argument("--password", default="", help="of every demo account; by default JIEQIN_DEMO_PASSWORD")

    def handle(self, *args: Any, **options: Any) -> None:
        """One call, with a bar for each part."""
        password = options["password"] or settings.DEMO_PASSWORD
        if not settings.DEMO:
            raise CommandError(_("This is not a demo (JIEQIN_DEMO=0): demo accounts are not made."))
        if not password:
            raise CommandError(_("Say which password the demo accounts get: --password."))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        bars = Progress(*columns, console=Console(file=self.stdout))  # type: ignore[arg-type]
        names = {"families": _("Families"), "helpers": _("Helpers"), "cases": _("Cases")}
        tasks: dict[str, TaskID] = {}

        def show(part: str, done: int, total: int) -> None:
            bars.start()
            if part not in tasks:
                tasks[part] = bars.add_task(names[part], total=total)
            bars.update(tasks[part], completed=done, total=total)

        try:
            made = load_demo(password=password, now=timezone.now(), progress=show)
        finally:
            if tasks:
                bars.stop()
        if made:
            self.stdout.write(_("Demo loaded."))
