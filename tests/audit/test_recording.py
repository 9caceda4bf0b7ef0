"""Events are written once, in the order of recording, and only when the transaction stays."""

from datetime import date, datetime
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backend.audit.canonical import digest
from backend.audit.history import collect, record
from backend.audit.models import Chain, Event
from backend.org.access import SYSTEM, Actor
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_event_tells_who_what_where_and_why(now: datetime) -> None:
    town = factories.town()
    actor = Actor(user_id=uuid4(), label="王五", role="caseworker", unit_id=town.pk, unit_name=town.name)
    family = factories.family()
    record(
        action="family.updated",
        actor=actor,
        now=now,
        object=family,
        unit_path=family.unit.path,
        data={"from": {"status": "draft"}, "to": {"status": "registered"}},
        reason="入户核实",
    )
    event = Event.objects.get()
    assert (event.actor_id, event.actor, event.role, event.unit) == (actor.user_id, "王五", "caseworker", town.name)
    assert (event.object_kind, event.object_id, event.object_label) == ("family", str(family.pk), str(family))
    assert (event.family_id, event.case_id, event.chain) == (family.pk, None, f"family:{family.pk}")
    assert (event.at, event.reason, event.unit_path) == (now, "入户核实", family.unit.path)
    assert event.data == {"from": {"status": "draft"}, "to": {"status": "registered"}}


@pytest.mark.parametrize(
    ("born", "told"),
    [("2008-03-03", "孙*"), ("2008-03-02", "孙小满"), (None, "孙小满")],
    ids=["child", "adult", "?"],
)
def test_a_childs_name_never_stands_in_the_history(now: datetime, born: str | None, told: str) -> None:
    """未成年人网络保护条例 36: the history is read by more people than the file, and nothing is taken out of it."""
    birth_date = date.fromisoformat(born) if born else None
    person = factories.person(factories.family(), name="孙小满", birth_date=birth_date)
    record(action="person.updated", actor=SYSTEM, now=now, object=person)
    assert Event.objects.get().object_label == told


def test_the_chain_is_the_case_then_the_family_then_the_object_then_the_day(now: datetime) -> None:
    case, family, user = uuid4(), uuid4(), factories.user("someone")
    record(action="a.done", actor=SYSTEM, now=now, case_id=case, family_id=family)
    record(action="b.done", actor=SYSTEM, now=now, family_id=family)
    record(action="c.done", actor=SYSTEM, now=now, object=user)
    record(action="d.done", actor=SYSTEM, now=datetime.fromisoformat("2026-03-02T23:30:00+00:00"))
    assert set(Chain.objects.values_list("name", "length")) == {
        (f"case:{case}", 1),
        (f"family:{family}", 1),
        (f"user:{user.pk}", 1),
        ("system:2026-03-03", 1),
    }


def test_the_place_is_that_of_the_object(now: datetime) -> None:
    case, town = factories.case(), factories.town()
    person = factories.person(case.family)
    for thing in (case, case.family, person, town):
        record(action="thing.seen", actor=SYSTEM, now=now, object=thing)
    found = Event.objects.order_by("id").values_list("object_kind", "unit_path")
    assert list(found) == [
        ("case", case.unit_path),
        ("family", case.family.unit.path),
        ("person", case.family.unit.path),
        ("unit", town.path),
    ]


def test_each_event_is_sealed_to_the_one_before(now: datetime) -> None:
    case = uuid4()
    for step in range(3):
        record(action="case.changed", actor=SYSTEM, now=now, case_id=case, data={"step": step, "名": "张三"})
    before = b""
    for place, event in enumerate(Event.objects.order_by("seq"), start=1):
        assert (event.seq, bytes(event.previous)) == (place, before)
        before = digest(before, place, event.body)
        assert bytes(event.digest) == before
    chain = Chain.objects.get()
    assert (chain.length, bytes(chain.head)) == (3, before)


def test_collected_events_are_written_with_one_statement(now: datetime) -> None:
    cases = sorted((uuid4() for _ in range(3)), reverse=True)
    with CaptureQueriesContext(connection) as queries, collect():
        for case in cases:
            with collect():
                record(action="case.opened", actor=SYSTEM, now=now, case_id=case)
                record(action="case.closed", actor=SYSTEM, now=now, case_id=case)
        assert not len(queries)
    assert len(queries) == 1
    assert Event.objects.count() == 6
    assert list(Event.objects.filter(case_id=cases[0]).order_by("seq").values_list("action", flat=True)) == [
        "case.opened",
        "case.closed",
    ]


def _fail(now: datetime) -> None:
    with collect():
        record(action="lost.inside", actor=SYSTEM, now=now)
        with collect():
            record(action="lost.deeper", actor=SYSTEM, now=now)
        raise LookupError


def test_an_exception_drops_the_events_of_its_block_only(now: datetime) -> None:
    with collect():
        record(action="kept.before", actor=SYSTEM, now=now)
        with pytest.raises(LookupError):
            _fail(now)
        record(action="kept.after", actor=SYSTEM, now=now)
    assert list(Event.objects.order_by("seq").values_list("action", flat=True)) == ["kept.before", "kept.after"]
    with pytest.raises(LookupError):
        _fail(now)
    assert Event.objects.count() == 2


def test_a_rollback_leaves_neither_event_nor_chain(now: datetime) -> None:
    with transaction.atomic():
        record(action="case.opened", actor=SYSTEM, now=now, case_id=uuid4())
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Chain.objects.exists()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("张三 11010519491231002X", "张三 **************002X"),
        ("张三110105194912310021号", "张三**************0021号"),
        ("一代证 110105491231002", "一代证 ***********1002"),
        ("120114122201-jm-2026-0001", "120114122201-jm-2026-0001"),
        ("13800138000", "13800138000"),
        ("0195d8c0-1234-7abc-8def-123456789012", "0195d8c0-1234-7abc-8def-123456789012"),
    ],
)
def test_identity_numbers_are_masked_everywhere(text: str, kept: str, now: datetime) -> None:
    record(action="person.updated", actor=SYSTEM, now=now, label=text, reason=text, data={"to": [text]})
    event = Event.objects.get()
    assert (event.object_label, event.reason, event.data) == (kept, kept, {"to": [kept]})


def test_data_must_be_plain(now: datetime) -> None:
    with pytest.raises(TypeError):
        record(action="case.opened", actor=SYSTEM, now=now, data={"object": object()})
    with pytest.raises(ValueError, match="zone"):
        record(action="case.opened", actor=SYSTEM, now=now.replace(tzinfo=None))
