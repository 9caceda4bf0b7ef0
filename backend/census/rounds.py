"""Rounds of surveys: opened for a village and a year, its families listed, counted, looked at, closed (P01, J21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.families import asked_too_soon
from backend.cases.models import Family
from backend.census import contacts
from backend.census.models import LATE, SETTLED, SurveyRound, SurveyTarget
from backend.core import prepared
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.helpers.models import Pairing
from backend.org import parameters
from backend.org.access import SYSTEM, Actor
from backend.org.models import Unit

DAYS: Mapping[str, str] = {"opens": "03-01", "warns": "04-10", "closes": "04-15"}
"""J21, where the parameter `survey_round.days` is not set."""
THRESHOLD = 95
"""Percent; P01, where the parameter `survey_round.threshold` is not set."""
LONGEST = timedelta(days=183)
GONE = (Family.Status.MOVED, Family.Status.CLOSED)


class RoundHeld(Conflict):
    """The village has its round of this year."""

    code = "survey_round_held"
    message = _("This village has its survey of this year already.")


class NotAVillage(Invalid):
    """Surveys are made village by village."""

    code = "not_a_village"
    message = _("This has to be a village.")


class TooLate(Invalid):
    """The last day lies behind, or too far ahead."""

    code = "survey_round_over"
    message = _("The days of this year's survey are over: choose a last day within half a year.")


class Unsettled(Conflict):
    """Families without a result."""

    code = "targets_open"
    message = _("%(number)s families have no result yet.")


@dataclass(frozen=True)
class Progress:
    """How far a round has come: `done` of `listed` families have a result."""

    listed: int
    done: int

    @property
    def percent(self) -> int:
        """Rounded down: only all of them are a hundred."""
        return self.done * 100 // self.listed if self.listed else 100

    def is_behind(self, threshold: int) -> bool:
        """Fewer than so many percent; exactly so many are enough."""
        return self.done * 100 < threshold * self.listed


def days_of(path: str, today: date) -> Mapping[str, date]:
    """This year's days of the place: opens, warns, closes."""
    said = parameters.value("survey_round.days", path=path, day=today, default=DAYS)
    return {name: date.fromisoformat(f"{today.year}-{said[name]}") for name in DAYS}


def open_round(*, unit: Unit, actor: Actor, now: datetime, closes_on: date | None = None) -> SurveyRound:
    """This year's round of a village, until the year's day or a day of one's own; progress is looked at as many days
    before as usual. Raises NotAVillage, TooLate, RoundHeld."""
    if unit.kind != Unit.Kind.VILLAGE:
        raise NotAVillage([FieldProblem("/unit", NotAVillage.code, NotAVillage.message)])
    today = timezone.localdate(now)
    days = days_of(unit.path, today)
    last = closes_on or days["closes"]
    if not today <= last <= today + LONGEST:
        raise TooLate([FieldProblem("/closes_on", TooLate.code, TooLate.message)])
    held = SurveyRound(
        unit=unit,
        year=today.year,
        opens_on=today,
        warn_on=last - (days["closes"] - days["warns"]),
        closes_on=last,
        threshold=int(parameters.value("survey_round.threshold", path=unit.path, day=today, default=THRESHOLD)),
        opened_label=actor.label,
        created_at=now,
    )
    try:
        with transaction.atomic():
            held.save(force_insert=True)
    except IntegrityError as error:
        raise RoundHeld from error
    data = {"year": held.year, "closes_on": held.closes_on.isoformat()}
    _tell("survey_round.opened", held, actor, now, data)
    return held


def list_families(*, round: SurveyRound, now: datetime) -> int:
    """Every family of the village that is there and may be asked before the round closes; how many. Whoever refused is
    asked again after six months, not sooner (E5; `targets.check_askable` holds the day); who moved or died is not
    looked for. So many statements, whatever the size, families with a refusal apart."""
    families = list(askable(round, timezone.localdate(now)))
    known = contacts.of_families([family for family in families if family.is_special], timezone.localdate(now))
    rows = [_target(round, family, known.get(family.pk), now) for family in families]
    SurveyTarget.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def askable(round: SurveyRound, today: date) -> list[Family]:
    """The families of the village that are to be surveyed."""
    there = Family.objects.filter(unit=round.unit, merged_into__isnull=True).exclude(status__in=GONE)
    rows = there.select_related("unit").defer("emergency_phone", "notes").order_by("number")
    return [family for family in rows if not asked_too_soon(family, round.closes_on)]


