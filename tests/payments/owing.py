"""What tests of payments stand on: a county's people, and amounts owed to families of its townships."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from backend.org.access import Actor
from backend.org.models import Unit
from backend.payments.models import Payable
from backend.payments.payables import owe
from tests.factories import actor, region, user

COUNTY = "120114000000"
ACCOUNT = "6217000010001234567"
CONFIRMER = UUID("00000000-0000-7000-8000-000000000001")
"""A county reviewer who has nothing else to do with the payments of a test."""


def county() -> Unit:
    """The county that pays."""
    return region(COUNTY)


def person(role: str = "finance", **fields: Any) -> Actor:
    """A new user of the county, acting."""
    return actor(user(role=role, unit=county(), **fields), role=role, unit=county())


def owed(now: datetime, amount: str = "590.00", **fields: Any) -> Payable:
    """An amount owed, by default to somebody who is nobody on file."""
    usual: dict[str, Any] = {
        "payee": None,
        "payee_label": "王秀英",
        "account_number": ACCOUNT,
        "purpose": "subsidy",
        "reference": ("entitlement", uuid4()),
        "period": "2026-07",
        "programme": "tefu",
        "basis": "财教〔2022〕97号",
        "confirmed_by": [CONFIRMER],
        "unit": county(),
        "actor": actor(role="county"),
    }
    return owe(amount=Decimal(amount), now=now, **{**usual, **fields})
