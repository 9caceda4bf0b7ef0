"""Service plans (F09): what can be given, what a family was promised, its cards, and what departments were asked for.

What a department learns of a family stands in one place, `Referral.shared`: the fields that its service needs, after it
has accepted, for a time. Before that it hears no name.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import around, granting, in_subtree
from backend.org.models import DatedQuerySet, Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class EntryQuerySet(DatedQuerySet):
    """Entries of the catalogue: no personal data."""

    def visible_to(self, user: Viewer) -> EntryQuerySet:
        """For whoever works with plans, what holds at, above and below where they do."""
        return self.filter(around(user, "plan.read"))


class Entry(Record):
    """What can be given to a family: a single service or thing, a card, or a package of several.

    In force between two days, for an area: the row with the longest `path` that is a prefix of the asking unit's path
    wins, an empty path is everywhere. A row is never changed, but followed by another: plans keep what they were
    made of.
    """

    class Kind(models.TextChoices):
        ITEM = "item", _("service")
        CARD = "card", _("card")
        PACKAGE = "package", _("package")

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ITEM)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    printed_name = models.CharField(max_length=80, default="", blank=True)
    """What stands on the card or package: never what kind of family has it."""
    need = models.CharField(max_length=40, default="", blank=True)
    """The need that it meets (list need); empty: given by category only."""
    measure = models.CharField(max_length=20, default="", blank=True)
    """What is counted (list service_measure)."""
    frequency = models.CharField(max_length=20, default="once")
    """How often (list service_frequency)."""
    quantity = models.PositiveIntegerField(default=1)
    """How much each time, in `measure`."""
    department = models.CharField(max_length=40, default="", blank=True)
    """Whose duty it is (list department, W29); empty: the office and the village do it themselves."""
    days = models.PositiveSmallIntegerField(default=20)
    """Working days from the beginning, or from the department's yes, until it should have been given."""
    months = models.PositiveSmallIntegerField(default=0)
    """How long a card is valid; 0: as long as nobody ends it."""
    contents = models.JSONField(default=list, blank=True)
    """Of a package: [{"entry": code, "quantity": number}, …]."""
    shares = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """What a department has to know to give it: name, phone_number, address, village, age (see `share.FIELDS`)."""
    path = models.CharField(max_length=200, default="", blank=True, db_collation="C")
    order = models.PositiveSmallIntegerField(default=0)
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, default="", blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "path", "from_date"], name="service_entry_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """The area that it is set for."""
        return self.path

    @property
    def title(self) -> str:
        """What it is called in the active language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name


class PlanQuerySet(models.QuerySet["Plan"]):
    """Plans by who may see them."""

    def visible_to(self, user: Viewer) -> PlanQuerySet:
        """Plans of cases in one's subtree."""
        return self.filter(in_subtree(user, "plan.read", "case__unit_path"))

    def open(self) -> PlanQuerySet:
        """Those that are not closed."""
        return self.exclude(state=Plan.State.CLOSED)


