"""Applying for a subsidy, objecting to an application, taking it back: the rows, and the process that conducts them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.models import Family
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.models import Unit, User
from backend.org.working_days import end_of_day
from backend.rights import grievances
from backend.rights.models import Grievance
from backend.subsidies import applications, rules
from backend.subsidies.applications import Intake
from backend.subsidies.models import Application
from workflows import services
from workflows.grievances import begin
from workflows.subsidy_tables import PROCESS


class UnknownColleague(Invalid):
    """No such account."""

    code = "unknown_colleague"
    message = _("There is no such account.")


STAGES = ("village_by", "township_by", "county_by")


def apply(*, intake: Intake, actor: Actor, now: datetime) -> Application:
    """Take an application in and begin its way. Raises BadApplication, EntitledAlready, AppliedAlready."""
    with collect():
        row = applications.apply(intake=intake, actor=actor, now=now)
        begun = services.start(process=PROCESS, case=None, data=_data(row, now), actor=actor, now=now)
        Application.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def relatives(*, usernames: Iterable[str], family: Family) -> list[User]:
    """Who has no hand in a family's application (E19): colleagues named as relatives, and helpers with an account who
    belong to the household. Raises UnknownColleague."""
    named = list(User.objects.filter(username__in=set(usernames), is_active=True))
    if missing := set(usernames) - {user.username for user in named}:
        raise UnknownColleague([FieldProblem("/relatives", UnknownColleague.code, ", ".join(sorted(missing)))])
    papers = [person.certificate_index for person in family.persons.all() if person.certificate_index]
    own = User.objects.filter(helper__certificate_index__in=papers) if papers else User.objects.none()
    return list({user.pk: user for user in (*named, *own)}.values())


def object_to(
    *, application: Application, text: str, channel: str, objector: str, contact: str, actor: Actor, now: datetime
) -> Grievance:
    """Bring an objection to whoever is independent; this application alone waits for the answer (E13).

    Raises NotPublic. Who objected is known only where it is looked into.
    """
    applications.check_public(application)
    said = grievances.Intake(
        kind=Grievance.Kind.OBJECTION, target=Grievance.Target.DECISION, family=application.family, text=text,
        channel=channel, reply_by=Grievance.Reply.LETTER if objector else Grievance.Reply.NONE,
        complainant=objector, contact=contact,
    )  # fmt: skip
    with collect():
        row = grievances.create_grievance(intake=said, actor=actor, now=now)
        Application.objects.filter(pk=application.pk).update(grievance_id=row.pk)
        _send(application, "objection_raised", {}, actor, now)
        begin(grievance=row, actor=actor, now=now)
    return row


def withdraw(*, application: Application, reason: str, actor: Actor, now: datetime) -> None:
    """The family takes it back. Raises DecidedAlready."""
    if application.state in ("confirmed", "refused", "withdrawn"):
        raise applications.DecidedAlready
    _send(application, "application_withdrawn", {"reason": reason}, actor, now)


def programme_year(*, path: str, day: date) -> int:
    """The year that an application of this day is for: this one until the last day for applying, then the next."""
    return day.year if day <= _deadline("apply_by", day.year, path) else day.year + 1


def _data(row: Application, now: datetime) -> dict[str, Any]:
    town = row.unit.parent or row.unit
    return {
        "application": str(row.pk),
        "reference": row.number,
        "rule": rules.rule_of(row.kind),
        "place": str(row.unit_id),
        "office": str(town.pk),
        "county": str((_county(row.unit) or town).pk),
        "closed_to": str(row.recorded_by_id or ""),
        **{name: _by(name, row, now) for name in STAGES},
    }


def _by(stage: str, row: Application, now: datetime) -> str:
    """The end of the stage's day; one that is over already ends a fortnight from now, for somebody has to begin."""
    day = timezone.localdate(now)
    last = _deadline(stage, row.year, row.unit_path)
    return end_of_day(last if last > day else applications.fortnight(day, STAGES.index(stage))).isoformat()


def _deadline(stage: str, year: int, path: str) -> date:
    dates: dict[str, str] = rules.set_at("subsidy.calendar", path=path, day=date(year, 1, 1))
    month, day = dates[stage].split("-")
    return date(year, int(month), int(day))


def _county(unit: Unit) -> Unit | None:
    above: Unit | None = unit
    while above is not None and above.kind != Unit.Kind.COUNTY:
        above = above.parent
    return above


def _send(application: Application, name: str, data: dict[str, str], actor: Actor, now: datetime) -> None:
    if application.instance_id is not None:
        services.send_message(instance_id=application.instance_id, name=name, data=data, actor=actor, now=now)
