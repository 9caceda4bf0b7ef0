"""Numbers of vouchers: drawn, never counted on, so that no number tells how many there were before it."""

from __future__ import annotations

import secrets

from backend.health.models import HealthService

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Nothing that is mistaken for something else when it is read out."""
PARTS, LENGTH = 2, 4


def draw_number() -> str:
    """A number that nobody has yet, such as JK-7KPD-QX3M: one of 32⁸."""
    while True:
        parts = ("".join(secrets.choice(LETTERS) for _letter in range(LENGTH)) for _part in range(PARTS))
        number = "-".join(("JK", *parts))
        if not HealthService.objects.filter(number=number).exists():
            return number
