"""The yearly review of subsidies at its doors: begun in January, people checked, changes brought to the caseworker."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from backend.audit.history import collect
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.subsidies import reviews
from backend.subsidies.models import AnnualReview, Entitlement, Exit, ReviewCheck
from backend.subsidies.reviews import ReviewHeld
from workflows import services, subsidy_exits

PROCESS = "subsidy_annual_review"
MORNING = time(8)


def start_review(*, unit: Unit, actor: Actor, now: datetime, closes_on: date | None = None) -> AnnualReview:
    """This year's review of a village, and the process that conducts it. Raises NoVillage, ReviewOver, ReviewHeld."""
    with collect():
        review = reviews.open_review(unit=unit, closes_on=closes_on, actor=actor, now=now)
        data = {
            "review": str(review.pk),
            "village": str(unit.pk),
            "office": str(unit.parent_id),
            "reference": str(review)[:40],
            "warn_at": timezone.make_aware(datetime.combine(review.warn_on, MORNING)).isoformat(),
            "close_at": end_of_day(review.closes_on).isoformat(),
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        AnnualReview.objects.filter(pk=review.pk).update(instance_id=begun.pk)
    review.refresh_from_db()
    return review


def start_due(now: datetime) -> int:
    """Begin the review of every village where somebody is entitled and whose days have come. Twice is harmless."""
    today = timezone.localdate(now)
    held = AnnualReview.objects.filter(unit=OuterRef("pk"), year=today.year)
    entitled = Entitlement.objects.on(today).filter(person__family__unit=OuterRef("pk"))
    villages = Unit.objects.filter(
        Exists(entitled.exclude(cycle=Entitlement.Cycle.ONCE)), ~Exists(held), kind=Unit.Kind.VILLAGE
    )
    return sum(_started(village, now) for village in villages.order_by("path") if _is_due(village, today))


def check(
    *, row: ReviewCheck, method: str, checked_on: date, change: str, happened_on: date | None, actor: Actor,
    now: datetime, document: str = "", note: str = "",
) -> ReviewCheck:  # fmt: skip
    """Somebody was checked; a change goes to the caseworker as an exit of its own. Raises BadCheck, CheckClosed,
    BadChange, ExitOpen."""
    with collect():
        done = reviews.check(
            row=row, method=method, checked_on=checked_on, changed=bool(change), document=document, note=note,
            actor=actor, now=now,
        )  # fmt: skip
        if change:
            subsidy_exits.report(
                entitlement=done.entitlement, reason=change, happened_on=happened_on or checked_on,
                source=Exit.Source.REVIEW, check=done, evidence=note, actor=actor, now=now,
            )  # fmt: skip
    return done


def _is_due(village: Unit, today: date) -> bool:
    days = reviews.days_of(village.path, today)
    return days["opens"] <= today <= days["closes"]


def _started(village: Unit, now: datetime) -> bool:
    with suppress(ReviewHeld), transaction.atomic():
        start_review(unit=village, actor=SYSTEM, now=now)
        return True
    return False
