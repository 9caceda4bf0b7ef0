"""Free places announced at the same moment."""

from datetime import timedelta

import pytest

from backend.helpers.announcements import announce
from tests import factories
from tests.concurrency.racing import race
from tests.queueing import messages
from tests.workflows.stage import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_place_wakes_another_case() -> None:
    factories.town()
    waiting = {str(factories.case(phase="waiting", opened_at=NOW - timedelta(days=days)).pk) for days in range(4)}
    helpers = [factories.helper(max_families=1) for _ in range(4)]
    race([lambda one=one: announce(helper=one, actor=factories.actor(), now=NOW) for one in helpers])  # type: ignore[misc]
    told = [args["case_id"] for args in messages("helper_available")]
    assert sorted(told) == sorted(waiting)
