"""Helpers, the kinds of helper, offers and pairings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Count, F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family, Programme
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
    max_families = models.PositiveSmallIntegerField(default=1)
    """How many families one helper of this kind takes when the helper sets nothing."""
    months = models.PositiveSmallIntegerField(default=12)
    gates = models.JSONField(default=dict)
    """training, insurance, background_check, min_months_left: what has to be in force before a pairing starts."""
    cadence_days = models.PositiveSmallIntegerField(default=0)
    """At least one contact in so many days; 0: as the family's risk tier says (D06)."""
    minors = models.BooleanField(default=False)
    """May be paired with families in which minors live."""
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


class Candidate(Record):
    """A helper on the shortlist for a case, as the last ranking saw it; replaced by the next ranking."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="candidates")
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="candidacies")
    place = models.PositiveSmallIntegerField()
    score = models.PositiveSmallIntegerField()
    parts = models.JSONField(default=dict)
    reasons = ArrayField(models.CharField(max_length=30), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "helper"], name="candidate_once")]
        ordering: ClassVar[list[str]] = ["place"]


class OfferQuerySet(models.QuerySet["Offer"]):
    """Offers by who may see them."""

    def visible_to(self, user: Viewer) -> OfferQuerySet:
        """Offers for families in one's subtree; a liaison those to the own partner unit; one's own as a helper."""
        condition = in_subtree(user, "pairing.read", "case__unit_path")
        if granting(user, "own.helper.read"):
            own = [grant.unit_id for grant in grants(user) if grant.role == "liaison"]
            condition |= Q(helper__partner_unit_id__in=own)
        if granting(user, "own.pairing.read"):
            condition |= Q(helper__user_id=user.pk)
        return self.filter(condition)


class Offer(Record):
    """A family's place offered to a helper: shows only age band, area and needs; either side may say no."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        EXPIRED = "expired", _("not answered")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Via(models.TextChoices):
        UNIT = "unit", _("the partner unit's liaison")
        HELPER = "helper", _("the helper's own inbox")
        VILLAGE = "village", _("the village worker in person")

    PROMISED = (State.OPEN, State.ACCEPTED)
    """States in which an offer that is no pairing yet takes one of the helper's places."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="offers")
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    facts = models.JSONField(default=dict)
    """What the helper's unit was told: nothing that names the family."""
    reason = models.CharField(max_length=400, default="", blank=True)
    """Why the caseworker chose this helper, or overrode the ranking."""
    via = models.CharField(max_length=10, choices=Via.choices, default=Via.HELPER)
    answer_until = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    alias = models.CharField(max_length=60, default="", blank=True)
    """The name under which the family comes to know the helper."""
    family_answer = models.CharField(max_length=20, default="", blank=True)
    """agree, other_helper, refuse; empty until the family was asked."""
    terms = EncryptedText(default="", blank=True)
    """The family's answer, the first meeting and the agreement (F06) as JSON, until a pairing takes them over."""
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process that asks; only an address."""

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            # A helper is asked once at a time for the same family.
            models.UniqueConstraint(fields=["case", "helper"], condition=Q(state="open"), name="offer_open_once"),
        ]
        indexes = [models.Index(fields=["helper", "state"], name="offer_helper")]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path


class PairingQuerySet(models.QuerySet["Pairing"]):
    """Pairings by who may see them and by day."""

    def on(self, day: date) -> PairingQuerySet:
        """Those in force on that day."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)

    def from_day(self, day: date) -> PairingQuerySet:
        """Those in force that day or to begin later: each takes one of the helper's places."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day) & Q(to_date__gt=F("from_date")))

    def visible_to(self, user: Viewer) -> PairingQuerySet:
        """Pairings of families in one's subtree, and one's own as a helper."""
        condition = in_subtree(user, "pairing.read", "family__unit__path")
        if granting(user, "own.pairing.read"):
            condition |= Q(helper__user_id=user.pk)
        return self.filter(condition)


class Pairing(Record):
    """One dated spell of one helper with one family (F06): from a day (included) to a day (excluded).

    Spells are never deleted and never reopened: the same two again are a new spell.
    """

    number = models.CharField(max_length=40, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pairings")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="pairings")
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="pairings")
    kind = models.ForeignKey(HelperKind, on_delete=models.PROTECT, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    planned_end = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    """The day by which the year with this helper is reviewed."""
    offer = models.OneToOneField(Offer, null=True, blank=True, on_delete=models.PROTECT, related_name="pairing")
    start_reason = models.CharField(max_length=40, default="chosen")
    end_reason = models.CharField(max_length=40, default="", blank=True)
    agreement = models.JSONField(default=dict, blank=True)
    accompanied = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_label = models.CharField(max_length=120, default="")
    handover = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = PairingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="pairing_dates"
            ),
            # The same two cannot have two spells at once, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="pairing_no_overlap",
                expressions=[
                    ("family", RangeOperators.EQUAL),
                    ("helper", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("to_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["helper", "to_date"], name="pairing_helper"),
            models.Index(fields=["family", "to_date"], name="pairing_family"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path
