"""The pages that the head of every page leads to, and who is led there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Itself, as a menu has its entries."""
        return (self,)


@dataclass(frozen=True)
class Menu:
    """Entries of one kind, behind one word."""

    label: str | Promise
    icon: str
    entries: tuple[Entry, ...]
    is_menu = True

    def only(self, entries: tuple[Entry, ...]) -> Menu:
        """The menu with some of its entries."""
        return replace(self, entries=entries)


ADMINISTRATION: tuple[str, ...] = ("unit.write", "user.write", "event.system")
"""What the system, the security and the audit administrator do, one each."""

MENUS: tuple[Entry | Menu, ...] = (
    Entry(_("Today"), "web:today", "sun", ("work_item.read", "own.work_item.read")),
    Entry(_("Inbox"), "web:inbox", "inbox", ("work_item.read", "own.work_item.read")),
    Entry(_("My visits"), "web:phone", "phone", ("own.visit.write", "visit.write")),
    Entry(_("To sign"), "web:approvals", "pen", ("work_item.assign",)),
    Menu(
        _("Families"),
        "house-heart",
        (
            Entry(_("Families"), "web:families", "house-heart", ("family.read",)),
            Entry(_("Cases"), "web:cases", "folder2-open", ("case.read",)),
            Entry(_("Exports"), "web:exports", "download", ("export.write",)),
            Entry(_("Rosters"), "web:rosters", "table", ("roster.read",)),
            Entry(_("Yearly survey"), "web:survey_rounds", "clipboard2-check", ("survey_round.read",)),
        ),
    ),
    Menu(
        _("Helpers"),
        "person-hearts",
        (
            Entry(_("Helpers"), "web:helpers", "person-hearts", ("helper.read", "own.helper.read")),
            Entry(_("Pairing"), "web:waiting_list", "shuffle", ("proposal.read",)),
            Entry(_("Reconciliation"), "web:rounds", "clipboard2-check", ("round.read",), unless=("proposal.read",)),
            Entry(
                _("Absences"),
                "web:absences",
                "calendar-x",
                ("absence.read", "own.absence.read"),
                unless=("proposal.read",),
            ),
        ),
    ),
    Menu(
        _("Services"),
        "life-preserver",
        (
            Entry(_("Service plans"), "web:service_plans", "clipboard2-check", ("plan.read",)),
            Entry(_("Cards"), "web:cards", "key", ("card.read",)),
            Entry(_("Referrals"), "web:referrals", "arrow-left-right", ("referral.read", "own.referral.read")),
            Entry(_("Yearly review of subsidies"), "web:annual_reviews", "person-check", ("annual_review.read",)),
            Entry(_("Exits from subsidies"), "web:subsidy_exits", "door-open", ("subsidy_exit.read",)),
            Entry(_("Recoveries"), "web:recoveries", "arrow-counterclockwise", ("recovery.read",)),
            Entry(_("Festival condolence"), "web:condolences", "gift", ("condolence.read",)),
            Entry(
                _("Requests and complaints"),
                "web:grievances",
                "chat-left-text",
                ("grievance.read", "own.grievance.read"),
            ),
            Entry(_("Emergencies"), "web:incidents", "megaphone", ("emergency.read",)),
            Entry(_("Refusals in doubt"), "web:safety_watches", "shield-exclamation", ("safety_watch.read",)),
            Entry(_("Disasters"), "web:disasters", "exclamation-triangle", ("disaster.read",)),
            Entry(_("Activities"), "web:activities", "calendar-event", ("activity.read",)),
            Entry(_("Volunteers"), "web:volunteers", "award", ("volunteer.read",)),
            Entry(_("Our volunteers"), "web:own_people", "person-badge", ("own.helper.read",)),
            Entry(_("Public notices"), "web:notices", "megaphone", ("notice.read",)),
            Entry(_("Honours"), "web:honours", "trophy", ("honour.read",)),
            Entry(_("Payment desk"), "web:payments", "credit-card", ("batch.read",)),
            Entry(_("Who is paid"), "web:payables", "credit-card", ("payable.read",), unless=("batch.read",)),
            Entry(_("Ledger"), "web:ledger", "journal-text", ("ledger.read",)),
            Entry(_("Budget"), "web:budget", "clipboard-data", ("budget.read",)),
            Entry(_("Donations"), "web:donations", "gift", ("donation.read",)),
            Entry(_("Stores and charity shop"), "web:stores", "people", ("stock.read",)),
            Entry(_("Study aid"), "web:study_aid", "mortarboard", ("study_aid.read",)),
            Entry(_("Subsidies"), "web:subsidies", "cash-coin", ("subsidy.read",)),
            Entry(_("Small loans"), "web:loans", "coin", ("loan.read",)),
            Entry(_("Hours of service"), "web:hours", "clock", ("own.hours.read",)),
            Entry(_("Health services"), "web:health", "clipboard2-pulse", ("health.read", "health.write")),
            Entry(
                _("Anonymous counters"),
                "web:health_counts",
                "123",
                ("health_count.read",),
                unless=("health.read", "health.write"),
            ),
        ),
    ),
    Menu(
        _("Oversight"),
        "bar-chart",
        (
            Entry(_("Overview"), "web:overview", "bar-chart", ("work_item.assign", "event.read")),
            Entry(pgettext_lazy("page", "Month"), "web:month", "calendar3", ("event.read",)),
            Entry(_("Workload"), "web:workload", "people", ("work_item.assign",)),
            Entry(_("Indicators"), "web:indicators", "graph-up", ("indicator.read",)),
            Entry(_("Assessments"), "web:assessments", "clipboard-data", ("assessment.read",)),
            Entry(_("Deputies"), "web:deputies", "person-badge", ("deputy.write",)),
            Entry(_("Leading group"), "web:monthly_reports", "diagram-3", ("monthly_report.read",)),
            Entry(_("Audits"), "web:samples", "clipboard-check", ("sample.read",)),
            Entry(
                _("Access tickets"),
                "web:access_tickets",
                "key",
                ("access_ticket.read", "own.access_ticket.read"),
            ),
            Entry(_("History"), "web:events", "clock-history", ("event.read", "event.system")),
            Entry(_("Office rules"), "web:parameters", "sliders", ("office.write",)),
        ),
    ),
    Entry(_("Administration"), "web:units", "gear", ADMINISTRATION),
)
FEW = 8
"""So many entries fit into one row; whoever has no more of them needs no menus."""


def menus(user: Viewer) -> list[Entry | Menu]:
    """What this person's pages lead to, in order. A menu of one entry is that entry."""
    granted: dict[str, bool] = {}

    def may(actions: tuple[str, ...]) -> bool:
        for action in actions:
            if action not in granted:
                granted[action] = bool(granting(user, action))
        return any(granted[action] for action in actions)

    def open_to_them(entry: Entry) -> bool:
        return (not entry.actions or may(entry.actions)) and not may(entry.unless)

    found: list[Entry | Menu] = []
    for each in MENUS:
        shown = tuple(entry for entry in each.entries if open_to_them(entry))
        found += [each.only(shown)] if isinstance(each, Menu) and len(shown) > 1 else shown
    flat = [entry for each in found for entry in each.entries]
    return list(flat) if len(flat) <= FEW else found
