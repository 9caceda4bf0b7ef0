"""Repeated requests: a command that carries an Idempotency-Key does its work once.

The key is claimed by the first statement of the request's transaction and the answer kept by its last one, so that a
failed command leaves no trace and may be tried again, and of two equal requests at the same moment the second waits
for the first one's answer (a bulk command, which has a transaction per item, tells the second that it is busy). Who
repeats must still be allowed in: permissions come first.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from backend.core import idempotency
from backend.core.errors import Conflict

if TYPE_CHECKING:
    from django.http import HttpResponseBase, QueryDict
    from rest_framework.request import Request
    from rest_framework.views import APIView

    Base = APIView
else:
    Base = object

KEY = re.compile(r"[!-~]{1,200}")


class Busy(Conflict):
    """The same request is being answered at this moment."""

    code = "busy"
    message = gettext_lazy("The same request is being answered at this moment. Try again.")


class Replayed(Exception):
    """The request was answered before; here is the answer."""

    def __init__(self, response: Response) -> None:
        self.response = response


class Idempotent(Base):
    """Mixin for views: one claim at the beginning, one kept answer at the end."""

    never_kept: ClassVar[frozenset[str]] = frozenset()
    """Methods whose answers must not be written down: what they tell is secret. A repetition is a new command."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication and permissions: claim the key, or answer as before. Raises Replayed, KeyReused."""
        super().initial(request, *args, **kwargs)
        self._claim: idempotency.Claim | None = None
        key = request.headers.get("Idempotency-Key")
        method = getattr(self, "action", None)
        user_id = request.user.pk
        if key is None or user_id is None or method is None:
            return
        if request.method in {"GET", "HEAD"} or method in self.never_kept:
            return
        if not KEY.fullmatch(key):
            message = _("1 to 200 visible ASCII characters.")
            raise ValidationError({"Idempotency-Key": [ErrorDetail(message, code="invalid")]})
        self._hold(user_id, key)
        claim = idempotency.begin(user_id=user_id, key=key, fingerprint=_fingerprint(request), now=timezone.now())
        if claim.answer is not None:
            body = json.loads(claim.answer.body) if claim.answer.body else None
            raise Replayed(Response(body, status=claim.answer.status, headers={"Idempotency-Replayed": "true"}))
        self._claim = claim

    def _hold(self, user_id: object, key: str) -> None:
        """A command without a transaction of its own (bulk) holds its key by an advisory lock. Raises Busy."""
        self._held: int | None = None
        if connection.in_atomic_block:
            return
        number = int.from_bytes(hashlib.sha256(f"{user_id} {key}".encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            if not cursor.fetchone()[0]:
                raise Busy
        self._held = number

    def handle_exception(self, exc: Exception) -> Response:
        """An answer given again is no error, and its transaction may end as it is."""
        return exc.response if isinstance(exc, Replayed) else super().handle_exception(exc)

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Keep the answer of a command that succeeded."""
        done = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        claim: idempotency.Claim | None = self.__dict__.get("_claim")
        if claim is not None and done.status_code < 300:
            body = JSONRenderer().render(done.data).decode() if done.data is not None else ""
            idempotency.finish(claim, status=done.status_code, body=body)
        if (held := getattr(self, "_held", None)) is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [held])
        return done


def _fingerprint(request: Request) -> bytes:
    """SHA-256 of method, address and body; of a form with files, of its fields and the files' contents."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type.startswith("multipart/"):
        fields = cast("QueryDict", request.data)
        for name, values in sorted(fields.lists()):
            for value in values:
                digest.update(f"\n{name}:".encode())
                if not isinstance(value, UploadedFile):
                    digest.update(str(value).encode())
                    continue
                for chunk in value.chunks():
                    digest.update(chunk)
                value.seek(0)  # for whoever reads it next
    else:
        digest.update(request._request.body)
    return digest.digest()
