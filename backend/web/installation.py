"""What makes the telephone's page installable: the manifest, and what keeps it for when there is no network."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views import View

FILES = (
    "bootstrap/css/bootstrap.min.css", "bootstrap/js/bootstrap.bundle.min.js", "htmx/htmx.min.js",
    "idb/index.js", "web/icon.svg", "web/icon-maskable.svg", "web/site.css", "web/site.js", "web/phone.css",
    "web/phone/install.js", "web/phone/page.js", "web/phone/views.js", "web/phone/form.js", "web/phone/elements.js",
    "web/phone/ids.js", "web/phone/pictures.js", "web/phone/queue.js", "web/phone/store.js", "web/phone/vault.js",
    "web/phone/server.js", "web/phone/reports.js", "web/phone/report.js",
)  # fmt: skip
"""What the pages that work without network load; the service worker keeps them."""
WORKER = "web/phone/service-worker.js"


class ServiceWorker(View):
    """The script that keeps the page and its files for when there is no network."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Its own text, after what it keeps and a digest of that: other files are another version."""
        kept = {
            "version": _version(),
            "files": [static(name) for name in FILES],
            "shells": [resolve_url("web:phone"), resolve_url("web:emergency"), resolve_url("web:public_report")],
        }
        text = f"const KEPT = {json.dumps(kept)};\n{_source(WORKER).read_text(encoding='utf-8')}"
        response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
        response["Service-Worker-Allowed"] = "/"
        response["Cache-Control"] = "no-cache"
        return response


class Manifest(View):
    """What makes the page installable."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """https://www.w3.org/TR/appmanifest/"""
        told = {
            "id": "/",
            "name": _("Jieqin: visits"),
            "short_name": _("Jieqin"),
            "start_url": resolve_url("web:phone"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#9b2c1f",
            "icons": [_icon("web/icon.svg", "any"), _icon("web/icon-maskable.svg", "maskable")],
            "shortcuts": [{"name": _("Emergency"), "url": resolve_url("web:emergency")}],
        }
        return JsonResponse(told, content_type="application/manifest+json")


def _icon(name: str, purpose: str) -> dict[str, str]:
    return {"src": static(name), "type": "image/svg+xml", "sizes": "any", "purpose": purpose}


def _version() -> str:
    """A digest of everything that is kept."""
    return _digest_now() if settings.DEBUG else _digest()


@cache
def _digest() -> str:
    return _digest_now()


def _digest_now() -> str:
    digest = sha256()
    for name in (*FILES, WORKER):
        digest.update(_source(name).read_bytes())
    return digest.hexdigest()[:16]


def _source(name: str) -> Path:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found)
