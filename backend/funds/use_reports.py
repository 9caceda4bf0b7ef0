"""How donations were used: due by themselves, frozen and published by a person, totals only.

Yearly to the authority (公益事业捐赠法 20); of projects longer than six months at least every three months, and within
three months after their end (慈善法 79). A number of families below five is left out: it would tell who they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core import prepared
from backend.core.errors import Conflict
from backend.funds.models import Allocation, Donation, UseReport
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.publicity import notices
from backend.publicity.notices import ToldElsewhere

FAMILIES = "受助家庭（户）"
"""What the number of a public notice counts."""
LEAST = 5
"""Families that a published number stands for at least."""
DAYS: Mapping[str, int] = {"yearly_due": 90, "long_project": 183, "publish_every": 91, "end_due": 91, "notice": 30}
"""Where the parameter `donation.report_days` is not set."""


class PublishedAlready(Conflict):
    """A figure once told is not changed."""

    code = "published_already"
    message = _("This report is published already.")


class NotOver(Conflict):
    """What a report tells about has to be over."""

    code = "period_runs"
    message = _("This period is not over yet.")


def make_due(now: datetime) -> int:
    """Every night: reports whose time has come stand on the list; returns how many were made. Twice is harmless."""
    today = timezone.localdate(now)
    before = UseReport.objects.count()
    UseReport.objects.bulk_create([*_yearly(today, now), *_of_projects(today, now)], ignore_conflicts=True)
    return UseReport.objects.count() - before


def publish(*, report: UseReport, actor: Actor, now: datetime) -> UseReport:
    """Totals are taken and frozen. Raises PublishedAlready, NotOver."""
    held = prepared.found(UseReport, report.pk, follow=("unit", "donation"), lock=True)
    if held.published_on is not None:
        raise PublishedAlready
    if held.to_date >= timezone.localdate(now):
        raise NotOver
    held.totals = totals(held)
    held.published_on, held.published_label = timezone.localdate(now), actor.label
    held.save()
    record(action="use_report.published", object=held, actor=actor, now=now, data=held.totals)
    _announce(held, actor, now)
    return held


def publish_end(*, donation: Donation, actor: Actor, now: datetime) -> UseReport:
    """A donation is used up: told at once, without waiting for a date."""
    today = timezone.localdate(now)
    begun = donation.received_on or today
    told = {"to_date": today, "due_on": today, "created_at": now}
    held, _is_new = UseReport.objects.update_or_create(
        unit=donation.unit, donation=donation, kind=UseReport.Kind.END, from_date=begun, defaults=told
    )
    held.totals = totals(held)
    held.published_on, held.published_label = today, actor.label
    held.save()
    record(action="use_report.published", object=held, actor=actor, now=now, data=held.totals)
    _announce(held, actor, now)
    return held


def totals(report: UseReport) -> dict[str, Any]:
    """Yuan received and given, of related parties apart, and families, when there are enough of them."""
    rows = Donation.objects.filter(unit=report.unit, received_on__range=(report.from_date, report.to_date))
    rows = rows.exclude(state=Donation.State.WITHDRAWN)
    given = Allocation.objects.filter(donation__unit=report.unit, state=Allocation.State.DELIVERED)
    given = given.filter(delivered_on__range=(report.from_date, report.to_date))
    if report.donation_id is not None:
        rows, given = rows.filter(pk=report.donation_id), given.filter(donation=report.donation_id)
    came = rows.aggregate(sum=Sum("amount"), related=Sum("amount", filter=Q(related_party=True)), count=Count("pk"))
    money = given.filter(donation__kind=Donation.Kind.MONEY).aggregate(sum=Sum("share"))["sum"]
    families = given.aggregate(count=Count("family", distinct=True))["count"]
    shown = families >= LEAST
    return {
        "received": str(came["sum"] or 0),
        "donations": came["count"],
        "related": str(came["related"] or 0),
        # With one share for all, the sum would tell the number of families that is left out.
        "given": str(money or 0) if shown or not families else None,
        "families": families if shown or not families else None,
    }


def _announce(report: UseReport, actor: Actor, now: datetime) -> None:
    """A public notice of how many families it reached; none where that would give somebody away."""
    families = report.totals["families"]
    if families:
        days = _days(report.unit, timezone.localdate(now))["notice"]
        with suppress(ToldElsewhere), transaction.atomic():
            notices.announce_counts(
                kind="donation", unit=report.unit, title="捐赠使用情况公示", counts={FAMILIES: families},
                basis="公益事业捐赠法、慈善法", days=days, actor=actor, now=now,
            )  # fmt: skip


def _yearly(today: date, now: datetime) -> Iterable[UseReport]:
    """Last year's, of every place that was given something."""
    first, last = date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)
    places = Donation.objects.filter(received_on__range=(first, last)).order_by().values("unit").distinct()
    for unit in Unit.objects.filter(pk__in=places).order_by("path"):
        due = date(today.year, 1, 1) + timedelta(days=_days(unit, today)["yearly_due"])
        yield _report(unit, UseReport.Kind.YEAR, first, last, due, now)


def _of_projects(today: date, now: datetime) -> Iterable[UseReport]:
    """Of long projects: each quarter that is over, and the end."""
    gone = (Donation.State.WITHDRAWN, Donation.State.REFUSED)
    rows = Donation.objects.filter(received_on__isnull=False, ends_on__gt=F("received_on")).exclude(state__in=gone)
    for row in rows.select_related("unit").order_by("id"):
        days = _days(row.unit, today)
        if row.received_on is None or row.ends_on is None:  # the filter says so already; the types do not
            continue
        if (row.ends_on - row.received_on).days <= days["long_project"]:
            continue
        yield from _quarters(row, row.received_on, row.ends_on, today, days["publish_every"], now)
        if row.ends_on < today:
            due = row.ends_on + timedelta(days=days["end_due"])
            yield _report(row.unit, UseReport.Kind.END, row.received_on, row.ends_on, due, now, row)


def _quarters(row: Donation, begun: date, ends: date, today: date, every: int, now: datetime) -> Iterable[UseReport]:
    """The published time never grows longer than `every` days."""
    start = begun
    while (last := start + timedelta(days=every - 1)) < min(today, ends):
        yield _report(row.unit, UseReport.Kind.QUARTER, start, last, last + timedelta(days=1), now, row)
        start = last + timedelta(days=1)


def _report(
    unit: Unit, kind: str, first: date, last: date, due: date, now: datetime, donation: Donation | None = None
) -> UseReport:
    return UseReport(unit=unit, donation=donation, kind=kind, from_date=first, to_date=last, due_on=due, created_at=now)


def _days(unit: Unit, today: date) -> Mapping[str, int]:
    return {**DAYS, **parameters.value("donation.report_days", path=unit.path, day=today, default={})}
