"""Steps of a site's check: what was found, what was done about it, when it has to be closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.activities import sites
from backend.activities.models import Site
from backend.core import prepared
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def record_inspection(call: Call) -> Mapping[str, Any]:
    """Which standards it meets; by when the rest has to be put right."""
    return _record(call, Site.Check.INSPECTION)


def record_equipment(call: Call) -> Mapping[str, Any]:
    """Whether everything works."""
    return _record(call, Site.Check.EQUIPMENT)


def record_repair(call: Call) -> None:
    """What was done; it is looked at again."""
    context = of(call)
    sites.record_repair(site=_site(call), done=str(call.answers["done"]), actor=context.actor, now=context.now)


def record_closing(call: Call) -> None:
    """The supervisor agrees that it is closed."""
    context = of(call)
    if call.answers["closing"] == "agree":
        sites.close(site=_site(call), actor=context.actor, now=context.now)


def tell_overdue(call: Call) -> None:
    """It was not put right in time."""
    context = of(call)
    sites.tell_overdue(site=_site(call), actor=context.actor, now=context.now)


def end_check(call: Call) -> None:
    """In order, until the next one."""
    sites.end_check(site=_site(call), check=str(call.data["check"]))


def _record(call: Call, check: str) -> Mapping[str, Any]:
    context = of(call)
    due = sites.record_check(site=_site(call), check=check, answers=call.answers, actor=context.actor, now=context.now)
    return {"repair_by": due.isoformat()}


def _site(call: Call) -> Site:
    return prepared.found(Site, call.data["site"], follow=("unit",))


STEPS: Mapping[str, Step] = {
    "site_inspection.record_inspection": record_inspection,
    "site_inspection.record_equipment": record_equipment,
    "site_inspection.record_repair": record_repair,
    "site_inspection.record_closing": record_closing,
    "site_inspection.tell_overdue": tell_overdue,
    "site_inspection.end_check": end_check,
}
