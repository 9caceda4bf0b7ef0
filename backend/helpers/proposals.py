"""Whom a family might be paired with, proposed: kept with its reasons, for a person to choose from (D04).

A proposal assigns nobody. Taken up, it becomes an offer through the case's own process, and both sides may say no.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.models import Case, CaseQuerySet
from backend.core import bulk, prepared
from backend.core.crypto import decrypt_bytes, encrypt_bytes
from backend.core.errors import Conflict, DomainError, FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.helpers import snapshots
from backend.helpers.candidates import applicants_among, applicants_for, helpers_around, place_of, places_of
from backend.helpers.matching import Proposed, Ranked, Ranking, assign, rank
from backend.helpers.models import Batch, Helper, Offer, Proposal
from backend.helpers.scoring import Applicant, Place
from backend.helpers.waiting import SEARCHING_PHASE, WAITING_PHASE
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit

TOP = 3
"""Parameter `pairing.shortlist`: how many helpers a person chooses from (D04)."""
RULES_VERSION = 1
"""Raised with every change of a rule or of how points are counted: a proposal says by which it was made."""
AT_ONCE = 400
"""Up to so many families are matched while one waits, more of them in the background."""


class NobodyLooks(Conflict):
    """No family of this area looks for a helper."""

    code = "nobody_looks"
    message = _("No family of this area is looking for a helper.")


class NoHelpers(Conflict):
    """There is nobody who could be asked."""

    code = "no_helpers"
    message = _("There is no helper who could be proposed.")


class NotReady(Conflict):
    """The batch is still being worked out."""

    code = "batch_not_ready"
    message = _("This is still being worked out. Look again in a moment.")


class NotOpen(Conflict):
    """Somebody has taken this proposal up already, or there is nobody in it."""

    code = "proposal_not_open"
    message = _("This proposal has been taken up already, or there is nobody in it.")


class NotAPartner(Invalid):
    """Only a partner unit has helpers of its own."""

    code = "not_a_partner_unit"
    message = _("This is no partner unit.")


@dataclass(frozen=True)
class Considered:
    """What the choice of a shortlist was made from, as it stood then."""

    most: Mapping[str, int]
    """By part of the score the points that it can give for this family."""
    free: Mapping[UUID, int]
    """By helper on the list: places neither taken nor promised."""


@dataclass(frozen=True)
class Recomputed:
    """What working it out again found."""

    is_same: bool
    """The very same proposals came out of the inputs that were kept."""
    differing: int
    """How many did not."""
    inputs_same: bool
    """Whether the register still says today what it said then."""
    changes: Sequence[snapshots.Change]


# --- one family


def make_shortlist(*, case: Case, asked: Collection[UUID], actor: Actor, now: datetime) -> Ranking:
    """Rank the helpers of the county for this case and keep the best; those `asked` before are left out.

    History tells who came to stand on the list, and how many were left out by which rule. When a proposal of a batch
    has been taken up for this case, its offer is on its way.
    """
    today = timezone.localdate(now)
    top = int(parameters.value("pairing.shortlist", path=case.unit_path, day=today, default=TOP))
    place, helpers = place_of(case, today, asked=asked), applicants_for(case, today)
    ranking = rank(place, helpers, top=top)
    listed = {entry.id for entry in ranking.best}
    batch = Batch(scope=Batch.Scope.SHORTLIST, unit_id=case.unit_id, case=case, day=today, actor=actor.as_json())
    batch.digest = _finish(batch, [place], [one for one in helpers if one.id in listed], now)
    batch.helpers, batch.served, batch.left_out = len(helpers), min(len(listed), 1), dict(ranking.excluded)
    batch.created_at = now
    batch.save(force_insert=True)
    left = len(helpers) - sum(ranking.excluded.values())
    Proposal.objects.bulk_create(
        Proposal(batch=batch, case=case, place=number, weighed=left, created_at=now, **_told(entry))
        for number, entry in enumerate(ranking.best, start=1)
    )
    shown = [{"helper": str(entry.id), "score": entry.score} for entry in ranking.best]
    data = {"shortlist": shown, "excluded": dict(ranking.excluded)}
    record(action="helpers.ranked", object=case, actor=actor, now=now, data=data)
    for taken_up in Proposal.objects.filter(case=case, state=Proposal.State.ACCEPTED):
        _on_its_way(taken_up, actor)
    return ranking


def shortlist(case: Case) -> QuerySet[Proposal]:
    """Who stands on the case's newest shortlist, the best first."""
    return Proposal.objects.filter(batch__in=_shortlists(case).values("pk")[:1]).order_by("place")


