"""The programmes, shipped as data; their codes are part of case numbers."""

import json
from pathlib import Path

from backend.cases.models import Programme

SHIPPED = Path(__file__).parent / "data" / "programmes.json"


def load_programmes() -> int:
    """Add the programmes that are missing and leave those that are there as they are. Returns how many were added."""
    entries = json.loads(SHIPPED.read_text("utf-8"))
    known = set(Programme.objects.values_list("code", flat=True))
    fresh = [Programme(**entry) for entry in entries if entry["code"] not in known]
    Programme.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)
