"""Pages of pairing: the waiting list, proposals for many families, and what became of pairings."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.cases.models import Case
from backend.helpers.models import Helper, Proposal
from backend.org.codes import load_codes
from tests import factories
from tests.queueing import queued
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
NEW = "/pairing/proposals/new/"


@pytest.fixture
def here() -> Client:
    load_codes()
    return visitor(factories.user("here", role="caseworker"))


def waiting(tier: str = "A", label: str = "赵春兰") -> Case:
    """A case that waits."""
    family = factories.family(label=label, risk_tier=tier)
    return factories.case(family, phase="waiting", opened_at=timezone.now() - timedelta(days=9))


def batch(here: Client) -> str:
    """Work proposals out; the address of what came out."""
    answer = here.post(NEW, {"unit": str(factories.town().pk)})
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def test_the_waiting_list(here: Client) -> None:
    assert "Nobody is waiting" in text(here.get("/pairing/"))
    waiting("B", "钱二嫂")
    waiting("A", "赵春兰")
    said = text(here.get("/pairing/"))
    assert said.index("赵春兰") < said.index("钱二嫂")


def test_worked_out_read_and_taken_up(here: Client) -> None:
    waiting()
    waiting("C", "钱二嫂")
    factories.helper(name="李向阳", max_families=1)
    address = batch(here)
    said = text(here.get(address))
    assert said.index("李向阳") < said.index("families in greater need")
    assert "same township" in said
    row = Proposal.objects.get(helper__isnull=False)
    assert "On their way to being asked: 1." in text(here.post(address, {"ids": [str(row.pk)]}))
    assert len(queued("proposals.offer")) == 1
    again = here.post(address, {"ids": [str(row.pk)]})
    assert "taken up already" in text(again)
    assert "李向阳" not in text(here.get(address, {"found": "false"}))


def test_worked_out_again(here: Client) -> None:
    waiting()
    helper = factories.helper()
    address = batch(here)
    assert "The register still says the same" in text(here.get(f"{address}again/"))
    Helper.objects.filter(pk=helper.pk).update(languages=["粤语"])
    said = text(here.get(f"{address}again/"))
    assert "The same proposals came out" in said
    assert "changed (languages)" in said


def test_what_cannot_be_worked_out_is_said_on_the_form(here: Client) -> None:
    answer = here.post(NEW, {"unit": str(factories.town().pk)})
    assert answer.status_code == 409
    assert "No family of this area" in answer.content.decode()
    assert here.post(NEW, {}).status_code in {400, 422}
    waiting()
    factories.helper()
    assert here.post(batch(here), {"ids": ["nonsense"]}).status_code in {400, 422}


def test_outcomes(here: Client) -> None:
    assert "No pairing has come from a proposal yet" in text(here.get("/pairing/outcomes/"))


def test_supervisors_look_and_village_workers_do_not(here: Client) -> None:
    waiting()
    factories.helper()
    address = batch(here)
    supervisor = visitor(factories.user("supervisor", role="supervisor"))
    assert "Have the chosen helpers asked" not in text(supervisor.get(address))
    assert supervisor.get(NEW).status_code == 403
    assert visitor(factories.user("village", role="village")).get("/pairing/").status_code == 403
    stranger = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(address).status_code == 404


def test_as_many_statements_for_forty_rows_as_for_four(here: Client, django_assert_max_num_queries: object) -> None:
    for _ in range(40):
        waiting()
        factories.helper()
    address = batch(here)
    here.get(address)
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        here.get(address)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        here.get("/pairing/")
