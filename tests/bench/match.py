"""Works one batch of proposals out, in a process of its own: `python -m tests.bench.match <id of the batch>`."""

import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from backend.helpers.models import Batch  # models need the settings
    from backend.helpers.proposals import run_batch

    with transaction.atomic():
        run_batch(batch=Batch.objects.get(pk=sys.argv[1]), now=timezone.now())
