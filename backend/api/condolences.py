"""Festival condolence: campaigns with their figures, the families on a list, and how their gifts were brought.

Plan, approval, locking and closing are work items (process `festival_condolence`); a village's deliveries are recorded
here, one or many at a time, and its work item is done when every family has a result.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.benefits import condolences, gifts, stock
from backend.benefits.condolences import GROUPS
from backend.benefits.gifts import Delivery
from backend.benefits.models import Condolence, Gift, Lot
from backend.cases.models import Family, Programme
from backend.core.errors import NotAllowed
from backend.funds import donations
from backend.funds.models import StockLot
from backend.org import codes
from backend.org.access import may
from backend.org.models import Unit
from workflows import condolences as campaigns
from workflows.steps import condolence_goods

MOST = 200
"""Gifts in one call."""
MOST_LOTS = 100
"""Lots of the store room that are offered."""


class CondolenceFilters(Filters):
    """What the list of campaigns is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Condolence.State.choices)
    festival = django_filters.CharFilter()
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: held there and below it.")


class CondolenceSerializer(RowSerializer[Condolence]):
    """A campaign. From `freeze_on` the list changes only with a reason and a second person."""

    unit = UnitRef()
    festival_name = serializers.SerializerMethodField()
    opened_by = serializers.CharField(source="opened_label")
    approved_by = serializers.CharField(source="approved_label")
    locked_by = serializers.CharField(source="locked_label")
    closed_by = serializers.CharField(source="closed_label")

    class Meta:
        model = Condolence
        fields = (
            "id", "unit", "festival", "festival_name", "festival_on", "budget", "standards", "goods", "freeze_on",
            "deliver_from", "close_on", "state", "opened_by", "approved_by", "locked_at", "locked_by", "closed_at",
            "closed_by", "version",
        )  # fmt: skip

    def get_festival_name(self, row: Condolence) -> str:
        """In the caller's language."""
        return codes.name("calendar_day", row.festival)


class FiguresOfCondolence(serializers.Serializer[Any]):
    """Families on the list, in numbers; `sum`: yuan of all gifts, `paid`: of those brought."""

    families = serializers.IntegerField()
    sum = serializers.IntegerField()
    delivered = serializers.IntegerField()
    paid = serializers.IntegerField()
    refused = serializers.IntegerField()
    undelivered = serializers.IntegerField()
    returned = serializers.IntegerField()
    planned = serializers.IntegerField()


class FiguresOfVillage(FiguresOfCondolence):
    """The same of one village."""

    unit = serializers.UUIDField(source="unit_id")
    name = serializers.CharField(source="unit__name")


class LotSerializer(RowSerializer[Lot]):
    """Goods that came together; `out`: taken for families; `from_store`: out of the store room, not bought for this."""

    from_store = serializers.SerializerMethodField()

    class Meta:
        model = Lot
        fields = ("id", "item", "number", "expires_on", "quantity", "out", "from_store")

    def get_from_store(self, row: Lot) -> bool:
        """Whether what is left goes back there."""
        return row.stock_lot is not None


class StoreLotSerializer(RowSerializer[StockLot]):
    """Goods in the store room. `donation`: the number of the one they came with; `limited_to`: the place it is for."""

    article = serializers.CharField(source="article.name")
    measure = serializers.CharField(source="article.measure")
    donation = serializers.SerializerMethodField()
    limited_to = serializers.SerializerMethodField()

    class Meta:
        model = StockLot
        fields = ("id", "article", "measure", "number", "expires_on", "left", "donation", "limited_to")

    def get_donation(self, row: StockLot) -> str:
        """Empty for what was bought."""
        given = donations.of_lot(row)
        return given.number if given else ""

    def get_limited_to(self, row: StockLot) -> str:
        """Empty when the donor set no place."""
        given = donations.of_lot(row)
        return given.limited_to.name if given and given.limited_to else ""


class BringSerializer(serializers.Serializer[Any]):
    """So many of a lot of the store room become this item of the gifts."""

    lot = serializers.UUIDField()
    item = serializers.CharField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class StatementSerializer(serializers.Serializer[Any]):
    """What may be published: totals; null where fewer than five families stand behind them."""

    families = serializers.IntegerField(allow_null=True)
    sum = serializers.IntegerField(allow_null=True)