def newest_shortlist(case: Case) -> Batch | None:
    """The case's newest shortlist itself: when it was made, and how many each hard rule left out."""
    return _shortlists(case).first()


def considered(batch: Batch) -> Considered | None:
    """What a shortlist was chosen from; None for one that was made before this was kept."""
    if not batch.inputs:
        return None
    (place,), helpers = snapshots.unpacked(decrypt_bytes(bytes(batch.inputs)))
    return Considered(place.weights.most, {one.id: one.places - one.load for one in helpers})


# --- many families


def start_batch(
    *, unit: Unit, actor: Actor, now: datetime, partner_unit: Unit | None = None, seed: int | None = None
) -> Batch:
    """Match everybody in the unit's area who looks for a helper, at once or in the background.

    `partner_unit`: only its helpers are proposed. Raises NobodyLooks, NoHelpers, NotAPartner.
    """
    if partner_unit is not None and partner_unit.kind != Unit.Kind.PARTNER:
        raise NotAPartner([FieldProblem("/partner_unit", NotAPartner.code, NotAPartner.message)])
    batch = Batch(
        scope=Batch.Scope.HELPERS if partner_unit else Batch.Scope.AREA,
        unit=unit,
        partner_unit=partner_unit,
        day=timezone.localdate(now),
        seed=int(now.timestamp()) if seed is None else seed,
        actor=actor.as_json(),
        created_at=now,
    )
    batch.families = _looking(unit).count()
    if not batch.families:
        raise NobodyLooks
    if not _helpers_of(batch).exists():
        raise NoHelpers
    batch.save(force_insert=True)
    data = {"families": batch.families, "scope": batch.scope}
    record(
        action="proposals.asked", object=batch, label=unit.name, unit_path=unit.path, actor=actor, now=now, data=data
    )
    if batch.families > AT_ONCE:
        enqueue("proposals.run", lock="proposals", batch_id=str(batch.pk))
        return batch
    return run_batch(batch=batch, now=now)


def run_batch(*, batch: Batch, now: datetime) -> Batch:
    """Work a batch out and keep every proposal with its reasons. Once: a batch that is done stays as it is."""
    held = prepared.found(Batch, batch.pk, follow=("unit", "partner_unit"), lock=True)
    if held.state == Batch.State.DONE:
        return held
    with connection.cursor() as cursor:
        # For a large county the solver keeps the database waiting for longer than a forgotten transaction may.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
    places = places_of(_looking(held.unit), held.day, asked=_asked(held.unit))
    helpers = applicants_among(_helpers_of(held), held.day)
    proposed = assign(places, helpers, seed=held.seed)
    held.digest = _finish(held, places, helpers, now)
    held.helpers = len(helpers)
    held.served = sum(each.helper is not None for each in proposed)
    held.left_out = dict(sum((Counter(each.excluded) for each in proposed), Counter()))
    held.save()
    bulk.insert([_row(held, each, now) for each in proposed])
    record(
        action="proposals.made",
        object=held,
        label=held.unit.name,
        unit_path=held.unit.path,
        actor=Actor.from_json(held.actor),
        now=now,
        data={"families": held.families, "helpers": held.helpers, "served": held.served},
    )
    return held


def recompute(*, batch: Batch) -> Recomputed:
    """Work a batch out again from the inputs that were kept, and say what the register says differently today.

    Raises NotReady.
    """
    if batch.state != Batch.State.DONE:
        raise NotReady
    places, helpers = snapshots.unpacked(decrypt_bytes(bytes(batch.inputs)))
    stored = batch.proposals.values_list("case_id", "helper_id", "score", "parts", "reasons")
    before: dict[tuple[UUID | None, UUID | None], tuple[Any, ...]] = {
        (case, helper): (score, parts, tuple(reasons)) for case, helper, score, parts, reasons in stored
    }
    again = assign(places, helpers, seed=batch.seed)
    after = {(each.place.id, each.helper.id if each.helper else None): _points(each.helper) for each in again}
    differing = sum(before.get(key) != value for key, value in after.items()) + len(before.keys() - after.keys())
    cases = Case.objects.filter(pk__in=[place.id for place in places])
    today = snapshots.rows(
        places_of(cases, batch.day, asked=_asked(batch.unit)), applicants_among(_helpers_of(batch), batch.day)
    )
    found = snapshots.changes(snapshots.rows(places, helpers), today)
    return Recomputed(not differing, differing, not found, found)


