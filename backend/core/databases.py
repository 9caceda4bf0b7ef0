"""Where the database is: DATABASE_URL, or the socket of the embedded server in the data folder."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

OPTIONS = "-c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000 -c random_page_cost=1.1"
"""A busy case answers 409 at once instead of holding the request: see workflows.store.

A page elsewhere costs hardly more than the next one, on solid disks and in memory: otherwise a deep page of a large
township's inbox is walked through everybody's items.
"""

ROLE = "jieqin"
"""Who owns the embedded database and works in it; no superuser."""
SUPERUSER = "postgres"
LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path (sun_path of unix(7), less the closing zero)."""
SOCKET = ".s.PGSQL.5432"


def connection_settings(url: str, data: Path) -> dict[str, Any]:
    """Django's settings for one PostgreSQL database.

    Without a url: the embedded server of the data folder (see backend.core.embedded), reached by its Unix socket.
    Raises ValueError when the url is not PostgreSQL's.
    """
    parts = urlsplit(url or embedded_url(data))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL: only PostgreSQL is supported (postgresql://user:password@host:port/name)")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", None) or (parts.port or ""),
        "ATOMIC_REQUESTS": True,
        # Each thread keeps its connection, and tries it at the beginning of a request: after a restart of the database
        # the first request works. Threads are few and live long (backend.ops.webserver), so a pool would add nothing.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": f"{OPTIONS} {query.pop('options', '')}".strip(),
            "connect_timeout": 5,
            "prepare_threshold": 5,  # lets backend.core.prepared prepare; what Django sends never is
            **query,
        },
    }


def embedded_url(data: Path, *, role: str = ROLE) -> str:
    """The address of the embedded server of this data folder."""
    return f"postgresql://{role}@/{ROLE}?host={quote(str(socket_folder(data)))}&port=5432"


def socket_folder(data: Path) -> Path:
    """Where the embedded server listens: with the data, or in the temporary folder when that path is too long."""
    folder = data / "postgres"
    if len(bytes(folder / SOCKET)) <= LONGEST_SOCKET:
        return folder
    return Path(tempfile.gettempdir()) / f"jieqin-{hashlib.sha256(bytes(data)).hexdigest()[:16]}"
