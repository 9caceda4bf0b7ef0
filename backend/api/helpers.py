"""Helpers: whoever is paired with families. A liaison sees those of the own partner unit, a helper oneself."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import (
    Day,
    Reason,
    RowSerializer,
    StrictSerializer,
    UnitRef,
    VisibleField,
    in_language,
    short_texts,
)
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import VersionedSerializer
from backend.core.errors import NotAllowed, StaleVersion
from backend.helpers.models import Helper, HelperKind, HelperQuerySet
from backend.helpers.register import end_helper, register_helper, set_status, update_helper
from backend.org.access import Actor, in_subtree, may
from backend.org.models import Unit, User
from backend.reminders.choices import choose_for_helper
from backend.reminders.models import Channel, Choice
from workflows.successions import announce_leaving


class HelperFilters(Filters):
    """What the list of helpers is narrowed by."""

    open_to_all = frozenset({"q", "kind", "status", "partner_unit", "papers_end_by"})

    q = django_filters.CharFilter(method="by_text", max_length=60, label="Number, name, or the initials of its pinyin.")
    kind = django_filters.CharFilter(field_name="kind_id", max_length=20)
    status = django_filters.ChoiceFilter(choices=Helper.Status.choices)
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: its helpers and those below it.")
    partner_unit = django_filters.UUIDFilter(field_name="partner_unit_id")
    language = django_filters.CharFilter(method="by_language", max_length=20)
    skill = django_filters.CharFilter(method="by_skill", max_length=30)
    free = YesNo(method="by_free", label="true: takes one more family.")
    ends_before = django_filters.DateFilter(field_name="to_date", lookup_expr="lte", label="Service ends by this day.")

    papers_end_by = django_filters.DateFilter(
        method="by_papers", label="Insurance or background check ends by this day; whoever has ended apart."
    )

    def by_papers(self, queryset: QuerySet[Helper], name: str, value: date) -> QuerySet[Helper]:
        """Who needs new papers by then."""
        serving = queryset.exclude(status=Helper.Status.ENDED)
        return serving.filter(Q(insured_until__lte=value) | Q(check_until__lte=value))

    def by_text(self, queryset: QuerySet[Helper], name: str, value: str) -> QuerySet[Helper]:
        """What people search."""
        text = value.strip()
        return queryset.filter(Q(search__contains=text.lower()) | Q(number=text))

    def by_language(self, queryset: QuerySet[Helper], name: str, value: str) -> QuerySet[Helper]:
        """Who speaks it."""
        return queryset.filter(languages__contains=[value])

    def by_skill(self, queryset: QuerySet[Helper], name: str, value: str) -> QuerySet[Helper]:
        """Who can do it."""
        return queryset.filter(skills__contains=[value])

    def by_free(self, queryset: HelperQuerySet, name: str, value: bool) -> HelperQuerySet:
        """In service with a place that neither a spell nor an offer takes, or not."""
        free = Q(("status", Helper.Status.ACTIVE), ("free__gt", 0))
        return queryset.filter(free) if value else queryset.exclude(free)


class KindRef(serializers.Serializer[Any]):
    """A kind of helper."""

    code = serializers.CharField()
    label = serializers.SerializerMethodField()  # type: ignore[assignment]

    def get_label(self, kind: HelperKind) -> str:
        """In the caller's language."""
        return in_language(kind.label, kind.label_en)


class KindSerializer(KindRef):
    """A kind of helper with its rules. `gates`: what has to be in force before a pairing starts."""

    categories = serializers.ListField(
        child=serializers.CharField(), help_text="Families that may be helped; none: as the programme says."
    )
    per_family = serializers.IntegerField(help_text="How many of this kind a family has at once at most.")
    max_families = serializers.IntegerField()
    months = serializers.IntegerField(help_text="How long a pairing is meant to last at first; 0: without an end.")
    renewal_months = serializers.IntegerField(help_text="By how much a review renews it; 0: not at all.")
    cadence_days = serializers.IntegerField(help_text="At least one contact in so many days; 0: as the risk says.")
    minors = serializers.BooleanField(help_text="May be with families in which minors live.")
    statutory = serializers.BooleanField(help_text="Named for a post; neither asked nor matched.")
    is_group = serializers.BooleanField()
    gates = serializers.DictField(child=serializers.JSONField())


class OwnHelperSerializer(RowSerializer[Helper]):
    """A helper as the own liaison sees them. `check_until`: the day from which the background check holds no more."""

    kind = KindRef()

    class Meta:
        model = Helper
        fields = (
            "id", "number", "kind", "name", "from_date", "to_date", "max_families", "languages", "skills", "trained_on",
            "insured_until", "check_until", "status", "version",
        )  # fmt: skip


class HelperSerializer(OwnHelperSerializer):
    """A helper as lists show them. `taken`: places that spells and offers take, of `places`."""

    unit = UnitRef()
    partner_unit = UnitRef(allow_null=True)
    places = serializers.IntegerField()
    taken = serializers.IntegerField()

    class Meta(OwnHelperSerializer.Meta):
        fields = (
            *OwnHelperSerializer.Meta.fields,
            "unit",
            "partner_unit",
            "places",
            "taken",
            "checked_on",
            "end_reason",
            "updated_at",
        )  # type: ignore[assignment]


