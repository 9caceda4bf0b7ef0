"""Visits: planned and done contacts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case, Family, visible_families
from backend.core import prepared
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper, Pairing
from backend.org.access import granting, in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class VisitQuerySet(models.QuerySet["Visit"]):
    """Visits by who may see them."""

    def visible_to(self, user: Viewer) -> VisitQuerySet:
        """Visits to families in one's subtree, and one's own as a helper unless the pairing is suspended."""
        condition = in_subtree(user, "visit.read", "family__unit__path")
        if granting(user, "own.visit.read"):
            hidden = Pairing.objects.all().own(user).suspended(timezone.localdate())
            condition |= Q(helper__user_id=user.pk) & ~Q(pairing__in=hidden.values("pk"))
        return self.filter(condition)


def overdue(now: datetime) -> Q:
    """The one definition of an overdue visit: planned, not paused, and nobody came by its time."""
    return Q(state=Visit.State.PLANNED, due_at__lt=now, paused_at__isnull=True)


class Visit(Record):
    """One planned or done contact with a family (F07). The client may make the id: the same id twice is one visit."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        DONE = "done", _("visited")
        NOT_MET = "not_met", _("nobody met")
        REFUSED = "refused", _("refused")
        MISSED = "missed", _("missed")
        HELD = "held", _("recorded too late, waits for the supervisor")
        CANCELLED = "cancelled", _("cancelled")

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="visits")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="visits")
    pairing = models.ForeignKey(Pairing, null=True, blank=True, on_delete=models.PROTECT, related_name="visits")
    helper = models.ForeignKey(Helper, null=True, blank=True, on_delete=models.PROTECT, related_name="visits")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    planned_for = models.DateField(null=True, blank=True)
    opens_at = models.DateTimeField(null=True, blank=True)
    """From when on a contact counts as this visit; what is done before is an extra one."""
    due_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    """Since when the family's pause stops its time: nobody is expected meanwhile."""
    missed_at = models.DateTimeField(null=True, blank=True)
    """When the helper had not come in time; somebody else may still make the visit."""
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    channel = models.CharField(max_length=12, default="home")
    """home, phone, video, group, other."""
    answers = EncryptedText(default="", blank=True)
    """The record's answers as JSON; health and mood are sensitive (PIPL art. 28)."""
    is_shared = models.BooleanField(default=False)
    """Whoever wrote the note lets helpers who come after read it."""
    red_flags = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    next_on = models.DateField(null=True, blank=True)
    """When to come again, as agreed at the visit."""
    device_at = models.DateTimeField(null=True, blank=True)
    """What the recording device took for the time when it sent the record (E20)."""
    recorded_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_label = models.CharField(max_length=120, default="", blank=True)
    amended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who changed the record last; nobody when it stands as it was written."""
    is_late = models.BooleanField(default=False)
    late_reason = models.CharField(max_length=400, default="", blank=True)
    is_extra = models.BooleanField(default=False)
    """Not planned by the process: somebody just went."""
    is_sampled = models.BooleanField(default=False)
    """Chosen for a call-back by somebody else."""
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process that planned it and waits for it; only an address."""
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaces")
    """The record that was made in place of this planned visit."""
    version = models.PositiveIntegerField(default=1)

    objects = VisitQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["family", "id"], name="visit_family"),
            models.Index(fields=["helper", "state", "due_at"], name="visit_helper"),
            models.Index(fields=["due_at"], condition=Q(state="planned"), name="visit_due"),
            # A month's report: what was planned for its days, and the few records that raised a flag.
            models.Index(fields=["planned_for"], name="visit_planned"),
            models.Index(fields=["recorded_at"], condition=~Q(red_flags=[]), name="visit_flagged"),
        ]

    @classmethod
    def with_visitor(cls, id: UUID | str, *, lock: bool = False) -> Visit:
        """The visit with its case, family and helper, and the spell it is made in. Raises Visit.DoesNotExist.

        `lock`: nobody else changes it until the transaction ends. Who goes is mostly the spell's own helper: read once.
        """
        visit = prepared.found(cls, id, follow=("case", "family__unit", "helper", "pairing"), lock=lock)
        if visit.pairing is not None and visit.helper is not None and visit.pairing.helper_id == visit.helper_id:
            visit.pairing.helper = visit.helper
        return visit

    def is_overdue(self, now: datetime) -> bool:
        """The same for one row in memory."""
        if self.state != self.State.PLANNED or self.paused_at is not None:
            return False
        return self.due_at is not None and self.due_at < now

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path

    @property
    def is_recorded(self) -> bool:
        """Whether there is a record of it."""
        return self.state in RECORDED

    def is_written_by(self, user: Viewer) -> bool:
        """Whether all that the record says is this person's own word."""
        return self.recorded_by_id == user.pk and self.amended_by_id in {None, user.pk}


