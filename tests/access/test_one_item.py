"""One item by its key and all items in a list: two statements, one answer to who sees what."""

from datetime import date

import pytest

from backend.org.models import Unit, User
from tests import factories
from tests.access.world import PLACES, ROLES, World
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


def worker(role: str, unit: Unit, *, ended: bool = False) -> User:
    """Somebody who has, or had, this role at this unit."""
    user = factories.user(unit=unit, role=role)
    if ended:
        user.memberships.update(to_date=date(2025, 1, 1))
    return user


def helper_with_an_item(world: World) -> User:
    """Somebody whose only item is their own."""
    helper = worker("helper", world.village)
    WorkItem.objects.filter(pk=world.items["helper"].pk).update(assignee=helper)
    return helper


def test_an_item_is_found_by_exactly_those_whose_list_holds_it() -> None:
    world = World()
    places = [world.town, world.village, world.partner, world.elsewhere, world.other_partner]
    users = [worker(role, unit, ended=place == "ended") for role in ROLES for unit in places for place in PLACES]
    users += [helper_with_an_item(world), world.helper_user, world.member, world.deputy.deputy]
    items = list(WorkItem.objects.all())
    seen = 0
    for user in users:
        listed = set(WorkItem.objects.visible_to(user))
        assert {item for item in items if WorkItem.objects.one_visible_to(user, item.pk)} == listed, user
        seen += len(listed)
    assert 0 < seen < len(users) * len(items)


def test_it_brings_what_an_answer_tells() -> None:
    world = World()
    helper = helper_with_an_item(world)
    stored = WorkItem.objects.get(assignee=helper)
    found = WorkItem.objects.one_visible_to(helper, stored.pk)
    assert found is not None
    assert found.unit.name == stored.unit.name
    assert found.assignee is not None
    assert found.assignee.name == helper.name
    assert found.search == stored.search
    for field in WorkItem._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(stored, field.attname), field.name
