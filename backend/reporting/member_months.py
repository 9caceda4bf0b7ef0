"""What the system counts of a member unit's month: filled into its report (P14), frozen there when it is handed in."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from django.db.models import Count, Q

from backend.org.models import Unit
from backend.reporting import month as months
from backend.reporting.months import Month
from backend.services.models import Referral

OF_PLACES = ("families", "paired", "due", "made", "late", "missed", "alarms")
"""Numbers of backend.reporting.definitions that a community's report shows."""
OF_DEPARTMENTS = ("referrals_sent", "referrals_accepted", "referrals_declined", "referrals_delivered")


def counted(unit: Unit, first: date, now: datetime) -> dict[str, int]:
    """A community's families, helpers and visits; a department's referrals. Nothing tells of a person."""
    month = Month.of(first)
    return _of_place(unit, month, now) if unit.kind in months.PLACES else _of_department(unit, month)


def _of_place(unit: Unit, month: Month, now: datetime) -> dict[str, int]:
    total = sum(months.counts(unit.path, month, now).values(), Counter[str]())
    return {name: total[name] for name in OF_PLACES}


def _of_department(unit: Unit, month: Month) -> dict[str, int]:
    """Referrals that came in the month, and answers given in the month; delivered: of those accepted in it."""
    state, within = Referral.State, (month.begins_at, month.ends_at)
    sent = Q(created_at__gte=within[0], created_at__lt=within[1])
    answered = Q(answered_at__gte=within[0], answered_at__lt=within[1])
    found: dict[str, int] = Referral.objects.filter(sent | answered, unit=unit).aggregate(
        referrals_sent=Count("pk", filter=sent),
        referrals_accepted=Count("pk", filter=answered & ~Q(state__in=(state.DECLINED, state.SENT))),
        referrals_declined=Count("pk", filter=answered & Q(state=state.DECLINED)),
        referrals_delivered=Count("pk", filter=answered & Q(state=state.DELIVERED)),
    )
    return found
