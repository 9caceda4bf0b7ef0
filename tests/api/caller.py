"""Somebody who calls the API over HTTP with an own token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.http import HttpResponseBase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from backend.org.models import Token, User
from backend.org.tokens import digest_of, new_secret

READING = 3
"""Statements of authentication and grants: the token with its user, deputies, memberships."""


class Caller:
    """Calls as a user; answers are Django's responses with `.json()`."""

    def __init__(self, user: User | None, language: str = "en") -> None:
        self.user = user
        self.http = APIClient(raise_request_exception=False)
        self.headers = {"Accept-Language": language}
        if user is not None:
            plain = new_secret()
            ends = timezone.now() + timedelta(hours=1)
            self.token = Token.objects.create(user=user, digest=digest_of(plain), expires_at=ends)
            self.headers["Authorization"] = f"Bearer {plain}"
        self.http.credentials(**{f"HTTP_{name.upper().replace('-', '_')}": text for name, text in self.headers.items()})

    def get(self, path: str, /, **parameters: Any) -> Any:
        """GET below /api/."""
        return self.http.get(f"/api/{path}", parameters)

    def post(self, path: str, body: Any = None, /, **headers: str) -> Any:
        """POST JSON below /api/."""
        return self.http.post(f"/api/{path}", body if body is not None else {}, format="json", headers=headers)

    def patch(self, path: str, body: Any, /, **headers: str) -> Any:
        """PATCH JSON below /api/."""
        return self.http.patch(f"/api/{path}", body, format="json", headers=headers)

    def put(self, path: str, body: Any, /, **headers: str) -> Any:
        """PUT JSON below /api/."""
        return self.http.put(f"/api/{path}", body, format="json", headers=headers)

    def send(self, method: str, path: str, body: str, **headers: str) -> HttpResponseBase:
        """Any bytes as a JSON body."""
        return self.http.generic(method, f"/api/{path}", body, content_type="application/json", headers=headers)

    def statements(self, path: str, **parameters: Any) -> int:
        """How many SQL statements a GET takes beside authentication."""
        with CaptureQueriesContext(connection) as captured:
            response = self.get(path, **parameters)
        assert response.status_code == 200, response.content
        return len(captured) - READING


def results(response: Any) -> list[dict[str, Any]]:
    """The rows of a list's page."""
    assert response.status_code == 200, response.content
    rows: list[dict[str, Any]] = response.json()["results"]
    return rows


def assert_problem(response: Any, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """The response is a problem document with this status and code; returns it."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response["Content-Type"] == "application/problem+json", response["Content-Type"]
    document: dict[str, Any] = response.json()
    assert (document["status"], document["code"]) == (status, code), document
    assert document["type"] == f"urn:jieqin:problem:{code}"
    assert document["title"]
    assert document["detail"]
    if pointer is not None:
        assert pointer in [each["pointer"] for each in document["errors"]], document["errors"]
    return document
