"""Reminders: what the reader was told, by which channels they are told, and for the administrator what went out."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.helpers import Helpers
from backend.api.reminders import Channels, OwnReminders
from backend.api.reminders import Outbox as OutboxResource
from backend.reminders.models import Channel, Delivery, Reminder
from backend.web.account import wanted
from backend.web.administration.section import Administered
from backend.web.door import Refused, command, cursor_of, read
from backend.web.pages import Page

WORDS: Mapping[str, str | Promise] = {
    **{f"channel:{code}": label for code, label in Channel.choices},
    **{f"state:{code}": label for code, label in (*Reminder.State.choices, *Delivery.State.choices)},
    **{f"why:{code}": label for code, label in Reminder.Why.choices},
}
"""Codes in words: `channel:sms`, `state:failed`, `why:nobody`."""


def told(row: dict[str, object]) -> dict[str, object]:
    """A reminder with its states, reasons and channels in words."""
    ways = [
        {"channel": WORDS[f"channel:{way['channel']}"], "state": WORDS[f"state:{way['state']}"], "at": way["at"]}
        for way in row["deliveries"]  # type: ignore[attr-defined]
    ]
    return {
        **row,
        "ways": ways,
        "state_word": WORDS[f"state:{row['state']}"],
        "why_word": WORDS.get(f"why:{row['why']}", ""),
    }


class Reminders(Page):
    """What the reader was told, newest first, and by which channels they want to be told."""

    template = "web/reminders/page.html"
    title = gettext_lazy("Reminders")

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of them."""
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """A channel is chosen or given up."""
        given = request.POST
        wishes = {"channel": given.get("channel", ""), "wanted": given.get("wanted") == "true",
                  "address": given.get("address", "").strip()}  # fmt: skip
        try:
            command(request, Channels, "choose", body=wishes, method="PUT")
        except Refused as refused:
            return self._page(refused, typed=wishes)
        messages.success(request, _("Saved."))
        return redirect("web:reminders")

    def _page(self, refused: Refused | None = None, typed: Mapping[str, object] | None = None) -> HttpResponse:
        query = {"page_size": 50, "cursor": self.request.GET.get("cursor", "")}
        found = read(self.request, OwnReminders, query=query)
        channels = [
            row | {"name": WORDS[f"channel:{row['channel']}"], "typed": typed if _is(typed, row) else None}
            for row in read(self.request, Channels)
        ]
        shown = {"reminders": found["results"], "next": cursor_of(found["next"]), "channels": channels}
        return self.show({**shown, "refused": refused}, status=refused.status if refused else 200)


def _is(typed: Mapping[str, object] | None, row: Mapping[str, object]) -> bool:
    return typed is not None and typed["channel"] == row["channel"]


class ReadReminders(Page):
    """The reader has looked at one of them, or at all."""

    def post(self, request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
        """On to what it is about."""
        command(request, OwnReminders, "read", body={"ids": [str(pk)]} if pk else {})
        return redirect(wanted(request, "web:reminders"))


class Outbox(Administered):
    """What was sent, without what it is about."""

    needs = ("outbox.read",)
    tab = "web:outbox"
    template = "web/reminders/outbox.html"
    title = gettext_lazy("Outbox")

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page of it."""
        asked = {name: request.GET.get(name, "") for name in ("state", "cursor")}
        refused = None
        try:
            found = read(request, OutboxResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        shown = {"rows": [told(row) for row in found["results"]], "next": cursor_of(found["next"]), "asked": asked}
        return self.show({**shown, "refused": refused, "states": Reminder.State.choices})


class HelperMessages(Page):
    """A helper without an account wants text messages, or no more."""

    needs = ("helper.write",)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Back to the helper."""
        try:
            command(request, Helpers, "text_messages", pk=pk, body={"wanted": request.POST.get("wanted") == "true"})
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        return redirect("web:helper", pk)
