"""Beginning a school year's study aid, by hand or when May comes, and objecting to its list."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from backend.audit.history import collect
from backend.cases.models import Family
from backend.funds import study_aid
from backend.funds.loans import lender_of
from backend.funds.models import StudyAidCall
from backend.funds.study_aid import CalledAlready
from backend.org import parameters
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from backend.rights.offices import office_for
from workflows import services

PROCESS = "study_aid"


def begin(*, unit: Unit, school_year: int, actor: Actor, now: datetime) -> StudyAidCall:
    """A school year's call and the process that conducts it. Raises CalledAlready."""
    with collect():
        row = study_aid.call(unit=unit, school_year=school_year, actor=actor, now=now)
        independent = office_for("auditor", place=unit, about=None, day=timezone.localdate(now))
        data = {
            "call": str(row.pk),
            "reference": row.number,
            "office": str(unit.pk),
            "county": str(lender_of(unit).pk),
            "independent": str(independent.pk),
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        StudyAidCall.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def begin_due(now: datetime) -> int:
    """Begin the calls of townships whose day of the year has come; returns how many. Twice is harmless."""
    today, begun = timezone.localdate(now), 0
    there = Family.objects.filter(unit__parent=OuterRef("pk"), status=Family.Status.REGISTERED)
    called = StudyAidCall.objects.filter(unit=OuterRef("pk"), school_year=today.year)
    towns = Unit.objects.filter(Exists(there), ~Exists(called), kind=Unit.Kind.TOWN).order_by("path")
    for town in towns:
        if _is_due(town, today):
            with suppress(CalledAlready), transaction.atomic():
                begin(unit=town, school_year=today.year, actor=SYSTEM, now=now)
                begun += 1
    return begun


def object_to(*, call: StudyAidCall, text: str, actor: Actor, now: datetime) -> None:
    """Bring an objection to somebody independent; meanwhile nothing is granted. Raises NotPublished."""
    with collect():
        study_aid.object_to(call=call, text=text, actor=actor, now=now)
        if call.instance_id is not None:
            services.send_message(instance_id=call.instance_id, name="objection_raised", data={}, actor=actor, now=now)


def _is_due(town: Unit, today: date) -> bool:
    """Whether its day has come, and the school year has not begun yet."""
    return _day("study_aid.call_on", town, today, 5) <= today < _day("calendar.school_year", town, today, 9)


def _day(key: str, town: Unit, today: date, month: int) -> date:
    """The day of this year that a parameter tells; the first of `month` where none is set."""
    held = parameters.value(key, path=town.path, day=today, default={"month": month, "day": 1})
    return date(today.year, int(held["month"]), int(held["day"]))
