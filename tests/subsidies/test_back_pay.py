"""E15: from the middle of the year on a standard is 590 instead of 450; what was paid by the old one is made up for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.subsidies import back_pay
from backend.subsidies.models import Entitlement, Rate
from backend.subsidies.months import later
from backend.subsidies.owing import owe_due
from backend.subsidies.paid import due_in, owed_by_month, payables_of, shares
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.payments.owing import county
from tests.subsidies.paid import entitled, owed, paid_months

pytestmark = pytest.mark.django_db
JANUARY, JULY = date(2022, 1, 1), date(2022, 7, 1)


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


# --- months that are short of different sums


def raised(made: Entitlement, *raises: tuple[date, str]) -> None:
    """Another rate from each of these months on, that much a month more."""
    for month, more in raises:
        held = made.rates.filter(from_date__lte=month).latest("from_date")
        if held.from_date < month:
            until, held.until_date = held.until_date, month
            held.save(update_fields=["until_date"])
            Rate.objects.create(
                entitlement=made, from_date=month, until_date=until, yearly=held.yearly, standard_version="2",
                layers=held.layers,
            )  # fmt: skip
        made.rates.filter(from_date__gte=month).update(yearly=F("yearly") + 12 * Decimal(more))


def confirm(made: Entitlement, since: date = JANUARY) -> list[back_pay.Difference]:
    rights = Entitlement.objects.filter(pk=made.pk)
    return back_pay.draw_up(rights, since=since, actor=factories.actor(role="county"), now=timezone.now())


@pytest.fixture
def whole_year() -> Entitlement:
    """450 yuan a month, 5,400 owed for 2022; the province gives 50 more from January, the country 140 from July."""
    person = factories.person(factories.family(), name="周玉兰")
    made = entitled(person, (JANUARY, "5400.00"), since=JANUARY)
    owed(made, "2022", "5400.00", timezone.now())
    raised(made, (JANUARY, "50.00"), (JULY, "140.00"))
    return made


def test_two_raises_of_a_year_are_made_up_for_once(whole_year: Entitlement) -> None:
    client = Caller(factories.user("county", role="county", unit=county()))
    said = {"since": "2022-01-01", "kind": whole_year.kind}
    assert client.post("back-pays/", said).json()["total"] == "1440.00"
    made = payables_of(whole_year).get(is_adjustment=True)
    assert (made.period, made.amount) == ("2022-01/2022-12", 6 * Decimal(50) + 6 * Decimal(190))
    assert (shares(made)[date(2022, 6, 1)], shares(made)[JULY]) == (Decimal("50.00"), Decimal("190.00"))
    assert client.post("back-pays/", said).json()["total"] == "0.00"


def test_a_month_between_that_was_not_drawn_up_is_owed_later(db: None) -> None:
    """What is short in July and in September is not owed for August, too."""
    whole = entitled(factories.person(factories.family(), name="孙桂兰"), (JANUARY, "5400.00"), since=JANUARY)
    whole.confirmed_by = factories.user(role="county", unit=county())
    whole.save(update_fields=["confirmed_by"])
    for month in (7, 9):
        owed(whole, f"2022-{month:02d}", "450.00", timezone.now())
    raised(whole, (JULY, "140.00"))
    confirm(whole)
    assert payables_of(whole).get(is_adjustment=True).period == "2022-07/2022-09"
    assert date(2022, 8, 1) not in owed_by_month(whole)


month_of_2022 = st.integers(min_value=1, max_value=12).map(lambda number: date(2022, number, 1))
fen = st.integers(min_value=1, max_value=99_999).map(lambda number: (Decimal(number) / 100).quantize(Decimal("0.01")))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(month_of_2022, fen, st.booleans()), min_size=1, max_size=5), fen)
def test_whatever_is_raised_nothing_is_short_once_it_is_confirmed(
    db: None, raises: list[tuple[date, Decimal, bool]], yearly: Decimal
) -> None:
    """And what is owed for each month is what the rates give for it, to the fen."""
    with transaction.atomic():
        made = entitled(factories.person(factories.family()), (JANUARY, str(1000 + yearly)), since=JANUARY)
        made.confirmed_by = factories.user(role="county", unit=county())
        made.save(update_fields=["confirmed_by"])
        raised(made, (raises[0][0], str(raises[0][1])))
        owe_due(timezone.now().replace(year=2022, month=1, day=2))
        for month, more, at_once in raises:
            raised(made, (month, str(more)))
            if at_once:
                confirm(made)
        confirm(made)
        assert back_pay.differences(Entitlement.objects.filter(pk=made.pk), since=JANUARY) == []
        found = owed_by_month(Entitlement.objects.get(pk=made.pk))
        assert found == {later(JANUARY, number): due_in(made, later(JANUARY, number)) for number in range(12)}
        transaction.set_rollback(True)


def test_sums_of_before_tell_their_months_where_the_rates_come_to_them(whole_year: Entitlement) -> None:
    confirm(whole_year)
    payables_of(whole_year).update(months={})
    assert confirm_finds(whole_year)
    tell = import_module("backend.subsidies.migrations.0005_sums_tell_their_months").tell_months
    tell(apps, None)
    assert not confirm_finds(whole_year)
    first = payables_of(whole_year).get(is_adjustment=False)
    assert (first.months, set(shares(first).values())) == ({}, {Decimal("450.00")})


def confirm_finds(made: Entitlement) -> bool:
    return bool(back_pay.differences(Entitlement.objects.filter(pk=made.pk), since=JANUARY))
