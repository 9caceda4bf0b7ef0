"""The demo's study aid of this school year: paid for by a donation, planned and signed; two families have applied, of
which one has been looked into."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import SPECIAL, Person
from backend.funds import study_aid
from backend.funds.models import StudyAidCall
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import services
from workflows.models import WorkItem
from workflows.study_aid import begin

PLAN: Mapping[str, int] = {"budget": 8000, "primary": 800, "junior": 1000, "senior": 1500, "college": 3000}
SCHOOLS = (("senior", 16, "区第一中学"), ("primary", 9, "镇中心小学"))
"""Level, about how old one is there, name."""


def play(town: Unit, now: datetime) -> None:
    """By the verbs of daily life; the money is a donation that demo_funds has received."""
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    caseworker, village = users["caseworker"], users["village"]
    call = begin(unit=town, school_year=timezone.localdate(now).year, actor=actor_of(caseworker), now=now)
    closes_on = timezone.localdate(now) + timedelta(days=25)
    _do(call, "plan_call", caseworker, {"closes_on": closes_on.isoformat(), **PLAN}, now)
    _do(call, "approve_call", users["supervisor"], {"approval": "approve"}, now)
    call.refresh_from_db()
    for place, (level, age, school) in enumerate(SCHOOLS):
        pupil = _pupil(town, timezone.localdate(now) - timedelta(days=age * 365))
        family = pupil.family
        guardian = family.persons.filter(status="present").order_by("-is_head", "id")[0]
        application = study_aid.Application(
            call=call, family=family, pupil=pupil, guardian=guardian, level=level, school=school,
            school_proof="在读证明", paid_to="family", payee_label=guardian.name,
            account_number=f"62170000{family.pk.int % 10**11:011d}", circumstances="父母常年在外，爷爷奶奶照看",
        )  # fmt: skip
        row = study_aid.apply(application=application, actor=actor_of(village), now=now)
        if place == 0:
            study_aid.check(
                application=row, school_confirmed=True, household_confirmed=True, note="电话问过班主任，入户看过",
                actor=actor_of(caseworker), now=now,
            )  # fmt: skip


def _pupil(town: Unit, born: date) -> Person:
    """A child of that age, of a family that has no loss to bear."""
    here = Person.objects.filter(family__unit__parent=town, status="present", birth_date__gt=born)
    found = here.exclude(family__declared_categories__overlap=list(SPECIAL)).select_related("family__unit__parent")
    return found.order_by("birth_date", "id")[0]


def _do(call: StudyAidCall, step: str, user: User, answers: Mapping[str, Any], now: datetime) -> None:
    assert call.instance_id is not None
    item = WorkItem.objects.get(instance_id=call.instance_id, step=step, state=WorkItem.State.OPEN)
    services.complete(item=item, answers=dict(answers), user=user, now=now)
