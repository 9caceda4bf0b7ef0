"""Recoveries (F13): what was overpaid month by month, whose mistake it was, what was decided, what was paid back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User
from backend.subsidies.models.exits import DIGITS, PLACES, Exit

if TYPE_CHECKING:
    from backend.org.access import Viewer

CLAIMED = ("paying", "settled", "waived", "referred")
"""States in which the county wants, wanted or let go of the money."""


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    """Recoveries by who may see them."""

    def visible_to(self, user: Viewer) -> RecoveryQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "recovery.read", "unit__path"))


class Recovery(Record):
    """What somebody was paid too much. Nothing is claimed of anybody who has no notice with the figures in hand."""

    class State(models.TextChoices):
        FOUND = "found", _("being looked into")
        NOTIFIED = "notified", _("notice handed over")
        HEARD = "heard", _("before the county")
        PAYING = "paying", _("being paid back")
        APPEALED = "appealed", _("objected to")
        SETTLED = "settled", _("paid back")
        WAIVED = "waived", _("waived")
        REFERRED = "referred", _("referred to the law")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Cause(models.TextChoices):
        OFFICE = "office", _("our mistake")
        LATE = "late_report", _("reported late")
        FRAUD = "fraud", _("hidden or forged")

    number = models.CharField(max_length=40, unique=True)
    exit = models.OneToOneField(Exit, on_delete=models.PROTECT, related_name="recovery")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village that hands the notice over."""
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    """Yuan, the sum of `months`."""
    months = models.JSONField()
    """The figures of the notice: month (2026-03) → yuan paid too much, as text."""
    cause = models.CharField(max_length=12, choices=Cause.choices, default="", blank=True)
    known = EncryptedText(default="", blank=True)
    """Who knew what, and when."""
    hardship = EncryptedText(default="", blank=True)
    """yes or no: whether paying it back now would bring hardship."""
    classified_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    served_on = models.DateField(null=True, blank=True)
    served_label = models.CharField(max_length=140, default="", blank=True)
    manner = models.CharField(max_length=10, default="", blank=True)
    answer_until = models.DateField(null=True, blank=True)
    objection_until = models.DateField(null=True, blank=True)
    answer = models.CharField(max_length=12, default="", blank=True)
    answer_words = EncryptedText(default="", blank=True)
    months_asked = models.PositiveSmallIntegerField(null=True, blank=True)
    proposal = models.CharField(max_length=12, default="", blank=True)
    """What decision D17 proposes: full, instalment, waiver, refer."""
    proposal_reason = models.CharField(max_length=20, default="", blank=True)
    decision = models.CharField(max_length=12, default="", blank=True)
    decision_reason = models.CharField(max_length=400, default="", blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_on = models.DateField(null=True, blank=True)
    plan = models.PositiveSmallIntegerField(default=0)
    """Which plan of instalments holds; a new plan leaves the older ones as they were."""
    received = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES, default=0)
    """Yuan paid back so far, the sum of the receipts."""
    objection = EncryptedText(default="", blank=True)
    objected_on = models.DateField(null=True, blank=True)
    appeal_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    appeal_label = models.CharField(max_length=140, default="", blank=True)
    appeal_reason = models.CharField(max_length=400, default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FOUND)
    instance_id = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "recoveries"
        indexes = [models.Index(fields=["unit", "id"], name="recovery_unit")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="recovery_positive"),
            models.CheckConstraint(
                condition=Q(received__gte=0) & Q(received__lte=F("amount")), name="recovery_never_more"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=CLAIMED) | Q(served_on__isnull=False), name="recovery_never_without_notice"
            ),
            models.CheckConstraint(
                condition=Q(received=0) | Q(served_on__isnull=False), name="recovery_nothing_taken_before"
            ),
            models.CheckConstraint(
                condition=~Q(state="waived") | Q(cause="office"), name="recovery_waived_when_our_mistake"
            ),
            models.CheckConstraint(condition=~Q(state="settled") | Q(received=F("amount")), name="recovery_settled"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("classified_by")), name="recovery_two_people"
            ),
            models.CheckConstraint(
                condition=Q(appeal_by__isnull=True)
                | (~Q(appeal_by=F("decided_by")) & ~Q(appeal_by=F("classified_by"))),
                name="recovery_appeal_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is dealt with, as a path."""
        return self.unit.path

    @property
    def left(self) -> Decimal:
        """Yuan still to be paid back."""
        return self.amount - self.received

    def next_due(self) -> date | None:
        """The day on which the oldest instalment of the plan that is not covered by what was received is due."""
        before = Decimal(0)
        paid_before = self.received - self.received_before_plan()
        for row in self.instalments.filter(plan=self.plan).order_by("number"):
            before += row.amount
            if before > paid_before:
                return row.due_on
        return None

    def received_before_plan(self) -> Decimal:
        """Yuan that were received before the plan that holds was made: it divides the rest."""
        planned = sum((row.amount for row in self.instalments.filter(plan=self.plan)), Decimal(0))
        return self.amount - planned


class Instalment(Record):
    """One part of a plan of instalments; the parts come to exactly what was left when the plan was made."""

    recovery = models.ForeignKey(Recovery, on_delete=models.PROTECT, related_name="instalments", db_index=False)
    plan = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recovery", "plan", "number"], name="recovery_instalment_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="recovery_instalment_positive"),
        ]


class Receipt(Record):
    """What was paid back at one time: a receipt that the person holds, and an entry in the ledger."""

    class Method(models.TextChoices):
        BANK = "bank", _("bank transfer")
        CASH = "cash", _("cash")

    recovery = models.ForeignKey(Recovery, on_delete=models.PROTECT, related_name="receipts")
    number = models.CharField(max_length=40, unique=True)
    """As printed on the receipt."""
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    received_on = models.DateField()
    method = models.CharField(max_length=8, choices=Method.choices)
    received_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    received_label = models.CharField(max_length=140)
    entry_id = models.UUIDField()
    """The entry of the ledger."""

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="recovery_receipt_positive")]
