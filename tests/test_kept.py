"""What is kept for a module's tests is for each as it was made, and for others not there at all."""

import pytest

from backend.cases.models import Case
from backend.org.models import User
from tests import factories
from tests.kept import kept

pytestmark = pytest.mark.django_db

made: list[Case] = []
"""What was made so far."""


@kept
def case() -> Case:
    """A case, which tests close."""
    made.append(factories.case())
    return made[-1]


@kept
def user() -> User:
    return factories.user("somebody")


@pytest.mark.parametrize("time", [1, 2, 3])
def test_each_finds_it_as_it_was_made(case: Case, time: int) -> None:
    assert (case.state, Case.objects.get().state) == ("open", "open")
    assert case is not made[-1]
    assert case.pk == made[-1].pk
    case.state = "closed"
    case.save(update_fields=["state"])


def test_who_does_not_ask_finds_nothing() -> None:
    assert not Case.objects.exists()
    assert not User.objects.exists()


def test_who_asks_for_something_else_finds_that_alone(user: User) -> None:
    assert User.objects.get() == user
    assert not Case.objects.exists()


def test_both_together(case: Case, user: User) -> None:
    assert (Case.objects.get(), User.objects.get()) == (case, user)


@pytest.mark.django_db(transaction=True)
def test_with_real_transactions_it_is_made_for_this_test_alone(case: Case) -> None:
    assert case is made[-1]
    assert Case.objects.get() == case
