"""Rotations over HTTP: a unit's people leave on one day; previewed, approved by somebody else, carried out, traced."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.audit.models import Event
from backend.cases.models import Case
from backend.helpers.models import Helper, Offer, Pairing, Rotation, RotationRow, Succession
from backend.org.access import Actor
from backend.org.codes import load_codes
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.queueing import queued
from tests.steps.office import Office
from workflows import rotations
from workflows.cases import start_case

pytestmark = pytest.mark.django_db


class Garrison(Office):
    """A unit whose soldiers are with families, and another one whose soldiers are free."""

    def __init__(self, *, soldiers: int = 3, families: int = 2, free: int = 1, days: int = 60) -> None:
        super().__init__(timezone.now())
        load_codes()
        factories.member(factories.user("liaison", name="刘干事"), "liaison", factories.partner("GJ-02", "共建单位乙"))
        self.unit, other = factories.partner(), factories.partner("GJ-02")
        self.leavers = [self.soldier(f"去{number:02d}", self.unit) for number in range(soldiers)]
        self.comers = [self.soldier(f"来{number:02d}", other) for number in range(free)]
        self.spells = [
            factories.pairing(
                self.open(factories.family(label=f"家{number:02d}", categories=["empty_nest"])), self.leavers[number]
            )
            for number in range(families)
        ]
        self.day: date = timezone.localdate() + timedelta(days=days)

    def open(self, family: Any = None) -> Case:
        """A case under way; the survey with which it begins is of no concern here."""
        case = start_case(
            family=family, programme=factories.programme(), actor=factories.actor(self.caseworker), now=self.now
        )
        ProcrastinateJob.objects.filter(args__case_id=str(case.pk)).delete()
        return case

    def soldier(self, name: str, partner_unit: Any, **fields: Any) -> Helper:
        return factories.helper(kind_="soldier_son", name=name, partner_unit=partner_unit, **fields)

    def prepare(self, user: User | None = None, **asked: Any) -> Any:
        about = {} if "helpers" in asked else {"partner_unit": str(self.unit.pk)}
        body = {**about, "leaves_on": self.day.isoformat(), "reason": "discharged", **asked}
        return Caller(user or self.caseworker).post("rotations/", body)

    def prepared(self, **asked: Any) -> dict[str, Any]:
        response = self.prepare(**asked)
        assert response.status_code == 201, response.content
        told: dict[str, Any] = response.json()
        return told

    def approve(self, told: dict[str, Any], user: User | None = None) -> Any:
        where = f"rotations/{told['id']}/approve/"
        return Caller(user or self.supervisor).post(where, {"version": told["version"]})

    def carry_out(self) -> None:
        """What the worker does with the jobs of approved rotations, and with what they queue."""
        self.now = timezone.now()
        for args in queued("rotations.carry_out"):
            rotation, actor = Rotation.objects.get(pk=args["rotation_id"]), Actor.from_json(args["actor"])
            rotations.carry_out(rotation=rotation, helper_id=UUID(args["helper_id"]), actor=actor, now=self.now)
        self.work()

    def told(self, rotation: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = Caller(self.supervisor).get(f"rotations/{rotation['id']}/").json()
        return answer


def test_forty_soldiers_thirty_three_families_twenty_five_successors() -> None:
    """The acceptance of the issue: previewed, approved and traced."""
    garrison = Garrison(soldiers=40, families=33, free=25)
    preview = garrison.prepared()
    counts = {name: preview[name] for name in ("helpers", "families", "named", "waiting", "begun")}
    assert counts == {"helpers": 40, "families": 33, "named": 25, "waiting": 8, "begun": 0}
    named = [row["successor"]["id"] for row in preview["rows"] if row["successor"]]
    assert len(set(named)) == 25  # nobody beyond the one place that a soldier has
    assert {row["waits_because"] for row in preview["rows"] if not row["successor"]} == {"needed_elsewhere"}
    overlaps = {(row["gap_days"], row["overlap_days"]) for row in preview["rows"]}
    assert overlaps == {(0, 7), (None, None)}
    assert not Offer.objects.exists()

    assert garrison.approve(preview).status_code == 200
    garrison.carry_out()
    garrison.carry_out()  # a second time changes nothing
    told = garrison.told(preview)
    assert (told["state"], told["begun"], told["skipped"]) == ("done", 33, 0)
    assert Counter(row["offer"] for row in told["rows"]) == {"open": 25, "": 8}
    assert Offer.objects.count() == 25
    assert set(Offer.objects.values_list("helper", flat=True)) == {comer.pk for comer in garrison.comers}
    assert Helper.objects.filter(partner_unit=garrison.unit, to_date=garrison.day).count() == 40
    assert Pairing.objects.filter(to_date__isnull=True).count() == 33  # nobody has lost anybody yet
    for spell in garrison.spells:
        told_of = set(Event.objects.filter(family_id=spell.family_id).values_list("action", flat=True))
        assert told_of & {"succession.opened", "succession.opened_with"}
    opened = Counter(Event.objects.filter(action__startswith="succession.").values_list("action", flat=True))
    assert opened == {"succession.opened_with": 25, "succession.opened": 8}


def test_nobody_loses_a_helper_without_a_word() -> None:
    """To the last day: whose spell has ended, of that family history tells the end, and that nobody follows."""
    garrison = Garrison(families=3, free=1)
    garrison.approve(garrison.prepared())
    garrison.carry_out()
    garrison.pass_time(days=61)
    ended = Pairing.objects.filter(helper__partner_unit=garrison.unit, to_date=garrison.day)
    assert ended.count() == 3
    for spell in ended:
        told_of = list(Event.objects.filter(family_id=spell.family_id).values_list("action", flat=True))
        assert {"pairing.ended", "succession.gap", "case.successor_missing"} <= set(told_of)


def test_whoever_prepared_or_changed_it_does_not_approve_it() -> None:
    garrison = Garrison()
    told = garrison.prepared()
    assert_problem(garrison.approve(told, garrison.caseworker), 403, "not_allowed")
    factories.member(garrison.caseworker, "supervisor")
    both = User.objects.get(pk=garrison.caseworker.pk)
    assert_problem(garrison.approve(told, both), 403, "four_eyes")
    assert told["mine"]
    assert not garrison.told(told)["mine"]
    factories.member(garrison.supervisor, "caseworker")
    row = next(row for row in told["rows"] if row["successor"])
    body = {"row": row["id"], "helper": None, "reason": "家庭另有想法", "version": told["version"]}
    changed = Caller(User.objects.get(pk=garrison.supervisor.pk)).post(f"rotations/{told['id']}/replace/", body).json()
    assert_problem(garrison.approve(changed, User.objects.get(pk=garrison.supervisor.pk)), 403, "four_eyes")
    assert Rotation.objects.get().state == "prepared"
    assert not queued("rotations.carry_out")


def test_somebody_else_is_asked_for_a_reason() -> None:
    garrison = Garrison(families=2, free=2)
    told = garrison.prepared()
    first, second = told["rows"]
    where, caller = f"rotations/{told['id']}/replace/", Caller(garrison.caseworker)
    full = {"row": first["id"], "helper": second["successor"]["id"], "reason": "同乡"}
    assert_problem(caller.post(where, full), 422, "helper_not_fitting", "/helper")
    assert_problem(caller.post(where, {**full, "reason": ""}), 400, "invalid", "/reason")
    leaver = {**full, "helper": str(garrison.leavers[2].pk)}
    assert_problem(caller.post(where, leaver), 422, "helper_not_fitting", "/helper")
    emptied = caller.post(where, {"row": second["id"], "helper": None, "reason": "家庭另有想法"})
    assert emptied.status_code == 200, emptied.content
    assert [row["waits_because"] for row in emptied.json()["rows"]] == ["", "nobody_wanted"]
    swapped = caller.post(where, full).json()
    assert swapped["rows"][0]["successor"]["id"] == second["successor"]["id"]
    assert (swapped["rows"][0]["changed_because"], swapped["named"], swapped["waiting"]) == ("同乡", 1, 1)
    assert_problem(caller.post(where, {**full, "version": told["version"]}), 409, "stale_version")
    told_of = Event.objects.filter(action="rotation.changed", family_id=first["family"]["id"])
    assert told_of.count() + Event.objects.filter(action="rotation.emptied").count() == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("ended", "pairing_changed"),
        ("away", "successor_not_serving"),
        ("full", "successor_full"),
        ("added", "family_added"),
        ("closed", "case_not_open"),
    ],
)
def test_what_changed_since_is_told_and_nothing_approved(change: str, code: str) -> None:
    garrison = Garrison(families=1)
    told = garrison.prepared()
    [comer], [spell] = garrison.comers, garrison.spells
    if change == "ended":
        Pairing.objects.update(to_date=timezone.localdate())
    elif change == "away":
        Helper.objects.filter(pk=comer.pk).update(status="away")
    elif change == "full":
        factories.pairing(helper_=comer)
    elif change == "added":
        factories.pairing(helper_=garrison.leavers[2])
    else:
        type(spell.case).objects.filter(pk=spell.case_id).update(state="closed")
    problem = assert_problem(garrison.approve(told), 409, "rotation_changed")
    assert [each["code"] for each in problem["errors"]] == [code]
    assert Rotation.objects.get().state == "prepared"


def test_bad_plans_are_refused_and_change_nothing() -> None:
    garrison = Garrison()
    today = timezone.localdate()
    for day in (today, today - timedelta(days=1)):
        assert_problem(garrison.prepare(leaves_on=day.isoformat()), 422, "day_passed", "/leaves_on")
    Pairing.objects.filter(pk=garrison.spells[0].pk).update(from_date=garrison.day)
    assert_problem(garrison.prepare(), 422, "before_begin", "/leaves_on")
    Pairing.objects.update(from_date=factories.LONG_AGO)
    assert_problem(garrison.prepare(reason="moved_to_the_north"), 422, "unknown_reason")
    unknown = {"partner_unit": str(Rotation().pk), "leaves_on": garrison.day.isoformat()}
    body = {**unknown, "reason": "discharged"}
    assert_problem(Caller(garrison.caseworker).post("rotations/", body), 400, "invalid", "/partner_unit")
    nobody = str(factories.partner("GJ-03").pk)
    assert_problem(garrison.prepare(partner_unit=nobody), 422, "nobody_leaves")
    far = garrison.soldier("远", None, unit=factories.town(factories.OTHER_TOWN))
    assert_problem(garrison.prepare(helpers=[str(far.pk)]), 400, "invalid", "/helpers")
    assert_problem(garrison.prepare(garrison.supervisor), 403, "not_allowed")
    assert not Rotation.objects.exists()
    garrison.prepared()
    assert_problem(garrison.prepare(), 409, "rotation_exists")
    assert Rotation.objects.count() == 1


def test_once_approved_it_is_not_approved_or_changed_again() -> None:
    garrison = Garrison()
    told = garrison.prepared()
    approved = garrison.approve(told).json()
    assert approved["state"] == "approved"
    assert_problem(garrison.approve(approved), 409, "rotation_not_prepared")
    body = {"row": told["rows"][0]["id"], "helper": None, "reason": "晚了"}
    changed = Caller(garrison.caseworker).post(f"rotations/{told['id']}/replace/", body)
    assert_problem(changed, 409, "rotation_not_prepared")


def test_given_up_half_way_what_was_carried_out_goes_on() -> None:
    """A stop keeps what is done, and what was queued finds nothing to do."""
    garrison = Garrison(families=2)
    told = garrison.prepared()
    garrison.approve(told)
    done, *left = queued("rotations.carry_out")
    actor, rotation = Actor.from_json(done["actor"]), Rotation.objects.get()
    rotations.carry_out(rotation=rotation, helper_id=UUID(done["helper_id"]), actor=actor, now=garrison.now)
    where, body = f"rotations/{told['id']}/cancel/", {"reason": "调防取消"}
    assert Caller(garrison.supervisor).post(where, body).json()["state"] == "cancelled"
    for args in left:
        rotation = Rotation.objects.get()
        rotations.carry_out(rotation=rotation, helper_id=UUID(args["helper_id"]), actor=actor, now=garrison.now)
    assert Succession.objects.count() == 1
    assert Counter(RotationRow.objects.values_list("state", flat=True)) == {"begun": 1, "planned": 1}
    assert_problem(Caller(garrison.supervisor).post(where, body), 409, "rotation_finished")


def test_a_unit_that_moves_within_forty_eight_hours() -> None:
    """The same with a day after tomorrow: the gap to be reckoned with is told, the farewell is due at once."""
    garrison = Garrison(families=1, days=2)
    told = garrison.prepared(reason="transferred")
    [row] = told["rows"]
    assert (row["gap_days"], row["overlap_days"]) == (5, 0)
    garrison.approve(told)
    garrison.carry_out()
    case = garrison.spells[0].case
    garrison.pass_time(minutes=1)
    assert {"accompany_farewell", "answer_for_unit"} <= set(garrison.waiting(case))


def test_nobody_is_named_beyond_the_own_places() -> None:
    garrison = Garrison(soldiers=5, families=5, free=0)
    factories.helper(kind_="volunteer", name="赵师傅", max_families=3)
    told = garrison.prepared()
    assert (told["named"], told["waiting"]) == (3, 2)
    assert [row["place"] for row in told["rows"]] == [1, 2, 3, 4, 5]


def test_where_a_successor_is_sought_already_only_the_day_moves() -> None:
    garrison = Garrison(families=1)
    leaver, far = garrison.leavers[0], garrison.day + timedelta(days=30)
    body = {"leaving_on": far.isoformat(), "reason": "discharged"}
    assert Caller(garrison.caseworker).post(f"helpers/{leaver.pk}/leaving/", body).status_code == 200
    garrison.work()
    told = garrison.prepared()
    assert [(row["successor"], row["waits_because"]) for row in told["rows"]] == [(None, "under_way")]
    garrison.approve(told)
    garrison.carry_out()
    assert Succession.objects.get().ends_on == garrison.day
    assert garrison.told(told)["begun"] == 1


def test_who_sees_it() -> None:
    """Auditors read, other townships see nothing, and where a unit goes stands nowhere."""
    garrison = Garrison()
    told = garrison.prepared()
    auditor = factories.user("auditor", role="auditor", unit=factories.region("120114000000"))
    assert [row["id"] for row in results(Caller(auditor).get("rotations/"))] == [told["id"]]
    stranger = factories.user("stranger", role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert results(Caller(stranger).get("rotations/")) == []
    assert Caller(stranger).get(f"rotations/{told['id']}/").status_code == 404
    assert garrison.approve(told, stranger).status_code == 404
    fields = {field.name for model in (Rotation, RotationRow, Succession) for field in model._meta.get_fields()}
    assert not fields & {"destination", "to", "moves_to", "new_unit", "where"}


def test_a_preview_costs_the_same_for_two_families_and_twenty(django_assert_max_num_queries: Any) -> None:
    garrison = Garrison(soldiers=20, families=2, free=10)
    for leaver in garrison.leavers[2:]:
        factories.pairing(factories.case(factories.family(categories=["empty_nest"])), leaver)
    with django_assert_max_num_queries(40):
        told = garrison.prepared()
    assert told["families"] == 20
    with django_assert_max_num_queries(9):
        garrison.told(told)
