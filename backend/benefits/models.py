"""Festival condolence (P09, F15): a festival's campaign, the families on its list with what each gets, and the goods.

A family gets one gift for a festival, whatever programmes and campaigns it is in: the database holds that.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Family, Programme
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_line, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class CondolenceQuerySet(models.QuerySet["Condolence"]):
    """Campaigns by who may see them."""

    def visible_to(self, user: Viewer) -> CondolenceQuerySet:
        """Those at, below and above the places where the user reads condolence: a village sees its township's."""
        return self.filter(in_line(user, "condolence.read", "unit__path"))


class Condolence(Record):
    """One festival's condolence of one township: who gets what, within which budget, by when."""

    class State(models.TextChoices):
        PLANNING = "planning", _("being planned")
        LISTING = "listing", _("list being checked")
        LOCKED = "locked", _("list locked")
        DELIVERING = "delivering", _("being brought")
        CLOSED = "closed", _("accounts closed")
        DROPPED = "dropped", _("not held")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    programme = models.ForeignKey(Programme, null=True, on_delete=models.PROTECT, related_name="+")
    """Only families with a case in this programme; none: all families of the unit."""
    festival = models.CharField(max_length=40)
    """A code of the list calendar_day."""
    festival_on = models.DateField()
    budget = models.PositiveIntegerField(default=0)
    """Yuan, gifts of money only."""
    standards = models.JSONField(default=dict)
    """Group of decision D21 → yuan per family."""
    goods = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    """What each family gets one of, beside the money."""
    freeze_on = models.DateField()
    """From this day on the list changes only with a reason and a second person."""
    deliver_from = models.DateField()
    close_on = models.DateField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNING)
    opened_label = models.CharField(max_length=140)
    approved_label = models.CharField(max_length=140, default="", blank=True)
    locked_at = models.DateTimeField(null=True)
    locked_label = models.CharField(max_length=140, default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_label = models.CharField(max_length=140, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = CondolenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "festival", "festival_on", "programme"],
                condition=~Q(state="dropped"),
                nulls_distinct=False,
                name="condolence_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.festival_on.isoformat()}"

    @property
    def unit_path(self) -> str:
        """Where it is held, as a path."""
        return self.unit.path

    @property
    def eve(self) -> date:
        """The last day on which gifts are brought."""
        return date.fromordinal(self.festival_on.toordinal() - 1)

    def is_frozen(self, now: datetime) -> bool:
        """Whether the list changes only with a reason and a second person: locked, or its day has come."""
        return self.state not in {self.State.PLANNING, self.State.LISTING} or self.freeze_on <= timezone.localdate(now)


class GiftQuerySet(models.QuerySet["Gift"]):
    """Gifts by who may see them."""

    def visible_to(self, user: Viewer) -> GiftQuerySet:
        """Those of families in the subtree where the user reads condolence."""
        return self.reached(user, "condolence.read")

    def reached(self, user: Viewer, action: str) -> GiftQuerySet:
        """Those of families in the subtree where the user may do this."""
        return self.filter(in_subtree(user, action, "unit_path"))

    def listed(self) -> GiftQuerySet:
        """Those on the list; the others tell why a family is not."""
        return self.filter(exclusion="")


class Gift(Record):
    """A family on a campaign's list, or why it is not; what it gets, in which manner; how it was brought."""

    class State(models.TextChoices):
        LISTED = "listed", _("to be brought")
        DELIVERED = "delivered", _("brought")
        REFUSED = "refused", _("refused by the family")
        UNDELIVERED = "undelivered", _("not met")
        RETURNED = "returned", _("put back")

    class Manner(models.TextChoices):
        USUAL = "usual", _("visit")
        QUIET = "quiet", _("quiet visit: no drums, no cameras")
        PHONE = "phone", _("by telephone; the gift by the known contact")

    class Pending(models.TextChoices):
        ADD = "add", _("to be added")
        REMOVE = "remove", _("to be taken off")

    condolence = models.ForeignKey(Condolence, on_delete=models.PROTECT, related_name="gifts", db_index=False)
    festival = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="gifts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    """The family's village when the list was made."""
    unit_path = models.CharField(max_length=200, db_collation="C")
    group = models.CharField(max_length=12, default="", blank=True)
    """special, hardship, mother, elder (decision D21)."""
    money = models.PositiveIntegerField(default=0)
    """Yuan, by transfer where there is an account."""
    goods = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    manner = models.CharField(max_length=8, choices=Manner.choices, default=Manner.USUAL)
    visitor_kind = models.CharField(max_length=12, default="", blank=True)
    """leader, village: who goes (decision D21)."""
    no_photo = models.BooleanField(default=True)
    """No photograph is taken: a quiet family, or one that has not agreed to photographs."""
    avoid_days = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    """MM-DD of days of loss: nobody comes then."""
    exclusion = models.CharField(max_length=16, default="", blank=True)
    """Why the family is not on the list (code list gift_exclusion); empty: it is."""
    rule = models.CharField(max_length=40, default="", blank=True)
    """The rule of D21 that fired; `by_hand` for a family that somebody added."""
    table_version = models.CharField(max_length=16, default="", blank=True)
    pending = models.CharField(max_length=8, choices=Pending.choices, default="", blank=True)
    pending_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    pending_label = models.CharField(max_length=140, default="", blank=True)
    change_reason = EncryptedText(default="", blank=True)
    """Why it was added or taken off by hand."""
    planned_at = models.DateTimeField(null=True)
    visitor = models.CharField(max_length=60, default="", blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.LISTED)
    delivered_on = models.DateField(null=True)
    received_by = models.CharField(max_length=12, default="", blank=True)
    """A code of the list gift_receiver: who took it."""
    receipt = models.CharField(max_length=12, default="", blank=True)
    """A code of the list gift_receipt: how it was confirmed."""
    proxy = EncryptedText(default="", blank=True)
    photo_agreed = models.BooleanField(default=False)
    undelivered_reason = models.CharField(max_length=20, default="", blank=True)
    """A code of the list gift_undelivered."""
    tries = models.PositiveSmallIntegerField(default=0)
    recorded_label = models.CharField(max_length=140, default="", blank=True)
    lots = ArrayField(models.UUIDField(), default=list, blank=True)
    """The lots its goods were taken from."""
    version = models.PositiveIntegerField(default=1)

    objects = GiftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["condolence", "family"], name="gift_row_once"),
            models.UniqueConstraint(fields=["family", "festival", "year"], condition=Q(exclusion=""), name="gift_once"),
        ]
        indexes = [models.Index(fields=["condolence", "unit", "id"], name="gift_village")]

    def __str__(self) -> str:
        return self.family.label


