"""Family doctors' contracts (P08): the office hears once before one ends, nobody by name, not when it was renewed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.cases.models import Person
from backend.health.contracts import warn_of_ends
from backend.health.models import HealthService
from backend.health.services import forget
from backend.org import parameters
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller
from tests.reminders.test_outbox import run

pytestmark = pytest.mark.django_db


def contract(person: Person, days: int, number: str = "A1") -> HealthService:
    """One that ends in so many days."""
    today = timezone.localdate()
    return HealthService.objects.create(
        number=number, kind="doctor_contract", person=person, place=factories.village(), outcome="registered",
        doctor="王医生", contract_from=today - timedelta(days=300), contract_to=today + timedelta(days=days),
    )  # fmt: skip


def test_told_once_before_it_ends() -> None:
    """30 days before, not 31; the parameter of the place decides."""
    now, person = timezone.now(), factories.person(factories.family())
    row = contract(person, 31)
    assert warn_of_ends(now) == 0
    assert warn_of_ends(now + timedelta(days=1)) == 1
    assert warn_of_ends(now + timedelta(days=2)) == 0
    told = Reminder.objects.get()
    assert (told.role, told.unit_id, told.label) == ("caseworker", factories.village().pk, row.number)
    assert person.name not in str(vars(told))
    value = parameters.value("health.rules", day=timezone.localdate(), default={}) | {"contract_days": 60}
    parameters.set_parameter(key="health.rules", value=value, from_date=timezone.localdate())
    contract(factories.person(factories.family(label="李家")), 45, "A2")
    assert warn_of_ends(now) == 1


def test_who_declines_is_in_no_reminder_any_more() -> None:
    """Neither in what was told nor in what waits; that something was told stays."""
    now, person = timezone.now(), factories.person(factories.family())
    row = contract(person, 10)
    caller = Caller(factories.user("cw", role="caseworker"))
    warn_of_ends(now)
    run(now)
    other = factories.person(factories.family(label="李家"))
    waiting = contract(other, 10, "A2")
    warn_of_ends(now)
    assert str(person.pk) in caller.get("me/reminders/").content.decode()
    for service in (row, waiting):
        forget(service=service, actor=factories.actor(), now=now)
    run(now + timedelta(days=1))
    said = caller.get("me/reminders/").content.decode()
    assert not [secret for secret in ("A1", "A2", str(person.pk), str(other.pk)) if secret in said]
    told = dict(Reminder.objects.values_list("key", "state"))
    assert sorted(told.values()) == ["dropped", "sent"]
    assert set(Reminder.objects.values_list("label", "label_en", "page")) == {("", "", "")}


def test_not_when_renewed_dead_or_over() -> None:
    person = factories.person(factories.family())
    contract(person, 10)
    contract(person, 375, "A2")
    dead = factories.person(factories.family(label="李家"), died_on=timezone.localdate())
    contract(dead, 10, "A3")
    contract(factories.person(factories.family(label="周家")), -1, "A4")
    assert warn_of_ends(timezone.now()) == 0
