"""Health services of the demo: a designated hospital with a liaison, and something in each of the inboxes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.administration.units import add_unit
from backend.cases.models import Family, Person
from backend.health.models import HealthService
from backend.health.services import Asked
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from workflows import services
from workflows.health import ask_for
from workflows.models import WorkItem

HOSPITAL = ("YY-01", "镇卫生院")
ACCOUNT = ("hospital", "吴联络员", "liaison")
"""User name, name and role of whoever answers for the hospital."""
ADULT_UNTIL = 1985
"""Born by then: invented people whom nobody takes for children."""
Kind = HealthService.Kind


def add_hospital(town: Unit, now: datetime) -> Unit:
    """The designated hospital."""
    code, name = HOSPITAL
    return add_unit(parent=town, code=code, name=name, kind=Unit.Kind.PARTNER, sort="hospital", actor=SYSTEM, now=now)


def play_health(users: Mapping[str, User], hospital: Unit, now: datetime) -> None:
    """Four people ask: one waits to be asked for consent, one for a decision, one for the hospital, one for what
    is handed out."""
    day = now - timedelta(days=4)
    people = iter(_people())
    asked = {kind: _ask(kind, next(people), users, hospital, day) for kind in SCENES}
    for kind, depth in SCENES.items():
        for step, username, answers in _way(day)[:depth]:
            _do(asked[kind], step, users[username], answers, day)


SCENES: Mapping[str, int] = {
    Kind.WOMENS_CHECK: 0,
    Kind.INFERTILITY: 1,
    Kind.PRE_CONCEPTION: 3,
    Kind.FOLIC_ACID: 2,
}
"""Service → how many steps it has come."""


def _way(day: datetime) -> list[tuple[str, str, dict[str, Any]]]:
    consent = {
        "consent": "agreed", "items": ["keep", "hospital"], "given_by": "self", "proof": "signature",
        "given_on": timezone.localdate(day).isoformat(),
    }  # fmt: skip
    time = {"appointment_at": (day + timedelta(days=3)).isoformat()}
    return [
        ("explain_and_ask", "caseworker", consent),
        ("confirm_eligibility", "caseworker", {"decision": "grant", "told": True}),
        ("agree_appointment", "hospital", time),
    ]


def _people() -> list[Person]:
    """Women in households that no case and no programme marks."""
    ordinary = Family.objects.filter(cases__isnull=True).exclude(willingness=Family.Willingness.REFUSED)
    rows = Person.objects.filter(family__in=ordinary, sex="2", died_on__isnull=True, birth_date__year__gt=ADULT_UNTIL)
    young = list(
        rows.exclude(birth_date__year__gt=2003).select_related("family__unit__parent").order_by("id")[: len(SCENES)]
    )
    others = Person.objects.filter(family__in=ordinary, sex="2", died_on__isnull=True).exclude(
        pk__in=[each.pk for each in young]
    )
    return [
        *young,
        *others.select_related("family__unit__parent").order_by("-birth_date", "id")[: len(SCENES) - len(young)],
    ]


def _ask(kind: str, person: Person, users: Mapping[str, User], hospital: Unit, day: datetime) -> HealthService:
    asked = Asked(person=person, kind=kind, residence_months=48, planning=True, hospital=hospital)
    return ask_for(asked=asked, actor=actor_of(users["caseworker"], role="caseworker"), now=day)


def _do(service: HealthService, step: str, user: User, answers: Mapping[str, Any], day: datetime) -> None:
    items = WorkItem.objects.select_related("instance__process")
    item = items.get(instance=service.instance_id, step=step, state=WorkItem.State.OPEN)
    services.complete(item=item, answers=dict(answers), user=User.objects.get(pk=user.pk), now=day)
