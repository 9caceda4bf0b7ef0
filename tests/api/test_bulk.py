"""One verb for many items: a result per item, whatever happens to the others."""

from uuid import uuid4

import pytest
from django.db import connection

from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.workflows.stage import NOW, Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
CHANGED_HERE = """
SELECT count(*) FROM workflows_workitem WHERE assignee_id IS NOT NULL AND xmin = pg_current_xact_id()::xid
"""
"""How many items the transaction in course has given to somebody."""


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.start()
    for _more in range(2):
        services.start(process="errand", case=factories.case(), actor=factories.actor(), now=NOW)
    return made


def ids() -> list[str]:
    return [
        str(pk) for pk in WorkItem.objects.filter(state="open").order_by("due_at", "id").values_list("pk", flat=True)
    ]


def test_a_result_for_each_item(stage: Stage) -> None:
    mine, theirs, done = ids()
    WorkItem.objects.filter(pk=theirs).update(assignee=stage.colleague)
    WorkItem.objects.filter(pk=done).update(state="done")
    stranger = str(uuid4())
    response = Caller(stage.village).post(
        "work-items/bulk/", {"action": "complete", "ids": [mine, theirs, done, stranger], "answers": {"text": "好"}}
    )
    assert response.status_code == 200, response.content
    results = {each["id"]: (each["ok"], each["status"]) for each in response.json()["results"]}
    assert results == {mine: (True, 200), theirs: (False, 409), done: (False, 409), stranger: (False, 404)}
    codes = [each["problem"]["code"] for each in response.json()["results"] if not each["ok"]]
    assert codes == ["taken", "already_done", "not_found"]
    assert WorkItem.objects.get(pk=mine).state == "done"
    assert WorkItem.objects.get(pk=theirs).state == "open"


def test_a_failing_item_leaves_no_trace(stage: Stage) -> None:
    response = Caller(stage.village).post(
        "work-items/bulk/", {"action": "complete", "ids": ids(), "answers": {"text": 5}}
    )
    assert {each["problem"]["code"] for each in response.json()["results"]} == {"bad_answers"}
    assert all(item.version == 1 for item in WorkItem.objects.all())


def test_by_filter(stage: Stage) -> None:
    caller = Caller(stage.village)
    response = caller.post("work-items/bulk/", {"action": "claim", "filter": {"assignee": "none", "doable": True}})
    assert [each["ok"] for each in response.json()["results"]] == [True] * 3
    assert response.json()["more"] is False
    response = caller.post("work-items/bulk/", {"action": "release", "filter": {"assignee": "me"}})
    assert len(response.json()["results"]) == 3
    assert not WorkItem.objects.filter(assignee__isnull=False).exists()


def test_ids_of_strangers_are_not_found_one_by_one(stage: Stage) -> None:
    response = Caller(stage.stranger).post("work-items/bulk/", {"action": "claim", "ids": ids()})
    assert {each["status"] for each in response.json()["results"]} == {404}
    response = Caller(stage.stranger).post("work-items/bulk/", {"action": "claim", "filter": {"state": "open"}})
    assert response.json()["results"] == []
    assert not WorkItem.objects.filter(assignee__isnull=False).exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "eat", "ids": []}, "/action"),
        ({"action": "claim"}, "/ids"),
        ({"action": "claim", "ids": [str(uuid4())], "filter": {}}, "/ids"),
        ({"action": "claim", "ids": ["1"]}, "/ids/0"),
        ({"action": "claim", "ids": [str(uuid4()) for _ in range(201)]}, "/ids"),
        ({"action": "postpone", "ids": [str(uuid4())], "reason": "出差"}, "/until"),
        ({"action": "delegate", "ids": [str(uuid4())], "reason": "出差"}, "/to"),
        ({"action": "complete", "ids": [str(uuid4())]}, "/answers"),
        ({"action": "claim", "filter": {"stat": "open"}}, "/filter/stat"),
        ({"action": "claim", "filter": {"state": "lost"}}, "?state"),
        ({"action": "claim", "filter": "all"}, "/filter"),
    ],
)
def test_a_wrong_command_is_refused_as_a_whole(stage: Stage, body: dict[str, object], pointer: str) -> None:
    assert_problem(Caller(stage.village).post("work-items/bulk/", body), 400, "invalid", pointer)


def test_who_may_not_delegate_may_not_delegate_many(stage: Stage) -> None:
    body = {"action": "delegate", "ids": ids(), "to": str(stage.village.pk), "reason": "出差"}
    assert_problem(Caller(stage.village).post("work-items/bulk/", body), 403, "not_allowed")


@pytest.mark.django_db(transaction=True)
def test_each_item_has_a_transaction_of_its_own(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances are never locked together: while the second is worked on, the first is committed."""
    inside: list[int] = []
    original = services.claim

    def watched(**given: object) -> WorkItem:
        with connection.cursor() as cursor:
            cursor.execute(CHANGED_HERE)
            inside.append(cursor.fetchone()[0])
        return original(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(services, "claim", watched)
    response = Caller(stage.village).post("work-items/bulk/", {"action": "claim", "ids": ids()})
    assert [each["ok"] for each in response.json()["results"]] == [True] * 3
    assert inside == [0, 0, 0]
