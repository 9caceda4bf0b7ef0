"""The ledger: accounts, entries that move yuan between them, and an entry's lines.

A line's amount is what arrives in its account; what leaves it is negative. The lines of an entry come to nothing, so
all accounts together always do: no yuan appears or is lost. Entries are only added; a mistake is reversed by another
entry. Migration 0002_guards holds all of this in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer

DIGITS, PLACES = 14, 2
"""Of every amount in yuan: up to 999,999,999,999.99."""


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts by who may see them."""

    def visible_to(self, user: Viewer) -> AccountQuerySet:
        """Accounts of units in the subtree where the user reads the ledger."""
        return self.filter(in_subtree(user, "ledger.read", "unit__path"))


class Account(Record):
    """Where yuan are: of one kind, at one unit, for one purpose (`code`), of one holder or of nobody in particular."""

    class Kind(models.TextChoices):
        DONOR = "donor", _("donor")
        BUDGET_LINE = "budget_line", _("budget line")
        FUND = "fund", _("fund")
        STOCK = "stock", _("goods in stock")
        GIVEN = "given", _("given away")
        OBLIGATION = "obligation", _("owed to people")
        PAID = "paid", _("paid out")
        RETURNED = "returned", _("returned by the bank")
        LOAN = "loan", _("lent")
        RECEIVABLE = "receivable", _("to be paid back")
        RECOVERED = "recovered", _("paid back")
        WRITTEN_OFF = "written_off", _("written off")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    """A programme, a budget line, a fund, goods: what the unit tells its accounts of one kind apart by."""
    holder = models.UUIDField(null=True)
    """Whose account it is, as an id that tells a stranger nothing: never a name or a number of somebody."""

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "code", "holder"], nulls_distinct=False, name="account_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"

    @property
    def unit_path(self) -> str:
        """The place that keeps it, as a path."""
        return self.unit.path


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries by who may see them."""

    def visible_to(self, user: Viewer) -> EntryQuerySet:
        """Entries made at units in the subtree where the user reads the ledger."""
        return self.filter(in_subtree(user, "ledger.read", "unit__path"))


class Entry(Record):
    """One movement: on which day, why (`basis`: law, decision, contract), caused by what (`reference`), by whom."""

    kind = models.CharField(max_length=30)
    """What moved: a code of the list ledger_entry."""
    on = models.DateField()
    """The day from which it counts; `created_at` tells when it was written."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    """That of its first line's account."""
    reference_kind = models.CharField(max_length=40)
    reference_id = models.CharField(max_length=40)
    basis = models.CharField(max_length=200)
    reason = models.CharField(max_length=400, default="", blank=True)
    key = models.CharField(max_length=120, unique=True)
    """Whoever posts the same key again gets this entry."""
    size = models.PositiveSmallIntegerField()
    """How many lines it has: none can be added later."""
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=140)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gte=2), name="entry_size")]
        indexes = [
            models.Index(fields=["unit", "on", "id"], name="entry_place"),
            models.Index(fields=["reference_kind", "reference_id"], name="entry_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on.isoformat()}"

    @property
    def unit_path(self) -> str:
        """Where it was made, as a path."""
        return self.unit.path


class EntryLine(models.Model):
    """What an entry does to one account: yuan that arrive (positive) or leave (negative)."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="entry_line_moves")]


class AppropriationQuerySet(models.QuerySet["Appropriation"]):
    """Appropriations by who may see them."""

    def visible_to(self, user: Viewer) -> AppropriationQuerySet:
        """Those of units in the subtree where the user reads budgets."""
        return self.filter(in_subtree(user, "budget.read", "unit__path"))

    def agreed(self, year: int) -> AppropriationQuerySet:
        """What counts in that year."""
        return self.filter(year=year, state=Appropriation.State.AGREED)


class Appropriation(Record):
    """Yuan of a unit's yearly budget for one of its uses (seed 000: 宣传、组织、调研、指导、落实项目).

    A budget is the sum of what was agreed to; it is changed by a further row, never by an edit (预算法 13).
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for a decision")
        AGREED = "agreed", _("appropriated")
        REFUSED = "refused", pgettext_lazy("budget", "refused")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    use = models.CharField(max_length=20)
    """A code of the list budget_use."""
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=PLACES)
    """Negative: less than was appropriated before."""
    document = models.CharField(max_length=100)
    """The number of the document that says so (批复文号)."""
    reason = models.CharField(max_length=400, default="", blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.UUIDField()
    proposed_label = models.CharField(max_length=140)
    decided_by = models.UUIDField(null=True)
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=400, default="", blank=True)
    """Why it was refused."""
    version = models.PositiveIntegerField(default=1)

    objects = AppropriationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="appropriation_moves"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("proposed_by")),
                name="appropriation_by_two",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by__isnull=True)
                | Q(~Q(state="proposed"), decided_by__isnull=False),
                name="appropriation_decided",
            ),
        ]
        indexes = [models.Index(fields=["unit", "year", "use"], name="appropriation_year")]

    def __str__(self) -> str:
        return f"{self.unit.name} {self.year}"

    @property
    def unit_path(self) -> str:
        """Whose budget it is, as a path."""
        return self.unit.path
