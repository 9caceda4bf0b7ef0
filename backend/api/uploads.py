"""Files that come in by a form: bounded before anything is read, and never written to a disk readably."""

from typing import Any, ClassVar

from django.core.files.uploadhandler import MemoryFileUploadHandler
from rest_framework.parsers import MultiPartParser

from backend.core.errors import DomainError

FORM_AROUND = 100_000
"""Bytes that a form's other fields may add to its file."""


class InMemory(MemoryFileUploadHandler):
    """Keeps an uploaded file in memory whatever its size (the view limits it): it tells of people, and Django's other
    handler would write it readably into the temporary folder."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Always the one to take it."""
        self.activated = True


class FormParser(MultiPartParser):
    """multipart/form-data whose files stay in memory. To be given its bound and what says that it was passed."""

    most_bytes: ClassVar[int]
    too_large: ClassVar[type[DomainError]]

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Raises ParseError; `too_large` before anything is read."""
        request = parser_context["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.most_bytes + FORM_AROUND:
            raise self.too_large
        request.upload_handlers = [InMemory(request)]
        return super().parse(stream, media_type, parser_context)