class Plan(Record):
    """What a family needs and is given for half a year (P05)."""

    class Source(models.TextChoices):
        INTAKE = "intake", _("survey")
        VISIT = "visit", _("visit")
        EMERGENCY = "emergency", _("emergency")
        REVIEW = "review", _("review of the last plan")
        OFFICE = "office", _("by hand")

    class State(models.TextChoices):
        ASSESSING = "assessing", _("needs are looked at")
        PROPOSED = "proposed", _("to be confirmed by the supervisor")
        CONFIRMED = "confirmed", _("to be agreed with the family")
        RUNNING = "running", _("under way")
        CLOSED = "closed", _("closed")

    number = models.CharField(max_length=40, unique=True)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="plans")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="plans")
    source = models.CharField(max_length=12, choices=Source.choices)
    needs = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    level = models.CharField(max_length=12, default="", blank=True)
    """urgent, ordinary, low."""
    evidence = EncryptedText(default="", blank=True)
    """What shows the needs."""
    advised = models.JSONField(default=list, blank=True)
    """Codes of entries that decision D10 advised."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASSESSING)
    composed_label = models.CharField(max_length=140, default="", blank=True)
    confirmed_label = models.CharField(max_length=140, default="", blank=True)
    returned = models.CharField(max_length=1000, default="", blank=True)
    """Why the supervisor returned it."""
    asked_on = models.DateField(null=True)
    """When the family was asked."""
    may_share = models.BooleanField(default=False)
    """The family agrees that departments hear what their service needs (PIPL art. 23)."""
    review_on = models.DateField(null=True)
    effect = models.CharField(max_length=12, default="", blank=True)
    """met, partly, unmet: what the review found."""
    effect_note = EncryptedText(default="", blank=True)
    result = models.CharField(max_length=20, default="", blank=True)
    """How it ended: delivered, partly, declined, impossible, no_need, renewed, family_refused …"""
    listed_at = models.DateTimeField(null=True)
    """Since when it stands on the list of the leading group's next meeting."""
    instance_id = models.UUIDField(null=True)
    """The process that conducts it."""
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=~Q(state="closed"), name="service_plan_open_once")
        ]
        indexes = [models.Index(fields=["family", "id"], name="service_plan_family")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path


class PlanItem(Record):
    """One thing of a plan: what, how much, who gives it, whether it was given and what the family says."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        REFERRED = "referred", _("with the department")
        UNDER_WAY = "under_way", _("being given")
        GIVEN = "given", _("given, family to be asked")
        DELIVERED = "delivered", _("delivered")
        PARTLY = "partly", _("partly delivered")
        DECLINED = "declined", _("declined")
        IMPOSSIBLE = "impossible", pgettext_lazy("referral", "not possible")
        WITHDRAWN = "withdrawn", _("withdrawn")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="items")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    package = models.ForeignKey(Entry, null=True, on_delete=models.PROTECT, related_name="+")
    """The package that it comes with."""
    quantity = models.PositiveIntegerField(default=1)
    department = models.CharField(max_length=40, default="", blank=True)
    """Who gives it: a department of the duty table; empty: the village worker."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    due_at = models.DateTimeField(null=True)
    delivered_on = models.DateField(null=True)
    delivered_quantity = models.PositiveIntegerField(null=True)
    evidence = EncryptedText(default="", blank=True)
    delivered_label = models.CharField(max_length=140, default="", blank=True)
    received = models.CharField(max_length=12, default="", blank=True)
    """received, partly, not_received: the family's word."""
    received_by = models.CharField(max_length=12, default="", blank=True)
    """How the family said so: signature, voice, phone."""
    listed_at = models.DateTimeField(null=True)
    """Since when it stands on the list of the leading group's next meeting."""
    told_on = models.DateField(null=True)
    """When the family was told that nobody can give it."""
    told_late_at = models.DateTimeField(null=True)
    instance_id = models.UUIDField(null=True)
    """The process that brings it."""
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["plan", "id"], name="service_item_plan"),
            models.Index(fields=["listed_at"], condition=Q(listed_at__isnull=False), name="service_item_listed"),
        ]

    def __str__(self) -> str:
        return self.entry.name

    @property
    def case(self) -> Case:
        """The plan's case: where history tells of it."""
        return self.plan.case

    @property
    def case_id(self) -> UUID:
        """The plan's case."""
        return self.plan.case_id

    @property
    def family_id(self) -> UUID:
        """The plan's family."""
        return self.plan.family_id

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.plan.unit_path


SETTLED = frozenset({"delivered", "partly", "declined", "impossible", "withdrawn"})
"""States of an item about which nothing is left to do."""


class CardQuerySet(models.QuerySet["Card"]):
    """Cards by who may see them."""

    def visible_to(self, user: Viewer) -> CardQuerySet:
        """Cards of families in one's subtree."""
        return self.filter(in_subtree(user, "card.read", "family__unit__path"))

    def in_use(self, day: date) -> CardQuerySet:
        """Those that open doors on that day."""
        return self.filter(Q(expires_on__isnull=True) | Q(expires_on__gt=day), state=Card.State.ISSUED)


