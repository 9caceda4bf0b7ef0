"""Who reads memberships and deputies: oneself, those who stand in, whoever reads users there, administrators."""

import pytest
from django.utils import timezone

from backend.org.models import Deputy, Membership, User
from tests import factories

pytestmark = pytest.mark.django_db


def seen(viewer: User) -> set[str]:
    return {row.user.username for row in Membership.objects.visible_to(viewer)}


@pytest.fixture(autouse=True)
def _people() -> None:
    for name, role in (("cw", "caseworker"), ("vil", "village"), ("helper", "helper"), ("sec", "secadmin")):
        factories.user(name, role=role)
    factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        ("cw", {"cw", "vil", "helper", "sec"}),  # reads users of the township
        ("helper", {"helper"}),
        ("vil", {"vil"}),
        ("far", {"far"}),
        ("sec", {"cw", "vil", "helper", "sec", "far"}),
    ],
)
def test_memberships_are_seen_by_place_and_role(viewer: str, expected: set[str]) -> None:
    assert seen(User.objects.get(username=viewer)) == expected


def test_a_deputy_sees_the_memberships_of_the_absent_as_long_as_it_lasts() -> None:
    far, helper = User.objects.get(username="far"), User.objects.get(username="helper")
    deputy = Deputy.objects.create(absent=far, deputy=helper, from_date=timezone.localdate(), reason="病假")
    assert "far" in seen(helper)
    deputy.to_date = timezone.localdate()
    deputy.save()
    assert seen(User.objects.get(username="helper")) == {"helper"}


def test_deputies_are_seen_by_both_by_who_reads_users_there_and_by_administrators() -> None:
    absent, deputy = User.objects.get(username="vil"), User.objects.get(username="helper")
    Deputy.objects.create(absent=absent, deputy=deputy, from_date=timezone.localdate(), reason="病假")
    seen_by = {user.username for user in User.objects.all() if Deputy.objects.visible_to(user).exists()}
    assert seen_by == {"vil", "helper", "cw", "sec"}
