"""An objection to one line of a public notice holds that case and no other, and tells nobody who objected (E13)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from backend.cases.models import Case
from backend.publicity import notices
from backend.publicity.masking import NoticeRow
from backend.rights.models import Grievance
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.api.test_grievances import Town

pytestmark = pytest.mark.django_db
WHO = "匿名村民"
SAID: dict[str, Any] = {"text": "他们还有一个孩子", "channel": "letter", "reply_by": "in_person", "complainant": WHO}


def test_only_the_case_of_that_line_is_held() -> None:
    town = Town()
    other: Case = factories.case()
    village, born = factories.village(), date(1950, 1, 1)
    rows = [
        NoticeRow("孙桂英", village, born, family_id=case.family_id, case_id=case.pk) for case in (other, town.case)
    ]
    made = notices.announce(
        kind="subsidy", unit=village, title="扶助对象公示", rows=[*rows, NoticeRow("李建国", village, born)], days=7,
        actor=factories.actor(), now=timezone.now(),
    )  # fmt: skip
    caller = Caller(town.caseworker)
    answer = caller.post(f"notices/{made.pk}/object/", {"line": 2, **SAID})
    assert answer.status_code == 201, answer.content
    row = Grievance.objects.get(number=answer.json()["number"])
    assert (row.kind, row.about_case_id, row.holds_case) == ("objection", town.case.pk, True)
    town.case.refresh_from_db()
    other.refresh_from_db()
    assert (town.case.held_for, other.held_for) == (row.number, "")
    assert WHO not in caller.get("events/", case=str(town.case.pk)).content.decode()
    assert_problem(caller.post(f"notices/{made.pk}/object/", {"line": 3, **SAID}), 409, "objection_not_here")
    assert_problem(caller.post(f"notices/{made.pk}/object/", {"line": 4, **SAID}), 422, "no_such_line")
    notices.take_down(notice=made, actor=factories.actor(), now=timezone.now())
    assert_problem(caller.post(f"notices/{made.pk}/object/", {"line": 1, **SAID}), 409, "not_public")
