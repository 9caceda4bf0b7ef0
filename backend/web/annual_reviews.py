"""After a subsidy was confirmed: a village's yearly review person by person, exits with their appeal, recoveries."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.annual_reviews import AnnualReviews as ReviewsResource
from backend.api.annual_reviews import ReviewChecks
from backend.api.recoveries import Recoveries as RecoveriesResource
from backend.api.resource import Resource
from backend.api.subsidy_exits import SubsidyExits as ExitsResource
from backend.org import codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, download, read
from backend.web.pages import Page

AT_ONCE = 50
"""Rows on a page."""
METHODS = ("home", "phone", "video", "statement")


class AnnualReviews(Page):
    """Villages and years, the newest first, each with how far it has come."""

    needs = ("annual_review.read",)
    template = "web/annual_reviews/list.html"
    title = gettext_lazy("Yearly review of subsidies")

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of the reader's place."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, ReviewsResource, query={"page_size": AT_ONCE, **asked})
        return self.show({"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked})


class AnnualReview(Page):
    """A village's people: who is to be checked, how it was made sure that they are alive, what changed."""

    needs = ("annual_review.read",)
    template = "web/annual_reviews/review.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The list."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Record one check."""
        said = {name: request.POST.get(name, "") for name in ("method", "checked_on", "document", "change", "note")}
        body = said | {"happened_on": request.POST.get("happened_on") or None}
        try:
            command(request, ReviewChecks, "check", pk=request.POST.get("check", ""), body=body)
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Noted. A change goes to the caseworker, who looks into it."))
        return redirect(f"{reverse('web:annual_review', args=[pk])}?{request.GET.urlencode()}")

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "") for name in ("state", "cursor")}
        review = read(self.request, ReviewsResource, "retrieve", pk=pk)
        found = read(self.request, ReviewChecks, query={"review": str(pk), "page_size": AT_ONCE, **asked})
        today = timezone.localdate(self.now)
        told = {
            "title": f"{review['unit']['name']} {review['year']}",
            "review": review,
            "rows": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "states": ("todo", "alive", "changed", "held"),
            "methods": METHODS,
            "changes": list(codes.choices("subsidy_change", day=today)),
            "may_check": bool(granting(self.user, "annual_review.check")),
            "today": today.isoformat(),
            "refused": refused,
            "typed": self.request.POST if refused else {},
        }
        return self.show(told, status=refused.status if refused else 200)


class SubsidyExits(Page):
    """Changes that were reported, the newest first."""

    needs = ("subsidy_exit.read",)
    template = "web/annual_reviews/exits.html"
    title = gettext_lazy("Exits from subsidies")

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of the reader's place."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, ExitsResource, query={"page_size": AT_ONCE, **asked})
        may_report = bool(granting(self.user, "subsidy_exit.write"))
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**told, "may_report": may_report})


class ReportChange(Page):
    """Somebody tells what changed; the caseworker looks into it."""

    needs = ("subsidy_exit.write",)
    template = "web/annual_reviews/form.html"
    title = gettext_lazy("Report a change")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the exit, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "reported_on": given.get("reported_on") or None}
        try:
            row = command(request, ExitsResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("Taken in: the caseworker looks into it."))
        return redirect("web:subsidy_exit", pk=row["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        intro = _("Payments stop within ten days, after a death at once. Nothing ends without the county's word.")
        back = reverse("web:subsidy_exits")
        return self.show({**told, "intro": intro, "back": back}, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        changes = codes.choices("subsidy_change", day=timezone.localdate(self.now))
        return schemas.asked(
            ("entitlement", "reason", "happened_on"),
            entitlement=schemas.text(_("Number of the entitlement"), 40),
            reason=schemas.chosen(_("What changed"), dict(changes)),
            happened_on=schemas.day_of(_("When it happened")),
            reported_on=schemas.day_of(_("When the person or family told it")),
            evidence=schemas.text(_("How one knows"), 400),
        )


class WithWords(Page):
    """A row's page that takes in what somebody says against it."""

    resource: type[Any]
    verb = ""
    address = ""
    action = ""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The row."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Take in the words; who decides reads them, nobody else."""
        try:
            command(request, self.resource, self.verb, pk=pk, body={"text": request.POST.get("text", "")})
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, _("Taken in. Somebody who had no hand in it decides."))
        return redirect(self.address, pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, self.resource, "retrieve", pk=pk)
        told = {
            "title": row["number"],
            "row": row,
            "refused": refused,
            "typed": self.request.POST if refused else {},
            "may_say": bool(granting(self.user, self.action)),
            "today": timezone.localdate(self.now).isoformat(),
        }
        return self.show(told, status=refused.status if refused else 200)


class SubsidyExit(WithWords):
    """One exit: what changed, from when, who said so, how it was explained, until when one can appeal."""

    needs = ("subsidy_exit.read",)
    template = "web/annual_reviews/exit.html"
    resource, verb, address = ExitsResource, "appeal", "web:subsidy_exit"
    action = "subsidy_exit.appeal"


class _Letter(Page):
    """A notice as a file, or back with the reason why there is none."""

    resource: ClassVar[type[Resource]]
    address: ClassVar[str]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The .docx."""
        try:
            return download(request, self.resource, "letter", pk=pk)
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
            return redirect(self.address, pk=pk)


class ExitLetter(_Letter):
    """The notice of an exit."""

    needs = ("subsidy_exit.read",)
    resource, address = ExitsResource, "web:subsidy_exit"


class RecoveryLetter(_Letter):
    """The notice of a recovery."""

    needs = ("recovery.read",)
    resource, address = RecoveriesResource, "web:recovery"


class Recoveries(Page):
    """What was overpaid, the newest first."""

    needs = ("recovery.read",)
    template = "web/annual_reviews/recoveries.html"
    title = gettext_lazy("Recoveries")

    def get(self, request: HttpRequest) -> HttpResponse:
        """All of the reader's place."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, RecoveriesResource, query={"page_size": AT_ONCE, **asked})
        return self.show({"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked})


class Recovery(WithWords):
    """One recovery: the figures of the notice, what was decided, the plan, and what was paid back."""

    needs = ("recovery.read",)
    template = "web/annual_reviews/recovery.html"
    resource, verb, address = RecoveriesResource, "object_to", "web:recovery"
    action = "recovery.object"
