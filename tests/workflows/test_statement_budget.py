"""Completing a work item over the API costs at most 12 statements and one commit, whatever the model's size or age."""

import pytest

from tests import factories
from tests.bench import diagrams, people, statements

pytestmark = pytest.mark.django_db(transaction=True)
BUDGET = 12


def test_the_same_few_statements_for_any_size_and_age_and_one_commit() -> None:
    caseworker = factories.user("caseworker", role="caseworker")
    found = statements.costs(people.client(caseworker), caseworker)
    assert {name: cost.commits for name, cost in found.items()} == dict.fromkeys(found, 1)
    assert max(cost.statements for cost in found.values()) <= BUDGET
    for small, large in (("nodes_10", "nodes_100"), ("open_5", "open_50"), ("visit_1", "visit_200")):
        assert found[small].statements == found[large].statements, small
    assert max(cost.state_bytes for cost in found.values()) <= 16_384


def test_the_counter_counts() -> None:
    """It sees what is sent: the lock, the state, the item, the trace and the event."""
    caseworker = factories.user("caseworker", role="caseworker")
    client = people.client(caseworker)
    statements.cost(client, statements.started(diagrams.loop()), diagrams.AGAIN)
    assert statements.cost(client, statements.started(diagrams.loop()), diagrams.AGAIN).statements >= 5
