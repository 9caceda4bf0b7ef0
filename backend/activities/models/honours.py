"""Honours: a call, who is nominated in it, and what becomes of each (F18, P13)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import SPECIAL, Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class CallQuerySet(models.QuerySet["Call"]):
    """Calls by who may see them."""

    def visible_to(self, user: Viewer) -> CallQuerySet:
        """Those of units at, above and below one's own: a village reads its township's."""
        if not granting(user, "honour.read"):
            return self.none()
        return self.filter(unit__in=Unit.objects.visible_to(user))


class Call(Record):
    """One honour in one year: from when to when one can nominate, for how many, for how long it is held."""

    kind = models.CharField(max_length=20)
    """Code of the list honour_kind (W23, W28, G29)."""
    year = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    opens_on = models.DateField()
    closes_on = models.DateField()
    """The last day."""
    quota = models.PositiveSmallIntegerField()
    publicity_days = models.PositiveSmallIntegerField()
    """3 to 7 (P13)."""
    term_months = models.PositiveSmallIntegerField()
    """How long the honour is held."""

    objects = CallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "kind", "year"], name="call_once"),
            models.CheckConstraint(condition=Q(closes_on__gte=F("opens_on")), name="call_dates"),
            models.CheckConstraint(condition=Q(publicity_days__range=(3, 7)), name="call_publicity"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}"

    @property
    def unit_path(self) -> str:
        """Whose call it is."""
        return self.unit.path


class HonourQuerySet(models.QuerySet["Honour"]):
    """Nominations by who may see them."""

    def visible_to(self, user: Viewer) -> HonourQuerySet:
        """Those of one's subtree; never one's own."""
        return self.filter(in_subtree(user, "honour.read", "unit__path")).exclude(helper__user=user.pk)


class Honour(Record):
    """One nomination, and the honour that may come of it."""

    class State(models.TextChoices):
        NOMINATED = "nominated", _("nominated")
        NOT_RECOMMENDED = "not_recommended", _("not recommended")
        HELD = "held", _("to be settled first")
        DISQUALIFIED = "disqualified", _("ruled out")
        PUBLISHED = "published", _("made public")
        OBJECTED = "objected", _("objection upheld")
        DEFERRED = "deferred", _("not this time")
        AWARDED = "awarded", _("awarded")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Origin(models.TextChoices):
        SELF = "self", _("by themselves")
        VILLAGE = "village", _("by the village")

    number = models.CharField(max_length=40, unique=True)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="honours")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village that reviews it; itself the candidate when neither family nor helper is."""
    candidate_family = models.ForeignKey(Family, null=True, on_delete=models.PROTECT, related_name="+")
    helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=8, choices=Origin.choices)
    merits = EncryptedText()
    """Why; seen by whoever decides, never published."""
    name_consented = models.BooleanField(default=False)
    """Whether the name may be made public."""
    state = models.CharField(max_length=16, choices=State.choices, default=State.NOMINATED)
    nominated_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    nominated_label = models.CharField(max_length=140)
    votes_for = models.PositiveSmallIntegerField(null=True)
    votes_against = models.PositiveSmallIntegerField(null=True)
    recused = models.PositiveSmallIntegerField(null=True)
    reply_number = models.CharField(max_length=80, default="", blank=True)
    eligibility_reason = models.CharField(max_length=20, default="", blank=True)
    self_scores = models.JSONField(default=dict, blank=True)
    """Of a model community: theme (honours.THEMES) → points that it gave itself."""
    self_findings = EncryptedText(default="", blank=True)
    site_scores = models.JSONField(default=dict, blank=True)
    """Theme → points that somebody else gave it on site."""
    site_findings = EncryptedText(default="", blank=True)
    site_checked_on = models.DateField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    published_text = models.CharField(max_length=200, default="", blank=True)
    """What is made public; empty once it is taken down. The digest stays."""
    published_digest = models.CharField(max_length=64, default="", blank=True)
    """Of the sheet on the village board."""
    notice_id = models.UUIDField(null=True)
    """The public notice."""
    published_from = models.DateField(null=True)
    published_until = models.DateField(null=True)
    objection = EncryptedText(default="", blank=True)
    objector = EncryptedText(default="", blank=True)
    evidence = EncryptedText(default="", blank=True)
    reason = models.CharField(max_length=400, default="", blank=True)
    decided_label = models.CharField(max_length=140, default="", blank=True)
    minutes = models.CharField(max_length=80, default="", blank=True)
    awarded_on = models.DateField(null=True)
    held_until = models.DateField(null=True)
    story = models.CharField(max_length=1000, default="", blank=True)
    """What they agreed to have told."""
    instance_id = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = HonourQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "id"], name="honour_unit")]
        constraints = [
            models.UniqueConstraint(fields=["call", "candidate_family"], name="honour_family_once"),
            models.UniqueConstraint(fields=["call", "helper"], name="honour_helper_once"),
            models.CheckConstraint(
                condition=Q(candidate_family__isnull=True) | Q(helper__isnull=True), name="honour_one_candidate"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it is reviewed."""
        return self.unit.path

    @property
    def candidate(self) -> str:
        """The candidate's name."""
        if self.candidate_family is not None:
            return self.candidate_family.label
        return self.helper.name if self.helper is not None else self.unit.name

    @property
    def closed_to(self) -> UUID | None:
        """The candidate with an account, who has no hand in it."""
        return self.helper.user_id if self.helper is not None else None

    @property
    def is_quiet(self) -> bool:
        """Whether nobody is asked for a story: families that lost their only child, or whose child is disabled."""
        return self.candidate_family is not None and bool(SPECIAL & set(self.candidate_family.categories))
