"""Carrying out approved rotations, one of those who leave after the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from backend.core import prepared
from backend.helpers.models import Rotation
from backend.jobs.once import once
from backend.jobs.processes import RETRY
from backend.org.access import Actor
from workflows import rotations


@app.task(name="rotations.carry_out", retry=RETRY, pass_context=True)
def carry_out(context: JobContext, *, rotation_id: str, helper_id: str, actor: dict[str, Any] | None = None) -> None:
    """What an approved rotation means for one of those who leave."""
    with once(context) as first:
        if first:
            rotations.carry_out(
                rotation=prepared.found(Rotation, rotation_id, follow=("office", "partner_unit")),
                helper_id=UUID(helper_id),
                actor=Actor.from_json(actor),
                now=timezone.now(),
            )
