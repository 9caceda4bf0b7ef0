"""Family doctors' contracts: the office hears before one ends, so that the family can renew it (P08, W10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from backend.audit.history import kind_of
from backend.health.models import HealthService
from backend.health.rules import rules
from backend.reminders.models import Reminder
from backend.reminders.outbox import intend_all, reminder_for, role_at

LONGEST = timedelta(days=90)
"""The parameter's largest `contract_days`."""


def warn_of_ends(now: datetime) -> int:
    """Tell the caseworkers once of each contract that ends soon and was not renewed; returns of how many.

    They alone read who has one: nothing is told to villages, and no reminder names a person.
    """
    today = timezone.localdate(now)
    contracts = HealthService.objects.filter(
        kind=HealthService.Kind.DOCTOR_CONTRACT, outcome=HealthService.Outcome.REGISTERED, person__died_on__isnull=True
    )
    renewed = contracts.filter(person=OuterRef("person"), contract_to__gt=OuterRef("contract_to"))
    ending = contracts.filter(contract_to__range=(today, today + LONGEST)).exclude(Exists(renewed))
    due = {
        f"contract:{row.pk}:ends": row
        for row in ending.select_related("place")
        if row.contract_to and row.contract_to - _lead(row, now) <= today
    }
    known = set(Reminder.objects.filter(key__in=due).values_list("key", flat=True))
    fresh = {key: row for key, row in due.items() if key not in known}
    intend_all(
        reminder_for(
            role_at("caseworker", row.place),
            kind="health.contract_ends",
            key=key,
            about_kind=kind_of(row),
            about_id=row.pk,
            unit_path=row.unit_path,
            label=row.number,
            label_en=row.number,
            page=f"/health/persons/{row.person_id}/",
            created_at=now,
        )
        for key, row in fresh.items()
    )
    return len(fresh)


def _lead(row: HealthService, now: datetime) -> timedelta:
    """How long before its end it is told."""
    return timedelta(days=rules(row.unit_path, timezone.localdate(now))["contract_days"])
