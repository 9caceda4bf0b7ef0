"""Small loans: asked for here and repaid here; recommended, decided, signed and looked after as work items."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.budgets import OVER_REASON
from backend.api.fields import Day, PersonRef, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree
from backend.api.resource import Resource
from backend.cases.models import Family, Person
from backend.core.errors import NotAllowed
from backend.funds import loan_fund
from backend.funds.loans import Request as LoanRequest
from backend.funds.models import Instalment, Loan, LoanCheck, LoanQuerySet, Repayment
from backend.org.access import may
from backend.org.models import Unit, UnitQuerySet, User
from backend.services.models import Referral
from workflows.loans import ask, repay


class Yuan(serializers.DecimalField):
    """An amount of money: a text with two places, never a floating number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, **kwargs)


class LoanFilters(Filters):
    """What the list of loans is narrowed by."""

    state = django_filters.ChoiceFilter(choices=Loan.State.choices)
    family = django_filters.UUIDFilter(field_name="family_id")
    overdue = django_filters.BooleanFilter(field_name="is_overdue", label="Something of it should have come back.")
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: loans of families there.")


class LoanSerializer(RowSerializer[Loan]):
    """A loan as lists show it. What the family owes elsewhere, and who stands for it, is told in the work items."""

    family = serializers.UUIDField(source="family_id")
    unit = UnitRef()
    borrower = PersonRef()
    outstanding = Yuan()
    next_due_on = serializers.DateField(allow_null=True)
    is_overdue = serializers.BooleanField()

    class Meta:
        model = Loan
        fields = (
            "id", "number", "family", "unit", "borrower", "project", "asked", "principal", "months", "state",
            "outstanding", "next_due_on", "is_overdue", "paid_on", "version",
        )  # fmt: skip


class InstalmentSerializer(RowSerializer[Instalment]):
    """One part of a plan."""

    class Meta:
        model = Instalment
        fields = (
            "plan", "number", "due_on", "principal", "interest", "paid_principal", "paid_interest", "state",
        )  # fmt: skip


class RepaymentSerializer(RowSerializer[Repayment]):
    """What came back."""

    recorded_by = serializers.CharField(source="recorded_label")

    class Meta:
        model = Repayment
        fields = ("id", "amount", "on", "receipt_number", "recorded_by")


class LoanCheckSerializer(RowSerializer[LoanCheck]):
    """A look at its use."""

    checked_by = serializers.CharField(source="checked_label")

    class Meta:
        model = LoanCheck
        fields = ("month", "due_on", "done_on", "use", "needs_help", "checked_by")


class LoanDetailSerializer(LoanSerializer):
    """A loan with its plan, its checks and what came back."""

    instalments = serializers.SerializerMethodField()
    checks = serializers.SerializerMethodField()
    repayments = serializers.SerializerMethodField()
    asked_by = serializers.CharField(source="asked_label")
    recommended_by = serializers.CharField(source="recommended_label")
    guaranteed_by = serializers.CharField(source="guaranteed_label")
    decided_by = serializers.CharField(source="decided_label")
    signed_by = serializers.CharField(source="signed_label")

    class Meta(LoanSerializer.Meta):
        fields = (
            *LoanSerializer.Meta.fields, "purpose", "referral_id", "asked_by", "recommended_by", "guaranteed_by",
            "votes_for", "votes_against", "recused", "advice", "advice_reason", "advised", "advised_months",
            "interest", "decided_by", "reason", "contract_number", "signed_on", "signed_by", "payable_id",
            "instalments", "checks", "repayments",
        )  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(InstalmentSerializer(many=True))
    def get_instalments(self, loan: Loan) -> Any:
        """All plans, the newest last."""
        return InstalmentSerializer(loan.instalments.order_by("plan", "number"), many=True).data

    @extend_schema_field(LoanCheckSerializer(many=True))
    def get_checks(self, loan: Loan) -> Any:
        """In the order of their months."""
        return LoanCheckSerializer(loan.checks.order_by("month"), many=True).data

    @extend_schema_field(RepaymentSerializer(many=True))
    def get_repayments(self, loan: Loan) -> Any:
        """The oldest first."""
        return RepaymentSerializer(loan.repayments.order_by("on", "id"), many=True).data


class LoanRequestSerializer(serializers.Serializer[Any]):
    """What a family asks for."""

    family = VisibleField(Family)
    borrower = VisibleField(Person, help_text="A grown-up of the family.")
    project = serializers.CharField(max_length=20, help_text="A code of the list loan_project.")
    purpose = serializers.CharField(max_length=1000)
    asked = Yuan(help_text="Yuan, within the area's limits.")
    kin = VisibleField(User, required=False, allow_null=True, help_text="A relative in the offices: has no hand in it.")
    referral = VisibleField(
        Referral, required=False, allow_null=True, help_text="To a department, for the same project (W18)."
    )


