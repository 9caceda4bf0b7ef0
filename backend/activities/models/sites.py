"""Sites: service rooms, the three rooms, happy lodges, video rooms, canteens (G6, G7, G10, G15, W8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Family
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer


class SiteQuerySet(models.QuerySet["Site"]):
    """Sites by who may see them."""

    def visible_to(self, user: Viewer) -> SiteQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "site.read", "unit__path"))

    def open(self) -> SiteQuerySet:
        """Those not closed."""
        return self.filter(closed_on__isnull=True)


class Site(Record):
    """A room or house where families are served."""

    class Check(models.TextChoices):
        INSPECTION = "inspection", _("half-yearly inspection")
        EQUIPMENT = "equipment", _("monthly check of the equipment")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village or community that runs it."""
    kind = models.CharField(max_length=20)
    """Code of the list site_kind."""
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=160, default="", blank=True)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)
    """1 Monday to 7 Sunday."""
    opens = models.TimeField()
    closes = models.TimeField()
    area = models.PositiveIntegerField(null=True)
    """Square metres."""
    seats = models.PositiveIntegerField(null=True)
    standards = ArrayField(models.CharField(max_length=20), default=list)
    """What it was found to meet at its last inspection (list site_standard)."""
    has_equipment = models.BooleanField(default=False)
    """Whether there is something to be checked every month."""
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    inspected_on = models.DateField(null=True)
    checked_on = models.DateField(null=True)
    under_check = ArrayField(models.CharField(max_length=12), default=list)
    """Checks that are under way."""
    wanting = models.CharField(max_length=600, default="", blank=True)
    """What the last check found wanting; empty when it is in order."""
    version = models.PositiveIntegerField(default=1)

    objects = SiteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "kind"], name="site_unit_kind")]
        constraints = [models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="site_hours")]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """Where it lies."""
        return self.unit.path

    def is_open_on(self, day: date) -> bool:
        """Whether it opens on this day."""
        return day.isoweekday() in self.weekdays and (self.closed_on is None or day < self.closed_on)


class BookingQuerySet(models.QuerySet["Booking"]):
    """Bookings by who may see them."""

    def visible_to(self, user: Viewer) -> BookingQuerySet:
        """Those of sites in one's subtree: a child's hour with the parents is nobody else's business."""
        return self.filter(in_subtree(user, "booking.write", "site__unit__path"))

    def valid(self) -> BookingQuerySet:
        """Those not cancelled."""
        return self.exclude(state=Booking.State.CANCELLED)


class Booking(Record):
    """Half an hour in a video room for one family (G10). That it took place is kept; what was said never is."""

    class State(models.TextChoices):
        BOOKED = "booked", _("booked")
        HELD = "held", _("took place")
        MISSED = "missed", _("did not take place")
        CANCELLED = "cancelled", _("cancelled")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="bookings")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.BOOKED)
    booked_label = models.CharField(max_length=140)
    version = models.PositiveIntegerField(default=1)

    objects = BookingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="booking_times"),
            ExclusionConstraint(
                name="booking_no_overlap",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    (
                        Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(state="cancelled"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site.name} {timezone.localtime(self.starts_at):%Y-%m-%d %H:%M}"

    @property
    def unit_path(self) -> str:
        """Where the room is."""
        return self.site.unit_path

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return now >= self.ends_at


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """Enrolments by who may see them."""

    def visible_to(self, user: Viewer) -> EnrolmentQuerySet:
        """Those of sites in one's subtree."""
        return self.filter(in_subtree(user, "booking.write", "site__unit__path"))

    def on(self, day: date) -> EnrolmentQuerySet:
        """Those in force on this day."""
        return self.filter(from_date__lte=day).filter(Q(to_date__isnull=True) | Q(to_date__gt=day))


class Enrolment(Record):
    """A family that eats at a canteen or mutual-aid home (G15)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="enrolments")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    persons = models.PositiveSmallIntegerField(default=1)
    from_date = models.DateField()
    to_date = models.DateField(null=True)
    """The first day without."""
    version = models.PositiveIntegerField(default=1)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="enrolment_no_overlap",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("family", RangeOperators.EQUAL),
                    (
                        Func(F("from_date"), F("to_date"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            )
        ]

    def __str__(self) -> str:
        return self.site.name

    @property
    def unit_path(self) -> str:
        """Where the site is."""
        return self.site.unit_path


class DayCount(Record):
    """How much of something there was at a site on a day: meals, consultations, supplies. A number and nobody's name
    (G9: anonymous counters only)."""

    class What(models.TextChoices):
        MEALS = "meals", _("meals")
        CONSULTATIONS = "consultations", _("consultations")
        SUPPLIES = "supplies", _("supplies handed out")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="counts")
    day = models.DateField()
    what = models.CharField(max_length=14, choices=What.choices)
    number = models.PositiveIntegerField()
    counted_label = models.CharField(max_length=140)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day", "what"], name="day_count_once")]

    def __str__(self) -> str:
        return self.site.name
