"""What is owed to whom, the batches in which a bank is told to pay it, and what it answered (F13, P06 steps 7, 8).

"Paid" is only what the bank says it paid; until then, and after a return, it is "not received" (domain.md E14). Who
confirmed a right, who draws a batch up and who releases it are three people (domain.md section 3.0): migration
0002_guards refuses the rest, whatever the program does.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.ledger.models import DIGITS, PLACES, Account
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class PayableQuerySet(models.QuerySet["Payable"]):
    """Payables by who may see them."""

    def visible_to(self, user: Viewer) -> PayableQuerySet:
        """Those that a unit in one's subtree pays, and those of people who live there."""
        return self.filter(
            in_subtree(user, "payable.read", "unit__path") | in_subtree(user, "payable.read", "unit_path")
        )

    def payable_now(self) -> PayableQuerySet:
        """Those that the next batch may take: open, not held, with an account to pay to."""
        return self.filter(state=Payable.State.OPEN, is_held=False).exclude(account_tail="")

    def overdue(self, day: date) -> PayableQuerySet:
        """Those whose last day has passed, and that nobody stopped: not received, for whatever reason."""
        return self.filter(self.is_overdue(day))

    @staticmethod
    def is_overdue(day: date) -> Q:
        """The one condition by which lists, figures and reminders call a payment overdue."""
        unpaid = ~Q(state__in=(Payable.State.PAID, Payable.State.CANCELLED))
        return unpaid & Q(pay_by__lt=day, is_held=False)


class Payable(Record):
    """An amount owed to somebody for one purpose and period, on a legal basis, confirmed by named people."""

    class State(models.TextChoices):
        OPEN = "open", _("waits to be paid")
        BATCHED = "batched", _("in a payment batch")
        PAID = "paid", _("arrived in the account")
        RETURNED = "returned", _("not received: returned by the bank")
        CHECKING = "checking", _("not received: new account being checked")
        CANCELLED = "cancelled", _("no longer owed")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Whose budget pays it."""
    unit_path = models.CharField(max_length=200, db_collation="C")
    """Where the payee lives, as a path; of a payee who is nobody on file, that of the paying unit."""
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="payables")
    payee_label = models.CharField(max_length=60)
    """The name in which the account is held."""
    account_number = EncryptedText(default="", blank=True)
    account_tail = models.CharField(max_length=4, default="", blank=True)
    """The last characters, all that lists show; empty: there is no account yet."""
    proposed_number = EncryptedText(default="", blank=True)
    proposed_tail = models.CharField(max_length=4, default="", blank=True)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_label = models.CharField(max_length=140, default="", blank=True)
    agreed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who agreed to the newest account: never who proposed it."""
    identity_check = models.CharField(max_length=20, default="", blank=True)
    """A code of the list payment_identity_check: how it was made sure that the account is the payee's."""
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    purpose = models.CharField(max_length=40)
    """A code of the list payment_purpose."""
    programme = models.CharField(max_length=40)
    """A code: what batches are drawn up for."""
    period = models.CharField(max_length=20)
    """2026, 2026-07 or 2026-07/2026-12."""
    months = models.JSONField(default=dict, blank=True)
    """Of several months: month (2026-07) → yuan of it, as text. Empty: one month, or equal parts."""
    basis = models.CharField(max_length=200)
    """The standard, law or decision by which it is owed, with its version or date."""
    is_adjustment = models.BooleanField(default=False)
    """Paid after the fact because a standard or a fact changed (domain.md E15)."""
    reference_kind = models.CharField(max_length=40)
    reference_id = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)
    """Owed once, however often it is asked for."""
    due_on = models.DateField(null=True)
    """Not paid before this day."""
    pay_by = models.DateField(null=True)
    """The last day on which it is paid in time; none: no day is set."""
    confirmed_by = ArrayField(models.UUIDField())
    """The users who confirmed the right: none of them pays it."""
    is_held = models.BooleanField(default=False)
    """An objection, a death report, a stop: no batch takes it until it is let go."""
    standing = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    """The account of the ledger in which its yuan are now."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    version = models.PositiveIntegerField(default=1)

    objects = PayableQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payable_positive"),
            models.CheckConstraint(condition=~Q(agreed_by=F("proposed_by")), name="payable_account_by_two"),
        ]
        indexes = [
            models.Index(fields=["unit", "programme", "id"], condition=Q(state="open"), name="payable_open"),
            models.Index(fields=["state", "id"], condition=~Q(state__in=["paid", "cancelled"]), name="payable_live"),
            models.Index(fields=["reference_kind", "reference_id"], name="payable_reference"),
            models.Index(fields=["created_at", "id"], name="payable_age"),
        ]

    def __str__(self) -> str:
        return f"{self.payee_label} {self.period}"

    def is_overdue_on(self, day: date) -> bool:
        """As `PayableQuerySet.is_overdue`."""
        over = self.state in (self.State.PAID, self.State.CANCELLED)
        return not over and not self.is_held and self.pay_by is not None and self.pay_by < day

    @property
    def number(self) -> str:
        """What people quote: its period and the end of its id."""
        return f"{self.period}-{str(self.pk)[-8:]}"


class PaymentBatchQuerySet(models.QuerySet["Batch"]):
    """Batches by who may see them."""

    def visible_to(self, user: Viewer) -> PaymentBatchQuerySet:
        """Those of units in one's subtree."""
        return self.filter(in_subtree(user, "batch.read", "unit__path"))


