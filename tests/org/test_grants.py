"""What somebody may do follows from the memberships in force today, own ones and those of whom one stands in for."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.org.access import HELD, Actor, actions, actor_of, granting, grants, may, outermost
from backend.org.models import Deputy, Membership, Unit, User
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_role_holds_in_its_own_subtree() -> None:
    user = factories.user(role="supervisor")
    assert may(user, "case.reopen")
    assert may(user, "case.reopen", path=factories.village().path)
    assert not may(user, "case.reopen", path=factories.town(factories.OTHER_TOWN).path)
    assert not may(user, "roster.upload")


@pytest.mark.parametrize(("first", "last", "held"), [(0, None, True), (1, None, False), (-9, 0, False), (-9, 1, True)])
def test_the_first_day_counts_and_the_last_does_not(first: int, last: int | None, held: bool) -> None:
    today = timezone.localdate()
    end = None if last is None else today + timedelta(days=last)
    user = factories.user(role="caseworker", from_date=today + timedelta(days=first), to_date=end)
    assert bool(grants(user)) is held


def test_nobody_and_who_left_may_nothing() -> None:
    assert grants(AnonymousUser()) == ()
    left = factories.user(role="caseworker", is_active=False)
    assert grants(left) == ()
    assert actions(left) == []


def test_grants_are_read_once() -> None:
    user = factories.user(role="caseworker")
    grants(user)
    with CaptureQueriesContext(connection) as queries:
        may(user, "case.read")
        granting(user, "family.read")
    assert not len(queries)


def test_a_deputy_acts_in_the_absents_name_and_history_says_so() -> None:
    absent = factories.user("li", role="supervisor", name="李四")
    deputy = factories.user("wang", role="caseworker", name="王五")
    Deputy.objects.create(absent=absent, deputy=deputy, from_date=timezone.localdate(), reason="病假")
    assert may(deputy, "case.reopen")
    assert actor_of(deputy, action="case.reopen").label == "王五（代 李四）"
    assert actor_of(deputy, action="roster.upload").label == "王五"
    assert not may(absent, "roster.upload")


def test_the_actor_is_told_in_the_role_and_place_that_fit() -> None:
    far = factories.town(factories.OTHER_TOWN)
    user = factories.user(role="caseworker")
    factories.member(user, "supervisor", far)
    assert actor_of(user, action="case.reopen", path=far.path).unit_id == far.pk
    assert actor_of(user, action="case.write").role == "caseworker"
    assert actor_of(user, role="supervisor").role == "supervisor"
    stranger = factories.user()
    assert actor_of(stranger) == Actor(user_id=stranger.pk, label=stranger.name)


def test_an_actor_goes_through_a_job_unchanged() -> None:
    actor = actor_of(factories.user(role="caseworker"))
    assert Actor.from_json(actor.as_json()) == actor


def test_subtrees_inside_others_add_nothing() -> None:
    assert outermost(["12.01.", "12.", "12.01.14.", "21."]) == ["12.", "21."]


def test_units_are_seen_above_and_below_the_own_by_administrators_all() -> None:
    factories.village(), factories.town(factories.OTHER_TOWN)
    user = factories.user(role="caseworker")
    seen = {unit.path for unit in Unit.objects.visible_to(user)}
    assert seen == {"12.", "12.01.", "12.01.14.", "12.01.14.122.", "12.01.14.122.201."}
    assert Unit.objects.visible_to(factories.user(role="sysadmin")).count() == Unit.objects.count()
    liaison = factories.user(role="liaison", unit=factories.partner())
    assert {unit.kind for unit in Unit.objects.visible_to(liaison)} == {"partner"}


def test_users_are_seen_in_the_own_subtree() -> None:
    near, far = (
        factories.user(role="village"),
        factories.user(role="caseworker", unit=factories.town(factories.OTHER_TOWN)),
    )
    user = factories.user(role="caseworker")
    assert set(User.objects.visible_to(user)) == {user, near}
    assert set(User.objects.visible_to(near)) == {near}
    assert set(User.objects.visible_to(factories.user(role="secadmin"))) >= {user, near, far}


def test_memberships_end_with_their_day_in_the_local_calendar() -> None:
    user = factories.user(role="caseworker", from_date=date(2026, 3, 2), to_date=date(2026, 3, 3))
    assert [len(grants(user, day=date(2026, 3, day))) for day in (1, 2, 3)] == [0, 1, 0]


def test_one_persons_grants_are_found_without_reading_everybodys() -> None:
    user, town = factories.user(role="village"), factories.town()
    others = User.objects.bulk_create(User(username=f"u{number}", name="甲") for number in range(2000))
    Membership.objects.bulk_create(
        Membership(user=other, unit=town, role="caseworker", from_date=factories.LONG_AGO) for other in others
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE org_membership")
        cursor.execute(f"EXPLAIN {HELD}", {"user": user.pk, "day": factories.TODAY})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "org_membership" in plan
    assert "Seq Scan on org_membership" not in plan
