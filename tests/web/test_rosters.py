"""Pages of rosters: uploaded, looked through beside the rows, applied once, told that nothing changes."""

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from backend.cases.models import Family, Roster
from backend.cases.rosters import services
from backend.org.models import User
from tests import factories
from tests.rosters.sheets import people_csv, person, wrong_certificate
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def caseworker() -> User:
    factories.village()
    return factories.user("caseworker", role="caseworker")


@pytest.fixture
def here(caseworker: User) -> Client:
    return visitor(caseworker)


def uploaded(here: Client, content: bytes, name: str = "花名册.csv") -> Any:
    return here.post("/rosters/", {"kind": "families", "file": SimpleUploadedFile(name, content)})


def sheet(**cells: Any) -> bytes:
    return people_csv(person(**cells))


def test_upload_look_through_apply_and_upload_again(here: Client) -> None:
    first = uploaded(here, sheet())
    roster = Roster.objects.get()
    assert first.url == f"/rosters/{roster.pk}/"
    assert "families new" in text(here.get(first.url))
    assert not Family.objects.exists()
    assert here.post(first.url, {"version": roster.version}).status_code == 302
    assert "<progress" in text(here.get(first.url))
    assert "<html" not in text(here.get(first.url, headers={"HX-Request": "true"}))
    services.apply(roster=Roster.objects.get(), now=timezone.now())
    assert here.get(first.url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert 'id="applied"' in text(here.get(first.url))
    assert Family.objects.count() == 1
    again = uploaded(here, sheet())
    assert 'id="nothing"' in text(here.get(again.url))


def test_problems_stand_beside_their_rows_and_are_narrowed(here: Client) -> None:
    wrong = wrong_certificate()
    page = uploaded(here, sheet(证件号码=wrong, 居住状况="不清楚")).url
    said = text(here.get(page))
    assert "不清楚" in said
    assert wrong not in said
    assert f"…{wrong[-4:]}" in said
    assert "不清楚" not in text(here.get(page, {"code": "id_checksum"}))
    copy = here.get(f"{page}problems.xlsx")
    assert copy["Content-Type"].endswith("spreadsheetml.sheet")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no person"),
        (b"PK\x03\x04nothing", "cannot be read"),
        ("姓名,别的\n王德福,1\n".encode(), "were not found"),
    ],
)
def test_wrong_files_are_told_on_the_form(here: Client, content: bytes, told: str) -> None:
    response = uploaded(here, content, "x.csv" if b"," in content else "x.xlsx")
    assert response.status_code in {400, 422}
    assert told in response.content.decode()
    assert not Roster.objects.exists()


def test_a_file_too_large_is_not_even_read(here: Client) -> None:
    response = here.generic(
        "POST", "/rosters/", b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(60_000_000)
    )
    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_a_page_elsewhere_cannot_upload(caseworker: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(caseworker)
    assert uploaded(strict, sheet()).status_code == 403
    assert not Roster.objects.exists()


def test_the_file_never_lies_readable_on_the_disk(caseworker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Django keeps what is larger than this in a temporary file; the check of the form's token reads the form first."""
    monkeypatch.setattr(settings, "FILE_UPLOAD_MAX_MEMORY_SIZE", 10)
    monkeypatch.setattr(settings, "FILE_UPLOAD_TEMP_DIR", "/nowhere")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(caseworker)
    strict.get("/rosters/")
    form: dict[str, Any] = {"kind": "families", "file": SimpleUploadedFile("x.csv", sheet())}
    form["csrfmiddlewaretoken"] = strict.cookies["csrftoken"].value
    assert strict.post("/rosters/", form).status_code == 302


def test_who_may_only_read_is_offered_nothing(here: Client) -> None:
    page = uploaded(here, sheet()).url
    supervisor = visitor(factories.user("supervisor", role="supervisor"))
    said = text(supervisor.get(page))
    assert 'name="start_programme"' not in said
    assert 'type="file"' not in text(supervisor.get("/rosters/"))
    assert supervisor.post(page, {}).status_code == 403
    assert supervisor.get(f"{page}problems.xlsx").status_code == 403
    stranger = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(page).status_code == 404
