"""下朱庄 (Q10): parents of an only child get 100 yuan more a month from the wife's age of 45; nobody applies again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from backend.audit.models import Event
from backend.jobs.subsidies import raise_rates
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.parameters import set_parameter
from backend.payments.models import Payable
from backend.subsidies import ages, back_pay, owing
from backend.subsidies.models import Entitlement, Standard
from tests import factories
from tests.kept import kept
from tests.payments.owing import county
from tests.subsidies.paid import entitled
from workflows import deployment, subsidy_tables

pytestmark = pytest.mark.django_db
JANUARY = date(2026, 1, 1)
MAY = date(2026, 5, 1)
KIND = "special_support"


def at(day: date) -> datetime:
    """Nine in the morning at Shanghai."""
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


@kept
def row() -> Entitlement:
    """10 yuan a month for everybody of the county, 100 more in the township from 45; she turns 45 on 12 April 2026."""
    load_codes()
    files = deployment.bundle(settings.BPMN_FOLDER, "subsidy_application")
    deployment.deploy(key="subsidy_application", files=files, actor=SYSTEM, now=timezone.now())
    for code, area, yuan, age in (("all", county().path, "10.00", None), ("town", factories.town().path, "100.00", 45)):
        Standard.objects.create(
            code=code, kind=KIND, area=area, mode="add", amount=Decimal(yuan), min_age=age, from_date=date(2011, 1, 1),
            reference=f"{code}〔2011〕1号",
        )  # fmt: skip
    set_parameter(key="subsidy.owed_every", value="month", from_date=factories.LONG_AGO)
    return her(date(1981, 4, 12))


def her(birth: date | None) -> Entitlement:
    person = factories.person(factories.family(), name="周玉兰", birth_date=birth)
    made = entitled(person, (JANUARY, "120.00"), since=JANUARY)
    made.confirmed_by = factories.user(role="county", unit=county())
    made.save(update_fields=["confirmed_by"])
    return made


def grow(day: date) -> int:
    return ages.raise_rates(judge=subsidy_tables.judge(), now=at(day))


def rates(row: Entitlement) -> list[tuple[date, date | None, str]]:
    found = row.rates.order_by("from_date").values_list("from_date", "until_date", "yearly")
    return [(since, until, str(yearly)) for since, until, yearly in found]


def test_the_month_after_the_birthday_gives_more_once(row: Entitlement) -> None:
    assert grow(date(2026, 4, 30)) == 0
    assert grow(MAY) == 1
    assert rates(row) == [(JANUARY, MAY, "120.00"), (MAY, None, "1320.00")]
    newest = row.rates.latest("from_date")
    assert [layer["reference"] for layer in newest.layers] == ["all〔2011〕1号", "town〔2011〕1号"]
    told = Event.objects.get(action="entitlement.rate_changed")
    assert (told.data["from_date"], told.data["yearly"], told.actor) == ("2026-05-01", "1320.00", "system")
    assert grow(MAY) == grow(date(2026, 12, 1)) == 0


def test_the_next_month_is_owed_by_the_new_rate(row: Entitlement) -> None:
    grow(MAY)
    owing.owe_due(at(MAY))
    assert Payable.objects.get(period="2026-05").amount == Decimal("110.00")


def test_months_that_were_drawn_up_before_are_shown_to_the_county(row: Entitlement) -> None:
    for month in (5, 6):
        owing.owe_due(at(date(2026, month, 1)))
    assert grow(date(2026, 7, 3)) == 1
    (found,) = back_pay.differences(Entitlement.objects.filter(pk=row.pk), since=JANUARY)
    assert (found.period, found.amount) == ("2026-05/2026-06", Decimal("200.00"))


def test_a_year_that_is_owed_at_once_is_owed_with_what_comes_in_it(row: Entitlement) -> None:
    set_parameter(key="subsidy.owed_every", value="year", from_date=factories.LONG_AGO)
    assert grow(date(2026, 1, 1)) == 1
    assert rates(row) == [(JANUARY, MAY, "120.00"), (MAY, None, "1320.00")]
    owing.owe_due(at(JANUARY))
    assert Payable.objects.get().amount == 4 * Decimal("10.00") + 8 * Decimal("110.00")
    assert back_pay.differences(Entitlement.objects.filter(pk=row.pk), since=JANUARY) == []


def test_a_rate_that_was_taken_over_stays_where_a_birthday_gives_nothing(row: Entitlement) -> None:
    """Elsewhere the layer for those of 45 ended long ago, another one begins at 60."""
    row.rates.update(yearly=Decimal("150.00"))
    row.unit = factories.region("110100000000", "别处")
    row.save(update_fields=["unit"])
    for code, age, until in (("base", None, None), ("gone", 45, date(2020, 1, 1)), ("late", 60, None)):
        Standard.objects.create(
            code=code, kind=KIND, area=row.unit.path, mode="add", amount=Decimal("10.00"), min_age=age,
            from_date=date(2011, 1, 1), to_date=until, reference=code,
        )  # fmt: skip
    assert grow(MAY) == 0
    assert rates(row) == [(JANUARY, None, "150.00")]


@pytest.mark.parametrize("birth", [None, date(1981, 5, 1), date(1975, 4, 12), date(2015, 4, 12)])
def test_nobody_else_gets_more(row: Entitlement, birth: date | None) -> None:
    """Of unknown age, not 45 before the month, 45 long ago, a child."""
    Entitlement.objects.update(until_date=MAY)
    her(birth)
    assert grow(MAY) == 0


def test_the_layer_counts_only_where_it_is_given(row: Entitlement) -> None:
    row.unit = factories.region("110100000000", "别处")
    row.save(update_fields=["unit"])
    assert grow(MAY) == 0


def test_whose_right_has_ended_gets_nothing_more(row: Entitlement) -> None:
    row.until_date = MAY
    row.save(update_fields=["until_date"])
    assert grow(MAY) == 0


def test_the_job_does_it(row: Entitlement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.jobs.subsidies.timezone.now", lambda: at(MAY))
    raise_rates(0)
    assert row.rates.count() == 2
