"""Applications for a subsidy (P06, F10, F11): recorded, completed once, reviewed at three levels, made public, decided.

Every level is another person's (`hands`). What the tables advise is kept with its versions; a named officer of the
county decides, and a refusal is written, with its reason and how to appeal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Family, Person
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import User
from backend.org.working_days import end_of_day
from backend.payments.payables import ACCOUNT
from backend.subsidies.hands import hold
from backend.subsidies.models import Application, Entitlement, Hand, Stage
from backend.subsidies.rules import Children, same_person, set_at

State = Application.State
Power = Hand.Power


class BadApplication(Invalid):
    """Something of the application does not fit."""

    code = "bad_application"
    message = _("This does not fit an application for a subsidy.")


class AppliedAlready(Conflict):
    """One open application for one person and subsidy."""

    code = "applied_already"
    message = _("This person's application for this subsidy is under way already.")


class EntitledAlready(Conflict):
    """Whoever moved leaves at the origin first, and registers anew after that (E1, S30)."""

    code = "entitled_already"
    message = _(
        "This person gets this subsidy already, here or elsewhere. Whoever moved leaves at the old place first, and "
        "can then register here."
    )


class ListedAlready(Conflict):
    """What is missing is said once, all of it."""

    code = "listed_already"
    message = _("The family was told once already what is missing: it goes on with what there is.")


class NotPublic(Conflict):
    """Objections are raised while it is public."""

    code = "application_not_public"
    message = _("This application is not public now, or an objection is being looked into already.")


class DecidedAlready(Conflict):
    """Only what is not decided is withdrawn."""

    code = "application_decided"
    message = _("This application is decided already.")


class BadVotes(Invalid):
    """More votes than people."""

    code = "bad_votes"
    message = _("There are more votes than people who took part.")


@dataclass(frozen=True)
class Intake:
    """Who applies for what, for which programme year, and what is declared."""

    kind: str
    year: int
    family: Family
    person: Person
    children: Children
    channel: str
    declared_on: date
    spouse: Person | None = None
    assisted_by: str = ""
    account: str = ""
    papers: Sequence[str] = ()
    recused: Iterable[User] = field(default=())
    """Who works here or helps and is the applicant, or a relative (E19)."""


def apply(*, intake: Intake, actor: Actor, now: datetime) -> Application:
    """Keep an application as it was declared. Raises BadApplication, EntitledAlready, AppliedAlready."""
    day = timezone.localdate(now)
    _check(intake, day)
    _check_alone(intake.person, intake.kind)
    unit = intake.family.unit
    scope = f"FZ-{township_code(unit)}-{intake.year}"
    try:
        with transaction.atomic():
            row = Application.objects.create(
                number=f"{scope}-{next_number(scope):04d}", kind=intake.kind, year=intake.year, family=intake.family,
                person=intake.person, spouse=intake.spouse, unit=unit, unit_path=unit.path, channel=intake.channel,
                assisted_by=intake.assisted_by, facts=intake.children.as_text(), account=_digits(intake.account),
                account_tail=_digits(intake.account)[-4:], declared_on=intake.declared_on, papers=list(intake.papers),
                recorded_by_id=actor.user_id, recorded_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise AppliedAlready from error
    kin = list(intake.recused)
    row.recused.set(kin)
    if kin:
        Application.objects.filter(pk=row.pk).update(is_related=True)
        row.is_related = True
    hold(application=row, power=Power.RECORD, actor=actor, now=now)
    _tell(row, "application.recorded", actor, now, {"kind": row.kind, "channel": row.channel})
    return row


def _check(intake: Intake, day: date) -> None:
    wrong = {
        "kind": intake.kind not in codes.choices("subsidy_kind", day=day),
        "person": intake.person.family_id != intake.family.pk or intake.person.died_on is not None,
        "spouse": intake.spouse is not None
        and (intake.spouse.family_id != intake.family.pk or intake.spouse.pk == intake.person.pk),
        "account": bool(intake.account) and ACCOUNT.fullmatch(_digits(intake.account)) is None,
        "declared_on": intake.declared_on > day,
        "papers": not set(intake.papers) <= codes.choices("subsidy_paper", day=day).keys(),
        "children": intake.children.living > intake.children.ever,
        "year": not day.year - 1 <= intake.year <= day.year + 1,
    }
    found = [name for name, is_wrong in wrong.items() if is_wrong]
    if found:
        message = BadApplication.message
        raise BadApplication([FieldProblem(f"/{name}", BadApplication.code, message) for name in found])


def may_register_anew(person: Person, kind: str) -> bool:
    """Whether an application may be taken in: whoever moved leaves at the origin first (E1, S30).

    An entitlement whose last day is set is left; what is given once can be given again for another reason. Who moved
    has another file at the destination: it is the same person by the certificate.
    """
    going_on = Entitlement.objects.going_on().filter(kind=kind)
    return not going_on.filter(same_person(person)).exists()


def _check_alone(person: Person, kind: str) -> None:
    """Raises EntitledAlready, AppliedAlready: wherever it is."""
    if not may_register_anew(person, kind):
        raise EntitledAlready
    if Application.objects.open().filter(same_person(person), kind=kind).exists():
        raise AppliedAlready


def _digits(account: str) -> str:
    return account.replace(" ", "")


# --- the one correction list ------------------------------------------------------------------------------------------


def check_papers(*, application: Application, missing: Sequence[str], actor: Actor, now: datetime) -> None:
    """All that is missing, said once. Raises ListedAlready."""
    if missing and application.missing:
        raise ListedAlready
    application.missing = list(missing)
    application.state = State.CORRECTING if missing else State.VILLAGE
    _move(application, "application.papers_checked", actor, now, {"missing": list(missing)})


def ask_correction(*, application: Application, actor: Actor, now: datetime) -> tuple[datetime, datetime]:
    """When the family is reminded, and from when on nothing handed in counts as a withdrawal."""
    day = timezone.localdate(now)
    days: Mapping[str, int] = set_at("subsidy.correction", path=application.unit_path, day=day)
    last = day + timedelta(days=days["withdraw_after"])
    application.corrected_by = last
    _move(application, "application.papers_asked", actor, now, {"until": last.isoformat()})
    return end_of_day(day + timedelta(days=days["remind_after"])), end_of_day(last)


def hand_in(*, application: Application, papers: Sequence[str], actor: Actor, now: datetime) -> None:
    """Papers that came; it goes on, also when one is still missing."""
    application.papers = list(dict.fromkeys([*application.papers, *papers]))
    application.state = State.VILLAGE
    _move(application, "application.papers_handed_in", actor, now, {"papers": list(papers)})


def withdraw(*, application: Application, reason: str, actor: Actor, now: datetime) -> None:
    """Taken back by the family, or counted as that after a written notice. Raises DecidedAlready."""
    if application.state in (State.CONFIRMED, State.REFUSED, State.WITHDRAWN):
        raise DecidedAlready
    application.state, application.reason = State.WITHDRAWN, reason
    application.decided_on, application.decided_label = timezone.localdate(now), actor.label
    _move(application, "application.withdrawn", actor, now)


# --- reviews and publicity --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """What one level found."""

    level: Stage.Level
    agrees: bool
    opinion: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """participants, recused, votes_for, votes_against: of the village."""
    home_checked_on: date | None = None


def review(*, application: Application, finding: Finding, actor: Actor, now: datetime) -> Stage:
    """Keep what a level found. Raises OnePower, Recused, BadVotes."""
    _check_votes(finding)
    hold(application=application, power=Power(finding.level.value), actor=actor, now=now)
    assert actor.user_id is not None
    stage = Stage.objects.create(
        application=application, level=finding.level, reviewer_id=actor.user_id, reviewer_label=actor.label,
        reviewed_on=timezone.localdate(now), agrees=finding.agrees, opinion=finding.opinion,
        home_checked_on=finding.home_checked_on, created_at=now, **finding.counts,
    )  # fmt: skip
    after = {Stage.Level.VILLAGE: State.TOWNSHIP, Stage.Level.TOWNSHIP: State.COUNTY}
    application.state, application.stage = after.get(finding.level, State.COUNTY), finding.level
    _move(application, "application.reviewed", actor, now, {"level": finding.level.value, "agrees": finding.agrees})
    return stage


def _check_votes(finding: Finding) -> None:
    counts = finding.counts
    if counts and counts["votes_for"] + counts["votes_against"] > counts["participants"]:
        raise BadVotes([FieldProblem("/votes_for", BadVotes.code, BadVotes.message)])


def publicity_until(application: Application, *, day: date) -> date:
    """The last day on which this level's list is public."""
    days: Mapping[str, int] = set_at("subsidy.publicity_days", path=application.unit_path, day=day)
    return day + timedelta(days=days[application.stage])


