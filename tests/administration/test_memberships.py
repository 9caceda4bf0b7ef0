"""Memberships have dates; the three administrators are three persons, whoever writes the rows."""

from datetime import date, datetime

import pytest
from django.db import IntegrityError, transaction

from backend.administration.memberships import (
    AdministratorsApart,
    MembershipOverlaps,
    OwnMembership,
    end_membership,
    grant_membership,
)
from backend.audit.models import Event
from backend.core.errors import Invalid
from backend.org.access import grants
from backend.org.models import Membership, User
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
APRIL = date(2026, 4, 1)


@pytest.fixture
def user() -> User:
    return factories.user("zhang")


def grant(user: User, role: str, now: datetime, from_date: date = DAY, to_date: date | None = None) -> Membership:
    return grant_membership(
        user=user,
        role=role,
        unit=factories.town(),
        from_date=from_date,
        to_date=to_date,
        actor=factories.actor(),
        now=now,
    )


def test_a_membership_is_in_force_from_its_first_day_to_the_day_before_its_last(user: User, now: datetime) -> None:
    membership = grant(user, "caseworker", now, to_date=APRIL)
    assert [bool(grants(user, day=day)) for day in (date(2026, 3, 1), DAY, date(2026, 3, 31), APRIL)] == [
        False,
        True,
        True,
        False,
    ]
    end_membership(membership=membership, to_date=DAY, reason="调离", actor=factories.actor(), now=now)
    assert not grants(User.objects.get(pk=user.pk), day=DAY)
    granted, ended = Event.objects.order_by("id")
    assert (granted.action, granted.data["role"], granted.unit_path) == (
        "membership.granted",
        "caseworker",
        "12.01.14.122.",
    )
    assert (ended.action, ended.data["to"], ended.reason) == ("membership.ended", {"to_date": "2026-03-02"}, "调离")


@pytest.mark.parametrize(("first", "second"), [("sysadmin", "secadmin"), ("secadmin", "auditadmin")])
def test_nobody_holds_two_of_the_three_administrators_roles(user: User, first: str, second: str, now: datetime) -> None:
    grant(user, first, now, to_date=APRIL)
    with pytest.raises(AdministratorsApart):
        grant(user, second, now, from_date=date(2026, 3, 31))
    grant(user, second, now, from_date=APRIL)  # one after the other is allowed
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, role=first, unit=factories.town(), from_date=APRIL)


def test_one_administrators_role_at_two_units_is_one_role(user: User, now: datetime) -> None:
    grant(user, "sysadmin", now)
    factories.member(user, "sysadmin", factories.region("120114000000"), from_date=DAY)


def test_the_same_role_at_the_same_unit_is_held_once(user: User, now: datetime) -> None:
    grant(user, "caseworker", now)
    with pytest.raises(MembershipOverlaps):
        grant(user, "caseworker", now, from_date=APRIL)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.member(user, "caseworker", from_date=APRIL)


def test_nobody_changes_the_own_memberships(user: User, now: datetime) -> None:
    me = factories.actor(user, role="secadmin")
    with pytest.raises(OwnMembership):
        grant_membership(user=user, role="auditor", unit=factories.town(), from_date=DAY, actor=me, now=now)
    membership = grant(user, "caseworker", now)
    with pytest.raises(OwnMembership):
        end_membership(membership=membership, to_date=APRIL, reason="", actor=me, now=now)


def test_a_role_must_exist_and_dates_must_run_forward(user: User, now: datetime) -> None:
    with pytest.raises(Invalid):
        grant(user, "emperor", now)
    with pytest.raises(Invalid):
        grant(user, "caseworker", now, to_date=date(2026, 3, 1))
