"""Whatever a command tells is stored, read again and found unaltered."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.audit.canonical import plain
from backend.audit.history import record
from backend.audit.models import Event
from backend.audit.verification import verify
from backend.org.access import SYSTEM

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
anything = st.text(st.characters(exclude_categories=()), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | anything
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.uuids()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(data=st.dictionaries(anything, values, max_size=4), reason=anything, label=anything)
def test_it_is_whole(data: dict[str, Any], reason: str, label: str) -> None:
    record(action="thing.told", actor=SYSTEM, now=NOW, data=data, reason=reason, label=label)
    assert verify(most=1).faults == []


def test_plain_data_keep_their_values() -> None:
    data = {"day": date(2026, 3, 2), "at": NOW, "id": UUID(int=7), "share": Decimal("0.05"), "big": 1e23, "set": {2, 1}}
    record(action="thing.told", actor=SYSTEM, now=NOW, data=data)
    assert Event.objects.get().data == {
        "day": "2026-03-02",
        "at": "2026-03-02T01:00:00.000000Z",
        "id": str(UUID(int=7)),
        "share": "0.05",
        "big": 10**23,
        "set": [1, 2],
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        record(action="thing.told", actor=SYSTEM, now=NOW, data={"value": value})


def test_plain_knows_its_limits() -> None:
    with pytest.raises(TypeError, match="plain data"):
        plain(object())
