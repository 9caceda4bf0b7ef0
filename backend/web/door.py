"""How a page asks and commands: through the API's own resources, in the same process and the same transaction.

So a page shows nothing that the API would not show the same person, names and numbers are masked by one piece of code,
and a command is checked, numbered and told to history once, whichever door it came through.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.resource import Resource
from backend.org.models import User

Problem = dict[str, Any]
"""A problem document (RFC 9457), as backend.api.errors makes it."""

_PASSED_ON = frozenset(
    {"SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_FOR",
     "HTTP_X_FORWARDED_PROTO", "wsgi.url_scheme", "wsgi.errors"}
)  # fmt: skip


class Refused(Exception):
    """The resource refused a command: `problem` says why, in the reader's language. Nothing has been changed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["detail"])
        self.problem = problem
        self.status: int = problem["status"]

    @property
    def errors(self) -> dict[str, list[str]]:
        """The messages per field: its JSON pointer without the leading slash, or the parameter's name."""
        found: dict[str, list[str]] = {}
        for error in self.problem["errors"]:
            found.setdefault(error["pointer"].lstrip("/?"), []).append(error["message"])
        return found


class Visitor(BaseAuthentication):
    """Whoever the page's session belongs to: checked by the page, not once more."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The page's user."""
        user = request._request.user
        return (user, None) if user.is_authenticated else None


def read(
    request: HttpRequest,
    resource: type[Resource],
    action: str = "list",
    *,
    pk: UUID | str | None = None,
    query: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Any:
    """What the resource answers: the body of its GET. Raises Http404, PermissionDenied, and Refused for bad filters."""
    try:
        return _asked(request, resource, "GET", action, pk=pk, query=query, **parts)
    except Refused as refused:
        if refused.status < 500 and transaction.get_connection().in_atomic_block:
            transaction.set_rollback(False)  # nothing was written, and the page around it has more to read
        raise


def command(
    request: HttpRequest,
    resource: type[Resource],
    action: str,
    *,
    pk: UUID | str | None = None,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    method: str = "POST",
    version: int | None = None,
    key: str = "",
    **parts: Any,
) -> Any:
    """Have the resource do something; returns its answer. Raises Refused, Http404, PermissionDenied.

    `version` is the one that was read, `key` makes a repetition harmless (a form sends the one it was made with).
    It happens in a savepoint: after a refusal the page can still be read and shown again, with what was typed.
    """
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    if version is not None:
        headers["HTTP_IF_MATCH"] = f'"{version}"'
    with transaction.atomic():
        return _asked(
            request, resource, method, action, pk=pk, query=query, body=dict(body or {}), headers=headers, **parts
        )


def command_each(request: HttpRequest, resource: type[Resource], action: str, body: Mapping[str, Any]) -> Any:
    """A command about many rows, each in a transaction of its own; for pages that have none (non_atomic_requests)."""
    return _asked(request, resource, "POST", action, body=dict(body))


def upload(request: HttpRequest, resource: type[Resource], action: str = "create", **parts: Any) -> Any:
    """Hand the page's own form with its files (multipart) to the resource. Raises Refused."""
    with transaction.atomic():
        return _answer(_view(resource, "POST", action)(request, **parts))


def download(request: HttpRequest, resource: type[Resource], action: str, *, pk: UUID) -> HttpResponseBase:
    """A file that the resource answers with, as it is. Raises Refused, Http404, PermissionDenied."""
    response = _view(resource, "GET", action)(request, pk=pk)
    if isinstance(response, Response):  # no file, but why there is none
        _answer(response)
    return cast(HttpResponseBase, response)


def cursor_of(link: str | None) -> str:
    """The cursor in a page's `next` or `previous`; empty when there is no such page."""
    return parse_qs(urlsplit(link or "").query).get("cursor", [""])[0]


def _asked(
    request: HttpRequest,
    resource: type[Resource],
    method: str,
    action: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **parts: Any,
) -> Any:
    content = json.dumps(body, cls=DjangoJSONEncoder).encode() if body is not None else b""
    environ = {name: value for name, value in request.META.items() if name in _PASSED_ON} | {
        "REQUEST_METHOD": method,
        "PATH_INFO": request.path,
        "QUERY_STRING": urlencode({name: value for name, value in (query or {}).items() if value not in {None, ""}}),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": BytesIO(content),
        **(headers or {}),
    }
    inner = WSGIRequest(environ)
    inner.user, inner.session, inner.resolver_match = request.user, request.session, request.resolver_match
    named = {name: value for name, value in parts.items() if value is not None}
    return _answer(_view(resource, method, action)(inner, **named))


def _view(resource: type[Resource], method: str, action: str) -> Any:
    extra = getattr(getattr(resource, action), "kwargs", {})  # what @action says: no pages, other parsers
    return resource.as_view({method.lower(): action}, **{**extra, "authentication_classes": [Visitor]})


def _answer(response: Response) -> Any:
    if response.status_code == 404:
        raise Http404
    if response.status_code == 403 and response.data["code"] == "not_allowed":
        raise PermissionDenied
    if response.status_code >= 400:
        raise Refused(cast(Problem, response.data))
    return response.data
