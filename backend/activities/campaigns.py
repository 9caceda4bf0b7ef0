"""Activities: proposed, decided upon, published, recorded (F17, P12); the diagram `activity_site` knows the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.activities.models import Activity, Site
from backend.activities.notices import notify_supervisors
from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.ledger import budgets
from backend.org import codes, parameters
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.working_days import due_at

KEY = "activity.days"
OVERDUE = _("Nobody has recorded yet what came of an activity")
DEFAULTS: Mapping[str, int] = {"proposal_days": 15, "record_days": 5}
"""Where the parameter is not set."""
CODED: Mapping[str, str] = {"kind": "activity_kind", "theme": "activity_theme", "occasion": "calendar_day"}
"""Field → the list of its codes."""
OPEN = (Activity.State.PROPOSED, Activity.State.RETURNED, Activity.State.PUBLISHED, Activity.State.CLOSED)
"""States of what is still to come."""
State, Level = Activity.State, Activity.Level


class BadPlan(Invalid):
    """Something of the plan is missing or does not fit."""

    code = "bad_plan"
    message = _("This is missing or does not fit the rest of the plan.")


class ProposedLate(Invalid):
    """So close to its day a reason is needed."""

    code = "proposed_late"
    message = _("This is later than the rule says: please give the reason.")


class DayIsOver(Conflict):
    """What has begun cannot be approved any more."""

    code = "day_is_over"
    message = _("The day has passed: please refuse it or return it for another day.")


class NotToCome(Conflict):
    """It is over, or will not be held."""

    code = "not_to_come"
    message = _("This activity is over, or will not be held.")


class NoMergeTarget(Invalid):
    """An activity goes into another one that is still to come."""

    code = "no_merge_target"
    message = _("Please choose another activity that is published and still to come.")


class RecordImplausible(Invalid):
    """Two numbers of a record contradict each other."""

    code = "record_implausible"
    message = _("These numbers do not fit together.")


@dataclass(frozen=True)
class Plan:
    """What is proposed (F17). `places` None: everybody who comes."""

    title: str
    kind: str
    theme: str
    unit: Unit
    starts_at: datetime
    ends_at: datetime
    sign_up_until: datetime
    groups: Sequence[str]
    expected: int
    budget: Decimal
    risk: str
    places: int | None = None
    occasion: str = ""
    series: str = ""
    part: int | None = None
    site: Site | None = None
    place: str = ""
    minors: bool = False
    outdoors: bool = False
    speaker: str = ""
    late_reason: str = ""


def propose(*, plan: Plan, actor: Actor, now: datetime) -> Activity:
    """Keep a proposal, to be approved by somebody else. Raises BadPlan, ProposedLate."""
    _check(plan, now)
    day = timezone.localdate(now)
    if plan.starts_at < earliest_start(plan.unit, now) and not plan.late_reason.strip():
        raise ProposedLate([FieldProblem("/late_reason", ProposedLate.code, ProposedLate.message)])
    scope = f"HD-{township_code(plan.unit)}-{day.year}"
    activity = Activity.objects.create(
        number=f"{scope}-{next_number(scope):04d}",
        **{name: getattr(plan, name) for name in Plan.__dataclass_fields__},
        proposed_by_id=actor.user_id, proposed_label=actor.label, created_at=now,
    )  # fmt: skip
    _tell(activity, "activity.proposed", actor, now, {"title": activity.title})
    return activity


def revise(*, activity: Activity, changes: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Propose it anew after it was returned. Raises BadPlan."""
    for name, value in changes.items():
        setattr(activity, name, value)
    _check(activity, now)
    activity.state, activity.returned = State.PROPOSED, ""
    _move(activity, "activity.revised", actor, now)


def earliest_start(unit: Unit, now: datetime) -> datetime:
    """The first moment for which a proposal made now needs no reason (P12: 15 days before)."""
    return now + timedelta(days=_days("proposal_days", unit, now))


def record_by(activity: Activity, now: datetime) -> datetime:
    """By when it has to be told what came of it (P12: 5 days after)."""
    return due_at(activity.ends_at, f"P{_days('record_days', activity.unit, now)}D")


def place(*, activity: Activity, level: str, reason: str, instance_id: Any) -> None:
    """Who decides (D26), and which process conducts it."""
    activity.level, activity.level_reason, activity.instance_id = level, reason, instance_id
    activity.save(update_fields=["level", "level_reason", "instance_id"])


