"""Anonymous counters: what was used how often, told only where nobody can be made out (E32, P08).

Told are months that are over and closed, never a running sum: the difference between yesterday's and today's figure
would be one person. A figure below the smallest is not told; neither is one from which a figure that is not told could
be worked out by subtraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import small_numbers
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.health.models import HealthCount, HealthService
from backend.health.rules import rules
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit

LIST = "health_count"


class MonthClosed(Conflict):
    """Figures of a month that is told are not changed any more."""

    code = "month_closed"
    message = _("This month is closed: its figures have been told.")


class BadCount(Invalid):
    """The kind of count is unknown, or more would be taken back than was entered."""

    code = "bad_count"
    message = _("Choose what was counted from the list; no more can be taken back than was entered.")


@dataclass(frozen=True)
class Figure:
    """One kind of count in a month: in all and by site; None where it is not told."""

    what: str
    total: int | None
    sites: Mapping[str, int | None]
    """By the site's name, in order."""


def add_count(*, office: Unit, site: Unit, day: date, what: str, number: int, actor: Actor, now: datetime) -> None:
    """Add to a site's counter of the month in which `day` lies; a negative number takes back. Raises MonthClosed,
    BadCount. Answers nothing: who enters does not read the sum."""
    if what not in codes.choices(LIST, day=timezone.localdate(now)):
        raise BadCount([FieldProblem("/what", BadCount.code, BadCount.message)])
    month = day.replace(day=1)
    if month > timezone.localdate(now) or is_closed(month, office=office, now=now):
        raise MonthClosed
    if not _add(office, site, month, what, number, now):
        raise BadCount([FieldProblem("/number", BadCount.code, BadCount.message)])
    record(action="health_count.entered", object=site, actor=actor, now=now, data={"month": f"{month:%Y-%m}"})


def count_use(*, service: HealthService, office: Unit, now: datetime) -> None:
    """Count that a service was used, apart from whoever used it: what is forgotten later stays counted."""
    _add(office, office, timezone.localdate(now).replace(day=1), service.kind, 1, now)


def is_closed(month: date, *, office: Unit, now: datetime) -> bool:
    """Whether the month is over and the days for late entries have passed."""
    today = timezone.localdate(now)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return today >= following.replace(day=rules(office.path, today)["counts_close_day"] + 1)


def figures(*, office: Unit, month: date, now: datetime) -> list[Figure]:
    """What may be told of a township's closed month; nothing of one that is open. One statement."""
    if not is_closed(month, office=office, now=now):
        return []
    smallest = rules(office.path, timezone.localdate(now))["smallest_count"]
    rows = HealthCount.objects.filter(office=office, month=month).select_related("site").order_by("what", "site__path")
    by_what: dict[str, dict[str, int]] = {}
    for row in rows:
        by_what.setdefault(row.what, {})[row.site.name] = row.number
    figures_told = {what: small_numbers.told(sites, smallest=smallest) for what, sites in by_what.items()}
    return [Figure(what, each.total, each.cells) for what, each in figures_told.items()]


def _add(office: Unit, site: Unit, month: date, what: str, number: int, now: datetime) -> bool:
    """Whether it could be added; False when more would be taken back than there is."""
    row, _made = HealthCount.objects.get_or_create(
        site=site, month=month, what=what, defaults={"office": office, "created_at": now}
    )
    fits = HealthCount.objects.filter(pk=row.pk, number__gte=-number)
    return bool(fits.update(number=F("number") + number))


def told_kinds(day: date) -> Sequence[str]:
    """What can be entered by hand that day."""
    return list(codes.choices(LIST, day=day))
