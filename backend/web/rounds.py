"""Reconciliation: rounds with their villages, what a village reports of each family, and the differences found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.differences import Differences as DifferencesResource
from backend.api.fields import in_language
from backend.api.rounds import Rounds as RoundsResource
from backend.api.units import Units
from backend.helpers.models import Difference as DifferenceRow
from backend.helpers.models import HelperKind, ReportLine
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, download, read
from backend.web.matching import PairingPage
from backend.web.pages import Page

MOST_UNITS = 200
FAMILIES = 20
"""Families on one page of the reporting list: it is read on a telephone."""
WORDS: dict[str, str | Promise] = {
    "kind": gettext_lazy("Difference"),
    "state": gettext_lazy("State"),
    "unit": gettext_lazy("Village"),
}


class Rounds(PairingPage):
    """What was and is compared, the newest first; and whether it is time for this year's."""

    needs = ("round.read",)
    template = "web/rounds/list.html"
    tab = "web:rounds"
    title = gettext_lazy("Reconciliation")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One page of rounds."""
        query = {"page_size": 20, "cursor": request.GET.get("cursor", "")}
        found = read(request, RoundsResource, query=query)
        told = {"rounds": found["results"], "next": cursor_of(found["next"]), **_rights(self)}
        return self.show(told | {"coming": read(request, RoundsResource, "coming") if told["may_write"] else []})


class NewRound(Page):
    """Where, and from when to when."""

    needs = ("round.write",)
    template = "web/rounds/new.html"
    title = gettext_lazy("Open a round")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; the last day is this year's."""
        coming = read(request, RoundsResource, "coming")
        known = {"from_date": timezone.localdate(self.now).isoformat()}
        if coming:
            known |= {"unit": coming[0]["unit"]["id"], "to_date": coming[0]["day"]}
        return self._form(known)

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the round that was opened, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        try:
            opened = command(request, RoundsResource, "create", body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        return redirect("web:round", pk=opened["id"])

    def _form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {"fields": forms.fields(self._schema(), known, refused), "refused": refused, "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        places: dict[str, str] = {}
        for grant in granting(self.user, "round.write"):
            query = {"unit": str(grant.unit_id), "page_size": MOST_UNITS}
            places |= {unit["id"]: unit["name"] for unit in read(self.request, Units, query=query)["results"]}
        return schemas.asked(
            ("unit", "from_date", "to_date"),
            unit=schemas.chosen(_("Unit, with all below it"), places),
            from_date=schemas.day_of(_("First day")),
            to_date=schemas.day_of(_("Last day")),
        )


class Round(Page):
    """One round: how far each village has come, what was found there, and what can be done next."""

    needs = ("round.read",)
    template = "web/rounds/round.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The villages; for htmx only what moves while it is compared."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Compare it, or close it."""
        verb = "close" if request.POST.get("verb") == "close" else "compare"
        try:
            command(request, RoundsResource, verb, pk=pk, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused)
        if verb == "compare":
            messages.success(request, _("It is being compared. You may leave this page."))
        return redirect("web:round", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        round = read(self.request, RoundsResource, "retrieve", pk=pk)
        told = {"round": round, "title": round["unit"]["name"], "refused": refused, "key": uuid4(), **_rights(self)}
        is_moving = round["state"] == "comparing"
        if self.htmx and is_moving:
            return self.show(told, template="web/rounds/progress.html")
        if self.htmx:  # it is done: the whole page has changed
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        told |= {"is_moving": is_moving, "sums": _sums(round["villages"]), "kinds": DifferenceRow.Kind.choices}
        return self.show(told, status=refused.status if refused else 200)


class RoundWorkbook(Page):
    """Figures and differences of a round as a file."""

    needs = ("difference.read",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """A workbook."""
        return download(request, RoundsResource, "workbook", pk=pk)


class RoundFamilies(Page):
    """A village's list: for every family who really helps. Made for a telephone at the kitchen table."""

    needs = ("round.report",)
    template = "web/rounds/families.html"
    title = gettext_lazy("Who really helps")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The families that are still to be reported, or those that are."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """One family's report: back to the list, or the list with what was typed."""
        family = request.POST.get("family", "")
        try:
            told = command(request, RoundsResource, "report", pk=pk, body=_report(request.POST, family))
        except Refused as refused:
            return self._page(pk, refused, family)
        messages.success(request, _("Reported: %(family)s.") % {"family": told["label"]})
        return redirect(f"{reverse('web:round_families', args=[pk])}?{request.GET.urlencode()}")

    def _page(self, pk: UUID, refused: Refused | None = None, at: str = "") -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip() for name in ("reported", "unit", "cursor")}
        asked["reported"] = asked["reported"] or "false"
        query = {"page_size": FAMILIES, **asked}
        if asked["reported"] == "all":
            del query["reported"]
        round = read(self.request, RoundsResource, "retrieve", pk=pk)
        found = read(self.request, RoundsResource, "families", pk=pk, query=query)
        if refused is not None:
            _put_back(found["results"], self.request.POST, at)
        kinds = HelperKind.objects.order_by("order")
        told = {
            "round": round,
            "villages": round["villages"],
            "families": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "refused": refused,
            "at": at,
            "realities": ReportLine.Reality.choices,
            "kinds": [(kind.code, in_language(kind.label, kind.label_en)) for kind in kinds],
        }
        return self.show(told, status=refused.status if refused else 200)


class Differences(Page):
    """Where file and reality differ: what is open, who has it, and how the rest was settled."""

    needs = ("difference.read",)
    template = "web/rounds/differences.html"
    title = gettext_lazy("Differences")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The differences found; for htmx only the rows."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Settle one that has no work item."""
        pk, note = request.POST.get("difference", ""), request.POST.get("note", "")
        try:
            command(request, DifferencesResource, "settle", pk=pk, body={"note": note})
        except Refused as refused:
            return self._page(refused)
        messages.success(request, _("Settled."))
        return redirect(request.get_full_path())

    def _page(self, refused: Refused | None = None) -> HttpResponse:
        names = ("round", "kind", "state", "unit", "without_case", "cursor")
        asked = {name: self.request.GET.get(name, "").strip() for name in names}
        found: dict[str, Any] = {"results": [], "next": None}
        try:
            found = read(self.request, DifferencesResource, query={"page_size": 50, **asked})
        except Refused as error:
            refused = refused or error
        told = {
            "differences": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "kinds": tuple(DifferenceRow.Kind.values),
            "states": tuple(DifferenceRow.State.values),
            "villages": self._villages(),
            "words": WORDS,
            "refused": refused,
            **_rights(self),
        }
        template = "web/rounds/differences_found.html" if self.htmx else None
        return self.show(told, template=template, status=refused.status if refused else 200)

    def _villages(self) -> dict[str, str]:
        """Where the reader's differences can lie; for the rows alone nobody asks."""
        if self.htmx:
            return {}
        places: dict[str, str] = {}
        for grant in granting(self.user, "difference.read"):
            query = {"unit": str(grant.unit_id), "kind": "village", "page_size": MOST_UNITS}
            places |= {unit["id"]: unit["name"] for unit in read(self.request, Units, query=query)["results"]}
        return places


def _rights(page: Page) -> dict[str, bool]:
    """What of the round's buttons the reader gets."""
    return {
        "may_write": bool(granting(page.user, "round.write")),
        "may_report": bool(granting(page.user, "round.report")),
        "may_read_differences": bool(granting(page.user, "difference.read")),
        "may_settle": bool(granting(page.user, "difference.write")),
    }


def _sums(villages: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    sums = {name: sum(each[name] for each in villages) for name in ("families", "reported", "open", "settled")}
    percent = sums["reported"] * 100 // sums["families"] if sums["families"] else 100
    return {**sums, "percent": percent}


def _report(typed: QueryDict, family: str) -> dict[str, Any]:
    """A form's answers as the API takes them; what was left empty is not said."""
    spells = [
        {"pairing": pairing, "reality": reality, **_said(since=typed.get(f"since-{pairing}", ""))}
        for pairing in typed.getlist("spell")
        if (reality := typed.get(f"reality-{pairing}", ""))
    ]
    other = {name: typed.get(f"other-{name}", "").strip() for name in ("number", "name", "kind", "since")}
    named = [_said(**other)] if any(other.values()) else []
    return {"family": family, "spells": spells, "others": named, "note": typed.get("note", "")}


def _said(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _put_back(families: Sequence[dict[str, Any]], typed: QueryDict, at: str) -> None:
    """What was typed for the family that was refused stands in its form again."""
    for family in families:
        if family["id"] == at:
            for spell in family["spells"]:
                spell["reality"] = typed.get(f"reality-{spell['pairing']}", "")
                spell["since"] = typed.get(f"since-{spell['pairing']}", "")
            family["others"] = [{name: typed.get(f"other-{name}", "") for name in ("number", "name", "kind", "since")}]
            family["note"] = typed.get("note", "")
