"""`make run`: everything on one machine."""

import os
import signal
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from backend.core import checks, keys
from backend.core.environment import number, text
from backend.core.errors import DomainError
from backend.core.processes import end_with_parent
from backend.ops import startup
from backend.ops.catalogues import compile_catalogues
from backend.ops.shipped_data import load_shipped_data
from backend.ops.startup import FolderNotWritable, Place
from backend.ops.static_files import collect_static
from backend.ops.supervisor import Supervisor
from backend.org.models import User


class Command(BaseCommand):
    """Start database, web and worker; print the address and the accounts; stop everything on Ctrl-C."""

    help = "Starts database, web and worker, and stops them on Ctrl-C."
    requires_system_checks = ()  # the own one is made below, when the secrets are there; `make check` makes all
    began = 0.0

    def handle(self, *args: Any, **options: Any) -> None:
        """Until Ctrl-C, or SIGTERM, or the terminal is closed."""
        _listen_to_signals()
        if "MAKELEVEL" in os.environ:
            end_with_parent(signal.SIGTERM)
        self.began = time.monotonic()
        compile_catalogues(settings.ROOT)
        place = Place(data=settings.DATA, host=text("JIEQIN_BIND", "127.0.0.1"), port=number("PORT", 8000))
        with translation.override(_terminal_language()):
            try:
                self._keep_secrets(place)
                self.check(tags=[checks.TAG])
                with startup.sole_run(place):
                    self._serve(place)
            except DomainError as error:
                raise CommandError(str(error)) from error
            except KeyboardInterrupt:
                self.say(_("Stopped."))

    def _keep_secrets(self, place: Place) -> None:
        """On the first run, make the secrets that the environment does not give, and begin again with them.

        A real system on a database elsewhere needs them from its environment: this folder may not outlive it.
        """
        given = text("JIEQIN_SECRET_KEY", "") and text("JIEQIN_FIELD_KEYS", "")
        if given or settings.KEPT or (text("DATABASE_URL", "") and not settings.DEMO):
            return
        try:
            keys.make(place.data)
        except OSError as error:
            raise FolderNotWritable(params={"folder": place.data, "reason": error.strerror}) from error
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.argv])

    def _serve(self, place: Place) -> None:
        supervisor = Supervisor(report=self.say)
        try:
            startup.check_port(place)
            self._prepare(supervisor, place)
            startup.start_programs(supervisor, place)
            startup.wait_until_ready(supervisor, place)
            self._welcome(place)
            supervisor.watch()
        finally:
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, signal.SIG_IGN)
            if supervisor.programs:
                self.say(_("Stopping ..."))
            supervisor.stop()

    def _prepare(self, supervisor: Supervisor, place: Place) -> None:
        """Database, tables, files, processes, first accounts."""
        if not text("DATABASE_URL", ""):
            startup.start_database(supervisor, place)
        self.say(_("Database ready: PostgreSQL %(version)s") % {"version": startup.check_database()})
        if applied := startup.migrate():
            self.say(_("Tables brought up to date: %(count)s migrations") % {"count": applied})
        if not settings.DEMO:
            startup.refuse_demo_accounts()
        if collect_static():
            self.say(_("Static files gathered"))
        if rows := load_shipped_data(mark=place.data / "regions.digest", now=timezone.now()):
            self.say(_("Shipped data loaded (regions, code lists …): %(rows)s rows") % {"rows": rows})
        call_command("deploy_processes", stdout=self.stdout)
        call_command("load_demo" if settings.DEMO else "create_administrator", stdout=self.stdout)
        connection.close()

    def _welcome(self, place: Place) -> None:
        seconds = time.monotonic() - self.began
        self.say("")
        self.say(
            _("Jieqin is ready after %(seconds).1f s: %(address)s") % {"seconds": seconds, "address": place.address}
        )
        if settings.DEMO:
            self._list_accounts()
        self.say(_("Logs: %(folder)s. Ctrl-C stops everything.") % {"folder": place.logs})

    def _list_accounts(self) -> None:
        """One account per role, with the password that all share."""
        table = Table(title=_("Demo accounts, password %(password)s") % {"password": settings.DEMO_PASSWORD})
        for heading in (_("user name"), _("role"), _("unit")):
            table.add_column(heading)
        for user in User.objects.filter(is_demo=True, is_active=True).order_by("created_at", "username"):
            held = user.memberships_held(timezone.localdate()).first()
            table.add_row(user.username, held.get_role_display() if held else "", held.unit.name if held else "")
        connection.close()
        Console(file=sys.stdout, soft_wrap=True).print(table)

    def say(self, line: str) -> None:
        """One line for the person at the terminal, at once."""
        self.stdout.write(line)
        self.stdout.flush()


def _listen_to_signals() -> None:
    """End in order on each of them; also when a script's shell started us deaf to Ctrl-C, but not against `nohup`."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _terminal_language() -> str:
    """Chinese on a Chinese terminal, else English."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh-hans" if locale.startswith("zh") else "en"
