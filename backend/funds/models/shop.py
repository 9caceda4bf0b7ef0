"""The charity shop (爱心超市, G11): points that families get by rule, and what they redeem them for at the counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from backend.cases.models import Family
from backend.core.models import Record
from backend.funds.models.stock import Store
from backend.org.access import in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class PointGrantQuerySet(models.QuerySet["PointGrant"]):
    """Points by who may see them."""

    def visible_to(self, user: Viewer) -> PointGrantQuerySet:
        """Those of families in the subtree where the user reads the shop."""
        return self.filter(in_subtree(user, "shop.read", "family__unit__path"))


class PointGrant(Record):
    """Points that a family got by one rule for one period; spent the soonest to lapse first."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="point_grants", db_index=False)
    rule = models.CharField(max_length=20)
    """A code of the list points_rule."""
    period = models.CharField(max_length=10)
    """Year or month it is for: once for each."""
    points = models.PositiveIntegerField()
    left = models.PositiveIntegerField()
    expires_on = models.DateField()
    """The last day on which they are worth something."""

    objects = PointGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "rule", "period"], name="point_grant_once"),
            models.CheckConstraint(condition=Q(left__lte=F("points")), name="point_grant_left"),
        ]

    def __str__(self) -> str:
        return f"{self.family.label} {self.points}"


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    """Redemptions by who may see them."""

    def visible_to(self, user: Viewer) -> RedemptionQuerySet:
        """Those of families in the subtree where the user reads the shop."""
        return self.filter(in_subtree(user, "shop.read", "family__unit__path"))


class Redemption(Record):
    """What a family took home for its points, signed for at the counter."""

    number = models.CharField(max_length=40, unique=True)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="redemptions")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    points = models.PositiveIntegerField()
    items = models.JSONField(default=list)
    """[{article, name, measure, quantity, points}] as redeemed."""
    received_by = models.CharField(max_length=12)
    """A code of the list gift_receiver."""
    receipt = models.CharField(max_length=12)
    """A code of the list gift_receipt."""
    served_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    served_label = models.CharField(max_length=140)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(points__gt=0), name="redemption_positive")]
        indexes = [models.Index(fields=["store", "created_at", "id"], name="redemption_store")]

    def __str__(self) -> str:
        return self.number
