"""A family's pause on pages: begun, shown where people look, moved, ended."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.cases.models import Family, Pause
from backend.org.codes import load_codes
from tests import factories
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def family() -> Family:
    load_codes()
    return factories.visit(factories.pairing()).family


@pytest.fixture
def village() -> Client:
    return visitor(factories.user("village", role="village", name="李专干"))


def test_begun_shown_moved_and_ended(family: Family, village: Client) -> None:
    begin = f"/families/{family.pk}/pause/"
    assert "in hospital" in text(village.get(begin))
    form = {"reason": "hospital", "from_date": TODAY.isoformat(), "key": "one"}
    made = text(village.post(begin, form, follow=True))
    assert "Visits and deadlines are paused since" in made
    assert "in hospital" in made
    assert "recorded by 李专干" in made
    assert "in hospital" in text(village.get(f"/cases/{family.cases.get().pk}/"))
    pause = Pause.objects.get()
    later = (TODAY + timedelta(days=9)).isoformat()
    moved = village.post(f"/pauses/{pause.pk}/change/", {"expected_on": later, "version": "1"}, follow=True)
    assert "goes on from" in text(moved)
    ended = village.post(f"/pauses/{pause.pk}/end/", {"ended_on": TODAY.isoformat(), "version": "2"}, follow=True)
    assert "paused since" not in text(ended)
    assert "李专干" in text(village.get(f"/families/{family.pk}/visits/"))


def test_a_refusal_shows_the_form_again(family: Family, village: Client) -> None:
    ahead = (TODAY + timedelta(days=3)).isoformat()
    refused = village.post(f"/families/{family.pk}/pause/", {"reason": "away", "from_date": ahead})
    assert refused.status_code == 422
    assert 'data-code="wrong_pause_days"' in refused.content.decode()
    assert ahead in refused.content.decode()


def test_e5_who_refused_is_not_asked_before_its_day(family: Family, village: Client) -> None:
    """E5: the page says from which day on the family may be asked, and that it loses nothing."""
    family.willingness, family.refused_on = Family.Willingness.REFUSED, TODAY
    family.save()
    assert "is asked again on" in text(village.get(f"/families/{family.pk}/"))


def test_helpers_have_no_such_page(family: Family) -> None:
    helper = factories.user("volunteer", role="helper")
    assert visitor(helper).get(f"/families/{family.pk}/pause/").status_code == 403
    assert visitor(factories.user("a", role="auditor")).get(f"/families/{family.pk}/pause/").status_code == 403


def test_no_other_verb(family: Family, village: Client) -> None:
    pause = Pause.objects.create(family=family, reason="away", from_date=TODAY)
    assert village.get(f"/pauses/{pause.pk}/delete/").status_code == 404
