"""Pages of samples: drawn, looked through, drawn again, taken along."""

from __future__ import annotations

import pytest
from django.test import Client

from backend.cases.models import Family
from backend.inspection.models import Sample
from backend.org.codes import load_codes
from backend.org.models import Unit
from tests import factories
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Unit:
    load_codes()
    for name in ("甲", "乙", "丙"):
        factories.family(label=f"{name}户")
    return factories.region("120114000000")


@pytest.fixture
def auditor(county: Unit) -> Client:
    return visitor(factories.user("auditor", role="auditor", unit=county, name="刘科"))


def drawn(auditor: Client, county: Unit) -> Sample:
    asked = {"unit": str(county.pk), "population": "families", "size": "2", "seed": "2026"}
    response = auditor.post("/samples/new/", asked)
    sample = Sample.objects.latest("pk")
    assert (response.status_code, response["Location"]) == (302, f"/samples/{sample.pk}/")
    return sample


def test_drawing_and_what_is_refused(auditor: Client, county: Unit) -> None:
    form = text(auditor.get("/samples/new/"))
    assert "families on file" in form
    assert "赵庄村" in form
    assert "辽宁省" not in form
    refused = auditor.post("/samples/new/", {"unit": str(county.pk), "population": "visits", "size": "2"})
    assert refused.status_code == 422
    assert "Visits need a month" in refused.content.decode()
    assert 'value="2"' in refused.content.decode()
    drawn(auditor, county)
    assert "2026" in text(auditor.get("/samples/"))


def test_looking_at_a_row(auditor: Client, county: Unit) -> None:
    sample = drawn(auditor, county)
    path = f"/samples/{sample.pk}/"
    assert "0/2" in text(auditor.get(path))
    response = auditor.post(path, {"place": "2", "note": "无人应答"})
    assert response["Location"] == f"{path}#row-2"
    said = text(auditor.get(path))
    assert "1/2" in said
    assert "无人应答" in said
    assert auditor.post(path, {"place": "9"}).status_code == 404
    auditor.post(path, {"place": "x"})
    assert "alert-danger" in text(auditor.get(path))
    assert statements(auditor, path) <= 20


def test_drawing_again_and_the_population(auditor: Client, county: Unit) -> None:
    sample = drawn(auditor, county)
    path = f"/samples/{sample.pk}/"
    assert "The same list came out." in text(auditor.get(f"{path}again/"))
    Family.objects.filter(pk=sample.rows.get(place=1).family_id).update(status="closed")
    again = text(auditor.get(f"{path}again/"))
    assert "there were 3 to draw from, today there are 2" in again
    population = auditor.get(f"{path}population.txt")
    assert len(population.content.decode().split()) == 3
    assert sample.digest in text(auditor.get(path))


def test_for_whom(auditor: Client, county: Unit) -> None:
    sample = drawn(auditor, county)
    supervisor = visitor(factories.user("supervisor", role="supervisor"))
    for path in ("/samples/", "/samples/new/", f"/samples/{sample.pk}/", f"/samples/{sample.pk}/again/"):
        assert supervisor.get(path).status_code == 403, path
    assert 'href="/samples/"' not in text(supervisor.get("/"))
    far = visitor(factories.user("far", role="auditor", unit=factories.town(factories.OTHER_TOWN)))
    assert far.get(f"/samples/{sample.pk}/").status_code == 404
