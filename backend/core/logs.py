"""Logs: one JSON object a line, with the request's id, without personal data.

What could hold personal data is left out: query strings, statements, and (outside demo mode) the texts of exceptions,
which quote values; type, place and code remain, and the request's id leads to the rest.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog

ROOT = Path(__file__).resolve().parents[2]
QUERY = re.compile(r"\?[^\s'\"]*")
Event = MutableMapping[str, Any]


def configure(config: Mapping[str, Any]) -> None:
    """Send everything, structlog's and the standard library's, to standard error: settings.LOGGING_CONFIG.

    `config`: `level`, and `texts`, whether with the texts of exceptions.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_query,
        ExceptionWithoutValues(texts=config["texts"]),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config["level"])
    logging.captureWarnings(True)
    for name in ("django", "django.server", "gunicorn.error", "gunicorn.access", "procrastinate"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("procrastinate.blueprints", "procrastinate.jobs"):  # every task at every start, every job queued
        logging.getLogger(name).setLevel("WARNING")


def without_query(_logger: Any, _method: str, event: Event) -> Event:
    """Drop query strings from texts that others log: they hold names that somebody looked for."""
    if isinstance(event.get("event"), str):
        event["event"] = QUERY.sub("?…", event["event"])
    return event


class ExceptionWithoutValues:
    """Turns exc_info into type, code and places; with the text only when allowed."""

    def __init__(self, *, texts: bool) -> None:
        self.texts = texts

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        info = event.pop("exc_info", None)
        if info is True:
            info = sys.exc_info()
        error = info[1] if isinstance(info, tuple) else info
        if isinstance(error, BaseException):
            event["exception"] = [self.described(link) for link in _chain(error)]
        return event

    def described(self, error: BaseException) -> Mapping[str, Any]:
        """One exception: its type, a database's or the domain's code, and where it was raised."""
        told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
        for name in ("code", "where", "sqlstate"):
            if isinstance(value := getattr(error, name, None), str) and value:
                told[name] = value
        if constraint := getattr(getattr(error, "diag", None), "constraint_name", None):
            told["constraint"] = constraint
        told["at"] = [_place(frame) for frame in traceback.extract_tb(error.__traceback__)]
        if self.texts:
            told["text"] = str(error)
        return told


def _chain(error: BaseException) -> list[BaseException]:
    """The exception and what caused it, last first; at most five."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found and len(found) < 5:
        found.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return found


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(*path.parts[-2:])
    return f"{name}:{frame.lineno} {frame.name}"
