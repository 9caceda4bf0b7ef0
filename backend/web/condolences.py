"""Festival condolence: campaigns with their villages and goods, and a village's list, recorded at the door."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.condolences import Condolences as CondolencesResource
from backend.api.condolences import Gifts
from backend.api.families import Families
from backend.benefits.condolences import GROUPS
from backend.benefits.models import Condolence as Row
from backend.org import calendar, codes
from backend.org.access import granting
from backend.web import forms, schemas
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

AT_ONCE = 50
"""Families on one page of a village's list."""
ON_PAPER = "paper"
"""All that are left on the page got it, signed for on paper."""
TABS: tuple[tuple[str, str | Promise], ...] = (
    ("listed", gettext_lazy("To be brought")),
    ("undelivered", gettext_lazy("Not met")),
    ("delivered", gettext_lazy("Brought")),
    ("refused", gettext_lazy("Refused")),
    ("returned", gettext_lazy("Put back")),
    ("", gettext_lazy("All")),
    ("left_out", gettext_lazy("Left out")),
    ("pending", gettext_lazy("Changes")),
)
RESULTS = ("delivered", "undelivered", "refused")
NAMED_IN = {Row.State.LISTING, Row.State.LOCKED, Row.State.DELIVERING}
"""States in which it can be said who goes to a family."""
ON_A_SHEET = 200
FIELDS = ("received_by", "receipt", "proxy", "reason", "delivered_on")


