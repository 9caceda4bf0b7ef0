"""Emergencies (F08), what was done about them, and the list of who is on duty.

Who reported one is encrypted and closed to all but the two confidants of the office (未保法 11, 反家暴法 14). A sealed
one also hangs on no case and no family: neither the history nor an inbox tells whom it is about.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family
from backend.core.crypto import EncryptedText, blind_index
from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_line, in_subtree
from backend.org.models import DatedQuerySet, Unit, User
from backend.visits.models import Visit

if TYPE_CHECKING:
    from backend.org.access import Viewer


def finder_key(user_id: UUID) -> bytes:
    """By what a user's own reports are found again, without saying whose they are."""
    return blind_index(f"emergency.finder:{user_id}")


class DutySpellQuerySet(DatedQuerySet):
    """Who is on duty, by who may know."""

    def visible_to(self, user: Viewer) -> DutySpellQuerySet:
        """The lists of the units in, above and below the own place."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(in_line(user, "duty.read", "unit__path"))


class DutySpell(Record):
    """Somebody is on duty at a unit in a post, from a day (included) to a day (excluded)."""

    class Post(models.TextChoices):
        FIRST = "first", _("officer on duty")
        DEPUTY = "deputy", _("deputy on duty")
        LEADING_GROUP = "leading_group", _("duty of the leading group")
        CONFIDANT = "confidant", _("may know who reported")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=14, choices=Post.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    phone = models.CharField(max_length=30, default="", blank=True)
    """The number that is answered day and night."""
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = DutySpellQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="duty_spell_dates"
            )
        ]
        indexes = [models.Index(fields=["unit", "post", "from_date"], name="duty_spell_post")]

    def __str__(self) -> str:
        return self.user.name

    @property
    def unit_path(self) -> str:
        """Where, as a path."""
        return self.unit.path


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Emergencies by who may see that there is one."""

    def visible_to(self, user: Viewer) -> IncidentQuerySet:
        """Those of one's subtree and those one reported oneself."""
        if not user.is_authenticated:
            return self.none()
        condition = in_subtree(user, "emergency.read", "place__path")
        if granting(user, "own.emergency.read"):
            condition |= Q(finder_key=finder_key(user.pk))
        return self.filter(condition).exclude(suspect_helper__user=user.pk)

    def open(self) -> IncidentQuerySet:
        """Those not closed yet."""
        return self.filter(closed_at__isnull=True)


