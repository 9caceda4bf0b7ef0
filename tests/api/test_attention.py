"""What needs the caseworker: suspended pairings and posts of statutory contacts that nobody holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper, Pairing, Suspension
from tests import factories
from tests.api.caller import Caller, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> Caller:
    load_kinds()
    return Caller(factories.user("caseworker", role="caseworker"))


def told(caller: Caller, of: str) -> dict[str, Any]:
    response = caller.get("attention/")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()[of]
    return found


def suspended(pairing: Pairing, **fields: Any) -> Suspension:
    fields = {"from_date": timezone.localdate(), "reason": "complaint", **fields}
    return Suspension.objects.create(pairing=pairing, **fields)


def test_what_is_suspended_today_and_why(caseworker: Caller) -> None:
    today = timezone.localdate()
    assert told(caseworker, "suspended") == {"number": 0, "rows": []}
    by_word, as_a_whole, unchecked = (
        factories.pairing(factories.case(), factories.helper(name=name, status=status))
        for name, status in (("甲", "active"), ("乙", Helper.Status.SUSPENDED), ("丙", "active"))
    )
    factories.person(unchecked.family, name="小杰", birth_date=today - timedelta(days=3000))
    suspended(by_word)
    over = factories.pairing()
    suspended(over, from_date=today - timedelta(days=9), to_date=today)
    ended = factories.pairing(to_date=today)
    suspended(ended)
    found = told(caseworker, "suspended")
    assert found["number"] == 3
    assert {(each["id"], each["helper"]["name"], each["reason"]) for each in found["rows"]} == {
        (str(by_word.pk), "甲", "complaint"),
        (str(as_a_whole.pk), "乙", "helper_suspended"),
        (str(unchecked.pk), "丙", "check_expired"),
    }


def test_posts_that_nobody_holds(caseworker: Caller) -> None:
    of = "without_contacts"
    family = factories.family(categories=["bereaved"], label="冯秀英")
    factories.case(factories.family(categories=["empty_nest"]))
    factories.family(categories=["bereaved"])  # no case
    case = factories.case(family)
    assert told(caseworker, of)["rows"] == [
        {
            "id": str(family.pk),
            "label": "冯秀英",
            "unit": {"id": str(family.unit_id), "name": family.unit.name},
            "missing": 2,
        }
    ]
    factories.pairing(case, factories.helper())  # somebody who was asked is no statutory contact
    factories.pairing(case, factories.helper(kind_="dual_contact"))
    assert [row["missing"] for row in told(caseworker, of)["rows"]] == [1]
    last = factories.pairing(case, factories.helper(kind_="dual_contact"))
    assert told(caseworker, of)["number"] == 0
    Pairing.objects.filter(pk=last.pk).update(to_date=timezone.localdate())
    assert told(caseworker, of)["number"] == 1


def test_for_caseworkers_of_the_place(caseworker: Caller) -> None:
    suspended(factories.pairing(factories.case(factories.family(categories=["bereaved"]))))
    elsewhere = Caller(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    for of in ("suspended", "without_contacts"):
        assert told(caseworker, of)["number"] == 1
        assert told(elsewhere, of) == {"number": 0, "rows": []}
    for role in ("supervisor", "village", "helper", "auditor"):
        assert_problem(Caller(factories.user(role, role=role)).get("attention/"), 403, "not_allowed")


def test_one_statement_each_however_many_there_are(caseworker: Caller) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            caseworker.get("attention/")
        return sum("SAVEPOINT" not in each["sql"] for each in captured)

    before = statements()
    for _each in range(21):
        suspended(factories.pairing(factories.case(factories.family(categories=["bereaved"]))))
    assert statements() == before
    found = told(caseworker, "suspended")
    assert (found["number"], len(found["rows"])) == (21, 20)
    with CaptureQueriesContext(connection) as captured:
        caseworker.get("attention/")
    assert sum('FROM "helpers_' in each["sql"] for each in captured) <= 2
