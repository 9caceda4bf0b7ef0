"""Applications (F10), what each level found (F11), and who had which power over them (四权分离)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Family, Person
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer

OVER = ("confirmed", "refused", "withdrawn")
"""States after which nothing more is decided in an application."""


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Applications by who may see them."""

    def visible_to(self, user: Viewer) -> ApplicationQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "subsidy.read", "unit_path"))

    def open(self) -> ApplicationQuerySet:
        """Those that are not decided."""
        return self.exclude(state__in=OVER)


class Application(Record):
    """One person's application for one subsidy in one programme year.

    What proves a child's death or disability is encrypted, and so is what the tables made of it; the county's answer
    about births is a yes or a no and nothing else (domain.md 2b: no history of births is kept).
    """

    class State(models.TextChoices):
        RECORDED = "recorded", _("recorded")
        CORRECTING = "correcting", _("papers asked for")
        VILLAGE = "village", _("before the village")
        TOWNSHIP = "township", _("before the township")
        COUNTY = "county", _("before the county")
        PUBLISHED = "published", _("made public")
        HELD = "held", _("held: an objection")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused in writing")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Channel(models.TextChoices):
        SELF = "self", _("by the person")
        FAMILY = "family", _("by the family")
        PROXY = "proxy", _("by the village on their behalf")

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=30)
    """Code of the list subsidy_kind."""
    year = models.PositiveSmallIntegerField()
    """The programme year that it is for."""
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="applications")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="applications")
    spouse = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village that deliberates; `unit_path` repeats its path."""
    unit_path = models.CharField(max_length=200, db_collation="C")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    assisted_by = models.CharField(max_length=80, default="", blank=True)
    facts = EncryptedText()
    """Children and certificates as declared, JSON."""
    account = EncryptedText(default="", blank=True)
    """Where the money is to go; shown by its tail."""
    account_tail = models.CharField(max_length=4, default="", blank=True)
    declared_on = models.DateField()
    papers = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    """Codes of the list subsidy_paper that were handed in."""
    missing = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    """The one correction list."""
    corrected_by = models.DateField(null=True, blank=True)
    """Until when, before it counts as withdrawn."""
    county_determination = models.BooleanField(null=True, blank=True)
    """The county's yes or no, asked only where the programme's rule needs it."""
    is_related = models.BooleanField(default=False)
    """Whether a helper or somebody who works here applies, or a relative of theirs: others decide then (E19)."""
    recused = models.ManyToManyField(User, related_name="+", blank=True)
    """Who has no hand in it for that reason."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECORDED)
    stage = models.CharField(max_length=8, default="", blank=True)
    """village, township or county: where it was last made public."""
    advice = EncryptedText(default="", blank=True)
    """What the tables advised, with their versions, rules and inputs, JSON."""
    verdict = models.CharField(max_length=20, default="", blank=True)
    """Code of the list subsidy_verdict."""
    verdict_reason = models.CharField(max_length=40, default="", blank=True)
    """Code of the list subsidy_reason."""
    category = models.CharField(max_length=30, default="", blank=True)
    """Code of the list subsidy_category."""
    true_on = models.DateField(null=True, blank=True)
    """The day on which the age condition becomes true, by the birth date of the identity card (E17)."""
    reason = models.CharField(max_length=1000, default="", blank=True)
    """Why it was refused or withdrawn, as the letter says."""
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_on = models.DateField(null=True, blank=True)
    told_on = models.DateField(null=True, blank=True)
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_label = models.CharField(max_length=140)
    grievance_id = models.UUIDField(null=True, blank=True)
    """The objection that holds it."""
    instance_id = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit_path", "id"], name="application_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], condition=~Q(state__in=OVER), name="application_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "withdrawn"]) | ~Q(reason=""), name="application_no_without_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class StageQuerySet(models.QuerySet["Stage"]):
    """Stages by who may see them."""

    def visible_to(self, user: Viewer) -> StageQuerySet:
        """Those of the applications of one's subtree."""
        return self.filter(in_subtree(user, "subsidy.read", "application__unit_path"))


class Stage(Record):
    """What one level found, and what was then made public (F11)."""

    class Level(models.TextChoices):
        VILLAGE = "village", _("village")
        TOWNSHIP = "township", _("township")
        COUNTY = "county", _("county")

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="stages")
    level = models.CharField(max_length=8, choices=Level.choices)
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reviewer_label = models.CharField(max_length=140)
    reviewed_on = models.DateField()
    agrees = models.BooleanField()
    participants = models.PositiveSmallIntegerField(null=True, blank=True)
    recused = models.PositiveSmallIntegerField(null=True, blank=True)
    votes_for = models.PositiveSmallIntegerField(null=True, blank=True)
    votes_against = models.PositiveSmallIntegerField(null=True, blank=True)
    home_checked_on = models.DateField(null=True, blank=True)
    opinion = EncryptedText()
    notice_id = models.UUIDField(null=True, blank=True)
    notice_digest = models.CharField(max_length=64, default="", blank=True)
    public_from = models.DateField(null=True, blank=True)
    public_until = models.DateField(null=True, blank=True)
    no_objection = models.BooleanField(null=True, blank=True)
    """Whether the publicity period ended without an objection that held."""

    objects = StageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "level"], name="stage_once"),
            models.UniqueConstraint(fields=["application", "reviewer"], name="stage_two_people"),
            models.CheckConstraint(
                condition=~Q(level="village") | Q(votes_for__isnull=False, votes_against__isnull=False),
                name="stage_village_votes",
            ),
        ]

    @property
    def unit_path(self) -> str:
        """Where the application is decided."""
        return self.application.unit_path


class Hand(Record):
    """Who held which power over an application: the same person never two (四权分离).

    Whoever acted for an absent colleague is kept together with that colleague: neither holds another power later.
    """

    class Power(models.TextChoices):
        RECORD = "record", _("recorded it")
        VILLAGE = "village", _("reviewed it for the village")
        TOWNSHIP = "township", _("reviewed it for the township")
        COUNTY = "county", _("reviewed and confirmed it for the county")
        PAY = "pay", _("released the payment")

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="hands")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    power = models.CharField(max_length=8, choices=Power.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "user"], name="hand_one_power")]
