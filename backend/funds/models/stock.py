"""Goods that are kept: stores, articles, lots, and every move of them (P10, G11, G27, S15, Q17).

What is left of a lot is the sum of its moves: a trigger keeps it (migration 0001), nothing else writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.models import Record
from backend.org.access import in_line
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class StoreQuerySet(models.QuerySet["Store"]):
    """Stores by who may see them."""

    def visible_to(self, user: Viewer) -> StoreQuerySet:
        """Those at, below and above the places where the user reads stock: a village sees its township's shop."""
        return self.filter(in_line(user, "stock.read", "unit__path"))


class Store(Record):
    """A place where goods are kept: a unit's store room, or its charity shop (爱心超市)."""

    class Kind(models.TextChoices):
        ROOM = "room", _("store room")
        SHOP = "shop", _("charity shop")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    is_open = models.BooleanField(default=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "kind"], name="store_once")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.get_kind_display()}"

    @property
    def unit_path(self) -> str:
        """Where it is, as a path."""
        return self.unit.path


class ArticleQuerySet(models.QuerySet["Article"]):
    """Articles by who may see them."""

    def visible_to(self, user: Viewer) -> ArticleQuerySet:
        """Those of stores that the user sees."""
        return self.filter(store__in=Store.objects.visible_to(user))


class Article(Record):
    """A kind of goods in a store: what it is counted in, what it costs in points, when there is too little of it."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="articles", db_index=False)
    name = models.CharField(max_length=60)
    measure = models.CharField(max_length=12)
    """A code of the list measure."""
    points = models.PositiveIntegerField(null=True)
    """What one costs at the counter; none: not redeemed for points."""
    low_at = models.PositiveIntegerField(default=0)
    """Fewer than these: to be restocked; 0: never asked for."""
    version = models.PositiveIntegerField(default=1)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "name"], name="article_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """Where it is kept, as a path."""
        return self.store.unit.path


class StockLot(Record):
    """Goods of one article that came together: until when they are good, what one is worth, what is left."""

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="lots", db_index=False)
    number = models.CharField(max_length=40)
    """As printed on the goods, or the donation's number."""
    expires_on = models.DateField(null=True)
    value = models.DecimalField(max_digits=12, decimal_places=4)
    """Yuan for one; four places, so that a lot's whole value comes out right to the fen."""
    left = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="stock_lot_once"),
            models.CheckConstraint(condition=Q(left__gte=0), name="stock_lot_left"),
        ]

    def __str__(self) -> str:
        return f"{self.article.name} {self.number}"

    @property
    def unit_path(self) -> str:
        """Where it is kept, as a path."""
        return self.article.unit_path


class StockMove(Record):
    """One move of goods, in (above zero) or out (below): only added to, never changed."""

    class Reason(models.TextChoices):
        RECEIVED = "received", _("came in")
        ISSUED = "issued", _("given to a family")
        WITHDRAWN = "withdrawn", _("given back to the donor")
        REDEEMED = "redeemed", _("redeemed at the counter")
        COUNTED = "counted", _("difference found by counting")
        HANDED = "handed", _("handed over to a festival's gifts")

    lot = models.ForeignKey(StockLot, on_delete=models.PROTECT, related_name="moves", db_index=False)
    quantity = models.IntegerField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    on_date = models.DateField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    """Yuan, above zero what came in; as in the ledger."""
    source_kind = models.CharField(max_length=20, default="", blank=True)
    source_id = models.UUIDField(null=True)
    """Donation, allocation, redemption, count … that it belongs to."""
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    by_label = models.CharField(max_length=140)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_move_moves")]
        indexes = [
            models.Index(fields=["lot", "created_at", "id"], name="stock_move_lot"),
            models.Index(fields=["source_id"], name="stock_move_source"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+}"


class StockCountQuerySet(models.QuerySet["StockCount"]):
    """Counts by who may see them."""

    def visible_to(self, user: Viewer) -> StockCountQuerySet:
        """Those of stores that the user sees."""
        return self.filter(store__in=Store.objects.visible_to(user))


class StockCount(Record):
    """A month's count of a store. Who took goods in since the last one does not count, who counted does not settle."""

    class State(models.TextChoices):
        OPEN = "open", _("the month runs")
        COUNTED = "counted", _("counted, differences to be settled")
        CLOSED = "closed", pgettext_lazy("count", "settled")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="counts")
    month = models.DateField()
    """Its first day."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    counted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    counted_label = models.CharField(max_length=140, default="", blank=True)
    counted_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    settled_label = models.CharField(max_length=140, default="", blank=True)
    settled_at = models.DateTimeField(null=True)
    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = StockCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "month"], name="stock_count_once"),
            models.CheckConstraint(condition=Q(counted_by=None) | Q(settled_by=None) | ~Q(settled_by=F("counted_by")),
                                   name="stock_count_four_eyes"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.store} {self.month:%Y-%m}"

    @property
    def unit_path(self) -> str:
        """Where it is, as a path."""
        return self.store.unit.path


class CountLine(Record):
    """What was counted of one lot, and what should have been there at that moment."""

    count = models.ForeignKey(StockCount, on_delete=models.PROTECT, related_name="lines", db_index=False)
    lot = models.ForeignKey(StockLot, on_delete=models.PROTECT, related_name="+")
    expected = models.PositiveIntegerField()
    counted = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["count", "lot"], name="count_line_once")]

    def __str__(self) -> str:
        return f"{self.lot}: {self.counted}"

    @property
    def difference(self) -> int:
        """Counted less expected."""
        return self.counted - self.expected
