"""Gunicorn's settings, for `gunicorn --config python:backend.ops.webserver backend.wsgi:application`."""

import signal
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from backend.core import garbage, logs
from backend.core.environment import number, text
from backend.core.processes import end_with_parent


class JsonLogger(Logger):  # type: ignore[misc]
    """Gunicorn's messages go where all others go. No access log: backend.core.requests writes a line without names."""

    def setup(self, cfg: Any) -> None:
        """Called once by Gunicorn in each process."""
        super().setup(cfg)
        logs.configure(settings.LOGGING)


bind = text("JIEQIN_BIND", "127.0.0.1") + f":{number('PORT', 8000)}"
workers = number("JIEQIN_WORKERS", 3)
worker_class = "gthread"
threads = number("JIEQIN_THREADS", 4)
preload_app = True
"""Load the program once and share its memory; no connection is open before the fork."""
logger_class = JsonLogger
timeout = 60
graceful_timeout = 15
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 8190
control_socket_disable = True


def when_ready(_server: object) -> None:
    """Gunicorn's hook when the program is loaded and nobody is forked yet."""
    garbage.settle()


def post_fork(_server: object, _worker: object) -> None:
    """Gunicorn's hook in each new child: it ends with its parent, even when that is killed."""
    end_with_parent(signal.SIGKILL)
