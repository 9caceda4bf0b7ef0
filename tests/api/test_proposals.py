"""Proposals over HTTP: worked out, read, worked out again, taken up; and the waiting list."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.cases.models import Case
from backend.helpers.models import Helper, Proposal
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.queueing import queued

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def caseworker() -> Caller:
    return Caller(factories.user(role="caseworker"))


def waiting(tier: str, days: int = 3) -> Case:
    """A case that waits."""
    return factories.case(factories.family(risk_tier=tier), phase="waiting", opened_at=NOW - timedelta(days=days))


def made(caseworker: Caller, **more: Any) -> dict[str, Any]:
    """A batch for the township."""
    answer = caseworker.post("proposals/", {"unit": str(factories.town().pk), "seed": 1, **more})
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_worked_out_and_read_family_by_family(caseworker: Caller) -> None:
    late, urgent = waiting("B", 40), waiting("A")
    factories.helper(max_families=1)
    batch = made(caseworker)
    assert (batch["state"], batch["families"], batch["helpers"], batch["served"]) == ("done", 2, 1, 1)
    assert caseworker.get("proposals/").json()["results"] == [batch]
    rows = caseworker.get(f"proposals/{batch['id']}/rows/").json()["results"]
    assert [(row["case"]["id"], bool(row["helper"])) for row in rows] == [(str(urgent.pk), True), (str(late.pk), False)]
    assert sum(rows[0]["parts"].values()) == rows[0]["score"]
    assert rows[1]["nobody_because"] == "needed_elsewhere"
    found = caseworker.get(f"proposals/{batch['id']}/rows/", found="false").json()["results"]
    assert [row["place"] for row in found] == [2]


def test_worked_out_again(caseworker: Caller) -> None:
    waiting("A")
    helper = factories.helper()
    batch = made(caseworker)
    path = f"proposals/{batch['id']}/recompute/"
    assert caseworker.get(path).json() == {
        "same": True, "differing": 0, "inputs_same": True, "changes_count": 0, "changes": [],
    }  # fmt: skip
    Helper.objects.filter(pk=helper.pk).update(status="away")
    told = caseworker.get(path).json()
    assert (told["same"], told["inputs_same"], told["changes_count"]) == (True, False, 1)
    assert told["changes"][0] == {
        "kind": "helper", "id": str(helper.pk), "what": "changed", "fields_changed": ["is_active"],
    }  # fmt: skip


def test_taken_up_each_with_a_result(caseworker: Caller) -> None:
    waiting("A")
    waiting("B")
    factories.helper(max_families=1)
    batch = made(caseworker)
    rows = caseworker.get(f"proposals/{batch['id']}/rows/").json()["results"]
    path, ids = f"proposals/{batch['id']}/take-up/", [row["id"] for row in rows]
    told = caseworker.post(path, {"ids": ids}).json()["results"]
    assert [(each["ok"], each["code"]) for each in told] == [(True, ""), (False, "proposal_not_open")]
    assert [args["proposal_id"] for args in queued("proposals.offer")] == [ids[0]]
    assert Proposal.objects.get(pk=ids[0]).state == "accepted"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"unit": "nowhere"}, 400, "invalid"),
        ({"seed": -1}, 400, "invalid"),
    ],
)
def test_bad_input(caseworker: Caller, body: dict[str, Any], status: int, code: str) -> None:
    assert caseworker.post("proposals/", body).status_code in {400, 422}


def test_what_cannot_be_worked_out(caseworker: Caller) -> None:
    town = str(factories.town().pk)
    assert_problem(caseworker.post("proposals/", {"unit": town}), 409, "nobody_looks")
    waiting("A")
    assert_problem(caseworker.post("proposals/", {"unit": town}), 409, "no_helpers")
    factories.helper()
    assert_problem(caseworker.post("proposals/", {"unit": town, "partner_unit": town}), 422, "not_a_partner_unit")


def test_only_rows_of_the_batch_are_taken_up(caseworker: Caller) -> None:
    waiting("A")
    factories.helper()
    one, other = made(caseworker), made(caseworker)
    row = caseworker.get(f"proposals/{other['id']}/rows/").json()["results"][0]
    answer = caseworker.post(f"proposals/{one['id']}/take-up/", {"ids": [row["id"]]})
    assert_problem(answer, 422, "invalid")


def test_supervisors_read_and_strangers_see_nothing(caseworker: Caller) -> None:
    waiting("A")
    factories.helper()
    batch = made(caseworker)
    supervisor = Caller(factories.user(role="supervisor"))
    assert supervisor.get(f"proposals/{batch['id']}/").status_code == 200
    assert supervisor.post("proposals/", {"unit": str(factories.town().pk)}).status_code == 403
    stranger = Caller(factories.user(role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(f"proposals/{batch['id']}/rows/").status_code == 404
    assert stranger.get("waiting-list/").json()["results"] == []


def test_the_waiting_list_by_turns_and_pages(caseworker: Caller, now: datetime) -> None:
    order = [waiting("A", 1), waiting("B", 30), waiting("B", 2), waiting("", 300)]
    rows = caseworker.get("waiting-list/").json()["results"]
    assert [row["id"] for row in rows] == [str(case.pk) for case in order]
    assert (rows[1]["tier"], rows[1]["days"]) == ("B", 30)
    first = caseworker.get("waiting-list/", page_size=3).json()
    assert first["next"]
    second = caseworker.http.get(first["next"]).json()
    assert [row["id"] for row in [*first["results"], *second["results"]]] == [str(case.pk) for case in order]


def test_outcomes_are_told(caseworker: Caller) -> None:
    assert caseworker.get("proposals/outcomes/").json() == []
