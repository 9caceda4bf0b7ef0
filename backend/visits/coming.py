"""What somebody who visits takes along: the visits to make, the records of the last days, and whom to call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q, QuerySet

from backend.cases.models import Person, visible_families
from backend.helpers.models import Pairing
from backend.org import parameters
from backend.org.access import granting, in_subtree
from backend.visits.models import RECORDED, Submission, Visit
from backend.visits.visits import AWAITED

if TYPE_CHECKING:
    from backend.org.access import Viewer

MOST = 60
"""Visits that a telephone takes along: more than anybody makes before the next network."""
KEPT = timedelta(days=14)
"""How long an own record stays at hand for a correction."""


def to_be_made(user: Viewer) -> QuerySet[Visit]:
    """Visits that wait for this person: a helper's own, and those that a village worker makes in a helper's place.
    What stands still is not asked for."""
    instead = Q(state=Visit.State.MISSED) | Q(helper__isnull=True) | Q(helper__user__isnull=True)
    condition = instead & in_subtree(user, "visit.write", "case__unit_path")
    if granting(user, "own.visit.write"):
        condition |= _own(user)
    rows = Visit.objects.filter(AWAITED, condition, paused_at__isnull=True)
    return _with_family(rows).order_by("due_at", "id")[:MOST]


def recorded_lately(user: Viewer, now: datetime) -> QuerySet[Visit]:
    """Visits that this person recorded in the last days, the newest first."""
    own = in_subtree(user, "visit.write", "case__unit_path")
    if granting(user, "own.visit.write"):
        own |= _own(user)
    rows = Visit.objects.filter(own, state__in=RECORDED, recorded_by_id=user.pk, recorded_at__gte=now - KEPT)
    return _with_family(rows).order_by("-recorded_at", "-id")[:MOST]


def pairings_of(user: Viewer, day: date) -> QuerySet[Pairing]:
    """A helper's own pairings in force, and those in which one stands in today: families that may be visited without a
    plan."""
    if user.pk is None or not granting(user, "own.visit.write"):
        return Pairing.objects.none()
    rows = Pairing.objects.all().showing(user, day)
    people = Prefetch("family__persons", queryset=_present())
    return rows.select_related("case", "family").prefetch_related(people).order_by("id")[:MOST]


def open_conflicts(user: Viewer) -> QuerySet[Submission]:
    """This person's submissions that wait for a decision."""
    rows = Submission.objects.filter(sent_by_id=user.pk, state=Submission.State.CONFLICT)
    if granting(user, "own.case.read"):
        rows = rows.annotate(family_is_own=visible_families(user, "visit__family__", "case.read"))
    return rows.select_related("visit__case", "visit__family", "visit__helper").order_by("id")[:MOST]


def office_phone(path: str, day: date) -> str:
    """The telephone of the office that a place belongs to; empty when nobody has entered it."""
    return str(parameters.value("office.phone", path=path, day=day, default=""))


def _own(user: Viewer) -> Q:
    return Q(helper__user_id=user.pk) & visible_families(user, "family__", "case.read")


def _with_family(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    people = Prefetch("family__persons", queryset=_present())
    return rows.select_related("case", "family", "helper").prefetch_related(people)


def _present() -> QuerySet[Person]:
    return Person.objects.filter(status="present").order_by("-is_head", "id").only("family_id", "name", "phone")
