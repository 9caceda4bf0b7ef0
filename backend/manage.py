#!/usr/bin/env python
"""Commands of the project: `python backend/manage.py help`."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run one command with the repository's root, not backend/, on the import path (else models get two names)."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != here)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
