"""Verbs that touch a case and the instances that conduct it: start, close, reopen, transfer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend.audit.history import collect, record
from backend.cases import cases, splitting
from backend.cases.models import Case, Family, Programme
from backend.org.access import Actor
from backend.org.models import Unit
from workflows import services
from workflows.steps import family_case


def start_case(*, family: Family, programme: Programme, actor: Actor, now: datetime) -> Case:
    """Open a case for a family and begin the process of its programme.

    Raises AlreadyOpen, FamilyGone, ProgrammeNotInForce (backend.cases.cases).
    """
    with collect():
        case = cases.open_case(family=family, programme=programme, actor=actor, now=now)
        services.start(process=programme.process, case=case, actor=actor, now=now)
    return case


def split_family(
    *,
    family: Family,
    members: Sequence[UUID],
    number: str,
    reason: str,
    actor: Actor,
    now: datetime,
    live_address: str = "",
) -> Family:
    """A household becomes two (E28); in every programme in which it has a case under way the new one gets its own,
    which begins with asking it: what it is entitled to is told there. Raises as backend.cases.splitting.split_family.
    """
    services.need_reason(reason)
    with collect():
        made = splitting.split_family(
            family=family,
            members=members,
            number=number,
            reason=reason,
            actor=actor,
            now=now,
            live_address=live_address,
        )
        for case in Case.objects.filter(family=family, state__in=cases.LIVE).select_related("programme"):
            start_case(family=made, programme=case.programme, actor=actor, now=now)
    return made


def close_case(*, case: Case, reason: str, actor: Actor, now: datetime, code: str = "other") -> None:
    """Close a case: what conducts it is told and winds everything up; without a running process it is done here.

    `code`: of the list close_reason; rows and process data hold nothing else. `reason`: the office's words, for the
    history alone. Raises NotOpen, and ReasonMissing without a reason.
    """
    services.need_reason(reason)
    if case.state not in cases.LIVE:
        raise cases.NotOpen
    with collect():
        data = {"reason_code": code}
        record(action="case.closing_ordered", object=case, actor=actor, now=now, data=data, reason=reason)
        if not services.send_to_case(case=case, name="case_closed", data={"reason": code}, actor=actor, now=now):
            family_case.wind_up_case(case=case, reason=code, actor=actor, now=now)


def reopen_case(*, case: Case, reason: str, actor: Actor, now: datetime) -> None:
    """Take up a closed case again; its process begins anew. Raises NotClosed, AlreadyOpen, ReasonMissing."""
    services.need_reason(reason)
    with collect():
        cases.reopen_case(case=case, reason=reason, actor=actor, now=now)


def transfer_case(*, case: Case, to: Unit, reason: str, actor: Actor, now: datetime) -> None:
    """Hand a case over to another village or township. Raises NotOpen, NotAPlace, ConsentMissing, ReasonMissing."""
    services.need_reason(reason)
    with collect():
        cases.transfer_case(case=case, to=to, reason=reason, actor=actor, now=now)
