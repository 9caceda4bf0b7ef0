"""Brings the shipped code lists and parameters up to their files."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from backend.org.codes import load_codes
from backend.org.parameters import load_parameters


class Command(BaseCommand):
    help = "Loads the shipped code lists and parameters; an office's own rows stay, repeating it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            made, changed = load_codes()
            set_anew = load_parameters()
        self.stdout.write(f"codes: {made} new, {changed} changed; parameters: {set_anew} set")
