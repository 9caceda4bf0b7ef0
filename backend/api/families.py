"""Families: households and how to find them. A helper sees the own ones, and of those what a visit needs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.events import SentenceFilters, SentenceSerializer, sentences_of
from backend.api.fields import Reason, RowSerializer, StrictSerializer, UnitRef, VisibleField, short_texts
from backend.api.filters import Filters, Subtree
from backend.api.reminders import SentSerializer, with_deliveries
from backend.api.resource import Resource
from backend.audit.models import Event
from backend.cases.families import ask_again_on, come_back, create_family, update_family
from backend.cases.masks import found_family, masked_phone
from backend.cases.merging import undo_by, undoable, unmerge
from backend.cases.models import Consent, Family, Survey
from backend.core.errors import NotAllowed
from backend.helpers.models import Pairing
from backend.org.access import in_subtree, may
from backend.org.models import Unit
from backend.reminders.models import Reminder
from workflows.cases import split_family


class FamilyFilters(Filters):
    """What the list of families is narrowed by."""

    open_to_all = frozenset({"q", "number"})

    q = django_filters.CharFilter(
        method="by_text", max_length=60, label="A member's name or the initials of its pinyin, number, address."
    )
    number = django_filters.CharFilter(max_length=40)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: its families and those below it.")
    status = django_filters.ChoiceFilter(choices=Family.Status.choices)
    willingness = django_filters.ChoiceFilter(choices=Family.Willingness.choices)
    risk_tier = django_filters.CharFilter(max_length=1)
    category = django_filters.CharFilter(method="by_category", max_length=30)
    helper_kind = django_filters.CharFilter(max_length=20)
    residence = django_filters.CharFilter(max_length=20)

    def by_text(self, queryset: Any, name: str, value: str) -> Any:
        """What people search."""
        return queryset.filter(found_family(self.request.user, value, timezone.localdate()))

    def by_category(self, queryset: QuerySet[Family], name: str, value: str) -> QuerySet[Family]:
        """Families of a category."""
        return queryset.filter(categories__contains=[value])


class FamilySerializer(RowSerializer[Family]):
    """A family as lists show it."""

    unit = UnitRef()

    class Meta:
        model = Family
        fields = (
            "id", "number", "label", "unit", "live_address", "residence", "categories", "risk_tier", "willingness",
            "helper_kind", "status", "updated_at", "version",
        )  # fmt: skip


class FamilyDetailSerializer(FamilySerializer):
    """A family with everything on file but its members (see persons)."""

    merged_into = serializers.UUIDField(source="merged_into_id", allow_null=True)
    unmerge_by = serializers.SerializerMethodField()
    ask_again_on = serializers.SerializerMethodField()
    emergency_phone = serializers.SerializerMethodField(help_text="Masked for who does not work with the family.")

    class Meta(FamilySerializer.Meta):
        fields = (
            *FamilySerializer.Meta.fields, "hukou_address", "hukou_kind", "declared_categories", "consented_on",
            "refused_on", "ask_again_on", "emergency_contact", "emergency_phone", "child_state", "needs", "policies",
            "helper_number", "languages", "wanted_sex", "notes", "source", "surveyed_on", "merged_into",
            "unmerge_by",
        )  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_unmerge_by(self, family: Family) -> str | None:
        """Until when it can be taken out of the household into which it was merged; null: not, or not any more."""
        merge = undoable(family, self.context["view"].now) if family.merged_into_id else None
        return serializers.DateTimeField().to_representation(undo_by(merge)) if merge else None

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_ask_again_on(self, family: Family) -> str | None:
        """The first day on which a family that refused may be asked again."""
        day = ask_again_on(family)
        return day.isoformat() if day else None

    def get_emergency_phone(self, family: Family) -> str:
        """In full for who may have to call it."""
        cares = may(self.context["view"].user, "person.care", path=family.unit.path)
        return family.emergency_phone if cares else masked_phone(family.emergency_phone)


class ContactSerializer(serializers.Serializer[Any]):
    """Whom to ask for, and the number."""

    name = serializers.CharField()
    phone = serializers.CharField(allow_blank=True)


class OwnFamilySerializer(RowSerializer[Family]):
    """A family as its helper's list shows it."""

    class Meta:
        model = Family
        fields = ("id", "number", "label", "live_address", "languages", "willingness", "version")


class OwnFamilyDetailSerializer(OwnFamilySerializer):
    """What a visit needs: where, whom, how to reach them, and whom to call when something is wrong."""

    contacts = serializers.SerializerMethodField()

    class Meta(OwnFamilySerializer.Meta):
        fields = (*OwnFamilySerializer.Meta.fields, "contacts", "emergency_contact", "emergency_phone")  # type: ignore[assignment]

    @extend_schema_field(ContactSerializer(many=True))
    def get_contacts(self, family: Family) -> list[dict[str, str]]:
        """Members who live there, the head first."""
        members = family.persons.filter(status="present").order_by("-is_head", "id").only("name", "phone")
        return [{"name": person.name, "phone": person.phone} for person in members]


