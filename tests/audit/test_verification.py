"""Whatever somebody who may switch off triggers does to the history is found and named."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backend.audit.canonical import digest
from backend.audit.history import body_of, collect, record
from backend.audit.models import Chain, Event, Seal
from backend.audit.seals import seal
from backend.audit.verification import Fault, Verdict, verify
from backend.org.access import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db

CASE, OTHER = UUID(int=1), UUID(int=2)
CHAIN = f"case:{CASE}"


@contextmanager
def behind_the_back() -> Iterator[None]:
    """A superuser's session without triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.fixture(autouse=True)
def _history(now: datetime) -> None:
    with collect():
        for case in (CASE, OTHER):
            for step in range(1, 6):
                record(
                    action="case.changed",
                    actor=factories.actor(),
                    now=now + timedelta(minutes=step),
                    case_id=case,
                    data={"step": step, "share": 0.05, "名": "张三"},
                    reason="r",
                )


def event(seq: int, case: UUID = CASE) -> Event:
    return Event.objects.get(case_id=case, seq=seq)


def found() -> set[tuple[str, int | None, str]]:
    return {(fault.chain, fault.seq, fault.what) for fault in verify().faults}


def rewrite(first: int, case: UUID = CASE) -> None:
    """Recompute the chain from there on, and its head: what a careful forger does."""
    before = bytes(event(first - 1, case).digest) if first > 1 else b""
    for row in Event.objects.filter(case_id=case, seq__gte=first).order_by("seq"):
        own = digest(before, row.seq, row.body)
        Event.objects.filter(pk=row.pk).update(previous=before, digest=own)
        before = own
    Chain.objects.filter(name=f"case:{case}").update(head=before)


def test_an_untouched_history_is_whole() -> None:
    verdict = verify()
    assert (verdict.ok, verdict.chains, verdict.events) == (True, 2, 10)


def read_by_chains() -> bool:
    """Whether a whole pass had to look where each event stands: of what lies years apart that takes hours."""
    with CaptureQueriesContext(connection) as told:
        verify()
    return any("ORDER BY event.chain" in each["sql"] for each in told)


def test_a_whole_history_is_read_as_it_lies() -> None:
    assert not read_by_chains()


@pytest.mark.parametrize("seq", range(1, 6))
@pytest.mark.parametrize("what", ["gone", "with the next", "under another", "without its head"])
def test_whatever_does_not_follow_is_looked_up(seq: int, what: str) -> None:
    with behind_the_back():
        if what == "without its head":
            Chain.objects.filter(name=CHAIN).update(head=event(seq).previous)
        elif what == "under another":
            Event.objects.filter(pk=event(seq).pk).update(previous=b"x" * 32)
        elif what == "with the next":
            Event.objects.filter(case_id=CASE, seq__in=(seq, seq + 1)).delete()
        else:
            event(seq).delete()
    assert read_by_chains()
    assert not verify().ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "x"),
        ("actor", "somebody else"),
        ("actor_id", OTHER),
        ("role", "auditor"),
        ("unit_path", "12."),
        ("case_id", OTHER),
        ("data", {"step": 9}),
        ("action", "case.closed"),
        ("request_id", "x"),
        ("at", datetime.fromisoformat("2026-01-01T00:00:00+00:00")),
    ],
)
def test_an_altered_column_is_named(column: str, value: object) -> None:
    altered = event(3)
    with behind_the_back():
        Event.objects.filter(pk=altered.pk).update(**{column: value})
    (fault,) = verify().faults
    assert fault == Fault(CHAIN, 3, altered.pk, "altered", f"not as its body tells: {column}")


def test_an_altered_column_with_its_body_is_named() -> None:
    altered = event(3)
    altered.reason = "x"
    with behind_the_back():
        Event.objects.filter(pk=altered.pk).update(reason="x", body=body_of(altered))
    assert found() == {(CHAIN, 3, "altered")}


def test_an_altered_column_with_body_and_digest_breaks_the_chain_behind_it() -> None:
    altered = event(3)
    altered.reason = "x"
    body = body_of(altered)
    with behind_the_back():
        own = digest(bytes(altered.previous), 3, body)
        Event.objects.filter(pk=altered.pk).update(reason="x", body=body, digest=own)
    assert found() == {(CHAIN, 4, "unlinked")}