class Incident(Record):
    """An emergency (F08). The client may make the id: the same id twice is one emergency."""

    class Level(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        SAME_DAY = "same_day", _("the same day")
        PLANNED = "planned", _("to be planned")

    class Suspect(models.TextChoices):
        NOBODY = "nobody", _("nobody")
        KIN = "kin", _("parent, guardian or kin")
        HELPER = "helper", _("the helper")
        OTHER = "other", _("somebody else")

    class State(models.TextChoices):
        OPEN = "open", _("waits to be acknowledged")
        ACKNOWLEDGED = "acknowledged", _("acknowledged, somebody goes there")
        ON_SITE = "on_site", _("somebody is there")
        FOLLOWED = "followed", _("followed up")
        REVIEWED = "reviewed", _("being reviewed")
        CLOSED = "closed", _("closed")

    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20)
    """A code of the list emergency_kind."""
    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township whose officers answer."""
    place = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village whose worker goes there; the office where the village is not known."""
    instance_id = models.UUIDField(null=True)
    """The run of the process that conducts it."""
    about_family = models.ForeignKey(Family, null=True, on_delete=models.PROTECT, related_name="+")
    about_case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    visit = models.OneToOneField(Visit, null=True, on_delete=models.PROTECT, related_name="emergency")
    """The visit at which it was found: one emergency, however often it is told."""
    who = EncryptedText(default="", blank=True)
    where = EncryptedText(default="", blank=True)
    what = EncryptedText(default="", blank=True)
    minor = models.BooleanField(default=False)
    incapable = models.BooleanField(default=False)
    """Without, or with limited, capacity for civil conduct."""
    violence = models.BooleanField(default=False)
    """Domestic violence is suspected."""
    situations = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    """Which of the nine situations (list report_situation)."""
    unconscious = models.BooleanField(default=False)
    fire_gas = models.BooleanField(default=False)
    alone = models.BooleanField(default=False)
    in_hospital = models.BooleanField(default=False)
    suspect = models.CharField(max_length=8, choices=Suspect.choices, default=Suspect.NOBODY)
    suspect_helper = models.ForeignKey(Helper, null=True, on_delete=models.PROTECT, related_name="+")
    helper_was = models.CharField(max_length=10, default="", blank=True)
    """The helper's status before this suspended it; empty when it did not."""
    channel = models.CharField(max_length=20)
    """How it came in (list emergency_channel)."""
    finder = EncryptedText(default="", blank=True)
    finder_contact = EncryptedText(default="", blank=True)
    finder_key = models.BinaryField(max_length=32, null=True)
    """See `finder_key`; none when somebody else called and an officer wrote it down."""
    unverified = models.BooleanField(default=False)
    """Told by somebody without an account (E8): nobody has heard or seen it yet."""
    callback = EncryptedText(default="", blank=True)
    """The number that such a caller left, for whoever is on duty."""
    public_receipt = models.CharField(max_length=20, null=True, unique=True)
    """What such a caller was answered: drawn, so that it tells of no other report."""
    same_as = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="repeated_by")
    """The report of the same thing that goes on in its place, as the person on duty found."""
    secret = models.BooleanField(default=True)
    """The finder's identity is closed; only the finder may waive that."""
    sealed = models.BooleanField(default=False)
    """Nothing of it stands in the history of a case (decision D09)."""
    tell_kin = models.BooleanField(default=True)
    report_due = models.BooleanField(default=False)
    """The law demands a report at once; nobody's approval stands before it (未保法 11)."""
    report_to = models.CharField(max_length=24, default="", blank=True)
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.AT_ONCE)
    level_reason = models.CharField(max_length=24, default="", blank=True)
    found_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    arrive_by = models.DateTimeField()
    report_by = models.DateTimeField()
    brief_by = models.DateTimeField()
    review_by = models.DateTimeField(null=True)
    told_last = models.CharField(max_length=14, default=DutySpell.Post.FIRST)
    """How far the list of duty was climbed; `everybody` at its end."""
    late = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    """Which clocks ran out: arrive, report, brief, review."""
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_label = models.CharField(max_length=140, default="", blank=True)
    arrived_at = models.DateTimeField(null=True)
    arrived_label = models.CharField(max_length=140, default="", blank=True)
    reported_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=80, default="", blank=True)
    briefed_at = models.DateTimeField(null=True)
    brief = EncryptedText(default="", blank=True)
    measures = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    state = models.CharField(max_length=14, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=12, default="", blank=True)
    """resolved, handed_over, died, false_alarm, merged."""
    false_reason = EncryptedText(default="", blank=True)
    reviewed_label = models.CharField(max_length=140, default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["place", "id"], name="incident_place"),
            models.Index(fields=["finder_key", "id"], name="incident_finder"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def case_id(self) -> UUID | None:
        """The case whose history tells of it; none when it is sealed."""
        return None if self.sealed else self.about_case_id

    @property
    def family_id(self) -> UUID | None:
        """The same for the family."""
        return None if self.sealed else self.about_family_id

    @property
    def unit_path(self) -> str:
        """Where it is answered, as a path."""
        return self.office.path

    @property
    def is_delicate(self) -> bool:
        """Whether it may have to be kept out of the history of the case, or is already: somebody may be the cause."""
        return self.sealed or self.violence or bool(self.situations) or self.suspect != self.Suspect.NOBODY

    def is_found_by(self, user: User) -> bool:
        """Whether the user reported it."""
        return self.finder_key is not None and bytes(self.finder_key) == finder_key(user.pk)

    def is_unanswered(self, now: datetime) -> bool:
        """Nobody has acknowledged it in time."""
        return self.acknowledged_at is None and self.closed_at is None and self.acknowledge_by < now


class Entry(Record):
    """Something that happened in an emergency, with its time: a call, an officer told, the person seen."""

    class Kind(models.TextChoices):
        CALL = "call", _("call")
        TOLD = "told", _("officer told")
        SEEN = "seen", _("person seen")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    party = models.CharField(max_length=20, default="", blank=True)
    """Whom: a code of the list emergency_call, or a post of the duty list."""
    label = models.CharField(max_length=140, default="", blank=True)
    """The officer told, or who saw the person; never the finder."""
    channel = models.CharField(max_length=20, default="", blank=True)
    receipt = models.CharField(max_length=80, default="", blank=True)
    text = EncryptedText(default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["incident", "at"], name="entry_incident")]
