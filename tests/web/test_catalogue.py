"""Pages of the catalogue: what is offered on a day, its versions, a new version from a day on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.services.models import Entry
from tests import factories
from tests.kept import kept
from tests.services.planning import Planning
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@kept
def office() -> Planning:
    return Planning()


def test_a_new_version_from_a_day_on(office: Planning) -> None:
    """What is offered today stays; tomorrow it is another department's duty. Past days cannot be chosen."""
    client, tomorrow = visitor(office.supervisor), TODAY + timedelta(days=1)
    page = text(client.get("/catalogue/", {"kind": "item"}))
    assert "/catalogue/family_doctor/" in page
    assert "Moss" not in page
    form = text(client.get("/catalogue/family_doctor/version/"))
    assert "家庭医生签约" in form
    said = {
        "name": "家庭医生（新）", "name_en": "Family doctor anew", "unit": str(factories.town().pk), "need": "health",
        "measure": "papers", "frequency": "yearly", "quantity": "1", "department": "disabled", "days": "10",
        "shares": ["name"], "from_date": (TODAY - timedelta(days=1)).isoformat(), "source": "镇办3号",
    }  # fmt: skip
    refused = client.post("/catalogue/family_doctor/version/", said)
    assert refused.status_code == 422
    assert "家庭医生（新）" in refused.content.decode()
    said["from_date"] = tomorrow.isoformat()
    assert client.post("/catalogue/family_doctor/version/", said)["Location"] == "/catalogue/family_doctor/"
    versions = text(client.get("/catalogue/family_doctor/"))
    assert all(each in versions for each in ("镇办3号", "since ever", "End it"))
    assert "Family doctor anew" not in text(client.get("/catalogue/"))
    assert "Family doctor anew" in text(client.get("/catalogue/", {"day": tomorrow.isoformat()}))
    assert statements(client, "/catalogue/") <= 10
    assert statements(client, "/catalogue/family_doctor/") <= 12


def test_a_package_of_several(office: Planning) -> None:
    """A card or package says what is printed on it; what is inside is a number beside each service."""
    client = visitor(office.supervisor)
    said = {
        "code": "package_winter", "name": "冬季服务包", "name_en": "Winter package", "printed_name": "便民服务包",
        "unit": str(factories.town().pk), "from_date": TODAY.isoformat(), "source": "镇办4号",
        "inside_escort": "2", "inside_legal_aid": "0",
    }  # fmt: skip
    assert client.post("/catalogue/new/?kind=package", said).status_code == 302
    page = text(client.get("/catalogue/package_winter/"))
    assert "× 2" in page
    made = Entry.objects.get(code="package_winter")
    assert made.contents == [{"entry": "escort", "quantity": 2}]
    again = {name: value for name, value in said.items() if name not in {"code", "inside_escort"}}
    again |= {"inside_canteen": "1", "from_date": (TODAY + timedelta(days=9)).isoformat()}
    assert client.post("/catalogue/package_winter/version/", again).status_code == 302
    end = {"version": str(made.pk), "to_date": TODAY.isoformat(), "reason": "不办了"}
    assert client.post("/catalogue/package_winter/", end).status_code == 422  # a version is still to come
    made.refresh_from_db()
    assert (made.to_date, made.contents) == (None, [{"entry": "escort", "quantity": 2}])
    assert client.get("/catalogue/nothing/").status_code == 404


def test_for_whom(office: Planning) -> None:
    village = visitor(office.village)
    assert "Add to the catalogue" not in text(village.get("/catalogue/"))
    assert village.get("/catalogue/family_doctor/version/").status_code == 403
    assert visitor(office.liaison).get("/catalogue/").status_code == 403
