"""Brings the tree of regions up to the shipped file, or to another one of the same form."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from backend.org.regions import FILE, load_regions


class Command(BaseCommand):
    help = "Loads regions (code, level, name, parent) into the tree of units; repeating it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            made, changed = load_regions(now=timezone.now(), file=options["file"])
        self.stdout.write(f"regions: {made} new, {changed} changed")
