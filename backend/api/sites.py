"""Sites with their checks, bookings of video rooms, enrolments at canteens, and counts per day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backend.activities import bookings, sites
from backend.activities.models import Booking, DayCount, Enrolment, Site
from backend.api.errors import parameter_error
from backend.api.fields import ClockTime, Day, Moment, RowSerializer, UnitRef, VisibleField
from backend.api.filters import Filters, Subtree, YesNo
from backend.api.resource import Resource
from backend.api.work_item_shapes import FamilyOfItem
from backend.cases.models import Family
from backend.core.errors import NotAllowed
from backend.org.access import Actor, may
from backend.org.models import Unit

COUNTED_DAYS = 30
"""Over so many days the counts of a site are summed up."""


class SiteFilters(Filters):
    """What the register is narrowed by."""

    kind = django_filters.CharFilter(label="A code of the list site_kind.")
    unit = Subtree(field_name="unit__path", label="Id or code of a unit: sites there and below it.")
    open = YesNo(field_name="closed_on", lookup_expr="isnull", label="true: not closed.")


class SiteSerializer(RowSerializer[Site]):
    """A site of the register."""

    unit = UnitRef()
    opens = ClockTime()
    closes = ClockTime()
    next_inspection = serializers.SerializerMethodField()

    class Meta:
        model = Site
        fields = (
            "id", "unit", "kind", "name", "address", "weekdays", "opens", "closes", "area", "seats", "standards",
            "has_equipment", "opened_on", "closed_on", "inspected_on", "checked_on", "next_inspection", "wanting",
            "version",
        )  # fmt: skip

    def get_next_inspection(self, site: Site) -> str:
        """The day of the next half-yearly inspection."""
        day = timezone.localdate(self.context["view"].now)
        return sites.next_check(site, Site.Check.INSPECTION, day).isoformat()


class SiteEntrySerializer(serializers.Serializer[Any]):
    """A site as it is entered."""

    unit = VisibleField(Unit, help_text="The village or community that runs it.")
    kind = serializers.CharField(max_length=20, help_text="A code of the list site_kind.")
    name = serializers.CharField(max_length=80)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7), max_length=7, help_text="1 Monday to 7 Sunday."
    )
    opens = ClockTime()
    closes = ClockTime()
    opened_on = Day()
    address = serializers.CharField(max_length=160, required=False, allow_blank=True)
    area = serializers.IntegerField(min_value=1, max_value=100_000, required=False, allow_null=True)
    seats = serializers.IntegerField(min_value=1, max_value=10_000, required=False, allow_null=True)
    has_equipment = serializers.BooleanField(default=False, help_text="Something to be checked every month.")


class DayCountSerializer(serializers.Serializer[Any]):
    """How many there were on a day: a number, nobody's name."""

    day = Day()
    what = serializers.ChoiceField(choices=DayCount.What.choices)
    number = serializers.IntegerField(min_value=0, max_value=10_000)


class FreeTimesSerializer(serializers.Serializer[Any]):
    """When a video room can be booked on a day."""

    times = serializers.ListField(child=serializers.DateTimeField())


class SiteSumsSerializer(serializers.Serializer[Any]):
    """Counts of the last 30 days, and how many families are enrolled."""

    counts = serializers.DictField(child=serializers.IntegerField())
    enrolled = serializers.IntegerField()


