"""Drawing a sample, drawing it again, and noting what was looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.drawing import digest_of, drawn, listed, new_seed
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.inspection.models import Sample, SampleRow
from backend.inspection.populations import members
from backend.org.access import Actor
from backend.org.models import Unit

LARGEST = 200
TOLD = 50
"""Ids that a verdict names; the numbers cover all."""


class NobodyThere(Conflict):
    """There is nothing to draw from."""

    code = "population_empty"
    message = _("There is nothing to draw from at this place and time.")


class TimeAhead(Invalid):
    """A population as of a time that has not come."""

    code = "ahead"
    message = _("This time has not come yet.")


@dataclass(frozen=True)
class Verdict:
    """What drawing again found. `is_same`: the very list came out of the population that was kept.

    `is_same_today`: it comes out of the rows as they are today as well; else `added` and `gone` say what differs.
    """

    is_same: bool
    is_same_today: bool
    count: int
    digest: str
    count_today: int
    digest_today: str
    added: Sequence[UUID]
    gone: Sequence[UUID]
    differing: Sequence[int]
    """Places whose member is another one when drawn from today's rows."""


def draw_sample(
    *,
    unit: Unit,
    population: str,
    size: int,
    as_of: datetime,
    actor: Actor,
    now: datetime,
    period: str = "",
    seed: str = "",
) -> Sample:
    """Draw from what was there at a time, with the seed given or one made now.

    History tells the digests of population and list, not the seed: whoever is inspected reads it too. Raises BadPeriod,
    TimeAhead, NobodyThere.
    """
    if as_of > now:
        raise TimeAhead([FieldProblem("/as_of", "ahead", TimeAhead.message)])
    found = members(population, path=unit.path, as_of=as_of, period=period)
    if not found:
        raise NobodyThere
    ids = sorted(found, key=str)
    sample = Sample.objects.create(
        unit=unit, population=population, period=period, as_of=as_of, size=size, seed=seed or new_seed(),
        count=len(ids), digest=digest_of(listed(ids)), ids=b"".join(each.bytes for each in ids),
        drawn_by_id=actor.user_id, drawn_label=actor.label, created_at=now,
    )  # fmt: skip
    chosen = drawn(ids, seed=sample.seed, size=size)
    SampleRow.objects.bulk_create(
        SampleRow(
            sample=sample, place=place, member_id=each, family_id=found[each].family_id, case_id=found[each].case_id
        )
        for place, each in enumerate(chosen, 1)
    )
    data = {"population": population, "period": period, "as_of": as_of.isoformat(), "count": len(ids)}
    digests = {"digest": sample.digest, "list": _list_digest(chosen)}
    record(
        action="sample.drawn", object=sample, actor=actor, now=now, data={**data, **digests, "size": len(chosen)},
        unit_path=unit.path, label=unit.name,
    )  # fmt: skip
    return sample


def draw_again(sample: Sample) -> Verdict:
    """Whether the kept population still gives the kept list, and whether today's rows would. Changes nothing."""
    kept = sample.members
    rows = list(sample.rows.order_by("place").values_list("member_id", flat=True))
    digest = digest_of(listed(kept))
    is_same = digest == sample.digest and drawn(kept, seed=sample.seed, size=sample.size) == rows
    today = members(sample.population, path=sample.unit.path, as_of=sample.as_of, period=sample.period)
    again = drawn(today, seed=sample.seed, size=sample.size)
    places = range(max(len(rows), len(again)))
    return Verdict(
        is_same=is_same,
        is_same_today=again == rows,
        count=len(kept),
        digest=digest,
        count_today=len(today),
        digest_today=digest_of(listed(today)),
        added=sorted(today.keys() - set(kept), key=str)[:TOLD],
        gone=sorted(set(kept) - today.keys(), key=str)[:TOLD],
        differing=[place + 1 for place in places if rows[place : place + 1] != again[place : place + 1]],
    )


def look_at(*, row: SampleRow, note: str, actor: Actor, now: datetime) -> SampleRow:
    """Note that a drawn row was looked at, again with another note. The note is the auditor's own and no history."""
    row.looked_at, row.looked_label, row.note = now, actor.label, note
    row.save(update_fields=["looked_at", "looked_label", "note"])
    record(
        action="sample.looked_at",
        object=row,
        label=row.family.label,
        unit_path=row.family.unit.path,
        family_id=row.family_id,
        case_id=row.case_id,
        actor=actor,
        now=now,
    )
    return row


def _list_digest(chosen: Sequence[UUID]) -> str:
    """SHA-256 of the drawn ids in their order, each ended by a line feed."""
    return hashlib.sha256("".join(f"{each}\n" for each in chosen).encode()).hexdigest()