class Card(Record):
    """A card that a family holds. Its print tells a neutral name, a number and the holder: never a category."""

    class State(models.TextChoices):
        ISSUED = "issued", _("in use")
        FROZEN = "frozen", _("frozen")
        REPLACED = "replaced", _("replaced")

    number = models.CharField(max_length=40, unique=True)
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="cards")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="cards")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ISSUED)
    issued_on = models.DateField()
    expires_on = models.DateField(null=True)
    """The first day on which it is no longer valid."""
    frozen_at = models.DateTimeField(null=True)
    frozen_because = models.CharField(max_length=20, default="", blank=True)
    """A code of the list card_freeze_reason."""
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    version = models.PositiveIntegerField(default=1)

    objects = CardQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["family", "id"], name="service_card_family")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.family.unit_path

    def is_expired(self, day: date) -> bool:
        """Whether its time is over."""
        return self.expires_on is not None and self.expires_on <= day


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Referrals by who may see them."""

    def visible_to(self, user: Viewer) -> ReferralQuerySet:
        """Those of one's subtree; a department's liaison only what the own unit was asked for."""
        units = [grant.unit_id for grant in granting(user, "own.referral.read")]
        return self.filter(in_subtree(user, "referral.read", "case__unit_path") | Q(unit_id__in=units))


def unanswered(now: datetime) -> Q:
    """The one definition of a late answer: asked, the day is over, nothing said."""
    return Q(state=Referral.State.SENT, answer_by__lt=now)


class Referral(Record):
    """A department is asked to give one item of a plan. Declined, another one is asked once (E24): a row of its own."""

    class State(models.TextChoices):
        SENT = "sent", _("waits for an answer")
        ACCEPTED = "accepted", pgettext_lazy("referral", "accepted")
        DECLINED = "declined", pgettext_lazy("referral", "declined")
        DELIVERED = "delivered", _("given")
        FAILED = "failed", pgettext_lazy("referral", "not possible")
        WITHDRAWN = "withdrawn", _("withdrawn")

    number = models.CharField(max_length=40, unique=True)
    item = models.ForeignKey(PlanItem, on_delete=models.PROTECT, related_name="referrals")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="referrals")
    round = models.PositiveSmallIntegerField(default=1)
    """1, or 2 after another department declined."""
    department = models.CharField(max_length=40)
    """A code of the list department."""
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="referrals")
    """The unit whose liaison answers; none: the caseworker asks the department and writes down what it says."""
    co_department = models.CharField(max_length=40, default="", blank=True)
    """Who is asked when it declines (decision D11)."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENT)
    answer_by = models.DateTimeField()
    late_at = models.DateTimeField(null=True)
    """When it was noted that no answer had come in time."""
    reason = models.CharField(max_length=40, default="", blank=True)
    """Why it was declined (list referral_decline_reason)."""
    note = EncryptedText(default="", blank=True)
    answered_label = models.CharField(max_length=140, default="", blank=True)
    answered_at = models.DateTimeField(null=True)
    shared_fields = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    shared = EncryptedText(default="", blank=True)
    """The share package as JSON: what this department may know, and nothing else."""
    shared_until = models.DateTimeField(null=True)
    """Until then the department may open it."""
    opened_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True)
    """When it was opened last, and by whom; history tells every time."""
    version = models.PositiveIntegerField(default=1)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["case", "id"], name="service_referral_case"),
            models.Index(fields=["unit", "id"], name="service_referral_unit"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path

    @property
    def family_id(self) -> UUID:
        """The family that it is about."""
        return self.case.family_id

    def is_late(self, now: datetime) -> bool:
        """The same as `unanswered` for one row in memory."""
        return self.state == self.State.SENT and self.answer_by < now

    def is_shared(self, now: datetime) -> bool:
        """Whether its share package may still be opened."""
        return bool(self.shared) and self.shared_until is not None and now < self.shared_until
