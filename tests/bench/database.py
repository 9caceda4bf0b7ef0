"""The database of one run: thrown away afterwards, as durable as in production (fsync on)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from backend.core.databases import embedded_url
from backend.core.embedded import running

NAME = "jieqin_bench"
FOLDER = Path(__file__).resolve().parents[2] / ".jieqin" / "bench"
"""On the disk where `make run` keeps its data: a temporary folder may be memory, where fsync costs nothing."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of an empty database: an own one on the server of DATABASE_URL, else an embedded server's."""
    given = os.environ.get("DATABASE_URL")
    with _beside(given) if given else _embedded() as url:
        yield url


@contextlib.contextmanager
def _embedded() -> Iterator[str]:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with running(FOLDER):
            yield embedded_url(FOLDER)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


@contextlib.contextmanager
def _beside(url: str) -> Iterator[str]:
    name = sql.Identifier(NAME)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
        finally:
            server.execute(drop)