class HelperDetailSerializer(HelperSerializer):
    """A helper. Of the certificate's number only the last characters are told."""

    text_messages = serializers.SerializerMethodField()

    class Meta(HelperSerializer.Meta):
        fields = (
            *HelperSerializer.Meta.fields, "certificate_tail", "sex", "birth_date", "liaison", "phone", "address",
            "notes", "text_messages",
        )  # type: ignore[assignment]  # fmt: skip

    def get_text_messages(self, helper: Helper) -> bool:
        """Whether the helper, without an account, gets text messages."""
        return Choice.objects.filter(helper_id=helper.pk, channel=Channel.SMS).exists()


class HelperFieldsSerializer(StrictSerializer):
    """What is on file about a helper and may be set by hand (F05)."""

    name = serializers.CharField(max_length=60, required=False)
    kind = serializers.PrimaryKeyRelatedField(queryset=HelperKind.objects.all(), required=False)
    unit = VisibleField(Unit, required=False)
    partner_unit = VisibleField(Unit, required=False, allow_null=True)
    user = VisibleField(User, required=False, allow_null=True)
    certificate = serializers.CharField(max_length=40, required=False, allow_blank=True, write_only=True)
    sex = serializers.ChoiceField(choices=["0", "1", "2", "9"], required=False, help_text="GB/T 2261.1")
    birth_date = Day(required=False, allow_null=True)
    liaison = serializers.CharField(max_length=60, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=30, required=False, allow_blank=True)
    skills = short_texts(30, required=False)
    languages = short_texts(20, required=False)
    from_date = Day(required=False, allow_null=True)
    to_date = Day(required=False, allow_null=True)
    max_families = serializers.IntegerField(min_value=0, max_value=200, required=False, allow_null=True)
    trained_on = Day(required=False, allow_null=True)
    insured_until = Day(required=False, allow_null=True)
    checked_on = Day(required=False, allow_null=True)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    reason = Reason(required=False, allow_blank=True)


class NewHelperSerializer(HelperFieldsSerializer):
    """A new helper. Without a number an opaque one is made."""

    number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    name = serializers.CharField(max_length=60)
    kind = serializers.PrimaryKeyRelatedField(queryset=HelperKind.objects.all())
    unit = VisibleField(Unit)
    reason = None  # type: ignore[assignment]


class StatusSerializer(VersionedSerializer):
    """Here again, away for a while, or suspended; and why."""

    status = serializers.ChoiceField(choices=["active", "away", "suspended"])
    reason = Reason()


class EndServiceSerializer(VersionedSerializer):
    """Why (a code: discharged, transferred, ill, complaint, unavailable, left, died), from when, and a note."""

    reason = serializers.RegexField(r"^[a-z][a-z_]{1,38}\Z")
    ended_on = Day()
    note = Reason(required=False, allow_blank=True, default="")


class TextMessagesSerializer(StrictSerializer):
    """Whether the helper wants them."""

    wanted = serializers.BooleanField()


class LeavingSerializer(VersionedSerializer):
    """The first day without the helper, and why (as in `end`). Where somebody goes is not asked."""

    reason = serializers.RegexField(r"^[a-z][a-z_]{1,38}\Z")
    leaving_on = Day()


SEEN = PolymorphicProxySerializer(
    "HelperSeen", serializers=[HelperSerializer, OwnHelperSerializer], resource_type_field_name=None
)
SEEN_IN_DETAIL = PolymorphicProxySerializer(
    "HelperSeenInDetail", serializers=[HelperDetailSerializer, OwnHelperSerializer], resource_type_field_name=None
)


