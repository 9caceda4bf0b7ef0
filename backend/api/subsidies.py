"""Subsidies: applications taken in, objected to and withdrawn here; reviewed and decided as work items (process
`subsidy_application`). What is declared of children, and what the tables make of it, stays in the work items."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Day, Reason, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo, seen_unit
from backend.api.resource import Resource
from backend.api.sums import Summed
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.masks import found_family
from backend.cases.models import Family, Person
from backend.core.errors import NotAllowed
from backend.org import codes
from backend.org.access import granting, may
from backend.org.models import Unit
from backend.org.roles import ADMINISTRATORS
from backend.subsidies import standards
from backend.subsidies.applications import Intake
from backend.subsidies.decisions import letter
from backend.subsidies.models import Application, Entitlement, Rate, Stage, Standard
from backend.subsidies.rules import Children
from backend.subsidies.standards import NewStandard
from workflows import subsidies

KIND = "A code of the list subsidy_kind."
SEARCHED = "A member's name or the initials of its pinyin, number, address."


class StageSerializer(RowSerializer[Stage]):
    """What a level found; its opinion is read in the work items."""

    reviewer = serializers.CharField(source="reviewer_label")

    class Meta:
        model = Stage
        fields = (
            "level", "reviewer", "reviewed_on", "agrees", "participants", "recused", "votes_for", "votes_against",
            "home_checked_on", "notice_digest", "public_from", "public_until", "no_objection",
        )  # fmt: skip


class SubsidyApplicationSerializer(RowSerializer[Application]):
    """An application as lists show it."""

    unit = UnitRef()
    family = FamilyOfItem()
    kind_name = serializers.SerializerMethodField()
    applicant = serializers.CharField(source="person.name")
    recorded_by = serializers.CharField(source="recorded_label")
    decided_by = serializers.CharField(source="decided_label")

    class Meta:
        model = Application
        fields = (
            "id", "number", "kind", "kind_name", "year", "unit", "family", "applicant", "channel", "declared_on",
            "state", "stage", "is_related", "recorded_by", "decided_by", "decided_on", "told_on", "version",
        )  # fmt: skip

    def get_kind_name(self, row: Application) -> str:
        """In the caller's language."""
        return codes.name("subsidy_kind", row.kind)


class SubsidyApplicationInFullSerializer(SubsidyApplicationSerializer):
    """With its papers, levels and, where it was refused, the letter."""

    stages = serializers.SerializerMethodField()
    letter = serializers.SerializerMethodField()

    class Meta(SubsidyApplicationSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *SubsidyApplicationSerializer.Meta.fields, "assisted_by", "account_tail", "papers", "missing",
            "corrected_by", "true_on", "reason", "stages", "letter",
        )  # fmt: skip

    @extend_schema_field(StageSerializer(many=True))
    def get_stages(self, row: Application) -> list[dict[str, Any]]:
        """The levels in their order."""
        return list(StageSerializer(row.stages.order_by("created_at", "id"), many=True, context=self.context).data)

    def get_letter(self, row: Application) -> list[str]:
        """Paragraphs of the written refusal; none while it is not refused."""
        return letter(row)


class ChildrenSerializer(serializers.Serializer[Any]):
    """What the programme's conditions ask, and nothing more; kept encrypted."""

    state = serializers.ChoiceField(choices=["dead", "disabled", "living"])
    ever = serializers.IntegerField(min_value=0, max_value=20, help_text="Born and adopted.")
    living = serializers.IntegerField(min_value=0, max_value=20)
    girls_only = serializers.BooleanField(default=False)
    certificate = serializers.CharField(max_length=60, allow_blank=True, default="")
    certificate_on = Day(required=False, allow_null=True, default=None)
    grade = serializers.IntegerField(min_value=0, max_value=4, default=0)
    card_until = Day(required=False, allow_null=True, default=None)
    single = serializers.BooleanField(default=False, help_text="Divorced or widowed.")
    both_rural = serializers.BooleanField(default=True)


