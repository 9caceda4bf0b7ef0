"""Small loans to families, paid out of a revolving fund (W18, G22, P10 D): the loan, its plan, what came back.

A loan is asked for, recommended, stood for, decided, signed and paid by different people: the constraints hold that
whatever the program does. Amounts are yuan with two places; what a family owes elsewhere is encrypted. Nothing here can
be made public: a loan is between the family and the fund (P10: never harassment).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.cases.models import Family, Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer

LABEL = 140
"""Characters of who did something, as history tells it."""


class LoanQuerySet(models.QuerySet["Loan"]):
    """Loans by who may see them."""

    def visible_to(self, user: Viewer) -> LoanQuerySet:
        """Those of families in one's subtree; never of one's own kin."""
        return self.filter(in_subtree(user, "loan.read", "unit_path")).exclude(kin=user.pk)

    def with_balance(self, day: date) -> LoanQuerySet:
        """With what is still owed (`outstanding`), the next day something is due (`next_due_on`) and whether a day
        has passed (`is_overdue`)."""
        open_parts = Instalment.objects.filter(loan=OuterRef("pk"), state=Instalment.State.OPEN).order_by()
        owed = open_parts.values("loan").annotate(sum=Sum(F("principal") - F("paid_principal"))).values("sum")
        running = Q(state=Loan.State.RUNNING)
        late = open_parts.filter(due_on__lt=day)
        return self.annotate(
            outstanding=Coalesce(Case(When(running, then=Subquery(owed))), Decimal("0.00")),
            next_due_on=Case(When(running, then=Subquery(open_parts.order_by("due_on").values("due_on")[:1]))),
            is_overdue=Case(When(running, then=Exists(late)), default=False, output_field=models.BooleanField()),
        )


class Loan(Record):
    """One loan of one family, from the day it is asked for to the day nothing is owed any more (F16)."""

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("loan", "asked for")
        RECOMMENDED = "recommended", _("recommended by the village")
        GUARANTEED = "guaranteed", _("stood for by the village")
        AGREED = "agreed", _("agreed to by the county")
        SIGNED = "signed", _("signed, to be paid")
        RUNNING = "running", _("being repaid")
        REPAID = "repaid", _("repaid")
        WRITTEN_OFF = "written_off", _("written off")
        REFUSED = "refused", pgettext_lazy("loan", "not granted")
        WITHDRAWN = "withdrawn", _("withdrawn by the family")

    number = models.CharField(max_length=40, unique=True)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    borrower = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    """The family's village when it asked."""
    unit_path = models.CharField(max_length=200, db_collation="C")
    project = models.CharField(max_length=20)
    """A code of the list loan_project."""
    purpose = EncryptedText()
    asked = models.DecimalField(max_digits=10, decimal_places=2)
    kin = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Somebody of the offices who is the family's relative: neither sees nor does anything of it."""
    referral_id = models.UUIDField(null=True)
    """The referral to a department for the same project (W18: agricultural funds, projects, techniques)."""
    asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    asked_label = models.CharField(max_length=LABEL)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    reason = models.CharField(max_length=400, default="", blank=True)
    """Why it was not granted, or why it differs from what was advised."""

    training_done = models.BooleanField(default=False)
    trained_on = models.DateField(null=True)
    existing_debt = EncryptedText(default="", blank=True)
    """Whole yuan, as the family says."""
    recommended_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    recommended_label = models.CharField(max_length=LABEL, default="", blank=True)

    guarantor_kind = models.CharField(max_length=12, default="none")
    """none, villager, group, collective."""
    guarantor = EncryptedText(default="", blank=True)
    village_rating = models.CharField(max_length=1, default="", blank=True)
    """A, B or C: how loans of the village were repaid."""
    votes_for = models.PositiveSmallIntegerField(null=True)
    votes_against = models.PositiveSmallIntegerField(null=True)
    recused = models.PositiveSmallIntegerField(null=True)
    guaranteed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    guaranteed_label = models.CharField(max_length=LABEL, default="", blank=True)

    advice = models.CharField(max_length=12, default="", blank=True)
    """recommend, smaller, refuse (decision D23)."""
    advice_reason = models.CharField(max_length=20, default="", blank=True)
    advised = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    advised_months = models.PositiveSmallIntegerField(null=True)
    principal = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    months = models.PositiveSmallIntegerField(null=True)
    count = models.PositiveSmallIntegerField(null=True)
    """Into how many instalments it was divided first."""
    interest = models.PositiveSmallIntegerField(default=0)
    """Hundredths of a percent a year: 435 is 4.35 %."""
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=LABEL, default="", blank=True)

    contract_number = models.CharField(max_length=60, default="", blank=True)
    signed_on = models.DateField(null=True)
    first_due_on = models.DateField(null=True)
    signed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who signed for the office."""
    signed_label = models.CharField(max_length=LABEL, default="", blank=True)
    payable_id = models.UUIDField(null=True)
    """What the payment desk was asked to pay."""
    paid_on = models.DateField(null=True)

    hardship = models.BooleanField(default=False)
    """The borrower asked for another plan."""
    proposed_first_due_on = models.DateField(null=True)
    proposed_count = models.PositiveSmallIntegerField(null=True)
    proposal_reason = EncryptedText(default="", blank=True)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    restructured_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = LoanQuerySet.as_manager()

    class Meta:
        constraints = [
            # Who recommends does not stand for it, who stands for it does not decide, who decides does not sign
            # (domain.md 3.0); who pays is held apart by the payments.
            models.CheckConstraint(condition=~Q(guaranteed_by=F("recommended_by")), name="loan_stood_for_by_another"),
            models.CheckConstraint(
                condition=~Q(decided_by=F("recommended_by")) & ~Q(decided_by=F("guaranteed_by")),
                name="loan_decided_by_another",
            ),
            models.CheckConstraint(condition=~Q(signed_by=F("decided_by")), name="loan_signed_by_another"),
            models.CheckConstraint(condition=~Q(restructured_by=F("proposed_by")), name="loan_restructured_by_another"),
            models.CheckConstraint(
                condition=Q(principal__isnull=True) | (Q(principal__gt=0) & Q(principal__lte=F("asked"))),
                name="loan_principal",
            ),
            models.UniqueConstraint(
                fields=["family"],
                condition=~Q(state__in=["repaid", "written_off", "refused", "withdrawn"]),
                name="loan_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["unit_path", "id"], name="loan_place")]

    def __str__(self) -> str:
        return self.number


class Instalment(Record):
    """One part of the principal, with its interest, by a day. What a new plan replaces stays as it was."""

    class State(models.TextChoices):
        OPEN = "open", _("to be paid")
        PAID = "paid", _("paid")
        REPLACED = "replaced", _("replaced by another plan")

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="instalments", db_index=False)
    plan = models.PositiveSmallIntegerField()
    """1, and one more with every new plan."""
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    principal = models.DecimalField(max_digits=10, decimal_places=2)
    interest = models.DecimalField(max_digits=10, decimal_places=2)
    paid_principal = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    paid_interest = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    rung = models.PositiveSmallIntegerField(default=0)
    """Days after its day for which the borrower was talked to last."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loan", "plan", "number"], name="instalment_once"),
            models.CheckConstraint(
                condition=Q(paid_principal__lte=F("principal"), paid_interest__lte=F("interest")),
                name="instalment_not_overpaid",
            ),
        ]


class Repayment(Record):
    """What a borrower brought back, by its receipt. Never changed; a mistake is another entry of the ledger."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="repayments", db_index=False)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    on = models.DateField()
    receipt_number = models.CharField(max_length=40)
    entry_id = models.UUIDField()
    """Its entry of the ledger."""
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_label = models.CharField(max_length=LABEL)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["loan", "receipt_number"], name="repayment_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="repayment_positive"),
        ]


class LoanCheck(Record):
    """A look at what the money is used for, some months after it was paid."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="checks", db_index=False)
    month = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    done_on = models.DateField(null=True)
    use = models.CharField(max_length=12, default="", blank=True)
    """as_agreed, partly, otherwise, not_met."""
    needs_help = models.BooleanField(default=False)
    note = EncryptedText(default="", blank=True)
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_label = models.CharField(max_length=LABEL, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["loan", "month"], name="loan_check_once")]