def publish(
    *, application: Application, until: date, notice_id: UUID | None, digest: str, actor: Actor, now: datetime
) -> None:
    """The level's list is public until a day; its digest proves what it said."""
    day = timezone.localdate(now)
    Stage.objects.filter(application=application, level=application.stage).update(
        public_from=day, public_until=until, notice_id=notice_id, notice_digest=digest
    )
    application.state = State.PUBLISHED
    _move(application, "application.published", actor, now, {"level": application.stage, "digest": digest})


def close_publicity(*, application: Application, no_objection: bool, actor: Actor, now: datetime) -> None:
    """Not public any more: its days are over, or an objection holds."""
    Stage.objects.filter(application=application, level=application.stage).update(no_objection=no_objection)
    after = {"village": State.TOWNSHIP, "township": State.COUNTY, "county": State.COUNTY}
    application.state = after[application.stage]
    _move(application, "application.taken_down", actor, now, {"level": application.stage})


def check_public(application: Application) -> None:
    """Raises NotPublic unless an objection can be raised now."""
    if application.state != State.PUBLISHED:
        raise NotPublic


def hold_for(*, application: Application, actor: Actor, now: datetime) -> None:
    """An objection is looked into: nothing goes on. Who objected stands in the grievance, never here (E13)."""
    application.state = State.HELD
    _move(application, "application.held", actor, now)