@extend_schema_view(
    list=extend_schema(summary="Helpers", responses=SEEN),
    retrieve=extend_schema(summary="One helper", responses=SEEN_IN_DETAIL),
)
class Helpers(Resource):
    """Whoever is paired with families."""

    model = Helper
    serializer_class = HelperSerializer
    narrow_serializer_class = OwnHelperSerializer
    filterset_class = HelperFilters
    related = ("kind", "unit", "partner_unit")
    orderings = {"number": "number", "name": "name"}
    required_actions = {
        "list": ("helper.read", "own.helper.read", "own.pairing.read"),
        "kinds": ("helper.read", "own.helper.read", "own.pairing.read"),
        "retrieve": ("helper.read", "own.helper.read", "own.pairing.read"),
        "create": "helper.write",
        "partial_update": "helper.write",
        "status": "helper.write",
        "end": "helper.write",
        "leaving": "helper.write",
        "text_messages": "helper.write",
    }

    def get_queryset(self) -> HelperQuerySet:
        """Visible helpers; what is encrypted is read only by who needs it."""
        sealed = ("phone", "notes") if self.action == "list" else ()
        rows: Any = super().get_queryset()
        if not getattr(self, "swagger_fake_view", False):
            rows = rows.with_places(timezone.localdate(self.now))
        found: HelperQuerySet = rows.defer("certificate", "search", *sealed)
        return found

    def seen_in_full(self) -> Q:
        """Helpers of the own subtree."""
        return in_subtree(self.user, "helper.read", "unit__path")

    def place_of(self, row: Helper) -> str:
        """Where the register entry is kept."""
        return row.unit.path

    def is_seen_in_full(self, row: Helper) -> bool:
        """The same for one row."""
        return may(self.user, "helper.read", path=row.unit.path)

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One helper."""
        return Response(self._in_detail(self.get_object()))

    @extend_schema(summary="Kinds of helper", responses=KindSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def kinds(self, request: Request) -> Response:
        """All of them, in the order in which offices name them."""
        return Response(KindSerializer(HelperKind.objects.order_by("order", "code"), many=True).data)

    @extend_schema(summary="Register a helper", request=NewHelperSerializer, responses={201: HelperDetailSerializer})
    def create(self, request: Request) -> Response:
        """Cases that wait for somebody hear of it."""
        given = self.given(NewHelperSerializer)
        unit: Unit = given.pop("unit")
        if not may(self.user, "helper.write", path=unit.path):
            raise NotAllowed
        helper = register_helper(
            kind=given.pop("kind"),
            name=given.pop("name"),
            number=given.pop("number", ""),
            unit=unit,
            fields=given,
            actor=self.actor("helper.write", unit.path),
            now=self.now,
        )
        return Response(self._again(helper), status=201)

    @extend_schema(summary="Correct a helper", request=HelperFieldsSerializer, responses=HelperDetailSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Only what is named changes."""
        helper = self.get_object()
        changes = self.given(HelperFieldsSerializer)
        reason = changes.pop("reason", "")
        if "unit" in changes and not may(self.user, "helper.write", path=changes["unit"].path):
            raise NotAllowed
        update_helper(
            helper=helper, changes=changes, actor=self._by(helper), now=self.now, version=self.version(), reason=reason
        )
        return Response(self._again(helper))

    @extend_schema(summary="Away, suspended, or here again", request=StatusSerializer, responses=HelperDetailSerializer)
    @action(detail=True, methods=["post"])
    def status(self, request: Request, pk: UUID) -> Response:
        """Spells with families go on."""
        helper = self._current()
        given = self.given(StatusSerializer)
        set_status(helper=helper, status=given["status"], reason=given["reason"], actor=self._by(helper), now=self.now)
        return Response(self._again(helper))

    @extend_schema(summary="End the service", request=EndServiceSerializer, responses=HelperDetailSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Discharge, transfer, illness … All spells end that day; each case hears it and looks for somebody else."""
        helper = self._current()
        given = self.given(EndServiceSerializer)
        end_helper(
            helper=helper,
            reason=given["reason"],
            ended_on=given["ended_on"],
            note=given["note"],
            actor=self._by(helper),
            now=self.now,
        )
        return Response(self._again(helper))

    @extend_schema(summary="Is leaving on a day", request=LeavingSerializer, responses=HelperDetailSerializer)
    @action(detail=True, methods=["post"])
    def leaving(self, request: Request, pk: UUID) -> Response:
        """For each family somebody to follow is sought from now on, while visits go on; said again, the day moves."""
        helper = self._current()
        given = self.given(LeavingSerializer)
        announce_leaving(
            helper=helper,
            leaving_on=given["leaving_on"],
            reason=given["reason"],
            actor=self._by(helper),
            now=self.now,
        )
        return Response(self._again(helper))

    @extend_schema(
        summary="Wants text messages, or no more", request=TextMessagesSerializer, responses=HelperDetailSerializer
    )
    @action(detail=True, methods=["post"], url_path="text-messages")
    def text_messages(self, request: Request, pk: UUID) -> Response:
        """For a helper without an account, to the telephone on file: that visits are due, never whose."""
        helper: Helper = self.get_object()
        choose_for_helper(
            helper_id=helper.pk, has_account=helper.user_id is not None, number=helper.number,
            unit_path=helper.unit.path, phone=helper.phone, wanted=self.given(TextMessagesSerializer)["wanted"],
            actor=self._by(helper), now=self.now,
        )  # fmt: skip
        return Response(self._again(helper))

    def _current(self) -> Helper:
        """The helper of the address, of the version that the caller knows. Raises StaleVersion."""
        helper: Helper = self.get_object()
        expected = self.version()
        if expected is not None and expected != helper.version:
            raise StaleVersion
        return helper

    def _by(self, helper: Helper) -> Actor:
        return self.actor("helper.write", helper.unit.path)

    def _again(self, helper: Helper) -> dict[str, Any]:
        rows = Helper.objects.select_related(*self.related).with_places(timezone.localdate(self.now))
        return self._in_detail(rows.get(pk=helper.pk))

    def _in_detail(self, helper: Helper) -> dict[str, Any]:
        serializer = HelperDetailSerializer if self.is_seen_in_full(helper) else OwnHelperSerializer
        shown: dict[str, Any] = serializer(context=self.get_serializer_context()).to_representation(helper)
        return shown
