"""The yearly review of a village's subsidies (P07): is everybody alive, and has anything changed (F12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User
from backend.subsidies.models.entitlements import Entitlement

if TYPE_CHECKING:
    from backend.org.access import Viewer


class AnnualReviewQuerySet(models.QuerySet["AnnualReview"]):
    """Reviews by who may see them."""

    def visible_to(self, user: Viewer) -> AnnualReviewQuerySet:
        """Those of villages in one's subtree."""
        return self.filter(in_subtree(user, "annual_review.read", "unit__path"))

    def counted(self) -> AnnualReviewQuerySet:
        """Each with how many people are to be checked (`listed`), were checked (`done`), and of whom something is
        reported to have changed (`changes`)."""
        return self.annotate(
            listed=Count("checks", filter=~Q(checks__state=ReviewCheck.State.LEFT_OUT)),
            done=Count("checks", filter=Q(checks__state__in=CHECKED)),
            changes=Count("checks", filter=Q(checks__state=ReviewCheck.State.CHANGED)),
        )


class AnnualReview(Record):
    """One village's review of one year; its days are the parameter's on the day on which it began."""

    class State(models.TextChoices):
        OPEN = "open", _("being checked")
        CLOSED = "closed", _("review closed")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="annual_reviews")
    """The village."""
    year = models.PositiveSmallIntegerField()
    opens_on = models.DateField()
    warn_on = models.DateField()
    closes_on = models.DateField()
    """The last day; the supervisor can give more time."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_label = models.CharField(max_length=140)
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    """Checks by state as they stood when it was closed."""
    instance_id = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AnnualReviewQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "year"], name="annual_review_once")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.year}"

    @property
    def unit_path(self) -> str:
        """Where it is held, as a path."""
        return self.unit.path


class ReviewCheckQuerySet(models.QuerySet["ReviewCheck"]):
    """Checks by who may see them."""

    def visible_to(self, user: Viewer) -> ReviewCheckQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "annual_review.read", "unit_path"))


class ReviewCheck(Record):
    """One person's entitlement in a review: how somebody made sure that they are alive, and what changed (F12)."""

    class State(models.TextChoices):
        TODO = "todo", _("to be checked")
        ALIVE = "alive", _("alive, nothing changed")
        CHANGED = "changed", _("a change is reported")
        HELD = "held", _("not checked: payments held")
        LEFT_OUT = "left_out", _("ended meanwhile")

    class Method(models.TextChoices):
        HOME = "home", _("at home")
        PHONE = "phone", _("by telephone")
        VIDEO = "video", _("by video call")
        STATEMENT = "statement", _("certified statement")

    review = models.ForeignKey(AnnualReview, on_delete=models.PROTECT, related_name="checks", db_index=False)
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="checks")
    unit_path = models.CharField(max_length=200, db_collation="C")
    state = models.CharField(max_length=8, choices=State.choices, default=State.TODO)
    method = models.CharField(max_length=10, choices=Method.choices, default="", blank=True)
    checked_on = models.DateField(null=True, blank=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=140, default="", blank=True)
    document = models.CharField(max_length=80, default="", blank=True)
    """Who certified the statement, and its number (a consulate, a notary, another county's office)."""
    note = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ReviewCheckQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "entitlement"], name="review_check_once"),
            models.CheckConstraint(condition=~Q(method="statement") | ~Q(document=""), name="review_check_document"),
            models.CheckConstraint(
                condition=~Q(state="alive") | Q(checked_by__isnull=False, checked_on__isnull=False) & ~Q(method=""),
                name="review_check_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["review", "state", "id"], name="review_check_review")]

    def __str__(self) -> str:
        return self.entitlement.number


CHECKED = (ReviewCheck.State.ALIVE, ReviewCheck.State.CHANGED)
"""Somebody knows how it stands."""
