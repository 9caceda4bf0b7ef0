"""Rounds of reconciliation (核对): what villages report of the helpers, and where the file differs from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.helpers.models.pairings import Pairing
from backend.org.access import in_line, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class RoundQuerySet(models.QuerySet["Round"]):
    """Rounds by who may see them."""

    def visible_to(self, user: Viewer) -> RoundQuerySet:
        """Rounds of one's subtree, and those of the units above: a village reports in its township's round."""
        return self.filter(in_line(user, "round.read", "unit__path"))


class Round(Record):
    """Some weeks in which a unit compares its register of helpers with reality (domain.md J21)."""

    class State(models.TextChoices):
        OPEN = "open", _("under way")
        COMPARING = "comparing", _("being compared")
        CLOSED = "closed", _("closed")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="rounds")
    from_date = models.DateField()
    to_date = models.DateField()
    """The last day: reports and surveys from the first to this one count."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    opened_label = models.CharField(max_length=140)
    runs = models.PositiveIntegerField(default=0)
    """How often it was compared."""
    compared_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    """Differences written and found, by the comparison that is under way or was last."""
    helping = models.PositiveIntegerField(default=0)
    """Spells that were reported as the file has them, by the last comparison."""
    reminded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_label = models.CharField(max_length=140, default="", blank=True)
    figures = models.JSONField(default=list, blank=True)
    """Coverage and differences per village as they stood when it was closed."""
    version = models.PositiveIntegerField(default=1)

    objects = RoundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="round_dates"),
            # A unit has one round at a time: both would count the same surveys.
            ExclusionConstraint(
                name="round_no_overlap",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("to_date"), Value("[]"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.from_date.year}"

    @property
    def unit_path(self) -> str:
        """Where it is held, as a path."""
        return self.unit.path


class VillageReport(Record):
    """What a village says about one family's helpers in a round; while the round is open it may be said anew."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="reports")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="village_reports")
    note = EncryptedText(default="", blank=True)
    reported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reported_label = models.CharField(max_length=140)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "family"], name="village_report_once")]


class ReportLine(Record):
    """One helper of a report: whether a spell of the file is lived, or who else helps."""

    class Reality(models.TextChoices):
        HELPING = "helping", _("still helping")
        INTERRUPTED = "interrupted", _("came, but not any more")
        NEVER = "never", _("never came")

    report = models.ForeignKey(VillageReport, on_delete=models.CASCADE, related_name="lines")
    pairing = models.ForeignKey(Pairing, null=True, on_delete=models.PROTECT, related_name="+")
    """The spell it is about; none: somebody who has no spell with the family."""
    reality = models.CharField(max_length=12, choices=Reality.choices)
    since = models.DateField(null=True, blank=True)
    helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    named = EncryptedText(default="", blank=True)
    """The name under which the family knows somebody who is not on the register."""
    kind = models.CharField(max_length=20, default="", blank=True)


class DifferenceQuerySet(models.QuerySet["Difference"]):
    """Differences by who may see them."""

    def visible_to(self, user: Viewer) -> DifferenceQuerySet:
        """Differences of families in one's subtree."""
        return self.filter(in_subtree(user, "difference.read", "unit_path"))


class Difference(Record):
    """One point in which file and reality differ, and what was made of it."""

    class Kind(models.TextChoices):
        INTERRUPTED = "interrupted", _("came, but not any more")
        NEVER_CAME = "never_came", _("never came")
        REPLACED = "replaced", _("another one helps")
        NOT_ON_FILE = "not_on_file", _("not on file")
        TWO_FOR_ONE = "two_for_one", _("two for one place")
        OVER_CAPACITY = "over_capacity", _("more families than allowed")
        ENDED_ON_PAPER = "ended_on_paper", _("ended on paper, still helping")

    class State(models.TextChoices):
        OPEN = "open", _("to be settled")
        WAITING = "waiting", _("to be confirmed by the supervisor")
        SETTLED = "settled", _("settled")

    class Settlement(models.TextChoices):
        CONFIRM = "confirm", _("the file is right")
        END = "end", _("the pairing has ended")
        RESELECT = "reselect", _("somebody else is looked for")
        REGISTER = "register", _("the reported helper is taken into the file")

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="differences")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="differences")
    unit_path = models.CharField(max_length=200, db_collation="C")
    """The family's village when it was found."""
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="differences")
    """The case under way whose caseworker settles it; without one nobody's inbox has it, only the list."""
    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    pairing = models.ForeignKey(Pairing, null=True, on_delete=models.PROTECT, related_name="+")
    helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    """Who is reported to help, or carries too much."""
    named = EncryptedText(default="", blank=True)
    """The same when nobody on the register is meant: a number or a name."""
    helper_kind = models.CharField(max_length=20, default="", blank=True)
    since = models.DateField(null=True, blank=True)
    sources = models.JSONField(default=list)
    """survey, roster, village, visits, register: who says so."""
    count = models.PositiveSmallIntegerField(default=0)
    key = models.BinaryField(max_length=32)
    """Keyed digest of the fact: the same fact is found once a round."""
    subject = models.BinaryField(max_length=32)
    """Keyed digest of what it is about: while it is open, a new fact about the same changes it."""
    run = models.PositiveIntegerField()
    """The comparison that found it first."""
    last_run = models.PositiveIntegerField()
    """The last comparison that found it."""
    settlement = models.CharField(max_length=10, choices=Settlement.choices, default="", blank=True)
    end_reason = models.CharField(max_length=40, default="", blank=True)
    ended_on = models.DateField(null=True, blank=True)
    note = EncryptedText(default="", blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_label = models.CharField(max_length=140, default="", blank=True)
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    returned = EncryptedText(default="", blank=True)
    """Why the supervisor did not agree, in the supervisor's words."""
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process that settles it; only an address."""
    version = models.PositiveIntegerField(default=1)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "key"], name="difference_once")]
        indexes = [
            models.Index(fields=["unit_path", "id"], name="difference_place"),
            models.Index(fields=["round", "state", "id"], name="difference_round"),
            models.Index(fields=["subject"], condition=~Q(state="settled"), name="difference_subject"),
        ]

    def __str__(self) -> str:
        return self.family.label
