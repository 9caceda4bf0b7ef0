"""What a person has set for the pages. The names are few and known; the values are small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.desk.models import Preference
from backend.org.models import User


def preferences_of(user: User) -> dict[str, Any]:
    """All that is set, by name."""
    return dict(Preference.objects.visible_to(user).values_list("name", "value"))


def set_preferences(*, user: User, values: Mapping[str, Any]) -> None:
    """Set what is named; null takes a setting back."""
    gone = [name for name, value in values.items() if value is None]
    rows = [Preference(user=user, name=name, value=value) for name, value in values.items() if value is not None]
    if gone:
        Preference.objects.visible_to(user).filter(name__in=gone).delete()
    if rows:
        Preference.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["user", "name"], update_fields=["value"]
        )