class SubsidyIntakeSerializer(serializers.Serializer[Any]):
    """Who applies for what."""

    kind = serializers.CharField(max_length=30, help_text=KIND)
    family = VisibleField(Family)
    person = VisibleField(Person)
    spouse = VisibleField(Person, required=False, allow_null=True)
    year = serializers.IntegerField(required=False, help_text="Without it the one that can be applied for now.")
    channel = serializers.ChoiceField(choices=Application.Channel.choices)
    assisted_by = serializers.CharField(max_length=80, allow_blank=True, default="")
    children = ChildrenSerializer()
    account = serializers.CharField(max_length=40, allow_blank=True, default="")
    declared_on = Day()
    papers = serializers.ListField(child=serializers.CharField(max_length=30), default=list, max_length=20)
    relatives = serializers.ListField(
        child=serializers.CharField(max_length=60),
        default=list,
        max_length=20,
        help_text="Accounts of colleagues who are relatives: they have no hand in it.",
    )


class SubsidyObjectionSerializer(serializers.Serializer[Any]):
    """What somebody objects; kept encrypted for whoever looks into it."""

    text = serializers.CharField(max_length=2000)
    channel = serializers.CharField(max_length=20, default="window", help_text="A code of the list grievance_channel.")
    objector = serializers.CharField(max_length=60, allow_blank=True, default="")
    contact = serializers.CharField(max_length=60, allow_blank=True, default="")


class SubsidyWithdrawalSerializer(serializers.Serializer[Any]):
    """Why the family takes it back."""

    reason = Reason()


class SubsidyApplicationFilters(Filters):
    """What the list is narrowed by."""

    kind = django_filters.CharFilter()
    year = django_filters.NumberFilter()
    state = django_filters.ChoiceFilter(choices=Application.State.choices)
    family = django_filters.UUIDFilter(field_name="family_id")
    unit = Subtree(field_name="unit_path", label="Id or code of a unit: applied for there or below it.")
    q = django_filters.CharFilter(method="by_text", max_length=60, label=SEARCHED)

    def by_text(self, queryset: QuerySet[Application], name: str, value: str) -> QuerySet[Application]:
        """What people search."""
        family = found_family(self.request.user, value, timezone.localdate(), "family__")
        return queryset.filter(Q(number=value.strip()) | family)


