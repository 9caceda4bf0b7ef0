"""Access tickets: asked for from a family's page, listed by what is to be decided, shown with every look by them."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.access_tickets import AccessTickets as AccessTicketsResource
from backend.api.families import Families
from backend.api.persons import Persons
from backend.org import codes
from backend.org.access import granting
from backend.rights.models import AccessTicket as Row
from backend.rights.tickets import longest
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

READERS = ("access_ticket.read", "own.access_ticket.read")
LONGEST = 400
OPENING = (Row.Subject.NORMAL.value, Row.Subject.HEALTH.value, Row.Subject.MINOR.value)
"""What a ticket opens today: no file holds a bank account yet."""
SHOWN = {"to_decide": {"to_decide": "true"}, "open": {"open": "true"}, "": {}}
"""What the list is narrowed to → the API's parameters."""


class AccessTickets(Page):
    """One's own, and those that are decided in one's place."""

    needs = READERS
    template = "web/access_tickets/list.html"
    title = gettext_lazy("Access tickets")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The newest first."""
        shown = request.GET.get("show", "")
        narrowed = SHOWN.get(shown, {})
        query = {"page_size": 50, "cursor": request.GET.get("cursor", ""), **narrowed}
        found = read(request, AccessTicketsResource, query=query)
        told = {"tickets": found["results"], "next": cursor_of(found["next"]), "asked": {"show": shown}}
        return self.show(told | {"may_ask": bool(granting(self.user, "access_ticket.write"))})


class AccessTicket(Page):
    """Who asked for what, who said yes, how long it opens, what was looked at."""

    needs = READERS
    template = "web/access_tickets/ticket.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        row = read(request, AccessTicketsResource, "retrieve", pk=pk)
        may_close = row["state"] in {"granted", "open"} and (
            row["own"] or bool(granting(self.user, "access_ticket.close"))
        )
        told = {"title": row["number"], "ticket": row, "may_close": may_close, "key": uuid4()}
        return self.show(told | {"may_read_family": bool(granting(self.user, "family.read"))})


class CloseAccessTicket(Page):
    """Given back, or taken back, before its time is over."""

    needs = ("access_ticket.close", "own.access_ticket.close")

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To the ticket; a refusal is told there."""
        try:
            command(request, AccessTicketsResource, "close", pk=pk, body={}, key=request.POST.get("key", ""))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        else:
            messages.success(request, _("The ticket opens nothing any more."))
        return redirect("web:access_ticket", pk=pk)


class NewAccessTicket(Page):
    """What somebody wants to look at: reached from the family, or from one of its people."""

    needs = ("access_ticket.write",)
    template = "web/access_tickets/new.html"
    title = gettext_lazy("Ask for access")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        is_child = self._person is not None and "name" in self._person["closed"]
        return self._form({"hours": min(4, self._longest), "subject": Row.Subject.MINOR.value if is_child else ""})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the ticket, or the form again with everything typed."""
        given = forms.answers(self._schema(), request.POST)
        body = {**given, "family": self._family["id"], "person": self._person["id"] if self._person else None}
        try:
            row = command(request, AccessTicketsResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        if row["state"] == Row.State.REFUSED:
            messages.warning(request, _("There is nothing to decide about this."))
        else:
            messages.success(request, _("Asked for under %(number)s.") % {"number": row["number"]})
        return redirect("web:access_ticket", pk=row["id"])

    @cached_property
    def _person(self) -> dict[str, Any] | None:
        """The one of the family whom the address names; none: the family."""
        asked = self.request.GET.get("person", "")
        found: dict[str, Any] | None = read(self.request, Persons, "retrieve", pk=_id(asked)) if asked else None
        return found

    @cached_property
    def _family(self) -> dict[str, Any]:
        """The family of the address, or of its person."""
        asked = self._person["family"]["id"] if self._person else self.request.GET.get("family", "")
        found: dict[str, Any] = read(self.request, Families, "retrieve", pk=_id(asked))
        return found

    @cached_property
    def _longest(self) -> int:
        """Hours that can be asked for here."""
        path = min((grant.path for grant in granting(self.user, "access_ticket.write")), key=len)
        return longest(path, timezone.localdate(self.now))

    def _schema(self) -> schemas.Schema:
        day = timezone.localdate(self.now)
        hint = _("At most %(hours)s; it ends by itself.") % {"hours": self._longest}
        hours = {"type": "integer", "title": _("For how many hours"), "minimum": 1, "maximum": self._longest}
        return schemas.asked(
            ("subject", "purpose", "reason", "hours"),
            subject=schemas.chosen(
                _("What you want to see"), {code: codes.name("access_subject", code) for code in OPENING}
            ),
            purpose=schemas.coded(_("What for"), "access_purpose", day),
            reason=schemas.text(_("Why you need it"), LONGEST, description=_("Whoever decides reads this.")),
            hours=hours | {"description": hint},
        )

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        told = {
            "family": self._family,
            "person": self._person,
            "fields": forms.fields(self._schema(), known, refused),
            "key": uuid4(),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


def _id(text: str) -> UUID:
    """Raises Http404 for what is no id."""
    try:
        return UUID(str(text))
    except ValueError:
        raise Http404 from None