class RepaymentEntrySerializer(serializers.Serializer[Any]):
    """What came back, by its receipt."""

    amount = Yuan(min_value=0)
    on = Day()
    receipt_number = serializers.CharField(max_length=40)


@extend_schema_view(
    list=extend_schema(summary="Loans"),
    retrieve=extend_schema(summary="One loan", responses=LoanDetailSerializer),
)
class Loans(Resource):
    """Small loans of families; nobody sees a relative's."""

    model = Loan
    serializer_class = LoanSerializer
    filterset_class = LoanFilters
    related = ("unit", "borrower")
    required_actions = {
        "list": "loan.read",
        "retrieve": "loan.read",
        "create": "loan.write",
        "repay": "loan.repay",
    }

    def get_queryset(self) -> LoanQuerySet:
        """With what is owed today."""
        rows: LoanQuerySet = super().get_queryset()  # type: ignore[assignment]
        return rows.with_balance(timezone.localdate(self.now))

    def get_serializer_class(self) -> type[LoanSerializer]:
        """A list without what belongs to one loan."""
        return LoanSerializer if self.action == "list" else LoanDetailSerializer

    @extend_schema(summary="Ask for a loan", request=LoanRequestSerializer, responses={201: LoanDetailSerializer})
    def create(self, request: Request) -> Response:
        """The village says first what it thinks of it."""
        given = self.given(LoanRequestSerializer)
        referral = given.pop("referral", None)
        path = given["family"].unit.path
        if not may(self.user, "loan.write", path=path):
            raise NotAllowed
        asked = LoanRequest(**given, referral_id=referral.pk if referral else None)
        loan = ask(request=asked, actor=self.actor("loan.write", path), now=self.now)
        return Response(self._again(loan.pk), status=201)

    @extend_schema(summary="Record a repayment", request=RepaymentEntrySerializer, responses=LoanDetailSerializer)
    @action(detail=True, methods=["post"])
    def repay(self, request: Request, pk: UUID) -> Response:
        """The oldest instalment first; the fund can lend it again."""
        loan: Loan = self.get_object()
        actor = self.actor("loan.repay", loan.unit_path)
        repay(loan=loan, **self.given(RepaymentEntrySerializer), actor=actor, now=self.now)
        return Response(self._again(pk))

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self.represent(self.get_queryset().get(pk=pk))


class FundSerializer(serializers.Serializer[Any]):
    """A county's revolving fund: what it can lend now, and what is lent."""

    unit = UnitRef()
    holds = Yuan()
    lent = Yuan()


class EndowmentSerializer(serializers.Serializer[Any]):
    """Money that the fund is given."""

    unit = VisibleField(Unit)
    amount = Yuan(min_value=1)
    basis = serializers.CharField(max_length=200, help_text="The decision that says so: each endows once.")
    over_reason = serializers.CharField(
        max_length=400, required=False, allow_blank=True, default="", help_text=OVER_REASON
    )


class LoanFunds(Resource):
    """The revolving funds that loans come from and go back to."""

    model = Unit
    serializer_class = FundSerializer
    pagination_class = None
    required_actions = {"list": "loan_fund.read", "create": "loan_fund.write"}

    def get_queryset(self) -> UnitQuerySet:
        """Counties above and below the places where the caller reads loans' funds."""
        if getattr(self, "swagger_fake_view", False):
            return Unit.objects.none()
        return Unit.objects.visible_to(self.user).filter(kind=Unit.Kind.COUNTY)

    @extend_schema(summary="Funds", responses=FundSerializer(many=True))
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Each county's."""
        return Response([_fund(unit) for unit in self.get_queryset().order_by("path")[:200]])

    @extend_schema(summary="Endow a fund", request=EndowmentSerializer, responses={201: FundSerializer})
    def create(self, request: Request) -> Response:
        """By a decision; the same decision again changes nothing."""
        given = self.given(EndowmentSerializer)
        unit: Unit = given["unit"]
        if unit.kind != Unit.Kind.COUNTY or not may(self.user, "loan_fund.write", path=unit.path):
            raise NotAllowed
        actor = self.actor("loan_fund.write", unit.path)
        loan_fund.endow(**given, actor=actor, now=self.now)
        return Response(_fund(unit), status=201)


def _fund(unit: Unit) -> dict[str, Any]:
    told = {"unit": unit, "holds": loan_fund.holds(unit), "lent": loan_fund.lent(unit)}
    return dict(FundSerializer(told).data)
