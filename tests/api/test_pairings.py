"""Pairings over HTTP: read by who works with the family, and by the helper for the time of the spell."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.api.caller import Caller, assert_problem, results

pytestmark = pytest.mark.django_db


def test_in_full_and_with_what_was_handed_over() -> None:
    pairing = factories.pairing(handover="老人怕黑，敲门要大声。")
    caller = Caller(factories.user("caseworker", role="caseworker"))
    [row] = results(caller.get("pairings/"))
    assert (row["number"], row["helper"]["name"], row["programme"]["code"]) == (pairing.number, "李向阳", "jmgj")
    assert "handover" not in row
    assert caller.get(f"pairings/{pairing.pk}/").json()["handover"] == "老人怕黑，敲门要大声。"


def test_narrowed() -> None:
    current = factories.pairing()
    ended = factories.pairing(to_date=timezone.localdate())
    later = factories.pairing(from_date=timezone.localdate() + timedelta(days=1))
    caller = Caller(factories.user("caseworker", role="caseworker"))

    def found(**parameters: str) -> set[str]:
        return {row["id"] for row in results(caller.get("pairings/", **parameters))}

    assert found(current="true") == {str(current.pk)}
    assert found(current="false") == {str(ended.pk), str(later.pk)}
    assert found(helper=str(ended.helper_id)) == {str(ended.pk)}
    assert found(case=str(later.case_id)) == {str(later.pk)}
    assert found(family=str(current.family_id)) == {str(current.pk)}
    assert found(kind="volunteer") == {str(each.pk) for each in (current, ended, later)}


def test_a_helper_sees_the_own_ones() -> None:
    user = factories.user("helper")
    factories.member(user, "helper", factories.town())
    mine = factories.pairing(factories.case(), factories.helper(user=user), handover="不给看")
    other = factories.pairing()
    caller = Caller(user)
    [row] = results(caller.get("pairings/"))
    assert row["id"] == str(mine.pk)
    told = caller.get(f"pairings/{mine.pk}/").json()
    assert told["family"]["label"] == mine.family.label
    assert not {"handover", "agreement", "case", "helper", "decided_by_label"} & set(told)
    assert_problem(caller.get(f"pairings/{other.pk}/"), 404, "not_found")


def test_they_are_made_and_ended_by_processes_only() -> None:
    caller = Caller(factories.user("caseworker", role="caseworker"))
    assert_problem(caller.post("pairings/", {}), 405, "method_not_allowed")
    assert_problem(caller.patch(f"pairings/{factories.pairing().pk}/", {}), 405, "method_not_allowed")
