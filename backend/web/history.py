"""History: everything that happened, narrowed by whom, what, where, when; and a case as it was at a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from backend.api.cases import Cases as CasesResource
from backend.api.events import ABOUT_EVENTS, Events
from backend.api.units import Units
from backend.api.users import Users
from backend.audit.sentences import SENTENCES
from backend.audit.timeline import outline
from backend.org.access import granting
from backend.web.cases import tabs_for
from backend.web.door import Refused, cursor_of, download, read
from backend.web.pages import Page

PASSED_ON = ("about", "action", "actor", "unit", "object", "family", "cursor")
"""What the address and the resource call alike."""
MOST_CHOICES = 200
"""Units and people that are offered to choose from; others are reached by the links of the rows."""


LABELS: dict[str, str | Promise] = {
    "about": gettext_lazy("About"),
    "action": gettext_lazy("What happened"),
    "actor": gettext_lazy("Who"),
    "unit": gettext_lazy("There and below"),
}
"""What the lists to choose from are called."""


class History(Page):
    """All events that the reader's role and place allow, newest first."""

    needs = ("event.read", "event.system")
    template = "web/history/events.html"
    title = gettext_lazy("History")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The events found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in (*PASSED_ON, "case", "from", "to")}
        # Choices first: after a refusal nothing more can be read.
        may = {"reads_cases": self._reads_cases, "reads_findings": bool(granting(self.user, "finding.read"))}
        may["verifies"] = bool(granting(self.user, "event.verify"))
        choices = {} if self.htmx else {"choices": self._choices(), "words": LABELS, **may}
        found, refused, unknown = self._found(asked)
        told = {
            "events": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "unknown": unknown,
            "refused": refused,
            **choices,
        }
        return self.show(told, template="web/history/found.html" if self.htmx else None)

    @property
    def _reads_cases(self) -> bool:
        return bool(granting(self.user, "case.read"))

    def _found(self, asked: dict[str, str]) -> tuple[dict[str, Any], Refused | None, str]:
        """One page of events, or why there is none: what the resource refuses, or what cannot be understood here."""
        nothing: dict[str, Any] = {"results": [], "next": None}
        query: dict[str, Any] = {"page_size": 50, **{name: asked[name] for name in PASSED_ON}}
        try:
            query["at_from"] = _begin_of(asked["from"])
            query["at_before"] = _begin_of(asked["to"], days=1)
        except (ValueError, OverflowError):
            return nothing, None, _("This is not a day.")
        if asked["case"] and self._reads_cases:
            cases = read(self.request, CasesResource, query={"number": asked["case"]})["results"]
            if not cases:
                return nothing, None, _("There is no case with this number.")
            query["case"] = cases[0]["id"]
        try:
            return read(self.request, Events, query=query), None, ""
        except Refused as error:
            return nothing, error, ""

    def _choices(self) -> dict[str, Any]:
        """What the lists offer: subjects, actions as sentences without names, people and places that one may see."""
        language = get_language() or ""
        actions = sorted((outline(action, language=language), action) for action in SENTENCES)
        few = {"page_size": MOST_CHOICES}
        people = read(self.request, Users, query=few)["results"] if granting(self.user, "user.read") else []
        return {
            "about": list(ABOUT_EVENTS),
            "actions": [{"code": action, "name": text} for text, action in actions],
            "people": sorted(
                ({"code": user["id"], "name": user["name"]} for user in people), key=lambda it: it["name"]
            ),
            "units": read(self.request, Units, query=few)["results"],
        }


class CaseAsOf(Page):
    """A case as it was at the end of a day, or at the minute that an entry of the history names."""

    needs = ("event.read",)
    template = "web/history/case.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """State, people, work and answers then; for htmx only these, without the slider."""
        case = read(request, CasesResource, "retrieve", pk=pk)
        if "unit" not in case:
            raise Http404
        first, last = _day_of(case["opened_at"]), timezone.localdate(self.now)
        at, unknown = self._asked(first, last)
        told = {"case": case, "title": case["number"], "tab": "as-of", "tabs": tabs_for(self), "unknown": unknown,
                "at": at, "first": first, "last": last, "days": (last - first).days,
                "place": (timezone.localdate(at) - first).days}  # fmt: skip
        told["may_export"] = bool(granting(self.user, "case.export"))
        told["verifies"] = bool(granting(self.user, "event.verify"))
        then, refused = self._then(pk, at)
        chosen = then["diagram"] if then is not None else None
        told |= {"then": then, "refused": refused, "chosen": chosen}
        if chosen:
            told["drawn"] = {name: chosen[name] for name in ("bpmn", "active", "done")}
        return self.show(told, template="web/history/then.html" if self.htmx else None)

    def _asked(self, first: date, last: date) -> tuple[datetime, str]:
        """The time that the address names: `at`, the end of `day`, or of the day so many after the first (`place`)."""
        asked = self.request.GET
        try:
            if asked.get("at"):
                at = datetime.fromisoformat(asked["at"])
                return (at if timezone.is_aware(at) else timezone.make_aware(at)), ""
            if asked.get("place", "").isdigit():
                day = first + timedelta(days=min(int(asked["place"][:6]), (last - first).days))
            else:
                day = date.fromisoformat(asked["day"]) if asked.get("day") else last
        except (ValueError, OverflowError):
            return self.now, _("This is not a day.")
        midnight = _begin_of(day.isoformat(), days=1)
        assert midnight is not None
        return (min(midnight - timedelta(seconds=1), self.now) if day <= last else midnight), ""

    def _then(self, pk: UUID, at: datetime) -> tuple[dict[str, Any] | None, Refused | None]:
        """What the resource tells, with the diagram that is asked for, else that of the run that stood last."""
        query = {"at": at.isoformat(), "instance": self.request.GET.get("instance", "")}
        try:
            then = read(self.request, CasesResource, "as_of", pk=pk, query=query)
            if then["diagram"] is None and then["standing"]:
                running = [each for each in then["standing"] if each["state"] == "running"] or then["standing"]
                query["instance"] = running[-1]["instance"]
                then = read(self.request, CasesResource, "as_of", pk=pk, query=query)
        except Refused as error:
            return None, error
        return then, None


class Verification(Page):
    """Whether the history is as it was written: part of a page that asks for the next portion by itself."""

    needs = ("event.verify",)
    template = "web/history/verified.html"
    counted = ("chains", "events", "count")

    def get(self, request: HttpRequest) -> HttpResponse:
        """One portion, with what the portions before it counted and the first faults of this one."""
        asked = {name: request.GET.get(name, "") for name in ("case", "after", *self.counted)}
        try:
            found = read(request, Events, "verify", query={"case": asked["case"], "after": asked["after"]})
        except Refused as error:
            return self.show({"refused": error})
        sums = {name: found[name] + (int(asked[name][:12]) if asked[name].isdecimal() else 0) for name in self.counted}
        return self.show({"found": found, "sums": sums, "case": asked["case"]})


class CaseExport(Page):
    """The case as a file to take along."""

    needs = ("case.export",)

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """An archive, checked offline by the program in it."""
        return download(request, CasesResource, "export", pk=pk)


def _day_of(text: str) -> date:
    """The local day of a time that a resource told."""
    return timezone.localdate(datetime.fromisoformat(text))


def _begin_of(text: str, *, days: int = 0) -> datetime | None:
    """The local midnight at which the day (and so many more) begins; None for no text. Raises ValueError."""
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, time()))
