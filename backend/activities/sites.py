"""Sites: registered, inspected, closed; counts per day. What a check found is kept on the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities.models import DayCount, Site
from backend.activities.notices import notify_supervisors
from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import due_at

KEY = "site.days"
DEFAULTS: Mapping[str, int] = {"inspection_days": 182, "equipment_days": 30, "repair_days": 14}
"""Where the parameter is not set."""
Check = Site.Check
REPAIR_OVERDUE = _("A site was not put right in time")


class BadSite(Invalid):
    """Something of the entry is missing or does not fit."""

    code = "bad_site"
    message = _("This is missing or does not fit a site.")


class SiteClosed(Conflict):
    """Nothing takes place at a site that is closed."""

    code = "site_closed"
    message = _("This site is closed.")


class WrongCheckDay(Invalid):
    """A check is told after it was made."""

    code = "wrong_check_day"
    message = _("The day lies in the future.")


@dataclass(frozen=True)
class Entry:
    """A site as it is entered (G6, G7, W8, Q5)."""

    unit: Unit
    kind: str
    name: str
    weekdays: list[int]
    opens: time
    closes: time
    opened_on: date
    address: str = ""
    area: int | None = None
    seats: int | None = None
    has_equipment: bool = False


def register(*, entry: Entry, actor: Actor, now: datetime) -> Site:
    """Take a site into the register. Raises BadSite."""
    day = timezone.localdate(now)
    wrong = [] if entry.kind in codes.choices("site_kind", day=day) else ["kind"]
    if entry.unit.kind != Unit.Kind.VILLAGE:
        wrong.append("unit")  # whoever looks after it is there: the village or community
    if not entry.weekdays or any(not 1 <= each <= 7 for each in entry.weekdays):
        wrong.append("weekdays")
    if entry.closes <= entry.opens:
        wrong.append("closes")
    if entry.opened_on > day:
        wrong.append("opened_on")
    if wrong:
        raise BadSite([FieldProblem(f"/{name}", BadSite.code, BadSite.message) for name in wrong])
    values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    made = Site.objects.create(**{**values, "weekdays": sorted(set(entry.weekdays))}, created_at=now)
    record(action="site.registered", object=made, actor=actor, now=now)
    return made


def due_checks(now: datetime) -> Iterable[tuple[Site, str]]:
    """Sites whose half-yearly inspection or monthly check of the equipment has come and is not under way (P12)."""
    day = timezone.localdate(now)
    for site in Site.objects.open().select_related("unit__parent").order_by("id"):
        for check in Check.values:
            if check not in site.under_check and next_check(site, check, day) <= day:
                yield site, check


def next_check(site: Site, check: str, day: date) -> date:
    """The day of the next check; a site without equipment never has one of that kind."""
    if check == Check.EQUIPMENT and not site.has_equipment:
        return date.max
    last = (site.inspected_on if check == Check.INSPECTION else site.checked_on) or site.opened_on
    return last + timedelta(days=_days(f"{check}_days", site, day))


def begin_check(*, site: Site, check: str) -> None:
    """It is somebody's work now."""
    site.under_check = [*site.under_check, check]
    site.save(update_fields=["under_check"])


def record_check(*, site: Site, check: str, answers: Mapping[str, Any], actor: Actor, now: datetime) -> datetime:
    """What was found; returns by when it has to be put right. Raises WrongCheckDay."""
    field = "inspected_on" if check == Check.INSPECTION else "checked_on"
    on = date.fromisoformat(str(answers[field]))
    if on > timezone.localdate(now):
        raise WrongCheckDay([FieldProblem(f"/{field}", WrongCheckDay.code, WrongCheckDay.message)])
    setattr(site, field, on)
    if check == Check.INSPECTION:
        site.standards = sorted(answers["standards"])
    site.wanting = str(answers.get("wanting") or "") if answers["result"] != "fit" else ""
    _move(site, f"site.{'inspected' if check == Check.INSPECTION else 'equipment_checked'}", actor, now, answers)
    return due_at(now, f"P{_days('repair_days', site, timezone.localdate(now))}D")


def record_repair(*, site: Site, done: str, actor: Actor, now: datetime) -> None:
    """What was done about it; it is looked at again."""
    record(action="site.repaired", object=site, actor=actor, now=now, reason=done)


def tell_overdue(*, site: Site, actor: Actor, now: datetime) -> None:
    """It was not put right in time: the supervisors hear it, beside whoever has to do it."""
    record(action="site.repair_overdue", object=site, actor=actor, now=now)
    notify_supervisors(
        unit=site.unit, text=REPAIR_OVERDUE, about=site, page=f"/sites/{site.pk}/", closed_to=None, now=now,
        key=f"site:{site.pk}:repair_overdue:{timezone.localdate(now):%Y%m%d}",
    )  # fmt: skip


def end_check(*, site: Site, check: str) -> None:
    """Until the next one."""
    site.under_check = [each for each in site.under_check if each != check]
    site.save(update_fields=["under_check"])


def close(*, site: Site, actor: Actor, now: datetime) -> None:
    """Nothing takes place there any more."""
    site.closed_on, site.under_check = timezone.localdate(now), []
    _move(site, "site.closed", actor, now, {})


def count(*, site: Site, day: date, what: str, number: int, actor: Actor, now: datetime) -> DayCount:
    """How many there were on a day; told again it replaces what was told. Raises SiteClosed, WrongCheckDay."""
    if site.closed_on is not None and day >= site.closed_on:
        raise SiteClosed
    if day > timezone.localdate(now):
        raise WrongCheckDay([FieldProblem("/day", WrongCheckDay.code, WrongCheckDay.message)])
    told = {"number": number, "counted_label": actor.label}
    made, _created = DayCount.objects.update_or_create(site=site, day=day, what=what, defaults=told)
    data = {"day": day.isoformat(), "what": what, "number": number}
    record(action="site.counted", object=site, actor=actor, now=now, data=data)
    return made


def counts_since(site: Site, day: date) -> dict[str, int]:
    """Sums per kind of count since a day."""
    found: dict[str, int] = {}
    for what, number in site.counts.filter(Q(day__gte=day)).values_list("what", "number"):
        found[what] = found.get(what, 0) + number
    return found


def _days(name: str, site: Site, day: date) -> int:
    numbers = parameters.value(KEY, path=site.unit_path, day=day, default=DEFAULTS)
    return int(numbers.get(name, DEFAULTS[name]))


def _move(site: Site, action: str, actor: Actor, now: datetime, answers: Mapping[str, Any]) -> None:
    site.version += 1
    site.save()
    data = {"site_result": answers["result"]} if "result" in answers else {}
    record(action=action, object=site, actor=actor, now=now, data=data)
