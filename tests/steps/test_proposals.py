"""Proposals that were taken up, on the real diagram: they become offers, and nothing else."""

import pytest

from backend.helpers.models import Offer, Pairing, Proposal
from backend.helpers.proposals import start_batch, take_up
from tests import factories
from tests.kept import kept
from tests.queueing import queued
from tests.steps.office import Office
from workflows.models import WorkItem
from workflows.proposals import offer_as_proposed

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


def taken_up(office: Office) -> Proposal:
    """The only proposal of a batch for the township, taken up by the caseworker."""
    actor = factories.actor(office.caseworker)
    batch = start_batch(unit=factories.town(), actor=actor, now=office.now)
    return take_up(proposal=batch.proposals.get(), actor=actor, now=office.now)


def test_the_case_asks_whoever_was_proposed(office: Office) -> None:
    helper = office.helper()
    case = office.open()
    office.file(case)
    proposal = taken_up(office)
    assert offer_as_proposed(proposal=proposal, actor=factories.actor(office.caseworker), now=office.now)
    offer = Offer.objects.get()
    assert (offer.case, offer.helper, offer.state) == (case, helper, "open")
    assert "批量匹配" in offer.reason
    proposal.refresh_from_db()
    assert (proposal.state, proposal.offer) == ("offered", offer)
    assert not Pairing.objects.exists()
    assert not offer_as_proposed(proposal=proposal, actor=factories.actor(office.caseworker), now=office.now)


def test_a_place_given_away_meanwhile_leaves_the_choice_to_a_person(office: Office) -> None:
    helper = office.helper()
    case = office.open()
    office.file(case)
    proposal = taken_up(office)
    helper.status = "away"
    helper.save()
    assert not offer_as_proposed(proposal=proposal, actor=factories.actor(office.caseworker), now=office.now)
    proposal.refresh_from_db()
    assert proposal.state == "passed"
    assert not Offer.objects.exists()
    assert WorkItem.objects.filter(case=case, step="pick_helper", state="open").exists()


def test_a_case_that_waits_is_woken_first(office: Office) -> None:
    case = office.open()
    office.file(case)  # nobody is there: the case waits
    case.refresh_from_db()
    assert case.phase == "waiting"
    factories.helper()
    proposal = taken_up(office)
    assert not offer_as_proposed(proposal=proposal, actor=factories.actor(office.caseworker), now=office.now)
    case.refresh_from_db()
    assert case.phase == "pairing"
    assert [args["name"] for args in queued("processes.message_case")] == ["helper_available"]
