"""Pages of indicators and assessments: read, entered line by line, refused with everything said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from backend.assessment.models import Assessment, Evidence
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.parameters import load_parameters
from tests import factories
from tests.kept import kept
from tests.steps.office import deploy_shipped
from tests.web.visitor import statements, text, visitor
from workflows import assessments

pytestmark = pytest.mark.django_db


@kept
def row() -> Assessment:
    load_codes()
    load_parameters()
    deploy_shipped(timezone.now())
    factories.village()
    factories.town("120114123000")
    year = timezone.localdate().year
    return assessments.begin(unit=factories.town(), year=year, actor=factories.actor(), now=timezone.now())


@pytest.fixture
def person() -> Callable[[str], User]:
    def made(role: str) -> User:
        county = role in {"county", "auditor"}
        return factories.user(f"the-{role}", role=role, unit=factories.region("120114000000") if county else None)

    return made


def test_the_board_says_what_each_figure_counts(row: Assessment, person: Callable[[str], User]) -> None:
    client = visitor(person("supervisor"))
    said = text(client.get("/indicators/"))
    assert "two contacts" in said.lower()
    assert "Refused visits are left out" in said
    assert text(client.get(f"/indicators/?period={row.year}&look=satisfaction#closer"))
    assert "2026-13" not in text(client.get("/indicators/"))
    assert client.get("/indicators/?period=2026-13").status_code == 400
    assert statements(client, "/indicators/") < 50
    assert "None that you may see" in text(client.get("/indicators/visit_rate/families/"))
    assert client.get("/indicators/nothing/families/").status_code == 404
    shared = text(visitor(person("head")).get("/indicators/"))
    assert "Small numbers" in shared
    assert visitor(person("village")).get("/indicators/").status_code == 403


def test_targets_are_set_and_refused(row: Assessment, person: Callable[[str], User]) -> None:
    client = visitor(person("county"))
    path = f"/assessments/{row.pk}/"
    assert "Draw up the agreement" in text(client.get(path))
    done = client.post(f"{path}targets/", {"indicator": "visit_rate", "target": "98", "weight": "15"})
    assert (done.status_code, done["Location"]) == (302, path)
    assert row.lines.get(indicator="visit_rate").target == 98
    refused = client.post(f"{path}targets/", {"indicator": "visit_rate", "target": "101", "weight": "15"})
    assert refused.status_code == 422
    assert 'value="101"' in refused.content.decode()
    assert 'value="98' not in refused.content.decode()
    for typed in ({"weight": "viel"}, {"indicator": "nothing", "target": "7.5", "weight": "101"}):
        again = client.post(f"{path}targets/", {"indicator": "visit_rate", "target": "77.5", **typed})
        assert again.status_code in {400, 422}
        assert f'value="{typed["weight"]}"' in again.content.decode()
    assert client.post(f"{path}policies/", {"policy": "health", "hundredths": "75"}).status_code == 302
    assert row.number in text(client.get("/assessments/"))
    assert visitor(person("head")).post(f"{path}targets/", {}).status_code == 403


def test_a_year_is_begun_once(row: Assessment, person: Callable[[str], User]) -> None:
    client = visitor(person("county"))
    assert "Township" in text(client.get("/assessments/new/"))
    again = client.post("/assessments/new/", {"unit": str(row.unit_id), "year": str(row.year)})
    assert again.status_code == 409
    done = client.post("/assessments/new/", {"unit": str(row.unit_id), "year": str(row.year + 1)})
    assert done.status_code == 302


def test_points_and_evidence(row: Assessment, person: Callable[[str], User]) -> None:
    Assessment.objects.filter(pk=row.pk).update(state="self_scoring")
    client, path = visitor(person("leading_group")), f"/assessments/{row.pk}/"
    assert "Own points" in text(client.get(path))
    entered = client.post(f"{path}self-score/", {"indicator": "visit_rate", "points": "9.5"})
    assert entered.status_code == 302
    refused = client.post(f"{path}self-score/", {"indicator": "visit_rate", "points": "16"})
    assert (refused.status_code, 'value="16"' in refused.content.decode()) == (422, True)

    def send() -> Any:
        return client.post(
            f"{path}evidence/", {"indicator": "visit_rate", "file": SimpleUploadedFile("证明.txt", b"x")}
        )

    assert send().status_code == 302
    assert send().status_code == 409
    kept = Evidence.objects.get()
    assert client.get(f"{path}evidence/{kept.pk}/").content == b"x"
    assert visitor(person("head")).get(f"{path}evidence/{kept.pk}/").status_code == 403
