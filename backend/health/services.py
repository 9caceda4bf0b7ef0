"""A health service from the question to its end: history tells its number, never whose it is, which, or how it ended.

Every verb writes one event about the number. Who declines, at any time, is forgotten: name, kind, consent and all that
was answered go; what stays is that a number was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Person
from backend.core.drawn_numbers import draw
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.health import counts
from backend.health.models import HealthConsent, HealthService, HealthSupply
from backend.health.notices import VERSION
from backend.health.rules import rules
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import end_of_day
from backend.reminders import outbox

Kind, Outcome = HealthService.Kind, HealthService.Outcome
AT_HOSPITAL = frozenset({Kind.PRE_CONCEPTION, Kind.INFERTILITY, Kind.WOMENS_CHECK, Kind.HOSPITAL_VISIT})
"""Services for which a hospital is asked for a time."""
NEEDED = {"hospital": AT_HOSPITAL}
"""What has to be agreed to for which services, beside `keep`."""


class ConsentMissing(Invalid):
    """Something has to be agreed to without which the service cannot be had."""

    code = "consent_missing"
    message = _("Without this the service cannot be had: then the person declines, which needs no reason.")


class WrongDay(Invalid):
    """A day in the past or future that has to lie on the other side of today, or after the voucher's end."""

    code = "wrong_day"
    message = _("This day does not fit.")


class OverrideReasonMissing(Invalid):
    """The decision differs from what the table advises, without a reason."""

    code = "override_reason_missing"
    message = _("This differs from the advice: please say why.")


class Unfitting(Invalid):
    """What was entered does not belong to this service, or is missing."""

    code = "unfitting"
    message = _("This is needed here.")


class AlreadyForgotten(Conflict):
    """Nothing is kept any more that could be given up."""

    code = "already_forgotten"
    message = _("Nothing of this is kept any more.")


@dataclass(frozen=True)
class Asked:
    """What somebody asks for, and says about it (D18)."""

    person: Person
    kind: str
    residence_months: int = 0
    planning: bool = False
    had_before: bool = False
    hospital: Unit | None = None
    company: bool = False


def ask(*, asked: Asked, actor: Actor, now: datetime) -> HealthService:
    """Keep what was asked for. Nothing happens before the person has agreed."""
    service = HealthService.objects.create(
        number=draw("JK", HealthService.objects.all()), kind=asked.kind, person=asked.person,
        place=asked.person.family.unit, hospital=asked.hospital, residence_months=asked.residence_months,
        planning=asked.planning, had_before=asked.had_before, company=asked.company, created_at=now,
    )  # fmt: skip
    _tell("health_service.asked", service, actor, now)
    return service


def agree(*, service: HealthService, answers: Mapping[str, Any], actor: Actor, now: datetime) -> HealthConsent:
    """What the person agreed to, after the notice that is in force. Raises ConsentMissing, WrongDay."""
    items: Sequence[str] = answers["items"]
    wanted = {"keep", *(item for item, kinds in NEEDED.items() if service.kind in kinds)}
    if service.company:
        wanted.add("company")
    if not wanted <= set(items):
        raise ConsentMissing([FieldProblem("/items", ConsentMissing.code, ConsentMissing.message)])
    given_on = date.fromisoformat(str(answers["given_on"]))
    if given_on > timezone.localdate(now):
        raise WrongDay([FieldProblem("/given_on", WrongDay.code, WrongDay.message)])
    consent = HealthConsent.objects.create(
        service=service, notice_version=VERSION, items=sorted(items), given_by=answers["given_by"], given_on=given_on,
        proof=answers["proof"], created_at=now,
    )  # fmt: skip
    _tell("health_service.agreed", service, actor, now)
    return consent


def decide(
    *, service: HealthService, granted: bool, advised: Mapping[str, Any], override: str, actor: Actor, now: datetime
) -> None:
    """A person signs whether it fits. Raises OverrideReasonMissing when that is not what the table advises."""
    if granted != (advised["advice"] == "eligible") and not override:
        raise OverrideReasonMissing(
            [FieldProblem("/override_reason", OverrideReasonMissing.code, OverrideReasonMissing.message)]
        )
    service.decided_label, service.override_reason = actor.label, override
    if not granted:
        service.outcome, service.closed_at = Outcome.NOT_ELIGIBLE, now
    _move("health_service.decided", service, actor, now)


def issue(*, service: HealthService, voucher: str, green: int, actor: Actor, now: datetime) -> None:
    """Draw up the voucher; it is good for so many days as the office's rules say (180: about half a year)."""
    days = rules(service.unit_path, timezone.localdate(now))["voucher_days"]
    service.voucher, service.green = voucher, green
    service.expires_at = end_of_day(timezone.localdate(now) + timedelta(days=days))
    _move("health_service.voucher_issued", service, actor, now)


def appoint(*, service: HealthService, moment: datetime, actor: Actor, now: datetime) -> datetime:
    """The hospital's time; returns by when it reports back. Raises WrongDay: in the past, or past the voucher's end."""
    if moment <= now or (service.expires_at is not None and moment > service.expires_at):
        raise WrongDay([FieldProblem("/appointment_at", WrongDay.code, WrongDay.message)])
    service.appointment_at = moment
    _move("health_service.appointed", service, actor, now)
    day = timezone.localdate(moment)
    return end_of_day(day + timedelta(days=rules(service.unit_path, day)["report_days"]))


def accompany(*, service: HealthService, by: str, actor: Actor, now: datetime) -> None:
    """Who keeps company."""
    service.company_by = by
    _move("health_service.company_arranged", service, actor, now)


