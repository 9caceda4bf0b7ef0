"""E28: a couple divorces, the household becomes two, and each keeps a case of its own."""

from __future__ import annotations

from datetime import date

import pytest

from backend.audit.models import Event
from backend.cases.models import Case, Family, Person
from tests import factories
from tests.api.caller import Caller
from tests.steps.office import Office

pytestmark = pytest.mark.django_db


def couple() -> Family:
    members = [
        {"name": "孙大勇", "relation": "02", "is_head": True, "birth_date": date(1966, 5, 1)},
        {"name": "赵秀英", "relation": "10", "birth_date": date(1968, 3, 8)},
    ]
    return factories.family(
        label="孙大勇", number="0042", members=members, categories=["bereaved"], child_state="none_living"
    )


def test_each_keeps_a_case_and_what_both_lost() -> None:
    """E28: the person who leaves, here the head, takes along what makes the family special; both are asked by a known
    contact only, entitlements are told to each, and history tells it on both files."""
    office = Office()
    family = couple()
    kept = factories.case(family, number="E28-1")
    leaving = family.persons.get(name="孙大勇")
    caller = Caller(office.caseworker)
    body = {"members": [str(leaving.pk)], "number": "0042-2", "live_address": "西街一号", "reason": "离婚"}
    answer = caller.post(f"families/{family.pk}/split/", body)
    assert answer.status_code == 201, answer.content
    office.work()
    made = Family.objects.get(pk=answer.json()["id"])
    assert (made.label, made.number, made.status, made.willingness) == ("孙大勇", "0042-2", "draft", "unknown")
    assert (made.is_special, made.child_state) == (True, "none_living")
    assert Person.objects.get(pk=leaving.pk).family == made
    family.refresh_from_db()
    assert (family.label, family.persons.get().is_head) == ("赵秀英", True)
    assert (kept.family, Case.objects.get(family=made).programme) == (family, kept.programme)
    assert office.waiting(Case.objects.get(family=made)) == ["collect_by_contact"]
    told = dict(Event.objects.filter(action__startswith="family.split").values_list("action", "family_id"))
    assert told == {"family.split": family.pk, "family.split_off": made.pk}


@pytest.mark.parametrize("wrong", ["everybody", "nobody", "a stranger", "a taken number"])
def test_what_is_no_split_is_refused(wrong: str) -> None:
    family = couple()
    ids = [str(pk) for pk in family.persons.values_list("pk", flat=True)]
    stranger = str(factories.family().persons.get().pk)
    members = {"everybody": ids, "nobody": [], "a stranger": [stranger], "a taken number": ids[:1]}[wrong]
    number = "0042" if wrong == "a taken number" else "0043"
    caller = Caller(factories.user(role="caseworker"))
    body = {"members": members, "number": number, "reason": "离婚"}
    refused = caller.post(f"families/{family.pk}/split/", body)
    assert refused.status_code in {400, 409, 422}, refused.content
    assert family.persons.count() == 2
