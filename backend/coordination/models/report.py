"""A member unit's month (F19): what it handed in each time, signed, accepted; afterwards only supplements.

What was handed in is never changed: a trigger holds it (migration 0002), whoever writes the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from datetime import datetime

    from backend.org.access import Viewer


class MonthlyReportQuerySet(models.QuerySet["MonthlyReport"]):
    """Reports by who may see them."""

    def visible_to(self, user: Viewer) -> MonthlyReportQuerySet:
        """Those of units at and below the user's own: a department its own, the office all."""
        return self.filter(in_subtree(user, "monthly_report.read", "unit__path"))


class MonthlyReport(Record):
    """One member unit's report of one month, and how far it is."""

    class State(models.TextChoices):
        WRITING = "writing", pgettext_lazy("monthly report", "being written")
        SIGNING = "signing", _("to be signed")
        CHECKING = "checking", _("with the office")
        ACCEPTED = "accepted", pgettext_lazy("monthly report", "accepted")
        MISSING = "missing", _("never handed in")

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    """Its first day."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.WRITING)
    due_at = models.DateTimeField()
    """The last moment that is in time."""
    listed_at = models.DateTimeField()
    """From then on the bulletin names it as not submitted."""
    handed_in_at = models.DateTimeField(null=True)
    """When it first came to the office, signed."""
    reminded_at = models.DateTimeField(null=True)
    late_told_at = models.DateTimeField(null=True)
    rounds = models.PositiveSmallIntegerField(default=0)
    """How often it was returned, by the head or by the office."""
    returned = EncryptedText(default="", blank=True)
    """Why it was returned last."""
    return_codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """Codes of the list report_problem for which it was returned last."""
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    accepted_label = models.CharField(max_length=140, default="", blank=True)
    accepted_note = EncryptedText(default="", blank=True)
    """Why it was accepted though table D28 advised to return it."""
    version = models.PositiveIntegerField(default=1)

    objects = MonthlyReportQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "month"], name="monthly_report_once")]
        indexes = [models.Index(fields=["office", "month"], name="monthly_report_month")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.month:%Y-%m}"

    @property
    def unit_path(self) -> str:
        """The unit whose report it is, as a path."""
        return self.unit.path

    @property
    def is_late(self) -> bool:
        """Whether it came to the office after its day."""
        return self.handed_in_at is not None and self.handed_in_at > self.due_at

    def is_overdue(self, now: datetime) -> bool:
        """Whether it has not come though its day is over."""
        return self.handed_in_at is None and now > self.due_at


class Submission(Record):
    """What was handed in once: numbers as they stood then, words, or that there was nothing (E31). Frozen.

    `codes`: what table D28 said of it; set with the head's signature, once.
    """

    class Standing(models.TextChoices):
        ON_TRACK = "on_track", _("as planned")
        BEHIND = "behind", _("behind the plan")
        NO_PROGRESS = "no_progress", _("no progress")

    report = models.ForeignKey(MonthlyReport, on_delete=models.PROTECT, related_name="submissions")
    round = models.PositiveSmallIntegerField()
    """0, 1, 2 … how often it had been returned before."""
    nil = models.BooleanField()
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.ON_TRACK)
    progress = EncryptedText(default="", blank=True)
    content = EncryptedText(default="", blank=True)
    effect = EncryptedText(default="", blank=True)
    problems = EncryptedText(default="", blank=True)
    support = EncryptedText(default="", blank=True)
    """Which help the unit asks the leading group for; empty: none."""
    asks = models.BooleanField(default=False)
    counted = models.JSONField(default=dict)
    """Numbers that the system counted, frozen as they stood."""
    told = models.JSONField(default=dict)
    """Numbers that the unit told."""
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    author_label = models.CharField(max_length=140)
    codes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    signer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    signer_label = models.CharField(max_length=140, default="", blank=True)
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "round"], name="submission_round"),
            models.CheckConstraint(
                condition=Q(signer__isnull=True) | Q(author__isnull=True) | ~Q(signer=F("author")),
                name="submission_signed_by_another",
            ),
            models.CheckConstraint(condition=Q(nil=False) | Q(told={}), name="submission_nil_is_nil"),
        ]


class Supplement(Record):
    """What is to be corrected or added after a report was accepted. Only added, like history."""

    report = models.ForeignKey(MonthlyReport, on_delete=models.PROTECT, related_name="supplements")
    text = EncryptedText()
    changes = models.JSONField(default=dict)
    """Name of a number that the unit told → what it should have been."""
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    author_label = models.CharField(max_length=140)


class SupportDecision(Record):
    """What the linked leader gives a unit that asked for help: people, money, goods, or the meeting's word (S13)."""

    class Kind(models.TextChoices):
        PEOPLE = "people", pgettext_lazy("support", "people")
        MONEY = "money", pgettext_lazy("support", "money")
        GOODS = "goods", pgettext_lazy("support", "goods")
        MEETING = "meeting", _("to the meeting")
        NOTHING = "nothing", pgettext_lazy("support", "nothing")

    report = models.OneToOneField(MonthlyReport, on_delete=models.PROTECT, related_name="decision")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = EncryptedText()
    leader = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    leader_label = models.CharField(max_length=140)
