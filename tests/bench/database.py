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
def serving(name: str = NAME) -> Iterator[str]:
    """The address of an empty database: an own one of this name on the server of DATABASE_URL, else an embedded
    server's."""
    given = os.environ.get("DATABASE_URL")
    with _beside(given, name) if given else _embedded(FOLDER.with_name(name)) as url:
        yield url


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[str]:
    """The address of an embedded server's database that stays in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(folder):
        yield embedded_url(folder)


@contextlib.contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with running(folder):
            yield embedded_url(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _beside(url: str, named: str) -> Iterator[str]:
    name = sql.Identifier(named)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{named}"))
        finally:
            server.execute(drop)
