"""Ways in which systems of this kind have leaked, each tried here by name.

Filters, searches, counts, orders, choices, bulk ids, files, history, references in bodies, what a successor sees of a
predecessor. (Open Zaak's advisories of 2026: expand, search and list filters skipped authorisation; Primero and CASA:
endpoints beside the main ones; hand-overs.)
"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.cases.families import refresh_search
from backend.cases.models import Person
from backend.helpers.models import Pairing
from backend.org.models import Deputy, User
from tests import factories
from tests.access.world import ADDRESS, LABEL, PERSON, World
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
NOBODY = "01890000-0000-7000-8000-000000000000"


@kept
def world() -> World:
    return World()


@pytest.fixture
def stranger(world: World) -> Caller:
    """A caseworker of another province."""
    return Caller(world.person("caseworker", "other"))


@pytest.fixture
def helper(world: World) -> Caller:
    return Caller(world.person("helper", "own"))


@pytest.fixture
def liaison(world: World) -> Caller:
    return Caller(world.person("liaison", "own"))


# --- asking for more than one gets


@pytest.mark.parametrize(
    "name", ["expand", "include", "fields", "_zoek", "family__risk_tier", "family__label__startswith"]
)
def test_parameters_that_nobody_offers(helper: Caller, name: str) -> None:
    for path in ("work-items/", "cases/", "families/", "pairings/", "visits/"):
        assert_problem(helper.get(path, **{name: "family"}), 400, "invalid", f"?{name}")


def test_choices_are_not_told(stranger: Caller) -> None:
    for path in ("cases/", "work-items/", "rosters/", "memberships/"):
        assert stranger.http.options(f"/api/{path}").status_code == 405


# --- filters over what one may not see


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("families/", {"category": "bereaved"}),
        ("families/", {"risk_tier": "A"}),
        ("families/", {"status": "registered"}),
        ("families/", {"willingness": "agreed"}),
        ("families/", {"unit": factories.VILLAGE}),
        ("cases/", {"phase": "survey"}),
        ("visits/", {"red_flag": "mood"}),
        ("visits/", {"late": "false"}),
    ],
)
def test_a_helper_cannot_ask_what_is_not_shown(world: World, helper: Caller, path: str, parameters: Any) -> None:
    world.visit.red_flags = ["mood"]
    world.visit.save()
    assert results(helper.get(path)) != []
    response = helper.get(path, **parameters)
    # The village may even be out of the helper's sight: then it is no unit.
    assert response.status_code == 400 or response.json()["results"] == []


@pytest.mark.parametrize("order", ["risk_tier", "categories", "willingness", "family__risk_tier"])
def test_nothing_hidden_can_be_sorted_by(helper: Caller, order: str) -> None:
    assert_problem(helper.get("families/", ordering=order), 400, "invalid", "?ordering")


@pytest.mark.parametrize("text", [LABEL, LABEL[:2], PERSON, ADDRESS[:3], "oycl"])
def test_a_liaison_cannot_search_for_families(world: World, liaison: Caller, text: str) -> None:
    assert len(results(liaison.get("work-items/"))) == 1
    assert results(liaison.get("work-items/", q=text)) == []
    assert liaison.get("work-items/counts/", q=text).json()["open"] == 0
    assert results(liaison.get("work-items/", family=str(world.family.pk))) == []


def test_a_liaison_may_quote_the_number_and_no_more(world: World, liaison: Caller) -> None:
    [row] = results(liaison.get("work-items/"))
    assert row["family"] is None
    assert row["case"] == {"id": None, "number": world.case.number}


@pytest.mark.parametrize("text", [LABEL, LABEL[:1], "oy", ADDRESS[:4]])
def test_a_stranger_finds_nobody(world: World, stranger: Caller, text: str) -> None:
    for path in ("work-items/", "cases/", "families/", "persons/", "helpers/", "users/"):
        assert results(stranger.get(path, q=text)) == [], path


def test_a_stranger_cannot_ask_by_id_either(world: World, stranger: Caller) -> None:
    family, case = str(world.family.pk), str(world.case.pk)
    for path in ("work-items/", "cases/", "persons/", "pairings/", "visits/", "reviews/", "events/"):
        assert results(stranger.get(path, family=family)) == [] if path != "cases/" else True, path
    for path in ("work-items/", "pairings/", "visits/", "reviews/", "events/"):
        assert results(stranger.get(path, case=case)) == [], path
    assert results(stranger.get("events/", object=str(world.item.pk))) == []


CHILD = "欧阳念念"
SEARCHES = ("families/", "persons/", "cases/", "work-items/", "subsidy-applications/", "entitlements/", "payables/")


@pytest.fixture
def child(world: World) -> Person:
    """A child of the family, in all that is searched."""
    made = factories.person(
        world.family, name=CHILD, initials="oynn", birth_date=TODAY.replace(year=TODAY.year - 9, day=1)
    )
    refresh_search(world.family)
    WorkItem.objects.filter(family=world.family).update(search=world.family.search)
    return made


@pytest.mark.parametrize("role", ["auditor", "dpo", "county", "finance"])
def test_a_child_is_not_found_by_who_does_not_work_with_the_family(world: World, child: Person, role: str) -> None:
    """未成年人网络保护条例 36: an answer to a search tells a name as well as a list does."""
    caller = Caller(world.person(role, "own"))
    for path in SEARCHES:
        for text in (CHILD, CHILD[2:], "oynn"):
            response = caller.get(path, q=text)
            assert response.status_code == 403 or results(response) == [], (path, text)
    for path in ("families/", "persons/", "cases/"):
        response = caller.get(path, q=LABEL)
        assert response.status_code == 403 or results(response) != [], path
    counts = caller.get("work-items/counts/", q=CHILD).json()
    assert counts["open"] == 0


def test_a_child_is_found_by_who_works_with_the_family_or_helps_it(world: World, helper: Caller, child: Person) -> None:
    world.helper.check_until = TODAY + timedelta(days=9)
    world.helper.save()
    for caller, paths in (
        (Caller(world.person("village", "own")), SEARCHES[:4]),
        (helper, ("families/", "work-items/")),
    ):
        for path in paths:
            assert results(caller.get(path, q=CHILD)) != [], path


@pytest.mark.parametrize("order", ["name", "birth_date"])
def test_people_are_not_sorted_by_what_is_masked(world: World, order: str) -> None:
    """Where a masked row stands tells of it, and the cursor to the next page would say it."""
    for role in ("auditor", "caseworker"):
        assert_problem(Caller(world.person(role, "own")).get("persons/", ordering=order), 400, "invalid", "?ordering")


def test_counts_do_not_count_strangers(world: World, stranger: Caller) -> None:
    counts = stranger.get("work-items/counts/", family=str(world.family.pk)).json()
    assert (counts["open"], counts["queues"]) == (0, [])
    assert {process["running"] for process in results(stranger.get("processes/"))} == {0}
    assert stranger.get("processes/errand/").json()["versions"][0]["running"] == 0


# --- references in bodies: a stranger's row is no row


def test_what_is_out_of_sight_is_answered_like_what_does_not_exist(world: World) -> None:
    caller = Caller(world.person("supervisor", "other"))
    mine = factories.case(factories.family(unit=factories.village("210403007201")))
    for path, name, hidden in [
        ("cases/", "family", world.family.pk),
        (f"cases/{mine.pk}/transfer/", "to", world.village.pk),
    ]:
        body = {"programme": "jmgj", "reason": "搬家"}
        told = caller.post(path, {**body, name: str(hidden)})
        unknown = caller.post(path, {**body, name: NOBODY})
        assert_problem(told, 400, "invalid", f"/{name}")
        assert told.json() == unknown.json()


def test_visits_are_recorded_for_nobody_elses_family(world: World) -> None:
    caller = Caller(world.person("helper", "other"))
    for body in ({"case": str(world.case.pk)}, {"pairing": str(world.pairing.pk)}):
        response = caller.post("visits/", {**body, "answers": {}})
        assert_problem(response, 400, "invalid", f"/{next(iter(body))}")


def test_an_idempotency_key_belongs_to_who_sent_it(world: World, stranger: Caller) -> None:
    mine = Caller(world.person("caseworker", "own"))
    body = {"action": "claim", "ids": [str(world.item.pk)]}
    first = mine.post("work-items/bulk/", body, **{"Idempotency-Key": "the-same"})
    other = stranger.post("work-items/bulk/", body, **{"Idempotency-Key": "the-same"})
    assert first.json()["results"][0]["status"] == 403
    assert other.json()["results"][0]["status"] == 404


# --- files


def test_the_workbook_of_problems_is_not_for_strangers_nor_for_readers(world: World, stranger: Caller) -> None:
    path = f"rosters/{world.roster.pk}/problems.xlsx"
    assert_problem(stranger.get(path), 404, "not_found")
    for role in ("auditor", "supervisor", "village"):
        assert_problem(Caller(world.person(role, "own")).get(path), 403, "not_allowed")


# --- history


def test_the_audit_administrator_reads_no_cases(world: World) -> None:
    caller = Caller(world.person("auditadmin", "own"))
    assert all(row["case_id"] is None and row["family_id"] is None for row in results(caller.get("events/")))
    assert_problem(caller.get(f"events/{world.event.pk}/"), 404, "not_found")


def test_a_helper_does_not_hear_who_did_what(world: World, helper: Caller) -> None:
    assert_problem(helper.get(f"cases/{world.case.pk}/history/"), 403, "not_allowed")
    assert_problem(helper.get(f"cases/{world.case.pk}/diagram/"), 403, "not_allowed")


def test_who_works_here_and_helps_there_hears_only_of_here(world: World) -> None:
    """A caseworker of another province who is also this family's helper sees it as its helper does."""
    user: User = world.helper_user
    factories.member(user, "helper", world.town)
    factories.member(user, "caseworker", world.elsewhere)
    caller = Caller(user)
    family = caller.get(f"families/{world.family.pk}/").json()
    assert "risk_tier" not in family
    assert "categories" not in family
    assert results(caller.get("families/", category="bereaved")) == []
    assert results(caller.get("families/", risk_tier="A")) == []
    assert_problem(caller.get(f"cases/{world.case.pk}/history/"), 403, "not_allowed")
    assert_problem(caller.get(f"cases/{world.case.pk}/diagram/"), 403, "not_allowed")
    assert_problem(caller.patch(f"families/{world.family.pk}/", {"label": "改名"}), 403, "not_allowed")
    assert_problem(caller.post(f"cases/{world.case.pk}/close/", {"reason": "试试"}), 403, "not_allowed")
    person = world.family.persons.get(name=LABEL)
    assert_problem(caller.post(f"persons/{person.pk}/reveal/", {"field": "health", "reason": "试"}), 404, "not_found")


