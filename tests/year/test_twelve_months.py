"""A small township's whole year in the real engine: nothing is left hanging, whatever happens in it.

The same that `make year` does with thousands of families; here nights come every other week and visits once a month,
so that it takes seconds.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import time_machine

from backend.audit.verification import verify
from backend.benefits.models import Condolence
from backend.helpers.models import Helper, Pairing, Succession
from backend.ledger.balances import trial_balance
from backend.org.models import Unit
from backend.payments.models import Batch, Payable
from backend.subsidies.models import AnnualReview, Entitlement
from backend.visits.models import Visit
from tests.year import events, places
from tests.year.year import BEGINS, ENDS, Year, at, late, prepare, standing_still
from workflows import integrity
from workflows.models import Instance

pytestmark = pytest.mark.django_db(transaction=True)

FAMILIES = 6
STOPPED = date(2026, 6, 19)


@dataclass(frozen=True)
class Lived:
    """A year that is over."""

    year: Year
    towns: list[Unit]


def new_year(clock: time_machine.Traveller) -> Year:
    return Year(FAMILIES, clock=clock, fortnightly=0, nights=14)


@pytest.fixture
def lived() -> Iterator[Lived]:
    with standing_still(at(BEGINS, places.MORNING)) as clock:
        towns = prepare(FAMILIES)
        year = new_year(clock)
        day = BEGINS
        while day <= ENDS:
            if day == STOPPED:  # and gone on with by another process
                kept, year = pickle.dumps(year.kept()), new_year(clock)
                year.go_on(pickle.loads(kept))
            year.live(day)
            day += timedelta(days=1)
        yield Lived(year, towns)


def test_nothing_is_left_hanging(lived: Lived) -> None:
    year, county = lived.year, lived.towns[0].parent
    assert county is not None
    assert year.refused == []
    assert {code: list(rows) for code, rows in integrity.found(year.now).items() if rows} == {}
    assert not Instance.objects.filter(failures__gt=0).exists()
    assert late(year.now) == Counter()
    assert verify().ok
    assert trial_balance(county).is_balanced

    visits = Counter(Visit.objects.values_list("state", flat=True))
    assert 8 * FAMILIES < visits["done"] < 24 * FAMILIES
    for which in ("spring", "autumn"):
        assert discharged(which) > 0
    assert festivals() > 0
    assert subsidies(year) > 0


def discharged(which: str) -> int:
    """How many of a class were with families; each spell ended on the day, and somebody saw to what follows."""
    day = places.SOLDIERS[which].to_date or events.LEAVES
    gone = Helper.objects.filter(number__startswith=places.SOLDIERS[which].prefix)
    spells = Pairing.objects.filter(helper__in=gone)
    assert not spells.filter(to_date=None).exists()
    assert not spells.filter(to_date__gt=day).exists()
    assert not Succession.objects.filter(pairing__in=spells, state="running").exists()
    return spells.filter(to_date=day).count()


def festivals() -> int:
    """How many campaigns there were; each whose festival is over is closed or was not held."""
    over = Condolence.objects.filter(festival_on__lt=ENDS - timedelta(days=40))
    assert not over.exclude(state__in=("closed", "dropped")).exists()
    return over.count()


def subsidies(year: Year) -> int:
    """How many people get a subsidy: every month of theirs was drawn up once and paid."""
    assert not AnnualReview.objects.exclude(state="closed").exists()
    assert not Batch.objects.exclude(state="settled").exists()
    monthly = Entitlement.objects.filter(kind=events.SPECIAL)
    for each in monthly:
        rows = Payable.objects.filter(reference_id=str(each.pk)).exclude(state="cancelled")
        months = [month for month in range(1, 13) if (each.until_date is None or each.until_date.month > month)]
        assert sorted(rows.values_list("period", flat=True)) == [f"2026-{month:02d}" for month in months]
        assert not rows.exclude(state="paid").filter(period__lt="2026-11").exists()
    return monthly.count()
