"""What the county decides: an entitlement with its rate and what is owed at once, or a refusal in writing (P06)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.payments.payables import owe_all
from backend.subsidies.ages import counted_until
from backend.subsidies.amounts import Amount, Circumstances, Judge, next_month
from backend.subsidies.hands import hold
from backend.subsidies.models import Application, Entitlement, Hand, Rate
from backend.subsidies.owing import first_owed
from backend.subsidies.revaluation import Valuer, renew
from backend.subsidies.rules import cycle_of, same_person


class ReasonMissing(Invalid):
    """Whoever decides otherwise than advised says why."""

    code = "subsidy_reason_missing"
    message = _("This differs from what the tables advise: please say why.")


class NothingToGive(Conflict):
    """There is no amount for it at this place and day."""

    code = "nothing_to_give"
    message = _("The standards of this place give nothing here. Enter a standard first, or refuse.")


class ChosenAlready(Conflict):
    """One of two benefits that are not given together."""

    code = "chosen_already"
    message = _("This is not given beside what the person gets already: end that first, or refuse.")


def first_day(application: Application, *, day: date) -> date:
    """From when it is given: the month after it is confirmed, and after the age is reached; once: today.

    Whoever left another place (E1, S30) is paid there until its last day, and here from that day on.
    """
    if cycle_of(application.kind) == Entitlement.Cycle.ONCE:
        return day
    soonest = next_month(max(day, application.true_on or day))
    before = Entitlement.objects.exclude(cycle=Entitlement.Cycle.ONCE).filter(kind=application.kind)
    left = before.filter(same_person(application.person)).aggregate(day=Max("until_date"))["day"]
    return max(soonest, left or soonest)


def check(*, application: Application, category: str, combination: str, reason: str) -> None:
    """Raises ReasonMissing, ChosenAlready."""
    differs = application.verdict != "eligible" or (category and category != application.category)
    if differs and not reason:
        raise ReasonMissing([FieldProblem("/reason", ReasonMissing.code, ReasonMissing.message)])
    if combination == "choose":
        raise ChosenAlready


def confirm(
    *, application: Application, amount: Amount, circumstances: Circumstances, reason: str, judge: Judge, actor: Actor,
    now: datetime,
) -> Entitlement:  # fmt: skip
    """Grant it, from its first day, at its rate, and at what is set already for later days. Where years are owed at
    once the rest of its first year is owed, where months are, each on its first day (`owing`).

    Raises NothingToGive, and OnePower and Recused where the county's officer had another hand in it.
    """
    if amount.yearly <= 0:
        raise NothingToGive
    people = hold(application=application, power=Hand.Power.COUNTY, actor=actor, now=now)
    granted = _grant(application, circumstances, actor, now)
    Rate.objects.create(entitlement=granted, from_date=granted.from_date, created_at=now, **amount.as_rate())
    _decide(application, Application.State.CONFIRMED, "application.confirmed", reason, actor, now)
    record(action="entitlement.granted", object=granted, actor=actor, now=now, data={"kind": granted.kind})
    _set_later(granted, judge, actor, now)
    owe_all(first_owed(granted, confirmed_by=people, day=timezone.localdate(now)), actor=actor, now=now)
    return granted


def refuse(*, application: Application, code: str, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse it; the letter tells why and where to appeal. Raises OnePower, Recused."""
    hold(application=application, power=Hand.Power.COUNTY, actor=actor, now=now)
    told = f"{codes.name('subsidy_refusal', code)}：{reason}"
    _decide(application, Application.State.REFUSED, "application.refused", told, actor, now)


def letter(application: Application) -> list[str]:
    """The written refusal, paragraph by paragraph, in the active language; nothing while it is not refused."""
    if application.state != Application.State.REFUSED:
        return []
    kind = codes.name("subsidy_kind", application.kind)
    return [
        gettext("%(name)s: your application %(number)s for %(kind)s of %(day)s was examined.")
        % {"name": application.person.name, "number": application.number, "kind": kind, "day": application.declared_on},
        gettext("It cannot be granted: %(reason)s") % {"reason": application.reason},
        gettext(
            "If you do not agree, you can ask the county for another look, apply for administrative reconsideration "
            "within 60 days of receiving this letter, or go to court within six months. The village helps you with it."
        ),
    ]


def _set_later(granted: Entitlement, judge: Judge, actor: Actor, now: datetime) -> None:
    """A standard that begins after the first day was perhaps made up for already (E15: `back_pay`): whoever comes in
    between gets it like all the others. For what is given once only its day counts."""
    if granted.cycle == Entitlement.Cycle.ONCE:
        return
    valuer = Valuer(granted.kind, since=granted.from_date + timedelta(days=1), judge=judge)
    until = counted_until(granted, max(timezone.localdate(now), granted.from_date))
    renew(granted, valuer.known(granted, until), actor=actor, now=now)


def _grant(application: Application, of: Circumstances, actor: Actor, now: datetime) -> Entitlement:
    day = timezone.localdate(now)
    scope = f"DY-{township_code(application.unit)}-{day.year}"
    return Entitlement.objects.create(
        number=f"{scope}-{next_number(scope):04d}", person=application.person, unit=application.unit,
        kind=application.kind, category=of.category, residence=of.residence, cycle=cycle_of(application.kind),
        application=application, from_date=first_day(application, day=day), account=application.account,
        account_tail=application.account_tail, confirmed_by_id=actor.user_id, confirmed_label=actor.label,
        confirmed_on=day, created_at=now,
    )  # fmt: skip


def _decide(application: Application, state: str, action: str, reason: str, actor: Actor, now: datetime) -> None:
    application.state, application.reason = state, reason
    application.decided_label, application.decided_on = actor.label, timezone.localdate(now)
    application.version += 1
    application.save()
    record(action=action, object=application, actor=actor, now=now)
