"""Who soon reaches an age that a subsidy asks for: in many places one applies in the year before (P06)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from backend.cases.models import SPECIAL, SPECIAL_CHILD_STATES, Family, Person, PersonQuerySet
from backend.reminders.models import Reminder
from backend.reminders.outbox import intend_all, reminder_for, role_at
from backend.subsidies.rules import WOMAN, governing_birth, set_at, turns

TOLD = "subsidy.age_near"
MARGIN = timedelta(days=62)
"""A lunar birth date of a roster lies up to two months before the identity card's."""


@dataclass(frozen=True)
class Near:
    """Somebody who soon reaches the age of a subsidy."""

    person: Person
    kind: str
    on: date


def near(*, day: date, until: date) -> Iterator[Near]:
    """Women of special families who come of age for special support, country people for reward support, who neither
    have it nor have applied. A place that asks for another age than the country is looked at within the country's."""
    for kind, rows in (("special_support", _special()), ("reward_support", _rural())):
        done = Q(entitlements__kind=kind) | Q(applications__kind=kind)
        years = {_years(kind, path="", sex=sex, day=day) for sex in ("1", WOMAN)}
        first, last = _born(day, max(years)) - MARGIN, _born(until, min(years)) + MARGIN
        fitting = rows.filter(died_on__isnull=True, birth_date__range=(first, last)).exclude(done)
        for person in fitting.select_related("family__unit").order_by("pk").iterator():
            born = governing_birth(person)
            if born is None:
                continue
            reached = turns(born, _years(kind, path=person.family.unit.path, sex=person.sex, day=day))
            if day < reached <= until:
                yield Near(person, kind, reached)


def tell_villages(*, now: datetime) -> int:
    """Ask the villages to tell the families, once for each person and subsidy; returns how many are near."""
    day = timezone.localdate(now)
    told = [_reminder(each, now) for each in near(day=day, until=_ahead(day))]
    intend_all(told)
    return len(told)


def _ahead(day: date) -> date:
    months = int(set_at("subsidy.age_notice", path="", day=day))
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, min(day.day, 28))


def _years(kind: str, *, path: str, sex: str, day: date) -> int:
    rules = set_at("subsidy.eligibility", path=path, day=day)
    if kind == "special_support":
        return int(rules["special_age"])
    return int(rules["reward_age_women" if sex == WOMAN else "reward_age_men"])


def _born(day: date, years: int) -> date:
    return turns(day, -years)


def _reminder(each: Near, now: datetime) -> Reminder:
    family = each.person.family
    return reminder_for(
        role_at("village", family.unit), kind=TOLD, key=f"{TOLD}:{each.kind}:{each.person.pk}", created_at=now,
        family_id=family.pk, unit_path=family.unit.path, label=family.number, label_en=family.number,
        page=f"/families/{family.pk}/",
    )  # fmt: skip


def _special() -> PersonQuerySet:
    of_family = Q(family__categories__overlap=list(SPECIAL)) | Q(family__child_state__in=SPECIAL_CHILD_STATES)
    return Person.objects.filter(of_family, sex=WOMAN, family__status=Family.Status.REGISTERED)


def _rural() -> PersonQuerySet:
    return Person.objects.filter(family__hukou_kind="farm", family__status=Family.Status.REGISTERED)
