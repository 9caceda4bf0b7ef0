"""Emergencies told without an account (E8): the least that somebody has to say, a drawn receipt, and a limit.

Nothing kept is ever shown to whoever told it: the answer is a receipt and the numbers to call. What comes in is
unverified until the person on duty has heard or seen it; whether two tell of the same, that person says.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import DomainError
from backend.emergencies.models import Incident
from backend.org import parameters
from backend.org.models import Membership, Unit

CHANNEL = "public"
"""A code of the list emergency_channel."""
FIRE = "fire"
"""The kind that is fire or gas (list emergency_kind): the fire brigade's, whoever tells it."""
KEY = "emergency.public"
MOST_PER_HOUR = 20
"""Where the parameter is not set."""
MOST_PLACES = 500


class TooManyReports(DomainError):
    """More than a place can have in an hour: the telephone is quicker."""

    code = "too_many_reports"
    status = 429
    message = _("Too many reports have come in for this place: call 110, 120 or 119.")


def places(day: date) -> QuerySet[Unit]:
    """Towns and neighbourhoods that can be named: of some 40,000 in the country those for which somebody works here."""
    return _towns(day).order_by("code")[:MOST_PLACES]


def place_named(code: str, day: date) -> Unit | None:
    """The town of that code, or none."""
    return _towns(day).filter(code=code).first()


def _towns(day: date) -> QuerySet[Unit]:
    """Somebody has a role in the town, in a village of it or in its county."""
    manned = Membership.objects.on(day)
    near = (
        Q(pk__in=manned.values("unit")) | Q(pk__in=manned.values("unit__parent")) | Q(parent__in=manned.values("unit"))
    )
    return Unit.objects.filter(near, kind=Unit.Kind.TOWN, valid_to__isnull=True).select_related("parent")


def check_number(office: Unit, now: datetime) -> None:
    """Raises TooManyReports when the office has had as many within the hour as it can look at."""
    limits = parameters.value(KEY, path=office.path, day=timezone.localdate(now), default={})
    came = Incident.objects.filter(office=office, unverified=True, created_at__gt=now - timedelta(hours=1))
    if came.count() >= int(limits.get("most_per_hour", MOST_PER_HOUR)):
        raise TooManyReports
