"""Two officers of a county confirm the same back pay at the same moment (E15)."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from backend.subsidies import back_pay
from backend.subsidies.models import Entitlement, Rate
from backend.subsidies.paid import owed_by_month, payables_of
from tests import factories
from tests.concurrency.racing import alone, race
from tests.payments.owing import county
from tests.subsidies.paid import entitled, owed
from tests.thoroughness import THOROUGH

AGAIN = 50 if THOROUGH else 5
JANUARY = date(2022, 1, 1)
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_short_is_owed_once_again_and_again() -> None:
    row = entitled(factories.person(factories.family(), name="周玉兰"), (JANUARY, "5400.00"), since=JANUARY)
    alone(lambda: owed(row, "2022", "5400.00", timezone.now()))
    officers = [factories.actor(factories.user(role="county", unit=county()), role="county") for _both in range(2)]

    def confirm(officer: int) -> object:
        rights = Entitlement.objects.filter(pk=row.pk)
        return back_pay.draw_up(rights, since=JANUARY, actor=officers[officer], now=timezone.now()) or None

    for number in range(1, AGAIN + 1):
        Rate.objects.filter(entitlement=row).update(yearly=5400 + 120 * number)
        assert race([lambda: confirm(0), lambda: confirm(1)]) == {"done": 1, "nothing": 1}
        assert payables_of(row).filter(is_adjustment=True).count() == number
        assert set(owed_by_month(row).values()) == {Decimal(450 + 10 * number)}