@extend_schema_view(
    list=extend_schema(summary="Applications for subsidies"),
    retrieve=extend_schema(summary="One application", responses=SubsidyApplicationInFullSerializer),
)
class SubsidyApplications(Resource):
    """Applications; what waits for somebody is a work item."""

    model = Application
    serializer_class = SubsidyApplicationSerializer
    filterset_class = SubsidyApplicationFilters
    related = ("family", "person", "unit")
    orderings = {"declared_on": "declared_on"}
    ordering = "-id"
    required_actions = {
        "list": "subsidy.read",
        "retrieve": "subsidy.read",
        "create": "subsidy.write",
        "object_to": "subsidy.write",
        "withdraw": "subsidy.withdraw",
    }

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """With what each level found."""
        return Response(self._in_full(self.get_object()))

    @extend_schema(
        summary="Apply", request=SubsidyIntakeSerializer, responses={201: SubsidyApplicationInFullSerializer}
    )
    def create(self, request: Request) -> Response:
        """By the person, the family, or by the village on their behalf. Whoever records it decides nothing of it."""
        given = self.given(SubsidyIntakeSerializer)
        family = given["family"]
        path = family.unit.path
        if not may(self.user, "subsidy.write", path=path):
            raise NotAllowed
        said = given.pop("children")
        days = {name: said[name].isoformat() if said[name] else "" for name in ("certificate_on", "card_until")}
        year = given.pop("year", None) or subsidies.programme_year(path=path, day=timezone.localdate(self.now))
        recused = subsidies.relatives(usernames=given.pop("relatives"), family=family)
        intake = Intake(**given, year=year, children=Children(**{**said, **days}), recused=recused)
        row = subsidies.apply(intake=intake, actor=self.actor("subsidy.write", path), now=self.now)
        return Response(self._again(row.pk), status=201)

    @extend_schema(
        summary="Object to it", request=SubsidyObjectionSerializer, responses=SubsidyApplicationInFullSerializer
    )
    @action(detail=True, methods=["post"], url_path="object")
    def object_to(self, request: Request, pk: UUID) -> Response:
        """While it is public; this application waits until somebody independent has looked into it."""
        row: Application = self.get_object()
        by = self.actor("subsidy.write", row.unit_path)
        subsidies.object_to(application=row, **self.given(SubsidyObjectionSerializer), actor=by, now=self.now)
        return Response(self._again(pk))

    @extend_schema(
        summary="Withdraw it", request=SubsidyWithdrawalSerializer, responses=SubsidyApplicationInFullSerializer
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Because the family wants so; they can apply again."""
        row: Application = self.get_object()
        reason = self.given(SubsidyWithdrawalSerializer)["reason"]
        by = self.actor("subsidy.withdraw", row.unit_path)
        subsidies.withdraw(application=row, reason=reason, actor=by, now=self.now)
        return Response(self._again(pk))

    def _again(self, pk: UUID) -> dict[str, Any]:
        return self._in_full(self.get_queryset().get(pk=pk))

    def _in_full(self, row: Application) -> dict[str, Any]:
        shown = SubsidyApplicationInFullSerializer(row, context=self.get_serializer_context())
        return dict(shown.data)


class RateSerializer(RowSerializer[Rate]):
    """So much a year, in yuan, and the layers that make it up."""

    class Meta:
        model = Rate
        fields = ("from_date", "until_date", "yearly", "monthly", "layers", "standard_version")

    monthly = serializers.DecimalField(max_digits=12, decimal_places=2)


class EntitlementFilters(Filters):
    """What the list is narrowed by."""

    kind = django_filters.CharFilter()
    family = django_filters.UUIDFilter(field_name="person__family_id")
    unit = Subtree(field_name="person__family__unit__path", label="Id or code of a unit: people who live there.")
    in_force = YesNo(method="by_in_force", label="Given today, or not (any more, or not yet).")
    q = django_filters.CharFilter(method="by_text", max_length=60, label=SEARCHED)

    def by_in_force(self, queryset: Any, name: str, value: bool) -> Any:
        """Today."""
        today = queryset.model.objects.on(timezone.localdate())
        return queryset.filter(pk__in=today) if value else queryset.exclude(pk__in=today)

    def by_text(self, queryset: QuerySet[Entitlement], name: str, value: str) -> QuerySet[Entitlement]:
        """What people search."""
        family = found_family(self.request.user, value, timezone.localdate(), "person__family__")
        return queryset.filter(Q(number=value.strip()) | family)


class EntitlementSerializer(RowSerializer[Entitlement]):
    """What one person gets; per person, whatever becomes of the household."""

    kind_name = serializers.SerializerMethodField()
    person = serializers.CharField(source="person.name")
    family = FamilyOfItem(source="person.family")
    rates = RateSerializer(many=True)
    confirmed_by = serializers.CharField(source="confirmed_label")
    application = serializers.UUIDField(source="application_id", allow_null=True)

    class Meta:
        model = Entitlement
        fields = (
            "id", "number", "kind", "kind_name", "cycle", "person", "family", "application", "from_date",
            "until_date", "end_reason", "account_tail", "rates", "confirmed_by", "confirmed_on", "version",
        )  # fmt: skip

    def get_kind_name(self, row: Entitlement) -> str:
        """In the caller's language."""
        return codes.name("subsidy_kind", row.kind)


@extend_schema_view(list=extend_schema(summary="Entitlements"), retrieve=extend_schema(summary="One entitlement"))
class Entitlements(Summed):
    """Who gets which subsidy, from when, until when, how much."""

    model = Entitlement
    serializer_class = EntitlementSerializer
    filterset_class = EntitlementFilters
    related = ("person__family__unit",)
    orderings = {"from_date": "from_date"}
    ordering = "-id"
    required_actions = {"list": "subsidy.read", "retrieve": "subsidy.read", "sum": "subsidy.read"}

    def get_queryset(self) -> QuerySet[Any]:
        """With their rates."""
        return super().get_queryset().prefetch_related("rates")

    def added_up(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """People's entitlements, and what those in force today give a year."""
        given = Rate.objects.on(timezone.localdate(self.now)).filter(entitlement__in=rows.prefetch_related(None))
        return {"count": rows.count(), **given.aggregate(amount=Sum("yearly", default=0))}


class StandardFilters(Filters):
    """What the list is narrowed by."""

    kind = django_filters.CharFilter()
    area = django_filters.CharFilter(help_text="Path of an area; empty for the whole country.")


class StandardSerializer(RowSerializer[Standard]):
    """One layer of an amount."""

    level = serializers.CharField()
    residence = serializers.CharField(help_text="urban, rural, or empty: everybody.")

    class Meta:
        model = Standard
        fields = (
            "id", "code", "kind", "category", "level", "area", "area_name", "residence", "min_age", "mode", "per",
            "amount", "factor", "from_date", "to_date", "reference", "is_verified",
        )  # fmt: skip


class NewStandardSerializer(serializers.Serializer[Any]):
    """A layer from its day on. An amount, or a factor where it multiplies."""

    kind = serializers.CharField(max_length=30, help_text=KIND)
    category = serializers.CharField(
        max_length=30, allow_blank=True, default="", help_text="A code of the list subsidy_category; empty: all."
    )
    area = serializers.CharField(
        max_length=40,
        allow_blank=True,
        default="",
        help_text="Id or code of the unit that gives it; empty: everywhere.",
    )
    residence = serializers.CharField(
        max_length=8, allow_blank=True, default="", help_text="urban, rural, or empty: everybody."
    )
    min_age = serializers.IntegerField(min_value=0, max_value=120, allow_null=True, default=None)
    mode = serializers.ChoiceField(choices=Standard.Mode.choices)
    per = serializers.ChoiceField(choices=Standard.Per.choices, default=Standard.Per.MONTH)
    amount = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=Decimal(0), allow_null=True, default=None, help_text="Yuan."
    )
    factor = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=Decimal("0.01"), allow_null=True, default=None
    )
    from_date = Day()
    to_date = Day(required=False, allow_null=True, default=None, help_text="The first day without it.")
    reference = serializers.CharField(max_length=200, help_text="The law or document that says so.")


