"""Processes from bpmn/ into the database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backend.org.access import SYSTEM
from workflows.deployment import ModelNotFit, RunningNotFit, deploy_folder, earlier


class Command(BaseCommand):
    """Deploy every process under bpmn/: all or none; unchanged ones keep their version, earlier ones are taken up."""

    help = (
        "Deploys every process under bpmn/. Changed ones get a new version, earlier content is taken again; running "
        "instances stay on theirs. Refused, with nothing changed, when one of these does not fit this program."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Parse, one call, print."""
        try:
            deployed = deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=timezone.now())
        except (ModelNotFit, RunningNotFit) as refusal:
            problems = "\n".join(f"  {each.pointer} {each.code}: {each.message}" for each in refusal.problems)
            raise CommandError(f"{refusal.code}: {refusal}\n{problems}") from refusal
        new = [f"{process.key} {process.number}" for process, is_new in deployed if is_new]
        old = [f"{process.key} {process.number}" for process in earlier(process for process, is_new in deployed)]
        told = {"count": len(deployed), "new": ", ".join(new) or "-", "old": ", ".join(old) or "-"}
        self.stdout.write(_("Processes: %(count)s; new versions: %(new)s; earlier versions: %(old)s") % told)
