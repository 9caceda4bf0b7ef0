"""Files sent to the API as a browser's form sends them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.caller import Caller


def upload(caller: Caller, content: bytes, *, name: str = "花名册.xlsx", kind: str = "families", **more: str) -> Any:
    """POST rosters/; names with a capital are headers, others fields of the form."""
    headers = {field: text for field, text in more.items() if field[0].isupper()}
    fields = {field: text for field, text in more.items() if field not in headers}
    form = {"kind": kind, "file": SimpleUploadedFile(name, content), **fields}
    return caller.http.post("/api/rosters/", form, format="multipart", headers=headers)
