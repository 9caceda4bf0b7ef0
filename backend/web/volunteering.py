"""What the pages of volunteers, hours and certificates share: their tabs, and a form that is asked and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from backend.api.helpers import Helpers
from backend.org.access import granting
from backend.web.administration.section import Choices, Chooser, Question
from backend.web.door import Refused
from backend.web.pages import Page

VOLUNTEERS = ("volunteer.read",)
HOURS = ("hours.read", "own.hours.read")
CERTIFICATES = ("certificate.read", "own.certificate.read")
WHOSE = Chooser("helper", gettext_lazy("Volunteer"), "web:volunteer_choices", Helpers, {}, required=True)


@dataclass(frozen=True)
class Tab:
    """One page of the section."""

    label: str | Promise
    address: str
    actions: tuple[str, ...]


TABS = (
    Tab(gettext_lazy("Volunteers"), "web:volunteers", VOLUNTEERS),
    Tab(gettext_lazy("Hours of service"), "web:hours", HOURS),
    Tab(gettext_lazy("Certificates"), "web:certificates", CERTIFICATES),
    Tab(gettext_lazy("Bans"), "web:bans", VOLUNTEERS),
)


class VolunteeringPage(Page):
    """A page of the section, with its tabs."""

    tab: ClassVar[str]
    """The name of the address of the tab that it belongs to."""

    def show(
        self, context: dict[str, Any] | None = None, *, template: str | None = None, status: int = 200
    ) -> HttpResponse:
        """See Page.show; with the tabs."""
        tabs = [tab for tab in TABS if any(granting(self.user, action) for action in tab.actions)]
        return super().show({"tabs": tabs, "tab": self.tab, **(context or {})}, template=template, status=status)

    def may(self, *actions: str) -> bool:
        """Whether the reader holds one of them somewhere."""
        return any(granting(self.user, action) for action in actions)


class Asking(VolunteeringPage):
    """A page that asks something and hands it to the API."""

    template = "web/volunteering/form.html"
    intro: ClassVar[str | Promise] = ""

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """The form."""
        return self._form(self.known())

    def post(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Sent, or the form again with everything typed."""
        given = self.question().answers(request)
        try:
            return self.send(given, request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)

    def question(self) -> Question:
        """What is asked."""
        raise NotImplementedError

    def known(self) -> dict[str, Any]:
        """What is filled in beforehand."""
        return {}

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """The command, and where it leads. Raises Refused."""
        raise NotImplementedError

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {**self.question().shown(self.request, known, refused), "key": uuid4(), "intro": self.intro}
        return self.show(told, status=refused.status if refused else 200)


class VolunteerChoices(Choices):
    """Helpers to choose from."""

    needs = ("helper.read",)
    choosers = (WHOSE,)
