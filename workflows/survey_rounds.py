"""The yearly survey at its doors: rounds begun on their day, families asked one by one (P01, J21)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.cases import LIVE
from backend.cases.families import asked_too_soon
from backend.cases.models import Case, Family, Programme
from backend.census import contacts, rounds, targets
from backend.census.models import SurveyRound, SurveyTarget
from backend.census.rounds import RoundHeld
from backend.census.targets import AskedTooSoon
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit, User
from backend.org.working_days import end_of_day
from workflows import cases, services
from workflows.models import Instance
from workflows.steps.survey_round import tell_contact

PROCESS, INTAKE = "survey_round", "household_intake"
MORNING = time(8)


class ProgrammeMissing(Invalid):
    """A family without a case under way gets one, in a programme."""

    code = "programme_missing"
    message = _("Choose the programme in which this family's file is made.")


def start_round(*, unit: Unit, actor: Actor, now: datetime, closes_on: date | None = None) -> SurveyRound:
    """This year's round of a village, and the process that conducts it. Raises NotAVillage, TooLate, RoundHeld."""
    with collect():
        round = rounds.open_round(unit=unit, closes_on=closes_on, actor=actor, now=now)
        data = {
            "round": str(round.pk),
            "village": str(unit.pk),
            "office": str(unit.parent_id),
            "reference": str(round)[:40],
            "warn_at": timezone.make_aware(datetime.combine(round.warn_on, MORNING)).isoformat(),
            "close_at": end_of_day(round.closes_on).isoformat(),
        }
        services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
    return round


def start_due(now: datetime) -> int:
    """Begin the round of every village whose days have come; returns how many. Twice is harmless."""
    today = timezone.localdate(now)
    held = SurveyRound.objects.filter(unit=OuterRef("pk"), year=today.year)
    there = Family.objects.filter(unit=OuterRef("pk"), merged_into__isnull=True).exclude(status__in=rounds.GONE)
    villages = Unit.objects.filter(Exists(there), ~Exists(held), kind=Unit.Kind.VILLAGE).order_by("path")
    return sum(_started(village, now) for village in villages if _is_due(village, today))


def _is_due(village: Unit, today: date) -> bool:
    days = rounds.days_of(village.path, today)
    return days["opens"] <= today <= days["closes"]


def _started(village: Unit, now: datetime) -> bool:
    with suppress(RoundHeld), transaction.atomic():
        start_round(unit=village, actor=SYSTEM, now=now)
        return True
    return False


def ask_known(*, round_id: UUID, now: datetime) -> int:
    """Families of the round that only somebody known may ask come to that contact's inbox; returns how many. Who
    refused less than six months ago comes there on its own day (`ask_again`)."""
    return sum(_asked(target, now) for target in _by_contact().filter(round=round_id))


def ask_again(now: datetime) -> int:
    """Every morning: a family of an open round that had refused and may be asked again from today on comes to the inbox
    of the contact it knows, who is told; returns how many (E5, S34). Twice is harmless."""
    refused = _by_contact().filter(round__state=SurveyRound.State.OPEN, family__willingness=Family.Willingness.REFUSED)
    there = refused.exclude(family__status__in=rounds.GONE).select_related("family__unit")
    return sum(_told_and_asked(target, now) for target in there if _may_be_asked(target, timezone.localdate(now)))


def _may_be_asked(target: SurveyTarget, today: date) -> bool:
    """Its day has come, and its contact still works there."""
    contact = target.contact_id
    there = contact is not None and contacts.works_for(contact, target.unit_path, today)
    return there and not asked_too_soon(target.family, today)


def _told_and_asked(target: SurveyTarget, now: datetime) -> bool:
    with transaction.atomic():
        tell_contact(target, now)
        return _asked(target, now)


def _by_contact() -> QuerySet[SurveyTarget]:
    """Those whom their contact has not begun to ask."""
    known = SurveyTarget.objects.filter(by_contact=True, contact__isnull=False, instance_id=None)
    return known.filter(state=SurveyTarget.State.TODO).order_by("id")


def _asked(target: SurveyTarget, now: datetime) -> bool:
    with suppress(ProgrammeMissing, AskedTooSoon), transaction.atomic(), collect():
        begin_survey(target=target, programme=None, actor=SYSTEM, now=now)
        return True
    return False


def name_contact(*, target: SurveyTarget, contact: User, reason: str, actor: Actor, now: datetime) -> None:
    """Who is known to the family asks it from now on, and finds it in the inbox. Raises SettledAlready, NotAContact."""
    with collect():
        held = targets.name_contact(target=target, contact=contact, reason=reason, actor=actor, now=now)
        with suppress(ProgrammeMissing, AskedTooSoon), transaction.atomic():
            begin_survey(target=held, programme=None, actor=actor, now=now)


def begin_survey(*, target: SurveyTarget, programme: Programme | None, actor: Actor, now: datetime) -> Case:
    """Household intake for this family: the first, or its file looked through again. One under way goes on.

    `programme`: where a case has to be opened first. Raises SettledAlready, AskedTooSoon, NoContact,
    ProgrammeMissing, FamilyGone.
    """
    with collect():
        held = targets.check_askable(target, now)
        running = _intake_of(held.family)
        if running is not None and running.case is not None:
            begun: tuple[Case, UUID | None] = running.case, running.pk
        else:
            begun = _begin(held, programme, actor, now)
        case, instance_id = begun
        targets.begin(target=held, case=case, instance_id=instance_id, now=now)
    return case


def _intake_of(family: Family) -> Instance | None:
    running = Instance.objects.filter(case__family=family, process__key=INTAKE, state=Instance.State.RUNNING)
    return running.select_related("case").defer("data").order_by("-id").first()


def _begin(target: SurveyTarget, programme: Programme | None, actor: Actor, now: datetime) -> tuple[Case, UUID | None]:
    case = Case.objects.filter(family=target.family, state__in=LIVE).order_by("opened_at").first()
    if case is not None:
        data = {"target": str(target.pk)}
        return case, services.start(process=INTAKE, case=case, data=data, actor=actor, now=now).pk
    if programme is None:
        raise ProgrammeMissing([FieldProblem("/programme", ProgrammeMissing.code, ProgrammeMissing.message)])
    # Its process begins the intake by a job of its own, which no target can name yet.
    return cases.start_case(family=target.family, programme=programme, actor=actor, now=now), None
