"""The charity shop (爱心超市, G11): points by rule, once for a period; redeemed at the counter against a signature."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Family
from backend.cases.numbers import next_number, township_code
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.funds import stock
from backend.funds.aid import ELDERS
from backend.funds.models import Article, PointGrant, Redemption, Store
from backend.funds.stock import Source
from backend.org import codes, parameters
from backend.org.access import Actor

PORTION = 500
"""Rows written with one statement."""


class TooFewPoints(Conflict):
    """The family has fewer points than the goods cost."""

    code = "too_few_points"
    message = _("These goods cost %(wanted)s points, the family has %(left)s.")


class BadBasket(Invalid):
    """Goods that the shop does not give for points, or nobody who signed."""

    code = "bad_basket"
    message = _("Choose goods of this shop, who takes them and how that is confirmed.")


@dataclass(frozen=True)
class Basket:
    """What a family wants to take home: article → pieces; who takes it, and how that is confirmed."""

    pieces: Mapping[UUID, int]
    received_by: str
    receipt: str


def grant_points(
    *, store: Store, families: Iterable[Family], holders: Collection[UUID], actor: Actor, now: datetime
) -> int:
    """This year's points of a place, by the parameter `shop.points`; who has them already gets none. How many grants.

    `holders`: families with a care card in use (S8), whom the card entitles.
    """
    day = timezone.localdate(now)
    points: Mapping[str, int] = parameters.value("shop.points", path=store.unit.path, day=day, default={})
    rows = [
        PointGrant(
            store=store, family=family, rule=rule, period=str(day.year), points=points[rule], left=points[rule],
            expires_on=date(day.year, 12, 31), created_at=now,
        )
        for family in families
        for rule in _rules(family, holders)
        if points.get(rule)
    ]  # fmt: skip
    before = PointGrant.objects.filter(store=store).count()
    PointGrant.objects.bulk_create(rows, batch_size=PORTION, ignore_conflicts=True)
    made = PointGrant.objects.filter(store=store).count() - before
    if made:
        record(action="points.granted", object=store, actor=actor, now=now, data={"families": made})
    return made


def redeem(*, store: Store, family: Family, basket: Basket, actor: Actor, now: datetime) -> Redemption:
    """Goods for points, signed for. Raises BadBasket, TooFewPoints, OutOfStock; nothing has changed then."""
    day = timezone.localdate(now)
    _check(basket)
    articles = list(store.articles.filter(pk__in=basket.pieces, points__isnull=False).select_related("store__unit"))
    if len(articles) < len(basket.pieces):
        raise BadBasket([FieldProblem("/pieces", BadBasket.code, BadBasket.message)])
    articles.sort(key=lambda each: each.pk)
    cost = sum((each.points or 0) * basket.pieces[each.pk] for each in articles)
    _spend(family, cost, day)
    scope = f"DH-{township_code(store.unit)}-{day.year}"
    made = Redemption.objects.create(
        number=f"{scope}-{next_number(scope):04d}", store=store, family=family, points=cost,
        items=[_line(each, basket.pieces[each.pk]) for each in articles], received_by=basket.received_by,
        receipt=basket.receipt, served_by_id=actor.user_id, served_label=actor.label, created_at=now,
    )  # fmt: skip
    source = Source("redemption", made.pk)
    for each in articles:
        stock.issue(
            article=each, quantity=basket.pieces[each.pk], reason="redeemed", source=source, actor=actor, now=now
        )
    record(action="points.redeemed", object=made, actor=actor, now=now, data={"points": cost})
    return made


def points_of(family: Family, day: date) -> int:
    """Points that the family can spend on that day."""
    return int(_open(family, day).aggregate(sum=Coalesce(Sum("left"), 0))["sum"])


def _rules(family: Family, holders: Collection[UUID]) -> Sequence[str]:
    known = family.known_categories
    told = {"card": family.pk in holders, "hardship": "hardship" in known, "elder": bool(known & ELDERS)}
    return [rule for rule, applies in told.items() if applies]


def _open(family: Family, day: date) -> QuerySet[PointGrant]:
    return PointGrant.objects.filter(family=family, left__gt=0, expires_on__gte=day).order_by("expires_on", "id")


def _spend(family: Family, cost: int, day: date) -> None:
    """Take points, the soonest to lapse first."""
    grants = list(_open(family, day).select_for_update())
    there = sum(each.left for each in grants)
    if there < cost:
        raise TooFewPoints(params={"wanted": cost, "left": there})
    wanted = cost
    for each in grants:
        part = min(each.left, wanted)
        each.left, wanted = each.left - part, wanted - part
    PointGrant.objects.bulk_update(grants, ["left"])


def _check(basket: Basket) -> None:
    wrong = []
    if not basket.pieces or any(number < 1 for number in basket.pieces.values()):
        wrong.append("pieces")
    if not codes.knows("gift_receiver", basket.received_by):
        wrong.append("received_by")
    if not codes.knows("gift_receipt", basket.receipt):
        wrong.append("receipt")
    if wrong:
        raise BadBasket([FieldProblem(f"/{name}", BadBasket.code, BadBasket.message) for name in wrong])


def _line(article: Article, quantity: int) -> dict[str, object]:
    return {
        "article": str(article.pk), "name": article.name, "measure": article.measure, "quantity": quantity,
        "points": (article.points or 0) * quantity,
    }  # fmt: skip