class Lot(Record):
    """Goods of one kind that came together: what is left of them, and until when they are good."""

    condolence = models.ForeignKey(Condolence, on_delete=models.PROTECT, related_name="lots")
    item = models.CharField(max_length=60)
    """One of the campaign's goods."""
    number = models.CharField(max_length=40)
    """As printed on the goods."""
    expires_on = models.DateField(null=True)
    quantity = models.PositiveIntegerField()
    out = models.PositiveIntegerField(default=0)
    """Taken for families and not put back."""
    received_label = models.CharField(max_length=140)
    stock_lot = models.UUIDField(null=True)
    """The lot of the store room that it was taken from; none: it was bought for this campaign."""
    worth = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    """Yuan that all of it was worth in the store room's books."""
    limited_path = models.CharField(max_length=200, db_collation="C", default="", blank=True)
    """Only for families below this place, when the donor wanted that."""
    settled = models.BooleanField(default=False)
    """What was left of it is in the store room again."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["condolence", "item", "number", "stock_lot"], nulls_distinct=False, name="lot_once"
            ),
            models.CheckConstraint(condition=Q(out__lte=F("quantity")), name="lot_left"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.number}"

    @property
    def unit_path(self) -> str:
        """Where it is kept, as a path."""
        return self.condolence.unit.path
