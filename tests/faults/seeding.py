"""Fill a running system with errands: `python -m tests.faults.seeding COUNT` prints a token and the open items."""

import json
import os
import sys
from datetime import timedelta

import django


def main(count: int) -> None:
    """One village worker with `count` open work items, each of a case of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from backend.administration.log_in import create_token
    from backend.org.access import SYSTEM
    from tests import factories
    from tests.workflows.stage import MODELS
    from workflows import deployment, services
    from workflows.models import WorkItem

    now = timezone.now()
    with transaction.atomic():
        deployment.deploy_folder(MODELS, actor=SYSTEM, now=now)
        worker = factories.user(role="village")
        for _ in range(count):
            services.start(process="errand", case=factories.case(), actor=SYSTEM, now=now)
        token = create_token(user=worker, label="faults", expires_at=now + timedelta(hours=1), actor=SYSTEM, now=now)
    items = [str(pk) for pk in WorkItem.objects.filter(step="take_note", state="open").values_list("pk", flat=True)]
    sys.stdout.write(json.dumps({"token": token.plain, "items": items}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
