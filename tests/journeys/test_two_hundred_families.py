"""Two hundred families of a roster, from survey to review, only through HTTP, compared with an independent reading.
(With THOROUGH=1, as before a release; otherwise 25, a third of the kinds of story.)

Whole requests are answered, the real worker does the jobs, and one clock moves a year and more; people log in, find
their work in their own inboxes, read forms and answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from backend.audit.verification import verify
from tests.journeys import scenarios
from tests.journeys.comparison import differences, left_hanging, seen_too_much
from tests.journeys.journey import Journey
from tests.journeys.reading import Calendar
from tests.journeys.township import LOCAL, Server, Worker, standing_still
from tests.thoroughness import THOROUGH

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 201 if THOROUGH else 75
PARTS = 3
FIRST = datetime(2026, 3, 2, 9, 30, tzinfo=LOCAL)
"""A Monday. People work off their inboxes once a week at the beginning and the end, every other week between."""

WEEKS = (*range(7), *range(8, 50, 2), *range(50, 55))


@contextmanager
def township(folder: Path, turn: Callable[[int], bool]) -> Iterator[Journey]:
    """A township before its first day. Logging in costs little here and lasts a month."""
    cheap = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"], TOKEN_HOURS=24 * 30)
    with cheap, standing_still(FIRST - timedelta(days=3)) as clock, Worker() as worker:
        yield Journey(Server(), clock, worker, folder, turn)


def live_through(journey: Journey) -> None:
    """The year, and what is to be said at its end."""
    rounds = [FIRST + timedelta(weeks=week) for week in WEEKS]
    journey.prepare()
    journey.import_rosters(COUNT)
    journey.settle()
    kinds = Counter(story.kind for story in journey.stories.values())
    assert min(kinds.values()) >= scenarios.EACH
    journey.live(rounds)

    assert len(journey.files) == COUNT // PARTS
    unlike = differences(journey, Calendar(rounds))
    assert not unlike, "\n".join(unlike)
    assert verify().ok
    assert journey.watch.looks == len(rounds)
    assert journey.watch.seen == []
    assert seen_too_much(journey) == []
    assert left_hanging() == []


# Three classes, each with every third family: pytest-xdist gives them to as many processes. Households that two
# villages entered lie a multiple of three places apart.


class TestFirstThird:
    """The first family of the roster, the fourth, and so on."""

    def test_from_roster_to_review(self, tmp_path: Path) -> None:
        with township(tmp_path, lambda place: place % PARTS == 0) as journey:
            live_through(journey)


@pytest.mark.skipif(not THOROUGH, reason="lived through with THOROUGH=1 only, as before a release")
class TestSecondThird:
    """The second, the fifth, and so on."""

    def test_from_roster_to_review(self, tmp_path: Path) -> None:
        with township(tmp_path, lambda place: place % PARTS == 1) as journey:
            live_through(journey)


@pytest.mark.skipif(not THOROUGH, reason="lived through with THOROUGH=1 only, as before a release")
class TestLastThird:
    """The third, the sixth, and so on."""

    def test_from_roster_to_review(self, tmp_path: Path) -> None:
        with township(tmp_path, lambda place: place % PARTS == 2) as journey:
            live_through(journey)
