"""The numbers that health services go by: the parameter `health.rules`, by area and day (P08)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from backend.org import parameters

KEY = "health.rules"
DEFAULTS: Mapping[str, int] = {
    "voucher_days": 180,
    "appointment_days": 15,
    "report_days": 7,
    "review_days": 182,
    "supply_days": 30,
    "supply_months": 6,
    "round_years": 3,
    "smallest_count": 5,
    "counts_close_day": 5,
    "contract_days": 30,
}
"""Where the parameter is not set."""


def rules(path: str, day: date) -> dict[str, int]:
    """All of them, as they hold at that place on that day."""
    return {**DEFAULTS, **parameters.value(KEY, path=path, day=day, default=DEFAULTS)}