class FamilyChangeSerializer(StrictSerializer):
    """What may be corrected by hand; all the rest comes from forms, decisions and rosters."""

    label = serializers.CharField(max_length=60, required=False)  # type: ignore[assignment]
    hukou_address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    live_address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    hukou_kind = serializers.CharField(max_length=20, required=False, allow_blank=True)
    residence = serializers.ChoiceField(choices=["home", "away", "moved_in", "moved_out"], required=False)
    emergency_contact = serializers.CharField(max_length=60, required=False, allow_blank=True)
    emergency_phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    child_state = serializers.CharField(max_length=20, required=False, allow_blank=True)
    needs = short_texts(60, required=False)
    policies = short_texts(60, required=False)
    languages = short_texts(20, required=False)
    wanted_sex = serializers.ChoiceField(
        choices=["", "1", "2"], required=False, help_text="1 a man, 2 a woman, empty: either is welcome (GB/T 2261.1)."
    )
    reason = Reason(required=False, allow_blank=True)


class NewFamilySerializer(FamilyChangeSerializer):
    """A household that no roster brought; its number is the village's."""

    unit = VisibleField(Unit)
    number = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=60, help_text="Name of the head of the household.")
    reason = None  # type: ignore[assignment]


class SplitSerializer(serializers.Serializer[Any]):
    """Who leaves, under which number of the village; the first is the new household's head."""

    members = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=20)
    number = serializers.CharField(max_length=40)
    live_address = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    reason = Reason()


class UnmergeSerializer(StrictSerializer):
    """Why two households are two after all."""

    reason = Reason()


class ConsentSerializer(RowSerializer[Consent]):
    """What was agreed to, in which version of the notice, by whom, and whether it still holds."""

    class Meta:
        model = Consent
        fields = ("id", "purpose", "notice_version", "items", "given_by", "given_at", "witness", "withdrawn_at")


class SurveySerializer(RowSerializer[Survey]):
    """That somebody was there and what came of it; the answers are sealed."""

    enumerator = serializers.CharField(source="enumerator.name", default="")

    class Meta:
        model = Survey
        fields = ("id", "method", "result", "surveyed_on", "enumerator", "helper_reality")


class AgreementSerializer(RowSerializer[Pairing]):
    """The agreement of a pairing (F06)."""

    helper = serializers.CharField(source="helper.name")

    class Meta:
        model = Pairing
        fields = ("id", "number", "helper", "from_date", "to_date", "planned_end", "agreement")


class DocumentsSerializer(serializers.Serializer[Any]):
    """What of a family was signed or filled in."""

    consents = ConsentSerializer(many=True)
    surveys = SurveySerializer(many=True)
    agreements = AgreementSerializer(many=True)


SEEN = PolymorphicProxySerializer(
    "FamilySeen", serializers=[FamilySerializer, OwnFamilySerializer], resource_type_field_name=None
)
SEEN_IN_DETAIL = PolymorphicProxySerializer(
    "FamilySeenInDetail",
    serializers=[FamilyDetailSerializer, OwnFamilyDetailSerializer],
    resource_type_field_name=None,
)


HOUSEHOLD = OpenApiExample(
    "household",
    value={
        "unit": "0198a3c2-6b10-7f00-9c3d-000000000001",
        "number": "0128",
        "label": "孙桂兰",
        "live_address": "赵庄村东街三号",
        "residence": "home",
    },
    request_only=True,
)


