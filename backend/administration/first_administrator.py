"""The first account of an empty system: from it come all others."""

from datetime import datetime

from django.utils import timezone

from backend.administration.memberships import grant_membership
from backend.administration.users import create_user, one_time_password
from backend.org.access import SYSTEM
from backend.org.models import Unit, User


def make_first_administrator(*, username: str, now: datetime) -> str | None:
    """A security administrator, who may make users and give roles; returns the one-time password, told only here.

    Nothing (None) when there is any account already. Needs the regions: an administrator belongs to a unit.
    """
    if User.objects.exists():
        return None
    password = one_time_password()
    user = create_user(username=username, name=username, password=password, actor=SYSTEM, now=now)
    unit = Unit.objects.filter(parent=None).earliest("code")
    today = timezone.localdate(now)
    grant_membership(user=user, role="secadmin", unit=unit, from_date=today, actor=SYSTEM, now=now)
    return password