class CondolenceInFullSerializer(CondolenceSerializer):
    """A campaign with its figures, as far as they concern the reader, and its goods."""

    is_frozen = serializers.SerializerMethodField()
    villages = serializers.SerializerMethodField()
    lots = LotSerializer(many=True)
    statement = serializers.SerializerMethodField()
    pending = serializers.SerializerMethodField()

    class Meta(CondolenceSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *CondolenceSerializer.Meta.fields, "is_frozen", "villages", "lots", "statement", "pending",
        )  # fmt: skip

    def get_is_frozen(self, row: Condolence) -> bool:
        """Whether changes need a second person."""
        return row.is_frozen(self.context["view"].now)

    @extend_schema_field(FiguresOfVillage(many=True))
    def get_villages(self, row: Condolence) -> list[dict[str, Any]]:
        """Village by village."""
        seen = Gift.objects.visible_to(self.context["view"].user)
        return [dict(FiguresOfVillage(each).data) for each in condolences.by_village(row, seen)]

    @extend_schema_field(StatementSerializer(allow_null=True))
    def get_statement(self, row: Condolence) -> dict[str, Any] | None:
        """Once the accounts are closed."""
        if row.state != Condolence.State.CLOSED:
            return None
        return condolences.statement(row, condolences.totals(row))

    def get_pending(self, row: Condolence) -> int:
        """Changes that wait for a second person."""
        return Gift.objects.visible_to(self.context["view"].user).filter(condolence=row).exclude(pending="").count()


class GiftSerializer(RowSerializer[Gift]):
    """A family on a list. `exclusion`: why it gets nothing; `no_photo`: no photograph is taken; `avoid_days` (MM-DD):
    nobody comes then."""

    family = FamilyOfItem()
    number = serializers.CharField(source="family.number")
    address = serializers.CharField(source="family.live_address")
    unit = UnitRef()
    recorded_by = serializers.CharField(source="recorded_label")
    pending_by = serializers.CharField(source="pending_label")

    class Meta:
        model = Gift
        fields = (
            "id", "condolence", "family", "number", "address", "unit", "group", "money", "goods", "manner",
            "visitor_kind", "visitor", "no_photo", "avoid_days", "exclusion", "rule", "pending", "pending_by",
            "change_reason", "planned_at", "state", "delivered_on", "received_by", "receipt", "proxy", "photo_agreed",
            "undelivered_reason", "tries", "recorded_by", "version",
        )  # fmt: skip


class OpenCondolenceSerializer(serializers.Serializer[Any]):
    """Which festival, where; with a programme only for its families."""

    unit = VisibleField(Unit)
    festival = serializers.CharField(max_length=40, help_text="A code of the list calendar_day.")
    festival_on = Day()
    programme = serializers.SlugRelatedField(
        slug_field="code", queryset=Programme.objects.all(), required=False, allow_null=True
    )


class NewLotSerializer(serializers.Serializer[Any]):
    """Goods that came in."""

    item = serializers.CharField(max_length=60, help_text="One of the campaign's goods.")
    number = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)
    expires_on = Day(required=False, allow_null=True, default=None)


class AddGiftSerializer(serializers.Serializer[Any]):
    """A family to be put on the list."""

    family = VisibleField(Family)
    group = serializers.ChoiceField(choices=[(group, group) for group in GROUPS])
    reason = Reason()


class GiftReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = Reason()


class PlannedSerializer(serializers.Serializer[Any]):
    """How many families got a time."""

    planned = serializers.IntegerField()


