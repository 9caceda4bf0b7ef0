"""Where the database is: DATABASE_URL, or the socket of the embedded server in the data folder."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

POOL = {"min_size": 1, "max_size": 8, "timeout": 10}


def connection_settings(url: str, data: Path) -> dict[str, Any]:
    """Django's settings for one PostgreSQL database.

    Without a url: the embedded server of the data folder (see backend.core.embedded), reached by its Unix socket.
    Raises ValueError when the url is not PostgreSQL's.
    """
    if not url:
        url = embedded_url(data)
    parts = urlsplit(url)
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
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            # A busy case answers 409 at once instead of holding the request: see workflows.store.
            "options": "-c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000",
            "pool": dict(POOL),
            **query,
        },
    }


def embedded_url(data: Path) -> str:
    """The address of the embedded server of this data folder."""
    return f"postgresql://postgres@/jieqin?host={data / 'postgres'}"
