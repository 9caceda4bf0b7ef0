"""Two or more people at the same moment: threads with a connection each, let go together."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Barrier, Thread

from django.db import connection, transaction

from backend.core.errors import DomainError


def race(attempts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Run every attempt at once, each in its own transaction as a door would; count "done" and the codes of refusals.

    Anything but a DomainError is raised again here: a race may be lost, it may not break.
    """
    barrier = Barrier(len(attempts))
    results: list[str] = []
    faults: list[BaseException] = []

    def run(attempt: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=10)
            with transaction.atomic():
                outcome = attempt()
            results.append("nothing" if outcome is None else "done")
        except DomainError as refusal:
            results.append(refusal.code)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    if faults:
        raise faults[0]
    return Counter(results)


def alone(attempt: Callable[[], object]) -> None:
    """One attempt in a transaction of its own, as a door would."""
    with transaction.atomic():
        attempt()
