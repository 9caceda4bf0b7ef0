"""Pairings: dated spells of a helper with a family."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.db.models.functions import Least
from django.utils import timezone

from backend.cases.models import Case, Family, Person, Programme
from backend.core import prepared
from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.helpers.models.helpers import Helper, HelperKind
from backend.helpers.models.offers import Offer
from backend.org.access import granting, in_subtree
from backend.org.models import User

if TYPE_CHECKING:
    from backend.org.access import Viewer


GROWN = 18


class PairingQuerySet(models.QuerySet["Pairing"]):
    """Pairings by who may see them and by day."""

    def on(self, day: date) -> PairingQuerySet:
        """Those in force on that day."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day)

    def from_day(self, day: date) -> PairingQuerySet:
        """Those in force that day or to begin later: each takes one of the helper's places."""
        return self.filter(Q(to_date__isnull=True) | Q(to_date__gt=day) & Q(to_date__gt=F("from_date")))

    def asked(self) -> PairingQuerySet:
        """Those of helpers who were asked and agreed, without statutory contacts."""
        return self.filter(kind__statutory=False)

    def seated(self, day: date) -> PairingQuerySet:
        """Those that hold their seat in the family that day or later: a seat handed over is somebody else's."""
        open_ended = Q(to_date__isnull=True, handed_over_on__isnull=True)
        return self.annotate(seat_until=Least("to_date", "handed_over_on")).filter(open_ended | Q(seat_until__gt=day))

    def suspended(self, day: date) -> PairingQuerySet:
        """Those whose helper may neither see nor visit the family that day.

        By a dated suspension, by the suspension of the helper as a whole, or because the helper's background check is
        over while a minor lives with the family: that is true from midnight on, whether or not anything ran since.
        """
        return self.filter(_suspended(day))

    def left_alone(self, day: date) -> PairingQuerySet:
        """Those whose helper is suspended that day, or away."""
        from backend.helpers.models.absences import Absence  # names the helper

        away = Exists(Absence.objects.on(day).filter(helper=OuterRef("helper")))
        return self.filter(Q(away) | _suspended(day))

    def own(self, user: Viewer) -> PairingQuerySet:
        """The user's spells as a helper."""
        return self.filter(helper__user_id=user.pk) if user.pk else self.none()

    def sighted(self, user: Viewer, day: date) -> PairingQuerySet:
        """The user's own as a helper that are in force that day and not suspended: they show the family."""
        own = self.on(day).own(user)
        return own.exclude(pk__in=own.suspended(day).values("pk"))

    def make_room(self, family: Family) -> None:
        """Give each a seat that is free in another family, before it is handed over to that family.

        Two households that were one all along may have more helpers than seats: nobody is sent away for it.
        """
        coming = list(self.select_for_update(of=("self",)).order_by("from_date", "id"))
        there = {(each.kind_id, each.seat) for each in Pairing.objects.filter(family=family)}
        taken = there | {(each.kind_id, each.seat) for each in coming}
        for spell in coming:
            if (spell.kind_id, spell.seat) in there:
                spell.seat = 1 + max(seat for kind, seat in taken if kind == spell.kind_id)
                spell.save(update_fields=["seat"])
                taken.add((spell.kind_id, spell.seat))

    def stood_in_for(self, user: Viewer, day: date) -> PairingQuerySet:
        """Those in force that day whose helper is away, and in whose place the user is there."""
        from backend.helpers.models.absences import StandIn  # names the pairing

        if user.pk is None:
            return self.none()
        rows = StandIn.objects.on(day).filter(helper__user_id=user.pk).exclude(helper__status=Helper.Status.SUSPENDED)
        rows = rows.exclude(pk__in=StandIn.objects.filter(stand_in_unfit(day)).values("pk"))
        return self.on(day).filter(pk__in=rows.values("pairing"))

    def showing(self, user: Viewer, day: date) -> PairingQuerySet:
        """Those that show the user their family that day: own ones, and those of helpers for whom one stands in."""
        own, instead = self.sighted(user, day), self.stood_in_for(user, day)
        return self.filter(Q(pk__in=own.values("pk")) | Q(pk__in=instead.values("pk")))

    def visible_to(self, user: Viewer) -> PairingQuerySet:
        """Pairings of families in one's subtree, one's own as a helper, and those in which one stands in today."""
        condition = in_subtree(user, "pairing.read", "family__unit__path")
        if granting(user, "own.pairing.read"):
            instead = Pairing.objects.all().stood_in_for(user, timezone.localdate())
            condition |= Q(helper__user_id=user.pk) | Q(pk__in=instead.values("pk"))
        return self.filter(condition)


