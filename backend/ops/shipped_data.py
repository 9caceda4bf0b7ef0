"""Data that come with the program: regions, code lists, parameters, kinds of helpers, programmes, the catalogue."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction

from backend.cases.programmes import load_programmes
from backend.helpers.kinds import load_kinds
from backend.org import regions
from backend.org.codes import load_codes
from backend.org.models import Unit
from backend.org.parameters import load_parameters
from backend.services.catalogue import load_catalogue
from backend.subsidies.shipped import load_standards


@transaction.atomic
def load_shipped_data(*, mark: Path, now: datetime) -> int:
    """Bring the database up to what is shipped; what an office set or added stays. Returns how many rows that took.

    Comparing 45,000 regions takes seconds, so the file `mark` remembers which edition was loaded last.
    """
    codes, parameters = sum(load_codes()), load_parameters()
    rows = load_kinds() + load_programmes() + load_catalogue() + load_standards()
    return _load_regions(mark, now) + codes + parameters + rows


def _load_regions(mark: Path, now: datetime) -> int:
    digest = hashlib.sha256(regions.FILE.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == digest and Unit.objects.exists():
        return 0
    made = sum(regions.load_regions(now=now, file=regions.FILE))
    # Only what is committed counts as loaded.
    transaction.on_commit(lambda: mark.write_text(digest))
    return made
