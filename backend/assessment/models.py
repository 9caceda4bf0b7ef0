"""Yearly assessment by targets (目标责任考核, P15): the agreement with its lines, frozen figures, samples, evidence.

Who may not be the same person is held by constraints here as well as by the diagram (domain.md section 3.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.inspection.models import Sample, SampleRow
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    """Assessments by who may see them."""

    def visible_to(self, user: Viewer) -> AssessmentQuerySet:
        """Those of one's subtree, and while they are to be cross-checked those that one's own unit checks."""
        checks = in_subtree(user, "assessment.check", "checker__path") & Q(state=Assessment.State.CHECKING)
        return self.filter(in_subtree(user, "assessment.read", "unit__path") | checks)


class Assessment(Record):
    """One unit's year: what it agreed to, what came of it, who said so."""

    class State(models.TextChoices):
        AGREEING = "agreeing", _("targets are being agreed")
        RUNNING = "running", _("under way")
        INSPECTING = "inspecting", _("mid-year inspection")
        SELF_SCORING = "self_scoring", _("to be scored by the unit itself")
        CHECKING = "checking", _("to be checked by another township")
        DECIDING = "deciding", _("result to be signed")
        TOLD = "told", _("result told, may be appealed")
        APPEALED = "appealed", pgettext_lazy("assessment", "appealed")
        ARCHIVED = "archived", _("archived")

    class Result(models.TextChoices):
        EXCELLENT = "excellent", _("excellent")
        PASS = "pass", _("passed")
        FAIL = "fail", _("not passed")
        VETO = "veto", _("vetoed")

    number = models.CharField(max_length=40, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township that is assessed."""
    year = models.PositiveSmallIntegerField()
    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The county, which assesses."""
    checker = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    """Another township of the same county, which checks what this one says of itself."""
    state = models.CharField(max_length=14, choices=State.choices, default=State.AGREEING)
    drawn_up_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    drawn_up_label = models.CharField(max_length=140, default="", blank=True)
    signed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    signed_label = models.CharField(max_length=140, default="", blank=True)
    signed_at = models.DateTimeField(null=True)
    returned = models.CharField(max_length=400, default="", blank=True)
    """Why the head did not sign the last draft."""
    visits_sample = models.ForeignKey(Sample, null=True, on_delete=models.PROTECT, related_name="+")
    files_sample = models.ForeignKey(Sample, null=True, on_delete=models.PROTECT, related_name="+")
    sampled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    inspected_label = models.CharField(max_length=140, default="", blank=True)
    inspected_at = models.DateTimeField(null=True)
    inspection_note = EncryptedText(default="", blank=True)
    self_scored_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    self_scored_label = models.CharField(max_length=140, default="", blank=True)
    statement = models.CharField(max_length=2000, default="", blank=True)
    """What the unit says of its year."""
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=140, default="", blank=True)
    check_opinion = models.CharField(max_length=2000, default="", blank=True)
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    """Of 100, bonus included: table `score` (D29)."""
    bonus = models.DecimalField(max_digits=4, decimal_places=2, default=0)
    veto_reasons = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """What table `veto` (D30) found; it counts only once a named person has confirmed it."""
    veto_confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    veto_label = models.CharField(max_length=140, default="", blank=True)
    is_vetoed = models.BooleanField(default=False)
    override = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    """Another score than the calculated one: counts with both signatures only."""
    override_reason = models.CharField(max_length=400, default="", blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=140, default="", blank=True)
    second_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    second_label = models.CharField(max_length=140, default="", blank=True)
    result = models.CharField(max_length=10, choices=Result.choices, default="", blank=True)
    told_at = models.DateTimeField(null=True)
    appeal_until = models.DateTimeField(null=True)
    appeal = EncryptedText(default="", blank=True)
    appealed_label = models.CharField(max_length=140, default="", blank=True)
    appeal_answer = models.CharField(max_length=1000, default="", blank=True)
    appeal_decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    archived_at = models.DateTimeField(null=True)
    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "year"], name="assessment_once"),
            models.CheckConstraint(condition=~Q(checker=F("unit")), name="assessment_checked_elsewhere"),
            models.CheckConstraint(condition=~Q(signed_by=F("drawn_up_by")), name="assessment_two_parties"),
            models.CheckConstraint(condition=~Q(checked_by=F("self_scored_by")), name="assessment_checked_by_another"),
            models.CheckConstraint(
                condition=~Q(decided_by=F("self_scored_by")) & ~Q(decided_by=F("checked_by")),
                name="assessment_decided_by_a_third",
            ),
            models.CheckConstraint(condition=~Q(second_by=F("decided_by")), name="assessment_two_signatures"),
            models.CheckConstraint(
                condition=~Q(appeal_decided_by=F("decided_by")), name="assessment_appeal_heard_by_another"
            ),
            models.CheckConstraint(condition=~Q(sampled_by=F("self_scored_by")), name="assessment_samples_elsewhere"),
            models.CheckConstraint(
                condition=Q(is_vetoed=False) | Q(veto_confirmed_by__isnull=False), name="assessment_veto_is_signed"
            ),
        ]
        indexes = [models.Index(fields=["office", "year"], name="assessment_office")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it belongs."""
        return self.unit.path


class Line(Record):
    """One indicator of an agreement: target, weight, and what it came to."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="lines")
    indicator = models.CharField(max_length=40)
    target = models.DecimalField(max_digits=9, decimal_places=2)
    """Per cent of a rate; the number to be reached of a number (S5)."""
    weight = models.PositiveSmallIntegerField()
    hits = models.PositiveIntegerField(null=True)
    of = models.PositiveIntegerField(null=True)
    value = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    """Frozen when the unit begins to score itself; None: there was nothing to count."""
    points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    """By table `score` (D29)."""
    self_points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    self_note = models.CharField(max_length=400, default="", blank=True)
    check_points = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    """Where the cross-check found other points than the table."""
    check_note = models.CharField(max_length=400, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "indicator"], name="assessment_line_once"),
            models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=100), name="assessment_line_weight"),
            models.CheckConstraint(
                condition=Q(check_points__isnull=True) | Q(check_points__gte=0, check_points__lte=F("weight")),
                name="assessment_line_points",
            ),
        ]


