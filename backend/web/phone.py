"""Visits on a telephone: a page that works without network, and what it asks when there is one.

The page itself is the same for everybody and holds nobody's data, so that the browser may keep it; everything else is
JSON for its scripts (static/web/phone/, which say how they keep it unreadable and send each record once).
"""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from backend.api.coming import Coming
from backend.api.errors import PROBLEM_JSON, describe, problem
from backend.api.photos import Photos as PhotosResource
from backend.api.submissions import Submissions
from backend.api.uploads import FORM_AROUND, InMemory
from backend.core.crypto import signature
from backend.org.access import granting
from backend.visits.pictures import MOST_BYTES, PhotoTooLarge
from backend.web.door import Refused, command, read, upload
from backend.web.pages import Page
from backend.web.phone_words import words

PURPOSE = "telephone"
"""Keys made for telephones fit nothing else."""
ICONS = (
    "box-arrow-in-right", "calendar-event", "camera", "check-lg", "check2", "check2-all", "cloud-upload",
    "door-closed", "emoji-smile", "exclamation-circle", "exclamation-triangle", "geo-alt", "hand-thumbs-down",
    "hourglass-split", "house", "intersect", "pencil-square", "plus-lg", "shield-exclamation", "signpost-split",
    "telephone", "telephone-fill", "three-dots", "wifi-off", "x-lg",
)  # fmt: skip
"""What the scripts draw with: they copy them from the page, for there may be no network to fetch them."""
LONGEST_BODY = 100_000
"""Bytes of one record: the longest answers that the form allows take a tenth of it."""


class Phone(View):
    """The page: open to everybody, for it shows nothing before its scripts have asked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The same for everybody."""
        addresses = {
            "session": resolve_url("web:phone_session"),
            "key": resolve_url("web:phone_key"),
            "coming": resolve_url("web:phone_coming"),
            "submit": resolve_url("web:phone_submit"),
            "photos": resolve_url("web:phone_photos", pk=UUID(int=0)).replace(str(UUID(int=0)), "ID"),
            "decide": resolve_url("web:phone_decide", pk=UUID(int=0)).replace(str(UUID(int=0)), "ID"),
            "log_in": f"{resolve_url('web:log_in')}?next={resolve_url('web:phone')}",
            "today": resolve_url("web:today"),
            "emergency": resolve_url("web:emergency"),
        }
        return render(request, "web/phone/phone.html", {"words": words(), "addresses": addresses, "icons": ICONS})


class Answering(Page):
    """JSON for the telephone's scripts: whoever is not (quite) logged in gets 401, every refusal is a problem."""

    needs: ClassVar[tuple[str, ...]] = ("visit.write", "own.visit.write")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Never a redirect: a script could not follow it."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except Refused as refused:
            response = _problem(refused.problem)
        except Exception as error:
            transaction.set_rollback(True)
            response = _problem(describe(error)[0])
        if response.status_code in {301, 302}:  # to the log-in, an own password, or the second factor
            response = _problem(problem(401, "not_authenticated"))
        add_never_cache_headers(response)
        return response

    def body(self) -> dict[str, Any]:
        """What was sent. Raises Refused when it is no JSON object."""
        content = self.request.body
        try:
            found = json.loads(content) if len(content) <= LONGEST_BODY else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(problem(400, "malformed"))
        return found


class Session(Answering):
    """Who sits here, whether that is somebody who visits, and the token for what is posted."""

    needs = ()

    def get(self, request: HttpRequest) -> JsonResponse:
        """Asked first, whenever there is a network."""
        visits = any(granting(self.user, action) for action in Answering.needs)
        return JsonResponse({"user": str(self.user.pk), "visits": visits, "csrf": get_token(request)})


class Key(Answering):
    """The key under which this telephone keeps what this person wrote."""

    def post(self, request: HttpRequest) -> JsonResponse:
        """The same for the same person and device, so that what was not sent can be read after the next log-in; told
        to nobody who is not logged in; to be forgotten when the session ends."""
        given = self.body()
        message = f"{self.user.pk}:{given.get('device')}".encode()
        try:
            name, key = signature(message, purpose=PURPOSE, key=str(given.get("name") or ""))
        except KeyError:  # a key of the server's that is gone: what was kept with it cannot be read any more
            name, key = signature(message, purpose=PURPOSE)
        told = {"name": name, "key": base64.b64encode(key).decode()}
        return JsonResponse(
            {"user": str(self.user.pk), **told, "expires_at": request.session.get_expiry_date().isoformat()}
        )


class ComingVisits(Answering):
    """What to take along."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """As the API tells it."""
        return JsonResponse(read(request, Coming, "retrieve"))


class Submit(Answering):
    """One record of a visit comes in."""

    def post(self, request: HttpRequest) -> JsonResponse:
        """Taken over, or kept beside another one."""
        return JsonResponse(command(request, Submissions, "create", body=self.body()))


@method_decorator(csrf_exempt, name="dispatch")
class Photos(Answering):
    """A photograph comes in.

    Exempt from the middleware's check of the token only to do it later: whoever reads the form first decides where its
    file is kept, and a family's picture is not to lie in the temporary folder.
    """

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The photograph as it was taken in."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + FORM_AROUND:
            raise PhotoTooLarge
        request.upload_handlers = [InMemory(request)]
        return self._receive(request, pk)

    @method_decorator(csrf_protect)
    def _receive(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        return JsonResponse(upload(request, PhotosResource, pk=pk))


class Decide(Answering):
    """A person decides between two records."""

    def post(self, request: HttpRequest, pk: UUID) -> JsonResponse:
        """The submission as it is then."""
        return JsonResponse(command(request, Submissions, "decide", pk=pk, body=self.body()))


def _problem(document: dict[str, Any]) -> JsonResponse:
    return JsonResponse(document, status=document["status"], content_type=PROBLEM_JSON)
