"""Somebody who opens pages: Django's own client, logged in, in a language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backend.org.models import User


def visitor(user: User, language: str = "en") -> Client:
    """A browser without scripts, in which this user is logged in."""
    client = Client()
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def text(response: Any) -> str:
    """What the page says."""
    assert response.status_code == 200, (response.status_code, response.content[:500])
    said: str = response.content.decode()
    return said


def statements(client: Client, path: str) -> int:
    """How many SQL statements a page takes, savepoints apart."""
    client.get(path)  # codes and processes are held in memory from the first time on
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, response.content[:500]
    return sum("SAVEPOINT" not in query["sql"] for query in captured)
