"""A family says no, or less than yes (domain.md E5)."""

from datetime import date, datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.cases.families import ask_again_on, set_willingness
from backend.cases.models import Family
from backend.org.models import Parameter
from tests import factories

pytestmark = pytest.mark.django_db


def say(family: Family, willingness: str, now: datetime) -> None:
    set_willingness(family=family, willingness=willingness, actor=factories.actor(), now=now)


def test_a_no_is_asked_again_after_half_a_year_not_sooner(now: datetime) -> None:
    """E5: entitlements stay untouched."""
    family = factories.family(categories=["bereaved"], policies=["特别扶助"])
    say(family, "refused", now)
    family.refresh_from_db()
    assert family.refused_on == date(2026, 3, 2)
    assert ask_again_on(family) == date(2026, 8, 31)
    # What the family is entitled to stays untouched.
    assert (family.categories, family.policies, family.status) == (["bereaved"], ["特别扶助"], "registered")
    say(family, "refused", now)
    assert Event.objects.filter(action="family.refused").count() == 1


def test_a_second_no_begins_a_new_half_year(now: datetime) -> None:
    family = factories.family()
    say(family, "refused", now)
    say(family, "refused", now + timedelta(days=182))
    assert family.refused_on == date(2026, 8, 31)


def test_the_time_is_a_parameter(now: datetime) -> None:
    Parameter.objects.create(
        key="family.ask_again_days", path=factories.town().path, value=90, from_date=date(2026, 1, 1)
    )
    family = factories.family()
    say(family, "refused", now)
    assert ask_again_on(family) == date(2026, 5, 31)


@pytest.mark.parametrize("willingness", ["agreed", "phone", "festival"])
def test_a_yes_ends_the_refusal(now: datetime, willingness: str) -> None:
    family = factories.family()
    say(family, "refused", now)
    say(family, willingness, now)
    family.refresh_from_db()
    assert (family.refused_on, family.consented_on, family.willingness) == (None, date(2026, 3, 2), willingness)
    assert ask_again_on(family) is None
