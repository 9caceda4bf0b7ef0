"""Bulletins (Q23): one month of all member units, approved by the chair, published within the house. Then frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.coordination.models.group import of_the_group
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    """Bulletins by who may see them."""

    def visible_to(self, user: Viewer) -> BulletinQuerySet:
        """Published ones for the whole group; drafts only where the office is."""
        published = of_the_group(user, "bulletin.read") & Q(state=Bulletin.State.PUBLISHED)
        return self.filter(published | in_subtree(user, "bulletin.read", "office__path"))


class Bulletin(Record):
    """A month's bulletin: who reported, the numbers, what is late, and what the office says to it."""

    class State(models.TextChoices):
        DRAFTING = "drafting", _("being drafted")
        APPROVING = "approving", _("to be approved")
        PUBLISHED = "published", pgettext_lazy("bulletin", "published")

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTING)
    foreword = EncryptedText(default="", blank=True)
    outlook = EncryptedText(default="", blank=True)
    content = models.JSONField(default=dict)
    """Units by how they reported, sums, as of the last draft (see backend.coordination.bulletins)."""
    returned = EncryptedText(default="", blank=True)
    number = models.CharField(max_length=60, default="", blank=True)
    """Its document number (文号), given when it is published."""
    file = models.BinaryField(default=b"")
    """The .docx as published."""
    digest = models.CharField(max_length=64, default="", blank=True)
    drafted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_label = models.CharField(max_length=140, default="", blank=True)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_label = models.CharField(max_length=140, default="", blank=True)
    published_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = BulletinQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "month"], name="bulletin_once"),
            models.UniqueConstraint(fields=["office", "number"], condition=~Q(number=""), name="bulletin_number"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(drafted_by__isnull=True) | ~Q(approved_by=F("drafted_by")),
                name="bulletin_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.office.name} {self.month:%Y-%m}"

    @property
    def unit_path(self) -> str:
        """The office, as a path."""
        return self.office.path
