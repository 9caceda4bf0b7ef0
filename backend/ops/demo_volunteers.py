"""Volunteers in the demo: somebody to be met, hours to be verified by everybody who verifies some, a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.utils import timezone

from backend.activities.hours import Stretch
from backend.activities.models import HourClaim
from backend.activities.volunteers import Registration
from backend.helpers.models import Helper, HelperKind
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from workflows import certificates, hours, volunteers


def play_volunteers(*, users: Mapping[str, User], helpers: Mapping[str, Helper], town: Unit, now: datetime) -> None:
    """One thing of each kind; hours of last month's visits come with it."""
    _register(users, town, now)
    hours.claim_visits(now=now)
    for claim in HourClaim.objects.filter(instance_id__isnull=True).order_by("id"):
        hours.have_verified(claim_id=claim.pk, actor=SYSTEM, now=now)
    place = Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE).order_by("code").first()
    nine = timezone.localtime(now - timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    _claim(users["volunteer"], helpers["volunteer"], nine, 2, "housework", now, place=place)
    _claim(users["volunteer"], helpers["volunteer"], nine - timedelta(days=1), 12.5, "activity", now)
    _claim(users["soldier"], helpers["soldier"], nine, 3, "housework", now)
    refused = _claim(users["volunteer"], helpers["volunteer"], nine - timedelta(days=3), 1, "phone", now, "none")
    volunteer = actor_of(users["volunteer"])
    hours.dispute(claim=refused, text="王婶在场,可以证明", actor=volunteer, now=now)
    if HourClaim.objects.filter(helper=helpers["soldier"]).half_hours():
        today = timezone.localdate(now)
        certificates.ask_for(
            helper=helpers["soldier"],
            from_date=today - timedelta(days=365),
            to_date=today,
            actor=actor_of(users["soldier"]),
            now=now,
        )


def _register(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    today = timezone.localdate(now)
    given = Registration(
        source="own", kind=HelperKind.objects.get(code="volunteer"), name="周晓梅", unit=town,
        birth_date=date(1988, 4, 12), notice_version="2026-01", accepted_on=today, with_minors=True,
    )  # fmt: skip
    volunteers.register(given=given, actor=actor_of(users["caseworker"]), now=now)


def _claim(
    user: User, helper: Helper, begin: datetime, long: float, content: str, now: datetime, evidence: str = "witness",
    place: Unit | None = None,
) -> HourClaim:  # fmt: skip
    stretch = Stretch(
        content=content, started_at=begin, ended_at=begin + timedelta(hours=long), evidence=evidence, place=place
    )
    return hours.claim_by_hand(helper=helper, stretch=stretch, actor=actor_of(user), now=now)
