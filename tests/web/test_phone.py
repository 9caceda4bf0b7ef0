"""The telephone's page: the same for everybody; its JSON for whoever is logged in; what a browser may keep."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.models import Photo, Submission, Visit
from backend.web.installation import FILES
from backend.web.phone import ICONS
from tests import factories
from tests.api.test_photos import agree, taken
from tests.api.test_visits import answers
from tests.kept import kept
from tests.web.visitor import text, visitor
from workflows import deployment

pytestmark = pytest.mark.django_db


@kept
def user() -> User:
    return factories.user("xiangyang", name="李向阳", role="helper")


@pytest.fixture
def visit(user: User) -> Visit:
    files = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
    deployment.deploy(key="care_visit", files=files, actor=SYSTEM, now=timezone.now())
    return factories.visit(factories.pairing(factories.case(), factories.helper(user=user)))


@pytest.fixture
def here(user: User) -> Client:
    return visitor(user)


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def record(visit: Visit) -> dict[str, Any]:
    return {"id": str(uuid4()), "visit": str(visit.pk), "pairing": str(visit.pairing_id), "answers": answers()}


@pytest.mark.parametrize("path", ["/visits/", "/emergency/", "/emergency/report/"])
def test_what_a_browser_keeps_names_nobody(here: Client, user: User, path: str) -> None:
    told = text(here.get(path))
    assert user.name not in told
    assert user.username not in told
    assert text(Client(headers={"Accept-Language": "en"}).get(path)).count("<") == told.count("<")


def test_emergency_numbers_before_logging_in() -> None:
    told = text(Client().get("/emergency/"))
    assert all(f'href="tel:{number}"' in told for number in ("120", "110", "119", "12345"))
    assert "/emergency/" in text(Client().get("/log-in/"))


def test_what_the_service_worker_keeps_is_there() -> None:
    told = text(Client().get("/service-worker.js"))
    kept = json.loads(told.split("\n", 1)[0].removeprefix("const KEPT = ").removesuffix(";"))
    assert len(kept["files"]) == len(FILES)
    assert kept["shells"] == ["/visits/", "/emergency/", "/emergency/report/"]
    modules = settings.ROOT / "backend/web/static/web/phone"
    shipped = {f"web/phone/{file.name}" for file in modules.glob("*.js")}
    assert shipped - set(FILES) == {"web/phone/service-worker.js", "web/phone/forget.js"}


def test_every_icon_that_the_scripts_draw_is_in_the_page() -> None:
    scripts = settings.ROOT / "backend/web/static/web/phone"
    drawn: set[str] = set()
    for file in scripts.glob("*.js"):
        source = file.read_text(encoding="utf-8")
        drawn |= set(re.findall(r'(?:icon\(|icon: |\bbutton\(.*?\{ name: )"([\w-]+)"', source))
        drawn |= {name for pair in re.findall(r'icon\(\w+ \? "([\w-]+)" : "([\w-]+)"\)', source) for name in pair}
    assert len(drawn) > 15
    assert drawn <= set(ICONS)


def test_the_page_brings_every_icon_that_its_scripts_draw() -> None:
    folder = settings.ROOT / "backend/web/static/web/phone"
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.js"))
    named = set(re.findall(r'\bicon(?:\(|: )"([\w-]+)"', source)) | set(
        re.findall(r'\bname: "([\w-]*-[\w-]*)"', source)
    )
    chosen = {name for pair in re.findall(r'(?:icon\(|name: )\w+ \? "([\w-]+)" : "([\w-]+)"', source) for name in pair}
    assert len(chosen) == 4
    assert named | chosen <= set(ICONS)


def test_a_photograph_comes_in_through_the_page(here: Client, user: User, visit: Visit) -> None:
    assert post(here, "/visits/submissions/", record(visit)).status_code == 200
    agree(visit.family, photo=True)
    for _time in range(2):
        form = {"id": str(visit.pk), "file": SimpleUploadedFile("photo.jpg", taken())}
        told = here.post(f"/visits/{visit.pk}/photos/", form)
        assert (told.status_code, told.json()["id"]) == (200, str(visit.pk))
    assert Photo.objects.count() == 1
    large = {"id": str(uuid4()), "file": SimpleUploadedFile("photo.jpg", b" " * 9_000_000)}
    assert here.post(f"/visits/{visit.pk}/photos/", large).json()["code"] == "photo_too_large"
    assert here.post(f"/visits/{uuid4()}/photos/", form).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(f"/visits/{visit.pk}/photos/", form).status_code == 403


def test_it_can_be_installed() -> None:
    told = Client().get("/manifest.webmanifest").json()
    assert (told["start_url"], told["display"]) == ("/visits/", "standalone")
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}


def test_who_makes_no_visits_is_told_so_and_gets_no_key() -> None:
    client = visitor(factories.user("auditor", role="auditor"))
    told = client.get("/visits/session/")
    assert (told.status_code, told.json()["visits"]) == (200, False)
    assert client.post("/visits/key/", {"device": "d"}, content_type="application/json").status_code == 403
    assert client.get("/visits/coming/").status_code == 403


@pytest.mark.parametrize("path", ["/visits/session/", "/visits/coming/"])
def test_a_stranger_is_told_so_in_json(path: str) -> None:
    response = Client().get(path)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_a_one_time_password_opens_no_visit(user: User, here: Client) -> None:
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    assert here.get("/visits/coming/").status_code == 401


def test_the_key_is_the_same_after_the_next_log_in_and_another_for_others(user: User, here: Client) -> None:
    device = str(uuid4())
    first = post(here, "/visits/key/", {"device": device}).json()
    again = post(visitor(user), "/visits/key/", {"device": device, "name": first["name"]}).json()
    assert again["key"] == first["key"]
    assert len(base64.b64decode(first["key"])) == 32
    assert first["expires_at"] > timezone.now().isoformat()
    other = factories.user("other", role="helper")
    keys = {first["key"], post(visitor(other), "/visits/key/", {"device": device}).json()["key"],
            post(here, "/visits/key/", {"device": str(uuid4())}).json()["key"]}  # fmt: skip
    assert len(keys) == 3
    assert post(Client(), "/visits/key/", {"device": device}).status_code == 401


def test_a_key_of_the_server_that_is_gone_gives_way_to_the_newest(here: Client) -> None:
    told = post(here, "/visits/key/", {"device": "d", "name": "gone"})
    assert (told.status_code, told.json()["name"] != "gone") == (200, True)


def test_the_telephone_asks_all_that_the_forms_ask() -> None:
    """What a script does not know of, nobody can answer on a telephone, and a correction would take away."""
    script = (Path(__file__).parents[2] / "backend/web/static/web/phone/form.js").read_text("utf-8")
    for name in ("visit", "village_visit"):
        form = json.loads((settings.BPMN_FOLDER / "care_visit" / "forms" / f"{name}.json").read_text("utf-8"))
        assert [field for field in form["properties"] if f'"{field}"' not in script] == [], name


def test_a_record_comes_in_once(here: Client, visit: Visit) -> None:
    message = record(visit)
    first, again = (post(here, "/visits/submissions/", message) for _attempt in range(2))
    assert first.status_code == 200, first.content
    assert (first.json()["state"], again.json()) == ("stored", first.json())
    assert Submission.objects.count() == 1
    visit.refresh_from_db()
    assert visit.state == "done"


def test_a_refusal_says_why_and_changes_nothing(here: Client, visit: Visit) -> None:
    message = record(visit)
    del message["answers"]["mental"]
    response = post(here, "/visits/submissions/", message)
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert response.json()["errors"][0]["pointer"] == "/answers/mental"
    for body in (b"[]", b"{", b"x" * 100_001):
        refused = here.post("/visits/submissions/", body, content_type="application/json")
        assert refused.status_code == 400, refused.content
    assert not Submission.objects.exists()


def test_a_post_needs_the_token(user: User, visit: Visit) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert post(client, "/visits/submissions/", record(visit)).status_code == 403
    token = client.get("/visits/session/").json()["csrf"]
    body = json.dumps(record(visit))
    sent = client.post("/visits/submissions/", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert sent.status_code == 200, sent.content


def test_two_that_differ_are_decided_by_a_person(here: Client, visit: Visit) -> None:
    post(here, "/visits/submissions/", record(visit))
    message = record(visit)
    message["answers"]["physical"] = "ill"
    found = post(here, "/visits/submissions/", message).json()
    assert found["state"] == "conflict"
    [kept] = here.get("/visits/coming/").json()["conflicts"]
    decision = {"answers": message["answers"], "version": kept["visit_version"]}
    decided = post(here, f"/visits/submissions/{found['id']}/", decision)
    assert decided.json()["state"] == "decided", decided.content
    assert here.get("/visits/coming/").json()["conflicts"] == []
