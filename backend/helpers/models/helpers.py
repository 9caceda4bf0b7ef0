"""Helpers and the kinds of helper."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import granting, grants, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class HelperKind(models.Model):
    """One of the kinds of helper (兵儿子, 团儿女, 志愿者 …) and its rules, as data (domain.md 1.2, section 7 no. 9)."""

    code = models.CharField(primary_key=True, max_length=20)
    label = models.CharField(max_length=40)
    label_en = models.CharField(max_length=60)
    categories = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    """Categories of families that may be helped (D02); none named: whoever is in the programme."""
    per_family = models.PositiveSmallIntegerField(default=1)
    """How many helpers of this kind a family has at once at most: its seats."""
    max_families = models.PositiveSmallIntegerField(default=1)
    """How many families one helper of this kind takes when the helper sets nothing."""
    months = models.PositiveSmallIntegerField(default=12)
    """How long a pairing is meant to last at first; 0: no end is planned."""
    renewal_months = models.PositiveSmallIntegerField(default=12)
    """By how much a yearly review may renew it; 0: it is not renewed."""
    gates = models.JSONField(default=dict)
    """training, insurance, background_check, two_people, min_months_left: what has to be in force before a pairing
    starts."""
    cadence_days = models.PositiveSmallIntegerField(default=0)
    """At least one contact in so many days; 0: as the family's risk tier says (D06)."""
    minors = models.BooleanField(default=False)
    """May be paired with families in which minors live."""
    statutory = models.BooleanField(default=False)
    """Named by an office for a post instead of asked and matched; neither waits for a pairing nor stands in its way."""
    is_group = models.BooleanField(default=False)
    """A team or an institution, not one person."""
    order = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.label


class HelperQuerySet(models.QuerySet["Helper"]):
    """Helpers by who may see them."""

    def visible_to(self, user: Viewer) -> HelperQuerySet:
        """Helpers of one's subtree; a liaison those of the own partner unit; a helper oneself."""
        condition = in_subtree(user, "helper.read", "unit__path")
        if granting(user, "own.helper.read"):
            own = [grant.unit_id for grant in grants(user) if grant.role == "liaison"]
            condition |= Q(partner_unit_id__in=own)
        if user.is_authenticated:
            condition |= Q(user_id=user.pk)
        return self.filter(condition)

    def with_places(self, day: date) -> HelperQuerySet:
        """Each with `taken`, the places that spells from that day on and offers take, and `free`, those left over.

        The same counts as backend.helpers.places, in the statement that reads the rows.
        """
        from backend.helpers.models.offers import Offer  # both name the helper
        from backend.helpers.models.pairings import Pairing

        spells = Pairing.objects.from_day(day).filter(helper=OuterRef("pk"))
        offers = Offer.objects.filter(helper=OuterRef("pk"), state__in=Offer.PROMISED, pairing__isnull=True)
        taken = Coalesce(_counted(spells), 0) + Coalesce(_counted(offers), 0)
        most = Coalesce(F("max_families"), F("kind__max_families"))
        return self.annotate(taken=taken, free=most - taken)


def _counted(rows: models.QuerySet[Any]) -> Subquery:
    """How many rows belong to the helper of the outer row; none at all is NULL."""
    counted = rows.order_by().values("helper").annotate(number=Count("pk")).values("number")
    return Subquery(counted, output_field=models.IntegerField())


class Helper(Record):
    """Anyone who is paired with families (F05). `number` is opaque; the id number is encrypted."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        AWAY = "away", _("not available")
        SUSPENDED = "suspended", _("suspended")
        ENDED = "ended", _("ended")

    number = models.CharField(max_length=40, unique=True)
    kind = models.ForeignKey(HelperKind, on_delete=models.PROTECT, related_name="helpers")
    name = models.CharField(max_length=60)
    initials = models.CharField(max_length=60, default="", blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="helpers")
    """The township or village that keeps the helper's register entry: decides who sees it."""
    partner_unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.PROTECT, related_name="helper")
    certificate = EncryptedText(default="", blank=True)
    certificate_index = models.BinaryField(max_length=32, null=True, blank=True)
    certificate_tail = models.CharField(max_length=4, default="", blank=True)
    sex = models.CharField(max_length=1, default="0")
    birth_date = models.DateField(null=True, blank=True)
    liaison = models.CharField(max_length=60, default="", blank=True)
    phone = EncryptedText(default="", blank=True)
    skills = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    from_date = models.DateField(null=True, blank=True)
    to_date = models.DateField(null=True, blank=True)
    """The window of service: for a conscript the known day of discharge."""
    max_families = models.PositiveSmallIntegerField(null=True, blank=True)
    trained_on = models.DateField(null=True, blank=True)
    insured_until = models.DateField(null=True, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    check_until = models.DateField(null=True, blank=True)
    """The day from which the background check is over; follows from `checked_on` (see backend.helpers.checks)."""
    address = models.CharField(max_length=200, default="", blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    end_reason = models.CharField(max_length=40, default="", blank=True)
    notes = models.JSONField(default=dict, blank=True)
    search = models.TextField(default="", blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = HelperQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["certificate_index"], name="helper_certificate"),
            models.Index(fields=["unit", "kind", "status"], name="helper_unit_kind"),
            GinIndex(OpClass(F("search"), "gin_trgm_ops"), name="helper_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """Where the register entry is kept, as a path."""
        return self.unit.path

    @property
    def places(self) -> int:
        """How many families the helper takes at most."""
        return self.kind.max_families if self.max_families is None else self.max_families
