"""Volunteers: somebody who offered to serve, what they were taught, and who may not serve any more.

Whoever is taken on stands in the register of helpers; training, insurance and background check have their dates there
and nowhere else (backend.helpers). Kept here is how they came: who vouched for them, which notice of risks they
accepted, and for minors the guardian's word.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper, HelperKind
from backend.org.access import granting, grants, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class VolunteerQuerySet(models.QuerySet["Volunteer"]):
    """Volunteers by who may see them."""

    def visible_to(self, user: Viewer) -> VolunteerQuerySet:
        """Those of one's subtree; a liaison the own partner unit's; oneself."""
        condition = in_subtree(user, "volunteer.read", "unit__path")
        if granting(user, "own.volunteer.read"):
            partners = [grant.unit_id for grant in grants(user) if grant.role == "liaison"]
            condition |= Q(partner_unit_id__in=partners) | Q(helper__user_id=user.pk)
        return self.filter(condition)

    def serving(self) -> VolunteerQuerySet:
        """Those who have not left and were not refused or banned."""
        return self.filter(state__in=Volunteer.OPEN)


class Volunteer(Record):
    """One registration as a volunteer, from the offer to serve until the end of the service (志愿服务条例 12, 15–17).

    Never deleted: hours and certificates outlast the service (E33).
    """

    class Source(models.TextChoices):
        OWN = "own", _("own wish")
        LEAGUE = "league", _("list of the youth league")
        UNIT = "unit", _("list of a unit")

    class State(models.TextChoices):
        REGISTERED = "registered", _("registered")
        PREPARING = "preparing", _("being prepared")
        ACTIVE = "active", _("active")
        REFUSED = "refused", _("not taken on")
        LEFT = "left", _("left")
        BANNED = "banned", _("banned")

    OPEN = (State.REGISTERED, State.PREPARING, State.ACTIVE)

    source = models.CharField(max_length=10, choices=Source.choices)
    kind = models.ForeignKey(HelperKind, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="volunteers")
    """The township or village that keeps the registration: decides who sees it."""
    partner_unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    helper = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="volunteering")
    """The entry in the register of helpers, from the day on which they are taken on."""
    birth_date = models.DateField()
    phone = EncryptedText(default="", blank=True)
    certificate = EncryptedText(default="", blank=True)
    """The identity number until it stands in the register of helpers; empty afterwards."""
    certificate_index = models.BinaryField(max_length=32, null=True, blank=True)
    skills = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    with_minors = models.BooleanField(default=False)
    """Wants to work with children: a background check is needed (未成年人保护法 62)."""
    risky = models.BooleanField(default=False)
    """Wants to do what may endanger oneself: insured before, and never as a minor (条例 17, 山东条例 10)."""
    notice_version = models.CharField(max_length=20)
    """Which notice of risks was told and accepted (条例 12)."""
    accepted_on = models.DateField()
    guardian = EncryptedText(default="", blank=True)
    """Name and telephone of a minor's guardian."""
    guardian_agreed_on = models.DateField(null=True, blank=True)
    accompanied_by = EncryptedText(default="", blank=True)
    """Who goes with a minor."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.REGISTERED)
    registered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    registered_label = models.CharField(max_length=140, default="", blank=True)
    decided_label = models.CharField(max_length=140, default="", blank=True)
    active_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, default="", blank=True)
    """Code list `volunteer_end_reason`."""
    reminded_at = models.DateTimeField(null=True, blank=True)
    """When it was last said that insurance or check end soon."""
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process; only an address."""
    version = models.PositiveIntegerField(default=1)

    objects = VolunteerQuerySet.as_manager()

    class Meta:
        constraints = [
            # Nobody is a volunteer twice at the same time.
            models.UniqueConstraint(
                fields=["helper"], condition=Q(state__in=("registered", "preparing", "active")), name="volunteer_once"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "id"], name="volunteer_unit"),
            models.Index(fields=["certificate_index"], name="volunteer_certificate"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """Where the registration is kept, as a path."""
        return self.unit.path


class Training(Record):
    """One training module that somebody has gone through (条例 16)."""

    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="trainings")
    module = models.CharField(max_length=30)
    """Code list `training_module`."""
    done_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["helper", "module"], name="training_once")]


class BanQuerySet(models.QuerySet["Ban"]):
    """Bans by who may see them and by day."""

    def visible_to(self, user: Viewer) -> BanQuerySet:
        """Those of helpers registered in one's subtree; one's own, once it is confirmed; never a proposal about
        oneself."""
        own = Q(helper__user=user.pk)
        condition = in_subtree(user, "volunteer.read", "helper__unit__path") & ~own
        if granting(user, "own.volunteer.read"):
            condition |= own & Q(state__in=(Ban.State.IN_FORCE, Ban.State.LIFTED))
        return self.filter(condition)

    def on(self, day: date) -> BanQuerySet:
        """Those in force on that day."""
        held = self.filter(state=Ban.State.IN_FORCE, from_date__lte=day)
        return held.filter(Q(to_date__isnull=True) | Q(to_date__gt=day))


class Ban(Record):
    """Somebody may not volunteer from a day (included) to a day (excluded; none: for good), for a reason (E22)."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for the second signature")
        IN_FORCE = "in_force", _("confirmed")
        DECLINED = "declined", _("not confirmed")
        LIFTED = "lifted", _("lifted")

    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="bans")
    state = models.CharField(max_length=10, choices=State.choices, default=State.IN_FORCE)
    from_date = models.DateField()
    """Of a proposal: when it was made."""
    to_date = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=40)
    """Code list `ban_reason`."""
    note = EncryptedText(default="", blank=True)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_label = models.CharField(max_length=140, default="", blank=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_label = models.CharField(max_length=140, default="", blank=True)
    appeal = EncryptedText(default="", blank=True)
    """What the person says against it."""
    appealed_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    settled_label = models.CharField(max_length=140, default="", blank=True)
    answer = EncryptedText(default="", blank=True)
    """What they were answered."""

    objects = BanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_date__isnull=True) | Q(to_date__gt=F("from_date")), name="ban_dates"),
            # Whoever proposed it does not sign as well.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="ban_four_eyes",
            ),
            # An appeal is answered by a third person.
            models.CheckConstraint(
                condition=Q(settled_by__isnull=True)
                | ((Q(proposed_by__isnull=True) | ~Q(settled_by=F("proposed_by"))) & ~Q(settled_by=F("decided_by"))),
                name="ban_appeal_elsewhere",
            ),
            models.UniqueConstraint(fields=["helper"], condition=Q(state="proposed"), name="ban_proposed_once"),
        ]
        indexes = [models.Index(fields=["helper", "from_date"], name="ban_helper")]

    def __str__(self) -> str:
        return self.helper.name

    @property
    def unit_path(self) -> str:
        """Where the helper's register entry is kept, as a path."""
        return self.helper.unit.path
