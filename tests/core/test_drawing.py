"""Drawing by lot, recomputed as an outsider would: with a shell and sha256sum."""

from __future__ import annotations

import subprocess
from uuid import UUID

from backend.core.drawing import digest_of, drawn, listed, new_seed

IDS = [UUID(int=number * 7919) for number in range(1, 60)]

OUTSIDER = """
while read id; do printf '%s:%s' "$seed" "$id" | sha256sum | sed "s/-/$id/"; done | sort | head -7 | awk '{print $2}'
"""


def test_an_outsider_draws_the_same_list() -> None:
    seen = subprocess.run(
        ["sh", "-c", OUTSIDER], input=listed(IDS), env={"seed": "2026-06", "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert seen.stdout.split() == [str(each) for each in drawn(IDS, seed="2026-06", size=7)]


def test_the_order_of_the_rows_does_not_matter_but_the_seed_does() -> None:
    assert drawn(reversed(IDS), seed="a", size=9) == drawn(IDS, seed="a", size=9)
    assert drawn(IDS, seed="a", size=9) != drawn(IDS, seed="b", size=9)
    assert len(drawn(IDS, seed="a", size=200)) == len(IDS)
    assert new_seed() != new_seed()


def test_whoever_leaves_takes_nobody_elses_place() -> None:
    """Without one that was not drawn the list stays; without one that was, only that place is filled anew."""
    first = drawn(IDS, seed="a", size=9)
    others = [each for each in IDS if each not in first]
    assert drawn([each for each in IDS if each != others[0]], seed="a", size=9) == first
    assert drawn([each for each in IDS if each != first[3]], seed="a", size=9)[:8] == first[:3] + first[4:]


def test_the_digest_is_of_the_sorted_ids() -> None:
    assert digest_of(listed(reversed(IDS))) == digest_of(listed(IDS))
    assert digest_of(listed([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