OPEN = OpenApiExample(
    "open",
    value={"unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "festival": "dragon_boat", "festival_on": "2027-06-09"},
    request_only=True,
)


@extend_schema_view(list=extend_schema(summary="Campaigns of festival condolence"))
class Condolences(Resource):
    """Festival condolence, campaign by campaign."""

    model = Condolence
    serializer_class = CondolenceSerializer
    filterset_class = CondolenceFilters
    related = ("unit",)
    orderings = {"festival_on": "festival_on"}
    ordering = "-festival_on"
    required_actions = {
        "list": "condolence.read",
        "retrieve": "condolence.read",
        "create": "condolence.write",
        "lots": "condolence.write",
        "store": "condolence.write",
        "bring": "condolence.write",
        "families": "condolence.write",
        "visits": "condolence.write",
    }

    @extend_schema(summary="One campaign", responses=CondolenceInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its villages, goods and figures."""
        return self._in_full(self.find())

    @extend_schema(
        summary="Begin a festival's condolence",
        request=OpenCondolenceSerializer,
        responses={201: CondolenceInFullSerializer},
        examples=[OPEN],
    )
    def create(self, request: Request) -> Response:
        """By hand; those of the parameter `condolence.lead_days` begin by themselves."""
        asked = self.given(OpenCondolenceSerializer)
        path = asked["unit"].path
        if not may(self.user, "condolence.write", path=path):
            raise NotAllowed
        row = campaigns.start_condolence(**asked, actor=self.actor("condolence.write", path), now=self.now)
        return self._in_full(row, status=201)

    @extend_schema(summary="Receive goods", request=NewLotSerializer, responses={201: CondolenceInFullSerializer})
    @action(detail=True, methods=["post"])
    def lots(self, request: Request, pk: str) -> Response:
        """A lot with its number, how long it lasts, and how many there are."""
        row = self.get_object()
        stock.receive_lot(condolence=row, **self.given(NewLotSerializer), actor=self._writer(row), now=self.now)
        return self._in_full(row, status=201)

    @extend_schema(summary="Goods of the store room that can be given", responses=StoreLotSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def store(self, request: Request, pk: str) -> Response:
        """Lots that last until the festival, bought or given for it; the soonest to expire first."""
        row = self.find()
        if not self.may_here(row):
            raise NotAllowed
        return Response(StoreLotSerializer(condolence_goods.available(row)[:MOST_LOTS], many=True).data)

    @extend_schema(
        summary="Bring goods out of the store room",
        request=BringSerializer,
        responses={201: CondolenceInFullSerializer},
    )
    @action(detail=True, methods=["post"])
    def bring(self, request: Request, pk: str) -> Response:
        """Donated goods keep their donor's limits; what is left goes back when the accounts are closed."""
        row = self.get_object()
        condolence_goods.bring(condolence=row, **self.given(BringSerializer), actor=self._writer(row), now=self.now)
        return self._in_full(row, status=201)

    @extend_schema(summary="Put a family on the list", request=AddGiftSerializer, responses={201: GiftSerializer})
    @action(detail=True, methods=["post"])
    def families(self, request: Request, pk: str) -> Response:
        """Once the list is frozen somebody else has to agree."""
        row = self.get_object()
        gift = campaigns.add_family(
            condolence=row, **self.given(AddGiftSerializer), actor=self._writer(row), now=self.now
        )
        return Response(GiftSerializer(gift, context=self.get_serializer_context()).data, status=201)

    @extend_schema(summary="Plan the visits", request=None, responses=PlannedSerializer)
    @action(detail=True, methods=["post"])
    def visits(self, request: Request, pk: str) -> Response:
        """A half day for each family that has none: within capacity, on no day of loss."""
        row = self.get_object()
        planned = gifts.plan_visits(condolence=row, actor=self._writer(row), now=self.now)
        return Response({"planned": planned})

    def _writer(self, row: Condolence) -> Any:
        return self.actor("condolence.write", row.unit.path)

    def _in_full(self, row: Condolence, status: int = 200) -> Response:
        context = self.get_serializer_context()
        return Response(CondolenceInFullSerializer(row, context=context).data, status=status)


class GiftFilters(Filters):
    """What the list of gifts is narrowed by."""

    condolence = django_filters.UUIDFilter(field_name="condolence_id")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: families there and below it.")
    family = django_filters.UUIDFilter(field_name="family_id")
    state = django_filters.ChoiceFilter(choices=Gift.State.choices)
    listed = YesNo(method="by_listed")
    pending = YesNo(method="by_pending")

    def by_listed(self, queryset: QuerySet[Gift], name: str, value: bool) -> QuerySet[Gift]:
        """On the list, or left out of it."""
        return queryset.filter(exclusion="") if value else queryset.exclude(exclusion="")

    def by_pending(self, queryset: QuerySet[Gift], name: str, value: bool) -> QuerySet[Gift]:
        """Whether a change waits for a second person."""
        return queryset.exclude(pending="") if value else queryset.filter(pending="")


class VisitorSerializer(serializers.Serializer[Any]):
    """Who goes to these families."""

    gifts = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)
    visitor = serializers.CharField(max_length=60)


class DeliverySerializer(serializers.Serializer[Any]):
    """How one visit ended."""

    gift = serializers.UUIDField()
    result = serializers.ChoiceField(choices=[each for each in Gift.State.choices if each[0] != Gift.State.LISTED])
    delivered_on = Day(required=False, allow_null=True, default=None)
    received_by = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    receipt = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    proxy = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    photo_agreed = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text="A code of the list gift_undelivered."
    )


