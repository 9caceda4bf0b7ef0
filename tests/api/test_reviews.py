"""Reviews over HTTP: decisions are read here and made by completing work items."""

import pytest
from django.utils import timezone

from backend.cases.models import Review
from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


def test_read_and_narrowed() -> None:
    supervisor = factories.user("supervisor", role="supervisor")
    review = Review.objects.create(
        case=factories.case(),
        subject="filing",
        decision="confirm",
        reason="材料齐全",
        reviewer=supervisor,
        reviewer_label="supervisor",
        decided_at=timezone.now(),
        facts={"categories": {"table": "categories", "version": "ab12", "rules": ["r1"]}},
        answers='{"wish": "不公开"}',
    )
    caller = Caller(supervisor)
    [row] = results(caller.get("reviews/"))
    assert (row["decision"], row["reason"], row["reviewer"]) == ("confirm", "材料齐全", str(supervisor.pk))
    assert "不公开" not in caller.get(f"reviews/{review.pk}/").content.decode()
    for parameters in (
        {"case": str(review.case_id)},
        {"family": str(review.case.family_id)},
        {"subject": "filing", "decision": "confirm"},
        {"reviewer": str(supervisor.pk)},
        {"unit": factories.TOWN},
        {"decided_from": "2020-01-01T00:00:00Z"},
    ):
        assert len(results(caller.get("reviews/", **parameters))) == 1
    assert results(caller.get("reviews/", decided_before="2020-01-01T00:00:00Z")) == []


def test_nobody_signs_past_the_process() -> None:
    caller = Caller(factories.user("supervisor", role="supervisor"))
    assert_problem(caller.post("reviews/", {"decision": "confirm"}), 405, "method_not_allowed")


def test_a_years_flags_are_told_as_far_as_the_reader_may_know() -> None:
    """未成年人保护法 11."""
    facts = {"done": 11, "flags": {"abuse": 1, "need": 2}}
    review = Review.objects.create(case=factories.case(), subject="year", facts=facts)
    for role, flags in (("supervisor", facts["flags"]), ("auditor", {"need": 2})):
        told = Caller(factories.user(role, role=role)).get(f"reviews/{review.pk}/").json()["facts"]
        assert told == {"done": 11, "flags": flags}
