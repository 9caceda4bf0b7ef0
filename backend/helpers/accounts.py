"""The account by which a helper can be reached: only one that may do a helper's work counts."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from backend.core import prepared
from backend.helpers.models import Helper
from backend.org.models import Membership


def account_of(helper: Helper, day: date) -> UUID | None:
    """The helper's user, when active and in the role of a helper on that day; else somebody else has to ask or go."""
    if helper.user_id is None:
        return None
    return helper.user_id if _roles(day)(helper.user_id) else None


@lru_cache(maxsize=64)
def _roles(day: date) -> Callable[[UUID], list[tuple[Any, ...]]]:
    """The memberships by which an account works as a helper that day."""
    held = Membership.objects.on(day).filter(role="helper", user__is_active=True)
    return prepared.question(lambda user: held.filter(user=user).values_list("pk"))
