"""What tests of reviews, exits and recoveries stand on: a county's people, somebody entitled, and what was paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from backend.cases.models import Person
from backend.ledger.accounts import Place, accounts
from backend.ledger.balances import balance
from backend.org.access import SYSTEM, Actor
from backend.org.codes import load_codes
from backend.org.models import User
from backend.payments.models import Batch, Payable, Transfer
from backend.payments.payables import Move, Owed, move_all, owe_all
from backend.subsidies.models import Entitlement, Rate
from tests import factories
from tests.api.caller import Caller, results
from tests.payments.owing import CONFIRMER, county
from tests.queueing import queued
from workflows import deployment, recoveries, services
from workflows.models import Process

ACCOUNT = "6217000010001234567"
PROCESSES = ("subsidy_annual_review", "subsidy_exit", "recovery")


_deployed: list[Process] = []


def deploy(now: datetime) -> None:
    """The three processes; checked once per session, afterwards the same rows again."""
    if _deployed:
        Process.objects.bulk_create(_deployed)
        return
    for key in PROCESSES:
        files = deployment.bundle(settings.BPMN_FOLDER, key)
        _deployed.append(deployment.deploy(key=key, files=files, actor=SYSTEM, now=now)[0])


class Township:
    """A township with all who deal with a subsidy, and one woman who gets it."""

    def __init__(self, now: datetime) -> None:
        load_codes()
        deploy(now)
        self.caseworker = factories.user("caseworker", role="caseworker")
        self.supervisor = factories.user("supervisor", role="supervisor")
        self.village = factories.user("village", role="village", unit=factories.village())
        self.county = factories.user("county", role="county", unit=county())
        self.finance = factories.user("finance", role="finance", unit=county())
        self.auditor = factories.user("auditor", role="auditor", unit=county())
        self.person = factories.person(factories.family(), name="周玉兰", birth_date=date(1950, 3, 1))

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        """Complete the user's open item of that step, over the API."""
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def work(self) -> None:
        """Do what was queued about recoveries, as the worker does."""
        for said in queued("recoveries.begin"):
            recoveries.begin(exit_id=said["exit_id"], actor=Actor.from_json(said["actor"]), now=timezone.now())
        for said in queued("recoveries.call_off"):
            actor = Actor.from_json(said["actor"])
            recoveries.call_off(recovery_id=said["recovery_id"], actor=actor, now=timezone.now())

    def wait(self, instance: UUID | None, until: datetime) -> None:
        """Time goes by for one instance."""
        assert instance is not None
        services.wake(instance_id=instance, now=until)


def entitled(
    person: Person, *rates: tuple[date, str], cycle: str = "month", since: date = date(2024, 1, 1)
) -> Entitlement:
    """Somebody with a right, at yearly sums from days on; by default 590 yuan a month."""
    row = Entitlement.objects.create(
        number=f"FZ-{Entitlement.objects.count() + 1:04d}", person=person, unit=person.family.unit,
        kind="special_support", category="child_died", cycle=cycle, from_date=since, account=ACCOUNT,
        confirmed_on=since, confirmed_label="县级审核员",
    )  # fmt: skip
    told = rates or ((since, "7080.00"),)
    for place, (day, yearly) in enumerate(told):
        until = told[place + 1][0] if place + 1 < len(told) else None
        Rate.objects.create(
            entitlement=row, from_date=day, until_date=until, yearly=Decimal(yearly), standard_version="1",
            layers=[{"reference": "财教〔2022〕97号"}],
        )  # fmt: skip
    return row


def owed(entitlement: Entitlement, period: str, amount: str, now: datetime) -> Payable:
    """An amount that waits for the next batch."""
    return owed_for(entitlement, [period], amount, now)[0]


def owed_for(entitlement: Entitlement, periods: Iterable[str], amount: str, now: datetime) -> list[Payable]:
    """The same amount for each of these periods."""
    wanted = [
        Owed(
            payee=entitlement.person, payee_label=entitlement.person.name, account_number=ACCOUNT,
            amount=Decimal(amount), purpose="subsidy", reference=("entitlement", entitlement.pk), period=period,
            programme="special_support", unit=county(), basis="财教〔2022〕97号", confirmed_by=[CONFIRMER],
        )
        for period in periods
    ]  # fmt: skip
    return owe_all(wanted, actor=SYSTEM, now=now)


def paid_months(entitlement: Entitlement, periods: Iterable[str], amount: str, now: datetime) -> None:
    """A payment for each of these periods, as the bank answered it."""
    paid(owed_for(entitlement, periods, amount, now), now)


def paid(rows: list[Payable], now: datetime) -> None:
    """The bank paid these."""
    drawer, releaser = (factories.user(role="finance", unit=county()) for _both in range(2))
    batch = Batch.objects.create(
        number=f"PAY-{Batch.objects.count() + 1}", unit=county(), pay_on=timezone.localdate(now), count=len(rows),
        total=sum((row.amount for row in rows), Decimal(0)), drawn_by=drawer,
    )  # fmt: skip
    Transfer.objects.bulk_create(
        Transfer(batch=batch, number=number, payable=row, payee_label=row.payee_label, account_number=ACCOUNT,
                 amount=row.amount)
        for number, row in enumerate(rows)
    )  # fmt: skip
    batch.state, batch.released_by, batch.released_at = Batch.State.RELEASED, releaser, now
    batch.save(update_fields=["state", "released_by", "released_at"])
    Transfer.objects.filter(batch=batch).update(state="paid")
    day = timezone.localdate(now)
    move_all([Move(row, "paid", "payment", day) for row in rows], actor=SYSTEM, now=now)
    for row in rows:
        row.state = Payable.State.PAID
    Payable.objects.bulk_update(rows, ["state", "standing"])


def in_account(kind: str, holder: object = None) -> Decimal:
    """Yuan in the county's account of a kind, over all programmes."""
    place = Place(kind, county().pk, "special_support", holder)  # type: ignore[arg-type]
    return balance(accounts([place])[place])
