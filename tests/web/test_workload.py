"""Workload pages: choose somebody's items, see who could take them, hand them over with a reason."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.audit.models import Event
from backend.org.codes import load_codes
from backend.org.models import Deputy, User
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage
from workflows import services
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@kept
def stage() -> Stage:
    load_codes()
    made = Stage()
    made.start(NOW - timedelta(days=30))
    services.claim(item=made.item("take_note"), user=made.village, now=NOW)
    return made


@pytest.fixture
def free(stage: Stage) -> User:
    return factories.user("free", role="village", name="李接手")


@pytest.fixture
def here(stage: Stage) -> Client:
    return visitor(stage.supervisor)


def test_everybody_is_listed_and_opened(here: Client, stage: Stage) -> None:
    said = text(here.get("/workload/"))
    assert f'href="/workload/{stage.village.pk}/"' in said
    assert stage.item("take_note").title_en in text(here.get(f"/workload/{stage.village.pk}/"))
    assert text(here.get("/workload/none/"))
    assert here.get(f"/workload/{stage.stranger.pk}/").status_code == 404


def test_what_would_change_is_shown_before_anything_does(here: Client, stage: Stage, free: User) -> None:
    item = stage.item("take_note")
    path = f"/workload/{stage.village.pk}/"
    assert "李接手" in text(here.get(path, {"ids": [str(item.pk)]}))
    said = text(here.get(path, {"ids": [str(item.pk)], "to": str(free.pk)}))
    assert "would get 1 more" in said
    item.excluded = [str(free.pk)]
    item.save()
    assert "four eyes" in text(here.get(path, {"ids": [str(item.pk)], "to": str(free.pk)}))
    assert WorkItem.objects.get(pk=item.pk).assignee == stage.village


def test_handing_over_tells_what_became_of_each_row(here: Client, stage: Stage, free: User) -> None:
    item = stage.item("take_note")
    path = f"/workload/{stage.village.pk}/now/"
    body = {"ids": [str(item.pk)], "to": str(free.pk), "reason": "休假两周"}
    assert "Handed over: 1." in text(here.post(path, body))
    assert WorkItem.objects.get(pk=item.pk).assignee == free
    assert Event.objects.get(action="work_item.delegated").reason == "休假两周"
    WorkItem.objects.filter(pk=item.pk).update(excluded=[str(stage.village.pk)])
    said = text(here.post(path, {**body, "to": str(stage.village.pk)}))
    assert "Not handed over: 1" in said
    assert "That person cannot do this" in said


def test_never_without_a_reason(here: Client, stage: Stage, free: User) -> None:
    item = stage.item("take_note")
    path = f"/workload/{stage.village.pk}/now/"
    response = here.post(path, {"ids": [str(item.pk)], "to": str(free.pk), "reason": ""})
    assert response.status_code == 400
    assert f'value="{free.pk}" checked' in response.content.decode()
    assert WorkItem.objects.get(pk=item.pk).assignee == stage.village


def test_only_supervisors(stage: Stage) -> None:
    for user in (stage.caseworker, stage.village):
        for path in ("/workload/", f"/workload/{stage.village.pk}/"):
            assert visitor(user).get(path).status_code == 403


def test_as_many_statements_for_any_number_of_people(here: Client, stage: Stage) -> None:
    before = statements(here, "/workload/")
    for place in range(5):
        factories.user(f"more{place}", role="village")
    assert statements(here, "/workload/") == before


def test_work_for_which_nobody_is_there_stands_first(stage: Stage) -> None:
    here = visitor(stage.supervisor)
    words = "For this work nobody is there today"
    assert words not in text(here.get("/workload/"))
    today = timezone.localdate(NOW)
    for absent, deputy in ((stage.village, stage.caseworker), (stage.caseworker, stage.colleague)):
        Deputy.objects.create(absent=absent, deputy=deputy, from_date=today, reason="病假")
    said = text(here.get("/workload/"))
    assert words in said
    assert "away, as is whoever stands in" in said
