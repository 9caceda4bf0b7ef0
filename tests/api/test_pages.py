"""Pages by key: every row once, in order, both ways, whatever the ties, the empty values and the page's size."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.cases.models import Case
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem

pytestmark = pytest.mark.django_db
ROWS = 23


@pytest.fixture
def caseworker() -> User:
    """Sees 23 cases of which many were opened and closed at the same moment, and some never closed."""
    user = factories.user("caseworker", role="caseworker")
    opened = timezone.now()
    for place in range(ROWS):
        factories.case(number=f"C-{place % 5}-{place}", opened_at=opened - timedelta(days=place // 7))
    return user


def walk(caller: Caller, path: str, link: str = "next", **parameters: Any) -> Iterator[list[str]]:
    """The ids of every page, following links."""
    response = caller.get(path, **parameters)
    while True:
        assert response.status_code == 200, response.content
        body = response.json()
        yield [row["id"] for row in body["results"]]
        if body[link] is None:
            return
        response = caller.http.get(body[link])


def flat(pages: Iterator[list[str]]) -> list[str]:
    return [row for page in pages for row in page]


@pytest.mark.parametrize("ordering", ["opened_at", "-opened_at", "number", "-id"])
@pytest.mark.parametrize("size", [1, 7, 23])
def test_every_row_once_and_in_order(caseworker: User, ordering: str, size: int) -> None:
    column = ordering.lstrip("-")
    sign = "-" if ordering.startswith("-") else ""
    keys = [f"{sign}{column}", f"{sign}id"] if column != "id" else [ordering]
    expected = [str(pk) for pk in Case.objects.order_by(*keys).values_list("pk", flat=True)]
    pages = list(walk(Caller(caseworker), "cases/", ordering=ordering, page_size=size))
    assert [row for page in pages for row in page] == expected
    assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("ordering", ["opened_at", "-opened_at", "id"])
def test_the_way_back_shows_the_same_pages(caseworker: User, ordering: str) -> None:
    caller = Caller(caseworker)
    there = list(walk(caller, "cases/", ordering=ordering, page_size=5))
    last = caller.get("cases/", ordering=ordering, page_size=5)
    while last.json()["next"]:
        last = caller.http.get(last.json()["next"])
    back = [[row["id"] for row in last.json()["results"]]]
    while last.json()["previous"]:
        last = caller.http.get(last.json()["previous"])
        back.append([row["id"] for row in last.json()["results"]])
    assert back == there[::-1]
    assert last.json()["next"] is not None


@pytest.fixture
def pairings() -> User:
    """Sees nine pairings of which three have an end."""
    user = factories.user("caseworker", role="caseworker")
    for place in range(9):
        ends = None if place % 3 else factories.TODAY + timedelta(days=place)
        factories.pairing(factories.case(factories.family()), factories.helper(), to_date=ends)
    return user


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("ordering", ["to_date", "-to_date"])
def test_empty_values_have_their_place(pairings: User, ordering: str, size: int) -> None:
    caller = Caller(pairings)
    pages = list(walk(caller, "pairings/", ordering=ordering, page_size=size))
    assert all(len(page) == size for page in pages[:-1])
    rows = flat(iter(pages))
    assert len(rows) == len(set(rows)) == 9
    last = caller.get("pairings/", ordering=ordering, page_size=size)
    while last.json()["next"]:
        last = caller.http.get(last.json()["next"])
    back = [row["id"] for row in last.json()["results"]][::-1]
    while last.json()["previous"]:
        last = caller.http.get(last.json()["previous"])
        back += [row["id"] for row in last.json()["results"]][::-1]
    assert back[::-1] == rows
    told = [row["to_date"] for row in caller.get("pairings/", ordering=ordering).json()["results"]]
    empty_last = told if ordering == "to_date" else told[::-1]
    assert empty_last[3:] == [None] * 6
    assert empty_last[:3] == sorted(each for each in told if each)


def test_rows_that_come_and_go_do_not_shift_pages(caseworker: User) -> None:
    caller = Caller(caseworker)
    first = caller.get("cases/", page_size=5).json()
    Case.objects.filter(pk=first["results"][0]["id"]).delete()
    factories.case()
    second = caller.http.get(first["next"]).json()["results"]
    expected = [str(pk) for pk in Case.objects.order_by("id").values_list("pk", flat=True)[4:9]]
    assert [row["id"] for row in second] == expected


def test_a_deep_page_is_found_by_comparison_not_by_counting(caseworker: User) -> None:
    caller = Caller(caseworker)
    page = caller.get("cases/", ordering="opened_at", page_size=5).json()
    with CaptureQueriesContext(connection) as captured:
        caller.http.get(page["next"])
    [sql] = [query["sql"] for query in captured if "cases_case" in query["sql"]]
    assert "OFFSET" not in sql
    assert '("cases_case"."opened_at", "cases_case"."id") > (' in sql


def test_a_place_before_the_empty_values_is_a_range_as_well(pairings: User) -> None:
    """With "or empty" in one condition, PostgreSQL would read all rows from the first one on."""
    caller = Caller(pairings)
    page = caller.get("pairings/", ordering="to_date", page_size=1).json()
    with CaptureQueriesContext(connection) as captured:
        caller.http.get(page["next"])
    [sql] = [query["sql"] for query in captured if 'FROM "helpers_pairing"' in query["sql"]]
    assert '("helpers_pairing"."to_date", "helpers_pairing"."id") > (' in sql
    assert '"helpers_pairing"."to_date" IS NULL' not in sql


def test_page_sizes(caseworker: User) -> None:
    caller = Caller(caseworker)
    for _more in range(190):
        factories.case(factories.family(members=[{"name": "甲"}]))
    assert len(caller.get("cases/").json()["results"]) == 50
    assert len(caller.get("cases/", page_size=200).json()["results"]) == 200
    assert len(caller.get("cases/", page_size=100000).json()["results"]) == 200


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "bnVsbA", "WyJpZCIsMSwyLDNd", "a" * 5000, "%00", "é", "W1tbW1tbXV1dXV1d"]
)
def test_a_cursor_that_is_none(caseworker: User, cursor: str) -> None:
    assert_problem(Caller(caseworker).get("cases/", cursor=cursor), 400, "invalid", "?cursor")


def test_a_cursor_of_another_order(caseworker: User) -> None:
    caller = Caller(caseworker)
    following = caller.get("cases/", ordering="number", page_size=5).json()["next"]
    cursor = following.split("cursor=")[1].split("&")[0]
    assert_problem(caller.get("cases/", ordering="opened_at", cursor=cursor), 400, "invalid", "?cursor")


def test_somebody_elses_cursor_shows_nothing_more(caseworker: User) -> None:
    stranger = factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    following = Caller(caseworker).get("cases/", page_size=5).json()["next"]
    assert Caller(stranger).http.get(following).json()["results"] == []


def test_filters_stay_on_every_page(caseworker: User) -> None:
    Case.objects.filter(number__startswith="C-1").update(state="closed")
    rows = flat(walk(Caller(caseworker), "cases/", state="closed", page_size=2))
    assert len(rows) == Case.objects.filter(state="closed").count() > 2