class DeliveriesSerializer(serializers.Serializer[Any]):
    """Any number of visits, all of them or none."""

    rows = serializers.ListField(child=DeliverySerializer(), min_length=1, max_length=MOST)


class RecordedSerializer(serializers.Serializer[Any]):
    """How many were written."""

    recorded = serializers.IntegerField()


RECORD = OpenApiExample(
    "record",
    value={
        "rows": [
            {
                "gift": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c13", "result": "delivered", "delivered_on": "2027-06-02",
                "received_by": "self", "receipt": "thumbprint",
            },
            {"gift": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c14", "result": "undelivered", "reason": "away"},
        ]
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Families on the lists"), retrieve=extend_schema(summary="One family on a list")
)
class Gifts(Resource):
    """The families on a campaign's list, and how their gifts were brought."""

    model = Gift
    serializer_class = GiftSerializer
    filterset_class = GiftFilters
    related = ("family", "unit")
    orderings = {"planned_at": "planned_at", "place": "unit_path"}
    ordering = "place"
    required_actions = {
        "list": "condolence.read",
        "retrieve": "condolence.read",
        "remove": "condolence.write",
        "agree": ("condolence.approve", "condolence.write"),
        "decline": ("condolence.approve", "condolence.write"),
        "visitor": "condolence.write",
        "record": "condolence.deliver",
    }

    @extend_schema(summary="Take a family off the list", request=GiftReasonSerializer, responses=GiftSerializer)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, pk: str) -> Response:
        """Once the list is frozen somebody else has to agree."""
        row, reason = self.get_object(), self.given(GiftReasonSerializer)["reason"]
        gifts.remove(gift=row, reason=reason, actor=self.actor("condolence.write", row.unit_path), now=self.now)
        return self._again(row)

    @extend_schema(summary="Agree to a change of the frozen list", request=None, responses=GiftSerializer)
    @action(detail=True, methods=["post"])
    def agree(self, request: Request, pk: str) -> Response:
        """As somebody else than who asked for it."""
        row = self.get_object()
        gifts.agree(gift=row, actor=self._second(row), now=self.now)
        return self._again(row)

    @extend_schema(summary="Decline a change of the frozen list", request=None, responses=GiftSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """It stays as it was; whoever asked may take it back, too."""
        row = self.get_object()
        gifts.decline(gift=row, actor=self._second(row), now=self.now)
        return self._again(row)

    @extend_schema(summary="Name who goes", request=VisitorSerializer, responses=RecordedSerializer)
    @action(detail=False, methods=["post"])
    def visitor(self, request: Request) -> Response:
        """To several families of one campaign."""
        asked = self.given(VisitorSerializer)
        rows = list(self._mine("condolence.write").filter(pk__in=asked["gifts"]).select_related("condolence__unit"))
        gifts.name_visitor(gifts=rows, visitor=asked["visitor"], actor=self.actor("condolence.write"), now=self.now)
        return Response({"recorded": len(rows)})

    @extend_schema(
        summary="Record deliveries", request=DeliveriesSerializer, responses=RecordedSerializer, examples=[RECORD]
    )
    @action(detail=False, methods=["post"])
    def record(self, request: Request) -> Response:
        """One visit or two hundred, with the same number of statements; wrong in one, none is written."""
        told = [Delivery(**each) for each in self.given(DeliveriesSerializer)["rows"]]
        rows = gifts.record_deliveries(
            deliveries=told,
            gifts=self._mine("condolence.deliver"),
            actor=self.actor("condolence.deliver"),
            now=self.now,
        )
        return Response({"recorded": len(rows)})

    def _mine(self, what: str) -> QuerySet[Gift]:
        """Gifts where the caller may do this."""
        return Gift.objects.reached(self.user, what)

    def _second(self, row: Gift) -> Any:
        what = "condolence.approve" if may(self.user, "condolence.approve", path=row.unit_path) else "condolence.write"
        return self.actor(what, row.unit_path)

    def _again(self, row: Gift) -> Response:
        return Response(self.represent(self.get_queryset().get(pk=row.pk)))
