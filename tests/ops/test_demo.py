"""`load_demo`: the invented township as whoever logs in finds it."""

from datetime import UTC, datetime
from io import StringIO
from typing import ClassVar

from django.core.management import call_command
from django.test import TestCase, override_settings

from backend.audit.models import Event
from backend.cases.models import Family, Roster
from backend.helpers.models import Helper
from backend.ops.demo import HELPERS, load_demo
from backend.org.models import User
from workflows import integrity
from workflows.models import WorkItem

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
INBOXES = {
    "caseworker": {
        "check_file",
        "pick_helper",
        "sign_agreement",
        "follow_up",
        "assess_needs",
        "inspect_site",
        "check_materials",
        "ask_payee",
        "check_offer",
        "settle_delivery",
    },
    "supervisor": {
        "confirm_file",
        "confirm_pairing",
        "decide_review",
        "acknowledge",
        "approve_at_township",
        "township_review",
        "confirm_allocation",
    },
    "deputy": {"confirm_file", "approve_at_township", "decide_access", "write_report"},
    "village": {
        "survey_family",
        "record_consent",
        "ask_family",
        "visit_instead",
        "deliver_item",
        "check_equipment",
        "survey_families",
        "recommend_loan",
        "check_alive",
    },
    "committee": {"guarantee_loan", "village_review"},
    "county": {"decide_loan"},
    "volunteer": {"answer_offer", "record_visit"},
    "soldier": {"record_visit"},
    "liaison": {"answer_for_unit", "answer_referral", "write_report"},
    "hospital": {"report_attendance"},
    "finance": {"read_answer", "release_batch"},
    "cashier": {"read_answer", "release_batch"},
    "leading": {"draft_bulletin"},
    "head": {"confirm_minutes"},
    "dpo": {"handle_as_dpo"},
    "inspector": {"investigate_independently"},
    "auditor": {"check_answer"},
    "sysadmin": set(),
    "secadmin": set(),
    "auditadmin": set(),
    "stranger": set(),
}
"""User name → the steps that wait for the account."""


class Demo(TestCase):
    """Loaded once for all of these."""

    parts: ClassVar[list[str]] = []
    """What the loading told of its progress."""

    @classmethod
    def setUpTestData(cls) -> None:
        assert load_demo(password="lantern-harbour-58", now=NOW, progress=lambda part, done, of: cls.parts.append(part))

    def test_families_and_helpers_come_by_the_roster_import(self) -> None:
        counts = {roster.kind: roster.counts["applied"] for roster in Roster.objects.filter(state="applied")}
        assert counts["families"]["families_new"] == Family.objects.count() > 50
        assert counts["helpers"]["helpers_new"] == Helper.objects.count() == HELPERS
        assert Roster.objects.get(kind="families").uploaded_by == User.objects.get(username="caseworker")
        assert Event.objects.filter(action="family.entered").count() == 0
        assert list(dict.fromkeys(self.parts)) == ["families", "helpers", "cases"]

    def test_every_account_finds_its_work(self) -> None:
        found = {
            user.username: set(
                WorkItem.objects.visible_to(user).doable_by(user).ready(NOW).values_list("step", flat=True)
            )
            for user in User.objects.filter(is_demo=True)
        }
        assert found.keys() == INBOXES.keys()
        assert {name: steps - found[name] for name, steps in INBOXES.items() if steps - found[name]} == {}
        assert {name for name, steps in found.items() if not steps} == {n for n, steps in INBOXES.items() if not steps}

    def test_nothing_waits_for_nobody(self) -> None:
        found = {code: list(rows) for code, rows in integrity.found(NOW).items() if rows}
        found.pop("timers_overdue", None)  # no worker runs here
        assert found == {}

    def test_some_of_it_is_overdue_and_some_is_not(self) -> None:
        for name in ("caseworker", "supervisor", "village"):
            mine = WorkItem.objects.doable_by(User.objects.get(username=name))
            assert mine.overdue(NOW).exists() or name == "supervisor", name
            assert mine.exclude(pk__in=mine.overdue(NOW)).exists(), name

    @override_settings(DEMO=True)
    def test_again_it_changes_nothing(self) -> None:
        before = (Event.objects.count(), User.objects.count(), WorkItem.objects.count())
        out = StringIO()
        call_command("load_demo", "--password", "anders-2026-x", stdout=out)
        assert (Event.objects.count(), User.objects.count(), WorkItem.objects.count()) == before
        assert out.getvalue() == ""
        assert User.objects.get(username="caseworker").check_password("lantern-harbour-58")
