"""Handing a family and its cases over to another place."""

from datetime import datetime
from typing import Any

import pytest

from backend.audit.models import Event
from backend.cases.cases import ConsentMissing, FamilyGone, NotAPlace, NotOpen, transfer_case
from backend.cases.models import Case, Family
from backend.cases.surveys import record_consent, withdraw_consent
from backend.org.models import Unit
from tests import factories
from tests.queueing import queued

pytestmark = pytest.mark.django_db
OTHER_VILLAGE = "120114122202"
OTHER_COUNTY = "120113101201"


def move(case: Case, to: Unit, now: datetime) -> None:
    transfer_case(case=case, to=to, reason="随子女居住", actor=factories.actor(), now=now)


def test_family_cases_and_history_go_along(now: datetime) -> None:
    family = factories.family(number="0007")
    case = factories.case(family)
    second = factories.case(family, programme=factories.programme("jllq"))
    closed = factories.case(family, programme=factories.programme("mama"), state="closed")
    to = factories.village(OTHER_VILLAGE)
    move(case, to, now)
    assert case.unit == to
    family.refresh_from_db()
    assert (family.unit, family.number) == (to, "0007")
    paths = dict(Case.objects.values_list("pk", "unit_path"))
    assert (paths[case.pk], paths[second.pk]) == (to.path, to.path)
    assert paths[closed.pk] == factories.village().path
    assert {job["case_id"] for job in queued("processes.move_items")} == {str(case.pk), str(second.pk)}
    left = Event.objects.get(action="family.transferred")
    assert left.unit_path == factories.village().path  # whoever worked there still reads that it left
    assert Event.objects.filter(action="case.transferred", unit_path=to.path).count() == 2


def test_a_taken_number_gets_its_origin(now: datetime) -> None:
    to = factories.village(OTHER_VILLAGE)
    factories.family(unit=to, number="0007")
    case = factories.case(factories.family(number="0007"))
    move(case, to, now)
    assert Family.objects.get(pk=case.family_id).number == "201-0007"


def test_another_county_needs_consent(now: datetime) -> None:
    """E1: the file leaves its county with consent only."""
    case, to, actor = factories.case(), factories.region(OTHER_COUNTY), factories.actor()
    with pytest.raises(ConsentMissing):
        move(case, to, now)
    agreed: dict[str, Any] = {
        "purpose": "handover",
        "notice_version": "2026-01",
        "items": {},
        "given_by": "self",
        "given_at": now,
    }
    record_consent(family=case.family, actor=actor, now=now, **agreed)
    assert withdraw_consent(family=case.family, purpose="handover", actor=actor, now=now) == 1
    with pytest.raises(ConsentMissing):
        move(case, to, now)
    record_consent(family=case.family, actor=actor, now=now, **agreed)
    move(case, to, now)
    assert case.unit == to


@pytest.mark.parametrize("place", ["same", "county", "partner"])
def test_only_to_another_village_or_township(now: datetime, place: str) -> None:
    places = {
        "same": factories.village(),
        "county": factories.region("120114000000"),
        "partner": factories.partner(),
    }
    with pytest.raises(NotAPlace):
        move(factories.case(), places[place], now)


def test_not_when_closed_or_gone(now: datetime) -> None:
    to = factories.village(OTHER_VILLAGE)
    with pytest.raises(NotOpen):
        move(factories.case(state="closed"), to, now)
    with pytest.raises(FamilyGone):
        move(factories.case(factories.family(status=Family.Status.CLOSED)), to, now)
    assert not Event.objects.exists()
