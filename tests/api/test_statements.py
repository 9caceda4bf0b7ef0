"""How many SQL statements an answer takes: the same for 5 rows and for 50."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Review, Roster
from backend.desk.models import SavedFilter
from backend.org.models import Deputy, User
from tests import factories
from tests.api.caller import Caller, results
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db

AUTHENTICATION = 2
"""The token with its user, and the grants."""


def counted(call: Callable[[], Any]) -> int:
    """How many statements a call takes, beside those that begin and end the transaction."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


def family(place: int) -> None:
    factories.family(label=f"户{place}", members=[{"name": "甲", "is_head": True}, {"name": "乙"}])


def visit(place: int) -> None:
    helper = factories.helper(partner_unit=factories.partner(f"GJ-{place}"), languages=["mandarin"])
    factories.visit(factories.pairing(factories.case(factories.family(members=[{"name": "甲"}])), helper))


def review(place: int) -> None:
    Review.objects.create(case=factories.case(factories.family(members=[{"name": "甲"}])), subject="filing")


def roster(place: int) -> None:
    Roster.objects.create(kind="families", name=f"{place}.xlsx", unit=factories.town(), digest=b"")


def user(place: int) -> None:
    made = factories.user(role="caseworker")
    Deputy.objects.create(absent=made, deputy=factories.user(), from_date=factories.LONG_AGO, reason="休假")


def event(place: int) -> None:
    record(action="family.updated", object=factories.family(members=[]), actor=factories.actor(), now=timezone.now())


def saved_filter(place: int) -> None:
    SavedFilter.objects.create(name=f"筛选{place}", owner=User.objects.get(username="reader"), unit=factories.town())


MAKERS: dict[str, Callable[[int], None]] = {
    "families/": family,
    "persons/": family,
    "cases/": review,
    "helpers/": visit,
    "partner-units/": visit,
    "pairings/": visit,
    "visits/": visit,
    "reviews/": review,
    "rosters/": roster,
    "units/": visit,
    "users/": user,
    "memberships/": user,
    "deputies/": user,
    "events/": event,
    "saved-filters/": saved_filter,
}


def statements(caller: Caller, path: str, **parameters: Any) -> tuple[int, int]:
    """Statements and rows of a list."""
    rows: list[Any] = []
    count = counted(lambda: rows.extend(results(caller.get(path, page_size=200, **parameters))))
    return count, len(rows)


@pytest.fixture
def reader() -> User:
    made = factories.user("reader", role="caseworker")
    factories.member(made, "auditor")
    return made


@pytest.mark.parametrize("path", MAKERS)
def test_a_list_takes_the_same_for_5_and_for_50_rows(reader: User, path: str) -> None:
    caller = Caller(reader)
    for place in range(5):
        MAKERS[path](place)
    few, some = statements(caller, path)
    for place in range(5, 25):
        MAKERS[path](place)
    many, more = statements(caller, path)
    assert some + 20 <= more
    assert few == many == AUTHENTICATION + 1


def copies(item: WorkItem, count: int) -> None:
    for _copy in range(count):
        item.pk = WorkItem().pk
        item.token, item._state.adding = str(item.pk), True
        item.save()


@pytest.mark.parametrize("role", ["caseworker", "village", "auditor", "helper", "liaison"])
def test_the_inbox_takes_few_and_always_the_same(role: str) -> None:
    stage = Stage()
    stage.start()
    user = factories.user("inbox")
    unit = factories.partner() if role == "liaison" else factories.town()
    factories.member(user, role, unit)
    item = stage.item("take_note")
    if role == "helper":
        factories.pairing(stage.case, factories.helper(user=user))
        item.role, item.assignee = "helper", user
    if role == "liaison":
        item.role, item.unit, item.unit_path = "liaison", unit, unit.path
    copies(item, 5)
    caller = Caller(user)
    few, some = statements(caller, "work-items/")
    copies(item, 45)
    many, more = statements(caller, "work-items/")
    assert some + 45 == more
    assert few == many == AUTHENTICATION + 1


def test_a_unit_by_which_a_list_is_narrowed_takes_one_more() -> None:
    stage = Stage()
    stage.start()
    parameters = {"unit": factories.VILLAGE, "q": "a", "overdue": "false", "assignee": "none", "doable": "false"}
    count, _rows = statements(Caller(stage.caseworker), "work-items/", **parameters)
    assert count == AUTHENTICATION + 2


@pytest.mark.parametrize(("path", "most"), [("me/", 0), ("work-items/counts/", 2), ("processes/", 2)])
def test_single_answers(path: str, most: int) -> None:
    stage = Stage()
    stage.start()
    caller = Caller(stage.caseworker)
    assert counted(lambda: caller.get(path)) <= AUTHENTICATION + most
