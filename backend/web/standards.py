"""Standards of subsidies by layer, set from a day on; and what a changed one means for whom (domain.md E15)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.back_pays import BackPays
from backend.api.subsidies import Standards as StandardsResource
from backend.org.access import granting
from backend.org.models import Unit
from backend.subsidies.models import Standard as Row
from backend.subsidies.standards import KINDS_OF_AREA
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.aid_forms import AidForm
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page


class Standards(Page):
    """Every layer, the newest day first."""

    needs = ("subsidy.read",)
    template = "web/subsidies/standards.html"
    title = gettext_lazy("Standards of subsidies")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those of a subsidy, or all."""
        asked = {name: request.GET.get(name, "").strip()[:40] for name in ("kind", "cursor")}
        query = {"page_size": 50, "ordering": "-from_date", **asked}
        found = read(request, StandardsResource, query=query)
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        may = {
            "may_set": bool(granting(self.user, "standard.write")),
            "may_pay": bool(granting(self.user, "back_pay.read")),
        }
        return self.show(told | may)


class NewStandard(AidForm):
    """Set a standard from a day on."""

    needs = ("standard.write",)
    title = gettext_lazy("Set a standard")
    intro = gettext_lazy(
        "It counts from its day on and is not changed afterwards: a newer one takes its place. Who was paid by the old "
        "one is shown next, before anything is paid."
    )

    def question(self) -> Question:
        """One layer."""
        schema = schemas.asked(
            ("kind", "area", "mode", "per", "from_date", "reference"),
            kind=schemas.coded(_("Subsidy"), "subsidy_kind", self.today),
            category=schemas.coded(_("Only for"), "subsidy_category", self.today),
            area=schemas.chosen(_("Area"), self._areas()),
            residence=schemas.chosen(_("Who"), {value: str(label) for value, label in Row.Residence.choices if value}),
            min_age={"type": "integer", "title": _("From which age"), "minimum": 0, "maximum": 120},
            mode=schemas.chosen(_("How it counts"), {value: str(label) for value, label in Row.Mode.choices}),
            per=schemas.chosen(_("How often"), {value: str(label) for value, label in Row.Per.choices}),
            amount={"type": "number", "title": _("Yuan"), "minimum": 0},
            factor={"type": "number", "title": _("Factor (where it multiplies)"), "minimum": 0},
            from_date=schemas.day_of(_("From")),
            to_date=schemas.day_of(_("First day without it (may stay empty)")),
            reference=schemas.text(_("The law or document that says so"), 200),
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To who is paid by an old one."""
        body = {name: value for name, value in given.items() if value not in ("", None)}
        row = command(self.request, StandardsResource, "create", body=body, key=key)
        messages.success(self.request, _("Set. This is what it changes; nothing is paid yet."))
        asked = urlencode({"kind": row["kind"], "since": row["from_date"]})
        return redirect(f"{reverse('web:back_pay')}?{asked}")

    def back(self) -> str:
        """The list."""
        return reverse("web:standards")

    def _areas(self) -> dict[str, str]:
        """One's own area and what lies below it."""
        paths = [grant.path for grant in granting(self.user, "standard.write")]
        own = [
            unit for path in paths for unit in Unit.objects.below(path).filter(kind__in=KINDS_OF_AREA).order_by("path")
        ]
        return {str(unit.pk): unit.name for unit in own}


class BackPay(Page):
    """Who is paid by an old standard: before, after, and what is owed after the fact; started by a named officer."""

    needs = ("back_pay.read",)
    template = "web/subsidies/back_pay.html"
    title = gettext_lazy("Back pay")

    def get(self, request: HttpRequest) -> HttpResponse:
        """As it stands now."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """New rates begin and the differences are owed, by whoever is logged in."""
        body = {name: request.POST.get(name, "") for name in ("since", "kind")}
        try:
            done = command(request, BackPays, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(refused)
        told = {"count": done["count"], "total": done["total"]}
        messages.success(request, _("Owed to %(count)s people: %(total)s yuan. The next batch pays it.") % told)
        return redirect(f"{reverse('web:back_pay')}?{urlencode(body)}")

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip()[:40] for name in ("since", "kind")}
        asked["since"] = asked["since"] or f"{self.now.year}-01-01"
        schema = schemas.asked((), kind=schemas.coded("", "subsidy_kind", self.now.date()))
        kinds = schema["properties"]["kind"]["oneOf"]
        found = None
        if asked["kind"]:
            try:
                found = read(self.request, BackPays, query=asked)
            except Refused as error:
                refused = refused or error
        told = {"asked": asked, "kinds": kinds, "found": found, "refused": refused, "key": uuid4()}
        told["may_start"] = bool(granting(self.user, "back_pay.write")) and bool(found and found["count"])
        return self.show(told, status=refused.status if refused else 200)
