"""Starting the programme for many families at once: each gets one case, and asking again changes nothing."""

import pytest
from django.conf import settings
from django.db import transaction
from procrastinate.types import JSONValue

from backend.cases.models import Case, Family
from backend.core.jobs import enqueue
from backend.org.access import SYSTEM
from tests import factories
from tests.worker import work
from tests.workflows.stage import NOW
from workflows.deployment import deploy_folder
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_family_gets_one_case_and_an_item_in_its_village() -> None:
    with transaction.atomic():
        deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=NOW)
        programme = factories.programme()
        families = [factories.family(status=Family.Status.DRAFT) for _ in range(3)]
        closed = factories.family(status=Family.Status.CLOSED)
    ids: list[JSONValue] = [str(family.pk) for family in (*families, closed)]
    for _ in range(2):
        enqueue("processes.start_cases", family_ids=ids, programme=programme.code)
        work()
    assert Case.objects.count() == 3
    assert set(WorkItem.objects.values_list("family", flat=True)) == {family.pk for family in families}
