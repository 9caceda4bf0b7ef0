"""Activities: proposed with their risk, approved by somebody else, signed up for, held, counted (F17, P12)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities.models.sites import Site
from backend.cases.models import Family
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Activities by who may see them."""

    def visible_to(self, user: Viewer) -> ActivityQuerySet:
        """Those of one's subtree."""
        return self.filter(in_subtree(user, "activity.read", "unit__path"))


class Activity(Record):
    """A campaign day, a lecture, a consultation: what is planned, what was decided, what came of it.

    What it says about people are counts. Names stand in the sign-ups, which only the organising unit reads.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("to be approved")
        RETURNED = "returned", _("to be revised")
        PUBLISHED = "published", _("published")
        CLOSED = "closed", _("sign-up closed")
        HELD = "held", _("held")
        REFUSED = "refused", _("not approved")
        CANCELLED = "cancelled", _("cancelled")
        MERGED = "merged", _("merged into another")

    class Level(models.TextChoices):
        VILLAGE = "village", _("village")
        TOWNSHIP = "township", _("township")
        LEADING_GROUP = "leading_group", _("leading group")

    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)
    """Code of the list activity_kind (W2, W3, S3)."""
    theme = models.CharField(max_length=20)
    """Code of the list activity_theme (W1, S2)."""
    occasion = models.CharField(max_length=20, default="", blank=True)
    """The campaign day it marks (list calendar_day: W4, J24)."""
    series = models.CharField(max_length=80, default="", blank=True)
    """The lecture series it belongs to (W3)."""
    part = models.PositiveSmallIntegerField(null=True)
    """Which lecture of the series."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Who organises it: a village or the township."""
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="activities")
    place = models.CharField(max_length=120, default="", blank=True)
    """Where, when it is at no site of the register."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sign_up_until = models.DateTimeField()
    places = models.PositiveIntegerField(null=True)
    """How many can take part; none: everybody who comes."""
    groups = ArrayField(models.CharField(max_length=20), default=list)
    """For whom (list activity_group)."""
    expected = models.PositiveIntegerField()
    """Persons expected, at the same time."""
    budget = models.DecimalField(max_digits=10, decimal_places=2)
    """Yuan."""
    minors = models.BooleanField(default=False)
    outdoors = models.BooleanField(default=False)
    risk = models.CharField(max_length=600)
    """What could go wrong, and what is done about it."""
    speaker = models.CharField(max_length=80, default="", blank=True)
    late_reason = models.CharField(max_length=300, default="", blank=True)
    """Why it was proposed later than the rule says."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    level = models.CharField(max_length=14, choices=Level.choices, default="", blank=True)
    """Who decides (D26)."""
    level_reason = models.CharField(max_length=20, default="", blank=True)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_label = models.CharField(max_length=140)
    decided_label = models.CharField(max_length=140, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    minutes = models.CharField(max_length=80, default="", blank=True)
    """Day and number of the minutes in which the leading group decided."""
    returned = models.CharField(max_length=400, default="", blank=True)
    """Why it was returned, refused, cancelled or merged."""
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    attended = models.PositiveIntegerField(null=True)
    attended_minors = models.PositiveIntegerField(null=True)
    headcount_source = models.CharField(max_length=12, default="", blank=True)
    """sign_in, counted, estimated: how the number came about (audited)."""
    spent = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    feedback_count = models.PositiveIntegerField(null=True)
    feedback_score = models.DecimalField(max_digits=2, decimal_places=1, null=True)
    """1 to 5."""
    materials = models.PositiveIntegerField(null=True)
    """Printed matter and kits handed out."""
    reach = models.PositiveIntegerField(null=True)
    """Reached by broadcast, posters, messages (J24, W22)."""
    photos = models.CharField(max_length=12, default="", blank=True)
    """none, or consented: kept with the consent of everybody to be seen."""
    photos_kept = models.CharField(max_length=120, default="", blank=True)
    incidents = EncryptedText(default="", blank=True)
    effect = models.CharField(max_length=1000, default="", blank=True)
    recorded_label = models.CharField(max_length=140, default="", blank=True)
    recorded_at = models.DateTimeField(null=True)
    instance_id = models.UUIDField(null=True)
    """The process that conducts it: messages go there."""
    version = models.PositiveIntegerField(default=1)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["unit", "starts_at"], name="activity_unit_start")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="activity_times"),
            models.CheckConstraint(condition=Q(sign_up_until__lte=F("starts_at")), name="activity_sign_up_before"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def unit_path(self) -> str:
        """Where it is organised."""
        return self.unit.path

    @property
    def day(self) -> date:
        """Its local day."""
        return timezone.localdate(self.starts_at)

    @property
    def over_budget(self) -> bool:
        """Whether more was spent than was approved."""
        return (self.spent or Decimal()) > self.budget

    def takes_sign_ups(self, now: datetime) -> bool:
        """Whether people can sign up now."""
        return self.state == self.State.PUBLISHED and now < self.sign_up_until


class SignUpQuerySet(models.QuerySet["SignUp"]):
    """Sign-ups by who may see them."""

    def visible_to(self, user: Viewer) -> SignUpQuerySet:
        """Those of activities that one's own unit organises: everybody else sees counts (未保法 72)."""
        units = {grant.unit_id for grant in granting(user, "sign_up.write")}
        return self.filter(activity__unit__in=units)

    def valid(self) -> SignUpQuerySet:
        """Those not taken back."""
        return self.exclude(state=SignUp.State.WITHDRAWN)


class SignUp(Record):
    """One person who wants to take part or to help; a child only with the guardian's consent."""

    class State(models.TextChoices):
        PLACED = "placed", _("has a place")
        WAITING = "waiting", _("on the waiting list")
        ATTENDED = "attended", _("was there")
        ABSENT = "absent", _("did not come")
        WITHDRAWN = "withdrawn", _("withdrawn")

    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="sign_ups")
    name = EncryptedText()
    phone = EncryptedText(default="", blank=True)
    family = models.ForeignKey(Family, null=True, on_delete=models.PROTECT, related_name="+")
    helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    """A volunteer who helps to hold it: takes no place."""
    minor = models.BooleanField(default=False)
    guardian = EncryptedText(default="", blank=True)
    guardian_consented_on = models.DateField(null=True)
    state = models.CharField(max_length=10, choices=State.choices)
    registered_label = models.CharField(max_length=140)
    version = models.PositiveIntegerField(default=1)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["activity", "state", "id"], name="sign_up_activity")]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "helper"], condition=~Q(state="withdrawn"), name="sign_up_helper_once"
            ),
            models.CheckConstraint(
                condition=Q(minor=False) | Q(guardian_consented_on__isnull=False), name="sign_up_minor_consent"
            ),
        ]

    def __str__(self) -> str:
        return self.activity.title

    @property
    def unit_path(self) -> str:
        """Where the activity is organised."""
        return self.activity.unit_path
