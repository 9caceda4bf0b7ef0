"""Payables: what is owed to whom, whether it was received, and what waits for the next payment batch.

They come from the processes that confirm a right; a new account is a work item (process `returned_payment`).
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Reason, RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.sums import Summed
from backend.cases.masks import found_family
from backend.org import codes
from backend.payments import payables
from backend.payments.models import Batch, Payable, PayableQuerySet
from backend.payments.programmes import programme_name
from workflows import payments

UNPAID = ("open", "batched", "returned", "checking")


class PayableFilters(Filters):
    """What the list of payables is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Payable.State.choices)
    programme = django_filters.CharFilter(max_length=40)
    period = django_filters.CharFilter(max_length=20)
    person = django_filters.UUIDFilter(field_name="person_id")
    family = django_filters.UUIDFilter(field_name="person__family_id")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: paid there and below it.")
    payee = django_filters.CharFilter(field_name="payee_label", lookup_expr="startswith", max_length=60)
    q = django_filters.CharFilter(
        method="by_text",
        max_length=60,
        label="How the payee's name begins, initials of a family's member, a number.",
    )
    held = YesNo(method="by_held")
    not_received = YesNo(method="by_not_received")
    without_account = YesNo(method="by_without_account")
    overdue = YesNo(method="by_overdue")

    def by_text(self, queryset: QuerySet[Payable], name: str, value: str) -> QuerySet[Payable]:
        """What people search."""
        text = value.strip()
        family = found_family(self.request.user, text, timezone.localdate(), "person__family__")
        found = Q(payee_label__startswith=text) | family
        period, _dash, end = text.rpartition("-")
        if period and end:  # what people quote, see Payable.number
            found |= Q(period=period, id__endswith=end.lower())
        return queryset.filter(found)

    def by_held(self, queryset: QuerySet[Payable], name: str, value: bool) -> QuerySet[Payable]:
        """Stopped, or not."""
        return queryset.filter(is_held=value)

    def by_not_received(self, queryset: QuerySet[Payable], name: str, value: bool) -> QuerySet[Payable]:
        """Returned by the bank and not paid since."""
        returned = Q(state__in=(Payable.State.RETURNED, Payable.State.CHECKING))
        return queryset.filter(returned) if value else queryset.exclude(returned)

    def by_without_account(self, queryset: QuerySet[Payable], name: str, value: bool) -> QuerySet[Payable]:
        """There is no account to pay to."""
        return queryset.filter(account_tail="") if value else queryset.exclude(account_tail="")

    def by_overdue(self, queryset: QuerySet[Payable], name: str, value: bool) -> QuerySet[Payable]:
        """Not received, and the last day has passed."""
        overdue = PayableQuerySet.is_overdue(timezone.localdate())
        return queryset.filter(overdue) if value else queryset.exclude(overdue)


class PayableSerializer(RowSerializer[Payable]):
    """An amount owed. `account`: its last digits; `state`: `paid` is only what the bank says it paid."""

    number = serializers.CharField()
    unit = UnitRef()
    payee = serializers.CharField(source="payee_label")
    account = serializers.CharField(source="account_tail")
    proposed_account = serializers.CharField(source="proposed_tail")
    proposed_by = serializers.CharField(source="proposed_label")
    programme_name = serializers.SerializerMethodField()
    purpose_name = serializers.SerializerMethodField()
    family = serializers.UUIDField(source="person.family_id", allow_null=True, default=None)
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = Payable
        fields = (
            "id", "number", "unit", "payee", "family", "account", "proposed_account", "proposed_by", "amount",
            "purpose", "purpose_name", "programme", "programme_name", "period", "basis", "is_adjustment", "due_on",
            "pay_by", "overdue", "is_held", "state", "created_at", "version",
        )  # fmt: skip

    def get_programme_name(self, row: Payable) -> str:
        """In the caller's language."""
        return programme_name(row.programme)

    def get_overdue(self, row: Payable) -> bool:
        """Whether its last day has passed and it was not received."""
        return row.is_overdue_on(timezone.localdate())

    def get_purpose_name(self, row: Payable) -> str:
        """In the caller's language."""
        return codes.name("payment_purpose", row.purpose)


class TryOfPayable(serializers.Serializer[Any]):
    """One line of a batch that was to pay it."""

    batch = serializers.UUIDField(source="readable", allow_null=True, help_text="Null for one that you may not read.")
    batch_number = serializers.CharField(source="batch.number")
    account = serializers.CharField(source="account_tail")
    state = serializers.CharField()
    answered_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField()


