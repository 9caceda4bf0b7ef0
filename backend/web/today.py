"""Today: what is late, what is due, what waits for others, and what changed since one last looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from backend.api.attention import Attention
from backend.api.events import Events
from backend.api.me import Me
from backend.api.rounds import Rounds
from backend.api.work_items import WorkItems
from backend.org.access import granting
from backend.org.roles import ROLE_NAMES
from backend.web.absences import untold
from backend.web.door import command, read
from backend.web.leavings import handed_to
from backend.web.pages import Page

SHOWN = 10
"""Items of each list; the inbox has the rest."""
CHANGES = 12
GROUPS = 8
NEW_VISIT = timedelta(minutes=30)
"""Whoever looks again within this time is still on the same visit: nothing is taken off the list of changes."""
FIRST_VISIT = timedelta(days=1)
"""How far back the list reaches for somebody who was never here."""


class Today(Page):
    """The first page of the day."""

    template = "web/today/page.html"
    title = _("Today")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Numbers that lead to the inbox, the most pressing rows, others' work, and news."""
        if not any(granting(self.user, action) for action in ("work_item.read", "own.work_item.read")):
            return self.show({"has_inbox": False})
        scope = {"doable": "true"} if granting(self.user, "work_item.claim") else {}
        return self.show(
            {
                "has_inbox": True,
                "counts": self._counts(scope),
                "overdue": self._rows({**scope, "overdue": "true"}),
                "due": self._rows({**scope, "due": "week"}),
                "waiting": self._waiting() if scope else [],
                "reconciliations": self._reconciliations(),
                "untold": untold(self.request) if granting(self.user, "absence.tell") else [],
                "handed": handed_to(self),
                "attention": read(self.request, Attention) if granting(self.user, "pairing.write") else None,
                **self._changes(),
            }
        )

    def _reconciliations(self) -> list[dict[str, Any]]:
        """The yearly comparison of the helpers, when it is time and something is missing."""
        if not granting(self.user, "round.write"):
            return []
        coming = read(self.request, Rounds, "coming")
        return [each for each in coming if each["is_near"] and (each["behind"] or not each["round"])]

    def _counts(self, scope: dict[str, str]) -> list[dict[str, Any]]:
        counts = read(self.request, WorkItems, "counts", query=scope)
        shown = (
            ("overdue", _("Overdue"), {**scope, "overdue": "true"}),
            ("due_today", _("Due today"), {**scope, "due": "today"}),
            ("due_this_week", _("Due in seven days"), {**scope, "due": "week"}),
            ("mine", _("I have taken"), {**scope, "assignee": "me"}),
            ("unassigned", _("Nobody has taken"), {**scope, "assignee": "none"}),
            ("postponed", _("Put off"), {**scope, "postponed": "true"}),
        )
        return [
            {"name": name, "label": label, "count": counts[name], "address": urlencode(query or {"doable": ""})}
            for name, label, query in shown
        ]

    def _rows(self, query: dict[str, str]) -> dict[str, Any]:
        found = read(self.request, WorkItems, query={**query, "page_size": SHOWN})
        return {"found": found["results"], "more": bool(found["next"]), "address": urlencode(query)}

    def _waiting(self) -> list[dict[str, Any]]:
        """What others have to do here, by role, place and step; the overdue first."""
        queues = read(self.request, WorkItems, "counts", query={"doable": "false"})["queues"]
        queues += self._with_colleagues()
        queues.sort(key=lambda queue: (-queue["overdue"], -queue["open"]))
        for queue in queues[:GROUPS]:
            queue["role_name"] = ROLE_NAMES[queue["role"]]
            where = {"role": queue["role"], "unit": queue["unit"]["id"], "step": queue["step"]}
            queue["address"] = urlencode({**queue.get("scope", {"doable": "false"}), **where})
        return list(queues[:GROUPS])

    def _with_colleagues(self) -> list[dict[str, Any]]:
        """What the reader could do as well, but a colleague has taken or was handed."""
        scope = {"doable": "true", "assignee": "others"}
        queues = read(self.request, WorkItems, "counts", query=scope)["queues"]
        return [{**queue, "scope": scope} for queue in queues]

    def _changes(self) -> dict[str, Any]:
        """What others did in the reader's cases since the last visit; nothing for who reads no history."""
        if not granting(self.user, "event.read"):
            return {"changes": None}
        since = self._since()
        query = {"others": "true", "technical": "false", "about_case": "true", "at_from": since.isoformat()}
        found = read(self.request, Events, query={**query, "page_size": CHANGES})
        return {"changes": found["results"], "more_changes": bool(found["next"]), "since": since}

    def _since(self) -> datetime:
        """When the last visit ended; the visit that begins now is remembered."""
        kept = read(self.request, Me, "preferences")
        seen, since = _moment(kept.get("today_seen_at")), _moment(kept.get("today_since"))
        if seen is None or self.now - seen > NEW_VISIT:
            since = seen
        since = since or self.now - FIRST_VISIT
        if seen is None or self.now - seen > timedelta(minutes=1):
            body = {"today_seen_at": self.now, "today_since": since}
            command(self.request, Me, "set_preferences", body=body, method="PUT")
        return since


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
