"""How far each policy that benefits families has landed (G18): what was due of it in a period, and what arrived.

The list benefit_policy names each policy's project, department, since when and on which basis it is one, and where a
family meets it: a subsidy of its own, or a service of the catalogue. Two statements, however many policies there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q

from backend.core.small_numbers import Pair
from backend.org import codes
from backend.org.models import Unit
from backend.payments.models import Payable
from backend.reporting import measures
from backend.reporting.months import Period
from backend.services.models import PlanItem

LIST = "benefit_policy"
PROJECTS = ("growth", "wealth", "health", "elder")
"""成才、致富、健康、养老: the four projects, in the order of the document."""


@dataclass(frozen=True)
class Policy:
    """One of them. `process`: where a family asks for it; `service`: the catalogue's entry by which it is given."""

    code: str
    name: str
    project: str
    department: str
    since: date
    basis: str
    process: str
    service: str
    kind: str
    """The subsidy that it is; empty for what is no subsidy."""
    documents: tuple[str, ...]
    landed: Pair


def policies(unit: Unit, period: Period, now: datetime) -> list[Policy]:
    """All of them, by project, with what was due in the period at the unit and below it."""
    landed = landing(unit.path, period, now)
    found = [
        Policy(
            code=code,
            name=entry.name(),
            project=entry.data["project"],
            department=entry.data["department"],
            since=date.fromisoformat(entry.data["since"]),
            basis=entry.data["basis"],
            process=entry.data["process"],
            service=entry.data.get("service", ""),
            kind=entry.data.get("kind", ""),
            documents=tuple(entry.data["rows"]),
            landed=_of(landed, "kind", entry) + _of(landed, "service", entry),
        )
        for code, entry in codes.choices(LIST, day=period.last_day(now)).items()
        if "project" in entry.data  # an office's own entry may not say yet where it belongs
    ]
    return sorted(found, key=lambda policy: PROJECTS.index(policy.project))


def landing(path: str, period: Period, now: datetime) -> Mapping[tuple[str, str], Pair]:
    """("kind", subsidy) or ("service", entry of the catalogue) → what arrived of what was due."""
    items = measures.entitled_items(path, period, now).values(what=F("entry__code")).order_by()
    owed = measures.due_payments(path, period, now).values(what=F("programme")).order_by()
    services = items.annotate(total=Count("pk"), hits=Count("pk", filter=Q(state=PlanItem.State.DELIVERED)))
    paid = owed.annotate(total=Count("pk"), hits=Count("pk", filter=Q(state=Payable.State.PAID)))
    return {
        (name, row["what"]): Pair(row["hits"], row["total"])
        for name, rows in (("service", services), ("kind", paid))
        for row in rows
    }


def _of(landed: Mapping[tuple[str, str], Pair], name: str, entry: codes.Code) -> Pair:
    return landed.get((name, entry.data.get(name, "")), Pair(0, 0))
