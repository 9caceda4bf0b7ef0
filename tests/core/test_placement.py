"""Where the embedded database keeps its files, for root and for an ordinary user alike."""

import os
import pwd
from pathlib import Path

import psycopg
import pytest

from backend.core import embedded, placement
from backend.core.databases import ROLE, embedded_url
from backend.core.embedded import OtherVersion
from backend.core.placement import ForeignFolder, placed

ROOT = os.geteuid() == 0


@pytest.fixture
def shelf(open_folder: Path) -> Path:
    """Where root keeps what the server's account cannot reach."""
    return open_folder / "shelf"


def test_the_server_never_runs_as_root_and_opens_no_folder(tmp_path: Path, shelf: Path) -> None:
    tmp_path.chmod(0o700)  # like a private home
    data = tmp_path / "data"

    found = placed(data, shelf=shelf)

    assert found.owner != 0
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert found.home.stat().st_mode & 0o777 == 0o700
    assert found.home.stat().st_uid == found.owner
    assert (data / "postgres").resolve() == found.home
    # Root's server cannot enter such a folder, so its database is on the shelf; anybody else's stays in place.
    assert found.home.is_relative_to(shelf if ROOT else data)
    assert placed(data, shelf=shelf) == found


def test_a_database_of_another_account_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 4242)
    with pytest.raises(ForeignFolder) as caught:
        placed(tmp_path)
    assert pwd.getpwuid(os.getuid()).pw_name in str(caught.value)


def test_a_squatted_socket_folder_is_refused(open_folder: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name in the temporary folder can be guessed, so somebody could make it first and read along."""
    theirs = open_folder / "theirs"
    theirs.mkdir()
    (link := open_folder / "link").symlink_to(theirs)
    monkeypatch.setattr(placement, "socket_folder", lambda _data: link)
    with pytest.raises(ForeignFolder):
        placed(open_folder / "squatted", shelf=shelf)


def test_application_role_is_no_superuser_and_only_a_socket_listens(open_folder: Path, shelf: Path) -> None:
    data = open_folder / "role"
    with (
        embedded.running(data, shelf=shelf, durable=False),
        psycopg.connect(embedded_url(data)) as connection,
    ):
        row = connection.execute(
            "SELECT usename, usesuper, current_setting('listen_addresses') FROM pg_user WHERE usename = current_user"
        ).fetchone()
        assert row == (ROLE, False, "")
        connection.execute("CREATE EXTENSION pg_trgm")


def test_another_major_version_is_named(open_folder: Path, shelf: Path) -> None:
    data = open_folder / "version"
    with embedded.running(data, shelf=shelf, durable=False):
        pass
    (data / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(OtherVersion, match="9"):
        embedded.prepared(data, shelf=shelf)


def test_an_interrupted_beginning_is_begun_again(open_folder: Path, shelf: Path) -> None:
    data = open_folder / "interrupted"
    found = placed(data, shelf=shelf)
    (found.home / "new").mkdir()
    (found.home / "new" / "PG_VERSION").write_text("18\n")
    with embedded.running(data, shelf=shelf, durable=False) as url:
        psycopg.connect(url).close()
