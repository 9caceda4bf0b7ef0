"""Statements that are prepared once and then only given their values."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import ForeignKey, Model, UUIDField
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from backend.cases.models import CaseNumber, Family, Person
from backend.core import prepared
from backend.core.models import JobDone
from backend.helpers.models import Absence, Pairing
from backend.visits.models import Visit
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
    assert sum(LAST.partition("%")[0] in statement for statement in kept()) == 1


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


FOLLOWED = ("case", "family__unit__parent", "helper", "pairing")


def reached(visit: Visit) -> list[Model]:
    """The visit, and what FOLLOWED names."""
    rows = [visit, visit.case, visit.family, visit.family.unit, visit.family.unit.parent, visit.helper, visit.pairing]
    return [row for row in rows if row is not None]


def test_a_row_is_found_with_those_it_points_to(django_assert_num_queries: Any) -> None:
    visit = factories.visit(factories.pairing(), red_flags=["gas"], answers='{"note": "引号 \' \\" 与𠀀"}')
    with django_assert_num_queries(1):
        found = reached(prepared.found(Visit, str(visit.pk), follow=FOLLOWED))
    for row, other in zip(found, reached(Visit.objects.get(pk=visit.pk)), strict=True):
        assert row.get_deferred_fields() == set()
        for field in other._meta.concrete_fields:
            assert getattr(row, field.attname) == getattr(other, field.attname), field


OWN = [model for model in apps.get_models() if model.__module__.startswith(("backend.", "workflows."))]


@pytest.mark.parametrize("model", OWN, ids=lambda model: model._meta.label)
def test_every_model_can_be_found_with_all_that_it_points_to(model: type[Model]) -> None:
    pointers = tuple(field.name for field in model._meta.fields if isinstance(field, ForeignKey))
    key = model._meta.pk.to_python(uuid4()) if isinstance(model._meta.pk, UUIDField) else 0
    with pytest.raises(ObjectDoesNotExist):
        prepared.found(model, key, follow=pointers, lock=True)
    for field in model._meta.concrete_fields:  # nothing is lost of what Django does with a value that it reads
        converters = field.get_col(model._meta.db_table).get_db_converters(connection)
        assert converters in ([], [getattr(field, "from_db_value", None)]), field


def test_where_nothing_is_pointed_to_there_is_nothing() -> None:
    visit = factories.visit(factories.pairing())
    Visit.objects.filter(pk=visit.pk).update(pairing=None, helper=None)
    found = prepared.found(Visit, visit.pk, follow=("helper__unit", "pairing__helper", "recorded_by"))
    assert (found.helper, found.pairing, found.recorded_by) == (None, None, None)


def test_no_row_is_none_to_be_found() -> None:
    with pytest.raises(Visit.DoesNotExist):
        prepared.found(Visit, uuid4())


def test_only_pointers_are_followed() -> None:
    with pytest.raises(TypeError, match="state points to no single row"):
        prepared.found(Visit, uuid4(), follow=("state",))


@pytest.mark.django_db(transaction=True)
def test_a_found_row_is_held_and_those_it_points_to_are_not() -> None:
    visit = factories.visit(factories.pairing())
    held, asked = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                prepared.found(Visit, visit.pk, follow=("family",), lock=True)
                held.set()
                asked.wait(10)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(10)
        with transaction.atomic():
            Family.objects.select_for_update(nowait=True).get(pk=visit.family_id)
            with pytest.raises(OperationalError):
                Visit.objects.select_for_update(nowait=True).get(pk=visit.pk)
    finally:
        asked.set()
        other.join()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_can_be_held() -> None:
    visit = factories.visit(factories.pairing())
    with pytest.raises(TransactionManagementError):
        prepared.found(Visit, visit.pk, lock=True)
    assert prepared.found(Visit, visit.pk) == visit


def test_a_question_is_asked_of_any_row() -> None:
    """And what changes meanwhile is seen: only the question is kept, no answer."""
    one, other = factories.pairing(), factories.pairing()
    is_away = prepared.whether(Pairing.objects.left_alone(factories.TODAY))
    Absence.objects.create(helper=one.helper, from_date=factories.TODAY, reason="exams")
    assert [is_away(one.pk), is_away(other.pk), is_away(uuid4())] == [True, False, False]
    assert sum("EXISTS" in statement and "helpers_absence" in statement for statement in kept()) == 1
