"""Cases: where each stands in words, on its diagrams and in its history, and what the office can tell or decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.cases import Cases as CasesResource
from backend.api.pairings import Pairings
from backend.api.programmes import Programmes
from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.families import history, pauses, villages
from backend.web.findings import open_findings
from backend.web.pages import Page
from backend.web.service_plans import plans_of

FILTERS = ("state", "phase", "programme", "unit")
READERS = ("case.read", "own.case.read")


class Cases(Page):
    """All cases, found by number or name."""

    needs = READERS
    template = "web/cases/list.html"
    title = gettext_lazy("Cases")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The cases found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("q", *FILTERS, "cursor")}
        refused = None
        try:
            found = read(request, CasesResource, query={"page_size": 50, "ordering": "-opened_at", **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"cases": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        if self.htmx:
            return self.show(told, template="web/cases/found.html")
        choices = {
            "state": ("open", "paused", "closed", "archived"),
            "phase": ("survey", "filing", "pairing", "waiting", "care", "review"),
            "programmes": read(request, Programmes)["results"],
            "villages": villages(request),
        }
        return self.show(told | {"choices": choices})


class Case(Page):
    """One case: where it stands, or a tab with its diagrams or its history."""

    needs = READERS
    template = "web/cases/case.html"
    tabs: Mapping[str, str | Promise] = {
        "standing": gettext_lazy("Where it stands"),
        "diagram": gettext_lazy("Diagrams"),
        "history": gettext_lazy("History"),
        "as-of": gettext_lazy("As it was"),
    }

    def get(self, request: HttpRequest, pk: UUID, tab: str = "standing") -> HttpResponse:
        """The tab of the address; a helper sees the case's number and family only."""
        case = read(request, CasesResource, "retrieve", pk=pk)
        told = {"case": case, "title": case["number"], "tab": tab, "tabs": tabs_for(self)}
        if "unit" not in case:
            return self.show(told | {"tabs": (), "tab": ""})
        contents = {"standing": self._standing, "diagram": self._diagram, "history": self._history}
        if tab not in contents:
            raise Http404
        return self.show(told | contents[tab](case))

    def _standing(self, case: dict[str, Any]) -> dict[str, Any]:
        standing = read(self.request, CasesResource, "standing", pk=case["id"])
        items = read(self.request, WorkItems, query={"case": case["id"], "page_size": 50})["results"]
        running = [each for each in standing if each["state"] == "running"]
        people = {item["step"] for item in items}
        for each in running:
            each["alone"] = [node for node in each["active"] if node["node"] not in people]
        # The process that starts the phases only waits for them: it is told last.
        return {
            "items": items,
            "running": sorted(running, key=lambda each: each["started_at"], reverse=True),
            "over": [each for each in standing if each["state"] != "running"],
            "verbs": [verb for verb in VERBS if verb.is_offered(self, case)],
            "plans": plans_of(self, case["id"]),
            "may_plan": case["state"] == "open" and bool(granting(self.user, "plan.write")),
            "pause": next(iter(pauses(self, case["family"]["id"], running="true")), None),
            "may_pause": case["state"] in LIVE and bool(granting(self.user, "pause.write")),
            "may_doubt": case["state"] in {"open", "paused"} and bool(granting(self.user, "safety_watch.write")),
        }

    def _diagram(self, case: dict[str, Any]) -> dict[str, Any]:
        standing = read(self.request, CasesResource, "standing", pk=case["id"])
        instances = list(reversed(standing))
        wanted = self.request.GET.get("instance", "")
        running = [each for each in instances if each["state"] == "running"]
        chosen = next((each for each in instances if each["instance"] == wanted), (running or instances or [None])[0])
        if chosen is None:
            return {"instances": [], "diagram": None}
        query = {"instance": chosen["instance"]}
        [diagram] = read(self.request, CasesResource, "diagram", pk=case["id"], query=query)
        drawn = {name: diagram[name] for name in ("bpmn", "active", "done")}
        return {"instances": instances, "diagram": diagram, "drawn": drawn}

    def _history(self, case: dict[str, Any]) -> dict[str, Any]:
        may_raise = bool(granting(self.user, "finding.write"))
        found = {"findings": open_findings(self, case["id"]), "may_raise": may_raise}
        return found | history(self, CasesResource, case["id"])


def tabs_for(page: Page) -> list[tuple[str, str | Promise]]:
    """The tabs of a case's page for its reader: how it was is for whoever reads events."""
    return [each for each in Case.tabs.items() if each[0] != "as-of" or granting(page.user, "event.read")]


@dataclass(frozen=True)
class Verb:
    """Something that can be told to a case or decided about it: a form, and a call of the resource.

    `states`: of the case; `needs`: the action of who may do it; `schema` asks, `body` makes of the answers what the
    resource takes.
    """

    code: str
    label: str | Promise
    help: str | Promise
    icon: str
    needs: str
    states: frozenset[str]
    action: str
    schema: Callable[[Page, dict[str, Any]], schemas.Schema]
    body: Callable[[Mapping[str, Any]], dict[str, Any]]

    def is_offered(self, page: Page, case: Mapping[str, Any]) -> bool:
        """Whether the reader may do it to this case as it is."""
        return case["state"] in self.states and bool(granting(page.user, self.needs))


