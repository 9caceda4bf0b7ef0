"""Stores and the charity shop (P10 C): what is there, what came in, a month's count, and the counter."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.budgets import OVER_REASON
from backend.api.fields import Day, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.funds import counts, shop, stock
from backend.funds.models import Article, CountLine, Redemption, StockCount, StockLot, Store
from backend.funds.shop import Basket
from backend.funds.stock import Goods, Source
from backend.ledger import budgets
from backend.ledger.accounts import account
from backend.ledger.models import Account
from workflows import stores as months

MOST = 200
"""Lots or articles in one call."""


class StockLotSerializer(RowSerializer[StockLot]):
    """Goods that came together; `value`: yuan for one."""

    class Meta:
        model = StockLot
        fields = ("id", "number", "expires_on", "value", "left")


class ArticleSerializer(RowSerializer[Article]):
    """An article with its lots that are not used up. `points`: what one costs at the counter; `low_at`: fewer than
    these are too little."""

    lots = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = ("id", "name", "measure", "points", "low_at", "left", "lots", "version")

    @extend_schema_field(StockLotSerializer(many=True))
    def get_lots(self, row: Article) -> list[dict[str, Any]]:
        """The soonest to expire first; those that have expired too."""
        return [dict(StockLotSerializer(lot).data) for lot in _lots(row)]

    def get_left(self, row: Article) -> int:
        """Pieces that can be given out today."""
        today = timezone.localdate()
        return sum(lot.left for lot in _lots(row) if lot.expires_on is None or lot.expires_on >= today)


class CountRef(RowSerializer[StockCount]):
    """A month of a store."""

    class Meta:
        model = StockCount
        fields = ("id", "month", "state")


class StoreSerializer(RowSerializer[Store]):
    """A store room or a charity shop."""

    unit = UnitRef()

    class Meta:
        model = Store
        fields = ("id", "unit", "kind", "is_open", "created_at")


class StoreInFullSerializer(StoreSerializer):
    """With its articles and its last months."""

    articles = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()

    class Meta(StoreSerializer.Meta):
        fields = (*StoreSerializer.Meta.fields, "articles", "counts")  # type: ignore[assignment]

    @extend_schema_field(ArticleSerializer(many=True))
    def get_articles(self, row: Store) -> list[dict[str, Any]]:
        """By name."""
        found = row.articles.order_by("name").prefetch_related("lots")
        return [dict(ArticleSerializer(each).data) for each in found]

    @extend_schema_field(CountRef(many=True))
    def get_counts(self, row: Store) -> list[dict[str, Any]]:
        """The last twelve."""
        return [dict(CountRef(each).data) for each in row.counts.order_by("-month")[:12]]


class NewGoodsSerializer(serializers.Serializer[Any]):
    """Goods that were bought for the store. `amount`: yuan, all of them. What is donated comes by its donation."""

    name = serializers.CharField(max_length=60)
    measure = serializers.CharField(max_length=12, help_text="A code of the list measure.")
    number = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    expires_on = Day(required=False, allow_null=True, default=None)
    over_reason = serializers.CharField(
        max_length=400, required=False, allow_blank=True, default="", help_text=OVER_REASON
    )


class ArticleRuleSerializer(serializers.Serializer[Any]):
    """What one costs in points (none: not redeemed), and from when on there is too little."""

    article = serializers.UUIDField()
    points = serializers.IntegerField(min_value=1, max_value=100_000, allow_null=True)
    low_at = serializers.IntegerField(min_value=0, max_value=1_000_000)


class PiecesSerializer(serializers.Serializer[Any]):
    """So many of an article."""

    article = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1000)


class BasketSerializer(serializers.Serializer[Any]):
    """What a family takes home for its points, and who signs."""

    family = VisibleField(Family)
    items = serializers.ListField(child=PiecesSerializer(), min_length=1, max_length=MOST)
    received_by = serializers.CharField(max_length=12, help_text="A code of the list gift_receiver.")
    receipt = serializers.CharField(max_length=12, help_text="A code of the list gift_receipt.")


class RedemptionSerializer(RowSerializer[Redemption]):
    """What a family took home."""

    family = FamilyOfItem()
    served_by = serializers.CharField(source="served_label")

    class Meta:
        model = Redemption
        fields = (
            "id", "number", "store", "family", "points", "items", "received_by", "receipt", "served_by", "created_at",
        )  # fmt: skip


class AskedFamilySerializer(serializers.Serializer[Any]):
    """Whose points are asked for."""

    family = VisibleField(Family)


class FamilyPointsSerializer(serializers.Serializer[Any]):
    """What a family can spend today."""

    family = FamilyOfItem()
    points = serializers.IntegerField()


class StoreFilters(Filters):
    """What the list of stores is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=Store.Kind.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: there and below it.")


