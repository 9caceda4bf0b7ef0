"""Entitlements: what one person gets, from when, until when, at which rates. Per person, so a divorce changes nothing
of either's (E28)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User
from backend.subsidies.models.applications import Application

if TYPE_CHECKING:
    from backend.org.access import Viewer


class EntitlementQuerySet(models.QuerySet["Entitlement"]):
    """Entitlements by who may see them, and those in force."""

    def visible_to(self, user: Viewer) -> EntitlementQuerySet:
        """Those of persons of one's subtree: where the person's household is today."""
        return self.filter(in_subtree(user, "subsidy.read", "person__family__unit__path"))

    def on(self, day: date) -> EntitlementQuerySet:
        """Those in force on a day."""
        return self.filter(Q(until_date__isnull=True) | Q(until_date__gt=day), from_date__lte=day)

    def going_on(self) -> EntitlementQuerySet:
        """Those that go on until they are ended; a single payment does not go on."""
        return self.exclude(cycle=Entitlement.Cycle.ONCE).filter(until_date__isnull=True)


class Entitlement(Record):
    """One person's right to one subsidy, from the first day of a month until (excluded) a day.

    `cycle` once: a single payment. What it comes to is told by its rates; the database lets no two of the same kind
    overlap for one person.
    """

    class Cycle(models.TextChoices):
        MONTH = "month", _("every month")
        YEAR = "year", _("every year")
        ONCE = "once", _("once")

    number = models.CharField(max_length=40, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="entitlements")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village whose standards apply."""
    kind = models.CharField(max_length=30)
    category = models.CharField(max_length=30, default="", blank=True)
    residence = models.CharField(max_length=8, default="", blank=True)
    """urban or rural, where a standard tells them apart."""
    cycle = models.CharField(max_length=8, choices=Cycle.choices)
    application = models.OneToOneField(
        Application, null=True, blank=True, on_delete=models.PROTECT, related_name="entitlement"
    )
    """None for what was taken over from before."""
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    """The first day on which it is not given any more."""
    end_reason = models.CharField(max_length=40, default="", blank=True)
    """Code of the list subsidy_end_reason."""
    account = EncryptedText(default="", blank=True)
    account_tail = models.CharField(max_length=4, default="", blank=True)
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    confirmed_on = models.DateField()
    version = models.PositiveIntegerField(default=1)

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")), name="entitlement_dates"
            ),
            ExclusionConstraint(
                name="entitlement_no_overlap",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("until_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(cycle="once"),
            ),
        ]
        indexes = [models.Index(fields=["person"], name="entitlement_person")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the person lives today."""
        return self.person.family.unit.path


class RateQuerySet(models.QuerySet["Rate"]):
    """Rates by the day."""

    def on(self, day: date) -> RateQuerySet:
        """Those that an entitlement has on a day, of entitlements in force on it."""
        ended = Q(until_date__lte=day) | Q(entitlement__until_date__lte=day)
        return self.filter(from_date__lte=day, entitlement__from_date__lte=day).exclude(ended)


class Rate(Record):
    """What an entitlement comes to from one day until (excluded) another, and which layers make it up.

    `yearly` is the exact sum of twelve months, so that months that do not divide evenly still add up; for what is
    given once it is that sum. A new standard ends a rate and begins the next (one that began on the same day was in
    force on no day at all); nothing else of a rate ever changes.
    """

    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="rates")
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    yearly = models.DecimalField(max_digits=12, decimal_places=2)
    """Yuan."""
    layers = models.JSONField()
    """One mapping per layer: standard, level, area, mode, part (yuan a year, as text), reference."""
    standard_version = models.CharField(max_length=16)
    """Digest of the standards that were applied, and of the table that put them together."""

    objects = RateQuerySet.as_manager()

    class Meta:
        ordering = ["from_date", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gte=F("from_date")), name="rate_dates"
            ),
            models.CheckConstraint(condition=Q(yearly__gte=0), name="rate_not_negative"),
            ExclusionConstraint(
                name="rate_no_overlap",
                expressions=[
                    ("entitlement", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("until_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    @property
    def monthly(self) -> Decimal:
        """A twelfth, rounded down to whole fen: for showing, never for adding up."""
        return (self.yearly / 12).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
