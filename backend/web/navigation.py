"""The pages that the head of every page leads to, and who is led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.org.access import granting

if TYPE_CHECKING:
    from backend.org.access import Viewer


@dataclass(frozen=True)
class Entry:
    """One entry: its text, the name of its address, an icon of Bootstrap Icons, and the actions of which one leads
    there (none: everybody)."""

    label: str | Promise
    address: str
    icon: str
    actions: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    """Whoever holds one of these gets there by the tabs of another entry."""


ADMINISTRATION: tuple[str, ...] = ("unit.write", "user.write", "event.system")
"""What the system, the security and the audit administrator do, one each."""

ENTRIES = (
    Entry(_("Today"), "web:today", "sun", ("work_item.read", "own.work_item.read")),
    Entry(_("Inbox"), "web:inbox", "inbox", ("work_item.read", "own.work_item.read")),
    Entry(_("Families"), "web:families", "house-heart", ("family.read",)),
    Entry(_("Cases"), "web:cases", "folder2-open", ("case.read",)),
    Entry(_("Helpers"), "web:helpers", "person-hearts", ("helper.read", "own.helper.read")),
    Entry(_("Reconciliation"), "web:rounds", "clipboard2-check", ("round.read",), unless=("proposal.read",)),
    Entry(_("Pairing"), "web:waiting_list", "shuffle", ("proposal.read",)),
    Entry(_("My visits"), "web:phone", "phone", ("own.visit.write", "visit.write")),
    Entry(
        _("Absences"),
        "web:absences",
        "calendar-x",
        ("absence.read", "own.absence.read"),
        unless=("proposal.read",),
    ),
    Entry(_("Requests and complaints"), "web:grievances", "chat-left-text", ("grievance.read", "own.grievance.read")),
    Entry(_("Rosters"), "web:rosters", "table", ("roster.read",)),
    Entry(_("To sign"), "web:approvals", "pen", ("work_item.assign",)),
    Entry(_("Overview"), "web:overview", "bar-chart", ("work_item.assign", "event.read")),
    Entry(_("Month"), "web:month", "calendar3", ("event.read",)),
    Entry(_("Workload"), "web:workload", "people", ("work_item.assign",)),
    Entry(_("Deputies"), "web:deputies", "person-badge", ("deputy.write",)),
    Entry(_("Audits"), "web:samples", "clipboard-check", ("sample.read",)),
    Entry(_("History"), "web:events", "clock-history", ("event.read", "event.system")),
    Entry(_("Office rules"), "web:parameters", "sliders", ("office.write",)),
    Entry(_("Administration"), "web:units", "gear", ADMINISTRATION),
)


def entries(user: Viewer) -> list[Entry]:
    """The entries for this person, in order."""

    def may(actions: tuple[str, ...]) -> bool:
        return any(granting(user, action) for action in actions)

    return [entry for entry in ENTRIES if (not entry.actions or may(entry.actions)) and not may(entry.unless)]
