"""The leading group's registers: member units, papers by number with duties, leaders' communities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.group import GroupDocuments, GroupMembers, LeaderLinks
from backend.api.resource import Resource
from backend.api.units import Units
from backend.coordination.models import GroupDocument
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

MOST = 200


class Register(Page):
    """A register with a form below it for those who keep it."""

    resource: ClassVar[type[Resource]]
    writes: ClassVar[str]
    """The action of whoever keeps it."""
    address: ClassVar[str]
    query: ClassVar[Mapping[str, str]] = {}
    added: ClassVar[str | Promise] = gettext_lazy("Added.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The register."""
        return self._page({"from_date": timezone.localdate(self.now).isoformat()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """A new entry."""
        given = forms.answers(self.schema(), request.POST)
        held = next(iter(granting(self.user, self.writes)), None)
        body = {**given, "office": str(held.unit_id) if held else ""}
        try:
            command(request, self.resource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(given, refused)
        messages.success(request, str(self.added))
        return redirect(self.address)

    def schema(self) -> schemas.Schema:
        """What is asked for a new entry."""
        raise NotImplementedError

    def units(self) -> dict[str, str]:
        """Communities and departments to choose from."""
        found: dict[str, str] = {}
        for kind in ("department", "village", "partner"):
            rows = read(self.request, Units, query={"kind": kind, "page_size": MOST})["results"]
            found |= {str(row["id"]): row["name"] for row in rows}
        return found

    def _page(self, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        query = {"page_size": MOST, "cursor": self.request.GET.get("cursor", ""), **self.query}
        found = read(self.request, self.resource, query=query)
        told: dict[str, Any] = {"rows": found["results"], "next": cursor_of(found["next"]), "refused": refused}
        if granting(self.user, self.writes):
            told |= {"may_write": True, "key": uuid4(), "today": timezone.localdate(self.now).isoformat()}
            told["fields"] = forms.fields(self.schema(), known, refused)
        return self.show(told, status=refused.status if refused else 200)


class Members(Register):
    """Member units with correspondent and head."""

    needs = ("group_member.read",)
    template = "web/group/members.html"
    title = gettext_lazy("Member units")
    resource, writes, address = GroupMembers, "group_member.write", "web:group_members"
    query = {"ended": "false"}

    def schema(self) -> schemas.Schema:
        """A unit, from a day on."""
        return schemas.asked(
            ("unit", "from_date"), unit=schemas.chosen(_("Unit"), self.units()), from_date=schemas.day_of(_("From"))
        )


class Papers(Register):
    """Papers with document numbers."""

    needs = ("group_document.read",)
    template = "web/group/papers.html"
    title = gettext_lazy("Papers")
    resource, writes, address = GroupDocuments, "group_document.write", "web:group_documents"

    def schema(self) -> schemas.Schema:
        """A paper as it stands there."""
        return schemas.asked(
            ("kind", "number", "title", "issuer", "issued_on"),
            kind=schemas.chosen(_("Kind of paper"), dict(GroupDocument.Kind.choices)),
            number=schemas.text(_("Document number"), 60),
            title=schemas.text(_("Title"), 120),
            issuer=schemas.text(_("Issued by"), 80),
            issued_on=schemas.day_of(_("Issued on")),
            place=schemas.text(_("Where the paper is kept"), 120),
        )


class Paper(Page):
    """One paper, and what it asks of whom."""

    needs = ("group_document.read",)
    template = "web/group/paper.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """With its duties."""
        return self._page(pk, {})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """One more duty."""
        given = forms.answers(self._schema(), request.POST)
        try:
            command(request, GroupDocuments, "duties", pk=pk, body=given, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, given, refused)
        return redirect("web:group_document", pk=pk)

    def _page(self, pk: UUID, known: Mapping[str, Any], refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, GroupDocuments, "retrieve", pk=pk)
        told: dict[str, Any] = {"title": row["title"], "row": row, "refused": refused}
        if granting(self.user, "group_document.write"):
            told |= {"fields": forms.fields(self._schema(), known, refused), "key": uuid4()}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        members = read(self.request, GroupMembers, query={"ended": "false", "page_size": MOST})["results"]
        units = {str(each["unit"]["id"]): each["unit"]["name"] for each in members}
        return schemas.asked(
            ("unit", "text"),
            unit=schemas.chosen(_("Unit"), units),
            text=schemas.text(_("What it has to do"), 400),
            due_on=schemas.day_of(_("To be done by")),
        )


class Links(Register):
    """Leaders and their communities."""

    needs = ("leader_link.read",)
    template = "web/group/links.html"
    title = gettext_lazy("Leaders' communities")
    resource, writes, address = LeaderLinks, "leader_link.write", "web:leader_links"
    query = {"ended": "false"}

    def schema(self) -> schemas.Schema:
        """Who, which community, from when."""
        found = read(self.request, LeaderLinks, "leaders")
        leaders = {str(each["id"]): f"{each['name']} ({each['unit']})" for each in found}
        return schemas.asked(
            ("leader", "unit", "from_date"),
            leader=schemas.chosen(_("Leader"), leaders),
            unit=schemas.chosen(_("Unit"), self.units()),
            from_date=schemas.day_of(_("From")),
        )


class EndEntry(Page):
    """A membership or link ends."""

    needs = ("group_member.write", "leader_link.write")
    ENDED: Mapping[str, tuple[type[Resource], str]] = {
        "members": (GroupMembers, "web:group_members"),
        "links": (LeaderLinks, "web:leader_links"),
    }

    def post(self, request: HttpRequest, pk: UUID, what: str) -> HttpResponse:
        """From the day that was given on; back to the register."""
        resource, address = self.ENDED[what]
        try:
            command(request, resource, "end", pk=pk, body={"to_date": request.POST.get("to_date", "")})
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect(address)
