"""Batches of proposals: made in the order of need, kept so that they can be worked out again, taken up as offers."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.cases.models import Case
from backend.core.crypto import decrypt_bytes
from backend.helpers import snapshots
from backend.helpers.models import Batch, Helper, Offer, Pairing, Proposal
from backend.helpers.outcomes import UNSCORED, outcomes
from backend.helpers.proposals import (
    AT_ONCE,
    NobodyLooks,
    NoHelpers,
    NotAPartner,
    NotOpen,
    NotReady,
    make_shortlist,
    recompute,
    run_batch,
    start_batch,
    take_up,
)
from backend.helpers.waiting import waiting_list
from backend.org.parameters import set_parameter
from tests import factories
from tests.queueing import queued

pytestmark = pytest.mark.django_db


def waiting(tier: str = "", *, days: int = 1, now: datetime, **fields: Any) -> Case:
    """A case on the waiting list."""
    family = factories.family(risk_tier=tier, **fields)
    return factories.case(family, phase="waiting", opened_at=now - timedelta(days=days))


def made(now: datetime, **wishes: Any) -> Batch:
    """A batch for the township."""
    return start_batch(unit=factories.town(), actor=factories.actor(), now=now, seed=7, **wishes)


def test_the_most_urgent_then_who_waits_longest(now: datetime) -> None:
    order = [
        waiting("A", days=2, now=now),
        waiting("B", days=90, now=now),
        waiting("B", days=5, now=now),
        waiting("", days=400, now=now),
    ]
    assert list(waiting_list()) == order
    factories.helper(max_families=2)
    batch = made(now)
    assert [row.case for row in batch.proposals.order_by("place")] == order
    assert [bool(row.helper) for row in batch.proposals.order_by("place")] == [True, True, False, False]
    assert (batch.families, batch.helpers, batch.served) == (4, 1, 2)


def test_the_day_since_when_a_family_has_had_nobody(now: datetime) -> None:
    left, new = waiting(days=900, now=now), waiting(days=30, now=now)
    spell = factories.pairing(left, factories.helper(), from_date=date(2024, 6, 1))
    spell.to_date, spell.end_reason = factories.TODAY - timedelta(days=3), "moved"
    spell.save()
    assert [(case, vars(case)["since"]) for case in waiting_list()] == [
        (new, factories.TODAY - timedelta(days=30)),
        (left, factories.TODAY - timedelta(days=3)),
    ]


def test_every_proposal_tells_its_reasons_and_what_each_rule_removed(now: datetime) -> None:
    case = waiting("A", now=now, languages=["天津话"], needs=["comfort"])
    near = factories.helper(unit=factories.village(), languages=["天津话"], skills=["聊天"])
    factories.helper(status="away")
    factories.helper(kind_="mother")
    row = made(now).proposals.get()
    assert (row.case, row.helper, row.score) == (case, near, 95)
    assert row.reasons == ["same_village", "same_language", "has_skills", "no_family_yet", "ready"]
    assert sum(row.parts.values()) == row.score
    assert (row.weighed, row.left_out) == (1, {"not_active": 1, "kind_not_allowed": 1})
    assert Event.objects.get(action="proposals.made").data["served"] == 1


def test_nobody_fits_or_somebody_needs_them_more(now: datetime) -> None:
    child = {"name": "小明", "relation": "20", "birth_date": date(2018, 5, 1)}
    waiting("A", now=now)
    waiting("B", now=now)
    waiting("C", now=now, members=[child])
    factories.kind("volunteer", minors=False)
    factories.helper(max_families=1)
    assert [row.nobody_because for row in made(now).proposals.order_by("place")] == [
        "",
        "needed_elsewhere",
        "none_fits",
    ]


def test_only_the_unit_s_own_helpers(now: datetime) -> None:
    waiting(now=now)
    factories.helper(unit=factories.village())
    soldier = factories.helper(partner_unit=factories.partner())
    assert made(now, partner_unit=factories.partner()).proposals.get().helper == soldier
    with pytest.raises(NotAPartner):
        made(now, partner_unit=factories.village())


def test_what_is_asked_for_in_vain(now: datetime) -> None:
    with pytest.raises(NobodyLooks):
        made(now)
    waiting(now=now)
    with pytest.raises(NoHelpers):
        made(now)
    assert not Batch.objects.exists()


def test_whoever_has_been_asked_for_a_family_is_waited_for(now: datetime) -> None:
    case, helper = waiting(now=now), factories.helper(max_families=3)
    offer = Offer.objects.create(case=case, helper=helper, state="open")
    with pytest.raises(NobodyLooks):
        made(now)
    Offer.objects.filter(pk=offer.pk).update(state="declined")
    assert made(now).proposals.get().left_out == {"asked_before": 1}


def test_worked_out_again_it_is_the_same_and_says_what_has_changed(now: datetime) -> None:
    cases = [waiting(tier, now=now) for tier in "ABC"]
    helpers = [factories.helper(languages=["普通话"]) for _ in range(2)]
    batch = made(now)
    assert batch.digest == snapshots.digest(snapshots.rows(*snapshots.unpacked(decrypt_bytes(bytes(batch.inputs)))))
    found = recompute(batch=batch)
    assert (found.is_same, found.inputs_same, found.changes) == (True, True, [])
    Helper.objects.filter(pk=helpers[0].pk).update(languages=["粤语"])
    set_parameter(
        key="matching.weights",
        value={"same_village": 50, "language": 50},
        from_date=date(2026, 1, 1),
        path=factories.town().path,
    )
    new = factories.helper()
    found = recompute(batch=batch)
    assert (found.is_same, found.inputs_same) == (True, False)
    told = {(change.kind, change.id): (change.what, change.fields) for change in found.changes}
    assert told[("helper", str(helpers[0].pk))] == ("changed", ("languages",))
    assert told[("helper", str(new.pk))] == ("added", ())
    assert told[("family", str(cases[0].pk))] == ("changed", ("weights",))
    batch.proposals.filter(helper__isnull=False).update(score=1)
    assert recompute(batch=batch).differing == 2


def test_a_large_area_is_worked_out_in_the_background(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(now=now)
    factories.helper()
    monkeypatch.setattr("backend.helpers.proposals.AT_ONCE", 0)
    batch = made(now)
    assert (batch.state, batch.families) == ("waiting", 1)
    with pytest.raises(NotReady):
        recompute(batch=batch)
    assert run_batch(batch=batch, now=now).state == "done"
    run_batch(batch=batch, now=now)
    assert batch.proposals.count() == 1
    assert AT_ONCE > 100


def test_as_many_statements_for_forty_families_as_for_four(now: datetime) -> None:
    factories.helper()
    waiting(now=now)
    made(now)
    counts = []
    for more in (4, 36):
        for _ in range(more):
            waiting(now=now)
            factories.helper()
        with CaptureQueriesContext(connection) as seen:
            made(now)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_taken_up_once_and_told(now: datetime) -> None:
    case, helper = waiting(now=now), factories.helper()
    row = made(now).proposals.get()
    take_up(proposal=row, actor=factories.actor(), now=now)
    assert Event.objects.get(action="proposal.taken_up").data["helper"] == str(helper.pk)
    assert [args["proposal_id"] for args in queued("proposals.offer")] == [str(row.pk)]
    with pytest.raises(NotOpen):
        take_up(proposal=row, actor=factories.actor(), now=now)
    make_shortlist(case=case, asked=(), actor=factories.actor(), now=now)
    assert len(queued("proposals.offer")) == 2  # the case looks for somebody anew: the offer can be made now


def test_outcomes_by_score(now: datetime) -> None:
    for score, days, reason in ((90, 700, "moved"), (85, 500, "moved"), (90, None, ""), (30, 20, "complaint")):
        case, helper = factories.case(), factories.helper()
        batch = Batch.objects.create(scope="shortlist", unit=case.unit, case=case, day=factories.TODAY, created_at=now)
        Proposal.objects.create(batch=batch, case=case, helper=helper, place=1, score=score, created_at=now)
        offer = Offer.objects.create(case=case, helper=helper, state="accepted", created_at=now)
        spell = factories.pairing(case, helper, offer=offer, from_date=date(2024, 1, 1))
        if days is not None:
            spell.to_date, spell.end_reason = date(2024, 1, 1) + timedelta(days=days), reason
            spell.save()
    beside = factories.case()
    by = factories.helper()
    factories.pairing(beside, by, offer=Offer.objects.create(case=beside, helper=by, state="accepted"))
    told = {each.least: each for each in outcomes(Pairing.objects.all(), factories.TODAY)}
    assert (told[80].spells, told[80].going_on, told[80].median_days, told[80].reasons) == (3, 1, 600, {"moved": 2})
    assert (told[0].median_days, told[0].reasons) == (20, {"complaint": 1})
    assert told[UNSCORED].spells == 1
