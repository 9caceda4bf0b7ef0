"""Opening a case: its number, once per programme, only for a living file."""

from datetime import UTC, date, datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.cases.cases import AlreadyOpen, FamilyGone, ProgrammeNotInForce, close_case, open_case, start_case
from backend.cases.models import Case, CaseNumber, Family
from tests import factories
from tests.queueing import queued

pytestmark = pytest.mark.django_db


def test_numbers_run_per_township_programme_and_year(now: datetime) -> None:
    programme, actor = factories.programme(), factories.actor()
    opened = [
        open_case(family=factories.family(unit=factories.village(code)), programme=programme, actor=actor, now=now)
        for code in ("120114122201", "120114122202")
    ]
    elsewhere = factories.family(unit=factories.region(factories.OTHER_TOWN))
    opened.append(open_case(family=elsewhere, programme=programme, actor=actor, now=now))
    later = factories.family()
    opened.append(open_case(family=later, programme=programme, actor=actor, now=now + timedelta(days=365)))
    assert [case.number for case in opened] == [
        "120114122000-JMGJ-2026-0001",
        "120114122000-JMGJ-2026-0002",
        "210403007000-JMGJ-2026-0001",
        "120114122000-JMGJ-2027-0001",
    ]
    assert opened[0].unit_path == "12.01.14.122.201."


def test_the_year_is_the_local_one() -> None:
    new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # midnight at Shanghai
    case = open_case(family=factories.family(), programme=factories.programme(), actor=factories.actor(), now=new_year)
    assert case.number == "120114122000-JMGJ-2027-0001"


def test_it_is_told(now: datetime) -> None:
    user = factories.user(role="caseworker")
    case = open_case(family=factories.family(), programme=factories.programme(), actor=factories.actor(user), now=now)
    event = Event.objects.get(action="case.opened")
    assert (event.case_id, event.family_id, event.actor_id) == (case.pk, case.family_id, user.pk)
    assert (event.at, event.unit_path) == (now, case.unit_path)


def test_one_open_case_per_programme(now: datetime) -> None:
    family, programme, actor = factories.family(), factories.programme(), factories.actor()
    first = open_case(family=family, programme=programme, actor=actor, now=now)
    with pytest.raises(AlreadyOpen):
        open_case(family=family, programme=programme, actor=actor, now=now)
    other = factories.programme("jllq", name="结邻里亲")
    assert open_case(family=family, programme=other, actor=actor, now=now).number == "120114122000-JLLQ-2026-0001"
    close_case(case=first, reason="ended", actor=actor, now=now)
    assert open_case(family=family, programme=programme, actor=actor, now=now).number.endswith("0002")


@pytest.mark.parametrize("gone", ["closed", "merged"])
def test_not_for_a_file_that_is_gone(now: datetime, gone: str) -> None:
    family = factories.family()
    if gone == "closed":
        family.status = Family.Status.CLOSED
    else:
        family.merged_into = factories.family()
    family.save()
    with pytest.raises(FamilyGone):
        open_case(family=family, programme=factories.programme(), actor=factories.actor(), now=now)
    assert not CaseNumber.objects.exists()


@pytest.mark.parametrize(
    ("dates", "open_"),
    [
        ({"from_date": date(2026, 3, 2)}, True),
        ({"from_date": date(2026, 3, 3)}, False),
        ({"to_date": date(2026, 3, 3)}, True),
        ({"to_date": date(2026, 3, 2)}, False),
    ],
)
def test_only_while_the_programme_is_in_force(now: datetime, dates: dict[str, date], open_: bool) -> None:
    programme = factories.programme(**dates)  # type: ignore[arg-type]
    if open_:
        open_case(family=factories.family(), programme=programme, actor=factories.actor(), now=now)
        return
    with pytest.raises(ProgrammeNotInForce):
        open_case(family=factories.family(), programme=programme, actor=factories.actor(), now=now)


def test_starting_queues_the_programmes_process(now: datetime) -> None:
    case = start_case(family=factories.family(), programme=factories.programme(), actor=factories.actor(), now=now)
    (job,) = queued("processes.start")
    assert job["process"] == "family_case"
    assert job["case_id"] == str(case.pk)
    assert Case.objects.get().phase == "survey"
