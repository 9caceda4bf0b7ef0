"""Certificates of hours: asked for, followed, printed, revoked; and a page on which anybody checks a number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from backend.activities.models import Certificate as Row
from backend.api.certificates import Certificates as CertificatesResource
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.volunteering import CERTIFICATES, WHOSE, Asking, VolunteeringPage

WRITERS = ("certificate.write", "own.certificate.write")


class Certificates(VolunteeringPage):
    """Those of the reader's places, or one's own."""

    needs = CERTIFICATES
    template = "web/volunteering/certificates.html"
    tab = "web:certificates"
    title = gettext_lazy("Certificates of hours")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The newest first."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "cursor")}
        refused = None
        try:
            found = read(request, CertificatesResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"states": Row.State.values, "is_office": self.may("certificate.read")}
        return self.show(told | {"may_ask": self.may(*WRITERS)})


class NewCertificate(Asking):
    """Ask for a certificate."""

    needs = WRITERS
    tab = "web:certificates"
    title = gettext_lazy("Ask for a certificate")
    intro = gettext_lazy(
        "Verified hours of these days are certified. One person checks them, they are announced for some days, "
        "another person signs."
    )

    def question(self) -> Question:
        """Which days, and whose."""
        schema = schemas.asked(
            ("from_date", "to_date"),
            from_date=schemas.day_of(_("First day")),
            to_date=schemas.day_of(_("Last day")),
        )
        return Question(schema, (WHOSE,) if self.may("certificate.write") else ())

    def known(self) -> dict[str, Any]:
        """The last twelve months."""
        today = timezone.localdate(self.now)
        return {"from_date": (today - timedelta(days=365)).isoformat(), "to_date": today.isoformat()}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To what was asked for."""
        made = command(self.request, CertificatesResource, "create", body=given, key=key)
        messages.success(self.request, _("Asked for. The township checks the hours."))
        return redirect("web:certificate", pk=made["id"])


class Certificate(VolunteeringPage):
    """One certificate: how far it has come; issued, as it is printed."""

    needs = CERTIFICATES
    template = "web/volunteering/certificate.html"
    tab = "web:certificates"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """With what the reader may do."""
        row = read(request, CertificatesResource, "retrieve", pk=pk)
        told = {
            "title": row["number"],
            "row": row,
            "may_revoke": row["state"] == Row.State.ISSUED and self.may("certificate.revoke"),
            "may_object": row["state"] == Row.State.ANNOUNCED and self.may("certificate.write"),
            "check": request.build_absolute_uri(f"{resolve_url('web:certificate_check')}?number={row['number']}"),
            "key": uuid4(),
        }
        return self.show(told)


class ObjectToCertificate(Asking):
    """Write down what a member says against it."""

    needs = ("certificate.write",)
    tab = "web:certificates"
    title = gettext_lazy("Object to a certificate")
    intro = gettext_lazy("It is settled by a supervisor before anything is signed.")

    def question(self) -> Question:
        """What is said."""
        return Question(schemas.asked(("reason",), reason=schemas.text(_("What is not right"), 400)))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """Back to it."""
        pk: UUID = self.kwargs["pk"]
        command(self.request, CertificatesResource, "objection", pk=pk, body=given, key=key)
        messages.success(self.request, _("Kept. The supervisor settles it."))
        return redirect("web:certificate", pk=pk)


class RevokeCertificate(Asking):
    """Make it invalid."""

    needs = ("certificate.revoke",)
    tab = "web:certificates"
    title = gettext_lazy("Revoke a certificate")
    intro = gettext_lazy("Whoever checks its number sees it from now on. It cannot be taken back.")

    def question(self) -> Question:
        """Why."""
        day = timezone.localdate(self.now)
        return Question(schemas.asked(("reason",), reason=schemas.coded(_("Why"), "revocation_reason", day)))

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """Back to it."""
        pk: UUID = self.kwargs["pk"]
        command(self.request, CertificatesResource, "revoke", pk=pk, body=given, key=key)
        messages.success(self.request, _("Revoked."))
        return redirect("web:certificate", pk=pk)


class CheckCertificate(View):
    """Open to everybody: whether a number is that of a valid certificate, and what stands on it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The question, and with a number the answer."""
        number = request.GET.get("number", "").strip()[:60]
        told = read(request, CertificatesResource, "check", query={"number": number}) if number else None
        response = render(request, "web/volunteering/check.html", {"number": number, "told": told})
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        response["Cache-Control"] = "no-store"
        return response