@extend_schema_view(list=extend_schema(summary="Sites"), retrieve=extend_schema(summary="One site"))
class Sites(Resource):
    """Service rooms, the three rooms, happy lodges, video rooms, canteens."""

    model = Site
    serializer_class = SiteSerializer
    filterset_class = SiteFilters
    related = ("unit",)
    required_actions = {
        "list": "site.read",
        "retrieve": "site.read",
        "sums": "site.read",
        "create": "site.write",
        "count": "booking.write",
        "free_times": "booking.write",
    }

    @extend_schema(summary="Register a site", request=SiteEntrySerializer, responses={201: SiteSerializer})
    def create(self, request: Request) -> Response:
        """Its checks begin by themselves."""
        entry = sites.Entry(**self.given(SiteEntrySerializer))
        if not may(self.user, "site.write", path=entry.unit.path):
            raise NotAllowed
        made = sites.register(entry=entry, actor=self.actor("site.write", entry.unit.path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Counts of a site", responses=SiteSumsSerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def sums(self, request: Request, pk: UUID) -> Response:
        """Meals, consultations, supplies of the last 30 days."""
        return Response(self._sums(self.find()))

    @extend_schema(summary="Tell a day's number", request=DayCountSerializer, responses={200: SiteSumsSerializer})
    @action(detail=True, methods=["post"])
    def count(self, request: Request, pk: UUID) -> Response:
        """Told again it replaces what was told."""
        site: Site = self.get_object()
        sites.count(site=site, **self.given(DayCountSerializer), actor=self._by(site), now=self.now)
        return Response(self._sums(site))

    @extend_schema(
        summary="When a video room is free",
        responses=FreeTimesSerializer,
        filters=False,
        parameters=[OpenApiParameter("day", str, required=True, description="A date.")],
    )
    @action(detail=True, url_path="free-times", pagination_class=None, filterset_class=None)
    def free_times(self, request: Request, pk: UUID) -> Response:
        """The beginnings that nobody has booked."""
        site: Site = self.find()
        try:
            day = Day().to_internal_value(request.query_params.get("day", ""))
        except serializers.ValidationError:
            raise parameter_error("day", "bad_date", _("Please give a date.")) from None
        return Response(FreeTimesSerializer({"times": bookings.free_slots(site, day, self.now)}).data)

    def _sums(self, site: Site) -> dict[str, Any]:
        day = timezone.localdate(self.now)
        found = sites.counts_since(site, day - timedelta(days=COUNTED_DAYS))
        return {"counts": found, "enrolled": site.enrolments.on(day).count()}

    def _by(self, site: Site) -> Actor:
        return self.actor("booking.write", site.unit_path)


# --- half hours in a video room


class BookingFilters(Filters):
    """What the list of bookings is narrowed by."""

    site = django_filters.UUIDFilter(field_name="site_id")
    state = django_filters.ChoiceFilter(choices=Booking.State.choices)
    starts_from = django_filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="gte")


class BookingSerializer(RowSerializer[Booking]):
    """One booking."""

    site = serializers.UUIDField(source="site_id")
    family = FamilyOfItem()
    booked_by = serializers.CharField(source="booked_label")

    class Meta:
        model = Booking
        fields = ("id", "site", "family", "starts_at", "ends_at", "state", "booked_by", "version")


class BookingEntrySerializer(serializers.Serializer[Any]):
    """Half an hour for a family."""

    site = VisibleField(Site)
    family = VisibleField(Family)
    starts_at = Moment()


class BookingHeldSerializer(serializers.Serializer[Any]):
    """Whether it took place."""

    held = serializers.BooleanField()


@extend_schema_view(list=extend_schema(summary="Bookings"), retrieve=extend_schema(summary="One booking"))
class Bookings(Resource):
    """Video rooms by the half hour; no two at once, and nothing of what is said is kept."""

    model = Booking
    serializer_class = BookingSerializer
    filterset_class = BookingFilters
    related = ("site__unit", "family__unit")
    orderings = {"starts_at": "starts_at"}
    ordering = "starts_at"
    required_actions = dict.fromkeys(("list", "retrieve", "create", "cancel", "told"), "booking.write")

    @extend_schema(summary="Book a video room", request=BookingEntrySerializer, responses={201: BookingSerializer})
    def create(self, request: Request) -> Response:
        """Half an hour within its opening hours."""
        given = self.given(BookingEntrySerializer)
        site: Site = given["site"]
        if not may(self.user, "booking.write", path=site.unit_path):
            raise NotAllowed
        made = bookings.book(**given, actor=self.actor("booking.write", site.unit_path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="Cancel a booking", request=None, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """The time is free again."""
        row: Booking = self.get_object()
        bookings.cancel(booking=row, actor=self.actor("booking.write", row.unit_path), now=self.now)
        return Response(self.represent(row))

    @extend_schema(summary="Tell whether it took place", request=BookingHeldSerializer, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def told(self, request: Request, pk: UUID) -> Response:
        """After it began."""
        row: Booking = self.get_object()
        held = self.given(BookingHeldSerializer)["held"]
        bookings.tell_held(booking=row, held=held, actor=self.actor("booking.write", row.unit_path), now=self.now)
        return Response(self.represent(row))


# --- who eats at a canteen


class EnrolmentFilters(Filters):
    """What the list of enrolments is narrowed by."""

    site = django_filters.UUIDFilter(field_name="site_id")
    family = django_filters.UUIDFilter(field_name="family_id")


class EnrolmentSerializer(RowSerializer[Enrolment]):
    """A family that eats there."""

    site = serializers.UUIDField(source="site_id")
    family = FamilyOfItem()

    class Meta:
        model = Enrolment
        fields = ("id", "site", "family", "persons", "from_date", "to_date", "version")


class EnrolmentEntrySerializer(serializers.Serializer[Any]):
    """Which family eats where, from when on."""

    site = VisibleField(Site)
    family = VisibleField(Family)
    persons = serializers.IntegerField(min_value=1, max_value=20, default=1)
    from_date = Day()


class EnrolmentEndSerializer(serializers.Serializer[Any]):
    """The first day without."""

    to_date = Day()


@extend_schema_view(list=extend_schema(summary="Enrolments"), retrieve=extend_schema(summary="One enrolment"))
class Enrolments(Resource):
    """Families that eat at a canteen or mutual-aid home."""

    model = Enrolment
    serializer_class = EnrolmentSerializer
    filterset_class = EnrolmentFilters
    related = ("site__unit", "family__unit")
    required_actions = dict.fromkeys(("list", "retrieve", "create", "end"), "booking.write")

    @extend_schema(summary="Enrol a family", request=EnrolmentEntrySerializer, responses={201: EnrolmentSerializer})
    def create(self, request: Request) -> Response:
        """Once per site at a time."""
        given = self.given(EnrolmentEntrySerializer)
        site: Site = given["site"]
        if not may(self.user, "booking.write", path=site.unit_path):
            raise NotAllowed
        made = bookings.enrol(**given, actor=self.actor("booking.write", site.unit_path), now=self.now)
        return Response(self.represent(made), status=201)

    @extend_schema(summary="End an enrolment", request=EnrolmentEndSerializer, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """From that day on."""
        row: Enrolment = self.get_object()
        by = self.actor("booking.write", row.unit_path)
        bookings.end_enrolment(enrolment=row, **self.given(EnrolmentEndSerializer), actor=by, now=self.now)
        return Response(self.represent(row))
