"""What all tests share: a real PostgreSQL, compiled translations, a fixed hour."""

import contextlib
import gc
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg import sql
from psycopg._preparing import PrepareManager
from pytest_django import DjangoDbBlocker
from xdist.scheduler import LoadScopeScheduling

from backend.core import embedded, garbage
from backend.core.databases import connection_settings
from backend.ops.catalogues import compile_catalogues
from tests import kept
from tests.system import System, wait_for

LONG = (
    "tests/journeys/", "tests/browser/", "tests/ops/test_run.py", "tests/faults/", "tests/web/test_phone_queue.py",
    "tests/api/test_conformance.py", "tests/access/",
)  # fmt: skip
"""Tests that take longest; --no-loadscope-reorder keeps this order."""

TOGETHER = {"stories": ("tests/browser/",), "starts": ("tests/ops/test_run.py", "tests/faults/")}
"""Tests that one process runs, for they share what takes a minute to start: the demo; a system of one's own."""

TEMPLATE = "JIEQIN_TEST_TEMPLATE"
"""Of a throw-away server: the database that all others on it are copied from, in a second instead of twenty."""

_ends = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Without DATABASE_URL, start a throw-away server; the processes of pytest-xdist find it in their environment."""
    compile_catalogues(settings.ROOT)
    # A slow machine is no fault of what is tested.
    hypothesis.settings.register_profile(
        "jieqin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("jieqin")
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    # Nobody reads a line for each of ten thousand requests, which pytest would write twice.
    settings.LOGGING["level"] = "WARNING"
    logging.getLogger().setLevel("WARNING")
    settings.PASSWORD_HASHERS = ["tests.passwords.Quick", *settings.PASSWORD_HASHERS[1:]]
    settings.STATIC_ROOT = _ends.enter_context(tempfile.TemporaryDirectory(prefix="jieqin-static-"))
    if not os.environ.get("DATABASE_URL") and not config.option.collectonly:
        folder = Path(tempfile.mkdtemp(prefix="jieqin-tests-"))
        _ends.callback(shutil.rmtree, folder, ignore_errors=True)
        url = _ends.enter_context(embedded.running(folder, shelf=folder / "shelf", durable=False))
        os.environ |= {"DATABASE_URL": url, TEMPLATE: "migrated"}
        _ends.callback(lambda: [os.environ.pop(name) for name in ("DATABASE_URL", TEMPLATE)])
        settings.DATABASES["default"].update(connection_settings(url, folder))
        if getattr(config.option, "numprocesses", 0):
            threading.Thread(target=_make_early, args=[url], daemon=True).start()


def _make_early(url: str) -> None:
    """The processes' first half minute is spent on reading the tests; by then their database is there. What goes wrong
    is said by the process that needs it."""
    with contextlib.suppress(psycopg.Error, subprocess.CalledProcessError):
        make_template(url, os.environ[TEMPLATE])


def make_template(url: str, name: str) -> None:
    """A database of this name in which all migrations have run, on the server of this URL, unless it is there."""
    server = urlsplit(url)
    with psycopg.connect(server._replace(path="/postgres").geturl(), autocommit=True) as maker:
        maker.execute("SELECT pg_advisory_lock(1)")  # let go with the connection
        if not maker.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            maker.execute("DROP DATABASE IF EXISTS draft")  # of an attempt that failed
            maker.execute("CREATE DATABASE draft")
            subprocess.run(
                [sys.executable, "backend/manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
                cwd=settings.ROOT,
                env=os.environ | {"DATABASE_URL": server._replace(path="/draft").geturl()},
                check=True,
            )
            maker.execute(sql.SQL("ALTER DATABASE draft RENAME TO {}").format(sql.Identifier(name)))


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Files go to processes whole. What shares a started system goes to one: a first start takes a minute."""

    def _split_scope(self, nodeid: str) -> str:
        for name, together in TOGETHER.items():
            if nodeid.startswith(together):
                return name
        return str(super()._split_scope(nodeid))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector of garbage need not look through it again and again. Nor need it come
    as often as a server wants it: that took a tenth of the tests' time."""
    garbage.settle()
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first, so that no process is left alone with it at the end."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: next((places[name] for name in LONG if item.nodeid.startswith(name)), len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """What --dist loadscope means here."""
    return Scheduling(config, log)


def pytest_unconfigure() -> None:
    """Stop the server and remove its files. What is left is looked through once: pytest would do it five times."""
    _ends.close()
    garbage.settle()


@pytest.fixture
def now() -> datetime:
    """Monday 2 March 2026, nine in the morning at Shanghai: the hour at which most tests begin."""
    return datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Codes and parameters that another test's database held are forgotten, and the language it spoke."""
    kept.forget()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before anything of a test begins, what others stood on is taken back."""
    kept.leave(item)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """What a test stands on is written before pytest-django begins the transaction that takes the test's rows back."""
    if fixturedef.argname == "_django_db_helper":
        kept.prepare(request.node, request.getfixturevalue("django_db_blocker"))


@pytest.fixture(scope="session")
def template() -> str:
    """The name of a database in which all migrations have run, made by whichever process comes first; empty without."""
    if name := os.environ.get(TEMPLATE, ""):
        make_template(os.environ["DATABASE_URL"], name)
    return name


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, template: str) -> None:
    """Each process has a database of its own, copied."""
    connection.settings_dict["TEST"]["TEMPLATE"] = template or None


@pytest.fixture(scope="session", autouse=True)
def _no_sessions_left(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """At the very end: a thread that a test left behind must not keep the test database from being removed."""
    yield
    kept.leave()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _tables_can_be_emptied() -> Iterator[None]:
    """A test with real transactions empties all tables at its end.

    The triggers on history refuse that: not there. And the queue's tables, which are not Django's, are emptied too.
    Deleting some rows is quicker by far than truncating: that makes new files for a hundred tables and their indexes.
    """
    queue = ("procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers")

    def without_triggers(_: DatabaseOperations, __: Any, tables: Sequence[str], **___: Any) -> list[str]:
        emptied = [f'DELETE FROM "{table}"' for table in dict.fromkeys((*tables, *queue))]
        return ["SET session_replication_role = replica", *emptied, "RESET session_replication_role"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", without_triggers)
        # Nothing here reads the content types and permissions that would be written anew after each emptying.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_was_prepared_stays() -> Iterator[None]:
    """The driver has every statement prepared anew after a rollback, lest a table was made in it. Tests make none, and
    roll back all the time. It keeps a hundred; tests do more different things in a second than a server in an hour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PrepareManager, "clear", lambda _: False)
        patch.setattr(PrepareManager, "prepared_max", 1000)
        yield


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may pass through, unlike pytest's: root's database server runs as such a one."""
    with tempfile.TemporaryDirectory(prefix="jieqin-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def started() -> Iterator[System]:
    """A whole system that `manage.py run` started on an empty folder; whoever stops it starts it again."""
    with tempfile.TemporaryDirectory(prefix="jieqin-tests-") as folder:
        Path(folder).chmod(0o711)  # root's database server runs as another account
        found = System(Path(folder) / "data").start()
        try:
            wait_for(found.is_ready)
            found.first_start = found.cpu_seconds()
            yield found
        finally:
            if found.process is not None and found.process.poll() is None:
                found.end()
