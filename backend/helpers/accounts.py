"""The account by which a helper can be reached: only one that may do a helper's work counts."""

from datetime import date
from uuid import UUID

from backend.helpers.models import Helper
from backend.org.models import Membership


def account_of(helper: Helper, day: date) -> UUID | None:
    """The helper's user, when active and in the role of a helper on that day; else somebody else has to ask or go."""
    if helper.user_id is None:
        return None
    held = Membership.objects.on(day).filter(user=helper.user_id, role="helper", user__is_active=True)
    return helper.user_id if held.exists() else None
