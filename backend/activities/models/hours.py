"""Hours of service: claimed, verified by somebody else, disputed (F23, 民政部令第67号)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, grants, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class HourClaimQuerySet(models.QuerySet["HourClaim"]):
    """Claims by who may see them and by what became of them."""

    def visible_to(self, user: Viewer) -> HourClaimQuerySet:
        """Claims of one's subtree; a liaison the own people's; a helper the own ones."""
        condition = in_subtree(user, "hours.read", "unit__path")
        if granting(user, "own.hours.read"):
            partners = [grant.unit_id for grant in grants(user) if grant.role == "liaison"]
            condition |= Q(helper__partner_unit_id__in=partners) | Q(helper__user_id=user.pk)
        return self.filter(condition)

    def counting(self) -> HourClaimQuerySet:
        """Those whose hours count."""
        return self.filter(state__in=(HourClaim.State.VERIFIED, HourClaim.State.ADJUSTED))

    def half_hours(self) -> int:
        """How many half hours count in all."""
        total: Any = self.counting().aggregate(total=models.Sum("counted"))["total"]
        return int(total or 0)


class HourClaim(Record):
    """One stretch of service for which somebody claims hours.

    A visit or an activity makes at most one claim for each volunteer. Counted in halves: `counted` 5 is 2.5 h.
    """

    class Source(models.TextChoices):
        VISIT = "visit", _("a visit")
        ACTIVITY = "activity", _("an activity")
        MANUAL = "manual", _("entered by hand")

    class State(models.TextChoices):
        CLAIMED = "claimed", _("to be verified")
        VERIFIED = "verified", _("verified")
        ADJUSTED = "adjusted", _("verified with other hours")
        REJECTED = "rejected", _("not counted")
        DISPUTED = "disputed", _("disputed")

    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="hours")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Where the register entry of the volunteer was kept at that time."""
    source = models.CharField(max_length=10, choices=Source.choices)
    source_id = models.UUIDField(null=True, blank=True)
    """The visit or the activity; only an address."""
    content = models.CharField(max_length=30)
    """What was done: a code of the list `service_content`."""
    place = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Where: the family's village, the site's. Never which family."""
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    claimed = models.PositiveSmallIntegerField()
    """Half hours claimed."""
    counted = models.PositiveSmallIntegerField(default=0)
    """Half hours that count."""
    evidence = models.CharField(max_length=20)
    """Code list `hours_evidence`."""
    confirmation = models.CharField(max_length=10, default="waived")
    """What the family or the site said: confirmed, denied, wanted (chosen for the sample, nobody has said), waived."""
    note = models.CharField(max_length=300, default="", blank=True)
    claimed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who claims them; nobody when they follow from a record."""
    claimed_label = models.CharField(max_length=140, default="", blank=True)
    claimed_at = models.DateTimeField()
    """When the hours became known: of a visit its record, of an entry by hand the entry."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.CLAIMED)
    route = models.CharField(max_length=12, default="", blank=True)
    """Who decides, by table D24: auto, leader, association, reject."""
    flags = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """What is odd about it: over_8, over_12, backdated, two_places, claimed_twice …"""
    due_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    verified_label = models.CharField(max_length=140, default="", blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=400, default="", blank=True)
    """Why other hours count, or none."""
    dispute = models.CharField(max_length=400, default="", blank=True)
    """What the volunteer says to it."""
    disputed_at = models.DateTimeField(null=True, blank=True)
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process that has it verified; only an address."""
    version = models.PositiveIntegerField(default=1)

    objects = HourClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            # Each visit and each activity once, however often a job runs.
            models.UniqueConstraint(
                fields=["helper", "source", "source_id"], condition=Q(source_id__isnull=False), name="hours_once"
            ),
            # Nobody verifies hours of one's own claiming, whichever way the write came (domain.md 3.0).
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | Q(claimed_by__isnull=True) | ~Q(verified_by=F("claimed_by")),
                name="hours_four_eyes",
            ),
            models.CheckConstraint(condition=Q(ended_at__gt=F("started_at")), name="hours_span"),
        ]
        indexes = [
            models.Index(fields=["helper", "started_at"], name="hours_helper"),
            models.Index(fields=["unit", "state", "id"], name="hours_unit"),
        ]

    def __str__(self) -> str:
        return self.helper.name

    @property
    def unit_path(self) -> str:
        """Where it is verified, as a path."""
        return self.unit.path
