"""Statements that are prepared once and then only given their values."""

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from backend.cases.models import CaseNumber, Person
from backend.core import prepared
from backend.core.models import JobDone
from tests import factories
from tests.bench import diagrams, statements
from workflows.models import Trace, WorkItem

pytestmark = pytest.mark.django_db

LAST = "SELECT last FROM cases_casenumber WHERE scope = %s"


def kept() -> list[str]:
    """The statements that the server keeps for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_statement_is_prepared_once_whatever_its_values() -> None:
    for number in range(3):
        CaseNumber.objects.create(scope=f"s{number}", last=number)
    assert [prepared.execute(LAST, [f"s{number}"]).fetchone() for number in range(3)] == [(0,), (1,), (2,)]
    assert sum("cases_casenumber" in statement for statement in kept()) == 1


def test_what_django_sends_is_not_prepared() -> None:
    before = kept()
    for _ in range(10):
        CaseNumber.objects.filter(scope="s").first()
    assert kept() == before


def test_a_failure_is_one_of_djangos_errors_and_spoils_nothing_later() -> None:
    for _ in range(2):
        with pytest.raises(DataError), transaction.atomic():
            prepared.execute("SELECT 1 / %s::int", [0])
    assert prepared.execute("SELECT 1 / %s::int", [1]).fetchone() == (1,)


def test_rows_are_stored_as_they_were_made() -> None:
    instance = statements.started(diagrams.loop())
    item = statements.open_item(instance)
    new = WorkItem.objects.get(pk=item.pk)
    new.pk, new.token = WorkItem().pk, "another"
    new.title, new.postponed_until, new.excluded = "引号 ' \" \\ 与𠀀", timezone.now(), ["甲", {"乙": [1, None]}]
    columns = tuple(field.attname for field in WorkItem._meta.concrete_fields if field.name != "draft")
    prepared.insert([new], columns)
    stored = WorkItem.objects.get(pk=new.pk)
    for name in (*columns, "draft"):
        assert getattr(stored, name) == getattr(new, name), name


def test_a_key_is_counted_by_the_database() -> None:
    instance = statements.started(diagrams.loop())
    before = Trace.objects.count()
    prepared.insert([Trace(instance=instance, node=node, kind="user") for node in ("first", "second")])
    assert Trace.objects.count() == before + 2


def test_a_row_twice_is_refused() -> None:
    prepared.insert([JobDone(job_id=7)])
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.insert([JobDone(job_id=7)])


def test_a_text_too_long_is_refused_not_cut() -> None:
    instance = statements.started(diagrams.loop())
    with pytest.raises(DataError), transaction.atomic():
        prepared.insert([Trace(instance=instance, node="n" * 81, kind="user")])


def test_an_encrypted_field_never_goes_as_plain_text() -> None:
    person = factories.family(members=[{"name": "甲"}]).persons.get()
    with pytest.raises(TypeError, match="JSON cannot carry"):
        prepared.insert([Person(family=person.family, name="乙")])
