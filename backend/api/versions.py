"""Optimistic locking: `ETag` tells the version that was read, `If-Match` (or `version` in the body) guards a change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def expected_version(request: Request) -> int | None:
    """The version that the caller believes to change, or None when the caller does not care.

    Raises ValidationError when it is no version, or when header and body name different ones.
    """
    named = [version for version in (_of_header(request), _of_body(request)) if version is not None]
    if len(set(named)) > 1:
        raise _wrong(_("If-Match and the body name different versions."))
    return named[0] if named else None


def _of_header(request: Request) -> int | None:
    header = request.headers.get("If-Match", "").strip()
    if header in {"", "*"}:
        return None
    if not (match := _TAG.fullmatch(header)):
        raise _wrong(_('If-Match must be one version in quotes, as ETag gave it: "3".'))
    return int(match[1])


def _of_body(request: Request) -> int | None:
    version = request.data.get("version") if isinstance(request.data, Mapping) else None
    if version is None:
        return None
    text = str(version)
    if isinstance(version, bool) or not re.fullmatch(r"\d{1,9}", text):
        raise _wrong(_("The version must be a whole number."))
    return int(text)


def _wrong(message: str) -> ValidationError:
    return ValidationError({"version": [ErrorDetail(message, code="invalid")]})


def tag(response: Response) -> None:
    """Put the version of a single object into the answer's ETag."""
    data = response.data
    if isinstance(data, Mapping) and isinstance(data.get("version"), int) and response.status_code < 300:
        response["ETag"] = f'"{data["version"]}"'
