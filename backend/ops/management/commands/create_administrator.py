"""The first account of an empty system."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backend.administration.first_administrator import make_first_administrator


class Command(BaseCommand):
    """Make the first administrator; nothing when there is any account."""

    help = "Makes the first administrator of an empty system and prints the one-time password."

    def add_arguments(self, parser: CommandParser) -> None:
        """The user name."""
        parser.add_argument("--username", default="admin")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Parse, one call, print."""
        username: str = options["username"]
        if password := make_first_administrator(username=username, now=timezone.now()):
            told = {"username": username, "password": password}
            self.stdout.write(
                _("Administrator %(username)s, one-time password %(password)s (shown only now; change it first)") % told
            )
