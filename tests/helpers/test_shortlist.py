"""The shortlist: helpers of the county, ranked, kept for whoever chooses, told in the history; and the gate's facts."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import Event
from backend.core.crypto import decrypt_bytes
from backend.helpers import snapshots
from backend.helpers.candidates import asked_in
from backend.helpers.gates import gate_facts
from backend.helpers.models import Offer
from backend.helpers.proposals import make_shortlist, newest_shortlist, shortlist
from backend.org.models import Parameter
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_best_of_the_county_with_reasons(now: datetime) -> None:
    case = factories.case(factories.family(languages=["天津话"]))
    near = factories.helper(unit=factories.village(), languages=["天津话"])
    town = factories.helper(languages=["天津话"])
    county = factories.helper(unit=factories.region("120114101000"), languages=["普通话"])
    factories.helper(unit=factories.region(factories.OTHER_TOWN))
    factories.helper(status="away")
    factories.helper(status="ended")
    factories.helper(kind_="mother")
    factories.pairing(case, factories.helper(max_families=3))
    ranking = make_shortlist(case=case, asked=(), actor=factories.actor(), now=now)
    assert [entry.id for entry in ranking.best] == [near.pk, town.pk, county.pk]
    rows = list(shortlist(case))
    assert [(row.place, row.helper_id, row.score) for row in rows] == [
        (1, near.pk, 95),
        (2, town.pk, 86),
        (3, county.pk, 53),
    ]
    assert rows[0].reasons == ["same_village", "same_language", "no_family_yet", "ready"]
    event = Event.objects.get(action="helpers.ranked")
    assert [entry["helper"] for entry in event.data["shortlist"]] == [str(near.pk), str(town.pk), str(county.pk)]
    assert event.data["excluded"]["not_active"] == 1
    assert event.data["excluded"]["with_family_now"] == 1


def test_what_is_kept_of_it_is_what_its_digest_says(now: datetime) -> None:
    case, helpers = factories.case(), [factories.helper() for _ in range(5)]
    make_shortlist(case=case, asked=(), actor=factories.actor(), now=now)
    batch = newest_shortlist(case)
    assert batch is not None
    places, listed = snapshots.unpacked(decrypt_bytes(bytes(batch.inputs)))
    assert ([place.id for place in places], len(listed), batch.helpers) == ([case.pk], 3, len(helpers))
    assert batch.digest == snapshots.digest(snapshots.rows(places, listed))


def test_a_new_ranking_replaces_the_old(now: datetime) -> None:
    case, first, second = factories.case(), factories.helper(), factories.helper()
    make_shortlist(case=case, asked={first.pk}, actor=factories.actor(), now=now)
    make_shortlist(case=case, asked={second.pk}, actor=factories.actor(), now=now)
    assert [row.helper for row in shortlist(case)] == [first]


def test_how_many_is_a_parameter(now: datetime) -> None:
    for _ in range(4):
        factories.helper()
    Parameter.objects.create(key="pairing.shortlist", value=2, from_date=date(2026, 1, 1))
    ranking = make_shortlist(case=factories.case(), asked=(), actor=factories.actor(), now=now)
    assert len(ranking.best) == 2


def test_who_was_asked_in_this_run(now: datetime) -> None:
    case = factories.case()
    run = case.pk
    asked = Offer.objects.create(case=case, helper=factories.helper(), state="declined", instance_id=run)
    Offer.objects.create(case=case, helper=factories.helper(), state="declined")
    assert asked_in(run) == {asked.helper_id}


def test_as_many_statements_for_forty_helpers_as_for_four(now: datetime) -> None:
    factories.helper()
    make_shortlist(case=factories.case(), asked=(), actor=factories.actor(), now=now)  # parameters are kept in memory
    counts = []
    for more in (4, 36):
        for _ in range(more):
            factories.helper()
        case = factories.case()
        with CaptureQueriesContext(connection) as seen:
            make_shortlist(case=case, asked=(), actor=factories.actor(), now=now)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({}, {"trained": True, "insured": True, "background_checked": False, "months_left": 999, "helper_age": 18}),
        ({"trained_on": None, "insured_until": None}, {"trained": False, "insured": False}),
        ({"insured_until": factories.TODAY}, {"insured": True}),
        ({"insured_until": factories.TODAY - timedelta(days=1)}, {"insured": False}),
        ({"checked_on": factories.TODAY - timedelta(days=364)}, {"background_checked": True}),
        ({"checked_on": factories.TODAY - timedelta(days=365)}, {"background_checked": False}),
        ({"to_date": date(2026, 9, 1)}, {"months_left": 5}),
        ({"birth_date": date(2008, 3, 3)}, {"helper_age": 17}),
        ({"birth_date": date(2008, 3, 2)}, {"helper_age": 18}),
        ({"address": "赵庄村3号"}, {"related": True}),
    ],
)
def test_what_the_gate_is_told(now: datetime, fields: dict[str, Any], facts: dict[str, Any]) -> None:
    strict = factories.kind("volunteer", gates={"training": True, "insurance": True}, minors=True)
    case = factories.case(factories.family(live_address="赵庄村3号"))
    offer = Offer.objects.create(
        case=case, helper=factories.helper(kind_=strict, **fields), state="accepted", family_answer="agree"
    )
    told = gate_facts(offer, factories.TODAY)
    assert None not in told.values()
    assert {name: told[name] for name in facts} == facts
    assert (told["family_consents"], told["helper_consents"], told["minor_in_family"]) == (True, True, False)


def test_consents_and_minors(now: datetime) -> None:
    family = factories.family(members=[{"name": "小杰", "birth_date": date(2014, 1, 1)}])
    easy = factories.kind("neighbour", gates={}, minors=False)
    helper = factories.helper(kind_=easy, trained_on=None, insured_until=None)
    offer = Offer.objects.create(case=factories.case(family), helper=helper, family_answer="refuse")
    told = gate_facts(offer, factories.TODAY)
    assert (told["family_consents"], told["helper_consents"]) == (False, False)
    assert (told["minor_in_family"], told["minor_allowed"]) == (True, False)
    assert (told["trained"], told["insured"]) == (True, True)  # this kind does not demand them
