"""Statutory contacts: named at filing by their posts, waiting for nobody and in nobody's way."""

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Family
from backend.helpers.models import Helper, HelperKind, Pairing
from backend.helpers.pairings import current_pairing
from backend.helpers.register import register_helper
from backend.org.access import SYSTEM
from backend.org.models import Unit
from tests import factories
from tests.kept import kept
from tests.steps.office import Office
from workflows import store
from workflows.models import Instance

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


def contact(office: Office, unit: Unit, name: str) -> Helper:
    kind = HelperKind.objects.get(code="dual_contact")
    return register_helper(kind=kind, name=name, unit=unit, actor=factories.actor(), now=office.now)


def contacts_counted(case: Case) -> object:
    """What the process of the survey noted of the posts that are filled."""
    survey = Instance.objects.get(case=case, process__key="household_intake")
    return store.restore(survey, actor=SYSTEM, now=survey.created_at).data["contacts"]


def test_both_are_there_before_anybody_is_asked_to_pair(office: Office) -> None:
    leader, cadre = contact(office, factories.town(), "马镇长"), contact(office, factories.village(), "杨主任")
    volunteer = office.helper()
    case = office.open()
    office.file(case, child_state="none_living")
    spells = Pairing.objects.order_by("seat")
    assert [(each.helper, each.seat, each.start_reason) for each in spells] == [
        (leader, 1, "statutory"),
        (cadre, 2, "statutory"),
    ]
    assert contacts_counted(case) == 2
    assert current_pairing(case, office.today) is None
    assert office.waiting(case) == ["pick_helper"]
    office.pair(case, volunteer)
    present = current_pairing(case, office.today)
    assert present is not None
    assert (present.helper, Pairing.objects.count()) == (volunteer, 3)


def test_a_post_that_nobody_holds_stops_nothing_and_is_filled_later(office: Office) -> None:
    office.helper()
    case = office.open()
    office.file(case, child_state="none_living")
    assert office.waiting(case) == ["pick_helper"]
    assert contacts_counted(case) == 0
    assert Event.objects.get(action="case.contact_missing").data["posts"] == ["town", "village"]
    cadre = contact(office, factories.village(), "杨主任")
    assert Pairing.objects.get().helper == cadre
    contact(office, factories.village(), "第二位")
    assert Pairing.objects.count() == 1


def test_other_families_have_none(office: Office) -> None:
    contact(office, factories.village(), "杨主任")
    office.helper()
    office.file(office.open())
    assert Family.objects.get().is_special is False
    assert not Pairing.objects.exists()
