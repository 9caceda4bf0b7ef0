"""A bearer token for a program."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backend.administration.log_in import create_token
from backend.org.access import SYSTEM
from backend.org.models import User

LONGEST_DAYS = 366


class Command(BaseCommand):
    """Print a token with which a program acts as this user."""

    help = "Prints a bearer token for a user. It expires, can be revoked, and is shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        """User name, label, days."""
        parser.add_argument("username")
        parser.add_argument("--label", default="command line", help="what it is for")
        parser.add_argument("--days", type=int, default=30, help=f"days until it expires, at most {LONGEST_DAYS}")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Parse, one call, print."""
        if not 1 <= options["days"] <= LONGEST_DAYS:
            raise CommandError(f"--days: 1 … {LONGEST_DAYS}")
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(_("There is no user %(username)s.") % {"username": options["username"]})
        now = timezone.now()
        expires_at = now + timedelta(days=options["days"])
        issued = create_token(user=user, label=options["label"][:60], expires_at=expires_at, actor=SYSTEM, now=now)
        self.stdout.write(issued.plain)
