"""The query of each indicator (domain.md 2h): which rows are counted in a period, and which of them hit.

Nothing here counts births, and no refusal lowers a figure (E5): what a family declined or withdrew from is not among
the rows. Whatever was not due yet is not among them either, so no figure falls merely because a period lasts still.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from backend.activities.models import Activity
from backend.benefits.models import Condolence, Gift
from backend.cases.models import SPECIAL, Family
from backend.coordination.models import MonthlyReport
from backend.health.models import HealthCount, HealthService
from backend.helpers.contacts import POSTS
from backend.helpers.models import Offer, Pairing
from backend.payments.models import Payable
from backend.reporting.month import ON_FILE
from backend.reporting.months import Month, Period
from backend.services.models import Plan, PlanItem
from backend.visits.models import Visit, overdue

AGREED_PLANS = (Plan.State.RUNNING, Plan.State.CLOSED)
"""Plans that the family said yes to."""
LINKED = ("cadre", "area_duty", "linked")
"""Kinds of helpers who are linked by office: 干部结对、单位包保、领导挂钩."""


def entitled_items(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Services and benefits of agreed plans that were due in the period; what the family gave back is left out."""
    items = PlanItem.objects.filter(plan__case__unit_path__startswith=path, plan__state__in=AGREED_PLANS)
    items = items.exclude(state=PlanItem.State.WITHDRAWN).exclude(plan__result="declined")
    return items.filter(due_at__gte=period.begins_at, due_at__lt=period.until(now))


