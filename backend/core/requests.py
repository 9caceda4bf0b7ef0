"""One line in the log for each request, and an id that joins it with everything logged meanwhile."""

import re
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from backend.core.models import new_id

GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
logger = structlog.get_logger("request")


class RequestLog:
    """Middleware: binds the request's id (a proxy's X-Request-ID, or a new one), answers it, logs route and time.

    Logged is the route's pattern, not the path, and never the query: both may hold names. A request marked `is_unnamed`
    is logged without its user: who reports somebody in danger stands in no log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if GIVEN.fullmatch(given) else str(new_id())
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            logger.info(
                "request",
                method=request.method,
                route=request.resolver_match.route if request.resolver_match else None,
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
                user=_user_id(request),
            )
        response.headers["X-Request-ID"] = request_id
        return response


def _user_id(request: HttpRequest) -> str | None:
    """Who asked, when that is known already: looking it up only for the log would cost a statement."""
    if getattr(request, "is_unnamed", False):
        return None
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject) and user.__dict__.get("_wrapped", empty) is empty:
        return None
    return str(user.pk) if user is not None and user.pk else None
