"""Donations (P10 A): offers, the families put forward, how shares were brought, and how all of it was used.

Checking the terms, receiving, deciding who gets it and telling the donor are work items (process `donation`). A donor's
name and contact are shown to whoever works on donations there, and to nobody else; never to families, never in public.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.sums import Summed
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family
from backend.core import prepared
from backend.core.errors import NotAllowed, NotFound
from backend.funds import allocations, donations, use_reports
from backend.funds.allocations import Handover
from backend.funds.donations import Giver, Offer
from backend.funds.models import Allocation, Donation, Donor, PurposeChange, UseReport
from backend.org.access import may
from backend.org.models import Unit
from workflows import donations as ways

MOST = 200
"""Shares in one call."""
DONOR = "donor"


class DonationFilters(Filters):
    """What the list of donations is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Donation.State.choices)
    kind = django_filters.ChoiceFilter(choices=Donation.Kind.choices)
    purpose = django_filters.CharFilter()
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: given there and below it.")
    q = django_filters.CharFilter(method="by_text", max_length=60, label="A number, its receipt's too, or the article.")

    def by_text(self, queryset: QuerySet[Donation], name: str, value: str) -> QuerySet[Donation]:
        """What people search; never the donor, who may want to be named nowhere."""
        text = value.strip()
        return queryset.filter(Q(number__icontains=text) | Q(receipt_number__icontains=text) | Q(item__icontains=text))


class DonorSerializer(RowSerializer[Donor]):
    """Who gives, as they want to be kept."""

    class Meta:
        model = Donor
        fields = ("kind", "name", "contact", "is_anonymous")


class PurposeChangeSerializer(RowSerializer[PurposeChange]):
    """Another use that the donor was asked for."""

    class Meta:
        model = PurposeChange
        fields = ("id", "purpose", "reason", "answer", "evidence", "answered_on", "created_at")


class DonationSerializer(RowSerializer[Donation]):
    """A donation. `amount`: yuan, of goods their value; `share`: what one family gets, yuan or pieces."""

    unit = UnitRef()
    limited_to = UnitRef(allow_null=True)
    received_by = serializers.CharField(source="taken_label")
    confirmed_by = serializers.CharField(source="confirmed_label")

    class Meta:
        model = Donation
        fields = (
            "id", "number", "unit", "kind", "state", "amount", "item", "measure", "quantity", "lot_number",
            "expires_on", "purpose", "limited_to", "share", "related_party", "refusal", "ends_on", "receipt_number",
            "received_on", "received_by", "confirmed_by", "seed", "told_on", "settled_on", "created_at", "version",
        )  # fmt: skip


class DonationInFullSerializer(DonationSerializer):
    """With the donor, for whoever works on it, and the other uses the donor was asked for."""

    donor = serializers.SerializerMethodField()
    purpose_changes = PurposeChangeSerializer(many=True)

    class Meta(DonationSerializer.Meta):
        fields = (*DonationSerializer.Meta.fields, DONOR, "purpose_changes")  # type: ignore[assignment]

    def get_donor(self, row: Donation) -> dict[str, Any] | None:
        """None for whoever only reads."""
        user = self.context["view"].user
        return dict(DonorSerializer(row.donor).data) if may(user, "donation.write", path=row.unit_path) else None


class OfferSerializer(serializers.Serializer[Any]):
    """What is offered, and by whom. Of goods: article, measure, number of the lot, how many, what they are worth."""

    unit = VisibleField(Unit)
    kind = serializers.ChoiceField(choices=Donation.Kind.choices)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    purpose = serializers.CharField(max_length=20, help_text="A code of the list donation_purpose.")
    share = serializers.DecimalField(max_digits=12, decimal_places=2)
    item = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    measure = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    quantity = serializers.IntegerField(min_value=0, max_value=10_000_000, required=False, default=0)
    lot_number = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    expires_on = Day(required=False, allow_null=True, default=None)
    limited_to = VisibleField(Unit, required=False, allow_null=True, default=None)
    terms = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")
    ends_on = Day(required=False, allow_null=True, default=None)
    donor_kind = serializers.CharField(max_length=12, help_text="A code of the list donor_kind.")
    donor_name = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    donor_contact = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    is_anonymous = serializers.BooleanField(required=False, default=False)


class PutForwardSerializer(serializers.Serializer[Any]):
    """A family; `conflict`: a relative of whoever decides, or of the donor."""

    family = VisibleField(Family)
    conflict = serializers.BooleanField(required=False, default=False)


