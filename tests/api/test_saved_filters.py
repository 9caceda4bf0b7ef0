"""Saved filters: own and shared ones, their counts, and who may change them."""

from typing import Any

import pytest

from backend.audit.models import Event
from backend.desk import filters
from backend.desk.models import SavedFilter
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db
LATE = {"name": "逾期", "query": {"overdue": "true"}}


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def save(caller: Caller, **changes: Any) -> Any:
    return caller.post("saved-filters/", {**LATE, **changes})


def names(caller: Caller) -> list[str]:
    return [row["name"] for row in results(caller.get("saved-filters/"))]


def test_an_own_one_is_seen_by_nobody_else(stage: Stage) -> None:
    made = save(Caller(stage.caseworker))
    assert made.status_code == 201, made.content
    assert (made.json()["query"], made.json()["unit"], made.json()["changeable"]) == ({"overdue": "true"}, None, True)
    assert names(Caller(stage.caseworker)) == ["逾期"]
    assert names(Caller(stage.colleague)) == []
    assert Event.objects.filter(action__startswith="saved_filter.").count() == 0


def test_a_shared_one_is_for_everybody_at_the_unit_and_below(stage: Stage) -> None:
    made = save(Caller(stage.supervisor), unit=str(factories.town().pk))
    assert made.status_code == 201, made.content
    assert names(Caller(stage.village)) == names(Caller(stage.colleague)) == ["逾期"]
    assert names(Caller(stage.stranger)) == []
    assert Event.objects.get(action="saved_filter.shared").data["unit_name"] == factories.town().name


def test_who_may_not_share_keeps_it_to_oneself(stage: Stage) -> None:
    assert_problem(save(Caller(stage.village), unit=str(factories.village().pk)), 403, "not_allowed")
    elsewhere = factories.town(factories.OTHER_TOWN)
    assert save(Caller(stage.supervisor), unit=str(elsewhere.pk)).status_code == 400
    assert SavedFilter.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [({"colour": "red"}, "colour"), ({"overdue": "perhaps"}, "overdue"), ({"ordering": "search"}, "ordering")],
)
def test_what_the_inbox_would_refuse_is_not_saved(stage: Stage, query: dict[str, str], field: str) -> None:
    assert_problem(save(Caller(stage.caseworker), query=query), 400, "invalid", f"/query/{field}")


def test_a_name_is_there_once_for_each_owner_and_unit(stage: Stage) -> None:
    save(Caller(stage.caseworker))
    assert_problem(save(Caller(stage.caseworker)), 409, "name_taken")
    assert save(Caller(stage.colleague)).status_code == 201
    assert save(Caller(stage.caseworker), unit=str(factories.town().pk)).status_code == 201
    assert_problem(save(Caller(stage.supervisor), unit=str(factories.town().pk)), 409, "name_taken")


def test_there_is_an_end_to_how_many(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST", 1)
    save(Caller(stage.caseworker))
    assert_problem(save(Caller(stage.caseworker), name="另一个"), 422, "too_many")


def test_counts_say_how_many_each_finds_for_the_reader(stage: Stage) -> None:
    caller = Caller(stage.caseworker)
    mine = save(caller, name="全部", query={"doable": "false"}).json()["id"]
    none = save(caller, name="没有", query={"q": "zzzz"}).json()["id"]
    gone = save(caller, name="别处").json()["id"]
    SavedFilter.objects.filter(pk=gone).update(query={"unit": factories.OTHER_TOWN})
    counts = {each["id"]: each["count"] for each in caller.get("saved-filters/counts/").json()}
    assert counts == {mine: 1, none: 0, gone: None}


def test_changed_and_removed_by_whoever_may(stage: Stage) -> None:
    shared = save(Caller(stage.caseworker), unit=str(factories.town().pk)).json()["id"]
    path = f"saved-filters/{shared}/"
    assert_problem(Caller(stage.village).patch(path, {"name": "别的"}), 404, "not_found")
    changed = Caller(stage.supervisor).patch(path, {"name": "别的"}, **{"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("别的", 2)
    assert_problem(Caller(stage.supervisor).patch(path, {"name": "又"}, **{"If-Match": '"1"'}), 409, "stale_version")
    assert Caller(stage.village).http.delete(f"/api/{path}").status_code == 404
    assert Caller(stage.supervisor).http.delete(f"/api/{path}").status_code == 204
    assert names(Caller(stage.caseworker)) == []
    assert Event.objects.filter(action="saved_filter.removed").count() == 1
