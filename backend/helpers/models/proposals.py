"""Proposals: whom a family might be paired with, kept with everything that is needed to work them out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.helpers.models.offers import Offer
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class BatchQuerySet(models.QuerySet["Batch"]):
    """Batches by who may see them."""

    def visible_to(self, user: Viewer) -> BatchQuerySet:
        """Batches made for a unit in one's subtree; shortlists are seen where they are chosen from."""
        return self.exclude(scope=Batch.Scope.SHORTLIST).filter(in_subtree(user, "proposal.read", "unit__path"))


class Batch(Record):
    """Proposals worked out together: for one case (its shortlist), for an area, or for a partner unit's helpers.

    With inputs, weights, seed and the program's version it can be worked out again, to the same answer.
    """

    class Scope(models.TextChoices):
        SHORTLIST = "shortlist", _("one family")
        AREA = "area", _("an area")
        HELPERS = "helpers", _("a unit's helpers")

    class State(models.TextChoices):
        WAITING = "waiting", _("being worked out")
        DONE = "done", _("worked out")

    scope = models.CharField(max_length=10, choices=Scope.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="batches")
    """Whose families: those in its area."""
    partner_unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Only helpers of this unit are proposed."""
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="shortlists")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    day = models.DateField()
    """On which day the rules were asked."""
    seed = models.BigIntegerField(default=0)
    """Draws lots among equals."""
    digest = models.BinaryField(max_length=32, default=b"")
    """SHA-256 of the inputs that are kept, weights included."""
    inputs = models.BinaryField(default=b"")
    """The inputs themselves, packed and encrypted; of a shortlist only those of the helpers on it."""
    program = models.CharField(max_length=120, default="", blank=True)
    """Versions of what worked it out."""
    families = models.PositiveIntegerField(default=0)
    helpers = models.PositiveIntegerField(default=0)
    served = models.PositiveIntegerField(default=0)
    """Families for which somebody is proposed."""
    left_out = models.JSONField(default=dict, blank=True)
    """Rule → how often it kept a helper from a family."""
    actor = models.JSONField(default=dict)
    """Who asked for it."""
    done_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = BatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="batch_case")]

    @property
    def unit_path(self) -> str:
        """Whose families it is about, as a path."""
        return self.unit.path


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Proposals by who may see them."""

    def visible_to(self, user: Viewer) -> ProposalQuerySet:
        """Proposals for families in one's subtree."""
        return self.filter(in_subtree(user, "proposal.read", "case__unit_path"))


class Proposal(Record):
    """One helper proposed for one case, or nobody and why."""

    class State(models.TextChoices):
        OPEN = "open", _("proposed")
        ACCEPTED = "accepted", _("to be asked")
        OFFERED = "offered", _("asked")
        PASSED = "passed", _("no longer possible")

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="proposals")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="proposals")
    helper = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="proposals")
    place = models.PositiveIntegerField()
    """On a shortlist from the best, in a batch in the order of need; from 1."""
    score = models.PositiveSmallIntegerField(default=0)
    parts = models.JSONField(default=dict)
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    nobody_because = models.CharField(max_length=20, default="", blank=True)
    """none_fits or needed_elsewhere."""
    weighed = models.PositiveIntegerField(default=0)
    """How many helpers the rules left."""
    left_out = models.JSONField(default=dict, blank=True)
    """Rule → how many of the helpers looked at it ruled out."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    offer = models.ForeignKey(Offer, null=True, blank=True, on_delete=models.PROTECT, related_name="proposals")
    """What came of it."""

    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "place"], name="proposal_place_once")]
        indexes = [models.Index(fields=["case", "helper"], name="proposal_case")]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path