def attend(*, service: HealthService, answers: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Whether the person came, has the result, and needs follow-up: three times yes or no. Coming once counts once.
    Raises WrongDay before the appointment."""
    if answers["attended"] and service.appointment_at is not None and service.appointment_at > now:
        raise WrongDay([FieldProblem("/attended", WrongDay.code, WrongDay.message)])
    if answers["attended"] and not service.attended:
        counts.count_use(service=service, office=_town(service.place), now=now)
    service.attended = bool(answers["attended"])
    service.returned = bool(answers.get("returned", False))
    service.follow_up = bool(answers.get("follow_up", False))
    _move("health_service.reported", service, actor, now)


def counsel(*, service: HealthService, answer: str, actor: Actor, now: datetime) -> None:
    """Counselling was had, or not wanted."""
    service.counselling = answer
    _move("health_service.counselled", service, actor, now)


def review(*, service: HealthService, discount: bool, actor: Actor, now: datetime) -> None:
    """How far a plan in several steps has come; how it turned out is nobody's business."""
    service.discount = discount
    _move("health_service.reviewed", service, actor, now)


def next_review(service: HealthService, now: datetime) -> datetime:
    """When a plan is looked at again."""
    today = timezone.localdate(now)
    return now + timedelta(days=rules(service.unit_path, today)["review_days"])


def hand_out(*, service: HealthService, bottles: int, actor: Actor, now: datetime) -> bool:
    """Bottles were handed out; whether more is to come (so many months as the rules say)."""
    today = timezone.localdate(now)
    HealthSupply.objects.create(service=service, bottles=bottles, handed_out_on=today, created_at=now)
    if not service.handed_out:
        counts.count_use(service=service, office=_town(service.place), now=now)
    service.handed_out += 1
    _move("health_service.handed_out", service, actor, now)
    return service.handed_out < rules(service.unit_path, today)["supply_months"]


def next_supply(service: HealthService, now: datetime) -> datetime:
    """When something is handed out again."""
    return now + timedelta(days=rules(service.unit_path, timezone.localdate(now))["supply_days"])


def enter(*, service: HealthService, answers: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """The number of a file, or a contract's team and days. Raises Unfitting, WrongDay."""
    is_file = service.kind == Kind.CHILD_FILE
    needed = ("link",) if is_file else ("doctor", "contract_from", "contract_to")
    missing = [name for name in needed if not answers.get(name)]
    if missing:
        raise Unfitting([FieldProblem(f"/{name}", Unfitting.code, Unfitting.message) for name in missing])
    if is_file:
        service.link = str(answers["link"])
    else:
        service.doctor = str(answers["doctor"])
        service.contract_from = date.fromisoformat(str(answers["contract_from"]))
        service.contract_to = date.fromisoformat(str(answers["contract_to"]))
        if service.contract_to <= service.contract_from:
            raise WrongDay([FieldProblem("/contract_to", WrongDay.code, WrongDay.message)])
    _move("health_service.entered", service, actor, now)


def expire(*, service: HealthService, actor: Actor, now: datetime) -> None:
    """The voucher has run out unused."""
    service.outcome, service.closed_at = Outcome.EXPIRED, now
    _move("health_service.closed", service, actor, now)


def close(*, service: HealthService, actor: Actor, now: datetime) -> str:
    """Nothing is left to do; returns how it ended."""
    if service.kind in {Kind.CHILD_FILE, Kind.DOCTOR_CONTRACT}:
        service.outcome = Outcome.REGISTERED
    elif service.kind in {Kind.FOLIC_ACID, Kind.INFERTILITY}:
        service.outcome = Outcome.TREATED
    else:
        service.outcome = Outcome.ATTENDED
    service.closed_at = now
    _move("health_service.closed", service, actor, now)
    return service.outcome


def forget(*, service: HealthService, actor: Actor, now: datetime) -> None:
    """The person does not want it, or not any more: no reason, no name, no kind, and counted nowhere.

    Nor does a reminder go on saying whose it was (PIPL art. 47).
    """
    outbox.forget(service, now=now)
    HealthConsent.objects.filter(service=service).delete()
    HealthSupply.objects.filter(service=service).delete()
    kept = {field.attname for field in HealthService._meta.concrete_fields if field.name in _KEPT}
    for field in HealthService._meta.concrete_fields:
        if field.attname not in kept:
            setattr(service, field.attname, None if field.null else field.get_default())
    service.outcome, service.closed_at = Outcome.DECLINED, now
    _move("health_service.forgotten", service, actor, now)


_KEPT = {"id", "number", "place", "instance_id", "created_at", "version"}
"""What stays of a service that somebody declined."""


def tell_read(*, rows: Sequence[HealthService], actor: Actor, path: str, now: datetime) -> None:
    """Somebody looked at one person's health services: history tells the numbers, not whose they are."""
    numbers = ", ".join(row.number for row in rows)
    record(action="health_file.read", actor=actor, now=now, unit_path=path, label=numbers, data={"rows": len(rows)})


def of_person(person_id: UUID) -> list[HealthService]:
    """A person's services, the newest first."""
    rows = HealthService.objects.filter(person=person_id).select_related("place", "hospital", "person")
    return list(rows.order_by("-created_at", "-id"))


def _town(place: Unit) -> Unit:
    """The township above a village."""
    unit: Unit | None = place
    while unit is not None and unit.kind != Unit.Kind.TOWN:
        unit = unit.parent
    return unit or place


def _move(action: str, service: HealthService, actor: Actor, now: datetime) -> None:
    service.version += 1
    service.save()
    _tell(action, service, actor, now)


def _tell(action: str, service: HealthService, actor: Actor, now: datetime) -> None:
    """Nothing beside the number: neither whose it is nor which service."""
    record(action=action, object=service, actor=actor, now=now)