def _message(name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda answers: {"name": name, "data": dict(answers)}


def _helper_ended(page: Page, case: dict[str, Any]) -> schemas.Schema:
    today = timezone.localdate(page.now)
    pairings = read(page.request, Pairings, query={"case": case["id"], "current": "true"})["results"]
    helpers = {pairing["helper"]["id"]: pairing["helper"]["name"] for pairing in pairings}
    return schemas.asked(
        ("helper", "reason", "ended_on"),
        helper=schemas.chosen(_("Which helper"), helpers),
        reason=schemas.coded(_("Why"), "helper_end_reason", today),
        ended_on=schemas.day_of(_("Last day")),
    )


def _refused(page: Page, case: dict[str, Any]) -> schemas.Schema:
    levels = {
        "all": _("no visits any more"),
        "phone_only": _("by telephone only"),
        "helper": _("not with this helper"),
    }
    return schemas.asked(
        ("level",),
        level=schemas.chosen(_("What the family wants"), levels),
        reason=schemas.text(_("What was said"), 200),
    )


def _moved(page: Page, case: dict[str, Any]) -> schemas.Schema:
    places = {
        "within": _("within the county"),
        "out_of_county": _("to another county"),
        "unknown": _("nobody knows where"),
    }
    return schemas.asked(
        ("to", "moved_on"), to=schemas.chosen(_("Where to"), places), moved_on=schemas.day_of(_("When"))
    )


def _died(page: Page, case: dict[str, Any]) -> schemas.Schema:
    return schemas.asked(("died_on",), died_on=schemas.day_of(_("Day of death")))


def _close(page: Page, case: dict[str, Any]) -> schemas.Schema:
    today = timezone.localdate(page.now)
    why, said = schemas.coded(_("Why"), "close_reason", today), schemas.text(_("In words, for the history"), 120)
    return schemas.asked(("code", "reason"), code=why, reason=said)


def _reason(page: Page, case: dict[str, Any]) -> schemas.Schema:
    return schemas.asked(("reason",), reason=schemas.text(_("Why"), 400))


def _transfer(page: Page, case: dict[str, Any]) -> schemas.Schema:
    places = {unit["id"]: unit["name"] for unit in villages(page.request) if unit["id"] != case["unit"]["id"]}
    return schemas.asked(
        ("to", "reason"), to=schemas.chosen(_("To which village"), places), reason=schemas.text(_("Why"), 400)
    )


LIVE = frozenset({"open", "paused"})
VERBS = (
    Verb(
        "helper-ended",
        gettext_lazy("A helper ended"),
        gettext_lazy("The helper stops coming. The case looks for somebody else."),
        "person-dash",
        "case.message",
        LIVE,
        "messages",
        _helper_ended,
        _message("helper_ended"),
    ),
    Verb(
        "family-refused",
        gettext_lazy("The family does not want it"),
        gettext_lazy("Visits stop, or go on as the family wants; it is asked again after half a year."),
        "hand-thumbs-down",
        "case.message",
        LIVE,
        "messages",
        _refused,
        _message("family_refused"),
    ),
    Verb(
        "family-moved",
        gettext_lazy("The family moved"),
        gettext_lazy("Visits stop and the case is closed; the file stays."),
        "truck",
        "case.message",
        LIVE,
        "messages",
        _moved,
        _message("family_moved"),
    ),
    Verb(
        "family-died",
        gettext_lazy("Nobody is left"),
        gettext_lazy("The last member of the household has died: nobody writes or comes any more. The case is closed."),
        "heartbreak",
        "case.message",
        LIVE,
        "messages",
        _died,
        _message("family_died"),
    ),
    Verb(
        "transfer",
        gettext_lazy("Hand it over"),
        gettext_lazy("The family lives in another village now: the file, its cases and the open work go there."),
        "arrow-left-right",
        "case.transfer",
        LIVE,
        "transfer",
        _transfer,
        dict,
    ),
    Verb(
        "close",
        gettext_lazy("Close the case"),
        gettext_lazy("What is open is wound up: offers, planned visits, pairings."),
        "folder-x",
        "case.close",
        LIVE,
        "close",
        _close,
        dict,
    ),
    Verb(
        "reopen",
        gettext_lazy("Open it again"),
        gettext_lazy("The process begins anew; what was done stays done."),
        "folder-symlink",
        "case.reopen",
        frozenset({"closed"}),
        "reopen",
        _reason,
        dict,
    ),
)


class CaseVerb(Page):
    """The form of one verb, and doing it."""

    needs = ("case.message", "case.close", "case.reopen", "case.transfer")
    template = "web/cases/verb.html"

    def get(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """What has to be said."""
        case, chosen = self._find(pk, verb)
        return self._form(case, chosen, {})

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Done, or the form again with everything typed."""
        case, chosen = self._find(pk, verb)
        given = forms.answers(chosen.schema(self, case), request.POST)
        version = request.POST.get("version", "")
        try:
            command(
                request,
                CasesResource,
                chosen.action,
                pk=pk,
                body=chosen.body(given),
                version=int(version) if version.isdigit() and chosen.action != "messages" else None,
                key=request.POST.get("key", ""),
            )
        except Refused as refused:
            return self._form(case, chosen, given, refused)
        messages.success(
            request, _("Done: %(what)s. What follows from it happens within a minute.") % {"what": chosen.label}
        )
        return redirect("web:case", pk=pk)

    def _find(self, pk: UUID, code: str) -> tuple[dict[str, Any], Verb]:
        case = read(self.request, CasesResource, "retrieve", pk=pk)
        chosen = next((verb for verb in VERBS if verb.code == code and verb.is_offered(self, case)), None)
        if chosen is None:
            raise Http404
        return case, chosen

    def _form(
        self, case: dict[str, Any], verb: Verb, known: Mapping[str, Any], refused: Refused | None = None
    ) -> HttpResponse:
        told = {
            "case": case,
            "verb": verb,
            "title": verb.label,
            "fields": forms.fields(verb.schema(self, case), known, refused),
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)
