"""A search for a helper: begun as a phase of the case, or beside it while the one who leaves still visits.

Both are runs of the process `pairing`. What differs is told by process data: `succeeds`, the spell that ends, and
`first`, the helper who is asked before anybody else.
"""

from __future__ import annotations

from uuid import UUID

from backend.cases.models import Case
from backend.core.jobs import enqueue
from backend.helpers.models import Pairing
from workflows.engine.runner import Call
from workflows.models import Instance
from workflows.steps.context import Context, of

SEARCH, BESIDE = "pairing", "succession"


def leaving(call: Call) -> Pairing | None:
    """The spell that the search's helper is to follow, as long as it is in force: then the search runs beside the case.

    Once the spell is over, the same search goes on as the case's phase.
    """
    spell = call.data.get("succeeds")
    return Pairing.objects.on(of(call).today).filter(pk=spell).select_related("case").first() if spell else None


def begin(context: Context, case: Case, spell: UUID, *, first: UUID | None = None) -> None:
    """Queue a search beside the case; one that is under way already goes on, with this instance to report to."""
    if take_over(context, case):
        return
    enqueue(
        "processes.start",
        lock=f"case:{case.pk}",
        process=SEARCH,
        case_id=str(case.pk),
        parent_id=str(context.instance_id),
        data={"succeeds": str(spell), "first": str(first) if first else None},
        actor=context.actor.as_json(),
    )


def take_over(context: Context, case: Case) -> bool:
    """Let a search that runs beside the case report to this instance from now on: consents given are not asked again.

    Only the address in its row changes; one that ends at this very moment is not taken over.
    """
    beside = Instance.objects.filter(case=case, process__key=BESIDE).exclude(pk=context.instance_id)
    found = Instance.objects.filter(case=case, process__key=SEARCH, state=Instance.State.RUNNING)
    return bool(
        found.filter(parent_id__in=list(beside.values_list("pk", flat=True))).update(parent_id=context.instance_id)
    )


def report_found(context: Context) -> None:
    """Tell the instance itself that its search is over before it began: a helper is there."""
    enqueue(
        "processes.message",
        lock=f"instance:{context.instance_id}",
        instance_id=str(context.instance_id),
        name="phase_ended",
        data={"phase_outcome": "paired", "phase": SEARCH},
        actor=context.actor.as_json(),
    )
