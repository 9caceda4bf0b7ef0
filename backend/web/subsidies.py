"""Subsidies: who has applied and who gets what; an application with its levels, taken in, objected to, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.families import Families
from backend.api.subsidies import Entitlements as EntitlementsResource
from backend.api.subsidies import SubsidyApplications
from backend.api.work_items import WorkItems
from backend.org import codes
from backend.org.access import granting
from backend.subsidies.models import Application as Row
from backend.web import schemas
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.aid_forms import AidForm
from backend.web.door import Refused, command, cursor_of, read
from backend.web.families import villages
from backend.web.pages import Page

FAMILY = Chooser("family", gettext_lazy("Family"), "web:subsidy_choices", Families)
ASKED = ("state", "q", "kind", "unit", "cursor")
ENTITLEMENTS_ASKED = ("family", "q", "unit", "kind", "in_force")
OF_CHILDREN = ("state", "ever", "living", "girls_only", "certificate", "grade", "single", "both_rural")
MOST_CHILDREN = 20


class Applications(Page):
    """Applications of the reader's place."""

    needs = ("subsidy.read",)
    template = "web/subsidies/list.html"
    title = gettext_lazy("Subsidies")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those found; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ASKED}
        refused = None
        try:
            found = read(request, SubsidyApplications, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        told |= {"states": Row.State.values, "may_apply": bool(granting(self.user, "subsidy.write"))}
        told |= {
            "kinds": list(codes.entries("subsidy_kind").values()),
            "villages": [] if self.htmx else villages(request),
        }
        return self.show(told, template="web/subsidies/found.html" if self.htmx else None)


class Entitlements(Page):
    """Who gets which subsidy; of one family when the address names it."""

    needs = ("subsidy.read",)
    template = "web/subsidies/entitlements.html"
    title = gettext_lazy("Entitlements")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Each with its rates and their layers."""
        asked = {name: request.GET.get(name, "").strip()[:60] for name in ENTITLEMENTS_ASKED}
        told: dict[str, Any] = {
            "asked": asked,
            "kinds": list(codes.entries("subsidy_kind").values()),
            "in_force": ("true", "false"),
        }
        told |= {"villages": villages(request), "is_narrowed": any(asked.values())}
        query = {"page_size": 50, "cursor": request.GET.get("cursor", ""), **asked}
        try:
            found = read(request, EntitlementsResource, query=query)
        except Refused as refused:
            return self.show({**told, "refused": refused}, status=refused.status)
        told |= {"rows": found["results"], "next": cursor_of(found["next"])}
        if found["results"]:
            told["sum"] = read(request, EntitlementsResource, "sum", query=asked)
        return self.show(told)


class Application(Page):
    """One application: papers, levels, the letter, what waits for somebody."""

    needs = ("subsidy.read",)
    template = "web/subsidies/application.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """All that whoever reads it may know."""
        row = read(request, SubsidyApplications, "retrieve", pk=pk)
        query = {"q": row["number"], "state": "open", "process": "subsidy_application"}
        waiting = read(request, WorkItems, query=query)
        is_open = row["state"] not in {Row.State.CONFIRMED, Row.State.REFUSED, Row.State.WITHDRAWN}
        writes = bool(granting(self.user, "subsidy.write"))
        told = {
            "title": row["number"],
            "row": row,
            "items": waiting["results"],
            "may_object": writes and row["state"] == Row.State.PUBLISHED,
            "may_withdraw": is_open and bool(granting(self.user, "subsidy.withdraw")),
        }
        return self.show(told)


class NewApplication(AidForm):
    """Take in an application: first which family, then what is applied for and declared."""

    needs = ("subsidy.write",)
    title = gettext_lazy("Apply for a subsidy")
    intro = gettext_lazy(
        "Whoever takes it in decides nothing of it. Only what the programme's own conditions ask is written down."
    )

    def question(self) -> Question:
        """The family, or who applies for what."""
        if not self.family:
            return Question(schemas.asked(()), (FAMILY,))
        people, flag = self.members(), {"type": "boolean"}
        needed = ("kind", "person", "channel", "state", "ever", "living", "declared_on")
        schema = schemas.asked(
            needed,
            kind=schemas.coded(_("Subsidy"), "subsidy_kind", self.today),
            person=schemas.chosen(_("Applicant"), people),
            spouse=schemas.chosen(_("Spouse"), people),
            channel=schemas.chosen(_("Who applies"), {each.value: str(each.label) for each in Row.Channel}),
            assisted_by=schemas.text(_("With the help of"), 80),
            state=schemas.chosen(
                _("The child"), {"dead": _("has died"), "disabled": _("is disabled"), "living": _("is living")}
            ),
            ever=_number(_("Children, born and adopted")),
            living=_number(_("Children living")),
            girls_only={**flag, "title": _("Girls only")},
            certificate=schemas.text(_("Number of the death certificate or disability card"), 60),
            grade={**_number(_("Grade of disability")), "maximum": 4},
            single={**flag, "title": _("Divorced or widowed")},
            both_rural={**flag, "title": _("Both spouses are rural residents")},
            account=schemas.text(_("Bank or social security card"), 40),
            declared_on=schemas.day_of(_("Declared on")),
        )
        return Question(schema)

    def known(self) -> Mapping[str, Any]:
        """Today."""
        return {"declared_on": self.today.isoformat()} if self.family else {}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """On to the questions, or to the application."""
        if not self.family:
            return redirect(f"{reverse('web:subsidy_new')}?family={given.get('family', '')}")
        children = {name: value for name, value in given.items() if name in OF_CHILDREN}
        others = {name: value for name, value in given.items() if name not in OF_CHILDREN}
        body = {"family": self.family, **others, "children": children}
        row = command(self.request, SubsidyApplications, "create", body=body, key=key)
        messages.success(self.request, _("Taken in. The township looks at the papers first."))
        return redirect("web:subsidy", pk=row["id"])

    def back(self) -> str:
        """The list."""
        return reverse("web:subsidies")


class ApplicationChoices(Choices):
    """Families to choose from, while somebody types."""

    needs = ("subsidy.write",)
    choosers = (FAMILY,)


class _OnOne(AidForm):
    """A form about one application."""

    verb = ""
    done: Any = ""

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the application."""
        command(self.request, SubsidyApplications, self.verb, pk=self.kwargs["pk"], body=given, key=key)
        messages.success(self.request, self.done)
        return redirect(self.back())

    def back(self) -> str:
        """The application."""
        return reverse("web:subsidy", args=[self.kwargs["pk"]])


class Objection(_OnOne):
    """Take in an objection."""

    needs = ("subsidy.write",)
    title = gettext_lazy("Take in an objection")
    intro = gettext_lazy(
        "Somebody independent looks into it; until then this application waits. Names are told to nobody."
    )
    verb, done = "object_to", gettext_lazy("Taken in. The application waits for the answer.")

    def question(self) -> Question:
        """What is objected, and by whom."""
        schema = schemas.asked(
            ("text",),
            text=schemas.text(_("What is objected"), 2000),
            objector=schemas.text(_("Who objects (may stay empty)"), 60),
            contact=schemas.text(_("How to reach them"), 60),
        )
        return Question(schema)


class Withdrawal(_OnOne):
    """The family takes it back."""

    needs = ("subsidy.withdraw",)
    title = gettext_lazy("Withdraw the application")
    intro = gettext_lazy("The family can apply again.")
    verb, done = "withdraw", gettext_lazy("Withdrawn.")

    def question(self) -> Question:
        """Why."""
        return Question(schemas.asked(("reason",), reason=schemas.text(_("Reason"), 400)))


def _number(title: str) -> schemas.Schema:
    return {"type": "integer", "title": title, "minimum": 0, "maximum": MOST_CHILDREN}
