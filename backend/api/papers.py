"""Official papers as files: .docx in the layout of GB/T 9704, made by whoever answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class DocumentRenderer(BaseRenderer):
    """Lets a client ask for .docx; the bytes are made elsewhere."""

    media_type = DOCX
    format = "docx"
    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Problem documents only."""
        return JSONRenderer().render(data)


def docx(content: bytes, name: str) -> HttpResponse:
    """The file under this name, to be saved and never shown by the browser."""
    response = HttpResponse(content, content_type=DOCX)
    response["Content-Disposition"] = f'attachment; filename="{name}.docx"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
