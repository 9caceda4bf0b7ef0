"""The page of one visit: its record in the form's words, and photographs for who may see them."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from backend.audit.models import Event
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Photo, Visit
from tests import factories
from tests.api.test_photos import agree, taken, withdraw
from tests.kept import kept
from tests.web.visitor import text, visitor
from workflows import deployment

pytestmark = pytest.mark.django_db

ANSWERS = '{"visit_result": "met", "physical": "ill", "needs": ["health"], "money_or_gifts": false, "note": "腿疼"}'


@kept
def user() -> User:
    return factories.user("helper", name="李向阳", role="helper")


@pytest.fixture
def visit(user: User) -> Visit:
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    pairing = factories.pairing(factories.case(), factories.helper(user=user))
    now = timezone.now()
    found = factories.visit(
        pairing, answers=ANSWERS, state="done", recorded_by=user, recorded_by_label=user.name, started_at=now,
        recorded_at=now,
    )  # fmt: skip
    agree(found.family, photo=True)
    return found


@pytest.fixture
def photo(user: User, visit: Visit) -> Photo:
    form = {"id": str(visit.pk), "file": SimpleUploadedFile("photo.jpg", taken())}
    assert visitor(user).post(f"/visits/{visit.pk}/photos/", form).status_code == 200
    return Photo.objects.get()


def test_the_record_is_told_in_the_forms_words(visit: Visit) -> None:
    here = visitor(factories.user("caseworker", role="caseworker"))
    told = text(here.get(f"/visits/{visit.pk}/", headers={"Accept-Language": "en"}))
    assert all(said in told for said in ("Body", "ill", "Money or gifts", "腿疼"))
    assert "No photograph." in told
    assert f"/visits/{visit.pk}/" in text(here.get(f"/families/{visit.family_id}/visits/"))


def test_who_only_inspects_reads_which_answers_are_not_shown(visit: Visit) -> None:
    here = visitor(factories.user("auditor", role="auditor"))
    told = text(here.get(f"/visits/{visit.pk}/", headers={"Accept-Language": "en"}))
    assert "Money or gifts" in told
    assert "Answered, but not shown: Body; Note" in " ".join(told.split())
    assert "腿疼" not in told


def test_what_only_the_village_worker_was_asked_is_told_too(visit: Visit) -> None:
    visit.answers = '{"visit_result": "met", "economy": "short", "kin_support": "neglect", "helper_absent": "住院"}'
    visit.save()
    here = visitor(factories.user("caseworker", role="caseworker"))
    told = text(here.get(f"/visits/{visit.pk}/", headers={"Accept-Language": "en"}))
    assert all(said in told for said in ("Living", "Short", "Support from kin", "Neglect", "住院"))


def test_a_photograph_is_looked_at_and_that_is_kept(visit: Visit, photo: Photo) -> None:
    here = visitor(factories.user("supervisor", role="supervisor"))
    assert f"/photos/{photo.pk}/" in text(here.get(f"/visits/{visit.pk}/"))
    assert not Event.objects.filter(action="visit.photo_seen").exists()
    response = here.get(f"/photos/{photo.pk}/image/")
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert "no-store" in response["Cache-Control"]
    assert Event.objects.filter(action="visit.photo_seen").count() == 1


def test_withdrawn_is_said(visit: Visit, photo: Photo) -> None:
    withdraw(visit.family)
    here = visitor(factories.user("supervisor", role="supervisor"))
    assert f"/photos/{photo.pk}/" not in text(here.get(f"/visits/{visit.pk}/"))
    assert here.get(f"/photos/{photo.pk}/image/").status_code == 410


def test_a_helper_sees_own_photographs_and_no_answers(user: User, visit: Visit, photo: Photo) -> None:
    here = visitor(user)
    told = text(here.get(f"/visits/{visit.pk}/"))
    assert f"/photos/{photo.pk}/" in told
    assert "腿疼" not in told
    assert here.get(f"/photos/{photo.pk}/image/").status_code == 200


def test_strangers_find_nothing(visit: Visit, photo: Photo) -> None:
    stranger = visitor(factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(f"/visits/{visit.pk}/").status_code == 404
    assert stranger.get(f"/photos/{photo.pk}/image/").status_code == 404
    assert visitor(factories.user("admin", role="sysadmin")).get(f"/photos/{photo.pk}/image/").status_code == 403
