"""Donations (P10 A, F16): who gives what, on which terms; whom it reaches; what the donor and others are told.

Terms that the law and the programme do not allow (a beneficiary linked to the donor, tobacco, names or photographs of
whoever is helped: E23) never come this far: decision `donation_terms` refuses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.cases.models import Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_line, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class DonorQuerySet(models.QuerySet["Donor"]):
    """Donors by who may see them."""

    def visible_to(self, user: Viewer) -> DonorQuerySet:
        """Those known where the user writes donations: a name is nobody else's business (慈善法 76)."""
        return self.filter(in_subtree(user, "donation.write", "unit__path"))


class Donor(Record):
    """Somebody who gives: a person, a firm, an association."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township that knows them."""
    kind = models.CharField(max_length=12)
    """A code of the list donor_kind."""
    name = EncryptedText(default="", blank=True)
    contact = EncryptedText(default="", blank=True)
    is_anonymous = models.BooleanField(default=False)
    """Named nowhere, not even in thanks."""
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Their account, when somebody of the house gives: a related party."""

    objects = DonorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"…{self.pk.hex[-6:]}"


class DonationQuerySet(models.QuerySet["Donation"]):
    """Donations by who may see them."""

    def visible_to(self, user: Viewer) -> DonationQuerySet:
        """Those at, below and above the places where the user reads donations: a village sees its township's."""
        return self.filter(in_line(user, "donation.read", "unit__path"))


class Donation(Record):
    """One gift: money, or one article; from the offer to the day when its use has been told."""

    class State(models.TextChoices):
        OFFERED = "offered", _("offered")
        REFUSED = "refused", _("not accepted")
        PROMISED = "promised", _("accepted, not here yet")
        RECEIVED = "received", _("received")
        ALLOCATED = "allocated", _("being brought")
        USED = "used", _("used")
        FUNDED = "funded", _("in the fund")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Kind(models.TextChoices):
        MONEY = "money", _("money")
        GOODS = "goods", _("goods")

    number = models.CharField(max_length=40, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township that takes it."""
    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="donations")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    """Yuan; of goods their value."""
    item = models.CharField(max_length=60, default="", blank=True)
    measure = models.CharField(max_length=12, default="", blank=True)
    """A code of the list measure: what goods are counted in (株 of saplings: Q17)."""
    quantity = models.PositiveIntegerField(default=0)
    lot_number = models.CharField(max_length=40, default="", blank=True)
    expires_on = models.DateField(null=True)
    purpose = models.CharField(max_length=20)
    """A code of the list donation_purpose: designated use, changed only if the donor agrees (公益事业捐赠法 18)."""
    limited_to = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    """Only families of this place, when the donor wants that."""
    share = models.DecimalField(max_digits=12, decimal_places=2)
    """What one family gets: yuan, or so many of the article."""
    terms = EncryptedText(default="", blank=True)
    """What the donor asks, in their words."""
    related_party = models.BooleanField(default=False)
    """Donor and house, or donor and whoever decides, are connected: told apart in every report (慈善法 15)."""
    relation = EncryptedText(default="", blank=True)
    refusal = models.CharField(max_length=20, default="", blank=True)
    """A code of the list donation_refusal."""
    ends_on = models.DateField(null=True)
    """When the project it pays for ends."""
    receipt_number = models.CharField(max_length=40, default="", blank=True)
    received_on = models.DateField(null=True)
    taken_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    taken_label = models.CharField(max_length=140, default="", blank=True)
    drafted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    seed = models.CharField(max_length=16, default="", blank=True)
    """Of the lot that put families of equal need in order: anybody can draw again (backend.core.drawing)."""
    told_on = models.DateField(null=True)
    """When the donor heard how it was used."""
    settled_on = models.DateField(null=True)
    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = DonationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt_number"], condition=~Q(receipt_number=""), name="receipt_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="donation_positive"),
            models.CheckConstraint(condition=Q(share__gt=0), name="donation_share_positive"),
            models.CheckConstraint(condition=Q(kind="money", quantity=0) | Q(kind="goods", quantity__gt=0),
                                   name="donation_kind"),
            models.CheckConstraint(
                condition=Q(drafted_by=None) | Q(confirmed_by=None) | ~Q(confirmed_by=F("drafted_by")),
                name="donation_four_eyes",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["unit", "state", "id"], name="donation_place")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is given, as a path."""
        return self.unit.path

    @property
    def is_goods(self) -> bool:
        """Goods, not money."""
        return self.kind == self.Kind.GOODS


class AllocationQuerySet(models.QuerySet["Allocation"]):
    """Allocations by who may see them."""

    def visible_to(self, user: Viewer) -> AllocationQuerySet:
        """Those of families in the subtree where the user reads donations."""
        return self.reached(user, "donation.read")

    def reached(self, user: Viewer, action: str) -> AllocationQuerySet:
        """Those of families in the subtree where the user may do this."""
        return self.filter(in_subtree(user, action, "unit_path"))


class Allocation(Record):
    """A family put forward for a donation: how decision D22 ranks it, and what became of its share."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("put forward")
        CHOSEN = "chosen", _("gets a share")
        RESERVE = "reserve", _("next in line")
        EXCLUDED = "excluded", pgettext_lazy("donation", "not this time")
        DELIVERED = "delivered", _("brought")
        RETURNED = "returned", _("put back")

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    unit_path = models.CharField(max_length=200, db_collation="C")
    conflict = models.BooleanField(default=False)
    """Whoever decides is a relative, or the donor is."""
    need_score = models.PositiveSmallIntegerField(default=0)
    prior_aid = models.PositiveSmallIntegerField(default=0)
    aid_class = models.PositiveSmallIntegerField(default=0)
    """What D22 says: 1 first, 2 after them, 3 last, 0 not at all."""
    aid_reason = models.CharField(max_length=20, default="", blank=True)
    rule = models.CharField(max_length=40, default="", blank=True)
    table_version = models.CharField(max_length=16, default="", blank=True)
    rank = models.PositiveSmallIntegerField(null=True)
    share = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    """Yuan or so many of the article."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    chosen_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    delivered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    delivered_label = models.CharField(max_length=140, default="", blank=True)
    delivered_on = models.DateField(null=True)
    received_by = models.CharField(max_length=12, default="", blank=True)
    """A code of the list gift_receiver."""
    receipt = models.CharField(max_length=12, default="", blank=True)
    """A code of the list gift_receipt: how it was confirmed."""
    undelivered_reason = models.CharField(max_length=20, default="", blank=True)
    """A code of the list gift_undelivered."""
    version = models.PositiveIntegerField(default=1)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["donation", "family"], name="allocation_once"),
            # Who allocates does not deliver (domain.md section 3.0, P10).
            models.CheckConstraint(condition=Q(chosen_by=None) | Q(delivered_by=None) | ~Q(delivered_by=F("chosen_by")),
                                   name="allocation_powers_apart"),
            models.CheckConstraint(condition=Q(conflict=False) | ~Q(state__in=["chosen", "reserve", "delivered"]),
                                   name="allocation_no_conflict"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["donation", "rank"], name="allocation_rank")]

    def __str__(self) -> str:
        return self.family.label


