"""Bans from volunteering: proposed by one, confirmed by another, appealed against before a third."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.activities.models import Ban as Row
from backend.api.volunteers import Bans as BansResource
from backend.web import schemas
from backend.web.administration.section import Question
from backend.web.door import Refused, command, cursor_of, read
from backend.web.volunteering import VOLUNTEERS, Asking, VolunteeringPage

DONE: Mapping[str, str | Promise] = {
    "confirm": gettext_lazy("Confirmed. Each of the families hears it in person."),
    "decline": gettext_lazy("Not confirmed: nothing changes."),
    "appeal": gettext_lazy("Taken in. Somebody who had no part in it answers."),
    "settle": gettext_lazy("Answered."),
}
"""What can be done with a ban, and what is said then."""


class Bans(VolunteeringPage):
    """All bans, with those that wait for somebody."""

    needs = VOLUNTEERS
    template = "web/volunteering/bans.html"
    tab = "web:bans"
    title = gettext_lazy("Bans")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Those found, the newest first; for htmx only the rows."""
        asked = {name: request.GET.get(name, "").strip() for name in ("state", "cursor")}
        refused = None
        try:
            found = read(request, BansResource, query={"page_size": 50, **asked})
        except Refused as error:
            found, refused = {"results": [], "next": None}, error
        told = {"rows": found["results"], "next": cursor_of(found["next"]), "asked": asked, "refused": refused}
        if self.htmx:
            return self.show(told, template="web/volunteering/bans_found.html")
        return self.show(told | {"states": Row.State.values})


class Ban(VolunteeringPage):
    """One ban: why, until when, whose signatures; what the person says against it."""

    needs = ("volunteer.read", "own.volunteer.read")
    template = "web/volunteering/ban.html"
    tab = "web:bans"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The whole of it."""
        return self._page(pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The second signature, an appeal or its answer; a refusal shows the page with what was typed."""
        verb = request.POST.get("verb", "")
        if verb not in DONE:
            raise Http404
        names = {"decline": ("reason",), "appeal": ("text",), "settle": ("lifted", "answer")}.get(verb, ())
        body = {name: request.POST.get(name, "") for name in names}
        try:
            command(request, BansResource, verb, pk=pk, body=body, key=request.POST.get("key", ""))
        except Refused as refused:
            return self._page(pk, refused)
        messages.success(request, str(DONE[verb]))
        return redirect("web:ban", pk=pk)

    def _page(self, pk: UUID, refused: Refused | None = None) -> HttpResponse:
        row = read(self.request, BansResource, "retrieve", pk=pk)
        is_own, may_sign = "helper" not in row, self.may("volunteer.ban") and row.get("may_decide", False)
        appealed = row["appealed_at"] is not None
        told: dict[str, Any] = {
            "title": _("Ban from volunteering"),
            "row": row,
            "is_own": is_own,
            "may_confirm": may_sign and row["state"] == Row.State.PROPOSED,
            "may_appeal": row["state"] == Row.State.IN_FORCE
            and not appealed
            and (is_own or self.may("volunteer.write")),
            "may_settle": may_sign and row["state"] == Row.State.IN_FORCE and appealed and not row["answer"],
            "typed": self.request.POST if refused else {},
            "refused": refused,
            "key": uuid4(),
        }
        return self.show(told, status=refused.status if refused else 200)


class BanVolunteer(Asking):
    """Propose to ban somebody from volunteering."""

    needs = ("volunteer.write", "volunteer.ban")
    tab = "web:bans"
    title = gettext_lazy("Propose a ban")
    intro = gettext_lazy(
        "Somebody else has to confirm it; then the service and all pairings end at once, stars are withdrawn, verified "
        "hours stay on record. Until then nothing happens: whoever is a danger is suspended at the pairing."
    )

    def question(self) -> Question:
        """Why, and until when."""
        day = timezone.localdate(self.now)
        schema = schemas.asked(
            ("reason", "note"),
            reason=schemas.coded(_("Why"), "ban_reason", day),
            to_date=schemas.day_of(_("May serve again from (empty: for good)")),
            note=schemas.text(_("What was found out"), 1000) | {"x-sensitive": True},
        )
        return Question(schema)

    def send(self, given: dict[str, Any], key: str) -> HttpResponse:
        """To the proposal."""
        helper: UUID = self.kwargs["pk"]
        row = command(self.request, BansResource, "create", body={"helper": str(helper), **given}, key=key)
        messages.success(self.request, _("Proposed. It waits for the second signature."))
        return redirect("web:ban", pk=row["id"])
