"""Pairings: dated spells of a helper with a family."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from backend.cases.models import Case, Family, Programme
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models.helpers import Helper, HelperKind
from backend.helpers.models.offers import Offer
from backend.org.access import granting, in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class PairingQuerySet(models.QuerySet["Pairing"]):
    """Pairings by who may see them and by day."""

    def on(self, day: date) -> PairingQuerySet:
        """Those in force on that day."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)

    def from_day(self, day: date) -> PairingQuerySet:
        """Those in force that day or to begin later: each takes one of the helper's places."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day) & Q(to_date__gt=F("from_date")))

    def visible_to(self, user: Viewer) -> PairingQuerySet:
        """Pairings of families in one's subtree, and one's own as a helper."""
        condition = in_subtree(user, "pairing.read", "family__unit__path")
        if granting(user, "own.pairing.read"):
            condition |= Q(helper__user_id=user.pk)
        return self.filter(condition)


class Pairing(Record):
    """One dated spell of one helper with one family (F06): from a day (included) to a day (excluded).

    Spells are never deleted and never reopened: the same two again are a new spell.
    """

    number = models.CharField(max_length=40, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pairings")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="pairings")
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="pairings")
    kind = models.ForeignKey(HelperKind, on_delete=models.PROTECT, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    planned_end = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    """The day by which the year with this helper is reviewed."""
    offer = models.OneToOneField(Offer, null=True, blank=True, on_delete=models.PROTECT, related_name="pairing")
    start_reason = models.CharField(max_length=40, default="chosen")
    end_reason = models.CharField(max_length=40, default="", blank=True)
    agreement = models.JSONField(default=dict, blank=True)
    accompanied = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_label = models.CharField(max_length=120, default="")
    handover = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = PairingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="pairing_dates"
            ),
            # The same two cannot have two spells at once, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="pairing_no_overlap",
                expressions=[
                    ("family", RangeOperators.EQUAL),
                    ("helper", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("to_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["helper", "to_date"], name="pairing_helper"),
            models.Index(fields=["family", "to_date"], name="pairing_family"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path
