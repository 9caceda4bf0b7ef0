"""Logs tell what happened, and no names."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from backend.core import logs
from backend.core.requests import RequestLog


class Lines:
    """What was written to the log."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    def all(self) -> list[dict[str, Any]]:
        """Every line, parsed."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The log of a system in real use."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers = root.handlers[:]
    logs.configure({"level": "INFO", "texts": False})
    yield Lines(stream)
    logs.configure(settings.LOGGING)
    root.handlers[:] = handlers


def test_both_kinds_of_loggers_write_json(lines: Lines) -> None:
    structlog.get_logger("own").info("imported", rows=3)
    logging.getLogger("theirs").warning("slow %s", "query")
    own, theirs = lines.all()
    assert (own["event"], own["rows"], own["level"], own["logger"]) == ("imported", 3, "info", "own")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow query", "warning", "theirs")
    assert own["timestamp"].endswith("Z")


def test_an_exception_is_told_without_its_text(lines: Lines) -> None:
    try:
        raise ValueError("no such person: 张三")
    except ValueError:
        structlog.get_logger("own").exception("failed")
        logging.getLogger("theirs").exception("failed")
    for line in lines.all():
        assert line["exception"][0]["type"] == "builtins.ValueError"
        assert "test_logs.py" in line["exception"][0]["at"][-1]
    assert "张三" not in lines.stream.getvalue()


@pytest.mark.django_db
def test_a_database_error_tells_constraint_and_state_but_no_row(lines: Lines) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE people (name text CONSTRAINT one_of_each UNIQUE)")
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            cursor.execute("INSERT INTO people VALUES ('张三'), ('张三')")
    logging.getLogger("theirs").error("failed", exc_info=caught.value)
    [line] = lines.all()
    assert line["exception"][1]["constraint"] == "one_of_each"
    assert line["exception"][1]["sqlstate"] == "23505"
    assert "张三" not in lines.stream.getvalue()


def test_query_strings_of_others_are_dropped(lines: Lines) -> None:
    logging.getLogger("gunicorn.error").error("Error handling request %s", "/api/persons/?q=张三")
    assert lines.all()[0]["event"] == "Error handling request /api/persons/?…"


def answered(request: HttpRequest) -> HttpResponse:
    """A view's work: says something itself."""
    structlog.get_logger("view").info("working")
    return HttpResponse(status=204)


def test_a_request_leaves_one_line_with_an_id_that_all_lines_share(lines: Lines) -> None:
    reply = RequestLog(answered)(RequestFactory().get("/api/persons/?q=张三"))
    working, request = lines.all()
    assert (request["event"], request["method"], request["status"], request["user"]) == ("request", "GET", 204, None)
    assert working["request_id"] == request["request_id"] == reply.headers["X-Request-ID"]
    assert "张三" not in lines.stream.getvalue()
    assert "persons" not in lines.stream.getvalue()  # a path may hold names too: the route's pattern is logged


@pytest.mark.parametrize(
    ("given", "kept"), [("f3a9c1d2-77", True), ("short", False), ("x" * 65, False), ("a b c d e", False)]
)
def test_a_proxys_id_is_kept_when_it_is_one(lines: Lines, given: str, kept: bool) -> None:
    reply = RequestLog(answered)(RequestFactory().get("/", headers={"X-Request-ID": given}))
    assert (reply.headers["X-Request-ID"] == given) is kept
    assert (lines.all()[0]["request_id"] == given) is kept
