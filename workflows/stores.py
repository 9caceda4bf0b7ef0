"""A store's months, begun by themselves; the counter of the charity shop; what is asked for when goods run low."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from django.utils import timezone

from backend.audit.history import collect
from backend.cases.models import Family
from backend.funds import counts, shop, stock
from backend.funds.models import Redemption, StockCount, Store
from backend.funds.shop import Basket
from backend.org.access import SYSTEM, Actor
from backend.org.working_days import end_of_day
from workflows import services

PROCESS = "store_month"


def begin_month(*, store: Store, actor: Actor, now: datetime) -> StockCount | None:
    """This month's run of the process for a store; none when it runs already."""
    day = timezone.localdate(now)
    last = date(day.year, day.month, monthrange(day.year, day.month)[1])
    with collect():
        row = counts.begin(store=store, month=day.replace(day=1), actor=actor, now=now)
        if row is None:
            return None
        data = {
            "count": str(row.pk),
            "reference": f"PD-{store.unit.code}-{store.kind}-{day:%Y%m}",
            "office": str(store.unit_id),
            "count_at": end_of_day(last).isoformat(),
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        StockCount.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def begin_due(now: datetime) -> int:
    """Every night: the month of every open store; returns how many began."""
    stores = Store.objects.filter(is_open=True).select_related("unit").order_by("id")
    return sum(1 for store in stores if begin_month(store=store, actor=SYSTEM, now=now) is not None)


def redeem(*, store: Store, family: Family, basket: Basket, actor: Actor, now: datetime) -> Redemption:
    """Goods for points at the counter; what runs low is asked for. Raises BadBasket, TooFewPoints, OutOfStock."""
    made = shop.redeem(store=store, family=family, basket=basket, actor=actor, now=now)
    tell_low(store=store, actor=actor, now=now)
    return made


def tell_low(*, store: Store, actor: Actor, now: datetime) -> None:
    """The month hears that something runs low; while it is being restocked already, that changes nothing."""
    if stock.low(store, timezone.localdate(now)):
        running = store.counts.filter(state=StockCount.State.OPEN, instance_id__isnull=False).order_by("month").last()
        if running is not None and running.instance_id is not None:
            services.send_message(instance_id=running.instance_id, name="stock_low", data={}, actor=actor, now=now)