class OtherUseSerializer(serializers.Serializer[Any]):
    """Another use, and why."""

    purpose = serializers.CharField(max_length=20, help_text="A code of the list donation_purpose.")
    reason = Reason()


class ConsentSerializer(serializers.Serializer[Any]):
    """What the donor answered, and by what it is shown."""

    agreed = serializers.BooleanField()
    evidence = serializers.CharField(max_length=200)


class AllocationSerializer(RowSerializer[Allocation]):
    """A family put forward: how decision D22 ranks it, and what became of its share."""

    family = FamilyOfItem()
    number = serializers.CharField(source="family.number")
    unit = UnitRef()
    delivered_by = serializers.CharField(source="delivered_label")

    class Meta:
        model = Allocation
        fields = (
            "id", "donation", "family", "number", "unit", "conflict", "need_score", "prior_aid", "aid_class",
            "aid_reason", "rule", "table_version", "rank", "share", "state", "delivered_by", "delivered_on",
            "received_by", "receipt", "undelivered_reason", "version",
        )  # fmt: skip


OFFER = OpenApiExample(
    "saplings",
    value={
        "unit": "0198a3c2-7a51-7cc0-8f6e-2d1f4b9a0c11", "kind": "goods", "amount": "12000.00", "purpose": "farming",
        "share": "100", "item": "枣树苗", "measure": "plant", "quantity": 6000, "lot_number": "ZS-1",
        "donor_kind": "company", "donor_name": "苗圃", "donor_contact": "",
    },
    request_only=True,
)  # fmt: skip


