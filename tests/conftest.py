"""What all tests share: a real PostgreSQL, a fixed hour, readable failures."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    """Monday 2 March 2026, nine in the morning at Shanghai: the hour at which most tests begin."""
    return datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
