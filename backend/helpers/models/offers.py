"""Offers: who was asked, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Case
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models.helpers import Helper
from backend.org.access import granting, grants, in_subtree

if TYPE_CHECKING:
    from backend.org.access import Viewer


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