def take_up(*, proposal: Proposal, actor: Actor, now: datetime) -> Proposal:
    """Have the helper asked: the case's process makes the offer, as if chosen from its shortlist. Raises NotOpen."""
    held = prepared.found(Proposal, proposal.pk, follow=("case", "helper"), lock=True)
    if held.state != Proposal.State.OPEN or held.helper is None:
        raise NotOpen
    held.state, held.decided_by_id, held.decided_at = Proposal.State.ACCEPTED, actor.user_id, now
    held.save(update_fields=["state", "decided_by", "decided_at"])
    data = {"helper": str(held.helper_id), "helper_name": held.helper.name, "score": held.score}
    record(action="proposal.taken_up", object=held.case, actor=actor, now=now, data=data)
    _on_its_way(held, actor)
    return held


def take_up_each(
    *, proposals: Iterable[Proposal], actor: Actor, now: datetime
) -> list[tuple[Proposal, DomainError | None]]:
    """Several; what became of each."""
    told: list[tuple[Proposal, DomainError | None]] = []
    for proposal in proposals:
        try:
            told.append((take_up(proposal=proposal, actor=actor, now=now), None))
        except DomainError as problem:
            told.append((proposal, problem))
    return told


def close_proposal(*, proposal: Proposal, offer: Offer | None) -> None:
    """What came of a proposal that was taken up: an offer, or the rules have come to forbid it meanwhile."""
    proposal.offer, proposal.state = offer, Proposal.State.OFFERED if offer else Proposal.State.PASSED
    proposal.save(update_fields=["offer", "state"])


def _on_its_way(proposal: Proposal, actor: Actor) -> None:
    enqueue(
        "proposals.offer", lock=f"case:{proposal.case_id}", proposal_id=str(proposal.pk), actor=actor.as_json()
    )  # fmt: skip


def _shortlists(case: Case) -> QuerySet[Batch]:
    return Batch.objects.filter(case=case, scope=Batch.Scope.SHORTLIST).order_by("-id")


def _looking(unit: Unit) -> CaseQuerySet:
    """Open cases of the area that look for somebody and have asked nobody: of each family the oldest."""
    looking = Case.objects.filter(phase__in=[WAITING_PHASE, SEARCHING_PHASE], state=Case.State.OPEN)
    asked = Offer.objects.filter(case=OuterRef("pk"), state__in=Offer.PROMISED, pairing__isnull=True)
    older = looking.filter(family=OuterRef("family"), pk__lt=OuterRef("pk"))
    rows: CaseQuerySet = looking.filter(~Exists(asked), ~Exists(older), unit_path__startswith=unit.path)
    return rows


def _helpers_of(batch: Batch) -> QuerySet[Helper]:
    if batch.partner_unit_id:
        return Helper.objects.filter(partner_unit=batch.partner_unit_id).exclude(status=Helper.Status.ENDED)
    return helpers_around(batch.unit.path)


def _asked(unit: Unit) -> Mapping[UUID, Collection[UUID]]:
    """By case the helpers who said no, or did not answer, while the case looked for somebody."""
    told: dict[UUID, set[UUID]] = {}
    closed = Offer.objects.filter(case__unit_path__startswith=unit.path, pairing__isnull=True).exclude(
        state__in=Offer.PROMISED
    )
    looking = closed.filter(case__phase__in=[WAITING_PHASE, SEARCHING_PHASE], case__state=Case.State.OPEN)
    for case, helper in looking.values_list("case_id", "helper_id"):
        told.setdefault(case, set()).add(helper)
    return told


def _finish(batch: Batch, places: Sequence[Place], helpers: Sequence[Applicant], now: datetime) -> bytes:
    """Keep what a batch was worked out from; its digest."""
    inputs = snapshots.rows(places, helpers)
    batch.inputs = encrypt_bytes(snapshots.packed(inputs))
    batch.program = f"rules {RULES_VERSION}, ortools {version('ortools')}, numpy {version('numpy')}"
    batch.families, batch.state, batch.done_at = len(places), Batch.State.DONE, now
    return snapshots.digest(inputs)


def _row(batch: Batch, each: Proposed, now: datetime) -> Proposal:
    told: dict[str, Any] = _told(each.helper) if each.helper else {"nobody_because": each.nobody_because}
    values = {"batch_id": batch.pk, "case_id": each.place.id, "place": each.rank, "weighed": each.candidates}
    return bulk.new(Proposal, {**values, **told, "left_out": dict(each.excluded), "created_at": now})


def _told(entry: Ranked) -> dict[str, Any]:
    points = {"score": entry.score, "parts": dict(entry.parts), "reasons": list(entry.reasons)}
    return {"helper_id": entry.id, **points}


def _points(entry: Ranked | None) -> tuple[int, dict[str, int], tuple[str, ...]]:
    return (entry.score, dict(entry.parts), entry.reasons) if entry else (0, {}, ())
