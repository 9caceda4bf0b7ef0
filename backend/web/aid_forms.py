"""What pages of aid ask: a form, handed to the API, or shown again with everything typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backend.api.persons import Persons
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, read
from backend.web.pages import Page


class AidForm(Page):
    """A page that asks something and hands it to the API."""

    template = "web/loans/form.html"
    intro: ClassVar[str | Promise] = ""

    def get(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """The form."""
        return self.form(self.known())

    def post(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Sent, or the form again with everything typed."""
        given = self.question().answers(request)
        try:
            return self.send(given, request.POST.get("key", ""))
        except Refused as refused:
            return self.form(given, refused)

    def form(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        """The questions, with what is known."""
        shown = self.question().shown(self.request, known, refused)
        told = {**shown, "key": uuid4(), "intro": self.intro, "back": self.back()}
        return self.show(told, status=refused.status if refused else 200)

    def known(self) -> Mapping[str, Any]:
        """What stands in the form beforehand."""
        return {}

    def question(self) -> Question:
        """What is asked."""
        raise NotImplementedError

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """The command, and where it leads. Raises Refused."""
        raise NotImplementedError

    def back(self) -> str:
        """The address of the page that it was reached from."""
        raise NotImplementedError

    @property
    def today(self) -> date:
        """The local day of the request."""
        return timezone.localdate(self.now)

    @property
    def family(self) -> str:
        """The family that the address names; empty: it is still to be chosen. Raises Http404."""
        asked = self.request.GET.get("family", "")
        try:
            return str(UUID(asked)) if asked else ""
        except ValueError as error:
            raise Http404 from error

    def members(self) -> Mapping[str, str]:
        """The people of that family: id → name."""
        found = read(self.request, Persons, query={"family": self.family, "status": "present", "page_size": 50})
        return {str(person["id"]): person["name"] for person in found["results"]}


def yuan(title: str, **more: Any) -> schemas.Schema:
    """A question for an amount of money, as a text with at most two places."""
    return {"type": "string", "title": title, "pattern": r"^\d{1,8}(\.\d{1,2})?$", "maxLength": 11, **more}


def over_budget() -> str:
    """What is said of the reason for spending more than was appropriated."""
    return _("Asked for when it goes over the year's budget. You answer for it by name; history keeps it.")
