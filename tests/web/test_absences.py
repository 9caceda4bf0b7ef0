"""Absences on pages: the office chooses who stands in, the village worker tells the family, a helper records days."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.helpers.models import Absence, StandIn
from backend.org.codes import load_codes
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


class Scene:
    """A helper who is away with one family, a comrade, and the people of the township."""

    def __init__(self) -> None:
        load_codes()
        self.user = factories.user("volunteer", role="helper", name="李向阳")
        self.helper = factories.helper(user=self.user)
        self.comrade = factories.helper(name="钱师傅", max_families=2)
        self.pairing = factories.pairing(helper_=self.helper)
        self.office = visitor(factories.user("office", role="caseworker", name="陈姐"))
        self.village = visitor(factories.user("village", role="village", name="李专干"))

    def away(self) -> Absence:
        made = Absence.objects.create(helper=self.helper, from_date=TODAY, reason="exams")
        StandIn.objects.create(absence=made, pairing=self.pairing, from_date=TODAY)
        return made


@kept
def scene() -> Scene:
    return Scene()


def test_the_office_records_and_chooses_who_stands_in(scene: Scene) -> None:
    found = text(scene.office.get("/absences/helpers/", {"helper_q": "李向阳"}))
    assert f" · {scene.helper.number} · {scene.helper.unit.name}" in found
    assert "{" not in found  # the kind's name, not its object
    form = {"helper": str(scene.helper.pk), "from_date": TODAY.isoformat(), "reason": "exams", "key": "one"}
    made = scene.office.post("/absences/new/", form, follow=True)
    assert "李向阳 is away" in text(made)
    address = made.request["PATH_INFO"]
    page = text(scene.office.get(address, {"pairing": str(scene.pairing.pk)}))
    assert "钱师傅" in page
    assert "the village worker" in page
    choice = {"pairing": str(scene.pairing.pk), "helper": str(scene.comrade.pk), "key": "two"}
    refused = scene.office.post(f"{address}stand-in/", choice)
    assert refused.status_code == 422
    assert 'data-code="stand_in_not_asked"' in refused.content.decode()
    scene.office.post(f"{address}stand-in/", {**choice, "agreed": "on", "key": "three"})
    assert StandIn.objects.lasting().get().helper == scene.comrade


def test_the_village_worker_is_told_today_and_tells_the_family(scene: Scene) -> None:
    row = scene.away()
    assert "The village worker comes instead." in text(scene.village.get("/"))
    stand_in = StandIn.objects.get()
    body = {"stand_in": str(stand_in.pk), "back": "today"}
    after = scene.village.post(f"/absences/{row.pk}/told/", body, follow=True)
    assert "The village worker comes instead." not in text(after)
    stand_in.refresh_from_db()
    assert stand_in.told_by_label == "李专干"


def test_a_helper_records_the_own_days_and_takes_them_back(scene: Scene) -> None:
    own = visitor(scene.user)
    assert 'name="helper_q"' not in text(own.get("/absences/new/"))
    body = {"from_date": TODAY.isoformat(), "reason": "personal", "key": "one"}
    made = own.post("/absences/new/", body, follow=True)
    assert scene.pairing.family.label not in text(made)
    row = Absence.objects.get()
    taken = own.post(f"/absences/{row.pk}/withdraw/", {"reason": "不去了", "version": "1", "key": "two"}, follow=True)
    assert "taken back" in text(taken)


def test_refused_everything_typed_stands_there_again(scene: Scene) -> None:
    row = scene.away()
    body = {"from_date": TODAY.isoformat(), "to_date": (TODAY - timedelta(days=3)).isoformat(), "key": "one"}
    refused = scene.office.post(f"/absences/{row.pk}/change/", body)
    said = refused.content.decode()
    assert refused.status_code == 422
    assert 'data-code="wrong_days"' in said
    assert body["to_date"] in said
    assert refused.status_code != 500
    assert Absence.objects.get().to_date is None
    assert scene.office.get(f"/absences/{row.pk}/nonsense/").status_code == 404


def test_who_has_nothing_to_do_with_it(scene: Scene) -> None:
    row = scene.away()
    stranger = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(f"/absences/{row.pk}/").status_code == 404
    assert "李向阳" not in text(stranger.get("/absences/"))
    auditor = visitor(factories.user("auditor", role="auditor"))
    assert "李向阳" in text(auditor.get("/absences/"))
    assert auditor.get("/absences/new/").status_code == 403
    sysadmin = visitor(factories.user("sysadmin", role="sysadmin"))
    assert sysadmin.get("/absences/").status_code == 403
    assert Client().get("/absences/").status_code == 302


def test_statements(scene: Scene) -> None:
    scene.away()
    assert statements(scene.village, "/absences/") <= 14
    assert statements(scene.office, "/absences/") <= 14