class PurposeChange(Record):
    """Another use than the donor meant: asked of the donor, and done only when they agree (公益事业捐赠法 18)."""

    class Answer(models.TextChoices):
        ASKED = "asked", pgettext_lazy("donation", "asked")
        AGREED = "agreed", _("agreed")
        DECLINED = "declined", pgettext_lazy("donation", "declined")

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="purpose_changes")
    purpose = models.CharField(max_length=20)
    reason = models.CharField(max_length=400)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.ASKED)
    evidence = models.CharField(max_length=200, default="", blank=True)
    """Letter, message or note by which the donor answered."""
    answered_on = models.DateField(null=True)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who recorded the answer: not whoever asked for the other use."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["donation"], condition=Q(answer="asked"), name="purpose_change_open"),
            models.CheckConstraint(condition=~Q(recorded_by=F("asked_by")), name="purpose_change_by_another"),
        ]

    def __str__(self) -> str:
        return f"{self.donation} → {self.purpose}"


class UseReportQuerySet(models.QuerySet["UseReport"]):
    """Reports by who may see them."""

    def visible_to(self, user: Viewer) -> UseReportQuerySet:
        """Those at, below and above the places where the user reads donations: they are totals."""
        return self.filter(in_line(user, "donation.read", "unit__path"))


class UseReport(Record):
    """How donations were used: yearly to the authority, quarterly to everybody for long projects, totals only.

    公益事业捐赠法 20 (yearly); 慈善法 79 (longer than six months: every three, and within three after the end).
    """

    class Kind(models.TextChoices):
        YEAR = "year", _("of a year")
        QUARTER = "quarter", _("of a quarter")
        END = "end", _("at the end")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    donation = models.ForeignKey(Donation, null=True, on_delete=models.PROTECT, related_name="reports")
    """Of one project; none: all donations of the place."""
    kind = models.CharField(max_length=8, choices=Kind.choices)
    from_date = models.DateField()
    to_date = models.DateField()
    """The last day that it tells about."""
    due_on = models.DateField()
    totals = models.JSONField(default=dict)
    """Frozen when it is published: yuan as text, small numbers left out."""
    published_on = models.DateField(null=True)
    published_label = models.CharField(max_length=140, default="", blank=True)

    objects = UseReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "donation", "kind", "from_date"], nulls_distinct=False,
                                    name="use_report_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.unit.name} {self.from_date.isoformat()}–{self.to_date.isoformat()}"

    @property
    def unit_path(self) -> str:
        """Whose it is, as a path."""
        return self.unit.path
