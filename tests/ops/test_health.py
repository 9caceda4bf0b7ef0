"""/healthz and /readyz."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backend.ops import health


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "10.1.2.3:8000"})


def ready(client: Client) -> tuple[int, list[str]]:
    """Status and what is missing."""
    reply = client.get("/readyz")
    return reply.status_code, reply.json()["missing"]


def beat(seconds_ago: int) -> None:
    """A worker that told this long ago that it lives."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def test_alive_without_a_database_and_by_any_host_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", 9)
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_ready_while_the_worker_lives(client: Client) -> None:
    assert ready(client) == (503, ["worker"])
    beat(seconds_ago=health.STALE_SECONDS + 5)
    assert ready(client) == (503, ["worker"])
    beat(seconds_ago=health.STALE_SECONDS - 5)
    assert ready(client) == (200, [])


@pytest.mark.django_db(transaction=True)
def test_not_ready_before_the_last_migration(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    beat(seconds_ago=0)
    known = health._known_migrations()
    monkeypatch.setattr(health, "_known_migrations", lambda: known | {("cases", "9999_of_tomorrow")})
    assert ready(client) == (503, ["migrations"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "value", "missing"),
    [("PORT", 9, ["database"]), ("NAME", "template1", ["migrations", "worker"]), ("NAME", "nowhere", ["database"])],
)
def test_not_ready_without_database_or_tables(
    client: Client, monkeypatch: pytest.MonkeyPatch, setting: str, value: Any, missing: list[str]
) -> None:
    monkeypatch.setitem(connection.settings_dict, setting, value)
    assert ready(client) == (503, missing)