def _suspended(day: date) -> Q:
    from backend.helpers.models.suspensions import Suspension  # names the pairing

    dated = Exists(Suspension.objects.on(day).filter(pairing=OuterRef("pk")))
    return Q(dated) | Q(helper__status=Helper.Status.SUSPENDED) | check_missing(day)


def check_missing(day: date) -> Q:
    """The condition on pairings "a minor lives with the family, and the helper's background check is not in force".

    未成年人保护法 art. 62. Statutory contacts hold an office and are not asked for one.
    """
    return _unchecked(day) & Q(_minors(day, "family"), kind__statutory=False)


def stand_in_unfit(day: date) -> Q:
    """The same condition on stand-ins; whoever may not be with minors at all is unfit too."""
    barred = _unchecked(day) | Q(helper__kind__minors=False)
    return barred & Q(_minors(day, "pairing__family"), helper__kind__statutory=False)


def _unchecked(day: date) -> Q:
    return Q(helper__check_until__isnull=True) | Q(helper__check_until__lte=day)


def _minors(day: date, family: str) -> Exists:
    """Whether a minor lives with the family; `family`: the field of the outer row that names it."""
    grown_up_since = day.replace(year=day.year - GROWN, day=min(day.day, 28) if day.month == 2 else day.day)
    minors = Person.objects.filter(family=OuterRef(family), died_on__isnull=True, birth_date__gt=grown_up_since)
    return Exists(minors.exclude(status="left"))


class Pairing(Record):
    """One dated spell of one helper with one family (F06): from a day (included) to a day (excluded).

    Spells are never deleted and never reopened: the same two again are a new spell. While it lasts it holds one of the
    family's seats for helpers of its kind; a successor takes the seat over, and both may be there for some days.
    """

    number = models.CharField(max_length=40, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pairings")
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="pairings")
    helper = models.ForeignKey(Helper, on_delete=models.PROTECT, related_name="pairings")
    kind = models.ForeignKey(HelperKind, on_delete=models.PROTECT, related_name="+")
    seat = models.PositiveSmallIntegerField(default=1)
    """Which of the family's places for helpers of this kind, from 1."""
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    handed_over_on = models.DateField(null=True, blank=True)
    """The day from which a successor holds the seat; the spell itself goes on until `to_date`."""
    planned_end = models.DateField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    """The day by which the year with this helper is reviewed."""
    offer = models.OneToOneField(Offer, null=True, blank=True, on_delete=models.PROTECT, related_name="pairing")
    start_reason = models.CharField(max_length=40, default="chosen")
    end_reason = models.CharField(max_length=40, default="", blank=True)
    agreement = models.JSONField(default=dict, blank=True)
    accompanied = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_label = models.CharField(max_length=120, default="")
    handover = EncryptedText(default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = PairingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="pairing_dates"
            ),
            models.CheckConstraint(
                condition=Q(handed_over_on__isnull=True) | Q(handed_over_on__gte=F("from_date")),
                name="pairing_handed_over",
            ),
            # One place cannot be held by two, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="pairing_one_seat",
                expressions=[
                    ("family", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("seat", RangeOperators.EQUAL),
                    (
                        Func(F("from_date"), Least(F("to_date"), F("handed_over_on")), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            # The same two cannot have two spells at once, whatever two requests do at the same moment.
            ExclusionConstraint(
                name="pairing_no_overlap",
                expressions=[
                    ("family", RangeOperators.EQUAL),
                    ("helper", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("to_date"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["helper", "to_date"], name="pairing_helper"),
            models.Index(fields=["family", "to_date"], name="pairing_family"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.case.unit_path

    def is_suspended(self, day: date) -> bool:
        """Whether the helper may neither see nor visit the family that day."""
        return _is_suspended(day)(self.pk)


@lru_cache(maxsize=64)
def _is_suspended(day: date) -> Callable[[UUID], bool]:
    """Asked for every record of a visit, mostly about the same few days."""
    return prepared.whether(Pairing.objects.all().suspended(day))
