"""How often one address may try to log in.

Only failures count: a whole township comes from one address in the morning. The counts live in the memory of each web
process (Django's local cache), so that an attack costs no database write; with N processes an address gets at most N
times the rate. What holds exactly, in the database and whatever the address, is the lock-out of an account after a few
failures (backend.administration.log_in).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class PublicReports(SimpleRateThrottle):
    """How often one address may tell of an emergency without an account; every attempt counts."""

    scope = "public_report"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One count per address (behind a proxy: see NUM_PROXIES)."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class PublicBoard(SimpleRateThrottle):
    """How often one address may read public notices; a village may share one."""

    scope = "public_board"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One count per address (behind a proxy: see NUM_PROXIES)."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class FailedLogIns(SimpleRateThrottle):
    """Lets an address try again when its failures are fewer than the rate `log_in` allows."""

    scope = "log_in"
    duration: int
    """Seconds, from the rate."""

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One count per address (behind a proxy: see NUM_PROXIES)."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}

    def throttle_success(self) -> bool:
        """An attempt alone is not counted; see note_failure."""
        return True

    def note_failure(self) -> None:
        """The attempt that was let in failed."""
        self.history.insert(0, self.now)
        self.cache.set(self.key, self.history, self.duration)