class PayableInFullSerializer(PayableSerializer):
    """A payable with every try to pay it."""

    tries = TryOfPayable(source="told_tries", many=True)

    class Meta(PayableSerializer.Meta):
        fields = (*PayableSerializer.Meta.fields, "tries")  # type: ignore[assignment]


class PayableReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = Reason()


class AccountNumberSerializer(serializers.Serializer[Any]):
    """The account in full."""

    account_number = serializers.CharField()


class DueSerializer(serializers.Serializer[Any]):
    """What one unit owes in one programme: `ready` would be in a batch drawn up now."""

    unit = UnitRef()
    programme = serializers.CharField()
    programme_name = serializers.CharField()
    ready = serializers.IntegerField()
    ready_sum = serializers.DecimalField(max_digits=14, decimal_places=2)
    held = serializers.IntegerField()
    without_account = serializers.IntegerField()
    not_received = serializers.IntegerField()
    overdue = serializers.IntegerField()


@extend_schema_view(list=extend_schema(summary="What is owed to whom"))
class Payables(Summed):
    """Amounts owed, and whether they were received."""

    model = Payable
    serializer_class = PayableSerializer
    filterset_class = PayableFilters
    related = ("unit", "person")
    orderings = {"created_at": "created_at"}
    ordering = "-created_at"
    required_actions = {
        "list": "payable.read",
        "retrieve": "payable.read",
        "due": "payable.read",
        "sum": "payable.read",
        "hold": "payable.hold",
        "reveal": "payable.reveal",
    }

    def place_of(self, row: Payable) -> str:
        """The paying unit's place: who stops a payment or reads an account works there or above."""
        return row.unit.path

    @extend_schema(summary="One payable", responses=PayableInFullSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With every try to pay it."""
        return self._in_full(self.find())

    @extend_schema(summary="What waits for a batch", responses=DueSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def due(self, request: Request) -> Response:
        """By paying unit and programme: ready, stopped, without an account, returned by the bank, past the last day."""
        today = timezone.localdate(self.now)
        ready = Q(state="open", is_held=False) & ~Q(account_tail="") & (Q(due_on=None) | Q(due_on__lte=today))
        grouped = (
            self.get_queryset()
            .filter(state__in=UNPAID)
            .order_by("unit__path", "programme")
            .values("unit", "unit__name", "programme")
            .annotate(
                ready=Count("pk", filter=ready),
                ready_sum=Sum("amount", filter=ready, default=0),
                held=Count("pk", filter=Q(is_held=True)),
                without_account=Count("pk", filter=Q(account_tail="")),
                not_received=Count("pk", filter=Q(state__in=("returned", "checking"))),
                overdue=Count("pk", filter=PayableQuerySet.is_overdue(today)),
            )
        )
        rows = [
            {
                **row,
                "unit": {"id": row["unit"], "name": row["unit__name"]},
                "programme_name": programme_name(row["programme"]),
            }
            for row in grouped
        ]
        return Response(DueSerializer(rows, many=True).data)

    @extend_schema(summary="Stop it, or let it go", request=PayableReasonSerializer, responses=PayableInFullSerializer)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """An objection, a death report: no batch takes it until it is let go."""
        row = self.get_object()
        actor = self.actor("payable.hold", row.unit.path)
        payments.hold(payable=row, reason=self.given(PayableReasonSerializer)["reason"], actor=actor, now=self.now)
        return self._in_full(self.find())

    @extend_schema(
        summary="See the account in full", request=PayableReasonSerializer, responses=AccountNumberSerializer
    )
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, pk: str) -> Response:
        """Needs a reason; history tells who looked."""
        row = self.get_object()
        reason = self.given(PayableReasonSerializer)["reason"]
        actor = self.actor("payable.reveal", row.unit.path)
        number = payables.reveal_account(payable=row, reason=reason, actor=actor, now=self.now)
        return Response({"account_number": number})

    def _in_full(self, row: Payable) -> Response:
        seen = When(batch__in=Batch.objects.visible_to(self.user), then=F("batch_id"))
        tries = row.transfers.select_related("batch").annotate(readable=Case(seen)).order_by("created_at", "id")
        row.told_tries = tries  # type: ignore[attr-defined]
        return Response(PayableInFullSerializer(row, context=self.get_serializer_context()).data)
