"""The ledger, read only: accounts with what is in them, entries with their lines, and the trial balance of a place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import DecimalField, Prefetch, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.errors import parameter_error
from backend.api.fields import RowSerializer, UnitRef
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.ledger.balances import trial_balance
from backend.ledger.models import Account, Entry, EntryLine
from backend.ledger.names import account_name
from backend.org import codes
from backend.org.access import in_subtree
from backend.org.models import Unit

YUAN: Mapping[str, Any] = {"max_digits": 16, "decimal_places": 2}


class AccountFilters(Filters):
    """What the list of accounts is narrowed by."""

    kind = django_filters.ChoiceFilter(choices=Account.Kind.choices)
    code = django_filters.CharFilter(max_length=60)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: accounts of it and those below it.")


class LedgerAccountSerializer(RowSerializer[Account]):
    """An account. `holder`: an id that tells nothing by itself; `balance`: yuan that are there."""

    unit = UnitRef()
    kind_name = serializers.CharField(source="get_kind_display")
    code_name = serializers.SerializerMethodField()
    balance = serializers.DecimalField(**YUAN)

    class Meta:
        model = Account
        fields = ("id", "unit", "kind", "kind_name", "code", "code_name", "holder", "balance")

    def get_code_name(self, row: Account) -> str:
        """In the caller's language."""
        return account_name(row.code)


class TrialRowSerializer(serializers.Serializer[Any]):
    """The accounts of one kind, unit and code together, in yuan."""

    unit = UnitRef()
    kind = serializers.CharField()
    kind_name = serializers.SerializerMethodField()
    code = serializers.CharField()
    code_name = serializers.SerializerMethodField()
    accounts = serializers.IntegerField()
    arrived = serializers.DecimalField(**YUAN)
    left = serializers.DecimalField(**YUAN)
    balance = serializers.DecimalField(**YUAN)

    def get_kind_name(self, row: Any) -> str:
        """In the caller's language."""
        return str(Account.Kind(row.kind).label)

    def get_code_name(self, row: Any) -> str:
        """In the caller's language."""
        return account_name(row.code)


@extend_schema_serializer(many=False)
class TrialBalanceSerializer(serializers.Serializer[Any]):
    """A place's accounts at the end of a day. What arrived is what left, for no entry is kept that does not balance."""

    unit = UnitRef()
    on = serializers.DateField(allow_null=True)
    rows = TrialRowSerializer(many=True)
    arrived = serializers.DecimalField(**YUAN)
    left = serializers.DecimalField(**YUAN)
    is_balanced = serializers.BooleanField()


@extend_schema_view(list=extend_schema(summary="Accounts of the ledger"))
class LedgerAccounts(Resource):
    """Where yuan are."""

    model = Account
    serializer_class = LedgerAccountSerializer
    filterset_class = AccountFilters
    related = ("unit",)
    required_actions = {"list": "ledger.read", "retrieve": "ledger.read", "trial_balance": "ledger.read"}

    def get_queryset(self) -> QuerySet[Account]:
        """With what is in each."""
        nothing = Value(0, output_field=DecimalField(**YUAN))
        rows: QuerySet[Account] = super().get_queryset()
        return rows.annotate(balance=Coalesce(Sum("lines__amount"), nothing))

    @extend_schema(summary="One account")
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Its entries are those of `ledger-entries/?account=`."""
        return Response(self.represent(self.find()))

    @extend_schema(
        summary="Trial balance",
        responses=TrialBalanceSerializer,
        filters=False,
        parameters=[
            OpenApiParameter("unit", str, description="Id or code. Default: where the caller works."),
            OpenApiParameter("on", date, description="At the end of that day. Default: now."),
        ],
    )
    @action(detail=False, methods=["get"], url_path="trial-balance", pagination_class=None)
    def trial_balance(self, request: Request) -> Response:
        """A unit and everything below it, account by account."""
        if unknown := set(request.query_params) - {"unit", "on"}:
            raise parameter_error(min(unknown)[:40], "unknown_parameter", _("There is no such parameter."))
        unit, on = self._unit(), self._day()
        found = trial_balance(unit, on, accounts=Account.objects.visible_to(self.user))
        told = {"unit": unit, "on": on, **{name: getattr(found, name) for name in _TOLD}}
        return Response(TrialBalanceSerializer(told).data)

    def _unit(self) -> Unit:
        """The unit asked for, else the caller's topmost. Raises Http404."""
        asked = self.request.query_params.get("unit", "")[:40]
        units = Unit.objects.filter(in_subtree(self.user, "ledger.read", "path"))
        if asked:
            units = units.filter(Q(code=asked) | Q(pk__in=_ids(asked)))
        found = units.order_by("path").first()
        if found is None:
            raise Http404
        return found

    def _day(self) -> date | None:
        asked = self.request.query_params.get("on", "")
        try:
            return date.fromisoformat(asked) if asked else None
        except ValueError as error:
            raise parameter_error("on", "invalid", _("This is no day.")) from error


