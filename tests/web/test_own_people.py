"""A liaison's page of the own unit's volunteers (P11): registrations, papers that run out, hours; strictly own unit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.activities.models import HourClaim, Volunteer
from backend.helpers.models import Helper
from backend.org.codes import load_codes
from backend.org.models import Unit
from tests import factories
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


def member(name: str, unit: Unit, insured: int) -> Helper:
    """Somebody of this unit: registered, insured for so many days, with hours that wait."""
    now, today = timezone.now(), timezone.localdate()
    helper = factories.helper(
        name=name, partner_unit=unit, insured_until=today + timedelta(days=insured),
        check_until=today + timedelta(days=400),
    )  # fmt: skip
    Volunteer.objects.create(
        source="unit", kind=helper.kind, name=name, unit=factories.town(), partner_unit=unit, helper=helper,
        birth_date=factories.LONG_AGO, notice_version="1", accepted_on=today, state="active",
    )  # fmt: skip
    HourClaim.objects.create(
        helper=helper, unit=factories.town(), source="manual", content="visit", started_at=now - timedelta(hours=2),
        ended_at=now, claimed=4, evidence="witness", claimed_at=now,
    )  # fmt: skip
    return helper


def section(page: str, name: str) -> str:
    """The part of the page under this heading."""
    return page.split(f'aria-labelledby="{name}"')[1].split("</section>")[0]


def test_only_the_own_unit_s_people() -> None:
    load_codes()
    own, other = factories.partner(), factories.partner("GJ-02", "共建单位乙")
    soon, late = member("张近", own, 29), member("李远", own, 31)
    stranger = member("王外", other, 5)
    client = visitor(factories.user("liaison", role="liaison", unit=own))
    page = text(client.get("/our-volunteers/"))
    assert soon.name in section(page, "papers")
    assert late.name not in section(page, "papers")
    assert all(each.name in section(page, name) for each in (soon, late) for name in ("hours", "registered"))
    assert stranger.name not in page
    assert statements(client, "/our-volunteers/") <= 12


def test_for_whom() -> None:
    for role in ("caseworker", "helper"):
        assert visitor(factories.user(role, role=role)).get("/our-volunteers/").status_code == 403
