"""Meetings (Q3, Q24): agenda, minutes, and tasks that are done when four things are shown (G4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.coordination.models.group import of_the_group
from backend.coordination.models.report import MonthlyReport
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from datetime import datetime

    from backend.org.access import Viewer


class MeetingQuerySet(models.QuerySet["Meeting"]):
    """Meetings by who may see them."""

    def visible_to(self, user: Viewer) -> MeetingQuerySet:
        """Those with confirmed minutes for the whole group, the others where the office is."""
        confirmed = of_the_group(user, "meeting.read") & Q(state=Meeting.State.CONFIRMED)
        return self.filter(confirmed | in_subtree(user, "meeting.read", "office__path"))


class Meeting(Record):
    """A meeting of the leading group: when, about what, what was said and decided."""

    class Kind(models.TextChoices):
        KICK_OFF = "kick_off", _("kick-off meeting")
        LEADERS = "leaders", _("leaders' meeting")
        COORDINATION = "coordination", _("coordination meeting")

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("meeting", "being prepared")
        CALLED = "called", _("called")
        MINUTED = "minuted", _("minutes to be confirmed")
        CONFIRMED = "confirmed", _("minutes confirmed")
        CANCELLED = "cancelled", pgettext_lazy("meeting", "cancelled")

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=120)
    place = models.CharField(max_length=120, default="", blank=True)
    held_at = models.DateTimeField()
    minutes_by = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    minutes = EncryptedText(default="", blank=True)
    present = models.CharField(max_length=400, default="", blank=True)
    returned = EncryptedText(default="", blank=True)
    called_label = models.CharField(max_length=140)
    minuted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    minuted_label = models.CharField(max_length=140, default="", blank=True)
    minuted_at = models.DateTimeField(null=True)
    late_told_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | Q(minuted_by__isnull=True) | ~Q(confirmed_by=F("minuted_by")),
                name="meeting_confirmed_by_another",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def unit_path(self) -> str:
        """The office, as a path."""
        return self.office.path


class AgendaItemQuerySet(models.QuerySet["AgendaItem"]):
    """Items by who may see them."""

    def visible_to(self, user: Viewer) -> AgendaItemQuerySet:
        """Those of meetings that the user sees."""
        return self.filter(meeting__in=Meeting.objects.visible_to(user))


class AgendaItem(Record):
    """Something that the meeting talks about, and what came of it."""

    class Kind(models.TextChoices):
        NO_PROGRESS = "no_progress", _("no progress")
        SUPPORT = "support", _("asks for help")
        REFERRAL = "referral", _("declined by two departments")
        OWN = "own", _("put on by the office")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="agenda")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = EncryptedText()
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    report = models.ForeignKey(MonthlyReport, null=True, on_delete=models.PROTECT, related_name="+")
    plan_item_id: UUID | None = models.UUIDField(null=True)  # type: ignore[assignment]
    """The item of a family's plan that nobody gives; no family stands here."""
    result = EncryptedText(default="", blank=True)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "report", "kind"], name="agenda_report_once"),
            models.UniqueConstraint(fields=["meeting", "plan_item_id"], name="agenda_referral_once"),
        ]

    @property
    def unit_path(self) -> str:
        """The office, as a path."""
        return self.meeting.office.path


class GroupTaskQuerySet(models.QuerySet["GroupTask"]):
    """Tasks by who may see them."""

    def visible_to(self, user: Viewer) -> GroupTaskQuerySet:
        """Those of units at and below the user's own."""
        return self.filter(in_subtree(user, "group_task.read", "unit__path"))


class GroupTask(Record):
    """What a meeting resolved: who does it by when, and the four things that show that it is done (G4)."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("in minutes not confirmed yet")
        OPEN = "open", _("to be done")
        CHECKING = "checking", pgettext_lazy("task", "to be checked")
        DONE = "done", pgettext_lazy("task", "done")
        DROPPED = "dropped", _("dropped")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="tasks")
    agenda_item = models.ForeignKey(AgendaItem, null=True, on_delete=models.PROTECT, related_name="tasks")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    text = EncryptedText()
    due_on = models.DateField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    arrangement = EncryptedText(default="", blank=True)
    """有安排: who does what, by when."""
    grip = EncryptedText(default="", blank=True)
    """有抓手: by what it is done."""
    carried_out = EncryptedText(default="", blank=True)
    """有落实: what was done."""
    effect = EncryptedText(default="", blank=True)
    """有效果: what it changed."""
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    done_label = models.CharField(max_length=140, default="", blank=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=140, default="", blank=True)
    returned = EncryptedText(default="", blank=True)
    late_told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = GroupTaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | Q(done_by__isnull=True) | ~Q(checked_by=F("done_by")),
                name="group_task_checked_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(arrangement="") & ~Q(grip="") & ~Q(carried_out="") & ~Q(effect="")),
                name="group_task_four_evidences",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state"], name="group_task_unit")]

    def __str__(self) -> str:
        return self.meeting.title

    @property
    def unit_path(self) -> str:
        """Whose task it is, as a path."""
        return self.unit.path

    def is_overdue(self, now: datetime) -> bool:
        """Whether its day is over and nothing was shown."""
        return self.state == self.State.OPEN and now > self.due_at
