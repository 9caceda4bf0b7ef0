"""Says whether anything waits for nobody: numbers and ids, no names."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from workflows.integrity import SHOWN, WORDS, found


class Command(BaseCommand):
    help = "Looks for work that nobody can do and cases that wait for nothing; exit code 1 when there is any."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = 0
        for code, rows in found(timezone.now()).items():
            number = rows.count()
            faults += number
            ids = " ".join(str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:SHOWN])
            self.stdout.write(f"{number} {WORDS[code]}{f': {ids}' if ids else ''}")
        if faults:
            raise CommandError(f"{faults} faults", returncode=1)
