"""A one-time password for somebody who forgot the old one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backend.administration.users import reset_password
from backend.org.access import SYSTEM
from backend.org.models import User


class Command(BaseCommand):
    """Give a one-time password; the lock-out and all tokens end."""

    help = "Prints a one-time password for a user, who has to change it at the first log-in."

    def add_arguments(self, parser: CommandParser) -> None:
        """The user name."""
        parser.add_argument("username")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Parse, one call, print."""
        try:
            user = User.objects.get(username=options["username"])
        except User.DoesNotExist as error:
            raise CommandError(_("There is no user %(username)s.") % {"username": options["username"]}) from error
        self.stdout.write(reset_password(user=user, actor=SYSTEM, now=timezone.now()))
