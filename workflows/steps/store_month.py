"""Steps of a store's month (P10 C): points by rule, restocked, counted, differences settled by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.audit.history import record
from backend.cases.models import Family
from backend.funds import counts, shop
from backend.funds.models import StockCount, Store
from backend.services.models import Card
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def grant_points(call: Call) -> None:
    """This year's points of the shop's families; a store room gives none."""
    context, row = of(call), _count(call)
    if row.store.kind != Store.Kind.SHOP:
        return
    families = Family.objects.filter(unit__path__startswith=row.store.unit.path, status=Family.Status.REGISTERED)
    cards = Card.objects.in_use(timezone.localdate(context.now)).filter(family__in=families)
    shop.grant_points(
        store=row.store, families=families.only("categories", "declared_categories", "unit"),
        holders=frozenset(cards.values_list("family_id", flat=True)), actor=context.actor, now=context.now,
    )  # fmt: skip


def record_restock(call: Call) -> None:
    """How what runs low is filled up; what comes is taken in by itself."""
    context, row = of(call), _count(call)
    data = {"restock_by": str(call.answers["restock_by"])}
    record(action="stock.restock_planned", object=row, actor=context.actor, now=context.now, data=data)


def record_count(call: Call) -> Mapping[str, Any]:
    """All lots are counted; how many differ."""
    context = of(call)
    return {"differences": counts.finish(count=_count(call), actor=context.actor, now=context.now)}


def record_settlement(call: Call) -> None:
    """Booked as counted, or counted again."""
    context, answers, row = of(call), call.answers, _count(call)
    reason = str(answers["reason"])
    if answers["settlement"] == "book":
        cause = str(answers["cause"])
        counts.settle(count=row, cause=cause, reason=reason, actor=context.actor, now=context.now)
    else:
        counts.count_again(count=row, reason=reason, actor=context.actor, now=context.now)


def _count(call: Call) -> StockCount:
    rows = StockCount.objects.select_for_update(of=("self",)).select_related("store__unit")
    return rows.get(pk=call.data["count"])


STEPS: Mapping[str, Step] = {
    "store_month.grant_points": grant_points,
    "store_month.record_restock": record_restock,
    "store_month.record_count": record_count,
    "store_month.record_settlement": record_settlement,
}
