"""What somebody holds is said twice: as a queryset (User.memberships_held) and as SQL (access.HELD). Both mean one."""

from datetime import date, timedelta
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from backend.org.access import grants
from backend.org.models import Deputy, Membership, User
from tests import factories

DAY = date(2026, 3, 2)
PEOPLE = ("me", "absent", "other")
ROLES = ("caseworker", "supervisor", "village")
Span: TypeAlias = tuple[int, int | None]
SPANS: st.SearchStrategy[Span] = st.tuples(st.integers(-2, 1), st.none() | st.integers(0, 2))
"""Begin in days from DAY on, and length in days: each end lies before, on or after DAY."""


def dates(span: Span) -> dict[str, date | None]:
    first = DAY + timedelta(days=span[0])
    return {"from_date": first, "to_date": None if span[1] is None else first + timedelta(days=span[1])}


class HeldTwice(TestCase):
    """Hypothesis gives each example a transaction of its own here."""

    users: dict[str, User]

    def setup_example(self) -> None:
        super().setup_example()  # type: ignore[no-untyped-call]
        self.users = {name: factories.user(name) for name in PEOPLE}
        factories.town()

    @settings(max_examples=60, deadline=None)
    @given(
        memberships=st.dictionaries(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ROLES)), SPANS, max_size=6),
        deputies=st.lists(st.tuples(st.permutations(PEOPLE), SPANS), max_size=4),
    )
    def test_the_same_rows_in_the_same_order(
        self, memberships: dict[tuple[str, str], Span], deputies: list[tuple[list[str], Span]]
    ) -> None:
        for (holder, role), span in memberships.items():
            Membership.objects.create(user=self.users[holder], role=role, unit=factories.town(), **dates(span))
        for (absent, deputy, _), span in deputies:
            Deputy.objects.create(absent=self.users[absent], deputy=self.users[deputy], reason="病假", **dates(span))
        for user in self.users.values():
            held = [(row.role, row.unit_id, row.user_id) for row in user.memberships_held(DAY)]
            assert [(grant.role, grant.unit_id, grant.holder_id) for grant in grants(user, day=DAY)] == held
