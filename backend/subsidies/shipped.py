"""The standards that come with the program: `data/standards.json`, published amounts and marked local examples."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from backend.subsidies.models import Standard

FILE = Path(__file__).parent / "data" / "standards.json"


def load_standards(*, file: Path = FILE) -> int:
    """Store the shipped standards that are not there yet; returns how many were new.

    A row that is there stays as it is: amounts were decided by it. A correction is a new row with its own day.
    """
    shipped = [_standard(row) for row in json.loads(file.read_text(encoding="utf-8"))]
    known = set(Standard.objects.filter(code__in=[row.code for row in shipped]).values_list("code", flat=True))
    new = [row for row in shipped if row.code not in known]
    Standard.objects.bulk_create(new)
    return len(new)


def _standard(row: dict[str, Any]) -> Standard:
    values = dict(row)
    for name in ("from_date", "to_date"):
        if name in values:
            values[name] = date.fromisoformat(values[name])
    for name in ("amount", "factor"):
        if name in values:
            values[name] = Decimal(values[name])
    return Standard(**values)
