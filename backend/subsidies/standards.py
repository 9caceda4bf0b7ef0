"""Setting a standard: a new row from its day on, by its document. None is ever changed: a newer one takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.org.models import Unit
from backend.subsidies.models import Standard

KINDS_OF_AREA = frozenset({Unit.Kind.PROVINCE, Unit.Kind.CITY, Unit.Kind.COUNTY, Unit.Kind.TOWN})
"""Levels of government that give something."""
FEN = Decimal("0.01")


class BadStandard(Invalid):
    """Something of it does not fit."""

    code = "bad_standard"
    message = _("This does not fit a standard: an amount or a factor, its area, its days and the document it is from.")


class StandardKnown(Conflict):
    """One row of an area, subsidy, category, age and first day."""

    code = "standard_known"
    message = _("There is a standard of the same area, subsidy and first day already. It is not changed any more.")


@dataclass(frozen=True)
class NewStandard:
    """What an area adds to, sets instead of, or multiplies what the levels above it give. `area`: None, everywhere."""

    kind: str
    area: Unit | None
    mode: str
    from_date: date
    reference: str
    category: str = ""
    residence: str = ""
    min_age: int | None = None
    per: str = Standard.Per.MONTH
    amount: Decimal | None = None
    factor: Decimal | None = None
    to_date: date | None = None


def add(*, said: NewStandard, actor: Actor, now: datetime) -> Standard:
    """Keep a standard; what is owed already changes when somebody confirms the back pay. Raises BadStandard,
    StandardKnown."""
    _check(said, timezone.localdate(now))
    area = said.area
    place = area.code if area is not None else "national"
    number = Standard.objects.count() + 1
    try:
        with transaction.atomic():
            row = Standard.objects.create(
                code=f"{place}-{said.kind.replace('_', '-')}-{said.from_date:%Y%m%d}-{number}", kind=said.kind,
                category=said.category, area=area.path if area else "", area_name=area.name if area else "",
                residence=said.residence, min_age=said.min_age, mode=said.mode, per=said.per, amount=said.amount,
                factor=said.factor, from_date=said.from_date, to_date=said.to_date, reference=said.reference.strip(),
                is_verified=True, set_by_label=actor.label, created_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise StandardKnown from error
    data = {"kind": row.kind, "from_date": row.from_date.isoformat(), "reference": row.reference}
    value = f"×{row.factor}" if row.factor is not None else str(row.amount)
    record(action="standard.added", object=row, actor=actor, now=now, data={**data, "value": value})
    return row


def _check(said: NewStandard, day: date) -> None:
    multiplies = said.mode == Standard.Mode.MULTIPLY
    value, other = (said.factor, said.amount) if multiplies else (said.amount, said.factor)
    wrong = {
        "kind": said.kind not in codes.choices("subsidy_kind", day=day),
        "category": bool(said.category) and said.category not in codes.choices("subsidy_category", day=day),
        "area": said.area is not None and said.area.kind not in KINDS_OF_AREA,
        "mode": said.mode not in Standard.Mode.values,
        "per": said.per not in Standard.Per.values,
        "residence": said.residence not in Standard.Residence.values,
        "factor" if multiplies else "amount": value is None
        or value < 0
        or (multiplies and value == 0)
        or value != value.quantize(FEN),
        "amount" if multiplies else "factor": other is not None,
        "to_date": said.to_date is not None and said.to_date <= said.from_date,
        "reference": not said.reference.strip(),
    }
    found = [name for name, is_wrong in wrong.items() if is_wrong]
    if found:
        raise BadStandard([FieldProblem(f"/{name}", BadStandard.code, BadStandard.message) for name in found])
