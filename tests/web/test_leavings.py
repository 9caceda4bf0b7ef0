"""A person leaves, on pages: looked at, handed over, the list opened; and what the security administrator hears."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.desk.models import Leaving
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage
from workflows import services

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@kept
def stage() -> Stage:
    """The village worker has taken an errand; a second one works in the village."""
    made = Stage()
    made.start(NOW - timedelta(days=2))
    services.claim(item=made.item("take_note"), user=made.village, now=NOW)
    factories.user("other", role="village", name="赵代班")
    return made


@pytest.fixture
def chief(stage: Stage) -> Client:
    return visitor(stage.supervisor)


def test_from_the_workload_to_the_list_of_the_successor(stage: Stage, chief: Client) -> None:
    address = f"/workload/{stage.village.pk}/leaving/"
    assert address in text(chief.get(f"/workload/{stage.village.pk}/"))
    successor = stage.village.__class__.objects.get(username="other")
    plan = {"successor": str(successor.pk), "work": "successor", "deputies": "successor"}
    assert "赵代班" in text(chief.get(address, plan))
    done = chief.post(address, {**plan, "reason": "轮岗", "key": "one"}, follow=True)
    assert "has handed everything over" in text(done)
    made = Leaving.objects.get()
    other = visitor(successor)
    assert f"/leavings/{made.pk}/" in text(other.get("/"))
    assert stage.case.number in text(other.get(f"/leavings/{made.pk}/"))
    seen = other.post(f"/leavings/{made.pk}/", follow=True)
    assert "I have seen this list" not in text(seen)
    assert f"/leavings/{made.pk}/" not in text(other.get("/"))


def test_while_something_would_be_orphaned_it_cannot_be_done(stage: Stage, chief: Client) -> None:
    factories.pairing(helper_=factories.helper(user=stage.village))
    address = f"/workload/{stage.village.pk}/leaving/"
    page = text(chief.get(address))
    assert "The person also helps families" in page
    assert "Hand everything over" not in page
    refused = chief.post(address, {"reason": "轮岗", "key": "one"})
    assert refused.status_code == 409
    assert 'data-code="would_be_orphaned"' in refused.content.decode()
    assert not Leaving.objects.exists()


def test_the_security_administrator_hears_why_an_account_stays(stage: Stage) -> None:
    security = visitor(factories.user("secadmin", role="secadmin"))
    address = f"/administration/users/{stage.village.pk}/do/deactivate/"
    refused = security.post(address, {"reason": "调走", "key": "one"})
    said = refused.content.decode()
    assert refused.status_code == 409
    assert "open work: 1" in said
    assert stage.case.family.label not in said


def test_who_has_nothing_to_do_with_it(stage: Stage) -> None:
    assert visitor(stage.caseworker).get(f"/workload/{stage.village.pk}/leaving/").status_code == 403
    far = visitor(factories.user("far", role="supervisor", unit=factories.town(factories.OTHER_TOWN)))
    assert far.get(f"/workload/{stage.village.pk}/leaving/").status_code == 404
    made = Leaving.objects.create(user=stage.village, unit_path=factories.town().path, reason="x", done_by_label="x")
    assert visitor(stage.caseworker).get(f"/leavings/{made.pk}/").status_code == 404
    assert "village" not in text(far.get("/leavings/")).split("<main")[-1]


def test_statements(stage: Stage, chief: Client) -> None:
    assert statements(chief, f"/workload/{stage.village.pk}/leaving/") <= 25
    assert statements(chief, "/leavings/") <= 10
