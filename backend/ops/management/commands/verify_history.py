"""Says whether the history is as it was written; names everything that is not."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.audit.models import Event, Seal
from backend.audit.verification import Verdict, faults
from backend.cases.models import Case


class Command(BaseCommand):
    help = "Checks every event, chain and seal of the history; exit code 1 when something is altered, missing or moved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--case", default="", metavar="NUMBER", help="only the chain of this case")
        parser.add_argument("--since", metavar="DATE", help="only chains with an event since then (2026-03-02)")
        parser.add_argument(
            "--seal", default="", metavar="NUMBER:MAC", help="a seal noted from the log: it must be there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chain, since = _chain(options["case"]), _moment(options["since"])
        verdict = Verdict()
        with transaction.atomic(), _bar() as bar:
            bar.start()
            total = None if chain or since else Event.objects.count()
            task = bar.add_task("events", total=total)
            found = faults(
                verdict,
                chain=chain,
                since=since,
                seal=options["seal"],
                read=lambda events: bar.update(task, completed=events),
            )
            for fault in found:
                verdict.count += 1
                self.stdout.write(str(fault))
            bar.update(task, completed=verdict.events)
            last = Seal.objects.order_by("-number").first()
        self.stdout.write(f"{verdict.events} events in {verdict.chains} chains, {verdict.seals} seals")
        if last:
            self.stdout.write(f"last seal: {last.number}:{bytes(last.mac).hex()}")
        if not verdict.ok:
            raise CommandError(f"{verdict.count} faults: the history is not as it was written", returncode=1)
        self.stdout.write("the history is as it was written")


def _bar() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _chain(number: str) -> str:
    if not number:
        return ""
    case = Case.objects.filter(number=number).first()
    if case is None:
        raise CommandError(f"there is no case {number}", returncode=2)
    return f"case:{case.pk}"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"not a date: {text}", returncode=2) from error
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