# --- hand-overs


def end(pairing: Pairing) -> None:
    pairing.to_date = TODAY
    pairing.save()


def test_after_its_last_day_a_pairing_names_nobody(world: World, helper: Caller) -> None:
    assert results(helper.get("families/"))[0]["label"] == LABEL
    end(world.pairing)
    assert results(helper.get("families/")) == []
    assert results(helper.get("cases/")) == []
    assert_problem(helper.get(f"families/{world.family.pk}/"), 404, "not_found")
    for path in ("pairings/", "visits/", "work-items/"):
        [row] = results(helper.get(path))
        assert row["family"] is None, path
    for path in ("pairings/", "visits/", "work-items/", f"visits/{world.visit.pk}/", f"pairings/{world.pairing.pk}/"):
        assert LABEL not in helper.get(path).content.decode(), path
    assert results(helper.get("work-items/", q=LABEL)) == []
    assert results(helper.get("work-items/", family=str(world.family.pk))) == []


def test_before_its_first_day_a_pairing_opens_nothing(world: World, helper: Caller) -> None:
    world.pairing.from_date = TODAY + timedelta(days=1)
    world.pairing.save()
    assert results(helper.get("families/")) == []
    assert LABEL not in helper.get("pairings/").content.decode()


def test_a_successor_does_not_read_what_the_predecessor_wrote(world: World) -> None:
    end(world.pairing)
    user = factories.user("successor")
    factories.member(user, "helper", world.town)
    factories.pairing(world.case, factories.helper(user=user, name="接任者"), from_date=TODAY)
    caller = Caller(user)
    assert [row["label"] for row in results(caller.get("families/"))] == [LABEL]
    assert results(caller.get("visits/")) == []
    assert_problem(caller.get(f"visits/{world.visit.pk}/"), 404, "not_found")
    assert_problem(caller.get(f"pairings/{world.pairing.pk}/"), 404, "not_found")
    assert results(caller.get("work-items/")) == []


def test_a_stand_in_sees_only_in_the_days_of_standing_in(world: World) -> None:
    away = world.person("caseworker", "own")
    stand_in = world.person("caseworker", "other")
    row = Deputy.objects.create(absent=away, deputy=stand_in, from_date=TODAY, to_date=None, reason="休假")
    assert len(results(Caller(stand_in).get("families/"))) == 1
    for from_date, to_date in [
        (TODAY + timedelta(days=1), None),
        (TODAY - timedelta(days=5), TODAY),
    ]:
        Deputy.objects.filter(pk=row.pk).update(from_date=from_date, to_date=to_date)
        assert results(Caller(stand_in).get("families/")) == []


def test_a_family_that_moved_takes_its_visibility_along(world: World) -> None:
    there = world.person("caseworker", "other")
    village = factories.village("210403007201")
    assert results(Caller(there).get("families/")) == []
    world.family.unit = village
    world.family.save()
    assert [row["label"] for row in results(Caller(there).get("families/"))] == [LABEL]
    assert results(Caller(world.person("caseworker", "own")).get("families/")) == []