def test_the_last_event_altered_with_body_and_digest_is_betrayed_by_the_head() -> None:
    altered = event(5)
    altered.reason = "x"
    body = body_of(altered)
    with behind_the_back():
        own = digest(bytes(altered.previous), 5, body)
        Event.objects.filter(pk=altered.pk).update(reason="x", body=body, digest=own)
    assert found() == {(CHAIN, 5, "head")}


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_removed_event_is_missing(seq: int) -> None:
    with behind_the_back():
        event(seq).delete()
    assert (CHAIN, seq, "missing") in found()


def test_a_removed_tail_is_missing() -> None:
    with behind_the_back():
        Event.objects.filter(case_id=CASE, seq__gte=3).delete()
    (fault,) = verify().faults
    assert (fault.seq, fault.what, fault.detail) == (3, "missing", "and all up to #5")


def test_a_chain_without_any_event_is_missing() -> None:
    with behind_the_back():
        Event.objects.filter(case_id=CASE).delete()
    (fault,) = verify().faults
    assert (fault.chain, fault.seq, fault.what, fault.detail) == (CHAIN, 1, "missing", "and all up to #5")


def test_swapped_events_are_reordered() -> None:
    two, four = event(2), event(4)
    with behind_the_back():
        Event.objects.filter(pk=two.pk).update(seq=99)
        Event.objects.filter(pk=four.pk).update(seq=2)
        Event.objects.filter(pk=two.pk).update(seq=4)
    named = {(fault.seq, fault.id, fault.what, fault.detail) for fault in verify().faults}
    assert (2, four.pk, "reordered", "was written as #4") in named
    assert (4, two.pk, "reordered", "was written as #2") in named


def test_an_event_put_in_at_the_end_is_foreign(now: datetime) -> None:
    last = event(5)
    forged = Event(chain=CHAIN, seq=6, at=now, action="case.closed", actor="x", case_id=CASE, previous=last.digest)
    forged.body = body_of(forged)
    forged.digest = digest(bytes(last.digest), 6, forged.body)
    with behind_the_back():
        forged.save(force_insert=True)
    assert [(fault.id, fault.what) for fault in verify().faults] == [(forged.pk, "foreign")]


def test_an_event_put_in_without_digest_is_altered(now: datetime) -> None:
    forged = Event(chain=CHAIN, seq=6, at=now, action="case.closed", actor="x", case_id=CASE)
    forged.body = body_of(forged)
    with behind_the_back():
        forged.save(force_insert=True)
    assert {(6, "altered"), (6, "unlinked"), (6, "foreign")} == {(fault.seq, fault.what) for fault in verify().faults}


def test_an_event_moved_to_another_case_is_foreign_there() -> None:
    with behind_the_back():
        moved = event(5)
        Event.objects.filter(pk=moved.pk).update(chain=f"case:{OTHER}", seq=6, case_id=OTHER)
    named = found()
    assert (CHAIN, 5, "missing") in named
    assert (f"case:{OTHER}", 6, "foreign") in named


def test_a_chain_that_lost_its_head_is_named() -> None:
    with behind_the_back():
        Chain.objects.filter(name=CHAIN).delete()
    assert found() == {(CHAIN, None, "head")}


def test_a_whole_chain_rewritten_with_its_head_is_found_by_the_seal(now: datetime) -> None:
    assert seal(now=now) is not None
    with behind_the_back():
        altered = event(3)
        altered.reason = "x"
        Event.objects.filter(pk=altered.pk).update(reason="x", body=body_of(altered))
        rewrite(3)
    (fault,) = verify().faults
    assert (fault.chain, fault.seq, fault.what, fault.detail) == (CHAIN, 5, "altered", "seal 1 knows another digest")


def test_a_whole_chain_removed_with_its_head_is_found_by_the_seal(now: datetime) -> None:
    seal(now=now)
    with behind_the_back():
        Event.objects.filter(case_id=CASE).delete()
        Chain.objects.filter(name=CHAIN).delete()
    (fault,) = verify().faults
    assert (fault.chain, fault.seq, fault.what, fault.detail) == (CHAIN, 5, "missing", "known to seal 1")


