"""What the pages of administration share: their tabs, and rows that are chosen by searching for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.resource import Resource
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, read
from backend.web.navigation import ADMINISTRATION
from backend.web.pages import Page

FOUND = 10
"""So many rows are offered to choose from; more are found by typing more."""


@dataclass(frozen=True)
class Tab:
    """One page of the section: its text, the name of its address, and the actions of which one leads there."""

    label: str | Promise
    address: str
    actions: tuple[str, ...] = ADMINISTRATION


TABS = (
    Tab(gettext_lazy("Units"), "web:units"),
    Tab(gettext_lazy("Users"), "web:users"),
    Tab(gettext_lazy("Processes"), "web:processes", ("process.deploy",)),
    Tab(gettext_lazy("Background work"), "web:jobs", ("job.read",)),
    Tab(gettext_lazy("Outbox"), "web:outbox", ("outbox.read",)),
    Tab(gettext_lazy("Code lists"), "web:codes"),
    Tab(gettext_lazy("Rules"), "web:parameters", (*ADMINISTRATION, "office.write")),
)


class Administered(Page):
    """A page of the section: for the three administrators, who read no case content."""

    needs: ClassVar[tuple[str, ...]] = ADMINISTRATION
    tab: ClassVar[str] = ""
    """The name of the address of the tab that it belongs to."""

    def show(
        self, context: dict[str, Any] | None = None, *, template: str | None = None, status: int = 200
    ) -> HttpResponse:
        """See Page.show; with the tabs."""
        tabs = [tab for tab in TABS if any(granting(self.user, action) for action in tab.actions)]
        return super().show({"tabs": tabs, "tab": self.tab, **(context or {})}, template=template, status=status)


@dataclass(frozen=True)
class Chooser:
    """A question whose answer is one of many rows: found by `<name>_q`, chosen by its id in `name`."""

    name: str
    label: str | Promise
    address: str
    resource: type[Resource]
    query: Mapping[str, str] = field(default_factory=dict)
    """What else the rows are narrowed by."""
    required: bool = True

    def found(self, request: HttpRequest, asked: str) -> list[dict[str, Any]]:
        """The first rows that fit what was typed."""
        if not asked:
            return []
        query = {**self.query, "q": asked, "page_size": FOUND}
        rows: list[dict[str, Any]] = read(request, self.resource, query=query)["results"]
        return rows

    def shown(self, request: HttpRequest, sent: Mapping[str, str], errors: Mapping[str, list[str]]) -> dict[str, Any]:
        """What the template needs to ask it, with what was typed and chosen."""
        asked, picked = sent.get(f"{self.name}_q", "").strip()[:60], sent.get(self.name, "")
        return {
            "chooser": self,
            "asked": asked,
            "chosen": picked,
            "rows": self.found(request, asked) or self._kept(request, picked),
            "errors": errors.get(self.name, []),
        }

    def _kept(self, request: HttpRequest, picked: str) -> list[dict[str, Any]]:
        try:
            return [read(request, self.resource, "retrieve", pk=UUID(picked))]
        except ValueError:
            return []


class Choices(Administered):
    """The rows to choose from, while somebody types (for htmx)."""

    template = "web/administration/choices.html"
    choosers: ClassVar[tuple[Chooser, ...]]
    """The questions that are asked here, told apart by what was typed for them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """By name, code or user name."""
        chooser = next((each for each in self.choosers if f"{each.name}_q" in request.GET), self.choosers[0])
        asked = request.GET.get(f"{chooser.name}_q", "").strip()[:60]
        return self.show({"chooser": chooser, "asked": asked, "rows": chooser.found(request, asked)})


@dataclass(frozen=True)
class Question:
    """A form: its questions, and those whose answers are searched for."""

    schema: schemas.Schema
    choosers: tuple[Chooser, ...] = ()

    def answers(self, request: HttpRequest) -> dict[str, Any]:
        """What was sent. Empty answers are left out."""
        given = forms.answers(self.schema, request.POST)
        picked = {chooser.name: request.POST.get(chooser.name, "") for chooser in self.choosers}
        return given | {name: pk for name, pk in picked.items() if pk}

    def shown(self, request: HttpRequest, known: Mapping[str, Any], refused: Refused | None) -> dict[str, Any]:
        """What the template needs to ask it."""
        errors = refused.errors if refused else {}
        sent = request.POST or request.GET
        return {
            "fields": forms.fields(self.schema, known, refused),
            "choosers": [chooser.shown(request, sent.dict(), errors) for chooser in self.choosers],
            "refused": refused,
        }


Ask = Callable[[Page], Question]


def why() -> schemas.Schema:
    """A question for the reason that history keeps."""
    return schemas.text(_("Why"), 400, description=_("It becomes part of the history."))
