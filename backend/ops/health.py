"""Whether the system lives (`/healthz`) and whether it can do its work (`/readyz`)."""

from collections.abc import Callable
from functools import cache

import psycopg
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from backend.core import schedules

STALE_SECONDS = 30
"""A worker tells every 5 seconds that it lives; after this long it is thought dead (see settings)."""


class Probes:
    """Middleware, the first of all: a probe asks by whatever host name or address, and without TLS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz": healthz, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.probes.get(request.path, self.get_response)(request)


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all; touches nothing else."""
    return JsonResponse({"alive": True})


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when work can be done; else 503, and `missing` tells what is not there. `late`: scheduled jobs that did not
    run when they should have; the pages work without them, so the status does not change."""
    missing = missing_parts()
    late = [] if missing else late_jobs()
    return JsonResponse({"ready": not missing, "missing": missing, "late": late}, status=503 if missing else 200)


def late_jobs() -> list[str]:
    """Names of scheduled jobs that did not run when they should have."""
    try:
        with direct_connection() as found:
            runs = found.execute(schedules.RUNS).fetchall()
    except psycopg.Error:
        return []
    return [each.name for each in schedules.late_among(runs, timezone.now())]


def direct_connection() -> "psycopg.Connection[tuple[object, ...]]":
    """A short-lived connection that gives up soon, and takes no part in a transaction. Raises psycopg.Error."""
    params = connection.get_connection_params() | {"connect_timeout": 2, "options": "-c statement_timeout=2000"}
    params.pop("cursor_factory", None)
    params.pop("context", None)
    return psycopg.connect(**params, autocommit=True)


def missing_parts() -> list[str]:
    """Of `database`, `migrations` and `worker`, those that are not there."""
    try:
        with direct_connection() as found:
            return _missing_in(found)
    except psycopg.Error:
        return ["database"]


def _missing_in(found: "psycopg.Connection[tuple[object, ...]]") -> list[str]:
    try:
        applied = {(app, name) for app, name in found.execute("SELECT app, name FROM django_migrations")}
    except psycopg.errors.UndefinedTable:
        return ["migrations", "worker"]
    missing = [] if _known_migrations() <= applied else ["migrations"]
    try:
        alive = found.execute(
            "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s) LIMIT 1",
            [STALE_SECONDS],
        ).fetchone()
    except psycopg.errors.UndefinedTable:
        alive = None
    return missing if alive else [*missing, "worker"]


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of the program as it was when this process started."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