def _ids(text: str) -> list[UUID]:
    """The id that the text is, if it is one."""
    try:
        return [UUID(text)]
    except ValueError:
        return []


_TOLD = ("rows", "arrived", "left", "is_balanced")


class EntryFilters(Filters):
    """What the list of entries is narrowed by."""

    account = django_filters.UUIDFilter(method="by_account")
    kind = django_filters.CharFilter(max_length=30)
    reference = django_filters.CharFilter(field_name="reference_id", max_length=40)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: entries made there and below it.")

    def by_account(self, queryset: QuerySet[Entry], name: str, value: Any) -> QuerySet[Entry]:
        """With a line in this account."""
        return queryset.filter(pk__in=EntryLine.objects.filter(account=value).values("entry"))


class LedgerEntryLineSerializer(serializers.Serializer[Any]):
    """What arrived in an account; negative: what left it."""

    account = serializers.UUIDField(source="account_id")
    kind = serializers.CharField(source="account.kind")
    kind_name = serializers.CharField(source="account.get_kind_display")
    code = serializers.CharField(source="account.code")
    code_name = serializers.SerializerMethodField()
    amount = serializers.DecimalField(**YUAN)

    def get_code_name(self, line: EntryLine) -> str:
        """In the caller's language."""
        return account_name(line.account.code)


class LedgerEntrySerializer(RowSerializer[Entry]):
    """An entry: it is never changed; `reverses` is the entry that it takes back."""

    unit = UnitRef()
    kind_name = serializers.SerializerMethodField()
    by = serializers.CharField(source="actor_label")
    reverses = serializers.UUIDField(source="reverses_id", allow_null=True)
    lines = LedgerEntryLineSerializer(many=True)

    class Meta:
        model = Entry
        fields = (
            "id", "on", "unit", "kind", "kind_name", "reference_kind", "reference_id", "basis", "reason", "reverses",
            "by", "created_at", "lines",
        )  # fmt: skip

    def get_kind_name(self, row: Entry) -> str:
        """In the caller's language."""
        return codes.name("ledger_entry", row.kind)


@extend_schema_view(
    list=extend_schema(summary="Entries of the ledger"), retrieve=extend_schema(summary="One entry of the ledger")
)
class LedgerEntries(Resource):
    """Movements of yuan between accounts."""

    model = Entry
    serializer_class = LedgerEntrySerializer
    filterset_class = EntryFilters
    related = ("unit",)
    orderings = {"on": "on"}
    ordering = "-on"
    required_actions = {"list": "ledger.read", "retrieve": "ledger.read"}

    def get_queryset(self) -> QuerySet[Entry]:
        """With their lines."""
        lines = EntryLine.objects.select_related("account").order_by("id")
        rows: QuerySet[Entry] = super().get_queryset()
        return rows.prefetch_related(Prefetch("lines", queryset=lines))
