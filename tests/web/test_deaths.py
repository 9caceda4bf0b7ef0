"""Who has died and who is back, on pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.cases.families import move_away
from backend.cases.models import Person
from tests import factories
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def test_e2_the_village_worker_notes_a_death() -> None:
    """E2: quiet words, one question; afterwards nobody is asked again."""
    person = factories.family().persons.get()
    village = visitor(factories.user("village", role="village"))
    page = f"/persons/{person.pk}/died/"
    assert page in text(village.get(f"/families/{person.family_id}/"))
    assert "No visit, letter or greeting" in text(village.get(page))
    refused = village.post(page, {"died_on": (TODAY + timedelta(days=1)).isoformat()})
    assert (refused.status_code, 'data-code="in_future"' in refused.content.decode()) == (422, True)
    done = text(village.post(page, {"died_on": TODAY.isoformat(), "key": "one"}, follow=True))
    assert "Nobody writes to" in done
    assert page not in done
    assert Person.objects.get().died_on == TODAY
    assert visitor(factories.user("auditor", role="auditor")).get(page).status_code == 403


def test_e1_the_office_takes_a_family_up_again() -> None:
    """E1."""
    family = factories.family()
    move_away(family=family, to="unknown", moved_on=TODAY, actor=factories.actor(), now=timezone.now())
    office = visitor(factories.user("office", role="caseworker"))
    address = f"/families/{family.pk}/came-back/"
    assert address in text(office.get(f"/families/{family.pk}/"))
    back = text(office.post(address, {"key": "one"}, follow=True))
    assert "The family is back" in back
    assert address not in back
