"""Static files, gathered from all packages with a digest in their names, so that browsers may keep them for ever."""

import hashlib

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

UNUSED = ("redoc",)
"""Of the packages for the API's documentation: a second viewer, larger than all else."""


def collect_static() -> bool:
    """Gather them when any has changed since the last time; says whether it did."""
    mark = settings.DATA / "static.digest"
    digest = _digest()
    if mark.exists() and mark.read_text() == digest:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=[*UNUSED])
    mark.write_text(digest)
    return True


def _digest() -> str:
    """What tells whether a file has changed: name, size and time."""
    lines = [settings.STORAGES["staticfiles"]["BACKEND"]]
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = (settings.ROOT / storage.path(name)).stat()
            lines.append(f"{storage.path(name)} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
