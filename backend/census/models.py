"""Yearly rounds of surveys (P01, J21): one for each village and year, and a target for each family to be surveyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family, Survey
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Membership, Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class SurveyRoundQuerySet(models.QuerySet["SurveyRound"]):
    """Rounds by who may see them."""

    def visible_to(self, user: Viewer) -> SurveyRoundQuerySet:
        """Rounds of villages in one's subtree."""
        return self.filter(in_subtree(user, "survey_round.read", "unit__path"))

    def counted(self) -> SurveyRoundQuerySet:
        """Each with how many families are to be surveyed (`listed`), how many have a result (`settled`), how many were
        not reached (`missed`)."""
        there = ~Q(targets__state=SurveyTarget.State.LEFT_OUT)
        return self.annotate(
            listed=Count("targets", filter=there),
            settled=Count("targets", filter=Q(targets__state__in=SETTLED)),
            missed=Count("targets", filter=Q(targets__state=SurveyTarget.State.NOT_REACHED)),
        )


class SurveyRound(Record):
    """The survey of one village in one year; its days and its threshold are the parameters' on its first day."""

    class State(models.TextChoices):
        OPEN = "open", _("being surveyed")
        CLOSED = "closed", _("survey closed")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="survey_rounds")
    """The village."""
    year = models.PositiveSmallIntegerField()
    opens_on = models.DateField()
    warn_on = models.DateField()
    """The day on which the supervisor looks whether enough is done."""
    closes_on = models.DateField()
    threshold = models.PositiveSmallIntegerField(default=95)
    """Percent of the families that should have a result by `warn_on`."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_label = models.CharField(max_length=140)
    measure = models.CharField(max_length=20, default="", blank=True)
    """What the supervisor ordered when the village was behind: a code of the list survey_measure."""
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_label = models.CharField(max_length=140, default="", blank=True)
    figures = models.JSONField(default=dict, blank=True)
    """The closing report: families by result as they stood when it was closed, and helpers who changed."""
    version = models.PositiveIntegerField(default=1)

    objects = SurveyRoundQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "year"], name="survey_round_once")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.year}"

    @property
    def unit_path(self) -> str:
        """Where it is held, as a path."""
        return self.unit.path


class SurveyTargetQuerySet(models.QuerySet["SurveyTarget"]):
    """Targets by who may see them."""

    def visible_to(self, user: Viewer) -> SurveyTargetQuerySet:
        """Those of one's subtree. A family that only somebody known may ask is seen by its contact alone; while it has
        nobody, by whoever names a contact (S34)."""
        return self.reached(user, "survey_round.read")

    def reached(self, user: Viewer, action: str) -> SurveyTargetQuerySet:
        """Those of the subtree where the user may do this, and of S34 those that `visible_to` tells of."""
        at_work = Membership.objects.on(timezone.localdate()).filter(user=OuterRef("contact"), role="village")
        nobody = Q(by_contact=True) & ~Exists(at_work) & in_subtree(user, "survey_contact.write", "unit_path")
        there = in_subtree(user, action, "unit_path") & (Q(by_contact=False) | Q(contact_id=user.pk))
        return self.filter(there | nobody)


class SurveyTarget(Record):
    """A family to be surveyed in a round: by whom, what came of it, and through which survey."""

    class State(models.TextChoices):
        TODO = "todo", _("to do")
        SURVEYED = "surveyed", _("surveyed")
        REFUSED = "refused", _("refused")
        MOVED = "moved", _("moved away")
        NOT_FOUND = "not_found", _("not found")
        NOT_REACHED = "not_reached", _("could not be reached")
        LEFT_OUT = "left_out", _("left out")

    round = models.ForeignKey(SurveyRound, on_delete=models.PROTECT, related_name="targets", db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="survey_targets")
    unit_path = models.CharField(max_length=200, db_collation="C")
    first = models.BooleanField(default=False)
    """The family has no file yet; else its file is looked through again."""
    by_contact = models.BooleanField(default=False)
    """Bereaved, or the only child disabled: nobody asks but the family's contact."""
    contact = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who is known to the family and asks it."""
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of household intake that settles it; only an address."""
    survey = models.ForeignKey(Survey, null=True, on_delete=models.PROTECT, related_name="+")
    """The survey that settled it."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.TODO)
    reason = models.CharField(max_length=20, default="", blank=True)
    """Why it was not reached: a code of the list survey_missed."""
    note = EncryptedText(default="", blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    settled_label = models.CharField(max_length=140, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = SurveyTargetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "family"], name="survey_target_once")]
        indexes = [
            models.Index(fields=["round", "state", "id"], name="survey_target_round"),
            models.Index(fields=["unit_path", "id"], name="survey_target_place"),
        ]

    def __str__(self) -> str:
        return self.family.label


SETTLED = (
    SurveyTarget.State.SURVEYED,
    SurveyTarget.State.REFUSED,
    SurveyTarget.State.MOVED,
    SurveyTarget.State.NOT_FOUND,
)
"""A result: nothing more is to be done in this round."""
LATE = (SurveyTarget.State.TODO, SurveyTarget.State.NOT_REACHED)
"""No result yet; what was marked as not reached stays open to a survey."""
