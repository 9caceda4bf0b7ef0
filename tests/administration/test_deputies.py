"""Standing in: the absent colleague's grants, never an administrator's; who may say so, and about whom."""

from datetime import date, datetime

import pytest

from backend.administration.deputies import (
    DeputyIsAnother,
    DeputyOverlaps,
    NotAColleague,
    OwnDeputy,
    appoint_deputy,
    dismiss_deputy,
)
from backend.audit.models import Event
from backend.org.access import grants
from backend.org.models import Deputy, User
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
APRIL = date(2026, 4, 1)
MAY = date(2026, 5, 1)


@pytest.fixture
def deputy() -> User:
    return factories.user("zhang", role="caseworker", name="张三")


@pytest.fixture
def absent() -> User:
    return factories.user("li", role="caseworker", name="李四")


def appoint(
    absent: User,
    deputy: User,
    now: datetime,
    *,
    from_date: date = DAY,
    to_date: date | None = None,
    by: User | None = None,
    within: list[str] | None = None,
) -> Deputy:
    return appoint_deputy(
        absent=absent,
        deputy=deputy,
        from_date=from_date,
        to_date=to_date,
        reason="病假",
        actor=factories.actor(by, role="supervisor"),
        now=now,
        within=within,
    )


def here() -> list[str]:
    return [factories.town().path]


def test_a_deputy_holds_the_grants_of_the_absent_but_never_an_administrators(now: datetime) -> None:
    absent = factories.user("li", role="supervisor", name="李四")
    factories.member(absent, "secadmin")
    user = factories.user("zhang", role="sysadmin")
    row = appoint(absent, user, now)
    held = grants(user, day=DAY)
    assert {(grant.role, grant.on_behalf_of) for grant in held} == {("supervisor", "李四"), ("sysadmin", "")}
    dismiss_deputy(deputy=row, to_date=DAY, actor=factories.actor(), now=now)
    assert {grant.role for grant in grants(User.objects.get(pk=user.pk), day=DAY)} == {"sysadmin"}


def test_both_events_are_told_where_the_absent_works(absent: User, deputy: User, now: datetime) -> None:
    village = factories.user("vil", role="village")
    row = appoint(village, deputy, now)
    dismiss_deputy(deputy=row, to_date=DAY, actor=factories.actor(), now=now)
    told = Event.objects.order_by("seq").values_list("action", "unit_path")
    path = factories.village().path
    assert list(told) == [("deputy.appointed", path), ("deputy.dismissed", path)]
    auditor = factories.user("auditor", role="auditor", unit=factories.village())
    assert Event.objects.visible_to(auditor).count() == 2


def test_nobody_stands_in_for_oneself(absent: User, now: datetime) -> None:
    with pytest.raises(DeputyIsAnother):
        appoint(absent, absent, now)


def test_nobody_decides_where_it_concerns_oneself(absent: User, deputy: User, now: datetime) -> None:
    for party in (absent, deputy):
        with pytest.raises(OwnDeputy):
            appoint(absent, deputy, now, by=party)
    row = appoint(absent, deputy, now, to_date=APRIL)
    with pytest.raises(OwnDeputy):  # one's own time is not made longer either
        dismiss_deputy(deputy=row, to_date=MAY, actor=factories.actor(deputy), now=now)


def test_the_same_two_at_most_once_at_a_time(absent: User, deputy: User, now: datetime) -> None:
    first = appoint(absent, deputy, now, to_date=APRIL)
    with pytest.raises(DeputyOverlaps):
        appoint(absent, deputy, now, from_date=date(2026, 3, 31))
    appoint(absent, deputy, now, from_date=APRIL, to_date=MAY)
    with pytest.raises(DeputyOverlaps):
        dismiss_deputy(deputy=first, to_date=date(2026, 4, 2), actor=factories.actor(), now=now)
    appoint(absent, factories.user("third", role="caseworker"), now)  # somebody else beside
    dismiss_deputy(deputy=first, to_date=DAY, actor=factories.actor(), now=now)
    appoint(absent, deputy, now, from_date=date(2026, 3, 1), to_date=APRIL)  # what never was in force bars nothing


def test_within_an_area_only_who_works_nowhere_else(absent: User, deputy: User, now: datetime) -> None:
    factories.member(absent, "caseworker", factories.town(factories.OTHER_TOWN), from_date=APRIL)
    appoint(absent, deputy, now, to_date=APRIL, within=here())
    with pytest.raises(NotAColleague) as refused:  # from April on there would be rights in another place
        appoint(absent, deputy, now, from_date=APRIL, within=here())
    assert [problem.pointer for problem in refused.value.problems] == ["/absent"]


@pytest.mark.parametrize("role", ["auditor", "helper", "liaison", "sysadmin"])
def test_a_supervisor_hands_on_the_offices_work_and_nothing_else(role: str, deputy: User, now: datetime) -> None:
    other = factories.user("other", role=role)
    for absent, stands_in, pointer in ((other, deputy, "/absent"), (deputy, other, "/deputy")):
        with pytest.raises(NotAColleague) as refused:
            appoint(absent, stands_in, now, within=here())
        assert refused.value.problems[0].pointer == pointer


def test_who_works_elsewhere_or_no_more_stands_in_for_nobody_here(absent: User, now: datetime) -> None:
    elsewhere = factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    left = factories.user("left", role="caseworker", to_date=DAY)
    for other in (elsewhere, left):
        with pytest.raises(NotAColleague):
            appoint(absent, other, now, within=here())
        with pytest.raises(NotAColleague):
            appoint(other, absent, now, within=here())


def test_what_was_decided_for_elsewhere_is_not_ended_from_here(deputy: User, now: datetime) -> None:
    elsewhere = factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    row = appoint(elsewhere, deputy, now)
    with pytest.raises(NotAColleague):
        dismiss_deputy(deputy=row, to_date=DAY, actor=factories.actor(), now=now, within=here())
