"""Carrying out a rotation: one signature, then a job for each of those who leave; repeated, it goes on where it was."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from backend.audit.history import collect
from backend.core.errors import Conflict, Invalid
from backend.core.jobs import enqueue
from backend.helpers import register, rotations
from backend.helpers.models import Helper, Rotation, RotationRow
from backend.helpers.successions import running_for
from backend.org.access import Actor
from workflows.successions import move_succession, start_succession

UNDER_WAY = (Rotation.State.APPROVED, Rotation.State.DONE)
"""All families may be done before all people are: those who have none are told the last day too."""


def approve_rotation(*, rotation: Rotation, actor: Actor, now: datetime, version: int | None = None) -> Rotation:
    """Approve the plan and queue what follows from it.

    Raises NotPrepared, StaleVersion, OwnPlan, DayPassed, Changed (backend.helpers.rotations).
    """
    with collect():
        held = rotations.approve(rotation=rotation, actor=actor, now=now, version=version)
        for helper_id in held.leaving:
            enqueue(
                "rotations.carry_out",
                lock=f"rotation:{held.pk}",
                rotation_id=str(held.pk),
                helper_id=str(helper_id),
                actor=actor.as_json(),
            )
    return held


def carry_out(*, rotation: Rotation, helper_id: UUID, actor: Actor, now: datetime) -> None:
    """One of those who leave: the last day is noted, and for each family whoever is named is asked first.

    What cannot be done any more is noted with its reason and holds up nobody else. Done twice, or after the rotation
    was cancelled, nothing happens.
    """
    if rotation.state not in UNDER_WAY:
        return
    with collect():
        _note_leaving(rotation, helper_id, actor, now)
        for row in rotations.open_rows(rotation, helper_id):
            _carry_out_row(rotation, row, actor, now)
        rotations.finish(rotation=rotation, actor=actor, now=now)


def _note_leaving(rotation: Rotation, helper_id: UUID, actor: Actor, now: datetime) -> None:
    helper = Helper.objects.get(pk=helper_id)
    if helper.status == Helper.Status.ENDED or helper.to_date == rotation.leaves_on:
        return
    register.update_helper(helper=helper, changes={"to_date": rotation.leaves_on}, actor=actor, now=now)


def _carry_out_row(rotation: Rotation, row: RotationRow, actor: Actor, now: datetime) -> None:
    running = running_for([row.pairing_id]).get(row.pairing_id)
    try:
        with transaction.atomic():
            if running is not None:
                move_succession(succession=running, ends_on=rotation.leaves_on, actor=actor, now=now)
            else:
                running = start_succession(
                    pairing=row.pairing,
                    ends_on=rotation.leaves_on,
                    reason=rotation.reason,
                    named=row.successor,
                    actor=actor,
                    now=now,
                )
            row.state, row.succession = RotationRow.State.BEGUN, running
            row.save(update_fields=["state", "succession"])
    except (Conflict, Invalid) as refused:
        row.state, row.succession, row.problem = RotationRow.State.SKIPPED, None, refused.code
        row.save(update_fields=["state", "problem"])
