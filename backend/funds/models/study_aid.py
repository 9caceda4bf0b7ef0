"""Study aid (阳光工程, Q14; P10 B): a township's call of a school year, and the applications for its pupils.

Pupils are mostly minors: their names stand in no list that others see, the school's proof and the account are
encrypted, and what is made public comes only through table D19 (count, school, total). Who writes an application
down does not check it, and neither decides: the constraints hold that whatever the program does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.cases.models import Family, Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_line, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer

LABEL = 140


class StudyAidCallQuerySet(models.QuerySet["StudyAidCall"]):
    """Calls by who may see them."""

    def visible_to(self, user: Viewer) -> StudyAidCallQuerySet:
        """Those at, below and above the places where the user reads study aid: a village sees its township's."""
        return self.filter(in_line(user, "study_aid.read", "unit__path"))


class StudyAidCall(Record):
    """One township's study aid of one school year: how much for whom, until when, and how it went."""

    class State(models.TextChoices):
        PLANNING = "planning", _("being planned")
        OPEN = "open", _("open for applications")
        LISTED = "listed", _("put in order")
        PUBLISHED = "published", _("made public")
        PAYING = "paying", _("being paid")
        REPORTED = "reported", _("reported to the donors")
        NOBODY = "nobody", _("nobody aided")
        DROPPED = "dropped", _("not held")

    number = models.CharField(max_length=40, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    school_year = models.PositiveSmallIntegerField()
    """The calendar year in which it begins."""
    closes_on = models.DateField(null=True)
    """The last day of applications."""
    budget = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    primary = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    junior = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    senior = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    """Also of vocational schools."""
    college = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNING)
    seed = models.CharField(max_length=16, default="", blank=True)
    """Of the lot that put pupils of equal need in order: anybody can draw again (backend.core.drawing)."""
    table_version = models.CharField(max_length=16, default="", blank=True)
    notice_id = models.UUIDField(null=True)
    publicity_until = models.DateField(null=True)
    objection = EncryptedText(default="", blank=True)
    use_account = models.CharField(max_length=1000, default="", blank=True)
    """What the donors are told beside the totals: no name of a pupil."""
    planned_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    planned_label = models.CharField(max_length=LABEL, default="", blank=True)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_label = models.CharField(max_length=LABEL, default="", blank=True)
    finished_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who said that all applications are checked."""
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_label = models.CharField(max_length=LABEL, default="", blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_label = models.CharField(max_length=LABEL, default="", blank=True)
    reported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = StudyAidCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "school_year"], condition=~Q(state="dropped"), name="study_aid_call_once"
            ),
            models.CheckConstraint(condition=~Q(approved_by=F("planned_by")), name="study_aid_plan_by_two"),
            models.CheckConstraint(
                condition=~Q(confirmed_by=F("finished_by"))
                & ~Q(granted_by=F("finished_by"))
                & ~Q(granted_by=F("confirmed_by")),
                name="study_aid_granted_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is called, as a path."""
        return self.unit.path


class StudyAidApplicationQuerySet(models.QuerySet["StudyAidApplication"]):
    """Applications by who may see them."""

    def visible_to(self, user: Viewer) -> StudyAidApplicationQuerySet:
        """Those of families in one's subtree; never of one's own kin."""
        return self.filter(in_subtree(user, "study_aid.read", "unit_path")).exclude(kin=user.pk)


class StudyAidApplication(Record):
    """One pupil's application, made by the guardian: what was checked, where it stands in the order, what became of
    it."""

    class State(models.TextChoices):
        ENTERED = "entered", _("to be checked")
        CHECKED = "checked", _("checked")
        REJECTED = "rejected", pgettext_lazy("study aid", "not confirmed")
        LISTED = "listed", pgettext_lazy("study aid", "on the list")
        RESERVE = "reserve", _("next in line")
        EXCLUDED = "excluded", _("not aided")
        OWED = "owed", pgettext_lazy("study aid", "to be paid")
        PAID = "paid", pgettext_lazy("study aid", "received")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Level(models.TextChoices):
        PRIMARY = "primary", _("primary school")
        JUNIOR = "junior", _("junior secondary school")
        SENIOR = "senior", _("senior secondary school")
        VOCATIONAL = "vocational", _("vocational school")
        COLLEGE = "college", _("college")

    class PaidTo(models.TextChoices):
        SCHOOL = "school", _("the school")
        GUARDIAN = "guardian", _("the guardian")

    number = models.CharField(max_length=40, unique=True)
    call = models.ForeignKey(StudyAidCall, on_delete=models.PROTECT, related_name="applications", db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    pupil = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    unit_path = models.CharField(max_length=200, db_collation="C")
    level = models.CharField(max_length=12, choices=Level.choices)
    school = models.CharField(max_length=60)
    school_proof = EncryptedText()
    """Number and words of the school's certificate."""
    circumstances = EncryptedText(default="", blank=True)
    paid_to = models.CharField(max_length=8, choices=PaidTo.choices)
    payee_label = models.CharField(max_length=60)
    """The name in which the account is held."""
    account_number = EncryptedText()
    kin = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Somebody of the offices who is the family's relative: neither sees nor checks it."""
    renews = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    """The same pupil's of the year before."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.ENTERED)
    entered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    entered_label = models.CharField(max_length=LABEL)
    school_confirmed = models.BooleanField(default=False)
    household_confirmed = models.BooleanField(default=False)
    check_note = EncryptedText(default="", blank=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=LABEL, default="", blank=True)
    need_score = models.PositiveSmallIntegerField(default=0)
    aid_class = models.PositiveSmallIntegerField(default=0)
    aid_reason = models.CharField(max_length=20, default="", blank=True)
    rank = models.PositiveSmallIntegerField(null=True)
    """Its place in the order of decision D22 and the lot."""
    amount = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    payable_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = StudyAidApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call", "pupil"], condition=~Q(state="withdrawn"), name="study_aid_once_a_year"
            ),
            models.CheckConstraint(condition=~Q(checked_by=F("entered_by")), name="study_aid_checked_by_another"),
            models.CheckConstraint(
                condition=~Q(entered_by=F("kin")) & ~Q(checked_by=F("kin")), name="study_aid_no_kin"
            ),
        ]
        indexes = [models.Index(fields=["call", "unit", "id"], name="study_aid_village")]

    def __str__(self) -> str:
        return self.number
