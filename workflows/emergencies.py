"""Reporting an emergency: the row, and the process that brings it to whoever is on duty; once, however often sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.cases import LIVE
from backend.cases.models import Case, Family
from backend.core.drawn_numbers import draw
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.emergencies import incidents, public
from backend.emergencies.incidents import CHILD_ALONE, IncidentClosed, Report, of_child_alone
from backend.emergencies.models import Incident, finder_key
from backend.emergencies.suspects import helper_of
from backend.org import codes
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit
from workflows import services

PROCESS = "emergency_response"


class ReportTaken(Conflict):
    """The id of this report was used for another one."""

    code = "report_taken"
    message = _("This report's id belongs to another report.")


class UnknownCode(Invalid):
    """A code that is not on its list."""

    code = "unknown_code"
    message = _("Choose an entry of the list.")


def report_emergency(*, report: Report, now: datetime) -> Incident:
    """Keep what was told and bring it to whoever is on duty, at once.

    The same id, or the same visit, once more by the same finder: the emergency there is. Raises ReportTaken, NoSuspect,
    UnknownCode, NotAhead.
    """
    known = _known(report)
    if known is not None:
        return known
    _check(report, now)
    with collect():
        row = incidents.create_incident(report=_completed(report, now), now=now)
        begin(incident=row, now=now)
    row.refresh_from_db()
    return row


def report_publicly(
    *, id: UUID, place: Unit, kind: str, where: str, what: str, callback: str, found_at: datetime, now: datetime
) -> Incident:
    """What somebody without an account tells (E8): unverified, and before whoever is on duty at once.

    Nothing else is known, so that the person is taken to be alone. The same id is the same report. Raises ReportTaken,
    UnknownCode, NotAhead, TooManyReports.
    """
    known = Incident.objects.filter(pk=id).first()
    if known is not None:
        if not known.unverified:
            raise ReportTaken
        return known
    public.check_number(place, now)
    told = Report(
        id=id, kind=kind, place=place, where=where, what=what, found_at=found_at, channel=public.CHANNEL, alone=True,
        fire_gas=kind == public.FIRE, unverified=True, callback=callback,
        public_receipt=draw("BJ", Incident.objects.all(), "public_receipt"),
    )  # fmt: skip
    return report_emergency(report=told, now=now)


def begin(*, incident: Incident, now: datetime) -> None:
    """Start the process of an emergency that has none yet; the finder stands nowhere in it, so nobody is its actor."""
    if incident.instance_id is not None:
        return
    data = {"emergency": str(incident.pk), "reference": incident.number}
    instance = services.start(process=PROCESS, case=None, data=data, actor=SYSTEM, now=now)
    Incident.objects.filter(pk=incident.pk).update(instance_id=instance.pk)


def add_call(*, incident: Incident, party: str, at: datetime, receipt: str, now: datetime) -> None:
    """Somebody was called. The report that the law demands, made by the finder: nobody has to make it any more."""
    if not codes.knows("emergency_call", party):
        raise UnknownCode([FieldProblem("/party", UnknownCode.code, UnknownCode.message)])
    if incidents.note_call(incident=incident, party=party, at=at, receipt=receipt, now=now):
        _send(incident, "finder_reported")


def call_off(*, incident: Incident, reason: str, actor: Actor, now: datetime) -> None:
    """It was none after all. Raises LookFirst, IncidentClosed."""
    if incident.closed_at is not None:
        raise IncidentClosed
    incidents.note_false_alarm(incident=incident, reason=reason)
    _send(incident, "called_off", actor)


def _send(incident: Incident, name: str, actor: Actor = SYSTEM) -> None:
    enqueue(
        "processes.message",
        lock=f"instance:{incident.instance_id}",
        instance_id=str(incident.instance_id),
        name=name,
        data={},
        actor=actor.as_json(),
    )


def _known(report: Report) -> Incident | None:
    row = Incident.objects.filter(pk=report.id).first()
    if row is None:
        return Incident.objects.filter(visit=report.visit).first() if report.visit else None
    own = finder_key(report.found_by) if report.found_by else None
    if (bytes(row.finder_key) if row.finder_key else None) != own:
        raise ReportTaken
    return row


def _check(report: Report, now: datetime) -> None:
    day = timezone.localdate(now)
    lists = {"kind": "emergency_kind", "channel": "emergency_channel"}
    wrong = [name for name, kind in lists.items() if getattr(report, name) not in codes.choices(kind, day=day)]
    if set(report.situations) - set(codes.choices("report_situation", day=day)):
        wrong.append("situations")
    if wrong:
        raise UnknownCode([FieldProblem(f"/{name}", UnknownCode.code, UnknownCode.message) for name in wrong])


def _completed(report: Report, now: datetime) -> Report:
    """With what its kind says, and the case and the helper that were meant without being named. Raises NoSuspect."""
    told = of_child_alone(report) if report.kind == CHILD_ALONE else report
    if told.family is None:
        return told
    return _placed(told, told.family, now)


def _placed(report: Report, family: Family, now: datetime) -> Report:
    whole = replace(report, place=family.unit, case=report.case or _case_of(family))
    if whole.suspect == Incident.Suspect.HELPER and whole.suspect_helper is None:
        whole = replace(whole, suspect_helper=helper_of(family, timezone.localdate(now)))
    return whole


def _case_of(family: Family) -> Case | None:
    return Case.objects.filter(family=family, state__in=LIVE).order_by("-opened_at", "-pk").first()