def publish(*, activity: Activity, actor: Actor, now: datetime, minutes: str = "", over_reason: str = "") -> None:
    """Approved: people can sign up. `over_reason`: why it may cost more than the year's budget still holds, beside what
    was approved before; whoever approves signs for it. Raises DayIsOver, OverBudget, BudgetSpent."""
    if activity.starts_at <= now:
        raise DayIsOver
    if activity.budget:
        budgets.check(
            unit=activity.unit, amounts={line_of(activity): activity.budget}, on=timezone.localdate(activity.starts_at),
            about=activity, reason=over_reason, under_way=_approved(activity), actor=actor, now=now,
        )  # fmt: skip
    activity.state, activity.minutes = State.PUBLISHED, minutes
    activity.decided_label, activity.decided_at = actor.label, now
    _move(activity, "activity.approved", actor, now, {"level": activity.level})


def return_plan(*, activity: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """Something is to be changed first."""
    activity.state, activity.returned = State.RETURNED, reason
    _move(activity, "activity.returned", actor, now, reason=reason)


def refuse(*, activity: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """It will not be held."""
    activity.state, activity.returned = State.REFUSED, reason
    activity.decided_label, activity.decided_at = actor.label, now
    _move(activity, "activity.refused", actor, now, reason=reason)


def close_sign_up(*, activity: Activity, actor: Actor, now: datetime) -> None:
    """Whoever waits now waits for a place that becomes free, no longer for the list."""
    activity.state = State.CLOSED
    _move(activity, "activity.sign_up_closed", actor, now)


def cancel(*, activity: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """It will not be held. Raises NotToCome."""
    check_to_come(activity, now)
    activity.state, activity.returned = State.CANCELLED, reason
    _move(activity, "activity.cancelled", actor, now, reason=reason)


def merge(*, activity: Activity, into: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """It will be held together with another one. Raises NotToCome, NoMergeTarget."""
    check_to_come(activity, now)
    check_target(activity, into, now)
    activity.state, activity.merged_into, activity.returned = State.MERGED, into, reason
    _move(activity, "activity.merged", actor, now, {"into": into.title}, reason=reason)


def check_to_come(activity: Activity, now: datetime) -> None:
    """Raises NotToCome unless it can still be cancelled."""
    if activity.state not in OPEN or activity.starts_at <= now:
        raise NotToCome


def check_target(activity: Activity, into: Activity, now: datetime) -> None:
    """Raises NoMergeTarget unless people can be told to go there instead."""
    if into.pk == activity.pk or into.state != State.PUBLISHED or into.starts_at <= now:
        raise NoMergeTarget([FieldProblem("/into", NoMergeTarget.code, NoMergeTarget.message)])


def tell_overdue(*, activity: Activity, actor: Actor, now: datetime) -> None:
    """Nobody has told in time what came of it: the supervisors hear it, beside whoever has to record it."""
    _tell(activity, "activity.record_overdue", actor, now)
    notify_supervisors(
        unit=activity.unit, text=OVERDUE, about=activity, key=f"activity:{activity.pk}:record_overdue",
        page=f"/activities/{activity.pk}/", closed_to=None, now=now,
    )  # fmt: skip


def record_outcome(*, activity: Activity, found: Mapping[str, Any], actor: Actor, now: datetime) -> bool:
    """What came of it; says whether somebody else has to look at it: more spent than approved, or an incident.

    Raises RecordImplausible.
    """
    _check_numbers(found)
    for name in ("attended", "attended_minors", "materials", "reach", "feedback_count"):
        setattr(activity, name, int(found.get(name) or 0))
    score = found.get("feedback_score")
    activity.feedback_score = Decimal(str(score)) if score is not None and activity.feedback_count else None
    activity.spent = Decimal(str(found["spent"]))
    activity.headcount_source = str(found["headcount_source"])
    activity.photos, activity.photos_kept = str(found["photos"]), str(found.get("photos_kept") or "")
    activity.incidents, activity.effect = str(found.get("incidents") or ""), str(found["effect"])
    activity.recorded_label, activity.recorded_at, activity.returned = actor.label, now, ""
    told = {"attended": activity.attended, "headcount_source": activity.headcount_source, "spent": str(activity.spent)}
    _move(activity, "activity.recorded", actor, now, told)
    return activity.over_budget or bool(activity.incidents)


def confirm_record(*, activity: Activity, actor: Actor, now: datetime) -> None:
    """Somebody else has looked at what was spent and at what happened."""
    _tell(activity, "activity.record_confirmed", actor, now)


def return_record(*, activity: Activity, reason: str, actor: Actor, now: datetime) -> None:
    """The record is not good enough."""
    activity.returned = reason
    _move(activity, "activity.record_returned", actor, now, reason=reason)


def finish(*, activity: Activity, actor: Actor, now: datetime) -> None:
    """It was held, and what came of it is kept; what was spent stands in the ledger, under the kind of activity."""
    if activity.spent:
        budgets.book(
            unit=activity.unit, code=line_of(activity), amount=activity.spent,
            on=timezone.localdate(activity.ends_at), kind="activity_expense", reference=("activity", activity.pk),
            basis=activity.number, key=f"activity_expense:{activity.pk}", actor=actor, now=now,
        )  # fmt: skip
    activity.state = State.HELD
    _move(activity, "activity.held", actor, now)


def line_of(activity: Activity) -> str:
    """The budget line that it is paid from."""
    return f"activity_{activity.kind}"


def budget_left(activity: Activity) -> Decimal | None:
    """What is left of the year's budget for it, in yuan, beside what was approved before; None without a budget."""
    line = line_of(activity)
    left = budgets.left(activity.unit, timezone.localdate(activity.starts_at).year, line)
    use = budgets.use_of(line)
    ordered = (amount for each, amount in _approved(activity).items() if budgets.use_of(each) == use)
    return None if left is None else left - sum(ordered, Decimal("0.00"))


# --- parts


def _approved(activity: Activity) -> dict[str, Decimal]:
    """Budget line → yuan of other activities of the year that are approved and not paid yet, of the same budget."""
    year = timezone.localdate(activity.starts_at).year
    keeper = budgets.keeper_of(activity.unit, year)
    if keeper is None:
        return {}
    rows = Activity.objects.filter(state__in=(State.PUBLISHED, State.CLOSED), starts_at__year=year)
    rows = rows.filter(unit__path__startswith=keeper.path).exclude(pk=activity.pk)
    for path in budgets.apart(keeper, year):
        rows = rows.exclude(unit__path__startswith=path)
    return {f"activity_{kind}": amount for kind, amount in rows.values_list("kind").annotate(Sum("budget"))}


def _check(plan: Plan | Activity, now: datetime) -> None:
    day = timezone.localdate(now)
    wrong = [
        name
        for name, kind in CODED.items()
        if (code := getattr(plan, name)) not in codes.choices(kind, day=day) and (code or name != "occasion")
    ]
    known = codes.choices("activity_group", day=day)
    if not plan.groups or any(code not in known for code in plan.groups):
        wrong.append("groups")
    if plan.starts_at <= now:
        wrong.append("starts_at")
    if plan.ends_at <= plan.starts_at:
        wrong.append("ends_at")
    if plan.sign_up_until > plan.starts_at:
        wrong.append("sign_up_until")
    if plan.site is None and not plan.place.strip():
        wrong.append("place")
    if plan.part is not None and not plan.series:
        wrong.append("series")
    if wrong:
        raise BadPlan([FieldProblem(f"/{name}", BadPlan.code, BadPlan.message) for name in wrong])


def _check_numbers(found: Mapping[str, Any]) -> None:
    wrong = []
    if int(found.get("attended_minors") or 0) > int(found["attended"]):
        wrong.append("attended_minors")
    if int(found.get("feedback_count") or 0) > int(found["attended"]):
        wrong.append("feedback_count")
    if found.get("feedback_count") and found.get("feedback_score") is None:
        wrong.append("feedback_score")
    if wrong:
        message = RecordImplausible.message
        raise RecordImplausible([FieldProblem(f"/{name}", RecordImplausible.code, message) for name in wrong])


def _days(name: str, unit: Unit, now: datetime) -> int:
    numbers = parameters.value(KEY, path=unit.path, day=timezone.localdate(now), default=DEFAULTS)
    return int(numbers.get(name, DEFAULTS[name]))


def _move(
    activity: Activity,
    action: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
) -> None:
    activity.version += 1
    activity.save()
    _tell(activity, action, actor, now, data, reason=reason)


def _tell(
    activity: Activity,
    action: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
) -> None:
    record(action=action, object=activity, actor=actor, now=now, data=data, reason=reason)
