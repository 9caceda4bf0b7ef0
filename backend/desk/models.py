"""Saved filters of the inbox, what a person has set for the pages, and what somebody who left has handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record
from backend.org.access import granting, grants, in_subtree, upwards
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    """Saved filters by who may use them."""

    def visible_to(self, user: Viewer) -> SavedFilterQuerySet:
        """One's own, and those shared with a unit where one works or with one above it."""
        above = {path for grant in grants(user) for path in upwards(grant.path)}
        return self.filter(Q(owner=user.pk, unit__isnull=True) | Q(unit__path__in=above))

    def changeable_by(self, user: Viewer) -> SavedFilterQuerySet:
        """One's own, and shared ones where one may share."""
        return self.filter(Q(owner=user.pk, unit__isnull=True) | in_subtree(user, "saved_filter.share", "unit__path"))


class SavedFilter(Record):
    """A named way to look at the inbox: one's own, or with a unit that of everybody who works there or below it."""

    name = models.CharField(max_length=40)
    query = models.JSONField(default=dict)
    """The inbox's parameters, by name, as in an address."""
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=1)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=Q(unit__isnull=True), name="own_filter_name"),
            models.UniqueConstraint(
                fields=["unit", "name"], condition=Q(unit__isnull=False), name="shared_filter_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_changeable_by(self, user: User) -> bool:
        """One's own; a shared one by whoever may share filters at its unit."""
        if self.unit is None:
            return self.owner_id == user.pk
        return any(self.unit.path.startswith(grant.path) for grant in granting(user, "saved_filter.share"))


class PreferenceQuerySet(models.QuerySet["Preference"]):
    """Preferences by whose they are."""

    def visible_to(self, user: Viewer) -> PreferenceQuerySet:
        """One's own."""
        return self.filter(user=user.pk)


class Preference(models.Model):
    """What a person has set for the pages, by name: it goes with them from one computer to the next."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=40)
    value = models.JSONField()

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="preference_once")]


class LeavingQuerySet(models.QuerySet["Leaving"]):
    """Leavings by who may see them."""

    def visible_to(self, user: Viewer) -> LeavingQuerySet:
        """Those of one's subtree, and those in which something was handed over to oneself."""
        condition = in_subtree(user, "leaving.read", "unit_path")
        if granting(user, "own.leaving.read"):
            condition |= Q(pk__in=Handover.objects.filter(to_user=user.pk).values("leaving"))
        return self.filter(condition)


class Leaving(Record):
    """Somebody's work in an office ended, and was handed over in the same moment."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="leavings")
    unit_path = models.CharField(max_length=200, db_collation="C")
    """Where the person worked."""
    successor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    done_by_label = models.CharField(max_length=120)

    objects = LeavingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.user.name


class Handover(Record):
    """One thing that was handed over: a line of the list that the successor opens."""

    class Fate(models.TextChoices):
        SUCCESSOR = "successor", _("goes to the successor")
        QUEUE = "queue", _("goes back to the queue")
        END = "end", _("ends")
        ORPHAN = "orphan", _("nobody would have it")

    leaving = models.ForeignKey(Leaving, on_delete=models.PROTECT, related_name="handovers")
    kind = models.CharField(max_length=20)
    """work_item, deputy, filter, membership."""
    fate = models.CharField(max_length=10, choices=Fate.choices)
    object_id = models.UUIDField()
    label = models.CharField(max_length=200)
    case_number = models.CharField(max_length=40, default="", blank=True)
    to_user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField(null=True, blank=True)
    """When the person to whom it went confirmed having seen it."""
