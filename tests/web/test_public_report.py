"""E8: the page that tells whoever is on duty, without an account and without scripts."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from backend.emergencies.models import Incident
from tests import factories
from tests.api.test_emergencies import Town
from tests.web.visitor import text

pytestmark = pytest.mark.django_db

HERE = {"Origin": "http://testserver", "Accept-Language": "en"}
PATH = "/emergency/report/"


@pytest.fixture(autouse=True)
def _town() -> Town:
    cache.clear()
    return Town()


def typed(**changed: str) -> dict[str, str]:
    key = "0198a3c2-7a51-4cc0-8f6e-2d1f4b9a0c11"
    return {"key": key, "place": factories.TOWN, "kind": "fall", "where": "二组水井旁", **changed}


def test_reached_from_the_log_in_and_the_numbers() -> None:
    for path in ("/log-in/", "/emergency/"):
        assert f'href="{PATH}"' in text(Client().get(path))
    assert f'value="{factories.TOWN}"' in text(Client().get(PATH))


def test_sent_without_scripts_it_answers_a_receipt_and_forgets_what_was_typed() -> None:
    told = text(Client().post(PATH, typed(), headers=HERE))
    assert str(Incident.objects.get().public_receipt) in told
    assert "二组水井旁" not in told
    assert all(f'href="tel:{number}"' in told for number in ("120", "110", "119"))


def test_what_is_refused_stands_there_again() -> None:
    response = Client().post(PATH, typed(callback="abc"), headers=HERE)
    assert (response.status_code, "二组水井旁" in response.content.decode()) == (400, True)


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
def test_a_form_of_another_site_is_refused(origin: str) -> None:
    assert Client(enforce_csrf_checks=True).post(PATH, typed(), headers={"Origin": origin}).status_code == 403
    assert not Incident.objects.exists()
