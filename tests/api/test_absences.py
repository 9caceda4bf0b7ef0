"""Days away over HTTP: recorded by helper, liaison and office; moved, taken back, stood in for; and what is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.helpers.models import Absence, Helper, HelperKind, Pairing, StandIn
from backend.helpers.stand_ins import visitor_on
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept

pytestmark = pytest.mark.django_db


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


class Scene:
    """A helper with a family and a planned visit, a comrade of the same unit, and people who call."""

    def __init__(self) -> None:
        self.partner = factories.partner()
        self.user = factories.user("volunteer", role="helper", name="李向阳")
        self.helper = factories.helper(user=self.user, partner_unit=self.partner, max_families=3)
        self.comrade = factories.helper(name="钱师傅", partner_unit=self.partner, max_families=1)
        self.pairing = factories.pairing(helper_=self.helper)
        moment = timezone.now() + timedelta(days=3)
        self.visit = factories.visit(self.pairing, opens_at=moment, due_at=moment + timedelta(days=7))
        self.office = Caller(factories.user("office", role="caseworker", name="陈姐"))
        self.village = Caller(factories.user("village", role="village", name="李专干"))

    def record(self, caller: Caller | None = None, **body: Any) -> Any:
        given = {"helper": str(self.helper.pk), "from_date": day(1), "to_date": day(9), "reason": "exams", **body}
        return (caller or self.office).post("absences/", {key: value for key, value in given.items() if value != ""})

    def recorded(self, **body: Any) -> dict[str, Any]:
        response = self.record(**body)
        assert response.status_code == 201, response.content
        found: dict[str, Any] = response.json()
        return found


@kept
def scene() -> Scene:
    return Scene()


def test_the_office_records_and_the_village_worker_goes(scene: Scene) -> None:
    made = scene.recorded()
    assert [(each["family"]["label"], each["helper"], each["told_at"]) for each in made["stand_ins"]] == [
        (scene.pairing.family.label, None, None)
    ]
    scene.visit.refresh_from_db()
    assert scene.visit.helper is None
    assert Event.objects.filter(family_id=scene.pairing.family_id, action="stand_in.village").count() == 1


def test_with_a_comrade_who_agreed(scene: Scene) -> None:
    scene.recorded(stand_in=str(scene.comrade.pk), agreed=True)
    scene.visit.refresh_from_db()
    assert scene.visit.helper == scene.comrade


def test_a_helper_records_the_own_days_and_sees_no_more_than_them(scene: Scene) -> None:
    own = Caller(scene.user)
    made = scene.record(own, helper="", reason="personal")
    assert made.status_code == 201, made.content
    assert set(made.json()) == {"id", "helper", "from_date", "to_date", "reason", "withdrawn", "version"}
    assert len(own.get("absences/").json()["results"]) == 1
    back = own.post(f"absences/{made.json()['id']}/change/", {"to_date": day(5)})
    assert back.json()["to_date"] == day(5)


def test_a_liaison_records_for_the_own_people_only(scene: Scene) -> None:
    liaison = Caller(factories.user("liaison", role="liaison", unit=scene.partner))
    assert scene.record(liaison).status_code == 201
    stranger = factories.helper(partner_unit=None)
    assert_problem(scene.record(liaison, helper=str(stranger.pk)), 400, "invalid")


def test_the_village_reads_who_comes_but_not_why(scene: Scene) -> None:
    made = scene.recorded()
    seen = scene.village.get(f"absences/{made['id']}/").json()
    assert (seen["reason"], len(seen["stand_ins"])) == (None, 1)
    other = Caller(factories.user("elsewhere", role="village", unit=factories.village("120114122202")))
    assert other.get(f"absences/{made['id']}/").status_code == 404


def test_a_known_voice_tells_the_family(scene: Scene) -> None:
    made = scene.recorded()
    row = made["stand_ins"][0]["id"]
    assert len(scene.village.get("absences/", untold="true").json()["results"]) == 1
    for _again in range(2):
        told = scene.village.post(f"absences/{made['id']}/told/", {"stand_in": row})
    assert told.json()["stand_ins"][0]["told_by_label"] == "李专干"
    assert scene.village.get("absences/", untold="true").json()["results"] == []
    assert Event.objects.filter(action="stand_in.family_told").count() == 1


def test_who_could_be_asked_and_why_others_cannot(scene: Scene) -> None:
    made = scene.recorded()
    far = factories.helper(unit=factories.town(factories.OTHER_TOWN), name="远")
    full = factories.helper(name="满", max_families=0)
    found = scene.office.get(f"absences/{made['id']}/pool/", pairing=str(scene.pairing.pk)).json()
    assert [each["name"] for each in found["able"]] == ["钱师傅"]
    assert found["left_out"] == [
        {"code": "full", "message": "This helper has no free place on these days.", "count": 1}
    ]
    assert str(far.pk) not in str(found)
    assert str(full.pk) not in str(found)


def test_another_stand_in_from_a_day_on(scene: Scene) -> None:
    made = scene.recorded()
    body = {"pairing": str(scene.pairing.pk), "helper": str(scene.comrade.pk), "agreed": True, "from_date": day(4)}
    changed = scene.office.post(f"absences/{made['id']}/stand-in/", body)
    assert [(each["from_date"], each["to_date"]) for each in changed.json()["stand_ins"]] == [
        (day(1), day(4)),
        (day(4), day(9)),
    ]


def test_taken_back_the_visit_is_the_helpers_again(scene: Scene) -> None:
    made = scene.recorded(stand_in=str(scene.comrade.pk), agreed=True)
    taken = scene.office.post(f"absences/{made['id']}/withdraw/", {"reason": "误填"})
    assert (taken.json()["withdrawn"], taken.json()["stand_ins"]) == (True, [])
    scene.visit.refresh_from_db()
    assert scene.visit.helper == scene.helper
    assert Absence.objects.count() == 1  # never deleted
    assert scene.record().status_code == 201  # the same days again


# --- refused: a problem document, and nothing has changed

BAD = {
    "end before begin": ({"to_date": -2}, 422, "wrong_days", "/to_date"),
    "no day at all": ({"to_date": 1}, 422, "wrong_days", "/to_date"),
    "all in the past": ({"from_date": -9, "to_date": -2}, 422, "wrong_days", "/to_date"),
    "before the service began": ({"from_date": -9000}, 422, "wrong_days", "/from_date"),
}


@pytest.mark.parametrize("which", BAD)
def test_days_that_are_not_possible(scene: Scene, which: str) -> None:
    offsets, status, code, pointer = BAD[which]
    refused = scene.record(None, **{name: day(offset) for name, offset in offsets.items()})
    assert_problem(refused, status, code)
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert not Absence.objects.exists()


def test_overlapping_days(scene: Scene) -> None:
    scene.recorded()
    assert_problem(scene.record(from_date=day(8), to_date=day(20)), 409, "absence_overlaps")
    assert scene.record(from_date=day(9), to_date=day(20)).status_code == 201  # back on the ninth, away again


@pytest.mark.parametrize(
    "why", ["own_household", "suspended", "full", "other_kind", "away_too", "is_absent", "not_asked"]
)
def test_who_cannot_stand_in(scene: Scene, why: str) -> None:
    other, code = scene.comrade, {"own_household": "same_household", "suspended": "not_active"}.get(why, why)
    if why == "own_household":
        Pairing.objects.get().family.__class__.objects.update(live_address="赵庄村东街七排三号")
        Helper.objects.filter(pk=other.pk).update(address="赵庄村东街七排三号")
    elif why == "suspended":
        Helper.objects.filter(pk=other.pk).update(status="suspended")
    elif why == "full":
        factories.pairing(helper_=other)
    elif why == "other_kind":
        other = factories.helper(kind_="soldier_son", partner_unit=scene.partner)
    elif why == "away_too":
        Absence.objects.create(helper=other, from_date=date.fromisoformat(day(5)), reason="travel")
    elif why == "is_absent":
        other = scene.helper
    before = Absence.objects.count()
    refused = scene.record(stand_in=str(other.pk), agreed=why != "not_asked")
    assert_problem(refused, 422, "stand_in_not_asked" if why == "not_asked" else "cannot_stand_in")
    if why != "not_asked":
        assert refused.json()["errors"][0]["code"] == code
    assert (Absence.objects.count(), StandIn.objects.count()) == (before, 0)
    assert Visit.objects.get().helper == scene.helper


def test_a_day_before_the_spell_began(scene: Scene) -> None:
    made = scene.recorded(from_date=day(3))
    body = {"pairing": str(scene.pairing.pk), "helper": str(scene.comrade.pk), "agreed": True, "from_date": day(1)}
    assert_problem(scene.office.post(f"absences/{made['id']}/stand-in/", body), 422, "wrong_days")
    later = factories.pairing(helper_=scene.helper, from_date=date.fromisoformat(day(30)))
    body |= {"pairing": str(later.pk), "from_date": day(4)}
    assert_problem(scene.office.post(f"absences/{made['id']}/stand-in/", body), 422, "not_their_family")


def test_what_has_begun_keeps_its_first_day_and_what_is_over_stays(scene: Scene) -> None:
    made = scene.recorded(from_date=day(0))
    address = f"absences/{made['id']}/"
    assert_problem(scene.office.post(f"{address}change/", {"from_date": day(2)}), 409, "absence_begun")
    assert_problem(scene.office.post(f"{address}change/", {"to_date": day(4), "version": 9}), 409, "stale_version")
    scene.office.post(f"{address}withdraw/", {"reason": "误填"})
    assert_problem(scene.office.post(f"{address}withdraw/", {"reason": "误填"}), 409, "absence_over")
    assert_problem(scene.office.post(f"{address}change/", {"to_date": day(4)}), 409, "absence_over")


def test_a_helper_who_left_is_not_away(scene: Scene) -> None:
    Helper.objects.filter(pk=scene.helper.pk).update(status="ended")
    assert_problem(scene.record(), 409, "helper_ended")


def test_ten_absences_take_no_more_statements_than_one(scene: Scene) -> None:
    scene.recorded()
    one = scene.office.statements("absences/")
    for _again in range(9):
        helper = factories.helper(max_families=3)
        factories.pairing(helper_=helper)
        assert scene.record(helper=str(helper.pk)).status_code == 201
    assert scene.office.statements("absences/") == one <= 3


@pytest.mark.parametrize("unfit", ["check_over", "check_missing", "kind_without_minors"])
def test_nobody_stands_in_with_minors_who_may_not_be_with_them(scene: Scene, unfit: str) -> None:
    today = timezone.localdate()
    factories.person(scene.pairing.family, name="小杰", birth_date=today - timedelta(days=3000))
    Helper.objects.update(check_until=today + timedelta(days=400))
    HelperKind.objects.update(minors=unfit != "kind_without_minors")
    if unfit != "kind_without_minors":
        scene.comrade.check_until = None if unfit == "check_missing" else today + timedelta(days=3)
        scene.comrade.save()
    assert_problem(scene.record(stand_in=str(scene.comrade.pk), agreed=True), 422, "cannot_stand_in")


def test_when_the_stand_in_s_check_runs_out_the_village_worker_goes(scene: Scene) -> None:
    today, last = timezone.localdate(), timezone.localdate() + timedelta(days=4)
    factories.person(scene.pairing.family, name="小杰", birth_date=today - timedelta(days=3000))
    Helper.objects.update(check_until=today + timedelta(days=400))
    HelperKind.objects.update(minors=True)
    comrade = factories.user("comrade", role="helper")
    scene.recorded(from_date=day(0), stand_in=str(scene.comrade.pk), agreed=True)
    Helper.objects.filter(pk=scene.comrade.pk).update(check_until=last, user=comrade)
    pairing = Pairing.objects.select_related("helper").get(pk=scene.pairing.pk)
    assert visitor_on(pairing, last - timedelta(days=1)) == scene.comrade
    assert visitor_on(pairing, last) is None
    assert Pairing.objects.all().stood_in_for(comrade, last - timedelta(days=1)).exists()
    assert not Pairing.objects.all().stood_in_for(comrade, last).exists()
    HelperKind.objects.update(minors=False)
    assert visitor_on(pairing, today) is None