def test_a_tail_removed_with_the_head_set_back_is_found_by_the_seal(now: datetime) -> None:
    seal(now=now)
    with behind_the_back():
        event(5).delete()
        Chain.objects.filter(name=CHAIN).update(length=4, head=event(4).digest)
    assert found() == {(CHAIN, 5, "missing")}


def test_one_chain_is_looked_at_alone(now: datetime) -> None:
    seal(now=now)
    with behind_the_back():
        Event.objects.filter(pk=event(3, OTHER).pk).update(reason="x")
    assert verify(chain=CHAIN).ok
    assert verify(chain=CHAIN).events == 5
    assert not verify(chain=f"case:{OTHER}").ok


def test_only_chains_that_grew_are_looked_at(now: datetime) -> None:
    record(action="case.changed", actor=SYSTEM, now=now + timedelta(days=1), case_id=OTHER)
    assert verify(since=now + timedelta(hours=1)).events == 6


def test_the_first_faults_are_kept_and_all_are_counted() -> None:
    with behind_the_back():
        Event.objects.update(reason="x")
    verdict = verify(most=3)
    assert (verdict.count, len(verdict.faults)) == (10, 3)


def test_the_command_names_the_fault_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_history")
    assert "the history is as it was written" in capsys.readouterr().out
    altered = event(3)
    with behind_the_back():
        Event.objects.filter(pk=altered.pk).update(reason="x")
    with pytest.raises(CommandError, match="1 faults") as failed:
        call_command("verify_history")
    assert failed.value.returncode == 1
    assert f"{CHAIN} #3 {altered.pk} altered: not as its body tells: reason" in capsys.readouterr().out


def test_the_command_looks_at_one_case(capsys: pytest.CaptureFixture[str], now: datetime) -> None:
    case = factories.case()
    record(action="case.opened", actor=SYSTEM, now=now, object=case)
    call_command("verify_history", case=case.number)
    assert "1 events in 1 chains" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no case"):
        call_command("verify_history", case="nothing")
    with pytest.raises(CommandError, match="not a date"):
        call_command("verify_history", since="yesterday")


@pytest.mark.django_db(transaction=True)
def test_a_disabled_trigger_does_not_help(now: datetime) -> None:
    """The same with the other way to get past the triggers: ALTER TABLE … DISABLE TRIGGER."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER ALL")
        cursor.execute("UPDATE audit_event SET actor = 'x' WHERE case_id = %s AND seq = 2", [CASE])
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER ALL")
    assert found() == {(CHAIN, 2, "altered")}
    assert not Seal.objects.exists()


def portions(enough: int) -> Iterator[Verdict]:
    """A whole pass, by portions."""
    after = ""
    while True:
        verdict = verify(after=after, enough=enough)
        yield verdict
        if not verdict.next:
            return
        after = verdict.next


def test_by_portions_everything_is_read_once(now: datetime) -> None:
    seal(now=now)
    record(action="case.changed", actor=SYSTEM, now=now, case_id=CASE)
    seal(now=now)
    read = list(portions(enough=1))
    assert [(each.chains, each.events, each.seals) for each in read] == [(1, 6, 0), (1, 5, 0), (0, 0, 1), (0, 0, 1)]
    assert [each.next for each in read] == [CHAIN, "#0", "#1", ""]
    assert all(each.ok for each in read)
    [whole] = portions(enough=1000)
    assert (whole.chains, whole.events, whole.seals, whole.next) == (2, 11, 2, "")


def test_by_portions_the_same_faults_are_found_as_at_once(now: datetime) -> None:
    seal(now=now)
    record(action="case.changed", actor=SYSTEM, now=now, case_id=OTHER)
    seal(now=now)
    with behind_the_back():
        Event.objects.filter(case_id=CASE).delete()
        Event.objects.filter(case_id=OTHER, seq=2).update(reason="x")
        Seal.objects.filter(number=2).update(mac=b"x" * 32)
    at_once = verify().faults
    assert {fault.what for fault in at_once} == {"missing", "altered", "seal"}
    assert [fault for each in portions(enough=1) for fault in each.faults] == at_once
