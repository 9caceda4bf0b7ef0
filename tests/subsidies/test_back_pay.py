"""E15: from the middle of the year on a standard is 590 instead of 450; what was paid by the old one is made up for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from backend.subsidies import back_pay
from backend.subsidies.models import Entitlement, Rate
from backend.subsidies.paid import payables_of
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.payments.owing import county
from tests.subsidies.paid import entitled, owed, paid_months

pytestmark = pytest.mark.django_db
JULY = date(2022, 7, 1)


@kept
def row() -> Entitlement:
    """A right of 450 yuan a month in 2022, paid until October; November waits; the standard is 590 from July on."""
    person = factories.person(factories.family(), name="周玉兰")
    made = entitled(person, (date(2022, 1, 1), "5400.00"), since=date(2022, 1, 1))
    paid_months(made, [f"2022-{month:02d}" for month in range(1, 11)], "450.00", timezone.now())
    owed(made, "2022-11", "450.00", timezone.now())
    Rate.objects.filter(entitlement=made).update(until_date=JULY)
    Rate.objects.create(
        entitlement=made, from_date=JULY, yearly=Decimal("7080.00"), standard_version="2",
        layers=[{"reference": "财教〔2022〕97号"}],
    )  # fmt: skip
    return made


def test_the_remaining_months_are_made_up_for_as_a_marked_adjustment(row: Entitlement) -> None:
    client = Caller(factories.user("county", role="county", unit=county()))
    said = {"since": "2022-07-01", "kind": row.kind}
    shown = client.get("back-pays/", **said).json()
    assert (shown["count"], shown["total"]) == (1, "700.00")  # five months, July to November, at 140 yuan
    assert not payables_of(row).filter(is_adjustment=True).exists()
    assert client.post("back-pays/", said).status_code == 201
    made = payables_of(row).get(is_adjustment=True)
    assert (made.amount, made.period, made.basis) == (Decimal("700.00"), "2022-07/2022-11", "财教〔2022〕97号")
    assert client.post("back-pays/", said).json()["count"] == 0
    assert payables_of(row).filter(is_adjustment=True).count() == 1
    assert payables_of(row).filter(amount=Decimal("450.00")).count() == 11


def test_less_is_never_taken_back_by_paying_less(row: Entitlement) -> None:
    Rate.objects.filter(entitlement=row, from_date=JULY).update(yearly=Decimal("4800.00"))
    assert back_pay.differences(Entitlement.objects.filter(pk=row.pk), since=JULY) == []


def test_a_year_that_does_not_divide_evenly_is_made_up_for_to_the_fen(row: Entitlement) -> None:
    Rate.objects.filter(entitlement=row, from_date=JULY).update(yearly=Decimal("7080.07"))
    owed(row, "2022-12", "450.00", timezone.now())
    (found,) = back_pay.differences(Entitlement.objects.filter(pk=row.pk), since=JULY)
    # What twelve months come to, less the first six, less what was owed.
    assert found.amount == Decimal("7080.07") - Decimal("3540.03") - Decimal("2700.00")