def _target(round: SurveyRound, family: Family, contact: Any, now: datetime) -> SurveyTarget:
    return SurveyTarget(
        round=round,
        family=family,
        unit_path=family.unit.path,
        first=family.status == Family.Status.DRAFT,
        by_contact=family.is_special,
        contact_id=contact,
        created_at=now,
    )


def progress_of(round: SurveyRound) -> Progress:
    """Families with a result among those listed; who died or was merged meanwhile is none of them."""
    counted = count(round)
    listed = sum(counted.values()) - counted[SurveyTarget.State.LEFT_OUT]
    return Progress(listed, sum(counted[state] for state in SETTLED))


def count(round: SurveyRound) -> Counter[str]:
    """Families by state."""
    return Counter(round.targets.values_list("state", flat=True))


def leave_out_gone(*, round: SurveyRound, now: datetime) -> None:
    """Who moved meanwhile, or refused and may not be asked again in this round (E5), has that as the result; who died
    or went into another household is left out."""
    waiting = round.targets.filter(state__in=LATE)
    told = {"settled_at": now, "settled_label": SYSTEM.label}
    waiting.filter(family__status=Family.Status.MOVED).update(state=SurveyTarget.State.MOVED, **told)
    refused = waiting.filter(pk__in=_refused_for_long(round))
    refused.update(state=SurveyTarget.State.REFUSED, reason="", note="", **told)
    closed = Q(family__status=Family.Status.CLOSED) | Q(family__merged_into__isnull=False)
    waiting.filter(closed).update(state=SurveyTarget.State.LEFT_OUT, **told)


def _refused_for_long(round: SurveyRound) -> list[UUID]:
    """Targets whose family may be asked again only after the round has closed."""
    rows = round.targets.filter(state__in=LATE, family__willingness=Family.Willingness.REFUSED)
    rows = rows.exclude(Q(family__status__in=GONE) | Q(family__merged_into__isnull=False))
    waiting = rows.select_related("family__unit").defer("family__emergency_phone", "family__notes")
    return [row.pk for row in waiting if asked_too_soon(row.family, round.closes_on)]


def note_measure(*, round: SurveyRound, measure: str, note: str, actor: Actor, now: datetime) -> None:
    """What the supervisor ordered for a village that is behind."""
    held = _locked(round)
    held.measure = measure
    _save(held, "measure")
    done = progress_of(held)
    data = {"survey_measure": measure, "families": done.listed, "done": done.done}
    _tell("survey_round.looked_at", held, actor, now, data, reason=note)


def close_round(*, round: SurveyRound, actor: Actor, now: datetime) -> SurveyRound:
    """The figures are what they are now. Raises Unsettled while a family has neither a result nor a reason."""
    held = _locked(round)
    if held.state == SurveyRound.State.CLOSED:
        return held
    leave_out_gone(round=held, now=now)
    counted = count(held)
    if left := counted[SurveyTarget.State.TODO]:
        raise Unsettled(params={"number": left})
    today = timezone.localdate(now)
    held.state, held.closed_at, held.closed_label = SurveyRound.State.CLOSED, now, actor.label
    held.figures = {"states": dict(counted), "reselect": held.targets.filter(to_reselect(today)).count()}
    _save(held, "state", "closed_at", "closed_label", "figures")
    done = progress_of(held)
    data = {"families": done.listed, "done": done.done, "missed": counted[SurveyTarget.State.NOT_REACHED]}
    _tell("survey_round.closed", held, actor, now, data)
    return held


def to_reselect(day: date) -> Q:
    """The condition on targets: the survey found that nobody comes any more, though the file has a helper (J21), so
    somebody else is looked for. Statutory contacts are named by their post and not chosen."""
    helped = Pairing.objects.on(day).filter(kind__statutory=False)
    return Q(survey__helper_reality__in=("interrupted", "never")) & Q(family__in=helped.values("family"))


def _locked(round: SurveyRound) -> SurveyRound:
    return prepared.found(SurveyRound, round.pk, follow=("unit",), lock=True)


def _save(round: SurveyRound, *fields: str) -> None:
    round.version += 1
    round.save(update_fields=[*fields, "version"])


def _tell(
    action: str, round: SurveyRound, actor: Actor, now: datetime, data: Mapping[str, Any], *, reason: str = ""
) -> None:
    record(action=action, object=round, label=str(round), actor=actor, now=now, data=data, reason=reason)