@extend_schema_view(
    list=extend_schema(summary="Families", responses=SEEN),
    retrieve=extend_schema(summary="One family", responses=SEEN_IN_DETAIL),
)
class Families(Resource):
    """Households."""

    model = Family
    serializer_class = FamilySerializer
    narrow_serializer_class = OwnFamilySerializer
    filterset_class = FamilyFilters
    related = ("unit",)
    orderings = {"number": "number", "label": "label", "updated_at": "updated_at"}
    required_actions = {
        "list": ("family.read", "own.family.read"),
        "retrieve": ("family.read", "own.family.read"),
        "create": "family.write",
        "partial_update": "family.write",
        "split": "family.write",
        "unmerge": "family.write",
        "history": "family.read",
        "documents": "family.read",
        "reminders": "family.read",
        "came_back": "family.write",
    }

    def get_queryset(self) -> QuerySet[Any]:
        """Visible families; what only one family's answer shows stays encrypted in lists."""
        return super().get_queryset().defer("search", *(("notes", "emergency_phone") if self.action == "list" else ()))

    def seen_in_full(self) -> Q:
        """Families of the own subtree."""
        return in_subtree(self.user, "family.read", "unit__path")

    def is_seen_in_full(self, row: Family) -> bool:
        """The same for one row."""
        return may(self.user, "family.read", path=row.unit.path)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One family; a helper gets what a visit needs."""
        return Response(self._in_detail(self.get_object()))

    @extend_schema(
        summary="Enter a family",
        request=NewFamilySerializer,
        responses={201: FamilyDetailSerializer},
        examples=[HOUSEHOLD],
    )
    def create(self, request: Request) -> Response:
        """A draft without members: they are entered one by one (see persons)."""
        given = self.given(NewFamilySerializer)
        unit: Unit = given.pop("unit")
        if not may(self.user, "family.write", path=unit.path):
            raise NotAllowed
        family = create_family(
            unit=unit,
            number=given.pop("number"),
            label=given.pop("label"),
            changes=given,
            actor=self.actor("family.write", unit.path),
            now=self.now,
        )
        return Response(self._in_detail(family), status=201)

    @extend_schema(summary="Correct a family", request=FamilyChangeSerializer, responses=FamilyDetailSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Only what is named changes; the history tells from what to what."""
        family = self.get_object()
        changes = self.given(FamilyChangeSerializer)
        reason = changes.pop("reason", "")
        actor = self.actor("family.write", family.unit.path)
        changed = update_family(
            family=family, changes=changes, actor=actor, now=self.now, version=self.version(), reason=reason
        )
        return Response(self._in_detail(changed))

    @extend_schema(
        summary="Make two households of one", request=SplitSerializer, responses={201: FamilyDetailSerializer}
    )
    @action(detail=True, methods=["post"])
    def split(self, request: Request, pk: UUID) -> Response:
        """After a divorce (E28): whoever leaves has a file and cases of their own; the new household is answered."""
        family = self.get_object()
        actor = self.actor("family.write", family.unit.path)
        made = split_family(family=family, **self.given(SplitSerializer), actor=actor, now=self.now)
        return Response(self._in_detail(made), status=201)

    @extend_schema(summary="Undo a merge", request=UnmergeSerializer, responses=FamilyDetailSerializer)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, pk: UUID) -> Response:
        """The household that was given up has its file, people and cases again, with what was made in those cases
        since (E7); within 30 days. Cases that the merge closed stay closed and can be opened again."""
        family = self.get_object()
        actor = self.actor("family.write", family.unit.path)
        back = unmerge(family=family, **self.given(UnmergeSerializer), actor=actor, now=self.now)
        return Response(self._in_detail(back))

    @extend_schema(summary="What happened, in sentences", responses=SentenceSerializer(many=True))
    @action(detail=True, filterset_class=SentenceFilters, orderings={"at": "at"}, ordering="-at")
    def history(self, request: Request, pk: UUID) -> Response:
        """The family's events and those of its cases, newest first, as sentences in the caller's language."""
        family = self._seen_in_full()
        events = self.filter_queryset(Event.objects.filter(family_id=family.pk))
        page = self.paginate_queryset(events) or ()
        return self.get_paginated_response(sentences_of(page, self.get_serializer_context()))

    @extend_schema(summary="Consents, surveys and agreements", responses=DocumentsSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def documents(self, request: Request, pk: UUID) -> Response:
        """What was signed or filled in, the newest first; what a survey found stays sealed."""
        family = self._seen_in_full()
        found = {
            "consents": family.consents.order_by("-given_at"),
            "surveys": family.surveys.select_related("enumerator").defer("answers").order_by("-surveyed_on", "-id"),
            "agreements": family.pairings.exclude(agreement={})
            .select_related("helper")
            .defer("handover")
            .order_by("-from_date"),
        }
        return Response(DocumentsSerializer(found).data)

    @extend_schema(summary="Who was reminded of it, and how", responses=SentSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def reminders(self, request: Request, pk: UUID) -> Response:
        """The last ten, newest first."""
        family = self._seen_in_full()
        rows = with_deliveries(Reminder.objects.about_family(family.pk, reader=self.user))[:10]
        return Response(SentSerializer(rows, many=True).data)

    @extend_schema(summary="A family that had moved is back", request=None, responses=FamilyDetailSerializer)
    @action(detail=True, methods=["post"], url_path="came-back")
    def came_back(self, request: Request, pk: UUID) -> Response:
        """Its old file lives again, with all its history; no second one is made. Twice is harmless."""
        family = self.get_object()
        come_back(family=family, actor=self.actor("family.write", family.unit.path), now=self.now)
        return Response(self._in_detail(family))

    def _seen_in_full(self) -> Family:
        """The family of the address. Raises Http404, and NotAllowed for its helper."""
        family: Family = self.get_object()
        if not self.is_seen_in_full(family):
            raise NotAllowed
        return family

    def _in_detail(self, family: Family) -> dict[str, Any]:
        serializer = FamilyDetailSerializer if self.is_seen_in_full(family) else OwnFamilyDetailSerializer
        shown: dict[str, Any] = serializer(context=self.get_serializer_context()).to_representation(family)
        return shown
