"""Successions: a spell whose end is known, and who comes next."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.helpers.models.pairings import Pairing


class Succession(Record):
    """The known end of one spell and the search for whoever follows (P02: 60, 30 and 7 days before).

    Where a helper or a unit goes is nobody's business: there is no field for it.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("under way")
        HANDED_OVER = "handed_over", _("handed over")
        GAP = "gap", _("nobody yet")
        STOPPED = "stopped", _("stopped")

    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="successions")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="successions")
    ends_on = models.DateField()
    """The first day on which the spell is not in force any more."""
    reason = models.CharField(max_length=40)
    """Why it ends: a code of the list helper_end_reason."""
    named = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who is asked first. Asked, not assigned."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    successor = models.ForeignKey(Pairing, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The spell that follows, once both sides have agreed."""
    closed_at = models.DateTimeField(null=True, blank=True)
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process; only an address."""

    class Meta:
        constraints = [
            # At most one at a time for a spell, however many begin it at the same moment.
            models.UniqueConstraint(fields=["pairing"], condition=Q(state="running"), name="succession_once"),
        ]

    def __str__(self) -> str:
        return self.pairing.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path
