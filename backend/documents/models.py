"""Exports: a register asked for, made in the background, downloaded while it is kept, then gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.org.access import granting
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from datetime import datetime

    from backend.org.access import Viewer


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports by who may see them."""

    def visible_to(self, user: Viewer) -> ExportQuerySet:
        """One's own: what is in it was chosen by one's own rights."""
        return self.filter(requested_by=user.pk) if granting(user, "export.write") else self.none()

    def expired(self, now: datetime) -> ExportQuerySet:
        """Those whose file is not kept any more."""
        return self.filter(state=Export.State.READY, expires_at__lte=now)


class Export(Record):
    """One register of one unit, as far as whoever asked may read it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being written")
        READY = "ready", _("ready")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        OVER = "over", _("file removed")

    register = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=200)
    """What it is for; part of the history (PIPL art. 6)."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    """Rows written so far, and in all."""
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    actor = models.JSONField()
    size = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, default="", blank=True)
    """SHA-256 of the file."""
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["requested_by", "id"], name="export_requested_by")]
        constraints = [
            models.CheckConstraint(condition=~Q(state="ready") | Q(expires_at__isnull=False), name="export_expires")
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.created_at:%Y-%m-%d}"

    @property
    def unit_path(self) -> str:
        """Whose register it is."""
        return self.unit.path


class ExportPart(models.Model):
    """A piece of the file, encrypted."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]