@extend_schema_view(list=extend_schema(summary="Donations"))
class Donations(Summed):
    """Donations, from the offer to the day when their use was told."""

    model = Donation
    serializer_class = DonationSerializer
    filterset_class = DonationFilters
    related = ("unit", "limited_to")
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": "donation.read",
        "retrieve": "donation.read",
        "sum": "donation.read",
        "create": "donation.write",
        "families": "donation.write",
        "withdraw": "donation.write",
        "other_use": "donation.write",
        "consent": "donation.write",
    }

    @extend_schema(summary="One donation", responses=DonationInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With its donor, for whoever works on it."""
        return self._in_full(self.find())

    @extend_schema(
        summary="Note an offer",
        request=OfferSerializer,
        responses={201: DonationInFullSerializer},
        examples=[OFFER],
    )
    def create(self, request: Request) -> Response:
        """Its way begins with the terms being checked."""
        asked = self.given(OfferSerializer)
        path = asked["unit"].path
        if not may(self.user, "donation.write", path=path):
            raise NotAllowed
        giver = Giver(
            kind=asked.pop("donor_kind"), name=asked.pop("donor_name"), contact=asked.pop("donor_contact"),
            is_anonymous=asked.pop("is_anonymous"),
        )  # fmt: skip
        actor = self.actor("donation.write", path)
        row = ways.offer(offered=Offer(**asked), giver=giver, actor=actor, now=self.now)
        return self._in_full(row, status=201)

    @extend_schema(summary="Put a family forward", request=PutForwardSerializer, responses={201: AllocationSerializer})
    @action(detail=True, methods=["post"])
    def families(self, request: Request, pk: str) -> Response:
        """Once it is here; decision D22 puts them in order."""
        row = self.get_object()
        made = allocations.put_forward(
            donation=row, **self.given(PutForwardSerializer), actor=self._writer(row), now=self.now
        )
        return Response(AllocationSerializer(made, context=self.get_serializer_context()).data, status=201)

    @extend_schema(summary="The donor withdraws", request=None, responses=DonationInFullSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """What came goes back, as long as it is not on its way to families (E23)."""
        row = self.get_object()
        ways.withdraw(donation=row, actor=self._writer(row), now=self.now)
        return self._in_full(row)

    @extend_schema(
        summary="Ask the donor for another use",
        request=OtherUseSerializer,
        responses={201: DonationInFullSerializer},
    )
    @action(detail=True, methods=["post"], url_path="other-use")
    def other_use(self, request: Request, pk: str) -> Response:
        """Nothing is allocated until the donor has answered (公益事业捐赠法 18)."""
        row = self.get_object()
        asked = self.given(OtherUseSerializer)
        donations.ask_for_other_use(donation=row, **asked, actor=self._writer(row), now=self.now)
        return self._in_full(row, status=201)

    @extend_schema(
        summary="Record what the donor answered", request=ConsentSerializer, responses=DonationInFullSerializer
    )
    @action(detail=True, methods=["post"])
    def consent(self, request: Request, pk: str) -> Response:
        """To the use that was asked for last; without consent it stays as it was."""
        row = self.get_object()
        change = row.purpose_changes.filter(answer=PurposeChange.Answer.ASKED).first()
        if change is None:
            raise NotFound
        donations.record_consent(change=change, **self.given(ConsentSerializer), actor=self._writer(row), now=self.now)
        return self._in_full(row)

    def _writer(self, row: Donation) -> Any:
        return self.actor("donation.write", row.unit.path)

    def _in_full(self, row: Donation, status: int = 200) -> Response:
        shown = prepared.found(Donation, row.pk, follow=("unit", "limited_to", "donor"))
        context = self.get_serializer_context()
        return Response(DonationInFullSerializer(shown, context=context).data, status=status)


class AllocationFilters(Filters):
    """What the list of families is narrowed by."""

    donation = django_filters.UUIDFilter(field_name="donation_id")
    state = django_filters.ChoiceFilter(choices=Allocation.State.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: families there and below it.")


class HandoverSerializer(serializers.Serializer[Any]):
    """How it ended with one family."""

    allocation = serializers.UUIDField()
    result = serializers.ChoiceField(choices=[("delivered", "delivered"), ("returned", "returned")])
    delivered_on = Day(required=False, allow_null=True, default=None)
    received_by = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    receipt = serializers.CharField(max_length=12, required=False, allow_blank=True, default="")
    reason = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text="A code of the list gift_undelivered."
    )


class HandoversSerializer(serializers.Serializer[Any]):
    """Any number of shares, all of them or none."""

    rows = serializers.ListField(child=HandoverSerializer(), min_length=1, max_length=MOST)


class HandedOverSerializer(serializers.Serializer[Any]):
    """How many were written."""

    recorded = serializers.IntegerField()


@extend_schema_view(
    list=extend_schema(summary="Families of donations"), retrieve=extend_schema(summary="One family of a donation")
)
class Allocations(Resource):
    """The families put forward for donations, and how their shares were brought."""

    model = Allocation
    serializer_class = AllocationSerializer
    filterset_class = AllocationFilters
    related = ("family", "unit")
    orderings = {"rank": "rank", "place": "unit_path"}
    ordering = "place"
    required_actions = {"list": "donation.read", "retrieve": "donation.read", "record": "donation.deliver"}

    @extend_schema(
        summary="Record how shares were brought", request=HandoversSerializer, responses=HandedOverSerializer
    )
    @action(detail=False, methods=["post"])
    def record(self, request: Request) -> Response:
        """By somebody else than who chose the families."""
        told = [Handover(**each) for each in self.given(HandoversSerializer)["rows"]]
        rows = allocations.record_handovers(
            handovers=told,
            allocations=Allocation.objects.reached(self.user, "donation.deliver"),
            actor=self.actor("donation.deliver"),
            now=self.now,
        )
        return Response({"recorded": len(rows)})


class UseReportFilters(Filters):
    """What the list of reports is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=UseReport.Kind.choices)
    donation = django_filters.UUIDFilter(field_name="donation_id")
    published = YesNo(field_name="published_on", lookup_expr="isnull", exclude=True)


class UseReportSerializer(RowSerializer[UseReport]):
    """A report. `totals` are frozen when it is published: yuan, and families where there are at least five."""

    unit = UnitRef()
    published_by = serializers.CharField(source="published_label")

    class Meta:
        model = UseReport
        fields = (
            "id", "unit", "donation", "kind", "from_date", "to_date", "due_on", "totals", "published_on",
            "published_by",
        )  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Reports on the use of donations"), retrieve=extend_schema(summary="One report")
)
class UseReports(Resource):
    """How donations were used: yearly, quarterly for long projects, at the end; totals only."""

    model = UseReport
    serializer_class = UseReportSerializer
    filterset_class = UseReportFilters
    related = ("unit",)
    orderings = {"due_on": "due_on"}
    ordering = "-due_on"
    required_actions = {"list": "donation.read", "retrieve": "donation.read", "publish": "donation.write"}

    @extend_schema(summary="Publish a report", request=None, responses=UseReportSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """Its totals are taken and frozen."""
        row = self.get_object()
        path = row.unit.path
        if not may(self.user, "donation.write", path=path):
            raise NotAllowed
        done = use_reports.publish(report=row, actor=self.actor("donation.write", path), now=self.now)
        return Response(self.represent(done))
