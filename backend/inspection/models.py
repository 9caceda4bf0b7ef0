"""What auditors work with: samples drawn by lot, and findings that the inspected unit answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class SampleQuerySet(models.QuerySet["Sample"]):
    """Samples by who may see them."""

    def visible_to(self, user: Viewer) -> SampleQuerySet:
        """Samples of one's subtree. Whoever is inspected never sees which rows were drawn."""
        return self.filter(in_subtree(user, "sample.read", "unit__path"))


class Sample(Record):
    """Members of a population drawn by lot (backend.core.drawing): what was drawn from, how, and by whom."""

    class Population(models.TextChoices):
        FAMILIES = "families", _("families on file")
        OPEN_CASES = "open_cases", _("open cases")
        VISITS = "visits", _("visits of a month")
        CLOSED_CASES = "closed_cases", _("cases closed in a year")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """There and below it."""
    population = models.CharField(max_length=20, choices=Population.choices)
    period = models.CharField(max_length=7, default="", blank=True)
    """A month (2026-06) or a year (2026), where the population needs one."""
    as_of = models.DateTimeField()
    size = models.PositiveSmallIntegerField()
    """How many were asked for; fewer are drawn when there are no more."""
    seed = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    """Of the population."""
    digest = models.CharField(max_length=64)
    ids = models.BinaryField()
    """The population itself, 16 bytes a member, sorted: so that drawing again needs no row to be as it was."""
    drawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    drawn_label = models.CharField(max_length=140)

    objects = SampleQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "id"], name="sample_place")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.get_population_display()} {self.period}".strip()

    @property
    def unit_path(self) -> str:
        """Where it was drawn."""
        return self.unit.path

    @property
    def members(self) -> list[UUID]:
        """The ids of the population."""
        packed = bytes(self.ids)
        return [UUID(bytes=packed[start : start + 16]) for start in range(0, len(packed), 16)]


class SampleRow(Record):
    """One member that was drawn, and what the auditor noted when looking at it."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="rows")
    place = models.PositiveSmallIntegerField()
    """1, 2, 3 … in the order of drawing."""
    member_id = models.UUIDField()
    """The family, case or visit."""
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    looked_at = models.DateTimeField(null=True)
    looked_label = models.CharField(max_length=140, default="", blank=True)
    note = EncryptedText(default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "place"], name="sample_row_place")]


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings by who may see them."""

    def visible_to(self, user: Viewer) -> FindingQuerySet:
        """Findings about cases in one's subtree."""
        return self.filter(in_subtree(user, "finding.read", "case__unit_path"))


def overdue(now: datetime) -> Q:
    """The one definition of an overdue finding: its day is over, and the unit has not answered with its signature."""
    return Q(state__in=(Finding.State.OPEN, Finding.State.ANSWERED), due_at__lt=now)


class Finding(Record):
    """Something an auditor found wrong about a case, what the unit did about it, and whether that was enough."""

    class State(models.TextChoices):
        OPEN = "open", _("to be answered")
        ANSWERED = "answered", _("to be confirmed by the supervisor")
        CONFIRMED = "confirmed", _("to be checked by the auditor")
        CLOSED = "closed", _("put right")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    sample_row = models.ForeignKey(SampleRow, null=True, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=40)
    """Of the list finding_kind."""
    text = EncryptedText()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    due_at = models.DateTimeField()
    raised_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    raised_label = models.CharField(max_length=140)
    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The auditor's unit: whoever audits there checks the answer."""
    answer = EncryptedText(default="", blank=True)
    evidence = EncryptedText(default="", blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_label = models.CharField(max_length=140, default="", blank=True)
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    returned = EncryptedText(default="", blank=True)
    """Why the last answer was not enough, in the words of whoever returned it."""
    rounds = models.PositiveSmallIntegerField(default=0)
    """How often it was returned."""
    escalated_at = models.DateTimeField(null=True)
    """When the supervisor was told that it is overdue."""
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = FindingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["case", "id"], name="finding_case"),
            models.Index(fields=["due_at"], condition=~Q(state="closed"), name="finding_due"),
        ]

    def __str__(self) -> str:
        return self.case.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path

    @property
    def family_id(self) -> UUID:
        """The family that it is about."""
        return self.case.family_id

    def is_overdue(self, now: datetime) -> bool:
        """The same for one row in memory."""
        return self.state in {self.State.OPEN, self.State.ANSWERED} and self.due_at < now
