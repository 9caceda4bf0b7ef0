"""Photographs of visits: only with consent, only pixels, each once; who looks at one is told of in the history."""

from __future__ import annotations

import struct
import zlib
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from backend.audit.models import Event
from backend.cases.models import Family
from backend.cases.surveys import record_consent, withdraw_consent
from backend.jobs.housekeeping import purge
from backend.org import parameters
from backend.org.models import User
from backend.visits.models import Photo, Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


def taken(size: tuple[int, int] = (1200, 900), kind: str = "JPEG", colour: str = "teal", **more: Any) -> bytes:
    """A picture as a telephone's camera makes it."""
    into = BytesIO()
    Image.new("RGB", size, colour).save(into, kind, **more)
    return into.getvalue()


def telltale() -> bytes:
    """A JPEG that tells where, when and with what it was taken, in all the places for it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0132], exif[0x9286] = "SECRET-MAKER", "2026:03:02 09:00:00", "SECRET-COMMENT"
    exif[0x0112] = 6  # held upright
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 23.0, 42.0), 3: "E", 4: (117.0, 11.0, 9.0), 29: "SECRET-GPS"})
    return taken(exif=exif, comment=b"SECRET-COMMENT", icc_profile=b"SECRET-PROFILE", dpi=(72, 72))


def claiming(side: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""
    small = taken((8, 8), "PNG")
    header = b"IHDR" + struct.pack(">II", side, side) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


def agree(family: Family, **items: bool) -> None:
    now = timezone.now()
    record_consent(
        family=family, purpose="care", notice_version="1", items=items, given_by="self", given_at=now,
        actor=factories.actor(), now=now,
    )  # fmt: skip


def withdraw(family: Family) -> None:
    withdraw_consent(family=family, purpose="care", actor=factories.actor(), now=timezone.now())


@pytest.fixture
def user() -> User:
    return factories.user("helper", name="李向阳", role="helper")


@pytest.fixture
def helper(user: User) -> Caller:
    return Caller(user)


@pytest.fixture
def office() -> Caller:
    return Caller(factories.user("caseworker", role="caseworker"))


@pytest.fixture
def visit(user: User) -> Visit:
    """A recorded visit of the helper to a family that agrees to photographs."""
    pairing = factories.pairing(factories.case(), factories.helper(user=user))
    found = factories.visit(pairing, answers="{}", state="done", recorded_by=user, started_at=timezone.now())
    agree(found.family, photo=True)
    return found


def add(caller: Caller, visit: Visit, content: bytes | None = None, id: str = "", name: str = "照片.jpg") -> Any:
    form = {"id": id or str(uuid4()), "file": SimpleUploadedFile(name, taken() if content is None else content)}
    return caller.http.post(f"/api/visits/{visit.pk}/photos/", form, format="multipart")


def test_a_photograph_comes_in_and_is_looked_at(helper: Caller, office: Caller, visit: Visit) -> None:
    told = add(helper, visit).json()
    assert (told["shown"], told["width"], told["height"]) == (True, 1200, 900)
    photo = Photo.objects.get()
    assert photo.content[:3] != b"\xff\xd8\xff"
    assert [row["id"] for row in results(office.get(f"visits/{visit.pk}/photos/"))] == [str(photo.pk)]
    for caller in (helper, office):
        response = caller.get(f"photos/{photo.pk}/")
        assert response.status_code == 200
        assert (response["Content-Type"], response["Cache-Control"]) == ("image/jpeg", "no-store")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert Image.open(BytesIO(response.content)).size == (1200, 900)
    # The own photograph tells nobody anything new; somebody else's look is an event.
    assert office.user is not None
    [seen] = Event.objects.filter(action="visit.photo_seen")
    assert (seen.actor_id, seen.case_id, seen.data["photo"]) == (office.user.pk, visit.case_id, str(photo.pk))
    assert Event.objects.filter(action="visit.photo_added").count() == 1


def test_sent_again_it_is_the_same_photograph(helper: Caller, visit: Visit, user: User) -> None:
    id = str(uuid4())
    first, again = add(helper, visit, id=id), add(helper, visit, id=id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Photo.objects.count() == 1
    other = factories.visit(visit.pairing, answers="{}", state="done", recorded_by=user)
    assert_problem(add(helper, other, id=id), 409, "photo_taken")


def test_nothing_but_pixels_is_kept(helper: Caller, visit: Visit) -> None:
    sent = telltale()
    assert sent.count(b"SECRET") >= 4
    told = add(helper, visit, sent).json()
    assert (told["width"], told["height"]) == (900, 1200)  # turned upright, for what said so is gone
    kept = helper.get(f"photos/{told['id']}/").content
    assert b"SECRET" not in kept
    assert b"Exif" not in kept
    found = Image.open(BytesIO(kept))
    assert not found.getexif()
    assert set(found.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_large_becomes_smaller(helper: Caller, visit: Visit, kind: str) -> None:
    told = add(helper, visit, taken((4000, 3000), kind)).json()
    assert (told["width"], told["height"]) == (1600, 1200)


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", taken()[:2000], b"\x89PNG\r\n\x1a\n"],
)
def test_what_is_no_photograph_is_refused(helper: Caller, visit: Visit, content: bytes) -> None:
    assert_problem(add(helper, visit, content), 422, "not_a_photo")
    assert_problem(add(helper, visit, taken(kind="GIF")), 422, "not_a_photo")
    assert not Photo.objects.exists()


def test_what_unpacks_to_too_much_is_refused(helper: Caller, visit: Visit) -> None:
    for side in (5_001, 9_999, 60_000):
        assert_problem(add(helper, visit, claiming(side)), 413, "photo_too_large")
    assert_problem(add(helper, visit, b"\xff" * 8_000_001), 413, "photo_too_large")
    assert_problem(add(helper, visit, b"\xff" * 9_000_000), 413, "photo_too_large")


def test_without_consent_nothing_comes_in(helper: Caller, visit: Visit) -> None:
    agree(visit.family, renewed=True)  # what was agreed goes on
    assert add(helper, visit).status_code == 201
    agree(visit.family, health=True)  # the newest consent says nothing of photographs
    assert_problem(add(helper, visit), 409, "no_photo_consent")
    agree(visit.family, photo=True)
    assert add(helper, visit).status_code == 201
    withdraw(visit.family)
    assert_problem(add(helper, visit), 409, "no_photo_consent")
    assert Photo.objects.count() == 2


def test_who_said_no_at_this_visit_is_heard(helper: Caller, visit: Visit) -> None:
    visit.answers = '{"photo_consent": false}'
    visit.save()
    assert_problem(add(helper, visit), 409, "no_photo_consent")


def test_withdrawn_consent_hides_at_once_and_deletes_by_night(helper: Caller, office: Caller, visit: Visit) -> None:
    id = add(helper, visit).json()["id"]
    withdraw(visit.family)
    for caller in (helper, office):
        assert_problem(caller.get(f"photos/{id}/"), 410, "photo_withdrawn")
        assert [row["shown"] for row in results(caller.get(f"visits/{visit.pk}/photos/"))] == [False]
    purge(timestamp=0)
    photo = Photo.objects.get()
    assert (bytes(photo.content), photo.removed_at is not None) == (b"", True)
    assert Event.objects.filter(action="visit.photo_removed").count() == 1
    agree(visit.family, photo=True)
    assert_problem(office.get(f"photos/{id}/"), 410, "photo_withdrawn")


def test_the_night_leaves_what_is_agreed_to(helper: Caller, visit: Visit) -> None:
    id = add(helper, visit).json()["id"]
    purge(timestamp=0)
    assert helper.get(f"photos/{id}/").status_code == 200


def test_a_visit_has_so_many(helper: Caller, visit: Visit) -> None:
    parameters.set_parameter(key="visit.photos_most", value=1, from_date=factories.LONG_AGO)
    id = str(uuid4())
    assert add(helper, visit, id=id).status_code == 201
    assert_problem(add(helper, visit), 409, "too_many_photos")
    assert add(helper, visit, id=id).status_code == 200


def test_before_its_record_a_visit_has_none(helper: Caller, visit: Visit) -> None:
    visit.state = "planned"
    visit.save()
    assert_problem(add(helper, visit), 409, "visit_not_recorded")


def test_who_may_neither_add_nor_see(helper: Caller, visit: Visit) -> None:
    id = add(helper, visit).json()["id"]
    stranger = Caller(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert add(stranger, visit).status_code == 404
    assert stranger.get(f"photos/{id}/").status_code == 404
    supervisor = Caller(factories.user("supervisor", role="supervisor"))
    assert_problem(add(supervisor, visit), 403, "not_allowed")
    assert supervisor.get(f"photos/{id}/").status_code == 200


def test_a_helper_sees_own_photographs_while_the_pairing_lasts(helper: Caller, visit: Visit) -> None:
    village = Caller(factories.user("village", role="village"))
    theirs, own = add(village, visit).json()["id"], add(helper, visit).json()["id"]
    assert [row["id"] for row in results(helper.get(f"visits/{visit.pk}/photos/"))] == [own]
    assert helper.get(f"photos/{theirs}/").status_code == 404
    pairing = visit.pairing
    assert pairing is not None
    pairing.to_date = timezone.localdate() - timedelta(days=1)
    pairing.save()
    assert helper.get(f"photos/{own}/").status_code == 404
    assert results(helper.get(f"visits/{visit.pk}/photos/")) == []
