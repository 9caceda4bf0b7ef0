"""Certificates of hours: asked for, announced, issued, revoked (民发〔2015〕149号, 民政部令第67号)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models import Helper
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Certificates by who may see them. What anybody may check is in `backend.activities.certificates.checked`."""

    def visible_to(self, user: Viewer) -> CertificateQuerySet:
        """Those of one's subtree; a helper the own ones."""
        condition = in_subtree(user, "certificate.read", "unit__path")
        if granting(user, "own.certificate.read"):
            condition |= Q(helper__user_id=user.pk)
        return self.filter(condition)


class Certificate(Record):
    """A certificate of the hours that a volunteer gave. Its number cannot be guessed, and anybody may check it.

    What is certified is frozen with the digest; a mistake is revoked and certified anew, never changed.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        ANNOUNCED = "announced", _("announced")
        ISSUED = "issued", _("valid")
        REFUSED = "refused", _("not issued")
        REVOKED = "revoked", _("revoked")

    number = models.CharField(max_length=60, unique=True)
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="certificates")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Who issues it."""
    from_date = models.DateField()
    to_date = models.DateField()
    """The last day that counts."""
    half_hours = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=60)
    """As it stood in the register when it was issued."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    requested_label = models.CharField(max_length=140, default="", blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """Who checked the hours (经办人)."""
    handled_label = models.CharField(max_length=140, default="", blank=True)
    announced_from = models.DateField(null=True, blank=True)
    announced_until = models.DateField(null=True, blank=True)
    """The last day on which somebody may object."""
    objection = EncryptedText(default="", blank=True)
    signed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    """The head of the office (负责人)."""
    signed_label = models.CharField(max_length=140, default="", blank=True)
    issued_on = models.DateField(null=True, blank=True)
    digest = models.CharField(max_length=64, default="", blank=True)
    """SHA-256 of what is certified, in hexadecimal digits."""
    refused_because = models.CharField(max_length=400, default="", blank=True)
    revoked_on = models.DateField(null=True, blank=True)
    revoked_because = models.CharField(max_length=40, default="", blank=True)
    """Code list `revocation_reason`."""
    revoked_label = models.CharField(max_length=140, default="", blank=True)
    instance_id = models.UUIDField(null=True, blank=True)
    """The run of the process; only an address."""
    version = models.PositiveIntegerField(default=1)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="certificate_dates"),
            # Whoever checked the hours does not sign as well.
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | Q(handled_by__isnull=True) | ~Q(signed_by=F("handled_by")),
                name="certificate_four_eyes",
            ),
        ]
        indexes = [models.Index(fields=["helper", "id"], name="certificate_helper")]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Who issues it, as a path."""
        return self.unit.path
