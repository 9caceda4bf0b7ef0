"""Every error leaves the API as one problem document (RFC 9457) with a stable `code` and, per field, a pointer.

`type` is `urn:jieqin:problem:<code>`; `errors[].pointer` is a JSON pointer (RFC 6901) into the request's body, or
`?name` for a parameter of the address. Texts follow Accept-Language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import errors as postgres
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from backend.core.errors import DomainError, FieldProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    Problem = dict[str, Any]

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = "1"
"""A case is busy for milliseconds: the next second is soon enough."""

TITLES: Mapping[int, str | Promise] = {
    400: _("The request is not right"),
    401: _("Please log in"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("This address does not take that method"),
    406: _("This form of answer is not to be had"),
    409: _("Things have changed in the meantime"),
    413: _("Too large"),
    415: _("This kind of content is not understood"),
    422: _("Some of it is not right"),
    429: _("Too many attempts"),
    500: _("Something went wrong here"),
    503: _("Too busy at the moment"),
}

log = structlog.get_logger("backend.api")


def problem(
    status: int, code: str, detail: object = "", *, errors: Sequence[FieldProblem] = (), where: str = ""
) -> Problem:
    """One problem document. `where` (process, node and step) is told when a rule refused inside a process."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    document: Problem = {
        "type": f"urn:jieqin:problem:{code}",
        "title": str(title),
        "status": status,
        "detail": str(detail or title),
        "code": code,
        "errors": [{"pointer": each.pointer, "code": each.code, "message": str(each.message)} for each in errors],
    }
    return {**document, "where": where} if where else document


def handle(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: whatever was raised becomes a problem document, and nothing has happened.

    A view without a transaction of its own (logging in, bulk commands) has kept what it wanted to keep.
    """
    match = context["request"].resolver_match
    if match is None or not getattr(match.func, "_non_atomic_requests", None):
        set_rollback()
    document, headers = describe(exc)
    return Response(document, status=document["status"], headers=headers, content_type=PROBLEM_JSON)


class ProblemMiddleware:
    """Problem documents for what fails outside a view's own code: at the commit, in rendering, before the view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing to do on the way in."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponseBase | None:
        """Called by Django with what a view let through."""
        if not request.path.startswith("/api/"):
            return None
        document, headers = describe(exc)
        return JsonResponse(document, status=document["status"], headers=headers, content_type=PROBLEM_JSON)


def describe(exc: Exception) -> tuple[Problem, dict[str, str]]:
    """The problem document and headers that tell about this exception."""
    if isinstance(exc, DomainError):
        headers = {"Retry-After": RETRY_SECONDS} if exc.code == "busy" else {}
        return problem(exc.status, exc.code, exc, errors=exc.problems, where=exc.where), headers
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, DatabaseError):
        return _of_database(exc)
    if isinstance(exc, Http404):
        return problem(404, "not_found"), {}
    if isinstance(exc, PermissionDenied):
        return problem(403, "not_allowed"), {}
    if isinstance(exc, RequestDataTooBig):
        return problem(413, "too_large"), {}
    if isinstance(exc, SuspiciousOperation):
        return problem(400, "malformed"), {}
    # No detail goes out: it could name a family. The log has everything, found by the request's id.
    log.error("unhandled", exc_info=exc)
    return problem(500, "internal", _("The error has been noted. Nothing was changed; please try again later.")), {}


_CODES: Mapping[str, str] = {
    "not_authenticated": "not_authenticated",
    "authentication_failed": "not_authenticated",
    "permission_denied": "not_allowed",
    "method_not_allowed": "method_not_allowed",
    "not_acceptable": "not_acceptable",
    "unsupported_media_type": "unsupported_media_type",
    "throttled": "throttled",
    "parse_error": "malformed",
    "not_found": "not_found",
}


def _of_framework(exc: exceptions.APIException) -> tuple[Problem, dict[str, str]]:
    if isinstance(exc, exceptions.ValidationError):
        found = list(_fields(exc.detail, getattr(exc, "prefix", "/")))
        return problem(400, "invalid", _("Some fields are not right."), errors=found), {}
    headers: dict[str, str] = {}
    if authenticate := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    codes = exc.get_codes()
    code = _CODES.get(codes, codes) if isinstance(codes, str) else exc.default_code
    return problem(exc.status_code, code, exc.detail), headers


def _fields(detail: Any, pointer: str) -> Iterator[FieldProblem]:
    """DRF's nested details as a flat list of pointers."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = pointer if name == "non_field_errors" else f"{pointer}{_escaped(str(name))}/"
            yield from _fields(inner, here)
    elif isinstance(detail, list | tuple):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from _fields(inner, f"{pointer}{place}/" if nested else pointer)
    else:
        yield FieldProblem(pointer.rstrip("/"), str(getattr(detail, "code", "invalid")), str(detail))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _of_database(exc: DatabaseError) -> tuple[Problem, dict[str, str]]:
    """Locks and collisions that another request caused are conflicts; values that no column holds are the client's."""
    cause = exc.__cause__
    if isinstance(cause, postgres.LockNotAvailable | postgres.DeadlockDetected | postgres.SerializationFailure):
        detail = _("Somebody is working on this at this very moment. Try again.")
        return problem(409, "busy", detail), {"Retry-After": RETRY_SECONDS}
    if isinstance(exc, IntegrityError):
        log.warning("integrity", constraint=getattr(getattr(cause, "diag", None), "constraint_name", None))
        return problem(409, "conflict", _("This collides with something that exists already.")), {}
    if isinstance(exc, DataError):
        log.warning("unstorable", exc_info=exc)
        return problem(400, "invalid", _("A value is outside of what can be stored.")), {}
    log.error("database", exc_info=exc)
    if isinstance(exc, OperationalError):
        return problem(503, "unavailable", _("The database does not answer. Try again.")), {"Retry-After": "5"}
    return problem(500, "internal"), {}


class InvalidParameters(exceptions.ValidationError):
    """A parameter of the address is wrong; pointers are `?name`."""

    prefix = "?"


def parameter_error(name: str, code: str, message: object) -> InvalidParameters:
    """One wrong parameter."""
    return InvalidParameters({name: [exceptions.ErrorDetail(str(message), code=code)]})