class Evidence(Record):
    """A file that shows what a unit says of itself: kept encrypted, with the digest of what came in."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="evidence")
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the file as it came in."""
    content = models.BinaryField()
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_label = models.CharField(max_length=140)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "digest"], name="assessment_evidence_once")]


class CallBack(Record):
    """Somebody else than whoever recorded a drawn visit asked the family whether it was so, and whether it is content.

    What the family said besides stays with the auditor's note of the sample.
    """

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("it was so")
        DOUBTFUL = "doubtful", _("it was not so")
        NOT_REACHED = "not_reached", _("nobody reached")
        DECLINED = "declined", _("would rather not say")

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="call_backs")
    row = models.OneToOneField(SampleRow, on_delete=models.PROTECT, related_name="call_back")
    answer = models.CharField(max_length=12, choices=Answer.choices)
    satisfied = models.BooleanField(null=True)
    """None: not asked, or no answer; it counts for nothing."""
    recorded_by_id = models.UUIDField(null=True)
    """Who recorded the visit that was drawn."""
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    called_label = models.CharField(max_length=140)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(called_by=F("recorded_by_id")), name="call_back_by_somebody_else")
        ]


class PolicyGrade(Record):
    """How far a policy is built up in a unit's year: 0, 0.25, 0.5, 0.75 or 1 (S68)."""

    GRADES = (0, 25, 50, 75, 100)

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="policies")
    policy = models.CharField(max_length=40)
    """Of the list assessed_policy."""
    hundredths = models.PositiveSmallIntegerField()
    graded_label = models.CharField(max_length=140)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "policy"], name="policy_grade_once"),
            models.CheckConstraint(condition=Q(hundredths__in=(0, 25, 50, 75, 100)), name="policy_grade_step"),
        ]


class MonthlyFigure(Record):
    """A unit's figure of a month as it was reported: never changed, a correction is a supplement beside it."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    """Its first day."""
    indicator = models.CharField(max_length=40)
    supplement = models.PositiveSmallIntegerField(default=0)
    """0: as reported; 1, 2 …: what it was corrected to later."""
    hits = models.PositiveIntegerField()
    of = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=400, default="", blank=True)
    by_label = models.CharField(max_length=140, default="", blank=True)
    """Who supplemented it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "month", "indicator", "supplement"], name="monthly_figure_once")
        ]


def row_of(pk: UUID) -> Assessment:
    """The assessment with its units, locked. Raises Assessment.DoesNotExist."""
    rows = Assessment.objects.select_for_update(of=("self",)).select_related("unit", "office", "checker")
    return rows.get(pk=pk)