class Condolences(Page):
    """The campaigns that the reader's place has part in, the latest festival first."""

    needs = ("condolence.read",)
    template = "web/condolences/list.html"
    title = gettext_lazy("Festival condolence")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The campaigns found."""
        asked = {"cursor": request.GET.get("cursor", "")}
        found = read(request, CondolencesResource, query={"page_size": AT_ONCE, **asked})
        may_begin = bool(granting(self.user, "condolence.write"))
        told = {"condolences": found["results"], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**told, "may_begin": may_begin})


class NewCondolence(Page):
    """Which festival, in which township; most begin by themselves."""

    needs = ("condolence.write",)
    template = "web/condolences/new.html"
    title = gettext_lazy("Begin a festival's condolence")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._form({})

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the new campaign, or the form again."""
        given = forms.answers(self._schema(), request.POST)
        festival, _dash, day = str(given.get("festival", "")).partition(" ")
        body = {"unit": given.get("unit", ""), "festival": festival, "festival_on": day}
        try:
            row = command(request, CondolencesResource, "create", body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(given, refused)
        messages.success(request, _("It has begun: the plan is in the inbox."))
        return redirect("web:condolence", pk=row["id"])

    def _form(self, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        fields = forms.fields(self._schema(), known, refused)
        told = {"fields": fields, "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    def _schema(self) -> schemas.Schema:
        today = timezone.localdate(self.now)
        ahead = sorted(
            (day, code)
            for code, entry in codes.choices(calendar.LIST, day=today).items()
            if entry.data.get("kind") in {"festival", "campaign"} and (day := calendar.next_after(code, today))
        )
        festivals = {f"{code} {day}": f"{codes.name(calendar.LIST, code)} {day}" for day, code in ahead}
        units = {str(grant.unit_id): grant.unit_name for grant in granting(self.user, "condolence.write")}
        return schemas.asked(
            ("unit", "festival"),
            unit=schemas.chosen(_("Unit"), units),
            festival=schemas.chosen(_("Festival"), festivals),
        )


class Condolence(Page):
    """One campaign: its days, villages and goods."""

    needs = ("condolence.read",)
    template = "web/condolences/condolence.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Plan the visits, receive goods, or bring them out of the store room."""
        key = request.POST.get("key", "")
        try:
            if request.POST.get("verb") == "visits":
                told = command(request, CondolencesResource, "visits", pk=pk, key=key)
                messages.success(request, _("%(planned)s families have a time now.") % told)
            elif request.POST.get("verb") == "bring":
                goods = {name: request.POST.get(name, "") for name in ("lot", "item", "quantity")}
                command(request, CondolencesResource, "bring", pk=pk, body=goods, key=key)
                messages.success(request, _("Received."))
            else:
                body = {name: request.POST.get(name, "") for name in ("item", "number", "quantity")}
                lot: dict[str, Any] = {**body, "expires_on": request.POST.get("expires_on") or None}
                command(request, CondolencesResource, "lots", pk=pk, body=lot, key=key)
                messages.success(request, _("Received."))
        except Refused as refused:
            return self._page(pk, refused)
        return redirect("web:condolence", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, CondolencesResource, "retrieve", pk=pk)
        names = ("families", "sum", "delivered", "refused", "undelivered", "returned", "planned", "paid")
        sums = {name: sum(each[name] for each in row["villages"]) for name in names}
        open_states = {Row.State.LISTING, Row.State.LOCKED}
        may_write, is_open = bool(granting(self.user, "condolence.write")), row["state"] in open_states
        told = {
            "title": f"{row['festival_name']} {row['festival_on']}",
            "condolence": row,
            "store": read(self.request, CondolencesResource, "store", pk=pk) if may_write and is_open else [],
            "sums": sums,
            "may_write": may_write,
            "is_open": is_open,
            "refused": refused,
            "typed": self.request.POST if refused else {},
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class CondolenceFamilies(Page):
    """A village's families of a campaign: who gets what, when and how; and what came of it."""

    needs = ("condolence.read",)
    template = "web/condolences/families.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The list, first those still to be brought."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What was recorded on the page, or a change of the list; then the page again."""
        verb, gift = request.POST.get("verb", ""), request.POST.get("gift", "")
        try:
            if verb in {"remove", "agree", "decline"}:
                body = {"reason": request.POST.get("reason", "")} if verb == "remove" else None
                command(request, Gifts, verb, pk=gift, body=body)
                messages.success(request, _("The list was changed."))
            elif verb == "visitor":
                self._name_visitor(request)
            elif rows := _rows(request.POST):
                told = command(request, Gifts, "record", body={"rows": rows})
                messages.success(request, _("Recorded for %(recorded)s families.") % told)
        except Refused as refused:
            return self._page(pk, refused)
        return redirect(f"{reverse('web:condolence_families', args=[pk])}?{request.GET.urlencode()}")

    def _name_visitor(self, request: HttpRequest) -> None:
        """Who goes to the families that were ticked."""
        body = {"gifts": request.POST.getlist("chosen"), "visitor": request.POST.get("visitor", "").strip()}
        told = command(request, Gifts, "visitor", body=body, key=request.POST.get("key", ""))
        said = _("%(visitor)s goes to %(recorded)s families.")
        messages.success(request, said % {"visitor": body["visitor"], **told})

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        asked = {name: self.request.GET.get(name, "").strip() for name in ("unit", "show", "cursor")}
        row = read(self.request, CondolencesResource, "retrieve", pk=pk)
        query: dict[str, Any] = {"condolence": str(pk), "page_size": AT_ONCE, "unit": asked["unit"]}
        query |= {"cursor": asked["cursor"]} | _narrowed(asked["show"])
        found = read(self.request, Gifts, query=query)
        told = {
            "title": f"{row['festival_name']} {row['festival_on']}",
            "condolence": row,
            "gifts": found["results"],
            "next": cursor_of(found["next"]),
            "asked": asked,
            "village": next((each["name"] for each in row["villages"] if str(each["unit"]) == asked["unit"]), ""),
            "may_deliver": row["state"] == Row.State.DELIVERING and bool(granting(self.user, "condolence.deliver")),
            "may_change": row["state"] in {Row.State.LISTING, Row.State.LOCKED}
            and bool(granting(self.user, "condolence.write")),
            "may_name": row["state"] in NAMED_IN and bool(granting(self.user, "condolence.write")),
            "typed": self.request.POST if refused else {},
            "chosen": self.request.POST.getlist("chosen") if refused else [],
            "key": uuid4(),
            "may_agree": bool(granting(self.user, "condolence.approve") or granting(self.user, "condolence.write")),
            "results": RESULTS,
            "tabs": TABS,
            "receivers": list(codes.entries("gift_receiver")),
            "receipts": list(codes.entries("gift_receipt")),
            "reasons": list(codes.choices("gift_undelivered", day=timezone.localdate(self.now))),
            "today": timezone.localdate(self.now),
            "refused": refused,
        }
        return self.show(told, status=refused.status if refused else 200)


class CondolenceSheet(Page):
    """A village's sign sheet for the way: on paper, where there is no network (E12)."""

    needs = ("condolence.read",)
    template = "web/condolences/sheet.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Who is still to be met, in the order of the visits."""
        row = read(request, CondolencesResource, "retrieve", pk=pk)
        asked = {name: request.GET.get(name, "").strip() for name in ("unit", "cursor")}
        query = {"condolence": str(pk), "page_size": ON_A_SHEET, "listed": "true", **asked}
        found = read(request, Gifts, query=query)
        left = [gift for gift in found["results"] if gift["state"] in {"listed", "undelivered"}]
        told = {
            "title": f"{row['festival_name']} {row['festival_on']}",
            "condolence": row,
            "gifts": sorted(left, key=lambda gift: (gift["planned_at"] or "", gift["number"])),
            "next": cursor_of(found["next"]),
            "asked": asked,
            "village": next((each["name"] for each in row["villages"] if str(each["unit"]) == asked["unit"]), ""),
        }
        return self.show(told)


class AddCondolenceFamily(Page):
    """Put a family on the list: which family, which group, why."""

    needs = ("condolence.write",)
    template = "web/condolences/add.html"
    title = gettext_lazy("Put a family on the list")

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Search for the family, then the form."""
        if "family" in request.GET:
            return self._form(pk, {})
        text = request.GET.get("q", "").strip()
        found = read(request, Families, query={"q": text, "page_size": 20})["results"] if text else []
        return self.show({"condolence_id": pk, "q": text, "families": found})

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """To the list, or the form again."""
        given = forms.answers(self._schema, request.POST)
        body = {**given, "family": request.GET.get("family", "")}
        try:
            gift = command(request, CondolencesResource, "families", pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._form(pk, given, refused)
        waits = gift["pending"] == "add"
        messages.success(request, _("Somebody else has to agree now.") if waits else _("The family is on the list."))
        return redirect(f"{reverse('web:condolence_families', args=[pk])}?unit={gift['unit']['id']}")

    def _form(self, pk: UUID, known: dict[str, Any], refused: Refused | None = None) -> HttpResponse:
        family = read(self.request, Families, "retrieve", pk=self.request.GET.get("family", ""))
        fields = forms.fields(self._schema, known, refused)
        told = {"condolence_id": pk, "family": family, "fields": fields, "key": uuid4(), "refused": refused}
        return self.show(told, status=refused.status if refused else 200)

    @cached_property
    def _schema(self) -> schemas.Schema:
        groups = {group: codes.name("gift_group", group) for group in GROUPS}
        return schemas.asked(
            ("group", "reason"), group=schemas.chosen(_("Group"), groups), reason=schemas.text(_("Why"), 400)
        )


def _narrowed(show: str) -> dict[str, str]:
    """What a tab of the list shows."""
    if show == "left_out":
        return {"listed": "false"}
    if show == "pending":
        return {"pending": "true"}
    return {"listed": "true", **({"state": show} if show else {})}


def _rows(typed: QueryDict) -> list[dict[str, Any]]:
    """What was chosen on the page; families for whom nothing was chosen are left as they are."""
    rows = []
    for gift in typed.getlist("gift"):
        result = typed.get(f"result-{gift}", "")
        told: dict[str, Any] = {name: typed.get(f"{name}-{gift}", "") for name in FIELDS}
        if not result and typed.get("rest") == ON_PAPER:
            result, told["received_by"], told["receipt"] = "delivered", "self", "paper"
        if not result:
            continue
        told |= {"gift": gift, "result": result, "photo_agreed": f"photo-{gift}" in typed}
        told["delivered_on"] = (told["delivered_on"] or typed.get("day") or None) if result == "delivered" else None
        rows.append(told)
    return rows
