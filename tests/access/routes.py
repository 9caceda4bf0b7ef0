"""Every route of the API, read from the URL resolver."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver

from backend.api.urls import urlpatterns


@dataclass(frozen=True)
class Route:
    """One method of one address; `path` has `{pk}` where an id goes."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def resource(self) -> str:
        """Its first part."""
        return self.path.split("/")[0]

    @property
    def is_list(self) -> bool:
        """Whether it answers rows, not one of them."""
        return "{pk}" not in self.path


def routes() -> list[Route]:
    """All of them but the last, which answers whatever leads nowhere."""
    return sorted(set(_walk(urlpatterns, "")), key=str)


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        elif pattern.name != "nothing":
            for method in _methods(pattern):
                yield Route(method, re.sub(r"<\w+:(\w+)>", r"{\1}", path))


def _methods(pattern: URLPattern) -> list[str]:
    actions = getattr(pattern.callback, "actions", None)
    if actions is None:
        return ["GET"]  # the description of the interface
    return [method.upper() for method in actions if method not in {"head", "options"}]
