"""Where the database is."""

from pathlib import Path

import pytest

from backend.core.databases import LONGEST_SOCKET, SOCKET, connection_settings, embedded_url, socket_folder

DATA = Path("/srv/jieqin")


def test_url_is_taken_apart() -> None:
    found = connection_settings("postgresql://%E5%BC%A0:p%40ss@db.example:6432/cases?sslmode=require", DATA)
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("张", "p@ss", "db.example")
    assert (found["PORT"], found["NAME"]) == (6432, "cases")
    assert found["OPTIONS"]["sslmode"] == "require"


def test_own_options_are_kept_beside_those_of_the_url() -> None:
    options = connection_settings("postgresql:///cases?options=-c%20work_mem%3D8MB", DATA)["OPTIONS"]["options"]
    assert "lock_timeout" in options
    assert "work_mem=8MB" in options


def test_every_request_is_one_transaction() -> None:
    assert connection_settings("postgresql:///cases", DATA)["ATOMIC_REQUESTS"] is True


@pytest.mark.parametrize("url", ["mysql://localhost/cases", "sqlite:///cases", "cases"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="only PostgreSQL"):
        connection_settings(url, DATA)


@pytest.mark.parametrize("folder", ["/srv/jieqin", "/srv/结亲 & co/a+b?c#d%20e"])
def test_embedded_server_is_found_in_any_folder(folder: str) -> None:
    found = connection_settings("", Path(folder))
    assert found["HOST"] == f"{folder}/postgres"
    assert (found["USER"], found["NAME"], found["PORT"]) == ("jieqin", "jieqin", "5432")


@pytest.mark.parametrize("length", range(LONGEST_SOCKET - len(f"/postgres/{SOCKET}") - 2, LONGEST_SOCKET))
def test_socket_path_never_grows_too_long(length: int) -> None:
    data = Path("/" + "d" * (length - 1))
    assert len(bytes(socket_folder(data) / SOCKET)) <= LONGEST_SOCKET
    assert str(socket_folder(data)) == connection_settings(embedded_url(data), data)["HOST"]


def test_two_long_folders_do_not_share_a_socket() -> None:
    first, second = (socket_folder(Path("/" + "d" * 120 + end)) for end in "12")
    assert first != second