@extend_schema_view(list=extend_schema(summary="Standards"), retrieve=extend_schema(summary="One standard"))
class Standards(Resource):
    """What each level gives, from which day, by which document. None is changed: a newer one takes its place."""

    model = Standard
    serializer_class = StandardSerializer
    filterset_class = StandardFilters
    orderings = {"from_date": "from_date"}
    ordering = "id"
    required_actions = {"list": "subsidy.read", "retrieve": "subsidy.read", "create": "standard.write"}

    @extend_schema(summary="Set a standard", request=NewStandardSerializer, responses={201: StandardSerializer})
    def create(self, request: Request) -> Response:
        """For one's own area and below it; for everywhere only by an administrator. What is owed already changes when
        the county agrees to the back pay."""
        given = self.given(NewStandardSerializer)
        area = self._area(given.pop("area"))
        said = NewStandard(area=area, **given)
        path = area.path if area is not None else None
        row = standards.add(said=said, actor=self.actor("standard.write", path), now=self.now)
        return Response(self.represent(row), status=201)

    def _area(self, asked: str) -> Unit | None:
        """The unit; None for everywhere. Raises NotAllowed outside one's own area."""
        grants = granting(self.user, "standard.write")
        everywhere = any(grant.role in ADMINISTRATORS for grant in grants)
        if not asked:
            if not everywhere:
                raise NotAllowed
            return None
        unit = seen_unit(self.user, asked)
        if not everywhere and not any(unit.path.startswith(grant.path) for grant in grants):
            raise NotAllowed
        return unit

    def place_of(self, row: Any) -> str | None:
        """Published law belongs to no place."""
        return None
