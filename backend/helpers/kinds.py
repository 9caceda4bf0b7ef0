"""The twelve kinds of helper, shipped as data; a county changes its rows, not the code (domain.md section 7 no. 9)."""

import json
from pathlib import Path

from backend.helpers.models import HelperKind

SHIPPED = Path(__file__).parent / "data" / "kinds.json"


def load_kinds() -> int:
    """Add the kinds that are missing and leave those that are there as they are. Returns how many were added."""
    entries = json.loads(SHIPPED.read_text("utf-8"))
    known = set(HelperKind.objects.values_list("code", flat=True))
    fresh = [HelperKind(order=place, **entry) for place, entry in enumerate(entries) if entry["code"] not in known]
    HelperKind.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)