def release(*, application: Application, upheld: bool, actor: Actor, now: datetime) -> None:
    """The objection is answered; the application is public again, or goes to whoever decides."""
    application.state, application.grievance_id = State.PUBLISHED, None
    _move(application, "application.released", actor, now, {"upheld": upheld})


def tell_settled(*, objection: UUID, upheld: bool, actor: Actor) -> None:
    """The application that an objection holds hears that it is answered, by a job: no two instances are locked."""
    held = Application.objects.filter(grievance_id=objection, instance_id__isnull=False).first()
    if held is None:
        return
    enqueue(
        "processes.message",
        lock=f"instance:{held.instance_id}",
        instance_id=str(held.instance_id),
        name="objection_settled",
        data={"objection": "upheld" if upheld else "not_upheld"},
        actor=actor.as_json(),
    )


# --- advice -----------------------------------------------------------------------------------------------------------


def note_advice(*, application: Application, advice: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """What the tables advise, with versions and rules: before whoever decides, and encrypted for good."""
    application.advice = json.dumps(advice)
    application.verdict = str(advice["verdict"])
    application.verdict_reason = str(advice["verdict_reason"])
    application.category = str(advice.get("category") or "")
    application.true_on = date.fromisoformat(advice["true_on"]) if advice.get("true_on") else None
    _move(application, "application.advised", actor, now, {"versions": advice.get("versions", {})})


def advice_of(application: Application) -> dict[str, Any]:
    """The advice again; empty before there is any."""
    found: dict[str, Any] = json.loads(application.advice) if application.advice else {}
    return found


def tell(*, application: Application, told_on: date, way: str, actor: Actor, now: datetime) -> None:
    """The family was told, on a day and in a way."""
    application.told_on = told_on
    _move(application, "application.told", actor, now, {"way": way})


def note(*, application: Application, action: str, actor: Actor, now: datetime, **data: Any) -> None:
    """History tells something that changes nothing: somebody was reminded, or is late."""
    _tell(application, action, actor, now, data)


def _move(
    application: Application, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    application.version += 1
    application.save()
    _tell(application, action, actor, now, data)


def _tell(
    application: Application, action: str, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> None:
    record(action=action, object=application, actor=actor, now=now, data=data)


def fortnight(day: date, stage: int) -> date:
    """The day by which a stage is due that comes after the calendar's own day: a fortnight for each stage."""
    return day + timedelta(days=14 * (stage + 1))
