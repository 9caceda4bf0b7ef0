"""One of two workers that wake timers at the same time: waits for a line on its input, then says how many it woke."""

import os
import sys
from datetime import datetime

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
    django.setup()
    from backend.jobs.timers import wake_all  # models need the settings

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    now = datetime.fromisoformat(sys.stdin.readline().strip())
    sys.stdout.write(f"{wake_all(now)}\n")
