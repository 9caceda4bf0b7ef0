"""Standards: what one level of government gives, from which day, to whom (domain.md 2b, 3.4 D14)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.org.access import granting, upwards

if TYPE_CHECKING:
    from backend.org.access import Viewer

LEVELS = ("national", "province", "city", "county", "township")
"""By the depth of an area's path: everywhere, two digits of the region code, four, six, nine."""


def areas_above(path: str) -> list[str]:
    """The areas that a place lies in, the widest first: everywhere, province … township."""
    return ["", *upwards(path)[: len(LEVELS) - 1]]


class StandardQuerySet(models.QuerySet["Standard"]):
    """Standards by who may see them, and those in force."""

    def visible_to(self, user: Viewer) -> StandardQuerySet:
        """Standards are published law: whoever reads subsidies reads all of them."""
        return self.all() if granting(user, "subsidy.read") else self.none()

    def over(self, path: str) -> StandardQuerySet:
        """Those of the areas that a place lies in."""
        return self.filter(area__in=areas_above(path))

    def on(self, day: date) -> StandardQuerySet:
        """Those that hold on a day."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)


class Standard(Record):
    """One layer of an amount: what an area adds to, sets instead of, or multiplies what the levels above it give.

    A newer row of the same area, kind, category, mode and age takes the place of the older one from its first day on;
    rows are never changed, so what was paid can always be explained.
    """

    class Mode(models.TextChoices):
        ADD = "add", _("added to what is above")
        REPLACE = "replace", _("instead of what is above")
        MULTIPLY = "multiply", _("multiplies what is above")

    class Per(models.TextChoices):
        MONTH = "month", _("a month")
        YEAR = "year", _("a year")
        ONCE = "once", _("once")

    class Residence(models.TextChoices):
        ANY = "", _("everybody")
        URBAN = "urban", _("townspeople")
        RURAL = "rural", _("country people")

    code = models.SlugField(max_length=60, unique=True)
    """What history and results quote it by, such as `national-special-2022`."""
    kind = models.CharField(max_length=30)
    """Code of the list subsidy_kind."""
    category = models.CharField(max_length=30, default="", blank=True)
    """Code of the list subsidy_category; empty: every category of the kind."""
    area = models.CharField(max_length=40, default="", blank=True, db_collation="C")
    """Path of the unit that gives it, empty for the whole country."""
    area_name = models.CharField(max_length=80, default="", blank=True)
    """What the area is called, also where no such unit is set up here."""
    residence = models.CharField(max_length=8, choices=Residence.choices, default=Residence.ANY, blank=True)
    min_age = models.PositiveSmallIntegerField(null=True, blank=True)
    """Full years of the person whose age counts, from which on it is given."""
    mode = models.CharField(max_length=8, choices=Mode.choices)
    per = models.CharField(max_length=8, choices=Per.choices, default=Per.MONTH, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    """Yuan; none where it multiplies."""
    factor = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    """The first day on which it holds no more."""
    reference = models.CharField(max_length=200)
    """The legal reference or the document that says so."""
    is_verified = models.BooleanField(default=False)
    """Whether amount and day were read in a published source; others wait for the county's word."""
    set_by_label = models.CharField(max_length=140, default="", blank=True)

    objects = StandardQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "area"], name="standard_kind_area")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "category", "area", "residence", "mode", "min_age", "from_date"],
                nulls_distinct=False,
                name="standard_once",
            ),
            models.CheckConstraint(
                condition=Q(mode="multiply", amount__isnull=True, factor__gt=0)
                | Q(mode__in=["add", "replace"], factor__isnull=True, amount__gte=0),
                name="standard_amount_or_factor",
            ),
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gt=F("from_date")), name="standard_dates"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def unit_path(self) -> str:
        """Whose standard it is."""
        return self.area

    @property
    def level(self) -> str:
        """national, province, city, county or township."""
        return LEVELS[min(self.area.count("."), len(LEVELS) - 1)]
