"""Exits (F12): why somebody's subsidy ends, from when, who checked, confirmed and explained it, and the appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User
from backend.subsidies.models.entitlements import Entitlement
from backend.subsidies.models.reviews import ReviewCheck

if TYPE_CHECKING:
    from backend.org.access import Viewer

DIGITS, PLACES = 12, 2
"""Of every amount in yuan."""


class ExitQuerySet(models.QuerySet["Exit"]):
    """Exits by who may see them."""

    def visible_to(self, user: Viewer) -> ExitQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "subsidy_exit.read", "unit__path"))

    def open(self) -> ExitQuerySet:
        """Those under way."""
        return self.exclude(state__in=OVER)


class Exit(Record):
    """A change that was reported of one entitlement, and what became of it.

    What is true of it is written down as it becomes known: when it happened, when the family told it, when the office
    knew (`created_at`). The difference between late and hidden is seen there, and nowhere else (P07).
    """

    class State(models.TextChoices):
        REPORTED = "reported", pgettext_lazy("exit", "reported")
        PROPOSED = "proposed", _("before the county")
        CONFIRMED = "confirmed", _("confirmed: to be explained")
        EXPLAINED = "explained", _("explained: time to appeal")
        APPEALED = "appealed", _("appealed")
        EXITED = "exited", pgettext_lazy("exit", "ended")
        CONTINUED = "continued", _("goes on")
        RESTORED = "restored", _("restored on appeal")

    class Source(models.TextChoices):
        REVIEW = "review", pgettext_lazy("subsidy", "yearly review")
        EVENT = "event", _("an event on file")
        REPORT = "report", _("reported by hand")
        FINDING = "finding", _("an inspection")

    number = models.CharField(max_length=40, unique=True)
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="exits")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village at the time: whoever moves away leaves here first (E1)."""
    source = models.CharField(max_length=8, choices=Source.choices)
    check_row = models.ForeignKey(ReviewCheck, null=True, on_delete=models.PROTECT, related_name="exits")
    """The yearly check that found it."""
    reason = models.CharField(max_length=20)
    """Code of the list subsidy_change."""
    happened_on = models.DateField()
    reported_on = models.DateField(null=True, blank=True)
    """The day on which the person or the family told it; none when they did not."""
    reported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    reported_label = models.CharField(max_length=140)
    evidence = EncryptedText(default="", blank=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=140, default="", blank=True)
    stop_from = models.CharField(max_length=12, default="", blank=True)
    """What decision D16 says: event_month, next_month, next_period, at_once."""
    collect_back = models.CharField(max_length=12, default="", blank=True)
    """none, after_stop, from_event, county, from_start."""
    exit_reason = models.CharField(max_length=20, default="", blank=True)
    stop_on = models.DateField(null=True, blank=True)
    """The first day on which it is not given any more."""
    overpaid_from = models.DateField(null=True, blank=True)
    overpaid = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES, default=0)
    """Yuan that were paid for the time from `overpaid_from` on."""
    cancelled = models.JSONField(default=list, blank=True)
    """Ids of the payables that it cancelled: what an appeal that is upheld gives back."""
    collect = models.BooleanField(default=False)
    """Whether the county wants it back."""
    decision_reason = models.CharField(max_length=400, default="", blank=True)
    """Stands in the notice that the person gets."""
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    confirmed_on = models.DateField(null=True, blank=True)
    explained_on = models.DateField(null=True, blank=True)
    explained_to = models.CharField(max_length=12, default="", blank=True)
    manner = models.CharField(max_length=10, default="", blank=True)
    explained_label = models.CharField(max_length=140, default="", blank=True)
    words = EncryptedText(default="", blank=True)
    """What was said when it was explained."""
    appeal_until = models.DateField(null=True, blank=True)
    appeal = EncryptedText(default="", blank=True)
    appealed_on = models.DateField(null=True, blank=True)
    appeal_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    appeal_label = models.CharField(max_length=140, default="", blank=True)
    appeal_reason = models.CharField(max_length=400, default="", blank=True)
    """The reasons of the written answer."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.REPORTED)
    instance_id = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ExitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "id"], name="exit_unit")]
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"],
                condition=~Q(state__in=["exited", "continued", "restored"]),
                name="exit_open_once",
            ),
            # Four eyes in the database, too: who checked does not confirm, who confirmed does not hear the appeal.
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("checked_by")), name="exit_two_people"
            ),
            models.CheckConstraint(
                condition=Q(appeal_by__isnull=True) | (~Q(appeal_by=F("confirmed_by")) & ~Q(appeal_by=F("checked_by"))),
                name="exit_appeal_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "explained", "appealed", "exited", "restored"])
                | Q(stop_on__isnull=False, confirmed_by__isnull=False) & ~Q(decision_reason=""),
                name="exit_with_reasons",
            ),
            # Nobody is out who was not told, with the reasons and where to appeal.
            models.CheckConstraint(
                condition=~Q(state__in=["explained", "appealed", "exited", "restored"])
                | Q(explained_on__isnull=False, appeal_until__isnull=False),
                name="exit_explained",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is dealt with, as a path."""
        return self.unit.path


OVER = (Exit.State.EXITED, Exit.State.CONTINUED, Exit.State.RESTORED)
"""Nothing more happens to it."""