class Batch(Record):
    """One order to the bank: drawn up by one person, released by another, answered line by line."""

    class State(models.TextChoices):
        DRAWN = "drawn", _("drawn up")
        RELEASED = "released", _("with the bank")
        SETTLED = "settled", _("answered in full")
        DROPPED = "dropped", _("not sent")

    number = models.CharField(max_length=40, unique=True)
    """<unit code>-PAY-<year>-<running number>."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=40, default="", blank=True)
    """Only of this programme; empty: of all."""
    pay_on = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAWN)
    count = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    drawn_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    drawn_label = models.CharField(max_length=140)
    released_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    released_label = models.CharField(max_length=140, default="", blank=True)
    released_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = PaymentBatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(released_by=F("drawn_by")), name="batch_by_two"),
            models.CheckConstraint(
                condition=Q(state__in=["drawn", "dropped"]) | Q(released_by__isnull=False), name="batch_released"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """The paying unit's place, as a path."""
        return self.unit.path


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Lines of batches by who may see them."""

    def visible_to(self, user: Viewer) -> TransferQuerySet:
        """Those of batches in one's subtree."""
        return self.filter(in_subtree(user, "batch.read", "batch__unit__path"))

    def unposted(self) -> TransferQuerySet:
        """Answered by the bank, and not yet in the ledger."""
        return self.exclude(answer="").exclude(answer=F("state"))


class Transfer(Record):
    """One line of a batch: so much to this account. The account is the one it was drawn up with."""

    class State(models.TextChoices):
        WAITING = "waiting", _("not received yet")
        PAID = "paid", _("arrived in the account")
        RETURNED = "returned", _("returned by the bank")
        DROPPED = "dropped", _("taken off the batch")

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="transfers", db_index=False)
    number = models.PositiveIntegerField()
    """In the file for the bank."""
    payable = models.ForeignKey(Payable, on_delete=models.PROTECT, related_name="transfers", db_index=False)
    payee_label = models.CharField(max_length=60)
    account_number = EncryptedText()
    account_tail = models.CharField(max_length=4)
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    answer = models.CharField(max_length=10, default="", blank=True)
    """paid or returned, as the bank's newest file says; `state` follows when it has been posted."""
    answered_on = models.DateField(null=True)
    reason = models.CharField(max_length=100, default="", blank=True)
    """Why the bank returned it."""

    objects = TransferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="transfer_number"),
            # Whatever is run twice: one payable is under way or paid by one line only.
            models.UniqueConstraint(
                fields=["payable"], condition=Q(state__in=["waiting", "paid"]), name="transfer_pays_once"
            ),
        ]
        indexes = [models.Index(fields=["payable", "id"], name="transfer_payable")]

    @property
    def unit_path(self) -> str:
        """The paying unit's place, as a path."""
        return self.batch.unit.path


class BatchFile(Record):
    """A file that went to the bank or came from it, encrypted as it holds account numbers, with its checksum."""

    class Kind(models.TextChoices):
        ORDER = "order", _("for the bank")
        ANSWER = "answer", _("from the bank")

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the file, in hexadecimal digits."""
    count = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    label = models.CharField(max_length=140)
    """Who made or read it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "kind", "digest"], name="batch_file_once")]
