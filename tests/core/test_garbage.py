"""A web server's children look for garbage seldom, and not at all in what was loaded before they were forked."""

import subprocess
import sys

from django.conf import settings

from backend.core.garbage import THRESHOLDS

CHILD = """
import gc, os
from backend.ops import webserver
loaded = len(gc.get_objects())
webserver.when_ready(None)
if os.fork() == 0:
    print(gc.get_threshold(), gc.get_freeze_count() > 0.9 * loaded, len(gc.get_objects()) < 0.1 * loaded, flush=True)
    os._exit(0)
os.wait()
"""


def test_what_was_loaded_is_not_looked_through_again() -> None:
    told = subprocess.run([sys.executable, "-c", CHILD], cwd=settings.ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == f"{THRESHOLDS} True True"
