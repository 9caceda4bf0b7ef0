"""E2: somebody dies. What stops, what is never said again, and how those who are left are cared for."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings

from backend.cases.classification import risk_facts
from backend.cases.models import Case, Family, Person
from backend.helpers.models import Pairing
from backend.org.models import Parameter
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller
from tests.kept import kept
from tests.steps.office import Office
from workflows.deaths import record_death
from workflows.engine.decisions import decide
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def office() -> Office:
    return Office()


COUPLE: list[dict[str, Any]] = [
    {"name": "老周", "relation": "02", "is_head": True, "birth_date": date(1958, 1, 1), "sex": "1"},
    {"name": "老伴", "relation": "12", "birth_date": date(1960, 1, 1), "sex": "2"},
]


def caring(office: Office, members: list[dict[str, Any]]) -> Case:
    """A family whose next visit is three months away."""
    Parameter.objects.create(key="visit.rules", value={"sample_percent": 0}, from_date=date(2026, 1, 1))
    helper = office.helper()
    new: dict[str, Any] = {"status": Family.Status.DRAFT, "willingness": Family.Willingness.UNKNOWN}
    case = office.open(factories.family(members=members, **new))
    office.file(case, lives_alone=False)
    office.pair(case, helper, cadence="quarterly")
    return case


def die(office: Office, person: Person) -> None:
    record_death(person=person, died_on=office.today, actor=factories.actor(office.village), now=office.now)
    office.work()


def test_who_is_left_is_visited_within_a_day_and_tier_a_for_twelve_months(office: Office) -> None:
    """E2: the visit of condolence; the spouse's tier is raised for twelve months, then the table lets it go."""
    case = caring(office, COUPLE)
    assert Visit.objects.get().planned_for == date(2026, 5, 31)
    die(office, Person.objects.get(name="老周"))
    family = Family.objects.get()
    assert family.risk_tier == "A"
    visit = Visit.objects.get(state="planned")
    assert visit.planned_for == office.today + timedelta(days=1)  # D06: within 24 hours after a trigger event
    assert Pairing.objects.get(case=case).to_date is None
    table = (settings.BPMN_FOLDER / "household_intake" / "risk_tier.dmn").read_bytes()
    tiers = [
        decide(table, risk_facts(family, family.persons.all(), {"event": "none"}, day)).outputs["tier"]
        for day in (date(2026, 3, 2), date(2027, 3, 1), date(2027, 3, 2))
    ]
    assert tiers[:2] == ["A", "A"]
    assert tiers[2] != "A"


def test_what_is_open_names_who_is_left(office: Office) -> None:
    """E2: no list bears the name of the dead, but whoever only knows that name finds what is to be done."""
    case = caring(office, COUPLE)
    Family.objects.update(label="老周")
    WorkItem.objects.update(family_label="老周")
    done = WorkItem.objects.exclude(state="open").count()
    office.go_to(office.next_timer(case) or office.now)
    WorkItem.objects.filter(state="open").update(family_label="老周", search="老周")
    die(office, Person.objects.get(name="老周"))
    waiting = WorkItem.objects.filter(case=case, state="open")
    assert set(waiting.values_list("family_label", flat=True)) == {"老伴"}
    assert WorkItem.objects.filter(family_label="老周").count() == done
    found = Caller(office.caseworker).get("work-items/", q="老周", family=str(case.family_id)).json()["results"]
    assert {row["family"]["label"] for row in found} == {"老伴"}


def test_when_nobody_is_left_everything_stops_at_once(office: Office) -> None:
    """E2: no visit, no work item, no timer; the file can only be read."""
    case = caring(office, COUPLE[:1])
    office.go_to(office.next_timer(case) or office.now)
    assert office.waiting(case) == ["record_visit"]
    die(office, Person.objects.get())
    assert not WorkItem.objects.filter(state="open").exists()
    assert not Visit.objects.filter(state="planned").exists()
    assert (Family.objects.get().status, Case.objects.get().state) == ("closed", "closed")
    assert office.next_timer(case) is None
    office.pass_time(days=400)
    assert not WorkItem.objects.filter(state="open").exists()