def due_payments(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """What was owed and to be paid on a day of the period that has come; without what is held or owed no longer."""
    owed = Payable.objects.filter(unit_path__startswith=path, is_held=False).exclude(state=Payable.State.CANCELLED)
    dated = owed.annotate(day=Coalesce("due_on", TruncDate("created_at")))
    return dated.filter(day__gte=period.first, day__lte=period.last_day(now))


def due_subsidies(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Of what was to be paid, that to which a confirmed right entitles."""
    return due_payments(path, period, now).filter(purpose="subsidy")


def due_gifts(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Gifts of festivals of the period that are over; what a family would not have is left out."""
    listed = Gift.objects.filter(unit_path__startswith=path).listed().exclude(state=Gift.State.REFUSED)
    held = listed.exclude(condolence__state__in=(Condolence.State.PLANNING, Condolence.State.DROPPED))
    return held.filter(condolence__festival_on__gte=period.first, condolence__festival_on__lte=period.last_day(now))


def linked_households(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Spells of linked leaders and departments (联村联户, 同督查同考核: G2) in force in the period, with `was_visited`:
    whether one of their visits in it met somebody."""
    spells = Pairing.objects.filter(case__unit_path__startswith=path, kind__code__in=LINKED)
    spells = spells.exclude(family__willingness=Family.Willingness.REFUSED)
    held = spells.filter(Q(to_date__isnull=True) | Q(to_date__gt=period.first), from_date__lte=period.last_day(now))
    visits = Visit.objects.filter(pairing=OuterRef("pk"), state=Visit.State.DONE)
    visits = visits.filter(planned_for__gte=period.first, planned_for__lt=period.next_first)
    return held.annotate(was_visited=Exists(visits))


def due_reports(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Monthly reports whose last moment in time lies in the period and is over."""
    reports = MonthlyReport.objects.filter(unit__path__startswith=path)
    return reports.filter(due_at__gte=period.begins_at, due_at__lt=period.until(now))


def decided_reports(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Those of them that were returned, accepted, or never came."""
    state = MonthlyReport.State
    return due_reports(path, period, now).filter(Q(state__in=(state.ACCEPTED, state.MISSING)) | Q(rounds__gt=0))


def due_visits(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Visits planned for a day of the period that are over; refused, held back and cancelled ones are left out."""
    state = Visit.State
    visits = Visit.objects.filter(planned_for__gte=period.first, planned_for__lt=period.next_first, is_extra=False)
    visits = visits.filter(case__unit_path__startswith=path)
    undecided = Q(state=state.PLANNED) & ~overdue(now)
    out = Q(state__in=(state.CANCELLED, state.REFUSED, state.HELD)) | undecided
    return visits.exclude(out & Q(replaced_by__isnull=True))


def special_families(path: str, period: Period, now: datetime) -> QuerySet[Family]:
    """Families on file today that lost their only child or whose only child is disabled, but for those that want no
    contact: who refuses lowers no figure."""
    families = Family.objects.filter(unit__path__startswith=path, status__in=ON_FILE, categories__overlap=list(SPECIAL))
    return families.filter(created_at__lt=period.until(now)).exclude(willingness=Family.Willingness.REFUSED)


def contacted_families(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Special families with `posts`: at how many of the two posts they had a contact on the period's last day."""
    day = period.last_day(now)
    spells = Pairing.objects.filter(family=OuterRef("pk"), kind__statutory=True, helper__unit__kind__in=POSTS)
    held = spells.filter(Q(to_date__isnull=True) | Q(to_date__gt=day), from_date__lte=day).order_by()
    posts = held.values("family").annotate(posts=Count("helper__unit__kind", distinct=True)).values("posts")
    counted = Coalesce(Subquery(posts, output_field=IntegerField()), 0)
    return special_families(path, period, now).annotate(posts=counted)


def doctored_families(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Special families with `has_doctor`: a contract with a family doctor in force on the period's last day."""
    day = period.last_day(now)
    contracts = HealthService.objects.filter(
        person__family=OuterRef("pk"), kind=HealthService.Kind.DOCTOR_CONTRACT,
        outcome=HealthService.Outcome.REGISTERED, contract_from__lte=day, contract_to__gte=day,
    )  # fmt: skip
    return special_families(path, period, now).annotate(has_doctor=Exists(contracts))


def green_families(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Special families with `has_green`: the green channel was opened for one of them before the period's end."""
    opened = HealthService.objects.filter(person__family=OuterRef("pk"), green__gt=0)
    opened = opened.filter(created_at__lt=period.until(now))
    return special_families(path, period, now).annotate(has_green=Exists(opened))


def offers(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Helpers asked in the period: nobody is assigned, only asked (志愿服务条例 25; finding 7)."""
    found = Offer.objects.filter(case__unit_path__startswith=path)
    return found.filter(created_at__gte=period.begins_at, created_at__lt=period.until(now))


def consented_pairs(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Pairings that began in the period with both consents; statutory contacts are no pairings of choice."""
    spells = Pairing.objects.filter(case__unit_path__startswith=path, kind__statutory=False)
    spells = spells.filter(Q(to_date__isnull=True) | Q(to_date__gt=F("from_date")))  # else it never was in force
    return spells.filter(from_date__gte=period.first, from_date__lt=period.next_first)


def held_activities(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Activities of the association that were held and accounted for: a point each."""
    held = Activity.objects.filter(unit__path__startswith=path, state=Activity.State.HELD)
    return held.filter(ends_at__gte=period.begins_at, ends_at__lt=period.until(now))


def counted_use(path: str, period: Period, what: str) -> QuerySet[Any]:
    """Anonymous counters of one kind: of months that are over only, so that no sum grows by one person."""
    counts = HealthCount.objects.filter(site__path__startswith=path, what=what)
    return counts.filter(month__gte=period.first, month__lt=period.next_first)


def preconception_checks(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Checks before a pregnancy that were used, by nobody in particular (W12, S5)."""
    return counted_use(path, period, HealthService.Kind.PRE_CONCEPTION).filter(month__lt=_this_month(now))


def people_at_talks(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """People at talks on health before a pregnancy: what is known of awareness without asking anybody."""
    return counted_use(path, period, "talk").filter(month__lt=_this_month(now))


def gifts_brought(path: str, period: Period, now: datetime) -> QuerySet[Any]:
    """Gifts that reached a family in the period: person-times and yuan (G23)."""
    brought = Gift.objects.filter(unit_path__startswith=path, state=Gift.State.DELIVERED)
    return brought.filter(delivered_on__gte=period.first, delivered_on__lt=period.next_first)


def _this_month(now: datetime) -> date:
    return Month.of(timezone.localdate(now)).first
