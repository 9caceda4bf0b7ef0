"""Public notices: what was made public, where, until when.

What the public reads is stored masked; no column of it leads to a person, a family or a case.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer

SMALLEST = 5
"""No figure below it is told (E32); the same as in small_numbers, held by the database."""


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices by who may see them."""

    def visible_to(self, user: Viewer) -> NoticeQuerySet:
        """Those of one's subtree, with the sheets for the village board."""
        return self.filter(in_subtree(user, "notice.read", "unit__path"))

    def public(self, now: datetime) -> NoticeQuerySet:
        """What everybody may read today: a notice that is over is gone, whether or not somebody has taken it down."""
        today = timezone.localdate(now)
        return self.filter(state=Notice.State.PUBLIC, from_date__lte=today, until__gte=today)

    def over(self, now: datetime) -> NoticeQuerySet:
        """Those that are still up and should not be."""
        return self.filter(state=Notice.State.PUBLIC, until__lt=timezone.localdate(now))


class Notice(Record):
    """One publicity of one list or of some figures, by one unit, at one stage (F11)."""

    class State(models.TextChoices):
        PUBLIC = "public", _("public")
        TAKEN_DOWN = "taken_down", _("taken down")

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20)
    """Code of the list notice_kind."""
    stage = models.CharField(max_length=20, default="", blank=True)
    """Which of the publicity periods: village, town, county … in the words of the process."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    basis = models.CharField(max_length=200, default="", blank=True)
    """The rule by which it is made public."""
    contact = models.CharField(max_length=200)
    """To whom objections go."""
    from_date = models.DateField()
    until = models.DateField()
    """The last day; also the last one for objections."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.PUBLIC)
    covered = models.PositiveIntegerField()
    """How many it is about, listed or not; for the office and for the next list's check, never public."""
    decided_by = models.CharField(max_length=80)
    """Table and version that said what is shown (D19)."""
    made_label = models.CharField(max_length=140)
    taken_down_at = models.DateTimeField(null=True)
    taken_down_because = models.CharField(max_length=400, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "kind", "from_date"], name="notice_unit_kind")]
        constraints = [models.CheckConstraint(condition=Q(until__gte=F("from_date")), name="notice_dates")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Whose notice it is."""
        return self.unit.path

    def is_public(self, day: date) -> bool:
        """Whether everybody may read it that day."""
        return self.state == self.State.PUBLIC and self.from_date <= day <= self.until


class Sheet(Record):
    """What a notice shows in one place: on the village board, printed, or on the web."""

    class Place(models.TextChoices):
        BOARD = "board", _("village board")
        WEB = "web", _("web")

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="sheets")
    place = models.CharField(max_length=5, choices=Place.choices)
    salt = models.CharField(max_length=32, default="", blank=True)
    """Printed on the sheet, so that a short list cannot be guessed from its digest; empty once it is taken down."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the sheet's text: checkable by whoever has the paper, also when the text is gone."""
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "place"], name="sheet_once")]


class Line(Record):
    """Somebody on a sheet, masked before it was stored."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    """From 1, the same person's on both sheets: by it an objection names a line."""
    name = models.CharField(max_length=60)
    identity = models.CharField(max_length=8, default="", blank=True)
    """Four stars and the last four characters of the id number, where the county requires it."""
    locality = models.CharField(max_length=120, default="", blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "position"], name="line_once"),
            models.CheckConstraint(condition=~Q(name__regex=r"[0-9０-９]"), name="line_name_without_number"),
            models.CheckConstraint(
                condition=Q(identity="") | Q(identity__regex=r"^\*{4}[0-9]{3}[0-9X]$"), name="line_identity_masked"
            ),
            models.CheckConstraint(condition=~Q(locality__regex=r"[0-9０-９]{5}"), name="line_locality_no_number"),
        ]


class Subject(models.Model):
    """Whom a line is about, for whoever takes in an objection: ids without a name, read by no public page, gone with
    the line."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="subjects")
    position = models.PositiveSmallIntegerField()
    family_id = models.UUIDField()
    case_id = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "position"], name="subject_once")]


class Figure(Record):
    """A count that a notice tells, or keeps back (null). It stays when the notice is taken down: the next list is held
    against it, so that nobody works out a small number from the two."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="figures")
    label = models.CharField(max_length=60, default="", blank=True)
    """What was counted; empty for the sum of all."""
    number = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "label"], name="figure_once"),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=SMALLEST), name="figure_not_small"
            ),
        ]  # fmt: skip
