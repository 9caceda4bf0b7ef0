"""Which files of the packages for browsers are served: those that pages load, and what these point to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage


class PackageFinder(FileSystemFinder):
    """Nine tenths of the packages are other editions of the same: they would be gathered and compressed for nobody."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """The files to gather, with the storage that holds each."""
        for path, storage in super().list(ignore_patterns):
            if f"{getattr(storage, 'prefix', '')}/{path}" in settings.FRONT_END_FILES:
                yield path, storage

    def find(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Where a file lies, while developing."""
        return super().find(path, *args, **kwargs) if path in settings.FRONT_END_FILES else []