RECORDED = (Visit.State.DONE, Visit.State.NOT_MET, Visit.State.REFUSED, Visit.State.HELD)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Records sent by telephones, by who may see them."""

    def visible_to(self, user: Viewer) -> SubmissionQuerySet:
        """One's own, and those about families in one's subtree."""
        condition = in_subtree(user, "visit.read", "visit__case__unit_path")
        if granting(user, "own.visit.read"):
            condition |= Q(sent_by_id=user.pk)
        return self.filter(condition)


class Submission(Record):
    """A visit's record as a telephone sent it. The telephone makes the id: sent again, it is the same submission."""

    class State(models.TextChoices):
        STORED = "stored", _("taken over")
        CONFLICT = "conflict", _("says something else than the record")
        DECIDED = "decided", _("decided by a person")

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="submissions")
    state = models.CharField(max_length=10, choices=State.choices)
    based_on = models.PositiveIntegerField(null=True, blank=True)
    """The version of the visit's record that the telephone knew; none: it knew of no record."""
    version = models.PositiveIntegerField(null=True, blank=True)
    """The version of the visit that came of it."""
    answers = EncryptedText(default="", blank=True)
    """What was sent, as JSON."""
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_by_label = models.CharField(max_length=120, default="")
    device_at = models.DateTimeField(null=True, blank=True)
    """What the telephone took for the time when it sent the record."""
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by_label = models.CharField(max_length=120, default="", blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["sent_by", "id"], name="submission_sender"),
            models.Index(fields=["id"], condition=Q(state="conflict"), name="submission_conflict"),
        ]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.visit.unit_path


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Photographs by who may see them."""

    def visible_to(self, user: Viewer) -> PhotoQuerySet:
        """Those of families in one's subtree, and one's own while one may know the family."""
        condition = in_subtree(user, "visit.read", "visit__case__unit_path")
        if granting(user, "own.visit.read"):
            condition |= Q(sent_by_id=user.pk) & visible_families(user, "visit__family__", "case.read")
        return self.filter(condition)


class Photo(Record):
    """A photograph taken at a visit. The telephone makes the id: sent again, it is the same photograph."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="photos")
    content = models.BinaryField(default=b"", blank=True)
    """The picture as JPEG, encrypted; empty once it is deleted."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the JPEG, in hexadecimal digits."""
    size = models.PositiveIntegerField()
    """Bytes of the JPEG."""
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_by_label = models.CharField(max_length=120, default="")
    device_at = models.DateTimeField(null=True, blank=True)
    """When it was taken, by the telephone's clock."""
    removed_at = models.DateTimeField(null=True, blank=True)
    """When the picture was deleted, since the family did not agree any more."""

    objects = PhotoQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["visit", "id"], name="photo_visit")]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.visit.unit_path


class FollowUp(Record):
    """What was done because of a visit: emergency, follow-up, call-back, decision on a late record."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="follow_ups")
    kind = models.CharField(max_length=20)
    """emergency, follow_up, call_back, late_record."""
    result = models.CharField(max_length=20)
    answers = EncryptedText(default="", blank=True)
    """The form's answers as JSON."""
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    done_by_label = models.CharField(max_length=120, default="", blank=True)
    done_at = models.DateTimeField()
