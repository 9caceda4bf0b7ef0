"""No visits any more (E5), said while no phase runs that could hear it: on the waiting list, before the family is told
of a loss, between two phases. The case pauses, nobody is asked, and the family is asked again after half a year."""

from collections.abc import Mapping
from datetime import datetime

import pytest
from django.conf import settings
from lxml import etree
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.audit.models import Event
from backend.cases.models import Case
from backend.helpers.models import Offer, Pairing
from backend.helpers.register import end_helper, register_helper
from backend.org.access import SYSTEM
from backend.visits.cadence import LOCAL
from backend.visits.models import Visit
from tests import factories
from tests.bpmn.layout import BPMN, BPMNDI
from tests.kept import kept
from tests.steps.office import Care, Office
from workflows import deployment, services
from workflows.models import Instance

pytestmark = pytest.mark.django_db

HALF_A_YEAR = datetime(2026, 8, 31, 9, tzinfo=LOCAL)


@kept
def office() -> Office:
    return Office()


def waiting_list(office: Office) -> Case:
    """A case for which nobody can be asked."""
    case = office.open()
    office.file(case)
    assert office.waiting(case) == ["interim_visit"]
    return case


def in_peace(office: Office, case: Case) -> None:
    """The case pauses: nothing waits for anybody until half a year is over."""
    found = Case.objects.select_related("family").get(pk=case.pk)
    assert (found.state, found.family.willingness) == ("paused", "refused")
    assert Event.objects.get(action="case.paused", case_id=case.pk).reason == "family_refused"
    assert office.waiting(case) == []
    assert office.next_timer(case) == HALF_A_YEAR
    running = Instance.objects.filter(case=case, state="running").values_list("process__key", flat=True)
    assert list(running) == ["family_case"]
    assert not Offer.objects.filter(state="open").exists()
    assert not Visit.objects.filter(state="planned").exists()


def somebody_comes(office: Office) -> None:
    """A helper is free, and every case that waits for one hears of it."""
    fields = {"from_date": factories.LONG_AGO}
    kind, unit, actor = factories.kind(), factories.town(), factories.actor()
    register_helper(kind=kind, name="新来的", unit=unit, fields=fields, actor=actor, now=office.now)
    office.work()


def refuse(office: Office, case: Case) -> None:
    office.send(case, "family_refused", level="all", reason="want_quiet")


def test_on_the_waiting_list_nobody_is_sought_any_more(office: Office) -> None:
    case = waiting_list(office)
    refuse(office, case)
    in_peace(office, case)
    somebody_comes(office)
    in_peace(office, case)
    office.go_to(HALF_A_YEAR)
    assert office.waiting(case) == ["ask_again"]
    willing = {"willing": "willing", "asked_on": office.today.isoformat(), "method": "phone"}
    office.do(case, "ask_again", office.village, willing)
    assert office.waiting(case) == ["pick_helper"]


@pytest.mark.parametrize("level", ["phone_only", "helper"])
def test_who_refuses_less_stays_on_the_waiting_list(office: Office, level: str) -> None:
    case = waiting_list(office)
    office.send(case, "family_refused", level=level)
    assert office.waiting(case) == ["interim_visit"]
    somebody_comes(office)
    assert office.waiting(case) == ["pick_helper"]


def test_a_refusal_of_another_programme_does_not_end_the_search_of_this_one(office: Office) -> None:
    case = waiting_list(office)
    other = office.open_another(case)
    refuse(office, other)
    assert office.waiting(case) == ["interim_visit"]
    somebody_comes(office)
    assert office.waiting(case) == ["pick_helper"]


def test_before_the_family_is_told_of_a_loss_nobody_goes_there() -> None:
    office = Care()
    case, helper = office.case, office.pairing.helper
    end_helper(helper=helper, reason="gone", ended_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    assert office.waiting(case) == ["tell_in_person"]
    refuse(office, case)
    in_peace(office, case)


# -- between two phases -----------------------------------------------------------------------------------------------


def do_until(office: Office, name: str) -> None:
    """Do what is queued until this job is next: other workers do what comes before it in other queues."""
    waiting = ProcrastinateJob.objects.filter(status="todo", task_name__startswith="processes.")
    while (job := waiting.exclude(pk__lte=office._before).order_by("id").first()) and job.task_name != name:
        waiting.filter(pk=job.pk).delete()
        office._do(job.task_name, dict(job.args))
    assert job is not None


@pytest.mark.parametrize("queued", ["processes.message", "processes.start"])
def test_between_two_phases_the_next_one_hears_it(office: Office, queued: str) -> None:
    """`processes.message`: pairing has ended, the case does not know yet. `processes.start`: the visits are queued."""
    helper = office.helper()
    case = office.open()
    office.file(case)
    office.promise(case, helper)
    item, confirm = office.item(case, "confirm_pairing"), {"confirm_result": "confirm"}
    services.complete(item=item, answers=confirm, user=office.supervisor, now=office.now)
    do_until(office, queued)
    [umbrella] = services.conductors(case)
    data = {"level": "all", "reason": "want_quiet"}
    services.send_message(instance_id=umbrella, name="family_refused", data=data, actor=SYSTEM, now=office.now)
    office.work()
    in_peace(office, case)
    assert Pairing.objects.get().end_reason == "family_refused"


# -- cases begun before the diagram knew it ---------------------------------------------------------------------------

EVENTS = ("refused_while_waiting", "refused_before_told")


def older() -> Mapping[str, str]:
    """The process as it was before the two events were drawn."""
    files = deployment.bundle(settings.BPMN_FOLDER, "family_case")
    root = etree.fromstring(files["family_case/family_case.bpmn"].encode())
    gone = {*EVENTS, *(f"{event}__suspend_case" for event in EVENTS), "message_nobody_wanted"}
    for element in list(root.iter(f"{BPMN}*", f"{BPMNDI}*")):
        parent = element.getparent()
        if parent is not None and {element.get("id"), element.get("bpmnElement"), (element.text or "").strip()} & gone:
            parent.remove(element)
    return {**files, "family_case/family_case.bpmn": etree.tostring(root, encoding="unicode")}


def test_a_case_begun_before_leaves_the_waiting_list_too(office: Office) -> None:
    deployment.deploy(key="family_case", files=older(), actor=SYSTEM, now=office.now)
    case = waiting_list(office)
    refuse(office, case)
    in_peace(office, case)


def test_in_a_case_begun_before_nobody_is_sought_once_the_family_was_told() -> None:
    office = Office()
    deployment.deploy(key="family_case", files=older(), actor=SYSTEM, now=office.now)
    helper = office.helper()
    case = office.open()
    office.file(case)
    office.pair(case, helper)
    end_helper(helper=helper, reason="gone", ended_on=office.today, actor=factories.actor(), now=office.now)
    office.work()
    refuse(office, case)
    told = {"visited_on": office.today.isoformat(), "mental": "low", "wants_counselling": False}
    office.do(case, "tell_in_person", office.village, told)
    in_peace(office, case)
