"""What falls due is owed: each month, or each year, once, by the county, and not while a change is looked into."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from django.utils import timezone

from backend.org.parameters import load_parameters, set_parameter
from backend.payments.models import Payable
from backend.subsidies import reviews
from backend.subsidies.models import AnnualReview, Entitlement, Exit, ReviewCheck
from backend.subsidies.owing import first_owed, owe_due
from backend.subsidies.paid import payables_of
from tests import factories
from tests.kept import kept
from tests.payments.owing import county
from tests.subsidies.paid import entitled, owed

pytestmark = pytest.mark.django_db

SINCE = date(2026, 1, 1)


def on(day: date) -> datetime:
    return datetime.combine(day, time(5, 7), timezone.get_default_timezone())


@kept
def row() -> Entitlement:
    """590 yuan a month, confirmed by a named officer, of a woman in 赵庄村."""
    county()
    person = factories.person(factories.family(), name="周玉兰", birth_date=date(1950, 3, 1))
    made = entitled(person, since=SINCE)
    made.confirmed_by = factories.user("county", role="county", unit=county())
    made.save(update_fields=["confirmed_by"])
    return made


def monthly() -> None:
    load_parameters()
    set_parameter(key="subsidy.owed_every", value="month", from_date=date(2024, 1, 1), source="test")


def listed(row: Entitlement, year: int, state: str) -> ReviewCheck:
    """In the village's review of that year."""
    review = AnnualReview.objects.create(
        unit=row.unit, year=year, opens_on=SINCE, warn_on=SINCE, closes_on=SINCE, opened_label="系统"
    )
    return ReviewCheck.objects.create(review=review, entitlement=row, unit_path=row.unit.path, state=state)


def found_alive(check: ReviewCheck, now: datetime) -> None:
    """Somebody was there."""
    day, actor = timezone.localdate(now), factories.actor(factories.user(role="village"))
    reviews.check(row=check, method="home", checked_on=day, changed=False, actor=actor, now=now)


def periods(row: Entitlement) -> list[tuple[str, Decimal]]:
    """Periods and yuan that are owed."""
    rows = payables_of(row).exclude(state="cancelled").order_by("period")
    return list(rows.values_list("period", "amount"))


def test_each_month_is_owed_once_by_the_county(row: Entitlement) -> None:
    monthly()
    assert [owe_due(on(date(2026, 1, day))) for day in (1, 1, 31)] == [1, 0, 0]
    assert owe_due(on(date(2026, 2, 3))) == 1
    assert periods(row) == [("2026-01", Decimal("590.00")), ("2026-02", Decimal("590.00"))]
    owing = Payable.objects.first()
    assert owing is not None
    assert (owing.unit, owing.unit_path) == (county(), row.unit.path)
    assert owing.confirmed_by == [row.confirmed_by_id]


def test_nights_without_anybody_are_made_up_for(row: Entitlement) -> None:
    monthly()
    owe_due(on(SINCE))
    assert owe_due(on(date(2026, 4, 9))) == 3
    assert [period for period, _yuan in periods(row)] == ["2026-01", "2026-02", "2026-03", "2026-04"]


def test_what_was_taken_over_begins_with_this_month(row: Entitlement) -> None:
    monthly()
    owe_due(on(date(2026, 6, 1)))
    assert [period for period, _yuan in periods(row)] == ["2026-06"]


def test_a_year_at_once_where_the_place_has_it_so(row: Entitlement) -> None:
    assert [owe_due(on(date(2026, 1, 2))), owe_due(on(date(2026, 8, 1)))] == [1, 0]
    assert periods(row) == [("2026", Decimal("7080.00"))]
    assert owe_due(on(date(2027, 1, 1))) == 1
    assert [period for period, _yuan in periods(row)] == ["2026", "2027"]


def test_the_first_year_names_its_months(row: Entitlement) -> None:
    """Else its sum would be divided among months for which nothing was given."""
    row.from_date = date(2026, 5, 1)
    [first] = first_owed(row, confirmed_by=frozenset(), day=SINCE)
    assert (first.period, first.amount) == ("2026-05/2026-12", Decimal("4720.00"))
    monthly()
    assert first_owed(row, confirmed_by=frozenset(), day=SINCE) == []


def test_who_ended_is_owed_the_months_before(row: Entitlement) -> None:
    row.until_date = date(2026, 3, 1)
    row.save(update_fields=["until_date"])
    assert (owe_due(on(date(2026, 2, 1))), owe_due(on(date(2026, 3, 1)))) == (1, 0)
    assert periods(row) == [("2026-01/2026-02", Decimal("1180.00"))]


def test_a_change_of_the_way_owes_nothing_twice(row: Entitlement) -> None:
    owed(row, "2026-01", "590.00", on(SINCE))
    assert owe_due(on(date(2026, 2, 1))) == 1
    assert periods(row) == [("2026-01", Decimal("590.00")), ("2026-02/2026-12", Decimal("6490.00"))]
    monthly()
    assert owe_due(on(date(2026, 3, 1))) == 0


def test_an_adjustment_is_no_month(row: Entitlement) -> None:
    """A difference paid after for some months keeps no later month from being owed."""
    monthly()
    owe_due(on(SINCE))
    owed(row, "2026-01/2026-01", "10.00", on(SINCE))
    assert owe_due(on(date(2026, 2, 1))) == 1


def test_nothing_while_a_change_is_looked_into(row: Entitlement) -> None:
    monthly()
    looked_into = Exit.objects.create(
        number="TC-1", entitlement=row, unit=row.unit, source="report", reason="moved_out", happened_on=SINCE,
        reported_label="村里",
    )  # fmt: skip
    assert owe_due(on(date(2026, 1, 1))) == 0
    looked_into.state = Exit.State.CONTINUED
    looked_into.save(update_fields=["state"])
    assert owe_due(on(date(2026, 1, 20))) == 1


def test_nothing_for_who_was_not_checked(row: Entitlement) -> None:
    monthly()
    check = listed(row, 2026, "held")
    assert owe_due(on(date(2026, 2, 1))) == 0
    check.delete()
    assert owe_due(on(date(2026, 2, 2))) == 1


def test_who_was_not_found_alive_is_owed_no_arrears_in_january(row: Entitlement) -> None:
    """Nothing unpaid was there to be held: the new year asks first, and pays when somebody has seen the person."""
    monthly()
    owe_due(on(SINCE))
    listed(row, 2026, "held")
    asked = listed(row, 2027, "todo")
    assert [owe_due(on(date(2027, month, 1))) for month in (1, 2)] == [0, 0]
    found_alive(asked, on(date(2027, 2, 1)))
    assert owe_due(on(date(2027, 2, 2))) == 13


def test_who_is_seen_the_year_after_is_paid_what_was_held(row: Entitlement) -> None:
    monthly()
    owe_due(on(SINCE))
    unseen = listed(row, 2026, "todo")
    reviews.hold_unchecked(review=unseen.review, reason="联系不上", actor=factories.actor(), now=on(SINCE))
    assert Payable.objects.get().is_held
    found_alive(listed(row, 2027, "todo"), on(date(2027, 2, 1)))
    assert not Payable.objects.get().is_held
    assert owe_due(on(date(2027, 2, 2))) == 13


def test_nobody_confirmed_it_nobody_owes_it(row: Entitlement) -> None:
    monthly()
    row.confirmed_by = None
    row.save(update_fields=["confirmed_by"])
    assert owe_due(on(SINCE)) == 0