@extend_schema_view(list=extend_schema(summary="Stores and charity shops"))
class Stores(Resource):
    """Store rooms and charity shops."""

    model = Store
    serializer_class = StoreSerializer
    filterset_class = StoreFilters
    related = ("unit",)
    required_actions = {
        "list": "stock.read",
        "retrieve": "stock.read",
        "goods": "stock.write",
        "article": "stock.write",
        "points": "shop.read",
        "redeem": "shop.write",
    }

    @extend_schema(summary="One store", responses=StoreInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its articles, lots and months."""
        return self._in_full(self.find())

    @extend_schema(summary="Take bought goods in", request=NewGoodsSerializer, responses={201: StoreInFullSerializer})
    @action(detail=True, methods=["post"])
    def goods(self, request: Request, pk: str) -> Response:
        """Out of the budget; whoever takes in does not count this month."""
        row, given = self.get_object(), self.given(NewGoodsSerializer)
        reason, told = given.pop("over_reason"), Goods(**given)
        amounts, day = {f"stock_{row.kind}": told.amount}, timezone.localdate(self.now)
        budgets.check(
            unit=row.unit, amounts=amounts, on=day, about=row, reason=reason, actor=self._writer(row), now=self.now
        )
        giver = account(kind=Account.Kind.BUDGET_LINE, unit=row.unit, code=f"stock_{row.kind}")
        stock.take_in(
            store=row, goods=told, source=Source("store", row.pk), giver=giver, actor=self._writer(row), now=self.now
        )
        return self._in_full(row, status=201)

    @extend_schema(summary="Set points and least stock", request=ArticleRuleSerializer, responses=StoreInFullSerializer)
    @action(detail=True, methods=["post"])
    def article(self, request: Request, pk: str) -> Response:
        """Of one article."""
        row, told = self.get_object(), self.given(ArticleRuleSerializer)
        found = row.articles.filter(pk=told.pop("article")).first()
        if found is None:
            raise NotAllowed
        stock.change_article(article=found, **told, actor=self._writer(row), now=self.now)
        return self._in_full(row)

    @extend_schema(summary="A family's points", parameters=[AskedFamilySerializer], responses=FamilyPointsSerializer)
    @action(detail=True, methods=["get"])
    def points(self, request: Request, pk: str) -> Response:
        """What it can spend today."""
        self.find()
        asked = AskedFamilySerializer(data=request.query_params, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        found = asked.validated_data["family"]
        left = shop.points_of(found, timezone.localdate(self.now))
        told = FamilyPointsSerializer({"family": found, "points": left}, context=self.get_serializer_context())
        return Response(told.data)

    @extend_schema(summary="Redeem points", request=BasketSerializer, responses={201: RedemptionSerializer})
    @action(detail=True, methods=["post"])
    def redeem(self, request: Request, pk: str) -> Response:
        """Goods for points, signed for at the counter."""
        row, told = self.get_object(), self.given(BasketSerializer)
        pieces = {each["article"]: each["quantity"] for each in told["items"]}
        basket = Basket(pieces=pieces, received_by=told["received_by"], receipt=told["receipt"])
        actor = self.actor("shop.write", row.unit.path)
        made = months.redeem(store=row, family=told["family"], basket=basket, actor=actor, now=self.now)
        return Response(RedemptionSerializer(made, context=self.get_serializer_context()).data, status=201)

    def _writer(self, row: Store) -> Any:
        return self.actor("stock.write", row.unit.path)

    def _in_full(self, row: Store, status: int = 200) -> Response:
        return Response(StoreInFullSerializer(row, context=self.get_serializer_context()).data, status=status)


class CountLineSerializer(RowSerializer[CountLine]):
    """What was counted of a lot, and what should have been there."""

    class Meta:
        model = CountLine
        fields = ("lot", "expected", "counted")


class StockCountSerializer(RowSerializer[StockCount]):
    """A store's month."""

    counted_by = serializers.CharField(source="counted_label")
    settled_by = serializers.CharField(source="settled_label")
    lines = CountLineSerializer(many=True)

    class Meta:
        model = StockCount
        fields = (
            "id", "store", "month", "state", "counted_by", "counted_at", "settled_by", "settled_at", "lines",
            "version",
        )  # fmt: skip


class NewLineSerializer(serializers.Serializer[Any]):
    """What was counted of one lot."""

    lot = serializers.UUIDField()
    counted = serializers.IntegerField(min_value=0, max_value=10_000_000)


class NewLinesSerializer(serializers.Serializer[Any]):
    """Any number of lots."""

    rows = serializers.ListField(child=NewLineSerializer(), min_length=1, max_length=MOST)


class StockCountFilters(Filters):
    """What the list of months is narrowed by."""

    store = django_filters.UUIDFilter(field_name="store_id")
    state = django_filters.ChoiceFilter(choices=StockCount.State.choices)


@extend_schema_view(
    list=extend_schema(summary="Months of stores"), retrieve=extend_schema(summary="One month of a store")
)
class StockCounts(Resource):
    """A store's months: what was counted lot by lot. Counting and settling are work items (`store_month`)."""

    model = StockCount
    serializer_class = StockCountSerializer
    filterset_class = StockCountFilters
    related = ("store__unit",)
    required_actions = {"list": "stock.read", "retrieve": "stock.read", "lines": "stock.write"}

    def get_queryset(self) -> QuerySet[Any]:
        """With their lines."""
        return super().get_queryset().prefetch_related("lines")

    @extend_schema(summary="Write down what was counted", request=NewLinesSerializer, responses=StockCountSerializer)
    @action(detail=True, methods=["post"])
    def lines(self, request: Request, pk: str) -> Response:
        """By somebody who took nothing in this month."""
        row = self.get_object()
        told = {each["lot"]: each["counted"] for each in self.given(NewLinesSerializer)["rows"]}
        actor = self.actor("stock.write", row.store.unit.path)
        counts.write_lines(count=row, counted=told, actor=actor, now=self.now)
        return Response(self.represent(self.get_queryset().get(pk=row.pk)))


class RedemptionFilters(Filters):
    """What the list of redemptions is narrowed by."""

    store = django_filters.UUIDFilter(field_name="store_id")
    family = django_filters.UUIDFilter(field_name="family_id")


@extend_schema_view(list=extend_schema(summary="What was redeemed"), retrieve=extend_schema(summary="One redemption"))
class Redemptions(Resource):
    """What families took home for points."""

    model = Redemption
    serializer_class = RedemptionSerializer
    filterset_class = RedemptionFilters
    related = ("family",)
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {"list": "shop.read", "retrieve": "shop.read"}


def _lots(row: Article) -> list[StockLot]:
    """Those with something left, from what was fetched with the article."""
    held = [lot for lot in row.lots.all() if lot.left]
    return sorted(held, key=lambda lot: (lot.expires_on is None, lot.expires_on or lot.created_at.date(), lot.pk))
