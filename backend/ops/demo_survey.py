"""The demo's yearly survey: one village is at it. Of its families one is done, one begun, one was not reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import Case, Family
from backend.census import targets
from backend.census.models import SurveyTarget
from backend.org.access import actor_of
from backend.org.models import Unit, User
from workflows import services, survey_rounds
from workflows.models import WorkItem

DAYS_LEFT = 30
PROCESS, STEP = "household_intake", "survey_family"
FOUND: Mapping[str, Any] = {
    "survey_result": "surveyed", "method": "home", "residence": "home", "child_state": "away", "lives_alone": True,
    "self_care": 1, "disease": "none", "low_income": False, "minor": "none", "helper_reality": "helping",
    "needs": ["comfort"],
}  # fmt: skip


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """The round by the caseworker's hand, the families by the village worker."""
    until = timezone.localdate(now) + timedelta(days=DAYS_LEFT)
    village = Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE).order_by("code")[0]
    caseworker, worker = users["caseworker"], users["village"]
    round = survey_rounds.start_round(unit=village, closes_on=until, actor=actor_of(caseworker), now=now)
    idle = SurveyTarget.objects.filter(round=round, by_contact=False, family__status=Family.Status.REGISTERED)
    idle = idle.exclude(family__willingness=Family.Willingness.REFUSED)
    chosen = list(
        idle.filter(family__in=Case.objects.filter(state=Case.State.OPEN).values("family")).order_by("id")[:3]
    )
    for target in chosen[:2]:
        survey_rounds.begin_survey(target=target, programme=None, actor=actor_of(worker), now=now)
    for target in chosen[:1]:
        _surveyed(target.family, worker, now)
    targets.give_reason(targets=chosen[2:], reason="away", note="", actor=actor_of(worker), now=now)


def _surveyed(family: Family, worker: User, now: datetime) -> None:
    open_items = WorkItem.objects.select_related("instance__process").filter(process=PROCESS, step=STEP)
    item = open_items.get(family=family, state=WorkItem.State.OPEN)
    answers = {**FOUND, "surveyed_on": timezone.localdate(now).isoformat()}
    services.complete(item=item, answers=answers, user=worker, now=now)
